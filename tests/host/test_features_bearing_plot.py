"""`--plot` of bearings: the envelope's spectrum with the lines that were looked for."""

import importlib.util
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from host.study_rig import SCALE, runtime, study_of
from nodewright import examine
from nodewright.asked import Asked
from nodewright.asked_bearing import AskedBearing
from nodewright.plot import Drawing
from nodewright.plot.html import build
from nodewright.plot.panels import sheet_of
from nodewright.study import Study
from nodewright.study_envelope import study_bearing, with_bearings
from wire import bearings

ORDERS = bearings.named("6205")
SHAFT_HZ, BLOCKS, WINDOW, FAST_HZ = 29.95, 4, 4096, 12_000.0


@cache
def made(order: str | None = "bpfi", shaft_hz: float | None = SHAFT_HZ) -> Study:
    """Noise on x; on y impacts, too, at an order of the bearing."""
    count = BLOCKS * WINDOW
    wave = np.random.default_rng(4).normal(size=(count, 2))
    if order is not None:
        since_s = (np.arange(count) / FAST_HZ) % (1.0 / (ORDERS[order] * SHAFT_HZ))
        wave[:, 1] += 10.0 * np.exp(-since_s / 4e-4) * np.sin(2 * np.pi * 3000.0 * since_s)
    table = np.rint(0.1 * wave / SCALE).astype(np.int16)
    study = study_of(table, Asked(shaft_hz=shaft_hz), window=WINDOW, rate_hz=FAST_HZ)
    found = study_bearing(
        examine.Digits(table, (SCALE, SCALE), True),
        FAST_HZ,
        ("x", "y"),
        AskedBearing(ORDERS, "6205"),
        shaft_hz,
        runtime(),
        backend="viper",
        window=WINDOW,
        blocks=BLOCKS,
    )
    return replace(study, channels=with_bearings(study.channels, found), bearing=found)


def test_sheet__fault__lines_of_the_race_strong_and_peaks_at_them() -> None:
    sheet = sheet_of(made()).bearing
    assert sheet is not None
    strong = [mark for mark in sheet.marks if mark.kind == "part"]
    assert [mark.name for mark in strong] == ["BPFI", "2×BPFI", "3×BPFI"]
    expected_hz = [number * 5.4152 * SHAFT_HZ for number in (1, 2, 3)]
    assert [mark.frequency_hz for mark in strong] == pytest.approx(expected_hz, rel=1e-4)
    assert {mark.name for mark in sheet.marks} > {"BPFO", "3×BPFO", "1×", "BSF", "FTF"}
    assert sheet.level == pytest.approx(np.exp(0.7))
    quiet, loud = sheet.panels
    for mark in strong:
        near = np.abs(loud.x - mark.frequency_hz) <= 1.1 * FAST_HZ / WINDOW
        assert loud.y[near].max() > 2.0 * sheet.level > quiet.y[near].max()
    assert np.median(loud.y) == pytest.approx(1.0, abs=0.15)
    for panel in sheet.panels:
        assert panel.across.low <= panel.x.min() and panel.x.max() <= panel.across.high
        assert panel.up.low <= panel.y.min() and panel.y.max() <= panel.up.high
        assert sheet.level < panel.up.high
    assert "BPFI" in loud.note and "no fault" in quiet.note
    assert "fault of the inner race, by channel y" in sheet.sentence


def test_sheet__healthy__both_races_lines_and_no_accusation() -> None:
    sheet = sheet_of(made(None)).bearing
    assert sheet is not None and "no fault of a race" in sheet.sentence
    assert sum(mark.kind == "part" for mark in sheet.marks) == 6


def test_sheet__no_speed__drawn_without_lines_and_says_so() -> None:
    sheet = sheet_of(made(None, None)).bearing
    assert sheet is not None and sheet.marks == ()
    assert "without a shaft speed" in sheet.caption and "no speed" in sheet.panels[0].note


def test_page__fault__headline_verdict_level_and_labels() -> None:
    study = made()
    text = build(study, sheet_of(study))
    assert "A fault of the bearing&#x27;s inner race." in text or "bearing's inner race." in text
    assert text.count('class="level"') == 2 and '<h1 class="bad"' in text
    assert "2×BPFI" in text and "Envelope spectrum" in text
    assert study.bearing is not None
    assert all(key in text for key in ("env_bpfo_snr", "bearing_fault"))
    healthy = build(made(None), sheet_of(made(None)))
    assert "no fault of a race" in healthy and '<h1 class="bad"' not in healthy


@pytest.mark.skipif(importlib.util.find_spec("matplotlib") is None, reason="no matplotlib")
def test_png__fault__a_taller_picture_with_the_lines_in_their_colour(tmp_path: Path) -> None:
    from matplotlib import image

    study = made()
    Drawing(tmp_path / "with.png").write(study)
    Drawing(tmp_path / "without.png").write(replace(study, bearing=None))
    drawn, bare = (image.imread(tmp_path / name) for name in ("with.png", "without.png"))
    assert drawn.shape[0] > 1.2 * bare.shape[0]

    def warm(pixels: np.ndarray) -> tuple[int, int]:
        """How many pixels are of the lines' brown and of the level's red, paler at their edges."""
        red, green, blue = (pixels[..., band].astype(float) for band in range(3))
        brown = (red - green > 0.12) & (green - blue > 0.12)
        reddish = (red - green > 0.3) & (np.abs(green - blue) < 0.08)
        return int(brown.sum()), int(reddish.sum())

    brown, reddish = warm(drawn)
    assert brown > 100 and reddish > 500 and warm(bare) == (0, 0)
