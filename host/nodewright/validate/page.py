"""A node's birth certificate: one page of A4 that shows what a validation found.

Self-contained as the page of a demo (decision 0008): no script, nothing fetched, whatever came
from outside escaped.  The same statement gives the same bytes.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from nodewright import boards
from nodewright.page.markup import Markup, lines, tag
from nodewright.page.words import count, number
from nodewright.validate import golden, svg
from nodewright.validate.golden import Golden
from nodewright.validate.photo import Photo
from nodewright.validate.result import CaseResult, Validation
from nodewright.validate.statement import CLOSE, OPEN, Statement

GENERATOR = "nodewright certificate"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'"
_PLACES = {
    "device": "the board itself",
    "virtual": "a virtual board: twins of the chips, no physical sensor",
    "cpython": "CPython with twins of the chips: no board, no physical sensor",
}
_SIGNS = {"pass": "✓", "fail": "✗", "error": "✗", "skipped": "–"}
# How results are set, and the height that a case takes then, so that all stays on one page of A4:
# _ROOM_MM is left by what stands above and below, a row of drawings takes _DRAWING_MM.
_ROWS = (("one", 4.85), ("one close", 3.95), ("one closer", 3.2), ("two", 2.4))
_ROOM_MM, _DRAWING_MM, _REMARK_MM = 168.0, 20.0, 4.2
_DRAWN, _DRAWN_A_ROW = 10, 5
_REMARKS = 6


@dataclass(frozen=True)
class Certificate:
    """What a page is made of.  photo: of the node, None leaves a place for one."""

    statement: Statement
    photo: Photo | None = None


@cache
def _style() -> Markup:
    return Markup((files("nodewright.validate") / "page.css").read_text(encoding="utf-8"))


def node_uri(one: Validation) -> str:
    """What the QR code says: the name that the node's TLS certificate bears, and its chip."""
    chip = f"?chip={one.unique_id}" if one.unique_id else ""
    return f"nodewright://{one.fleet}/{one.node}{chip}"


def build(certificate: Certificate) -> str:
    """The page, without its seal."""
    said = certificate.statement
    one = said.validation
    verdict = "passed" if one.passed else "failed"
    found = golden.of(one)
    # A row of drawings is whole; what failed is told among the results, too.
    drawn = min(len(found), _DRAWN)
    shown = {each.case.case for each in found[:drawn] if not _is_bad(each.case)}
    cases = [case for case in one.cases if case.case not in shown]
    remarks = min(len(said.remarks), _REMARKS + 1)
    room_mm = _ROOM_MM - _DRAWING_MM * math.ceil(drawn / _DRAWN_A_ROW)
    room_mm -= _REMARK_MM * (remarks + 2) if remarks else 0
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", name="generator", content=GENERATOR),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light"),
        tag("link", rel="icon", href="data:,"),
        tag("title", f"{one.node} of {one.fleet}: {verdict}, {said.signed_at:%Y-%m-%d}"),
        tag("style", _style()),
    ]
    body = tag(
        "main",
        lines(
            [
                _header(said),
                _about(said, certificate.photo),
                _waveforms(found, drawn),
                _results(cases, room_mm),
                _remarks(said),
                _footer(said),
            ]
        ),
    )
    statement = Markup(OPEN + said.canonical() + CLOSE)
    html = tag("html", tag("head", lines(head)), tag("body", lines([body, statement])), lang="en")
    return f"<!DOCTYPE html>\n{html}\n"


def _header(said: Statement) -> Markup:
    one = said.validation
    verdicts = [case.verdict for case in one.cases]
    tally = f"{verdicts.count('pass')} of {count(len(verdicts), 'case')}"
    skipped = verdicts.count("skipped")
    more = f", {skipped} skipped" if skipped else ""
    return tag(
        "header",
        tag(
            "div",
            tag("p", "Birth certificate of a measuring node", class_="kicker"),
            tag("h1", one.node),
            tag("p", f"Fleet {one.fleet} · {_board(one)}", class_="sub"),
            class_="who",
        ),
        tag(
            "div",
            tag("strong", "Passed" if one.passed else "Failed"),
            tag("span", tally + more),
            tag("span", f"{said.signed_at:%Y-%m-%d %H:%M} UTC"),
            class_="verdict good" if one.passed else "verdict bad",
        ),
        svg.qr_code(node_uri(one)),
    )


def _about(said: Statement, photo: Photo | None) -> Markup:
    one = said.validation
    facts = (
        ("Chip", one.unique_id or "did not tell", True),
        ("Firmware", one.firmware or "did not tell", False),
        ("Its SHA-256", one.firmware_hash[:32] or "did not tell", True),
        ("Settings, SHA-256", one.settings_hash[:32] or "did not tell", True),
        ("MicroPython", one.micropython or "did not tell", False),
        ("Measured on", _PLACES[one.place], False),
        ("Begun, took", f"{_date(one.begun)}, {one.seconds:.1f} s", False),
        ("Drawn from seed", str(one.seed), False),
        ("Signed by", f"{said.signer} of {one.fleet}", False),
    )
    rows = [
        tag("div", tag("dt", name), tag("dd", tag("code", text) if code else text))
        for name, text, code in facts
    ]
    return tag("section", tag("dl", lines(rows)), _photo(photo), class_="about")


