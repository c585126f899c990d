"""Fleets that nobody would write: never a traceback, and what passes compiles for the node."""

import copy
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host.fleet_rig import CANARY, many
from host.fleet_strategies import fleets, text
from nodewright import boards, twins
from nodewright.fleet import units
from nodewright.fleet.check import Judged, judge
from nodewright.fleet.load import parse
from nodewright.fleet.secret import Secrets
from wire import chips
from wire import settings as node_settings

EXAMPLE = many(2)
TREE: dict[str, Any] = tomllib.loads(EXAMPLE)


class Told(Secrets):
    """Secrets of which each is the canary, without a folder."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"), lambda: None)

    def path(self, name: str) -> Path | None:
        return self.folder / name

    def read(self, name: str) -> Any:
        from pydantic import SecretStr

        return SecretStr(CANARY)

    def too_open(self) -> list[str]:
        return []


def judged(text: str) -> Judged:
    found = judge(parse(Path("nowhere"), text), Told())
    for finding in found.findings:
        assert finding.place is not None or finding.file != "fleet.toml"
        assert finding.value and finding.allowed and finding.cure, finding
        assert str(finding) and finding.as_dict()
        assert CANARY not in repr(finding)
        if finding.value.startswith("needs about"):
            needs, has = re.findall(r"(\d+) KB", f"{finding.value} {finding.allowed}")
            assert int(needs) > int(has)
    for compiled in found.compiled.values():
        told = node_settings.check(compiled.with_secrets(Told()))
        if "lorawan" in compiled.settings:  # which no firmware has yet: all else of it is judged
            told = [error for error in told if error[0] not in ("lorawan", "mqtt")]
        assert told == []
    return found


def slots(tree: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every key of a tree."""
    found = []
    for key, value in tree.items():
        found.append((*path, key))
        if isinstance(value, dict):
            found += slots(value, (*path, key))
    return found


SLOTS = slots(TREE)
WORDS = (
    "0s 1e400g -3rpm i2c0 spi1 pump-1 a/b é 1h 2g 10Hz..5Hz 25600Hz 26667Hz 3200Hz 0.0.0.0 "
    "192.168.1.0/31 drive-end severity 1e9Hz " + "x" * 300
)
ODD = (
    st.sampled_from(WORDS.split(" "))
    | st.integers(-3, 2**70)
    | st.floats()
    | st.booleans()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    | st.lists(st.integers(0, 50) | st.text("abc1-", max_size=5), max_size=4)
    | st.dictionaries(st.text("abc_-", min_size=1, max_size=5), st.integers(0, 9), max_size=3)
)


def with_value(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        tree = tree.get(key, {}) if isinstance(tree, dict) else {}
    if isinstance(tree, dict) and path[-1] in tree:
        tree[path[-1]] = value


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(SLOTS), ODD), min_size=1, max_size=4))
def test_check__odd_values_anywhere__never_raises(changes) -> None:
    tree = copy.deepcopy(TREE)
    for path, value in changes:
        with_value(tree, path, value)
    judged(tomlkit.dumps(tree))


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, len(EXAMPLE)),
    st.integers(0, 40),
    st.text("[]{}=.\"'#\n\\ab1, \x00é", max_size=10) | st.text(max_size=6),
)
def test_check__text_with_a_piece_replaced__never_raises(at, gone, new) -> None:
    judged(EXAMPLE[:at] + new + EXAMPLE[at + gone :])


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_check__any_text__never_raises(anything) -> None:
    judged(anything)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fleets(), st.data())
def test_check__whole_fleets_with_a_piece_replaced__never_raises(tree, data) -> None:
    whole = text(tree)
    at = data.draw(st.integers(0, len(whole)))
    new = data.draw(st.text("[]{}=.\"'#\n\\ab1, \x00é", max_size=10))
    judged(whole[:at] + new + whole[at + data.draw(st.integers(0, 40)) :])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fleets())
def test_check__fleets_of_known_parts__pass_or_say_why_and_fit_their_boards(tree) -> None:
    found = judged(text(tree))
    assert found.errors or set(found.compiled) == set(tree["nodes"])
    for compiled in found.compiled.values():
        node = compiled.settings
        board = boards.load(node["board"])
        used: dict[int, Any] = {}
        for sensor in node["sensors"]:
            for pin, user in pins(sensor):
                assert pin in board.pins
                assert used.setdefault(pin, user) == user
        fits_their_chips(node)
        around = twins.around(node, "pump")
        named = {chip["name"] for bus in around["buses"] for chip in bus["chips"]}
        assert named == {sensor["name"] for sensor in node["sensors"]}
        json.dumps([node, around], allow_nan=False)


def pins(sensor: dict[str, Any]) -> Iterator[tuple[int, Any]]:
    """(pin, who has it) of a sensor: buses are shared, and nothing else."""
    name, bus = sensor["name"], sensor["bus"]
    for key in ("sda", "scl", "sck", "mosi", "miso", "pin"):
        if bus is not None and key in bus:
            yield bus[key], (bus["kind"], bus.get("id"), key)
    if bus is not None and "cs" in bus:
        yield bus["cs"], (name, "cs")
    if sensor["kind"] == "accelerometer":
        if sensor["int1"] is not None:
            yield sensor["int1"], (name, "int1")
        if sensor["tacho"] is not None:
            yield sensor["tacho"]["pin"], "tacho"
    if sensor["chip"] == "adc":
        for given in sensor["inputs"]:
            yield given["input"], (name, given["channel"])


def fits_their_chips(node: dict[str, Any]) -> None:
    """Rates that chips have, and buses and converters carry."""
    sensors = {sensor["name"]: sensor for sensor in node["sensors"]}
    for measured in node["sets"]:
        sensor = sensors[measured["sensor"]]
        row = chips.ROWS[sensor["chip"]]
        if measured["kind"] == "waveform":
            carried = chips.carried_hz(sensor["chip"], sensor["bus"]["rate_hz"])
            assert measured["odr_hz"] in carried
            assert sensor["range_g"] in row["ranges_g"]
        elif measured["kind"] == "current":
            assert measured["rate_hz"] * len(sensor["inputs"]) <= row["samples_hz"]


DIMENSIONS = [
    units.TIME,
    units.ACCELERATION,
    units.FREQUENCY,
    units.SPEED,
    units.LENGTH,
    units.POWER,
]


@given(st.sampled_from(DIMENSIONS), st.floats(0, 1e6), st.data())
def test_units__number_and_unit__give_that_in_the_first_unit(dimension, number, data) -> None:
    unit = data.draw(st.sampled_from(list(dimension.units)))
    for written in (f"{number!r}{unit}", f" {number!r} {unit} "):
        assert units.parse(written, dimension) == number * dimension.units[unit]


@given(st.sampled_from(DIMENSIONS), st.text(max_size=8) | st.floats() | st.integers() | st.none())
def test_units__anything__gives_a_finite_number_or_says_what_to_write(dimension, value) -> None:
    try:
        number = units.parse(value, dimension)
    except units.NoQuantity as error:
        assert error.cure
    else:
        assert abs(number) < float("inf")
