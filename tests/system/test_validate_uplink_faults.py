"""Clamps, clock and uplink of a node on the bench: each fault fails, and is named."""

import time
from pathlib import Path
from typing import Any

import pytest

from nodewright.fleet.secret import Secrets
from nodewright.image.node import CERTIFICATE, KEY
from nodewright.validate import cases_uplink
from nodewright.validate.bench_virtual import VirtualBench
from nodewright.validate.result import Validation
from nodewright.validate.uplink import OwnUplink
from system import validate_rig as rig
from system.identity_rig import needs_mosquitto

CLAMPS = """
[sets.currents]
kind = "current"
rate = "8kHz"
samples = 1024
every = "10s"
features = ["cur_rms_a", "cur_fund_a"]

[nodes.pump-1.sensors.clamps]
chip = "adc"
full_scale = "3.3V"
bias = "1.65V"
inputs.l1 = { input = 26, per_volt = 30 }
inputs.l2 = { input = 27, per_volt = 20 }
sets = ["currents"]

[sets.warm]
kind = "value"
every = "60s"
features = ["temp_c"]

[nodes.pump-1.buses.wire]
kind = "onewire"
pin = 22

[nodes.pump-1.sensors.housing]
chip = "ds18b20"
bus = "wire"
sets = ["warm"]
"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    one_set = ('sets = ["severity", "on-demand"]', 'sets = ["severity"]')
    return rig.fleet(tmp_path_factory.mktemp("fleets") / "north", one_set, end=CLAMPS)


def _ratio(factor: float) -> Any:
    def change(spec: dict[str, Any]) -> None:
        rig.chip(spec, "clamps")["inputs"][1]["per_volt"] *= factor

    return change


def test_clamps_and_thermometer__sound__pass(fleet: Path) -> None:
    found = rig.validated(fleet, only=("clamps.", "housing.", "set."))
    assert found.passed, rig.failed(found)
    names = {case.case for case in found.cases if case.verdict == "pass"}
    assert {"clamps.ratio.l1", "clamps.ratio.l2", "housing.value", "set.currents"} <= names


@pytest.mark.parametrize("factor", [1.25, 0.8, 2.0, 10.0])
def test_clamp__of_another_ratio__fails_by_its_own_name(fleet: Path, factor: float) -> None:
    bad = rig.failed(rig.validated(fleet, only=("clamps.",), change=_ratio(factor)))
    assert set(bad) == {"clamps.ratio.l2"}
    assert "a clamp of another ratio" in bad["clamps.ratio.l2"].reason


def test_golden__code_for_clamps__right_and_2_percent_off(fleet: Path, tmp_path: Path) -> None:
    found = rig.validated(fleet, only=("golden.currents",), seed=None)
    assert [case.verdict for case in found.cases] == ["pass"], rig.failed(found)
    off = rig.firmware(tmp_path, "node/current.py", end=_LOUDER)
    made = rig.with_files(rig.expected(fleet), off)
    bad = rig.failed(rig.run(VirtualBench(made, rig.runtime()), ("golden.currents",)))
    assert "cur_rms_a +2.00 %" in bad["golden.currents.currents"].reason


_LOUDER = """

class Current(Current):
    def compute(self, blocks, per_digit, rate_hz, ppm, keys, out, *more):
        super().compute(blocks, per_digit, rate_hz, ppm, keys, out, *more)
        for one in out:
            one["cur_rms_a"] *= 1.02
