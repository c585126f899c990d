"""The log of served samples, read while it grows."""

import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nodewright.served import ServedError, ServedSamples


def chunk(run: int, first: int, digits: NDArray[np.int16]) -> bytes:
    """One chunk as docs/architecture.md has it, digits int16[count, axes]."""
    count, axes = digits.shape
    return struct.pack("<HHIIH", 0x4E57, axes, run, first, count) + digits.astype("<i2").tobytes()


def ramp(count: int, axes: int = 3) -> NDArray[np.int16]:
    return np.arange(count * axes, dtype=np.int16).reshape(count, axes)


def append(folder: Path, data: bytes, boot: int = 1) -> None:
    with (folder / f"samples-acc-{boot}.bin").open("ab") as stream:
        stream.write(data)


def test_samples__across_chunks__joins_exactly_what_was_asked(tmp_path: Path) -> None:
    digits = ramp(100)
    for at in range(0, 100, 10):
        append(tmp_path, chunk(2, at, digits[at : at + 10]))
    served = ServedSamples(tmp_path)
    for first, count in ((0, 100), (0, 1), (9, 2), (10, 10), (37, 41), (99, 1)):
        got = served.samples("acc", 1, 2, first, count)
        assert got.dtype == np.int16
        assert np.array_equal(got, digits[first : first + count])


def test_samples__log_grows_with_a_torn_tail__reads_it_once_whole(tmp_path: Path) -> None:
    digits = ramp(64)
    whole = chunk(1, 0, digits[:32]) + chunk(1, 32, digits[32:])
    served = ServedSamples(tmp_path)
    served_whole = 0
    for cut in range(0, len(whole), 7):
        (tmp_path / "samples-acc-1.bin").write_bytes(whole[:cut])
        if cut >= len(whole) // 2:
            assert np.array_equal(served.samples("acc", 1, 1, 0, 32), digits[:32])
            served_whole += 1
        with pytest.raises(ServedError):
            served.samples("acc", 1, 1, 0, 64)
    append(tmp_path, whole[cut:])
    assert served_whole
    assert np.array_equal(served.samples("acc", 1, 1, 0, 64), digits)


def test_samples__runs_boots_and_sensors__are_kept_apart(tmp_path: Path) -> None:
    append(tmp_path, chunk(1, 0, ramp(8)) + chunk(2, 0, ramp(8) + np.int16(100)))
    append(tmp_path, chunk(1, 0, ramp(8) - np.int16(100)), boot=2)
    served = ServedSamples(tmp_path)
    assert served.samples("acc", 1, 1, 0, 8)[0, 0] == 0
    assert served.samples("acc", 1, 2, 0, 8)[0, 0] == 100
    assert served.samples("acc", 2, 1, 0, 8)[0, 0] == -100
    with pytest.raises(ServedError, match="samples-mic-1"):
        served.samples("mic", 1, 1, 0, 8)


def test_samples__gap_in_the_log__says_which_are_missing(tmp_path: Path) -> None:
    append(tmp_path, chunk(1, 0, ramp(32)) + chunk(1, 40, ramp(32)))
    served = ServedSamples(tmp_path)
    with pytest.raises(ServedError, match=r"samples 32\.\.39 of run 1 are missing.*on at 40"):
        served.samples("acc", 1, 1, 10, 50)
    with pytest.raises(ServedError, match=r"samples 72\.\.79 of run 1 .*ends before 72"):
        served.samples("acc", 1, 1, 60, 20)
    with pytest.raises(ServedError, match=r"samples 34\.\.35 of run 1"):
        served.samples("acc", 1, 1, 34, 2)


def test_samples__unknown_run__lists_the_runs(tmp_path: Path) -> None:
    append(tmp_path, chunk(3, 0, ramp(4)) + chunk(4, 0, ramp(4)))
    with pytest.raises(ServedError, match="run 5; runs logged: 3, 4"):
        ServedSamples(tmp_path).samples("acc", 1, 5, 0, 4)


def test_samples__damaged_chunk__keeps_what_came_before_and_says_where(tmp_path: Path) -> None:
    good = chunk(1, 0, ramp(16))
    for damage in (b"\0" * 40, chunk(1, 16, ramp(16, axes=1)), b"\x57\x4e" + b"\0" * 40):
        (tmp_path / "samples-acc-1.bin").write_bytes(good + damage)
        served = ServedSamples(tmp_path)
        assert np.array_equal(served.samples("acc", 1, 1, 0, 16), ramp(16))
        with pytest.raises(ServedError, match=f"damaged: .* at byte {len(good)}"):
            served.samples("acc", 1, 1, 0, 17)


def test_samples__log_written_anew__forgets_the_old_one(tmp_path: Path) -> None:
    append(tmp_path, chunk(1, 0, ramp(64)))
    served = ServedSamples(tmp_path)
    served.samples("acc", 1, 1, 0, 64)
    (tmp_path / "samples-acc-1.bin").write_bytes(chunk(2, 0, ramp(4) + np.int16(7)))
    assert served.samples("acc", 1, 2, 0, 4)[0, 0] == 7
    with pytest.raises(ServedError, match="no samples of run 1; runs logged: 2"):
        served.samples("acc", 1, 1, 0, 4)


def test_samples__numbers_that_cannot_be__raise_value_error(tmp_path: Path) -> None:
    for boot, run, first, count in ((0, 1, 0, 1), (1, 0, 0, 1), (1, 1, -1, 1), (1, 1, 0, 0)):
        with pytest.raises(ValueError, match="start at 1"):
            ServedSamples(tmp_path).samples("acc", boot, run, first, count)
