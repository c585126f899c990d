"""A broker of our own on loopback: mosquitto where it is installed, else an embedded amqtt.

    with broker.start() as hub:
        print(hub.kind, hub.host, hub.port)

It is a child process in either case: `kill()` is a real crash, `restart()` comes back on the
same port, and nothing survives us. mosquitto keeps sessions, retained messages and queued reports
over a kill; the embedded one forgets them, and nodes and collectors must bring them again
(docs/decisions/0006).
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self

from nodewright import ports, scratch
from nodewright.child import die_with_parent
from nodewright.errors import BadInput, BrokerFailed, PortInUse

Kind = Literal["mosquitto", "embedded"]
KINDS: tuple[Kind, ...] = ("mosquitto", "embedded")
HOST = ports.HOST

_START_S = 15.0  # amqtt needs a second to import on a slow host
_STOP_S = 5.0
_STOP_TRIES = 20
_LOG_LINES = 400
_OLDEST_MOSQUITTO = (2, 0)  # its configuration files differ before that

# max_queued_messages: the default of 1000 drops reports in silence while a collector is away.
# autosave: without both, a kill -9 loses acknowledged messages.
_MOSQUITTO_CONF = """\
listener {port} {host}
allow_anonymous true
set_tcp_nodelay true
max_queued_messages 100000
persistence true
persistence_location {folder}/
autosave_interval 1
autosave_on_changes true
log_dest stderr
log_type error
log_type warning
log_type notice
log_type information
"""


class Broker:
    """A running broker.  Made by `start`; a context manager that stops it.

    kind: mosquitto or embedded; version: of the program; host, port: where it listens, for life.
    """

    host = HOST

    def __init__(self, kind: Kind, version: str, folder: Path) -> None:
        self.kind, self.version, self.port = kind, version, 0
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._log: deque[str] = deque(maxlen=_LOG_LINES)

    @property
    def running(self) -> bool:
        """True while its process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process id, or None when it does not run."""
        return self._process.pid if self._process is not None and self.running else None

    @property
    def log(self) -> tuple[str, ...]:
        """The last lines that it wrote."""
        return tuple(self._log)

    def restart(self) -> None:
        """Come back on the same port, after `kill()` or in mid-run.

        Raises BrokerFailed; PortInUse where somebody took the port meanwhile.
        """
        if not self._folder.exists():
            raise BrokerFailed(self.kind, "was stopped for good; start another")
        self._end(signal.SIGTERM)
        self._launch(self.port)

    def kill(self) -> None:
        """End it at once, as a crash or a power cut would; `restart()` brings it back."""
        self._end(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)

    def stop(self) -> None:
        """End it and remove its files.  Harmless when called again."""
        self._end(signal.SIGTERM)
        scratch.remove(self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _launch(self, port: int) -> None:
        """Start the process on a port.  Raises PortInUse, BrokerFailed."""
        command = self._command(port)
        self._process = process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self._folder,
            # Ctrl-C reaches the whole group of a terminal: the broker must outlast the nodes.
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )
        assert process.stdout is not None
        ready = threading.Event()
        outcome: list[int | None] = []  # the port, or None for "in use"

        def on_line(line: str) -> None:
            if "Saving in-memory database" not in line:  # one a message, by autosave_on_changes
                self._log.append(line)
            if found := re.match(r"ready (\d+)$", line):
                outcome.append(int(found[1]))
            elif re.search(r"mosquitto version \S+ running$", line):
                outcome.append(port)
            elif line == "in use" or "Address already in use" in line:
                outcome.append(None)
            if outcome:
                ready.set()

        self._reader = threading.Thread(
            target=_read_lines, args=(process.stdout, on_line, ready.set), daemon=True
        )
        self._reader.start()
        try:
            in_time = ready.wait(_START_S)
        except BaseException:
            self._end(signal.SIGTERM)
            raise
        if outcome and outcome[0] is not None:
            self.port = outcome[0]
            return
        self._end(signal.SIGTERM)
        if outcome:
            raise PortInUse(self.host, port)
        reason = f"ended with {process.returncode}" if in_time else f"was not up in {_START_S:g} s"
        raise BrokerFailed(self.kind, reason, self.log)

    def _command(self, port: int) -> list[str]:
        if self.kind == "embedded":
            return [sys.executable, "-m", "nodewright.embedded_broker", str(port)]
        config = self._folder / "mosquitto.conf"
        text = _MOSQUITTO_CONF.format(port=port, host=self.host, folder=self._folder)
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            # As root mosquitto would become another user, who cannot enter our private folder.
            text += "user root\n"
        config.write_text(text)
        return [str(find_mosquitto()), "-c", str(config)]

    def _end(self, how: signal.Signals) -> None:
        process, reader = self._process, self._reader
        if process is None:
            return
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        # More than once: mosquitto forgets a signal that comes before its main loop.
        for _ in range(_STOP_TRIES):
            process.send_signal(how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_S / _STOP_TRIES)
                break
        else:
            process.kill()
            process.wait()
        if reader is not None:
            reader.join(_STOP_S)
        if process.stdout is not None:
            process.stdout.close()
        self._process = self._reader = None


def start(kind: Kind | Literal["auto"] = "auto", port: int | None = None) -> Broker:
    """Start a broker on loopback.

    kind: "auto" takes mosquitto where a fit one is installed, else the embedded one.
    port: TCP, 1..65535, None for any free one.
    Raises PortInUse (a given port is taken), BadInput (port or kind cannot be), BrokerFailed.
    """
    if port is not None and not 1 <= port <= 65535:
        raise BadInput(f"port {port} cannot be: 1 to 65535")
    chosen, version = _choose(kind)
    broker = Broker(chosen, version, scratch.take("broker"))
    try:
        if port is not None:
            broker._launch(port)
        elif chosen == "embedded":
            broker._launch(0)  # it asks the system itself
        else:
            ports.on_free_port(broker._launch)
    except BaseException:
        broker.stop()
        raise
    return broker


def mosquitto_version() -> tuple[int, ...] | None:
    """The version of the installed mosquitto, or None where there is none."""
    program = find_mosquitto()
    if program is None:
        return None
    try:
        # `-h` and not `--version`: it prints the version in every release, and exits 3 in some.
        answer = subprocess.run([program, "-h"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(rb"mosquitto version (\d+(?:\.\d+)*)", answer.stdout + answer.stderr)
    return tuple(int(part) for part in found[1].split(b".")) if found else None


def usable_mosquitto() -> str | None:
    """The version of the installed mosquitto where it is one that we can set up, else None."""
    version = mosquitto_version()
    if version is None or version < _OLDEST_MOSQUITTO:
        return None
    return ".".join(map(str, version))


def _choose(kind: Kind | Literal["auto"]) -> tuple[Kind, str]:
    """(kind, version) of the broker to start."""
    if kind not in (*KINDS, "auto"):
        raise BadInput(f"broker {kind!r} is not known: auto, mosquitto or embedded")
    version = usable_mosquitto() if kind != "embedded" else None
    if version is not None:
        return "mosquitto", version
    if kind == "mosquitto":
        what = "is not installed" if mosquitto_version() is None else "is older than 2.0"
        raise BadInput(f"mosquitto {what}: install it (apt install mosquitto), or take 'embedded'")
    from importlib.metadata import version as of_package

    return "embedded", "amqtt " + of_package("amqtt")


def find_mosquitto() -> str | None:
    """The program, or None where there is none."""
    # Debian keeps it where only root's PATH leads.
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def _read_lines(
    pipe: IO[bytes], on_line: Callable[[str], None], on_end: Callable[[], None]
) -> None:
    """Hand each line on until the process closes its end.  Runs in a thread."""
    try:
        for line in pipe:
            on_line(line.decode("utf-8", "replace").rstrip())
    finally:
        on_end()
