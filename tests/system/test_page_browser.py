"""The page of a real demo in a real browser: on a phone, on a screen, on paper."""

import re
import struct
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from host.page_rig import MADE_AT, hostile, page_of
from nodewright.demo.fleet import FleetOptions, VirtualFleet
from nodewright.demo.run import DemoOptions, run_demo
from nodewright.demo.tally import Tally
from nodewright.page import build, gather
from system.chromium_rig import browse, find, measure

pytestmark = pytest.mark.xdist_group("page-browser")  # one demo for all of them


class _Nobody:
    """A view that looks away."""

    def running(self, fleet: VirtualFleet) -> None:
        pass

    def changed(self, tallies: Mapping[str, Tally]) -> None:
        pass


@pytest.fixture(scope="module")
def html() -> str:
    """The page of a demo that really ran; without a browser it need not run."""
    find()
    options = DemoOptions(FleetOptions(nodes=3, interval_s=1.6), cycles=1)
    result = run_demo(options, _Nobody(), threading.Event())
    assert result.ok, result.failures
    return build(gather(result, MADE_AT, "a host"))


@pytest.fixture
def page(html: str, tmp_path: Path) -> Path:
    path = tmp_path / "demo.html"
    path.write_text(html, encoding="utf-8")
    return path


@pytest.mark.parametrize("width_px", [320, 360, 768, 1280])
def test_page__any_width__needs_no_more(width_px: int, html: str, tmp_path: Path) -> None:
    has, needs, small, _ = measure(html, width_px, tmp_path)
    assert (has, needs, small) == (width_px, width_px, 0)


def test_page__hostile_names_on_a_phone__need_no_more(tmp_path: Path) -> None:
    find()
    assert measure(page_of(hostile()), 360, tmp_path)[:3] == (360, 360, 0)


def test_page__on_a_screen__drawn_without_a_complaint(page: Path, tmp_path: Path) -> None:
    picture = tmp_path / "page.png"
    _, complaints = browse(page, "--window-size=1280,2000", f"--screenshot={picture}")
    assert complaints == []
    data = picture.read_bytes()
    assert struct.unpack(">II", data[16:24]) == (1280, 2000)
    assert len(data) > 50_000  # blank paper takes less than 10 KB


def test_page__a_smuggled_script__is_stopped_by_the_browser(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    bad = tmp_path / "bad.html"
    bad.write_text(text.replace("</h1>", '</h1><script>document.title = "run"</script>'))
    printed, complaints = browse(bad, "--dump-dom")
    assert "<title>run" not in printed
    assert any("Content Security Policy" in line for line in complaints)


def test_page__on_paper__a_node_begins_a_page(page: Path, tmp_path: Path) -> None:
    paper = tmp_path / "demo.pdf"
    _, complaints = browse(page, "--no-pdf-header-footer", f"--print-to-pdf={paper}")
    assert complaints == []
    data = paper.read_bytes()
    assert data.startswith(b"%PDF")
    boxes = set(re.findall(rb"/MediaBox \[0 0 (\d+)\.\d+ (\d+)\.\d+\]", data))
    assert boxes == {(b"594", b"841")}  # A4 in points
    assert 5 <= len(re.findall(rb"/Type /Page\b(?!s)", data)) <= 16


def test_page__in_the_dark__is_dark(html: str, tmp_path: Path) -> None:
    light = measure(html, 800, tmp_path)[3]
    dark = measure(html.replace("(prefers-color-scheme: dark)", "all"), 800, tmp_path)[3]
    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(20, 25, 28)")