def _photo(photo: Photo | None) -> Markup:
    if photo is not None:
        alt = "The node where it is mounted"
        return tag("figure", Markup(f'<img alt="{alt}" src="{photo.data_url}">'), class_="photo")
    text = "Photograph of the node where it is mounted"
    return tag("figure", tag("span", text), class_="photo empty")


def _waveforms(found: Sequence[Golden], drawn: int) -> Markup | None:
    """Drawings with their results; drawn: how many of them there is room for."""
    if not found:
        return None
    left = len(found) - drawn
    more = f", {left} more of them below" if left > 0 else ""
    about = f"known signals and one drawn at random, through the node’s own feature code{more}"
    return tag(
        "section",
        tag("h2", "Golden waveforms", tag("small", about)),
        tag("div", [_waveform(each) for each in found[:drawn]], class_="goldens"),
        class_="waveforms",
    )


def _waveform(each: Golden) -> Markup:
    case = each.case
    long = f" · {1000 * each.seconds:.0f} ms" if each.seconds is not None else ""
    size = f"{len(each.samples)} samples{long}"
    return tag(
        "figure",
        svg.waveform(each.samples, f"{case.title}, {size}: {case.verdict}"),
        tag(
            "figcaption",
            tag("b", case.title, title=f"{case.title}: {size}"),
            tag("span", _left(case), " ", _sign(case), class_="left"),
            tag("p", _value(case), f"; {case.limit}" if case.limit else ""),
        ),
        class_=_class(case),
    )


def _results(cases: Sequence[CaseResult], room_mm: float) -> Markup:
    many = sum(1 + _is_bad(case) for case in cases)
    how = next((name for name, row_mm in _ROWS if many * row_mm <= room_mm), "two small")
    columns = ("case", "measured", "limit", "left", "")
    head = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in columns)))
    half = (len(cases) + 1) // 2
    parts = [cases[:half], cases[half:]] if how.startswith("two") else [cases]
    tables = []
    for part in parts:
        rows = [row for case in part for row in _rows(case)]
        tables.append(tag("table", head, tag("tbody", lines(rows))))
    return tag(
        "section",
        tag("h2", "Results", tag("small", "left: what remains of the limit")),
        tag("div", tables, class_=f"results {how}"),
    )


def _rows(case: CaseResult) -> Iterable[Markup]:
    name = tag("th", case.title, scope="row", title=case.case)
    sign = tag("td", _sign(case))
    if case.value is None and not case.limit:
        why = tag("td", case.reason or "nothing was measured", colspan="3")
        yield tag("tr", name, why, sign, class_=_class(case))
        return
    cells = (
        tag("td", _value(case)),
        tag("td", case.limit),
        tag("td", svg.bar(case.margin), _left(case), class_="left"),
    )
    yield tag("tr", name, *cells, sign, class_=_class(case))
    if case.reason:
        yield tag("tr", tag("td", case.reason, colspan="5"), class_=f"why {_class(case) or ''}")


def _left(case: CaseResult) -> str:
    return "" if case.margin is None else f"{100 * case.margin:.0f} %".replace("-", "−")


def _is_bad(case: CaseResult) -> bool:
    return case.verdict in ("fail", "error")


def _value(case: CaseResult) -> list[Markup | str]:
    if case.value is None:
        return ["–"]
    if isinstance(case.value, str):
        return [f"{case.value} {case.unit}".rstrip()]
    whole = tag("data", number(float(f"{case.value:.4g}")), value=repr(case.value))
    return [whole, f" {case.unit}" if case.unit else ""]


def _sign(case: CaseResult) -> Markup:
    return tag("span", _SIGNS[case.verdict], class_="sign", role="img", aria_label=case.verdict)


def _class(case: CaseResult) -> str | None:
    return {"fail": "bad", "error": "bad", "skipped": "soft"}.get(case.verdict)


def _remarks(said: Statement) -> Markup | None:
    if not said.remarks:
        return None
    shown = list(said.remarks[:_REMARKS])
    if len(said.remarks) > _REMARKS:
        shown.append(f"and {len(said.remarks) - _REMARKS} more, in the data of this page")
    items = [tag("li", remark) for remark in shown]
    return tag("section", tag("h2", "Remarks"), tag("ul", lines(items)), class_="remarks")


def _footer(said: Statement) -> Markup:
    one = said.validation
    command = tag("code", "nodewright verify FILE")
    return tag(
        "footer",
        tag(
            "p",
            f"Signed by {said.signer} with its certificate from the CA of fleet {one.fleet}. ",
            "The signature is over every byte of this file: ",
            command,
            " checks it offline. What is printed proves nothing; the file does.",
        ),
    )


def _board(one: Validation) -> str:
    try:
        return boards.load(one.board).title
    except boards.UnknownBoard:
        return one.board


def _date(begun: str) -> str:
    return begun[:19].replace("T", " ") + " UTC"
