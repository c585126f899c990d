"""MAT-files of other makers: arrays of structs, cells, and which of their arrays is meant."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from nodewright.records import RecordingError, read

FORCE = np.sin(np.arange(40.0))
CURRENT = np.sin(np.arange(400.0) / 3)
VIBRATION = np.sin(np.arange(4000.0) / 5)


def channels() -> Any:
    """As a data set of bearings keeps them: a struct of Name, Data and Raster for each signal."""
    kept = np.zeros((1, 3), dtype=[("Name", "O"), ("Data", "O"), ("Raster", "O")])
    signals = ("force", FORCE), ("phase_current_1", CURRENT), ("vibration_1", VIBRATION)
    for index, (name, data) in enumerate(signals):
        kept[0, index] = (name, data, "HostService")
    return kept


@pytest.mark.parametrize("packed", [False, True])
def test_mat__array_of_structs__each_by_its_number(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "a.mat"
    named = {"Info": "text", "X": FORCE[:20], "Y": channels()}
    scipy.io.savemat(path, {"N09_KA01_1": named}, do_compression=packed)
    got = read(path, rate_hz=64_000.0, variable="N09_KA01_1.Y(3).Data")
    assert np.array_equal(got.samples[:, 0], VIBRATION)
    got = read(path, rate_hz=64_000.0, variable="N09_KA01_1.Y(2).Data")
    assert np.array_equal(got.samples[:, 0], CURRENT)


def test_mat__array_of_structs_beside_one_array__the_array_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"N09": {"X": {"Data": FORCE}, "Y": channels()}})
    said = r"4 variables may be meant; .*N09\.X\.Data \[1, 40\].*N09\.Y\(3\)\.Data \[1, 4000\]"
    with pytest.raises(RecordingError, match=said):
        read(path, rate_hz=64_000.0)


def test_mat__cells__each_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    cells = np.empty((1, 3), object)
    cells[0, :] = [CURRENT, "words", {"gs": VIBRATION}]
    scipy.io.savemat(path, {"data": cells})
    with pytest.raises(RecordingError, match=r"data\{1\} \[1, 400\], data\{3\}\.gs \[1, 4000\]"):
        read(path, rate_hz=8.0)
    got = read(path, rate_hz=8.0, variable="data{3}.gs")
    assert np.array_equal(got.samples[:, 0], VIBRATION)


def test_mat__cell_of_one_array__is_that_array(tmp_path: Path) -> None:
    cells = np.empty((1, 1), object)
    cells[0, 0] = VIBRATION
    scipy.io.savemat(tmp_path / "a.mat", {"data": cells, "fs": 12_000.0})
    got = read(tmp_path / "a.mat", rate_hz=8.0)
    assert got.source.variable == "data{1}"
    assert np.array_equal(got.samples[:, 0], VIBRATION)
