"""A certificate in a real browser: one page of A4 whatever its number of cases, and legible."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from host import certificate_rig as rig
from nodewright.validate.result import CaseResult, Validation
from system.chromium_rig import browse, measure

WORDY = {"title": "The rate stays from record to record", "unit": "bytes", "value": 185300.0}


def many(cases: int, drawn: int) -> Validation:
    found: list[CaseResult] = [rig.golden(f"golden.sine{n}", 10 + n) for n in range(drawn)]
    found += [rig.case(f"part.case{n}", **WORDY) for n in range(cases)]
    return replace(rig.validation(), cases=tuple(found))


@pytest.mark.parametrize(
    ("cases", "drawn", "remarks"), [(24, 10, 0), (39, 10, 0), (20, 10, 7), (52, 0, 0), (52, 10, 3)]
)
def test_certificate__printed__is_one_page_of_a4(
    tmp_path: Path, cases: int, drawn: int, remarks: int
) -> None:
    told = tuple(f"acc.noise.x: remark {n} of some length, as they are" for n in range(remarks))
    (tmp_path / "c.html").write_text(rig.page(many(cases, drawn), told), encoding="utf-8")
    out = tmp_path / "c.pdf"
    _, complaints = browse(tmp_path / "c.html", f"--print-to-pdf={out}", "--no-pdf-header-footer")
    assert complaints == []
    pdf = out.read_bytes()
    assert re.findall(rb"/Type\s*/Pages\b[^>]*?/Count (\d+)", pdf) == [b"1"]
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert [(round(float(x)), round(float(y))) for x, y in boxes] == [(595, 842)]


@pytest.mark.parametrize("width_px", [360, 768, 1280])
def test_certificate__on_a_screen__needs_no_more_width_than_it_has(tmp_path, width_px) -> None:
    has, needs, _, _ = measure(rig.page(many(30, 10)), width_px, tmp_path)
    assert needs <= has
