"""Virtual nodes on a broker of their own: images made, boards started, everything ended again."""

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from nodewright import boards, scratch
from nodewright.broker import Broker, Kind
from nodewright.console import Event
from nodewright.demo.drive_plan import DrivePlan
from nodewright.demo.fault_round import FaultRound
from nodewright.demo.faults import Fault
from nodewright.demo.hub import Hub, open_plain, open_sealed, why_plain
from nodewright.demo.kept import ImageDigest
from nodewright.demo.outside import Outside
from nodewright.demo.plan import NodePlan, make_plans, network_spec
from nodewright.image import build_image
from nodewright.offline import Runtime, choose_runtime
from nodewright.sources import source_files
from nodewright.virtual import VirtualBoard

BOARD = "virtual"

# What the sensor of a node feels: the `source` of its twin, with its files in the given folder.
Source = Callable[[NodePlan, Path], Mapping[str, Any]]


def machines(plan: NodePlan, _folder: Path) -> Mapping[str, Any]:
    """The source of a demo that is given none: each node's machine."""
    return plan.machine_source()


class Interrupted(Exception):
    """Whoever runs it asked it to end."""


@dataclass(frozen=True)
class FleetOptions:
    """How many nodes, and on what they run.

    interval_s: between two records of a node; interpreter: a MicroPython, None for the packaged
    one; broker, port: which broker, and where (None: any free port); runtime: "micropython",
    "cpython", or None for the first of them that is here; realtime: the twins live on the host's
    clock; every_sensor: a node for each accelerometer, and one with clamps at a motor, in place of
    so many nodes; tls: by the fleet's own broker, over TLS, where that can be.
    """

    nodes: int = 3
    interval_s: float = 2.0
    interpreter: str | None = None
    broker: Kind | Literal["auto"] = "auto"
    port: int | None = None
    runtime: str | None = None
    realtime: bool = False
    every_sensor: bool = False
    tls: bool = False


def _with_vibration(plans: Sequence[NodePlan]) -> list[NodePlan]:
    """The nodes on which the faults of demo/faults.py are shown."""
    return [plan for plan in plans if not isinstance(plan, DrivePlan)]


