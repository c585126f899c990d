"""The MicroPython behind a port, by mpremote's transport, with an end to every wait.

mpremote waits for ever for a board that never stops talking, prints what it did not understand,
and says of every port that cannot be opened the same. Here a deadline lies under its reads and
writes, its prints go nowhere, and errors are told apart.
"""

import errno
import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self, TypeVar

import serial
from mpremote import transport_serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from nodewright.link.errors import (
    BoardFailed,
    BoardSilent,
    PortBusy,
    PortDenied,
    PortGone,
    PortMissing,
)
from nodewright.plain import plain

BAUD = 115_200
ANSWER_S = 10.0  # a board that is soft reset, or writes flash, may take some of it
SILENT_S = 2.0  # between two bytes
LET_GO_S = 6.0  # a port that is in use: often somebody just looks at it, or was there a moment ago
# How long each greeting waits, as a share of an answer: a board that just restarts has lost the
# first, one in the middle of a record hears the last.
_TRIES = (0.1, 0.2, 0.35, 0.35)
_LOOK_S = 0.2
_AGAIN_S = 0.1
_STALE_S = 0.3  # after that long no earlier try is answered any more
# The line feed ends what an agent of ours still reads (flash/agent.py): it sees that it is short.
_INTERRUPT = b"\n\r\x03\x03"
_SOFT_RESET = b"\x04"
_MOST_ERROR = 200
_MOST_ANSWER_BYTES = 1 << 24
_END = b"\x04"  # of what is printed, and of the error behind it
# mpremote prints what it did not understand; sys.stdout is of all threads, its `print` is not.
vars(transport_serial)["print"] = lambda *_what, **_how: None


_T = TypeVar("_T")


class _Late(TransportError):  # type: ignore[misc]
    """A deadline has passed."""


class _Free(PortGone):
    """Nothing is wrong with it any more."""


class _Bounded:
    """A serial port whose calls raise once a deadline has passed.

    mpremote asks for a byte at a time: what has come is taken from the port at once, and handed
    out by the byte.
    """

    def __init__(self, port: serial.Serial) -> None:
        self._port = port
        self._come, self._at = b"", 0
        self.deadline_s = time.monotonic() + ANSWER_S

    def __getattr__(self, name: str) -> Any:
        if name == "write":
            self.check()
        return getattr(self._port, name)

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read without a wait."""
        self.check()
        here = len(self._come) - self._at
        return here if here else int(self._port.in_waiting)

    def inWaiting(self) -> int:  # noqa: N802  as mpremote calls it
        return self.in_waiting

    def read(self, size: int = 1) -> bytes:
        """As the port's own: fewer where no more come within its timeout."""
        self.check()
        while len(self._come) - self._at < size:
            more = self._port.read(max(1, self._port.in_waiting))
            if not more:
                break
            self._come, self._at = self._come[self._at :] + more, 0
        data = self._come[self._at : self._at + size]
        self._at += len(data)
        return data

    def until(self, end: bytes, silent_s: float) -> bytes:
        """All up to a byte, and the byte; less where nothing more comes for so long."""
        data, heard_s = bytearray(), time.monotonic()
        while not data.endswith(end) and len(data) < _MOST_ANSWER_BYTES:
            if self._at == len(self._come):
                self.check()
                self._come, self._at = self._port.read(max(1, self._port.in_waiting)), 0
                if self._come:
                    heard_s = time.monotonic()
                elif time.monotonic() > heard_s + silent_s:
                    break
            found = self._come.find(end, self._at)
            stop = found + 1 if found >= 0 else len(self._come)
            data += self._come[self._at : stop]
            self._at = stop
        return bytes(data)

    def check(self) -> None:
        if time.monotonic() > self.deadline_s:
            raise _Late("it goes on and on")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("rts", "dtr", "timeout"):
            setattr(self._port, name, value)
        else:
            object.__setattr__(self, name, value)


