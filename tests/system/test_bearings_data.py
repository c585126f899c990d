"""Every vibration recording through the node's envelope code, held against the reference.

The recordings are no part of the repository: the tests skip where they are absent.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from nodewright import offline
from nodewright.asked_bearing import AskedBearing
from nodewright.examine import Digits
from nodewright.interpreter import InterpreterError
from nodewright.study_envelope import BearingStudy, study_bearing

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
FOLDERS = ("adi_adxl356", "cwru", "mfpt")
WINDOW, MOST_BLOCKS, LEAST_RECORDINGS = 4096, 8, 50
RUNS = (("micropython", "viper", 1), ("cpython", "ulab", 4))  # and every so many recordings

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recordings at {DATA}")


@cache
def studies(kind: str, backend: str, every: int) -> tuple[tuple[str, BearingStudy], ...]:
    try:
        runtime = offline.choose_runtime(kind)
    except InterpreterError as missing:
        pytest.skip(str(missing))
    found = []
    for folder in FOLDERS:
        for row in json.loads((DATA / folder / "manifest.json").read_text())[::every]:
            table = np.load(DATA / folder / row["file"])
            table = table.reshape(len(table), -1)
            orders = {key.lower(): value for key, value in row["fault_orders"].items()}
            study = study_bearing(
                Digits(table, (row["scale"],) * table.shape[1], True),
                row["fs_hz"],
                [str(axis) for axis in range(table.shape[1])],
                AskedBearing(orders, "manifest"),
                row["shaft_hz"],
                runtime,
                backend=backend,
                window=WINDOW,
                blocks=min(MOST_BLOCKS, len(table) // WINDOW),
            )
            found.append((f"{folder}/{row['file']}", study))
    return tuple(found)


@pytest.mark.parametrize(("kind", "backend", "every"), RUNS)
def test_recordings__each_channel__values_scores_verdicts_and_marks_of_the_reference(
    kind: str, backend: str, every: int
) -> None:
    found = studies(kind, backend, every)
    assert len(found) * every >= LEAST_RECORDINGS
    off, judged = [], 0
    for name, study in found:
        for its in study.channels:
            where = f"{name}[{its.name}]"
            judged += sum(point.ok is True and point.deviation is not None for point in its.points)
            off += [f"{where}: {point}" for point in its.points if point.ok is False]
            for order, score in its.reference.scores.items():
                if abs(its.said.scores[order] - score) > 0.04:
                    off.append(f"{where}: S of {order} {its.said.scores[order]}, not {score}")
            marks = {race: tuple(marks) for race, marks in its.said.marks.items()}
            if marks != its.reference.marks:
                off.append(f"{where}: marks {marks}, not {its.reference.marks}")
    assert off == []
    # A code that withholds everything would pass, too.
    assert judged >= 7 * sum(len(study.channels) for _, study in found)
