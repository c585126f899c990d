"""Every vibration recording through the node's feature code, on each runtime and backend.

The recordings are no part of the repository: the tests skip where they are absent.
"""

import json
import subprocess
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from nodewright import examine, offline
from nodewright.interpreter import InterpreterError
from nodewright.records import read

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
FOLDERS = ("adi_adxl356", "cwru", "mfpt")
RUNS = (("micropython", "viper"), ("cpython", "viper"), ("cpython", "ulab"))
# The checked integers of viper on CPython take a second for 4096 samples: shorter blocks there.
WINDOWS = {"micropython": 4096, "cpython": 1024}
LEAST_RECORDINGS = 50

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recordings at {DATA}")


@dataclass(frozen=True)
class Entry:
    """One recording of a manifest."""

    path: Path
    rate_hz: float
    scale: float
    shaft_hz: float


@cache
def entries() -> tuple[Entry, ...]:
    found = []
    for folder in FOLDERS:
        for row in json.loads((DATA / folder / "manifest.json").read_text()):
            path = DATA / folder / row["file"]
            found.append(Entry(path, row["fs_hz"], row["scale"], row["shaft_hz"]))
    return tuple(found)


@cache
def blocks(window: int) -> tuple[tuple[str, offline.Block], ...]:
    """The first window of each channel of each recording, and its name."""
    found: list[tuple[str, offline.Block]] = []
    for entry in entries():
        recording = read(entry.path, rate_hz=entry.rate_hz, scale=entry.scale, count=window)
        digits = examine.to_digits(recording)
        assert digits.stored, entry.path
        cut = examine.cut(digits, entry.rate_hz, window, (0,))
        names = (f"{entry.path.name} {name}" for name in recording.channels)
        found += zip(names, cut, strict=True)
    return tuple(found)


def answers(kind: str, backend: str, window: int) -> list[offline.Values]:
    try:
        runtime = offline.choose_runtime(kind)
    except InterpreterError as missing:
        pytest.skip(str(missing))
    given = [block for _, block in blocks(window)]
    return offline.run(given, runtime, backend=backend, keys=examine.default_keys())


@pytest.mark.parametrize(("kind", "backend"), RUNS)
def test_recordings__each_channel__within_tolerance_of_the_reference(
    kind: str, backend: str
) -> None:
    window = WINDOWS[kind]
    keys = examine.default_keys()
    told = answers(kind, backend, window)
    assert len(entries()) >= LEAST_RECORDINGS and len(told) >= len(entries())
    off, judged = [], 0
    for (name, block), values in zip(blocks(window), told, strict=True):
        for point in examine.judge(block, values, keys):
            judged += point.ok is True and point.deviation is not None
            if point.ok is False:
                off.append(
                    f"{name}: {point.key} {point.value} ({point.withheld}), reference "
                    f"{point.reference} ({point.reference_withheld}), allowed {point.tolerance}"
                )
    assert off == []
    # A code that withholds everything would pass, too.
    assert judged >= 5 * len(told)


def test_recordings__viper_on_both_runtimes__same_integers_same_values() -> None:
    window = WINDOWS["cpython"]
    on_node = answers("micropython", "viper", window)
    on_host = answers("cpython", "viper", window)
    for (name, _), node, host in zip(blocks(window), on_node, on_host, strict=True):
        assert node.withheld == host.withheld and node.marked == host.marked, name
        assert node.values.keys() == host.values.keys(), name
        for key, value in node.values.items():
            # What differs is how either library rounds a sine or a printed number.
            assert value == pytest.approx(host.values[key], rel=1e-9, abs=1e-15), (name, key)


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("adi_adxl356", "micropython"), ("cwru", "cpython"), ("mfpt", "micropython")],
)
def test_features__as_typed__every_value_ok(folder: str, kind: str) -> None:
    program = Path(sysconfig.get_path("scripts")) / "nodewright"
    if not program.exists():
        pytest.skip("nodewright is not installed")
    try:
        offline.choose_runtime(kind)
    except InterpreterError as missing:
        pytest.skip(str(missing))
    entry = next(entry for entry in entries() if entry.path.parent.name == folder)
    words = [entry.path, "--rate-hz", entry.rate_hz, "--scale", entry.scale]
    words += ["--shaft-hz", entry.shaft_hz, "--start", 1000, "--runtime", kind, "--json"]
    ran = subprocess.run(
        [str(program), "features", *map(str, words)], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr + ran.stdout
    told: dict[str, Any] = json.loads(ran.stdout)
    assert told["record"]["window"] == 4096 and told["runtime"]["kind"] == kind
    for channel in told["channels"]:
        assert channel["ok"] and channel["features"]["acc_rms_g"] > 0.0