class Repl:
    """The raw REPL at a port.  Entering it interrupts the program there; leaving starts it anew.

    answer_s: for a whole answer; silent_s: between two bytes; busy_s: how long a port that is in
    use is waited for.  Raises PortMissing, PortDenied, PortBusy, PortGone, BoardSilent.
    """

    def __init__(
        self,
        port: str,
        *,
        baud: int = BAUD,
        answer_s: float | None = None,
        silent_s: float = SILENT_S,
        busy_s: float = LET_GO_S,
    ) -> None:
        self.port, self._answer_s = port, answer_s or ANSWER_S
        self._line = opened(port, lambda: _open(port, baud, silent_s), busy_s)
        self._serial = _Bounded(self._line.serial)
        self._line.serial = self._serial
        self._in = self._ended = False
        self.restarts = True  # False: the program is not started anew at the end

    def __enter__(self) -> Self:
        try:
            self._enter()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _enter(self) -> None:
        last: Exception | None = None
        for tried, share in enumerate(_TRIES):
            before_s, self._serial.timeout = self._line.serial.timeout, _LOOK_S
            within_s = self._answer_s * share
            try:
                # mpremote looks at its own time only when nothing comes: noise has an end here.
                with self._guarded(within_s + _LOOK_S, keep=(TransportError,)) as failed:
                    # A program may catch one; mpremote sends one more.
                    self._serial.write(_INTERRUPT)
                    self._line.enter_raw_repl(soft_reset=False, timeout_overall=within_s)
            finally:
                with suppress(serial.SerialException, OSError):  # of a port that has gone
                    self._serial.timeout = before_s
            last = failed[0] if failed else None
            if last is None:
                if tried:
                    self._settle()
                self._in = True
                return
        reason = "it never stops talking" if isinstance(last, _Late) else "nothing understood"
        raise BoardSilent(self.port, reason)

    def _settle(self) -> None:
        """Greet once more when all is quiet: earlier tries are answered late, and in our way."""
        before_s, self._serial.timeout = self._line.serial.timeout, _STALE_S
        try:
            with self._guarded(self._answer_s):
                while self._serial.read(1):
                    pass
        finally:
            self._serial.timeout = before_s
        with self._guarded(self._answer_s):
            self._line.enter_raw_repl(soft_reset=False, timeout_overall=self._answer_s)

    @contextmanager
    def _guarded(
        self, within_s: float, keep: tuple[type[Exception], ...] = ()
    ) -> Iterator[list[Exception]]:
        """Errors of the transport as ours; those of `keep` go into the list that it gives."""
        self._serial.deadline_s = time.monotonic() + within_s
        kept: list[Exception] = []
        try:
            yield kept
        except keep as error:
            kept.append(error)
        except (TransportError, struct.error) as error:
            raise BoardSilent(self.port, _first_line(error)) from None
        except (serial.SerialException, OSError) as error:
            raise PortGone(self.port, _first_line(error)) from None

    def ask(self, code: str, within_s: float | None = None) -> bytes:
        """What the board prints as it runs code.  Raises BoardFailed where that raises there."""
        self.begin(code, within_s)
        return self.finish(within_s)

    def begin(self, code: str, within_s: float | None = None) -> None:
        """Start code on the board; `send` and `take` talk to it, `finish` ends it."""
        with self._guarded(within_s or self._answer_s):
            self._line.exec_raw_no_follow(code.encode())
        self._ended = False

    def send(self, data: bytes) -> None:
        """Bytes for what runs there; never 0x03, which would interrupt it."""
        with self._guarded(self._answer_s):
            self._serial.write(data)

    def take(self, count: int, within_s: float | None = None) -> bytes:
        """The next bytes of what it prints, fewer if no more come in time or it has ended."""
        data = b""
        with self._guarded(within_s or self._answer_s):
            while len(data) < count and not self._ended:
                more = self._serial.read(1)
                if not more:
                    break
                self._ended = more == b"\x04"
                data += more
        return data

    def take_line(self, most: int = 1 << 16) -> bytes:
        """A line of what it prints, without its end; what came so far where no more comes."""
        data = bytearray()
        with self._guarded(self._answer_s):
            while len(data) < most:
                more = self._serial.read(1)
                if not more or more == b"\n":
                    break
                data += more
        return bytes(data).rstrip(b"\r")

    def finish(self, within_s: float | None = None) -> bytes:
        """The rest of what it prints.  Raises BoardFailed where it ended by an error."""
        wait_s = within_s or self._answer_s
        with self._guarded(wait_s):
            # As mpremote's `follow`, which takes a byte at a time.
            told = _END if self._ended else self._serial.until(_END, wait_s)
            if not told.endswith(_END):
                raise TransportError("no end of what it prints")
            failed = self._serial.until(_END, wait_s)
            if not failed.endswith(_END):
                raise TransportError("no end of its error")
            told, failed = told[:-1], failed[:-1]
        if failed:
            lines = failed.decode("utf-8", "replace").strip().splitlines()
            raise BoardFailed(self.port, plain(lines[-1] if lines else "nothing", _MOST_ERROR))
        return told

    def recover(self) -> None:
        """Back to the prompt, after something went wrong in the middle.  Raises as entering."""
        self._enter()

    def fresh(self) -> None:
        """Soft reset to the prompt: the program does not start, and its memory is all free."""
        with self._guarded(self._answer_s):
            self._line.enter_raw_repl(soft_reset=True, timeout_overall=self._answer_s)

    def restart(self) -> None:
        """Soft reset: the program starts anew, and its output can be read with `take_line`."""
        with self._guarded(self._answer_s):
            self._line.exit_raw_repl()
            self._serial.write(_SOFT_RESET)
            self._serial.flush()
        self._in = False

    def close(self) -> None:
        """Start the program anew, if it was interrupted, and let go of the port."""
        if self._in and self.restarts:
            with suppress(BoardSilent, PortGone):
                self.restart()
        with suppress(TransportError, serial.SerialException, OSError):
            self._serial.deadline_s = time.monotonic() + self._answer_s
            self._line.close()


