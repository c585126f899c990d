"""Boards on the wall clock: waits wait, the clock follows the host's, and lateness is told."""

import os
import signal
import threading
import time

import pytest

from nodewright.console import Event
from nodewright.demo.fleet import FleetOptions, VirtualFleet
from nodewright.watch import Address, Collector
from sim.world import World
from system.virtual_rig import WAIT_S, board

RUNTIMES = ("micropython", "cpython")
PUMP_RECORD_S = 1024 / (800 * 1.012)  # by its sensor's own clock


class Wall:
    """A host's clock that a test moves; it notes what it was asked to wait for."""

    def __init__(self) -> None:
        self.us = 0
        self.waits: list[int] = []

    def now_us(self) -> int:
        return self.us

    def wait_until_us(self, instant_us: int) -> None:
        self.waits.append(instant_us)
        self.us = max(self.us, instant_us)


class Source:
    """Is due every `period_us`; notes what the clock said then, to it and to who asked."""

    def __init__(self, world: World, period_us: int) -> None:
        self.world, self.period_us, self.due_us = world, period_us, period_us
        self.seen: list[tuple[int, int]] = []

    def next_event_us(self) -> int:
        return self.due_us

    def advance(self, now_us: int) -> None:
        self.seen.append((now_us, self.world.asked_us()))
        self.due_us += self.period_us


def _no_file(path: str, mode: str) -> None:
    raise AssertionError((path, mode))


def test_world__computing_took_time__the_clock_is_the_walls() -> None:
    wall = Wall()
    world = World({}, _no_file, wall)
    wall.us = 1234
    assert world.asked_us() == 1234
    wall.us = 5000
    world.advance_us(100)
    assert world.now_us() == 5000  # late already: no further wait
    assert wall.waits == [1234, 5000]


def test_world__sleep_after_computing__is_as_long_as_asked_for() -> None:
    wall = Wall()
    world = World({}, _no_file, wall)
    wall.us = 13_000  # what was computed before
    world.sleep_us(30_000)
    assert wall.us == world.now_us() == 43_000


def test_world__sleep_ahead_of_the_wall__waits_for_it() -> None:
    wall = Wall()
    world = World({}, _no_file, wall)
    world.advance_us(2000)
    assert wall.us == 2000 and world.now_us() == 2000


def test_world__late_by_several_events__each_sees_its_own_instant() -> None:
    wall = Wall()
    world = World({}, _no_file, wall)
    source = Source(world, 10)
    world.add_source(source)
    wall.us = 35
    assert world.asked_us() == 35
    assert source.seen == [(10, 10), (20, 20), (30, 30)]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_record__in_real_time__takes_as_long_as_it_lasts(runtime: str) -> None:
    times: dict[str, float] = {}

    def note(_node: str, event: Event) -> None:
        times.setdefault(event.name, time.monotonic())

    options = FleetOptions(nodes=1, interval_s=2.0, runtime=runtime, realtime=True)
    with VirtualFleet(options, threading.Event()) as fleet:
        fleet.boot(note)
        fleet.boards[0].wait_for("acked", WAIT_S)
    assert times["report"] - times["boot"] > 0.95 * PUMP_RECORD_S


def test_board__computes_for_a_while__its_clock_has_moved_as_much() -> None:
    main = (
        "import time, utime\n"
        "before, begin = time.ticks_ms(), utime.ticks_ms()\n"
        "while utime.ticks_diff(utime.ticks_ms(), begin) < 50:\n"
        "    pass\n"
        "print('nodewright: done ms=%d' % time.ticks_diff(time.ticks_ms(), before))\n"
    )
    with board(main, realtime=True) as virtual:
        # It may have been ahead by 1 ms at the begin, and each clock shows whole ones.
        assert int(virtual.wait_for("done", WAIT_S).facts["ms"]) >= 48


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_record__process_stopped_meanwhile__overruns_are_reported_and_values_marked(
    runtime: str,
) -> None:
    options = FleetOptions(nodes=1, interval_s=2.0, runtime=runtime, realtime=True)
    begun = threading.Event()
    with (
        VirtualFleet(options, threading.Event()) as fleet,
        Collector(Address(fleet.hub.host, fleet.hub.port)) as collector,
    ):
        fleet.boot(lambda _node, event: begun.set() if event.name == "boot" else None)
        assert begun.wait(WAIT_S)
        report = None
        deadline_s = time.monotonic() + WAIT_S
        # The FIFO of 32 lasts 40 ms: wherever in the record a stop of 150 ms lies, it is lost.
        while report is None and time.monotonic() < deadline_s:
            os.kill(fleet.boards[0].pid, signal.SIGSTOP)
            time.sleep(0.15)
            os.kill(fleet.boards[0].pid, signal.SIGCONT)
            event = collector.get(0.15)
            report = event.message if event is not None and event.kind == "report" else None
    assert report is not None
    assert report["record"]["overruns"] > 0 and not report["record"]["valid"]
    values = report["channels"]["x"]
    assert values and set(report["marked"]["x"]) == set(values)
