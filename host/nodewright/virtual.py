"""A virtual board: a process with the firmware, twins around it, and a serial port.

It runs MicroPython over a flash file, or CPython over a folder: nodewright/guest.py.  On CPython
there is no REPL and so no port; all else is the same.

The process lives on a pseudo-terminal of its own, as the leader of its session: when we die,
however that happens, the terminal hangs up and the process with it.  A second pseudo-terminal is
the board's serial port, open for mpremote or any terminal program; the two are bridged here, so
that the port stays while the process is started anew at each reset.
"""

import json
import os
import signal
import termios
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nodewright import scratch
from nodewright.child import is_waiting
from nodewright.console import Event, Lines, parse_event
from nodewright.errors import NodewrightError
from nodewright.guest import Guest, OnCPython, OnMicroPython
from nodewright.interpreter import Interpreter
from nodewright.pty_link import End, open_line
from nodewright.reactor import reactor

# firmware/sim/board.py writes it when the board is up, firmware/sim/power.py sends the signals.
_READY = b"\x00ready\x00"
_SOFT_RESET = signal.SIGALRM
_RESET_SIGNALS = {signal.SIGUSR1: "hard", signal.SIGUSR2: "watchdog"}

_RAW_REPL, _FRIENDLY_REPL = b"raw REPL; CTRL-B to exit", b">>> "
_CTRL_A, _CTRL_C = b"\x01", b"\x03"

_RESTARTS_PER_MINUTE = 30
_STOP_S = 0.8
_REAP_S = 0.005
_REAPED_S = 2.0
_BEHIND_BYTES = 64  # after Ctrl-C a program changes the mode, and waits
_INTERRUPT_S = 0.5  # so long Ctrl-C waits for a good moment
_LOOK_S = 0.002
_INTERRUPTED_S = 2.0  # a program that dies so soon after Ctrl-C died of it
_INPUT_BYTES = 4096  # typed ahead, beyond what the terminal itself holds
_UNREAD_BYTES = 65536
_UNREAD_S = 0.5  # a port that takes nothing for so long has no reader
_KEPT_LINES = 200
_KEPT_EVENTS = 2000


class BoardFailed(NodewrightError):
    """A virtual board cannot go on.

    name: of the board; reason: what happened; lines: the last ones of its console.
    """

    def __init__(self, name: str, reason: str, lines: tuple[str, ...] = ()) -> None:
        self.name, self.reason, self.lines = name, reason, lines
        tail = "".join(f"\n  {line}" for line in lines[-8:])
        super().__init__(f"virtual board {name}: {reason}{tail}")


class CrashLoop(BoardFailed):
    """It restarted more often than a board that works would."""


