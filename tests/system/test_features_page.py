"""The page of `features --plot` in a real browser: on a phone, on a screen, on paper."""

from pathlib import Path

import numpy as np
import pytest

from host.study_rig import machine, study_of
from nodewright.asked import Asked
from nodewright.plot.html import build
from nodewright.plot.panels import sheet_of
from system.chromium_rig import browse, find, measure


def page_of(*channels: str) -> str:
    axes = [machine(2048, seed, 0.04 * (seed + 1)) for seed in range(len(channels))]
    asked = Asked(shaft_hz=24.7, machine=(2, "flexible"), bands=((10.0, 100.0),))
    study = study_of(np.stack(axes, axis=1), asked, channels=channels)
    return build(study, sheet_of(study))


@pytest.mark.parametrize("width_px", [320, 768, 1280])
def test_features_page__any_width__needs_no_more(width_px: int, tmp_path: Path) -> None:
    find()
    assert measure(page_of("x", "y", "z"), width_px, tmp_path)[:3] == (width_px, width_px, 0)


def test_features_page__hostile_channels_on_a_phone__need_no_more(tmp_path: Path) -> None:
    find()
    html = page_of("W" * 400, "</svg><script>document.title = 'run'</script>")
    assert measure(html, 360, tmp_path)[:3] == (360, 360, 0)


def test_features_page__on_screen_and_paper__without_a_complaint(tmp_path: Path) -> None:
    page, paper = tmp_path / "run.html", tmp_path / "run.pdf"
    page.write_text(page_of("x", "y"), encoding="utf-8")
    _, complaints = browse(page, "--no-pdf-header-footer", f"--print-to-pdf={paper}")
    assert complaints == [] and paper.read_bytes().startswith(b"%PDF")
