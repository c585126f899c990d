"""A node on the bench: where its cases run, and what it is to be."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any, Self

from nodewright.boards import Board
from nodewright.errors import NodewrightError
from nodewright.image.node import NodeImage
from nodewright.link.console import Line, listen
from nodewright.link.errors import BoardSilent
from nodewright.link.repl import Repl
from nodewright.validate.agents import Prompt
from nodewright.validate.load import OnBench
from nodewright.validate.result import Place
from nodewright.validate.uplink import Uplink

# Every line of a program goes to the first, until the second is set.
Heard = Callable[[Callable[[Line], None], threading.Event], None]

_FALLS_ASLEEP_S = 0.5
_WAKES_S = 15.0
HANG = "import machine, time\nw = machine.WDT(timeout=1000)\ntime.sleep_ms(60000)"


@dataclass(frozen=True)
class Expected:
    """What the fleet would make of the node now.

    settings: with secrets; files: of its image, by path; unique_id: of the chip that it is bound
    to, None where to none.
    """

    node: str
    fleet: str
    board: Board
    settings: Mapping[str, Any] = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)
    image: NodeImage = field(repr=False)

    @property
    def unique_id(self) -> str | None:
        identity = self.image.identity
        return None if identity is None else identity.unique_id


class Bench:
    """A place where a node's cases run.  A context manager: entered, it can be asked.

    load: the current through all clamps; meter: of its supply; uplink: where the node may report
    to; None where there is none.
    """

    place: Place

    def __init__(self, expected: Expected, around: OnBench | None = None) -> None:
        self.expected = expected
        self.uplink: Uplink | None = None
        self.load = None if around is None else around.load
        self.meter = None if around is None else around.meter

    @property
    def prompt(self) -> Prompt:
        """The board's Python, once entered."""
        raise NotImplementedError

    def doze(self, seconds: float, meanwhile: Callable[[], None]) -> None:
        """Let the board sleep; then it can be asked again.  meanwhile: is called once it does.

        Raises as Repl, where it does not wake up.
        """
        raise NotImplementedError

    def bite(self) -> Heard:
        """Let the watchdog end a program that hangs; by what the next one is heard.

        Nothing is asked at the prompt any more.
        """
        raise NotImplementedError

    def start(self) -> None:
        """Make it ready.  Raises what the place does."""
        raise NotImplementedError

    def stop(self) -> None:
        """Leave it as it is to be.  Also after a start that failed; a second call does nothing."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class AtPort(Bench):
    """A board at a serial port."""

    def __init__(self, expected: Expected, around: OnBench | None = None) -> None:
        super().__init__(expected, around)
        self._repl: Repl | None = None

    @property
    def prompt(self) -> Repl:
        assert self._repl is not None, "not entered"
        return self._repl

    def open(self, port: str, restarts: bool) -> None:
        """restarts: the program starts anew when this is stopped.

        A board that restarts again and again may do so just when it is greeted: it is greeted
        twice.
        """
        try:
            self._enter(port)
        except BoardSilent:
            self.stop_port()
            self._enter(port)
        self.prompt.restarts = restarts

    def _enter(self, port: str) -> None:
        self._repl = Repl(port)
        self._repl.restarts = False
        self._repl.__enter__()

    def doze(self, seconds: float, meanwhile: Callable[[], None]) -> None:
        repl = self.prompt
        restarts, repl.restarts = repl.restarts, False
        repl.fresh()
        repl.begin(f"import machine\nmachine.lightsleep({1000 * seconds:.0f})")
        # Asleep, a board with USB of its own is gone from its port.
        self._repl = None
        repl.close()
        time.sleep(_FALLS_ASLEEP_S)
        meanwhile()
        deadline_s = time.monotonic() + seconds + _WAKES_S
        while True:
            try:
                self.open(repl.port, restarts)
                return
            except NodewrightError:
                self.stop_port()
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(_FALLS_ASLEEP_S)

    def bite(self) -> Heard:
        repl = self.prompt
        repl.fresh()
        repl.begin(HANG)
        self._repl = None
        repl.restarts = False
        repl.close()
        return partial(listen, repl.port)

    def stop(self) -> None:
        self.stop_port()

    def stop_port(self) -> None:
        """Let go of the port."""
        if self._repl is not None:
            self._repl.close()
            self._repl = None


class DeviceBench(AtPort):
    """A board that is there; a virtual board's port is one, too."""

    place: Place = "device"

    def __init__(self, expected: Expected, port: str, around: OnBench | None = None) -> None:
        super().__init__(expected, around)
        self._port = port

    def start(self) -> None:
        self.open(self._port, restarts=True)
