"""Results as JSON, strictly both ways; verdicts and margins; what a bench says of itself."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nodewright.validate import load
from nodewright.validate.case import same, within
from nodewright.validate.result import (
    CaseResult,
    NotAValidation,
    Validation,
    said_by_a_board,
)

CASE = CaseResult(
    *("acc.noise.x", "Noise of x", 1.25, "mg", "0.5 to 2", 0.66, "pass", "", 0.5),
    details={"samples": [1, 2], "more": {"a": None}},
)
FOUND = Validation(
    node="pump-1",
    fleet="north",
    board="pico_w",
    unique_id="e661",
    firmware="0.1.0",
    firmware_hash="ab",
    settings_hash="cd",
    micropython="1.29.0 Raspberry Pi Pico W",
    place="device",
    begun="2026-11-22T08:00:00Z",
    seconds=3.5,
    seed=7,
    cases=(CASE,),
)


def test_case__whatever_a_board_put_into_it__is_kept_and_read_again() -> None:
    odd = "\x1b[2J\x00\udc80\n\u202e"
    hostile = replace(
        *(CASE,),
        value=odd,
        unit=odd,
        limit=odd,
        margin=float("inf"),
        reason=odd * 300,
        details={odd: [1e999, float("nan"), (odd, {1: None}), b"\xff", 10**40, True]},
    )
    case = said_by_a_board(hostile)
    again = Validation.from_json(replace(FOUND, cases=(case,)).to_json())
    assert again.cases == (case,)
    assert (case.value, case.margin, len(case.reason)) == (" [2J    ", None, 500)
    assert case.details[" [2J    "][:2] == ["inf", "nan"]
    assert said_by_a_board(replace(CASE, value=float("nan"))).value == "nan"
    assert said_by_a_board(CASE) == CASE


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity"])
def test_json__a_number_that_is_none__refused(number: str) -> None:
    for text in ('"samples": [\n', '"margin": 0.66', '"seconds": 3.5'):
        old = FOUND.to_json()
        assert text in old or text.startswith('"samples')
        new = old.replace("0.66", number) if "0.66" in text else old.replace("3.5", number)
        new = old.replace('"a": null', f'"a": {number}') if "samples" in text else new
        assert new != old
        with pytest.raises(NotAValidation):
            Validation.from_json(new)


def test_json__a_key_that_a_terminal_would_obey__not_said_again() -> None:
    text = FOUND.to_json().replace('"title"', '"\\u001b[2J"')
    with pytest.raises(NotAValidation) as refused:
        Validation.from_json(text)
    assert str(refused.value).isprintable()


def _verdict(verdict: Any) -> Validation:
    return replace(FOUND, cases=(CASE, replace(CASE, case="a.b", verdict=verdict)))


def test_json__round_trip__same() -> None:
    assert Validation.from_json(FOUND.to_json()) == FOUND
    text = replace(FOUND, cases=(replace(CASE, value="adxl345", margin=None),))
    assert Validation.from_json(text.to_json()) == text


@pytest.mark.parametrize(
    ("verdict", "passed"), [("pass", True), ("skipped", True), ("fail", False), ("error", False)]
)
def test_passed__each_verdict__only_failures_count(verdict: str, passed: bool) -> None:
    assert _verdict(verdict).passed is passed


def test_passed__nothing_was_proven__false() -> None:
    assert not replace(FOUND, cases=()).passed
    assert not replace(FOUND, cases=(replace(CASE, verdict="skipped"),)).passed


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("node",), 3),
        (("node",), "a\nb"),
        (("place",), "moon"),
        (("begun",), "yesterday"),
        (("seconds",), -1),
        (("seed",), 1.5),
        (("v",), 2),
        (("passed",), False),
        (("unique_id",), "XYZ"),
        (("extra",), 1),
        (("cases", 0, "verdict"), "good"),
        (("cases", 0, "value"), True),
        (("cases", 0, "value"), [1]),
        (("cases", 0, "extra"), 1),
        (("cases", 0, "case"), "../x"),
        (("cases", 0, "reason"), "\x1b[31m"),
    ],
)
def test_from_json__one_thing_wrong__refused(path: tuple[Any, ...], value: Any) -> None:
    told = json.loads(FOUND.to_json())
    at = told
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    with pytest.raises(NotAValidation):
        Validation.from_json(json.dumps(told))


@pytest.mark.parametrize("key", ["node", "cases", "seed", "passed"])
def test_from_json__a_key_missing__refused(key: str) -> None:
    told = json.loads(FOUND.to_json())
    del told[key]
    with pytest.raises(NotAValidation):
        Validation.from_json(json.dumps(told))


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "null", "{}", '{"v": 1}', "[" * 100_000),
        FOUND.to_json().replace("3.5", "NaN"),
        FOUND.to_json().replace('"node"', '"node": "x", "node"'),
    ],
)
def test_from_json__no_validation__refused(text: str) -> None:
    with pytest.raises(NotAValidation):
        Validation.from_json(text)


def test_to_json__not_a_number__raises() -> None:
    with pytest.raises(ValueError, match="JSON"):
        replace(FOUND, cases=(replace(CASE, value=float("nan")),)).to_json()


@pytest.mark.parametrize(
    ("value", "least", "most", "verdict", "margin"),
    [
        (5.0, 0.0, 10.0, "pass", 1.0),
        (9.0, 0.0, 10.0, "pass", 0.2),
        (10.0, 0.0, 10.0, "pass", 0.0),
        (11.0, 0.0, 10.0, "fail", -0.2),
        (3.0, None, 4.0, "pass", 0.25),
        (5.0, None, 4.0, "fail", -0.25),
        (5.0, 4.0, None, "pass", 0.25),
        (3.0, 4.0, None, "fail", -0.25),
        (0.0, None, 0.0, "pass", None),
        (1.0, None, 0.0, "fail", None),
        (float("nan"), 0.0, 1.0, "fail", None),
        (float("inf"), 0.0, None, "fail", None),
    ],
)
def test_within__each_place__verdict_and_margin(
    value: float, least: float, most: float, verdict: str, margin: float | None
) -> None:
    found = within(value, "g", least, most, "why")
    assert found.verdict == verdict
    assert found.margin == (pytest.approx(margin) if margin is not None else None)
    assert found.reason == ("why" if verdict == "fail" else "")


def test_same__another_text__fails() -> None:
    assert same("a", "a", "why").verdict == "pass"
    assert same("b", "a", "why").reason == "why"


def test_bench__read__load_and_meter(tmp_path: Path) -> None:
    assert load.read(tmp_path) == load.OnBench()
    (tmp_path / load.FILE).write_text(
        '[load]\namps = 5\nuncertain_pct = 1\n[meter]\ncommand = ["m", "-a"]\n'
    )
    found = load.read(tmp_path)
    assert found.load == load.Load(5.0, 1.0) and found.load.limit_pct == 6.0
    assert found.meter == load.Meter(("m", "-a"))


@pytest.mark.parametrize(
    "text",
    [
        *("load = 3", "[load]\namps = 0", "[load]\namps = true", '[load]\namps = "5A"'),
        *(
            "[load]",
            "[load]\namps = 1\nvolts = 2",
            "[lamp]",
            "[meter]",
            "x",
            "[meter]\ncommand = []",
        ),
        '[meter]\ncommand = "m"',
        '[meter]\ncommand = ["m"]\nsleep_most_ua = -1',
    ],
)
def test_bench__what_cannot_be__says_where(tmp_path: Path, text: str) -> None:
    (tmp_path / load.FILE).write_text(text)
    with pytest.raises(load.BenchUnusable, match=r"bench\.toml"):
        load.read(tmp_path)
