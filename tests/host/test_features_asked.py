"""Bands, machine, speed and blocks: what cannot be is named before anything runs."""

import pytest

from nodewright import asked
from nodewright.asked import Asked
from nodewright.errors import BadInput


@pytest.mark.parametrize(
    ("text", "band"),
    [("10:100", (10.0, 100.0)), ("0:0.5", (0.0, 0.5)), ("1e3:2.5e3", (1000.0, 2500.0))],
)
def test_parse_band__two_numbers__low_and_high(text: str, band: tuple[float, float]) -> None:
    assert asked.parse_band(text) == band


@pytest.mark.parametrize(
    "text",
    ["", ":", "10", "10:", "100:10", "10:10", "-1:10", "nan:10", "1:inf", "1:1e999", "1:2:3"],
)
def test_parse_band__no_band__named_with_the_form(text: str) -> None:
    with pytest.raises(BadInput, match="LOW:HIGH in Hz"):
        asked.parse_band(text)


def test_parse_machine__group_and_support__as_the_table_has_them() -> None:
    assert asked.parse_machine("2,rigid") == (2, "rigid")
    assert asked.parse_machine("1, Flexible") == (1, "flexible")
    for text in ("", "3,rigid", "2", "rigid", "2,soft"):
        with pytest.raises(BadInput, match="1,rigid 1,flexible 2,rigid 2,flexible"):
            asked.parse_machine(text)


def test_parse_blocks__a_number_or_all__else_named() -> None:
    assert [asked.parse_blocks(text) for text in (None, "3", "all")] == [1, 3, None]
    for text in ("0", "-1", "2.5", "many", "", "²", "1" * 30):
        with pytest.raises(BadInput, match="a number from 1, or all"):
            asked.parse_blocks(text)


def test_plan_blocks__no_window__the_longest_with_which_they_fit() -> None:
    assert asked.plan_blocks(5000, 1, None) == (1, 4096)
    assert asked.plan_blocks(5000, 4, None) == (4, 1024)
    assert asked.plan_blocks(20000, None, None) == (4, 4096)
    assert asked.plan_blocks(1500, None, 256) == (5, 256)


def test_plan_blocks__too_many__says_how_many_fit() -> None:
    with pytest.raises(BadInput, match="at most 5"):
        asked.plan_blocks(1500, 6, None)
    with pytest.raises(BadInput, match="5 do"):
        asked.plan_blocks(1500, 6, 256)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (Asked(bands=((10.0, 401.0),)), "--band 10:401 cannot be: half of the rate is 400 Hz"),
        (Asked(bands=((10.0, 100.0), (50.0, 50.5))), "resolve 3.12 Hz"),
        (Asked(shaft_hz=390.0), "its first order must lie below 382.116 Hz"),
    ],
)
def test_check__what_the_rate_cannot_hold__named(given: Asked, named: str) -> None:
    with pytest.raises(BadInput, match=named):
        given.check(800.0, 256)


def test_check__at_the_edge__passes() -> None:
    Asked(bands=((0.0, 400.0), (50.0, 51.6)), shaft_hz=382.0).check(800.0, 256)


def test_asked__too_much__named() -> None:
    with pytest.raises(BadInput, match="4 at most"):
        asked.asked(["1:2"] * 5)
    for speed_hz in (0.0, -1.0, 1000.0, float("nan")):
        with pytest.raises(BadInput, match="--shaft-hz"):
            asked.asked(shaft_hz=speed_hz)