class VirtualFleet:
    """A broker, and the nodes that talk to it.  A context manager that leaves nothing behind.

    Entered, the broker runs and the plans are made; `boot` starts the nodes.
    plans, boards: node by node; images: what each boots from.
    """

    def __init__(
        self,
        options: FleetOptions,
        asked: threading.Event,
        source: Source = machines,
        faults: Sequence[Fault] = (),
    ) -> None:
        """asked: set by whoever wants it to end; source: what the sensors feel; faults: what will
        go wrong on purpose."""
        self.options = options
        self._asked, self._source = asked, source
        self.board = boards.load(BOARD)
        self.plans: list[NodePlan] = []
        self.boards: list[VirtualBoard] = []
        self.images: dict[str, ImageDigest] = {}
        self.round = FaultRound((), ())
        self.outside: Outside | None = None
        self._faults = faults
        self._begun: list[VirtualBoard] = []

    def __enter__(self) -> Self:
        options = self.options
        # What can be wrong is told before anything runs.
        # A recording need not have gravity in it.
        gravity = "z" if self._source is machines else None
        plans = self._plans(options.port or 1, gravity)
        FaultRound(self._faults, _with_vibration(plans))
        self.runtime: Runtime = choose_runtime(options.runtime, options.interpreter)
        self._folder = scratch.take("fleet")
        try:
            self._felt = {plan.name: self._source(plan, self._folder) for plan in plans}
            self.site = self._open([plan.name for plan in plans], gravity)
        except BaseException:
            scratch.remove(self._folder)
            raise
        port = self.hub.port
        if self._faults:
            self.outside = Outside(self.hub)
            port = self.outside.port
        self.plans = self._plans(port, gravity, self._sealed)
        self.round = FaultRound(self._faults, _with_vibration(self.plans))
        return self

    @property
    def hub(self) -> Broker:
        """The broker, from the entry on."""
        return self.site.broker

    @property
    def _sealed(self) -> Path | None:
        """The fleet's folder, where its nodes speak TLS."""
        return self._folder / "fleet" if self.site.identities else None

    def _open(self, nodes: list[str], gravity: str | None) -> Hub:
        given = self.options
        because = why_plain(given.broker, self.runtime) if given.tls else "plain was asked for"
        if because:
            return open_plain(given.broker, given.port, because)
        folder = self._folder / "fleet"
        folder.mkdir()
        self._plans(given.port or 1, gravity, folder)
        return open_sealed(folder, nodes, given.port)

    def _plans(self, port: int, gravity: str | None, sealed: Path | None = None) -> list[NodePlan]:
        given = self.options
        return make_plans(
            self.board, given.nodes, given.interval_s, port, gravity, given.every_sensor, sealed
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._for_each(self._begun, lambda board: board.stop())
        finally:
            if self.outside is not None:
                self.outside.close()
            self.hub.stop()
            scratch.remove(self._folder)

    def boot(self, on_event: Callable[[str, Event], None]) -> None:
        """Make the images and start every node.

        on_event(node, event): called for each line meant for the host, on another thread.
        Raises Interrupted, and what images and boards raise.
        """
        self.boards = [self._make(plan, on_event) for plan in self.plans]
        if self.options.realtime:
            self._start_in_turn()
        else:
            self._for_each(self.boards, self._start)
        self.check()

    def check(self) -> None:
        """Raise Interrupted where the end was asked for."""
        if self._asked.is_set():
            raise Interrupted

    def _make(self, plan: NodePlan, on_event: Callable[[str, Event], None]) -> VirtualBoard:
        self.check()
        image = self._image(plan)
        flash = self.board.flash
        spec = {
            "name": plan.name,
            "unique_id": f"{plan.seed:016x}",
            "seed": plan.seed,
            "realtime": self.options.realtime,
            "flash": {
                "block_bytes": flash.block_bytes,
                "prog_bytes": flash.prog_bytes,
                "read_bytes": flash.read_bytes,
                "lookahead_bytes": flash.lookahead_bytes,
            },
            "network": network_spec(),
            "buses": [plan.twins(self._felt[plan.name])],
            "faults": self.round.schedule(plan.name),
        }
        return VirtualBoard(
            image,
            spec,
            self.runtime.interpreter,
            self.board.heap_bytes,
            on_event=lambda event: on_event(plan.name, event),
        )

    def _image(self, plan: NodePlan) -> bytes | dict[str, bytes]:
        """A flash image, or on CPython the files of one."""
        interpreter = self.runtime.interpreter
        if interpreter is None:
            files = source_files(plan.settings)
            self.images[plan.name] = ImageDigest.of_files(files)
            return files
        image = build_image(
            self.board,
            plan.settings,
            arch=interpreter.mpy_arch or None,
            extra_files=self.site.identities.get(plan.name),
        )
        self.images[plan.name] = ImageDigest.of(image)
        return image.data

    def _start(self, board: VirtualBoard) -> None:
        if not self._asked.is_set():
            self._begun.append(board)
            board.start()

    def _start_in_turn(self) -> None:
        """Spread over one interval, and so all that come: a node measures from its boot on.

        On the wall clock these processes share what boards have each for themselves: all at once
        would come too late for their sensors (docs/decisions/0009-runtimes-and-time.md).
        """
        begin_s = time.monotonic()
        with ThreadPoolExecutor(max_workers=2 * (os.cpu_count() or 1)) as pool:
            done = []
            for index, board in enumerate(self.boards):
                due_s = begin_s + index * self.options.interval_s / len(self.boards)
                if self._asked.wait(max(0.0, due_s - time.monotonic())):
                    break
                done.append(pool.submit(self._start, board))
        for future in done:
            future.result()

    def _for_each(self, what: list[VirtualBoard], action: Callable[[VirtualBoard], None]) -> None:
        """Do it to all boards at once, and raise the first error when all are done."""
        if what:
            with ThreadPoolExecutor(max_workers=2 * (os.cpu_count() or 1)) as pool:
                done = [pool.submit(action, board) for board in what]
            for future in done:
                future.result()
