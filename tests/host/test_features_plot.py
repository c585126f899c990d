"""`--plot`: a page and a picture of the same sheet, and the files that they go to."""

import importlib.util
import struct
import zlib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from host.study_rig import machine, study_of
from nodewright.asked import Asked
from nodewright.errors import BadInput
from nodewright.plot import Drawing
from nodewright.plot.html import build
from nodewright.plot.panels import Sheet, sheet_of
from nodewright.spectra import csv_target
from nodewright.study import Study

ASKED = Asked(shaft_hz=24.7, machine=(2, "rigid"))
HOSTILE = "<script>alert(1)</script>$\\frac{1}{2}$\u202e"

picture = pytest.mark.skipif(
    importlib.util.find_spec("matplotlib") is None, reason="no matplotlib"
)


def made(blocks: int = 3, channels: tuple[str, ...] = ("x", "y"), asked: Asked = ASKED) -> Study:
    axes = [machine(blocks * 1024, seed, 0.05 * (seed + 1)) for seed in range(len(channels))]
    return study_of(np.stack(axes, axis=1), asked, channels=channels)


class _Page(HTMLParser):
    """What stands on a page: tags with their attributes, and words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self._in_style = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if not self._in_style:
            self.words += data


def page(study: Study) -> _Page:
    return _Page(build(study, sheet_of(study)))


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG, each with its checksum proven."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    found, at = [], 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        body = png[at + 4 : at + 8 + length]
        assert zlib.crc32(body) == struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0]
        found.append((body[:4], body[4:]))
        at += 12 + length
    return found


def test_sheet__blocks__everything_that_is_drawn() -> None:
    study = made()
    sheet = sheet_of(study)
    assert [mark.name for mark in sheet.marks] == ["1×", "2×", "3×", "4×", "5×"]
    assert [mark.frequency_hz for mark in sheet.marks][:2] == pytest.approx([24.7, 49.4])
    for panel in (*sheet.waveforms, *sheet.spectra):
        assert panel.across.low <= panel.x.min() and panel.x.max() <= panel.across.high
        assert panel.up.low <= panel.y.min() and panel.y.max() <= panel.up.high
    assert sheet.waveforms[0].x.max() == pytest.approx(3 * 1024 / 3200, rel=0.01)
    assert sheet.spectra[0].y.max() == study.spectra[0].amplitude_g.max()
    for severity in sheet.severities:
        assert severity.mm_s is not None and severity.low is not None
        assert severity.high is not None and severity.low <= severity.mm_s <= severity.high
        assert severity.high <= sheet.velocity.high
    assert sheet.limits == (1.4, 2.8, 4.5) and sheet.velocity.high > 4.5


def test_page__study__verdict_figures_values_and_reasons() -> None:
    study = made()
    found = page(study)
    labels = [a["aria-label"] or "" for tag, a in found.tags if tag == "svg"]
    assert sum("acceleration" in label for label in labels) == 2
    assert sum("amplitude spectrum" in label for label in labels) == 2
    assert sum("velocity" in label for label in labels) == 2
    zones = [a for tag, a in found.tags if tag == "rect" and "zone" in (a.get("class") or "")]
    assert len(zones) == 2 * 4
    assert "group 2, rigid support" in found.words and "3 blocks" in found.words
    for point in study.points:
        assert point.key in found.words
    for sentence in study.reasons.values():
        assert sentence in found.words
    assert not [tag for tag, a in found.tags if tag == "script" or "src" in a or "onload" in a]
    assert "folder/" not in found.words


def test_page__no_machine__no_zone_and_says_so() -> None:
    found = page(made(asked=Asked()))
    assert not [a for tag, a in found.tags if tag == "rect" and "zone" in (a.get("class") or "")]
    assert "no machine was given" in found.words


def test_page__hostile_channel__stays_text() -> None:
    found = page(made(1, (HOSTILE,)))
    assert "script" not in {tag for tag, _ in found.tags}
    assert "<script>alert(1)</script>" in found.words and "\u202e" not in found.words


def test_page__same_study__same_text() -> None:
    study = made()
    assert build(study, sheet_of(study)) == build(study, sheet_of(study))


@picture
@pytest.mark.parametrize("asked", [ASKED, Asked()])
def test_png__study__a_whole_picture_with_ink(
    tmp_path: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib import image, rcParams

    # A user's own settings change nothing: with this one the text would be TeX.
    monkeypatch.setitem(rcParams, "text.usetex", True)
    study = made(2, ("x", HOSTILE), asked)
    path = tmp_path / "run.png"
    Drawing(path).write(study)
    kinds = chunks(path.read_bytes())
    assert kinds[0][0] == b"IHDR" and kinds[-1] == (b"IEND", b"")
    assert (b"tEXt", b"Software\0Nodewright") in kinds
    pixels = image.imread(path)
    height, width = pixels.shape[:2]
    assert 1000 < width < 2000 and 1000 < height < 3000
    blue = np.all(np.abs(pixels[..., :3] - np.array([0x1D, 0x5A, 0x86]) / 255) < 0.02, axis=-1)
    assert 0.005 < blue.mean() < 0.5
    assert rcParams["text.usetex"] is True
    # The file of before is ours, and replaced.
    Drawing(path).write(study)


def test_drawing__without_matplotlib__says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(BadInput, match=r"pip install 'nodewright\[plot\]'"):
        Drawing(tmp_path / "run.png")
    Drawing(tmp_path / "run.html")


@pytest.mark.parametrize("name", ["run", "run.svg", "run.pdf", ".html.", "run.png.txt"])
def test_drawing__another_suffix__named(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match=r"\.html or \.png"):
        Drawing(tmp_path / name)


@picture
@pytest.mark.parametrize("name", ["a.html", "a.png", "a.csv"])
def test_targets__somebody_elses_file__is_left_alone(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"my thesis")
    with pytest.raises(BadInput, match=f"{name} exists and is no"):
        csv_target(path) if name == "a.csv" else Drawing(path)
    assert path.read_bytes() == b"my thesis"


def test_sheet__silent_record__drawn_flat() -> None:
    sheet: Sheet = sheet_of(study_of(np.zeros((1024, 2), np.int16), ASKED))
    assert all(panel.up.low < 0 < panel.up.high for panel in sheet.waveforms)
    assert [severity.mm_s for severity in sheet.severities] == [0.0, 0.0]