def _open(port: str, baud: int, silent_s: float) -> SerialTransport:
    line = SerialTransport(port, baudrate=baud, timeout=silent_s)
    line.serial.write_timeout = silent_s
    # mpremote asks other ports every 10 ms whether something came: a file has several answers.
    # Of a pseudo-terminal it waits in its read, which serves all, as a read here has an end.
    line.is_pty = True
    return line


def opened(port: str, open_it: Callable[[], _T], busy_s: float = LET_GO_S) -> _T:
    """What `open_it` makes of a port; one that is in use is asked for again for a while.

    Numbers of pseudo-terminals are given anew at once: whoever asks after a virtual board that is
    gone holds another's port for a moment.
    Raises PortMissing, PortDenied, PortBusy, PortGone.
    """
    until_s = time.monotonic() + busy_s
    while True:
        try:
            return open_it()
        except (TransportError, serial.SerialException, OSError, ValueError):
            error = why_closed(port)
        if not isinstance(error, PortBusy | _Free) or time.monotonic() > until_s:
            raise error from None
        time.sleep(_AGAIN_S)


def is_gone(port: str) -> bool:
    """Whether there is no such port any more; it is not opened, which would disturb who has it."""
    if os.name == "posix" and "://" not in port:
        return not os.path.exists(port)  # noqa: PTH110 - a Path would lose a trailing slash
    return isinstance(why_closed(port), PortMissing)


def why_closed(port: str) -> PortMissing | PortDenied | PortBusy | PortGone:
    """Why a port that could not be opened could not."""
    is_path = os.name == "posix" and "://" not in port
    if is_path and not os.path.exists(port):  # noqa: PTH110 - a Path would lose a trailing slash
        return PortMissing(port)
    if is_path and not os.access(port, os.R_OK | os.W_OK):
        return PortDenied(port, _group_of(port))
    try:
        serial.serial_for_url(port, baudrate=BAUD, exclusive=True, timeout=0).close()
    except serial.SerialException as error:
        if error.errno in (errno.EAGAIN, errno.EBUSY) or "lock" in str(error):
            return PortBusy(port)
        if error.errno in (errno.EACCES, errno.EPERM):
            return PortDenied(port, _group_of(port))
        if error.errno == errno.ENOENT:
            return PortMissing(port)
        return PortGone(port, _first_line(error))
    except (OSError, ValueError) as error:
        return PortGone(port, _first_line(error))
    return _Free(port, "it could not be opened, and then it could")


def _group_of(port: str) -> str:
    """The group that may open it, if that is not root's own."""
    try:
        import grp

        number = os.stat(port).st_gid  # noqa: PTH116
        return "" if number == 0 else grp.getgrgid(number).gr_name
    except (ImportError, OSError, KeyError):
        return ""


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return plain(lines[0] if lines else type(error).__name__, _MOST_ERROR)
