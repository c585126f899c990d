"""esptool as a process of its own, kept for the orders of one board: `esptool_child.py`.

It ends by itself, and its licence stays its own.
"""

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import serial

from nodewright.flash.errors import AS_BEFORE, FlashFailed
from nodewright.link.errors import Interrupted
from nodewright.link.repl import BAUD, LET_GO_S, is_gone, opened

CHANGES = b"\nFrom here on the flash changes.\n"  # as the child says it
STUB_SENT, STUB_RUNS = "Uploading stub flasher", "Stub flasher running"
_SHORT = ("connect", "prepare")
_UNOPENED = "Could not open"
_QUIET_S = 60.0
_ERASE_QUIET_S = 250.0  # esptool 5.6 itself gives up sooner, after 120 s (CHIP_ERASE_TIMEOUT)
_STUB_S = 10.0  # for a stub to start; where it does not, esptool 5.6 waits for ever
_READY_S = 25.0  # esptool tries seven times to reach a chip, which takes 6 s of silence
_GONE_S = 0.5
_PIECE = 4096
_MOST_OUTPUT = 64 << 10
_TURN_S = 0.05
_CHILD = Path(__file__).with_name("esptool_child.py")
_LEAVE_S = 5.0  # to let a chip start


class Failed(Exception):
    """An order that esptool did not carry out.  told: what it printed."""

    def __init__(self, told: str) -> None:
        self.told = told
        super().__init__(told[-200:])


class Esptool:
    """Orders for the board at a port.

    A context manager that leaves no process behind, and no chip in its boot loader that was reset
    into it.  half: what a board is whose flash was changed in part; connected: to a chip.
    """

    def __init__(self, port: str, asked: threading.Event, half: str = "") -> None:
        self._port, self._asked, self._half = port, asked, half
        self._changed = self._waits = False
        self._mark = secrets.token_hex(8)  # a board could not know it
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._output, self._came = bytearray(), threading.Event()
        self._heard: Callable[[str], None] = _nobody
        self._last_s = 0.0
        self.connected = False

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(Failed, FlashFailed):
            if self.connected:
                self._order({"do": "leave"}, _LEAVE_S, heeds=False)
            elif self._waits and not is_gone(self._port):
                self._order({"do": "free", "port": self._port}, _LEAVE_S, heeds=False)
        self._end()

    @property
    def state(self) -> str:
        """What the board is, for who ends it now."""
        return self._half if self._changed else AS_BEFORE

    def connect(self, resets: bool = True) -> dict[str, Any]:
        """Its chip: `esptool_child.py` says what is told of it.  resets: into its boot loader;
        otherwise it is left where it is.

        Raises Failed, PortMissing, PortDenied, PortBusy, PortGone, Interrupted, FlashFailed.
        """
        until_s = time.monotonic() + LET_GO_S
        while True:
            check_port(self._port)
            self._waits = resets
            try:
                told = self._order({"do": "connect", "port": self._port, "resets": resets})
                self.connected = True
                return told
            except Failed as failed:
                if _UNOPENED not in failed.told or time.monotonic() > until_s:
                    raise
            time.sleep(0.1)  # somebody took it in between, for a look

    def do(
        self, what: str, heard: Callable[[str], None] | None = None, **given: Any
    ) -> tuple[dict[str, Any], str]:
        """Carry out an order of a board that is connected: its answer, and what was printed.

        heard: gets that as it comes.  Raises Failed, Interrupted, FlashFailed.
        """
        quiet_s = _ERASE_QUIET_S if what == "erase" else _QUIET_S
        return self._order({"do": what, **given}, quiet_s, heard), self._told()

    def _order(
        self,
        order: dict[str, Any],
        quiet_s: float = _QUIET_S,
        heard: Callable[[str], None] | None = None,
        heeds: bool = True,
    ) -> dict[str, Any]:
        """heeds: whether who asks to stop is heard."""
        if self._process is None:
            self._start()
        assert self._process is not None and self._process.stdin is not None
        self._output.clear()
        self._heard, self._last_s = heard or _nobody, time.monotonic()
        try:
            with suppress(OSError):  # it has ended: that shows below
                self._process.stdin.write(json.dumps(order).encode() + b"\n")
                self._process.stdin.flush()
            return self._answer(quiet_s, _READY_S if order["do"] in _SHORT else None, heeds)
        except BaseException:
            self._end()  # it holds the port, and a chip of which nobody knows what it is at
            raise

    def _answer(self, quiet_s: float, within_s: float | None, heeds: bool) -> dict[str, Any]:
        assert self._reader is not None and self._process is not None
        begun_s = time.monotonic()
        while True:
            ended = not self._reader.is_alive()
            _, mark, rest = self._told().rpartition(f"\n{self._mark} ")
            if mark and rest.endswith("\n"):
                del self._output[self._output.rindex(f"\n{self._mark} ".encode()) :]
                told: dict[str, Any] | None = json.loads(rest)
                if told is None:
                    raise Failed(self._told())
                return told
            if ended:
                code = self._process.wait(quiet_s)
                raise FlashFailed(self._port, f"esptool ended by itself ({code})", self.state)
            self._came.wait(_TURN_S)
            self._came.clear()
            if heeds and self._asked.is_set():
                raise Interrupted(self._port, self.state)
            silent_s = time.monotonic() - self._last_s
            if silent_s > _STUB_S and stub_fails(self._told()):
                raise Failed(self._told())
            # Before, a chip with USB of its own may be away for its reset.
            if self.connected and silent_s > _GONE_S and is_gone(self._port):
                raise Failed(self._told())
            if within_s is not None and time.monotonic() - begun_s > within_s:
                # Of a board that lies esptool asks the same again and again.
                raise Failed(
                    f"{self._told()}\nerror: no sense in its answers for {within_s:.0f} s"
                )
            if silent_s > quiet_s:
                raise FlashFailed(
                    self._port, f"esptool said nothing for {quiet_s:.0f} s", self.state
                )

    def _told(self) -> str:
        return self._output.decode("utf-8", "replace")

    def _start(self) -> None:
        environment = {**os.environ, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_CHILD), self._mark],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,  # Ctrl-C is for us to act on
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()

    def _read(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        while data := os.read(process.stdout.fileno(), _PIECE):
            self._last_s = time.monotonic()
            self._output.extend(data)
            self._changed = self._changed or CHANGES in self._output
            del self._output[:-_MOST_OUTPUT]
            self._heard(data.decode("utf-8", "replace"))
            self._came.set()
        self._came.set()

    def _end(self) -> None:
        process, self._process, self.connected = self._process, None, False
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()
        if self._reader is not None:
            self._reader.join()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def _nobody(_text: str) -> None: ...


def stub_fails(told: str) -> bool:
    """Whether a stub was sent and has not said that it runs."""
    return STUB_SENT in told and STUB_RUNS not in told


def check_port(port: str) -> None:
    """Raises PortMissing, PortDenied, PortBusy or PortGone, which esptool says in many words."""
    opened(port, lambda: serial.serial_for_url(port, BAUD, exclusive=True, timeout=0)).close()


def reason(port: str, told: str) -> str:
    """The one line of esptool's output that says what was wrong."""
    if is_gone(port):
        return "the port is gone: cable or supply"
    lines = [line.strip() for line in told.splitlines()]
    for line in reversed(lines):
        if "rror" in line:
            plain = "".join(c for c in line if c.isprintable())
            said = plain.rpartition("occurred: ")[2].partition(" (")[0]
            return said.partition(" This can have many")[0][:200]  # and a page of esptool's
    return "esptool did not say why"