class VirtualBoard:
    """One board, running from `start` to `stop`, or as a context manager.

    image: the bytes of its flash, or, on CPython, its files by their absolute paths; spec:
    docs/architecture.md, "Twins", without paths, which are ours; interpreter: None for CPython;
    heap_bytes: as on the board it stands for, of 32-bit words (CPython's has no bound).  on_event
    and on_line are called on the thread that serves all boards: they must not wait.

    port: the device of its serial port once it has started, "" where there is none.
    """

    def __init__(
        self,
        image: bytes | Mapping[str, bytes],
        spec: Mapping[str, Any],
        interpreter: Interpreter | None,
        heap_bytes: int,
        *,
        on_event: Callable[[Event], None] | None = None,
        on_line: Callable[[str], None] | None = None,
        restarts_per_minute: int = _RESTARTS_PER_MINUTE,
    ) -> None:
        self.name = str(spec.get("name", "board"))
        self.heap_bytes = heap_bytes
        self.lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self.failure: BoardFailed | None = None
        self.boots = 0
        self.port = ""
        self._spec = dict(spec)
        self._guest = _guest(image, self._spec, interpreter, heap_bytes)
        self._on_event, self._on_line = on_event, on_line
        self._restarts_per_minute = restarts_per_minute
        self._restarts: deque[float] = deque()
        self._changed = threading.Condition()
        self._events: deque[Event] = deque(maxlen=_KEPT_EVENTS)
        self._folder: Path | None = None
        self._loop = reactor()
        self._pid = 0
        self._slave = -1
        self._process: End | None = None
        self._serial: End | None = None
        self._console = Lines(self._line)
        self._starting: bytearray | None = None
        self._raw = False
        self._interrupted_s = -_INTERRUPTED_S
        self._held = b""  # typed, and not passed on yet
        self._holding = False
        self._behind = self._again = b""  # typed since Ctrl-C; to be typed again
        self._cut = False
        self._mode_tail = b""

    # --- life

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, program: bool = True) -> None:
        """Make the folder, the port and the process.  It boots meanwhile; see `wait_for`.

        program: whether its main.py runs in this boot; without, it is at its prompt.
        """
        self._folder = scratch.take("board")
        try:
            # Here, not on the thread that serves the other boards.
            self._guest.lay_out(self._folder)
            self.samples_dir.mkdir()
            if self._guest.has_repl:
                ours, self._slave = open_line(interrupts=False)
                self.port = os.ttyname(self._slave)
                self._serial = End(self._loop, ours, self._typed, lambda: None)
            self._loop.run(lambda: self._spawn("power_on", program))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process and remove what it left.  A second call does nothing."""
        pid = self._loop.run(self._let_go)
        if pid:
            _end_process(pid)
        if self._slave >= 0:
            os.close(self._slave)
            self._slave = -1
        if self._folder is not None:
            scratch.remove(self._folder)
            self._folder = None

    def reset(self) -> None:
        """Pull the reset pin."""

        def pull() -> None:
            if self._pid:
                os.kill(self._pid, signal.SIGUSR1)

        self._loop.run(pull)

    def cut_power(self) -> None:
        """Take its supply away, whatever it is doing, and give it back: the flash stays as it is.

        Raises BoardFailed where no process runs.
        """

        def cut() -> None:
            if not self._pid:
                raise BoardFailed(self.name, "does not run")
            self._cut = True
            os.kill(self._pid, signal.SIGKILL)

        self._loop.run(cut)

    # --- what is known of it

    @property
    def folder(self) -> Path:
        """Its private folder, while it runs."""
        if self._folder is None:
            raise BoardFailed(self.name, "does not run")
        return self._folder

    @property
    def samples_dir(self) -> Path:
        """Where its twins log the samples they served."""
        return self.folder / "samples"

    @property
    def pid(self) -> int:
        """Its process, 0 while there is none."""
        return self._pid

    @property
    def files(self) -> Path:
        """On CPython: the folder that is the node's `/`."""
        return self.folder / "files"

    def flash_image(self) -> bytes:
        """What is on its flash now; FileNotFoundError on CPython, which has `files`."""
        return (self.folder / "flash.img").read_bytes()

    def wait_for(
        self, name: str, timeout_s: float, where: Callable[[Event], bool] = lambda _event: True
    ) -> Event:
        """The first event of this name that meets `where`, of the last 2000; waits for it.

        Raises TimeoutError, and the board's own BoardFailed.
        """
        deadline_s = time.monotonic() + timeout_s
        with self._changed:
            while True:
                for event in self._events:
                    if event.name == name and where(event):
                        return event
                if self.failure is not None:
                    raise self.failure
                left_s = deadline_s - time.monotonic()
                if left_s <= 0:
                    raise TimeoutError(f"{self.name}: no event {name!r} within {timeout_s} s")
                self._changed.wait(left_s)

    # --- the process; all below runs on the reactor's thread

    def _spawn(self, cause: str, run_main: bool = True) -> None:
        self.boots += 1
        spec_path = self.folder / "spec.json"
        spec = {**self._spec, **self._guest.changes(self.folder), "log": str(self.samples_dir)}
        spec |= {"boot": self.boots, "reset_cause": cause, "run_main": run_main}
        spec_path.write_text(json.dumps(spec))
        command = self._guest.command()
        ours, other = open_line(interrupts=True)
        try:
            self._pid = _spawn_on(os.ttyname(other), [*command, str(spec_path)], self.folder)
        except OSError as error:
            os.close(ours)
            self._fail(f"cannot run {command[0]}: {error.strerror}")
            return
        finally:
            os.close(other)
        self._starting = bytearray()
        self._process = End(self._loop, ours, self._printed, self._exited)
        self._process.read(True)

    def _printed(self, data: bytes) -> None:
        if self._starting is not None:
            self._starting += data
            before, found, after = bytes(self._starting).partition(_READY)
            if not found:
                return
            self._starting = None
            data = before + after
            # Only now: before, Ctrl-C would have ended the process, not the program.
            if self._process is not None:
                self._process.write(_CTRL_A if self._raw else self._again)
            self._again = b""
            self._allow_typing()
        self._say(data)
        tail = self._mode_tail + data
        raw_at, friendly_at = tail.rfind(_RAW_REPL), tail.rfind(_FRIENDLY_REPL)
        if raw_at != friendly_at:
            self._raw = raw_at > friendly_at
        self._mode_tail = tail[-len(_RAW_REPL) :]

    def _say(self, data: bytes) -> None:
        """To the console's lines, and to whoever has the port open."""
        self._console.feed(data)
        serial = self._serial
        if serial is None:
            return
        serial.write(data)
        if serial.stalled_s > _UNREAD_S or serial.pending > _UNREAD_BYTES:
            # Nobody listens.  Who opens the port later wants what comes then, not what was.
            termios.tcflush(self._slave, termios.TCIFLUSH)
            serial.discard()

    def _typed(self, data: bytes) -> None:
        """Pass on what was typed, in its order; Ctrl-C when the process waits, if that comes soon.

        In the middle of a collection it would break the heap (_ended); a board's own port looks
        for Ctrl-C between two instructions.
        """
        self._held += data
        if not self._holding:
            self._pass_on(time.monotonic() + _INTERRUPT_S)

    def _pass_on(self, deadline_s: float) -> None:
        self._holding = (
            _CTRL_C in self._held
            and self._process is not None
            and time.monotonic() < deadline_s
            and not is_waiting(self._pid)
        )
        if self._holding:
            self._loop.later(_LOOK_S, lambda: self._pass_on(deadline_s))
            return
        data, self._held = self._held, b""
        if self._process is not None:
            if _CTRL_C in data:
                self._interrupted_s = time.monotonic()
                self._behind = b""
            self._behind += data[data.rfind(_CTRL_C) + 1 :]
            self._behind = self._behind[-_BEHIND_BYTES:]
            self._process.write(data)
            self._allow_typing()

    def _allow_typing(self) -> None:
        if self._serial is None:
            return
        up = self._process is not None and self._starting is None
        full = self._process is not None and self._process.pending > _INPUT_BYTES
        self._serial.read(up and not full)
        if up and full:
            self._loop.later(0.05, self._allow_typing)

    def _exited(self) -> None:
        self._process = None
        self._allow_typing()
        self._reap(time.monotonic() + _REAPED_S)

    def _reap(self, deadline_s: float) -> None:
        """Its terminal is closed; a moment later it has ended, or is made to."""
        if not self._pid:
            return
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        if not pid:
            if time.monotonic() > deadline_s:
                os.kill(self._pid, signal.SIGKILL)
            self._loop.later(_REAP_S, lambda: self._reap(deadline_s))
            return
        self._pid = 0
        self._ended(os.waitstatus_to_exitcode(status))

    def _ended(self, code: int) -> None:
        if self._cut:
            self._cut = self._raw = False
            self._starting = None
            self._console.end()
            if self._may_restart():
                self._spawn("power_on")
            return
        if self._starting is not None:
            told = bytes(self._starting)
            self._starting = None
            self._say(told)
            self._console.end()
            self._fail(f"did not boot (status {code})")
            return
        self._console.end()
        if not self._may_restart():
            return
        just_now = time.monotonic() - self._interrupted_s < _INTERRUPTED_S
        if -code == signal.SIGINT or (code > 0 and just_now):
            # Ctrl-C between two programs, where this port does not catch it, or in mid-collection,
            # out of which it jumps (MICROPY_ASYNC_KBD_INTR) with the heap locked: to the REPL.
            self._raw = False
            self._again = self._behind if code > 0 else b""  # went down with the process
            self._spawn("soft", run_main=False)
        elif code >= 0 or -code == _SOFT_RESET:
            self._say(b"MPY: soft reboot\r\n")
            self._spawn("soft", run_main=not self._raw)
        elif cause := _RESET_SIGNALS.get(signal.Signals(-code)):
            self._raw = False
            self._spawn(cause)
        else:
            self._fail(f"its process died of {signal.Signals(-code).name}")

    def _may_restart(self) -> bool:
        now_s = time.monotonic()
        self._restarts.append(now_s)
        while self._restarts[0] < now_s - 60:
            self._restarts.popleft()
        count = len(self._restarts)
        if count <= self._restarts_per_minute:
            return True
        self._fail(f"restarted {count} times within a minute", CrashLoop)
        return False

    def _fail(self, reason: str, kind: type[BoardFailed] = BoardFailed) -> None:
        with self._changed:
            self.failure = kind(self.name, reason, tuple(self.lines))
            self._changed.notify_all()
        if self._serial is not None:
            self._serial.write(f"\r\nnodewright: stopped: {reason}\r\n".encode())

    def _line(self, line: str) -> None:
        event = parse_event(line)
        with self._changed:
            self.lines.append(line)
            if event is not None:
                self._events.append(event)
            self._changed.notify_all()
        if self._on_line is not None:
            self._on_line(line)
        if event is not None and self._on_event is not None:
            self._on_event(event)

    def _let_go(self) -> int:
        """Watch nothing of it any more; the process that is left to end, or 0."""
        for end in (self._process, self._serial):
            if end is not None:
                end.close()
        self._process = self._serial = None
        pid, self._pid = self._pid, 0
        return pid