"""


def test_clamp__off_its_cable__fails(fleet: Path) -> None:
    def change(spec: dict[str, Any]) -> None:
        rig.chip(spec, "clamps")["inputs"][0]["clamp"] = "off"

    bad = rig.failed(rig.validated(fleet, only=("clamps.",), change=change))
    assert set(bad) == {"clamps.ratio.l1"}


def test_thermometer__85_degrees_of_a_dead_chip__fails(fleet: Path) -> None:
    def change(spec: dict[str, Any]) -> None:
        rig.chip(spec, "housing")["source"] = 85.0

    bad = rig.failed(rig.validated(fleet, only=("housing.",), change=change))
    assert "no temperature of a bench" in bad["housing.value"].reason


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rig.fleet(tmp_path_factory.mktemp("fleets") / "north")


def _reported(
    fleet: Path, *, off_s: float = 0.0, uplink: OwnUplink | None = None, **changes: Any
) -> Validation:
    bench = VirtualBench(rig.expected(fleet), rig.runtime(), **changes)
    bench.uplink = uplink or OwnUplink(fleet, Secrets(fleet), clock_off_s=off_s)
    return rig.run(bench, ("watchdog.", "uplink.", "clock.", "program."))


@needs_mosquitto
def test_uplink__sound__all_pass(plain: Path) -> None:
    found = _reported(plain)
    assert found.passed, rig.failed(found)
    assert {case.verdict for case in found.cases} == {"pass"}


@needs_mosquitto
def test_clock__off_by_a_day__fails(plain: Path) -> None:
    bad = rig.failed(_reported(plain, off_s=86_400.0))
    assert set(bad) == {"clock.date"}
    assert "+1.0 days" in bad["clock.date"].reason


@needs_mosquitto
def test_clock__a_day_behind__fails(plain: Path) -> None:
    bad = rig.failed(_reported(plain, off_s=-86_400.0))
    assert set(bad) == {"clock.date"}
    assert "-1.0 days" in bad["clock.date"].reason


@needs_mosquitto
def test_uplink__certificate_of_another_node__no_report_arrives(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cases_uplink, "_OWN_CONNECT_S", 4.0)
    other = rig.expected(rig.fleet(tmp_path / "south")).files
    stolen = {path: other[path] for path in (CERTIFICATE, KEY)}
    data = rig.flashed(rig.expected(plain), stolen)
    bad = rig.failed(_reported(plain, flash=lambda _: data))
    assert "certificate" in bad["uplink.connect"].reason


class _Watched(OwnUplink):
    """What was asked of it in an outage, in its order."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, Secrets(folder))
        self.order: list[str] = []
        self.cut_s = self.lasted_s = 0.0

    def cut(self) -> None:
        self.cut_s = time.monotonic()
        self.order.append("cut")
        super().cut()

    def called(self, within_s: float) -> bool:
        called = super().called(within_s)
        if called:
            self.order.append("called")
        return called

    def join(self) -> None:
        self.lasted_s = time.monotonic() - self.cut_s
        self.order.append("join")
        super().join()


@needs_mosquitto
def test_outage__node_that_waits_before_it_calls__ends_when_it_has_called(plain: Path) -> None:
    uplink = _Watched(plain)
    found = _reported(plain, uplink=uplink)
    assert found.passed, rig.failed(found)
    assert uplink.order == ["cut", "called", "join"]
    assert uplink.lasted_s >= 1.0
    (outage,) = [case for case in found.cases if case.case == "uplink.outage"]
    assert outage.details["missing"] == []
    assert len(outage.details["held"]) == 2
    assert outage.details["paused_s"] < 5.0


# One of two reports in a row is never sent.
_FORGETS = """

class Outbox(Outbox):
    def put(self, seq, payload):
        return None if seq > 2 and seq % 2 else super().put(seq, payload)
"""

# A node that does not call a second time.
_GIVES_UP = """

class Dialer(Dialer):
    _calls = 0

    async def open(self, link_to, moved):
        self._calls += 1
        if self._calls > 1:
            await asyncio.sleep(3600)
        await super().open(link_to, moved)
"""


@needs_mosquitto
@pytest.mark.parametrize(
    ("name", "end"), [("node/outbox.py", _FORGETS), ("node/uplink/dial.py", _GIVES_UP)]
)
def test_outage__reports_that_are_lost__fails(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, end: str
) -> None:
    monkeypatch.setattr(cases_uplink, "_OUTAGE_S", 5.0)
    data = rig.flashed(rig.expected(plain), rig.firmware(tmp_path, name, end=end))
    bad = rig.failed(_reported(plain, flash=lambda _: data))
    assert set(bad) == {"uplink.outage"}, bad
    assert "never arrived" in bad["uplink.outage"].reason


# Not at once: a board that only restarts is hard to talk to.
_WORN = """

class Schedule(Schedule):
    _turns = 0

    def due(self, now_ticks):
        self._turns += 1
        if self._turns > 5:
            raise ValueError("worn")
        return super().due(now_ticks)
"""


def test_program__that_crashes__fails_with_its_error(plain: Path, tmp_path: Path) -> None:
    bad_code = rig.firmware(tmp_path, "node/schedule.py", end=_WORN)
    data = rig.flashed(rig.expected(plain), bad_code)
    bad = rig.failed(_reported(plain, flash=lambda _: data))
    assert "its program crashed" in bad["program.runs"].reason
    assert "worn" in bad["program.runs"].reason


def test_watchdog__that_does_not_bite__fails(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A board whose watchdog is never started: the hang ends by itself, and nothing restarts.
    from nodewright.validate import bench

    monkeypatch.setattr(bench, "HANG", "import time\ntime.sleep_ms(1000)")
    monkeypatch.setattr(cases_uplink, "_BOOT_S", 2.0)
    made = VirtualBench(rig.expected(plain), rig.runtime())
    bad = rig.failed(rig.run(made, ("watchdog.",)))
    assert "no program started" in bad["watchdog.bite"].reason
