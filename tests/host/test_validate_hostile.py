"""Boards that answer anything: each case ends with a verdict, and the results can be written."""

import base64
import copy
import random
import threading
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from host.pki_rig import make
from nodewright.flash.facts import Facts
from nodewright.fleet.secret import Secrets
from nodewright.link.errors import BoardSilent
from nodewright.provision import provision
from nodewright.validate import junit
from nodewright.validate.agents import Agents
from nodewright.validate.bench import Bench, Expected
from nodewright.validate.bench_virtual import expected_of
from nodewright.validate.case import Case, Found
from nodewright.validate.cases_sensor import _AT_ONCE
from nodewright.validate.context import Context
from nodewright.validate.load import Load, OnBench
from nodewright.validate.result import CaseResult, Validation, said_by_a_board
from nodewright.validate.run import _Runner, all_cases
from nodewright.validate.uplink import Uplink

TURNS = 25


def _deep(depth: int) -> list[Any]:
    inside: list[Any] = []
    for _ in range(depth):
        inside = [inside]
    return inside


ODD: list[Any] = [
    *(None, True, "", "x", "\x1b[2J\u202e", "é" * 5000, "AAAA", "nan", "1e999"),
    *(0, -1, 10**400, -(10**400), 1e308, float("nan"), float("inf"), 0.5),
    *([], ["x"], [[]], {}, {"fault": ["x"]}, {"fault": 10**400}, {"a": {"b": None}}),
    *(_deep(600), {"fault": _deep(600)}, [None] * 3),
]
RECORD = {
    "rate_hz": 800.0,
    "rate_ppm": 100.0,
    "overruns": 0,
    "gaps": 0,
    "clipped": 0,
    "stuck": 0,
}
GOLDEN = {"values": {"acc_rms_g": 1.0}, "withheld": {"crest": "few"}, "marked": {}, "wrong": {}}
# What a sound board answers, as far as a case gets with it.
SOUND: dict[str, Any] = {
    "board.memory": {"free": 190_000, "all": 200_000, "word": 4},
    "board.flash": [500_000, 800_000],
    "board.write_and_read": {"errno": 0, "wrong": 0},
    "board.text_of": "30820122",
    "board.chunks": ["00000000"],
    "acc.find": {
        "odr_hz": 800.0,
        "range_g": 4,
        "g_per_digit": 0.001,
        "bandwidth_hz": 200.0,
        "still_samples": 0,
        "interrupt": True,
    },
    "acc.self_test": {"passed": True, "facts": [["x", 0.5, 0.1, 1.0], ["y", 0.5, 0.1, 1.0]]},
    "acc.pull": {"change_g": [0.5, 0.5, 0.5], "flat": [False] * 3},
    "acc.record": {"g_per_digit": 0.001, "noise_g_rthz": 1e-4, "records": [RECORD] * 3},
    "acc.samples": base64.b64encode(bytes(range(256)) * (2 * _AT_ONCE // 256)).decode(),
    "sets.run": {
        "stages_us": {"record": 1},
        "took_ms": 5,
        "interrupts": 3,
        "heap_free": 9000,
        "faults": [],
        "record": {"overruns": 0, "gaps": 0},
        "channels": {"l1": {}},
        "withheld": {"l1": {}},
    },
    "golden.compute": GOLDEN,
    "golden_more.bearing": GOLDEN,
    "golden_more.currents": [GOLDEN] * 3,
    "net.join": True,
    "net.knock": {"said": "refused", "why": "alert"},
}


class _Prompt:
    port = "P"

    def ask(self, code: str, within_s: float | None = None) -> bytes:
        raise BoardSilent(self.port, "nobody is there")

    def fresh(self) -> None:
        pass


class _Anywhere(Bench):
    place = "device"

    @property
    def prompt(self) -> _Prompt:
        return _Prompt()

    def bite(self) -> Any:
        raise BoardSilent("P", "it bites nobody")


class _Asks(Uplink):
    tls, port = True, 8883

    def settings(self, settings: Any) -> None:
        """It comes by itself."""


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Expected:
    folder = make(tmp_path_factory.mktemp("fleets") / "north")
    provision(folder, "pump-1", Secrets(folder), "e6614c311b7e6f2a")
    return expected_of(folder, "pump-1", Secrets(folder), "")


def _context(expected: Expected) -> Context:
    ctx = Context(_Anywhere(expected, OnBench(Load(5.0))), 3, threading.Event())
    ctx.uplink = _Asks()
    ctx.__dict__["files"] = {}
    none = dict.fromkeys(("machine", "mpy", "arch", "chip", "unique_id", "fleet", "node"), "x")
    rest: dict[str, Any] = {"board": None, "version": "1.x", "crash": None, "release": ()}
    sizes = {"fs_bytes": None, "free_bytes": None, "unfinished": False}
    ctx.__dict__["facts"] = Facts(**none, **rest, **sizes)
    return ctx


def _spoilt(answer: Any, chance: random.Random) -> Any:
    """The answer, with one of its parts replaced by something odd."""
    if not answer or not isinstance(answer, dict | list) or chance.random() < 0.2:
        return chance.choice(ODD)
    answer = copy.copy(answer)
    key = chance.choice(list(answer) if isinstance(answer, dict) else range(len(answer)))
    answer[key] = _spoilt(answer[key], chance)
    return answer


def _carried_out(expected: Expected, only: tuple[str, ...] = ("",)) -> Validation:
    ctx = _context(expected)
    runner = _Runner(ctx)
    cases = [case for case in all_cases(ctx) if case.name.startswith(only)]
    found = tuple(runner.run(case) for case in cases)
    facts = dict.fromkeys(("unique_id", "firmware_hash", "settings_hash"), "")
    more = {"firmware": "1", "micropython": "1", "begun": "2026-11-22T08:00:00Z"}
    return Validation(
        *("pump-1", "north", "virtual"), place="device", seconds=1.0, seed=3, cases=found,
        **facts, **more,
    )  # fmt: skip


def _writable(found: Validation) -> None:
    assert Validation.from_json(found.to_json()).passed == found.passed
    ET.fromstring(junit.build([found]))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of numpy: sums that are no numbers
def test_cases__a_board_that_answers_anything__each_has_a_verdict_that_can_be_written(
    expected: Expected, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts = set()
    for seed in range(TURNS):
        chance = random.Random(seed)

        def call(_self: Agents, agent: str, function: str, *_: Any, **__: Any) -> Any:
            sound = SOUND.get(f"{agent}.{function}")
            return sound if chance.random() < 0.7 else _spoilt(sound, chance)  # noqa: B023

        monkeypatch.setattr(Agents, "call", call)
        found = _carried_out(expected)
        _writable(found)
        verdicts |= {case.verdict for case in found.cases}
    assert verdicts == {"pass", "fail", "error", "skipped"}


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(type(odd)))
def test_cases__the_same_odd_answer_to_all__can_be_written(
    expected: Expected, monkeypatch: pytest.MonkeyPatch, odd: Any
) -> None:
    monkeypatch.setattr(Agents, "call", lambda *_, **__: odd)
    found = _carried_out(expected, ("board.", "memory.", "acc.", "uplink."))
    _writable(found)
    assert not found.passed


def test_identity__an_answer_that_is_a_text__no_pass(
    expected: Expected, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Agents, "call", lambda *_, **__: "well")
    (found,) = _carried_out(expected, ("acc.identity",)).cases
    assert (found.verdict, "flash it anew" in found.reason) == ("error", True)


def test_runner__a_case_whose_words_nobody_can_write__ends_with_a_verdict(
    expected: Expected,
) -> None:
    told: Any = 10**400
    case = Case("a.b", "t", lambda: Found(told, "", "", told, "fail", "", {"a": _deep(600)}))
    found = _Runner(_context(expected)).run(case)
    assert isinstance(found.value, str)
    assert (found.verdict, found.margin) == ("fail", None)


@pytest.mark.parametrize(
    "value",
    [["x"], {"a": 1}, 10**400, True, _deep(5000), 10**5000],
    ids=["list", "dict", "huge", "bool", "deep", "endless"],
)
def test_said_by_a_board__a_value_that_is_no_number__a_line_of_text(value: Any) -> None:
    facts: dict[str, Any] = {"a": value, "n": 3, "x": 0.5, "deep": {"a": [{"b": [1]}]}}
    case = CaseResult("a.b", "t", value, "", "", None, "fail", "", 0.1, facts)
    found = said_by_a_board(case)
    assert isinstance(found.value, str) and len(found.value) <= 500
    assert found.details["n"] == 3 and found.details["x"] == 0.5
    assert found.details["deep"] == facts["deep"]


def test_agents__started_anew__untouched_until_more_than_the_board_was_asked() -> None:
    class Answers(_Prompt):
        def ask(self, code: str, within_s: float | None = None) -> bytes:
            return b"\x02null\n"

    agents = Agents(Answers())
    assert not agents.untouched  # what ran before is not known
    agents.fresh()
    agents.call("board", "memory")
    assert agents.untouched
    agents.call("acc", "find", "acc", 800.0)
    agents.call("board", "flash")
    assert not agents.untouched