def _guest(
    image: bytes | Mapping[str, bytes],
    spec: Mapping[str, Any],
    interpreter: Interpreter | None,
    heap_bytes: int,
) -> Guest:
    """Whoever runs such an image.  Raises TypeError for one that the runtime cannot have."""
    if interpreter is None:
        if isinstance(image, bytes):
            raise TypeError("CPython runs files, not a flash image")
        return OnCPython(image)
    if not isinstance(image, bytes):
        raise TypeError("MicroPython runs a flash image, not files")
    return OnMicroPython(image, spec, interpreter, heap_bytes)


def _spawn_on(terminal: str, command: list[str], home: Path) -> int:
    """Start a process as the leader of a session whose terminal is the given one.

    posix_spawn, not fork: other threads run here.  A session's leader that opens a terminal gets
    it as the controlling one (POSIX leaves that to the system; Linux and macOS do), and so the
    hangup when our end closes.
    """
    default = [
        *(signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE),
        *(signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM),
    ]
    return os.posix_spawn(
        command[0],
        command,
        {**os.environ, "HOME": str(home)},  # where this port keeps the REPL's history
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, terminal, os.O_RDWR, 0),
            (os.POSIX_SPAWN_DUP2, 0, 1),
            (os.POSIX_SPAWN_DUP2, 0, 2),
        ],
        setsid=True,
        setsigmask=[],
        setsigdef=default,
    )


def _end_process(pid: int) -> None:
    """Ask it to end, wait, and kill it when it does not."""
    deadline_s = time.monotonic() + _STOP_S
    os.kill(pid, signal.SIGTERM)
    while not os.waitpid(pid, os.WNOHANG)[0]:
        if time.monotonic() > deadline_s:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return
        time.sleep(_REAP_S)
