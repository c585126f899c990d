"""The page of a certificate, its drawings, and the JUnit XML of the same results."""

import io
import re
import struct
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
import segno
from junitparser import Error, Failure, JUnitXml, Skipped

from host import certificate_rig as rig
from host.pki_rig import NOW
from nodewright.errors import BadInput
from nodewright.validate import golden, junit, photo, statement, svg
from nodewright.validate.page import Certificate, build, node_uri
from nodewright.validate.statement import NoStatement, Statement

HOSTILE = "<script>alert(1)</script>\u202e<!-- nodewright seal 1 -->&\"'"
# What Jenkins' junit-10.xsd allows, and GitLab's reader takes: element -> attributes.
SCHEMA = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp"}
    | {"hostname", "id", "package", "file", "log", "url"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "time", "classname", "group"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set(),
}
# Maven's, in its own words a sum of groups; no exponent fits it.
TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")


class Reader(HTMLParser):
    """What a browser would see: elements, whatever they load, and the texts by element."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.loaded: list[str] = []
        self.texts: list[str] = []
        self.comments: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.loaded += [str(v) for k, v in attrs if k in ("src", "href", "xlink:href")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def png() -> bytes:
    """One red point."""
    parts = ((b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),)
    parts += ((b"IDAT", zlib.compress(b"\0\xff\0\0")), (b"IEND", b""))
    said = b"\x89PNG\r\n\x1a\n"
    for kind, data in parts:
        said += struct.pack(">I", len(data)) + kind + data
        said += struct.pack(">I", zlib.crc32(kind + data))
    return said


def test_page__any_validation__loads_nothing_and_runs_nothing() -> None:
    seen = Reader(rig.page())
    assert "script" not in seen.elements
    assert seen.loaded == ["data:,"]
    assert seen.comments == []


def test_page__every_case__shows_value_limit_margin_and_verdict() -> None:
    text = rig.page(
        rig.with_case(
            rig.validation(),
            "acc.rate",
            value=700.1,
            margin=-0.09,
            verdict="fail",
            reason="slower than its datasheet allows",
        )
    )
    for row in ("700.1", "720 to 880", "−9 %", "slower than its datasheet allows", ">Failed<"):
        assert row in text
    seen = Reader(text)
    for one in rig.validation().cases:
        assert one.title in seen.texts, one.title
        told = (one.reason or "nothing was measured") if one.value is None else one.limit
        assert told in seen.texts or f"; {told}" in seen.texts, one.title
    # A mark a row and a drawing each; none of them by colour alone.
    marks = re.findall('aria-label="(?:pass|fail|skipped)"', text)
    assert len(marks) == len(rig.validation().cases)
    assert 'class="sign" role="img" aria-label="fail">✗<' in text


def test_page__same_statement__same_bytes() -> None:
    assert rig.page() == rig.page()


def test_page__hostile_texts__are_text() -> None:
    one = replace(
        rig.validation(), board=HOSTILE, micropython=HOSTILE, firmware=HOSTILE,
        cases=(rig.case("a.b", title=HOSTILE, limit=HOSTILE, reason=HOSTILE, unit=HOSTILE,
                        verdict="fail", details={"samples": [1, 2, 3], "note": HOSTILE}),),
    )  # fmt: skip
    page = rig.page(one, (HOSTILE,))
    assert "<script" not in page
    assert "\u202e" not in page
    assert "<!-- nodewright seal" not in page
    assert statement.find(page.encode()).validation.board == HOSTILE


@pytest.mark.parametrize(
    ("many", "how"),
    [(34, "one"), (35, "one close"), (42, "one close"), (43, "one closer"), (53, "two")],
)
def test_page__many_cases__set_closer(many: int, how: str) -> None:
    cases = tuple(rig.case(f"part.case{n}") for n in range(many))
    text = rig.page(replace(rig.validation(), cases=cases))
    assert f'class="results {how}"' in text
    assert sum(f"part case{n}<" in text for n in range(many)) == many


def test_page__a_golden_waveform_that_failed__is_drawn_and_told_among_the_results() -> None:
    one = rig.with_case(rig.validation(), "golden.sine25", verdict="fail", reason="2 % off")
    seen = Reader(rig.page(one)).texts
    assert (seen.count("sine of 25 Hz"), seen.count("sine of 12 Hz")) == (2, 1)
    assert "2 % off" in seen


def test_page__more_golden_waveforms_than_room__the_rest_are_results() -> None:
    cases = tuple(rig.golden(f"golden.sine{hz}", hz) for hz in range(10, 23))
    text = rig.page(replace(rig.validation(), cases=cases))
    assert text.count("<figcaption>") == 10
    assert "3 more of them below" in text
    assert all(f"sine of {hz} Hz" in text for hz in range(10, 23))


def test_page__photograph__is_inside(tmp_path: Path) -> None:
    (tmp_path / "p.png").write_bytes(png())
    said = Statement(NOW, "signer.bench", rig.validation())
    page = build(Certificate(said, photo.read(tmp_path / "p.png")))
    assert [one[:22] for one in Reader(page).loaded if len(one) > 6] == ["data:image/png;base64,"]
    assert "photo empty" not in page
    assert "photo empty" in rig.page()


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"<svg/>", b"\xff\xd8\xff" + bytes(photo.MOST_BYTES)]
)
def test_photo__anything_else__refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "p").write_bytes(data)
    with pytest.raises(BadInput):
        photo.read(tmp_path / "p")
    with pytest.raises(BadInput, match="cannot be read"):
        photo.read(tmp_path / "none")


def test_qr_code__drawn__has_the_modules_of_the_library() -> None:
    text = node_uri(rig.validation())
    assert text == "nodewright://north/pump-1?chip=e6614c311b7e6f2a"
    drawn = svg.qr_code(text)
    box = re.search(r'viewBox="0 0 (\d+) (\d+)"', drawn)
    assert box is not None
    size = int(box[1])
    dark = set()
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", drawn):
        dark |= {(int(x) + n, int(y)) for n in range(int(length))}
    expected = segno.make(text, error="m", micro=False, boost_error=False)
    # Its own bitmap with the quiet zone of the standard, by another way through the library.
    out = io.StringIO()
    expected.save(out, kind="txt", border=4)
    rows = out.getvalue().split()
    assert len(rows) == size
    assert dark == {(x, y) for y, row in enumerate(rows) for x, c in enumerate(row) if c == "1"}


def test_waveform__samples_not_numbers__left_out() -> None:
    assert "nan" not in svg.waveform([0.0, float("nan"), float("inf"), 1.0], "odd").lower()
    assert "<path" in svg.waveform([], "none")


def test_golden__details_of_other_forms__are_none() -> None:
    for odd in (None, "abc", [1], [1, "2"], [True, 1]):
        one = replace(rig.validation(), cases=(rig.case("a.b", details={"samples": odd}),))
        assert golden.of(one) == []
    known = golden.of(rig.validation())
    assert [each.seconds for each in known] == [0.64] * 4


def test_statement__read_back__is_the_same_and_in_one_form() -> None:
    page = rig.page(remarks=("noise grew",)).encode()
    found = statement.find(page)
    assert found == Statement(NOW, "signer.bench", rig.validation(), ("noise grew",))
    # Whole numbers are numbers: 5 and 5.0 are one value with one text.
    whole = rig.with_case(rig.validation(), "acc.rate", value=5)
    assert statement.find(rig.page(whole).encode()).validation == whole


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (statement.OPEN, "<pre>"),
        ('"v":1,"validation"', '"v":2,"validation"'),
        ('"signer":"signer.bench"', '"signer": "signer.bench"'),
        ('"remarks":[]', '"remarks":[1]'),
        ('"remarks":[]', '"remarks":[],"remarks":[]'),
        ('"passed":true', '"passed":false'),
        ('"signed_at":"2', '"signed_at":"x'),
        ('"place":"device"', '"place":"moon"'),
        (statement.CLOSE, ""),
    ],
)
def test_statement__another_form__refused(old: str, new: str) -> None:
    page = rig.page()
    assert old in page
    with pytest.raises(NoStatement):
        statement.find(page.replace(old, new).encode())
    with pytest.raises(NoStatement):
        statement.find(page.encode() + statement.OPEN.encode())
    with pytest.raises(NoStatement):
        statement.find(b"\xff" + page.encode())


def both() -> list[object]:
    bad = rig.with_case(rig.validation("pump-2"), "acc.rate", verdict="fail", reason=HOSTILE)
    bad = rig.with_case(bad, "acc.noise.x", verdict="error", reason="a\x00b\ufffe", value=None)
    return [rig.validation(), replace(bad, seconds=1e-7)]


def test_junit__read_by_another_hand__says_the_same() -> None:
    xml = JUnitXml.fromstring(junit.build(both()).encode())
    assert (xml.tests, xml.failures, xml.errors) == (30, 1, 1)
    first, second = list(xml)
    assert (first.name, first.skipped, first.time) == ("north.pump-1", 1, 12.5)
    assert {p.name: p.value for p in first.properties()}["unique_id"] == "e6614c311b7e6f2a"
    results = {c.classname + "." + c.name: c.result for c in second}
    assert isinstance(results["north.pump-2.acc.rate"][0], Failure)
    assert isinstance(results["north.pump-2.acc.noise.x"][0], Error)
    assert isinstance(results["north.pump-2.current.sleep"][0], Skipped)
    assert results["north.pump-2.golden.sine12"] == []
    assert results["north.pump-2.acc.rate"][0].message == HOSTILE
    out = {c.name: c.system_out for c in first}
    assert out["rate"] == "acc rate: 803.2 Hz; limit 720 to 880, margin 96 %; pass"


def test_junit__elements_and_attributes__are_those_of_the_schema() -> None:
    root = ElementTree.fromstring(junit.build(both()))
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.attrib) <= SCHEMA[element.tag], element.tag
        if element.tag == "testsuite":
            assert {"name", "tests", "failures", "errors"} <= set(element.attrib)
        if "time" in element.attrib:
            assert TIME.fullmatch(element.attrib["time"])
    suite = root.find("testsuite")
    assert suite is not None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])


def test_junit__a_node_that_could_not_be_made__is_an_error_of_its_own() -> None:
    unmade = [junit.Unmade("north", "pump-9", "flash", f"no port {HOSTILE}\x1b")]
    text = junit.build(both(), unmade)
    xml = JUnitXml.fromstring(text.encode())
    assert (xml.tests, xml.failures, xml.errors) == (31, 1, 2)
    last = list(xml)[-1]
    (case,) = last
    assert (last.name, case.classname, case.name) == (
        *("north.pump-9", "north.pump-9.make", "flash"),
    )
    assert isinstance(case.result[0], Error)
    assert case.result[0].message == f"no port {HOSTILE}?"
    for element in ElementTree.fromstring(text).iter():
        assert set(element.attrib) <= SCHEMA[element.tag], element.tag


def test_junit__nothing__is_an_empty_document() -> None:
    assert JUnitXml.fromstring(junit.build([]).encode()).tests == 0
