"""The real firmware on virtual boards, with settings and twins that a test may spoil."""

import copy
import time
from typing import Any

from nodewright import boards
from nodewright.broker import Broker
from nodewright.demo.plan import NodePlan, make_plans, network_spec
from nodewright.image import image_files, pack
from nodewright.interpreter import find_interpreter
from nodewright.virtual import VirtualBoard
from nodewright.watch import Collector, Event, parse_url

WAIT_S = 30.0


class NodeRig:
    """Settings and twins of one node, to be changed before `board` makes it."""

    def __init__(self, port: int, index: int = 0) -> None:
        """port: of a broker on loopback; index: 0 has its sensor on I2C, 2 on SPI."""
        self.hardware = boards.load("virtual")
        plan: NodePlan = make_plans(self.hardware, 3, 2.0, port)[index]
        self.plan = plan
        self.settings: dict[str, Any] = copy.deepcopy(plan.settings)
        self.every_ms(400)
        self.measured.update(name="vibration", samples=256)
        self.buses: list[dict[str, Any]] = [plan.twins(plan.machine_source())]
        self.faults: list[dict[str, Any]] = []
        self.extra: dict[str, Any] = {}  # of the board's description
        self.tachos: list[dict[str, Any]] = []

    @property
    def sensor(self) -> dict[str, Any]:
        sensor: dict[str, Any] = self.settings["sensors"][0]
        return sensor

    @property
    def measured(self) -> dict[str, Any]:
        measured: dict[str, Any] = self.settings["sets"][0]
        return measured

    def every_ms(self, interval_ms: int) -> None:
        """Measure at this interval."""
        self.measured["schedule"]["interval_ms"] = interval_ms

    @property
    def chip(self) -> dict[str, Any]:
        chip: dict[str, Any] = self.buses[0]["chips"][0]
        return chip

    def board(self, files: dict[str, bytes] | None = None) -> VirtualBoard:
        """The board; files take the place of those of the image."""
        interpreter = find_interpreter()
        held = image_files(self.hardware, self.settings, arch=interpreter.mpy_arch or None)
        flash = self.hardware.flash
        spec = {
            "name": self.plan.name,
            "unique_id": f"{self.plan.seed:016x}",
            "seed": self.plan.seed,
            "flash": {
                "block_bytes": flash.block_bytes,
                "prog_bytes": flash.prog_bytes,
                "read_bytes": flash.read_bytes,
                "lookahead_bytes": flash.lookahead_bytes,
            },
            "network": network_spec(),
            "buses": self.buses,
            "faults": self.faults,
            "tachos": self.tachos,
            **self.extra,
        }
        data = pack(self.hardware, {**held, **(files or {})})
        return VirtualBoard(data, spec, interpreter, self.hardware.heap_bytes)


def listen(broker: Broker) -> Collector:
    """Hears all nodes of a broker, from now on."""
    return Collector(parse_url(f"mqtt://{broker.host}:{broker.port}"))


def reports(collector: Collector, count: int, timeout_s: float = WAIT_S) -> list[Event]:
    """The next reports, doubles left out.  Raises AssertionError when they do not come."""
    deadline_s = time.monotonic() + timeout_s
    found: list[Event] = []
    while len(found) < count:
        left_s = deadline_s - time.monotonic()
        assert left_s > 0, f"{len(found)} of {count} reports in {timeout_s} s"
        event = collector.get(left_s)
        if event is not None and event.kind == "report" and not event.double:
            found.append(event)
    return found
