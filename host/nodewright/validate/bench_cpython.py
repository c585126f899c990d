"""A node on CPython: its source and the mocks, with the twins of its virtual board; no port."""

import base64
import json
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from nodewright import scratch
from nodewright.child import die_with_parent
from nodewright.console import Lines, parse_event
from nodewright.guest import OnCPython
from nodewright.image.node import identity_files
from nodewright.link.console import Line
from nodewright.link.errors import BoardFailed, BoardSilent, PortGone
from nodewright.sources import source_files
from nodewright.validate.bench import HANG, Bench, Expected, Heard
from nodewright.validate.bench_virtual import Change, description
from nodewright.validate.load import OnBench
from nodewright.validate.result import Place

_NAME = "CPython"  # in place of a port
_READY = b"\x00ready\x00"  # firmware/sim/cpython/board.py
_END = b"\x04"  # firmware/sim/cpython/prompt.py
_START_S = 20.0
_STOP_S = 2.0
_ASK_S = 60.0
_PIECE_BYTES = 1 << 16
_MOST_ERROR = 200


def on_cpython(expected: Expected) -> Expected:
    """The same node with the files that it has there: the firmware as source."""
    identity = expected.image.identity
    extra = {} if identity is None else identity_files(identity)
    return replace(expected, files={**source_files(expected.settings), **extra})


class CPythonBench(Bench):
    """expected: of on_cpython(); change: as of VirtualBench."""

    place: Place = "cpython"

    def __init__(
        self,
        expected: Expected,
        change: Change | None = None,
        around: OnBench | None = None,
        files: Callable[[dict[str, bytes]], dict[str, bytes]] | None = None,
    ) -> None:
        super().__init__(expected, around)
        self._spec = description(expected, change)
        there = dict(expected.files)
        self._guest = OnCPython(there if files is None else files(there))
        self._folder: Path | None = None
        self._prompt: _Pipe | None = None
        self._program: subprocess.Popen[bytes] | None = None

    @property
    def prompt(self) -> "_Pipe":
        assert self._prompt is not None, "not entered"
        return self._prompt

    def start(self) -> None:
        self._folder = scratch.take("bench")
        self._guest.lay_out(self._folder)
        (self._folder / "samples").mkdir()
        self._prompt = _Pipe(lambda: self._spawn(prompt=True))

    def bite(self) -> Heard:
        pipe = self.prompt
        pipe.fresh()
        # As the supervisor of a virtual board does: how a process ends says why.
        cause = "watchdog" if pipe.end_by(HANG) == -signal.SIGUSR2 else "unknown"
        self._program = process = self._spawn(prompt=False, cause=cause)
        assert process.stdout is not None
        stdout = process.stdout

        def hear(take: Callable[[Line], None], ended: threading.Event) -> None:
            lines = Lines(lambda text: take(Line(time.time(), text, parse_event(text))))
            while not ended.is_set():
                data = _read(stdout, 0.2)
                if data is None:
                    continue
                if not data:
                    raise PortGone(_NAME, "its process has ended")
                lines.feed(data.replace(_READY, b""))

        return hear

    def stop(self) -> None:
        if self._prompt is not None:
            self._prompt.close()
        if self._program is not None:
            _end(self._program)
            self._program = None
        if self._folder is not None:
            scratch.remove(self._folder)
            self._folder = None

    def _spawn(self, prompt: bool, cause: str = "power_on") -> "subprocess.Popen[bytes]":
        assert self._folder is not None
        more: dict[str, Any] = {"log": str(self._folder / "samples"), "boot": 1}
        more |= {"reset_cause": cause, "prompt": prompt}
        path = self._folder / "spec.json"
        path.write_text(json.dumps({**self._spec, **self._guest.changes(self._folder), **more}))
        python, *rest = self._guest.command()
        return subprocess.Popen(
            [python, "-u", *rest, str(path)],  # a pipe is no terminal: lines would wait
            stdin=subprocess.PIPE if prompt else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self._folder,
            preexec_fn=die_with_parent(),
        )


class _Pipe:
    """Asks a process with a prompt; `fresh` starts another one."""

    port = _NAME

    def __init__(self, spawn: "Callable[[], subprocess.Popen[bytes]]") -> None:
        self._spawn = spawn
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""
        self.fresh()

    def fresh(self) -> None:
        self.close()
        self._process, self._rest = self._spawn(), b""
        self._until(_READY, _START_S)

    def ask(self, code: str, within_s: float | None = None) -> bytes:
        self._send(code)
        told = self._until(_END, within_s or _ASK_S)
        error = self._until(_END, _STOP_S).decode("utf-8", "replace")
        if error:
            raise BoardFailed(_NAME, error[:_MOST_ERROR])
        return told

    def end_by(self, code: str) -> int:
        """The status by which code ends the process; 0 where it does not."""
        self._send(code)
        process, self._process = self._process, None
        assert process is not None
        try:
            return process.wait(_START_S)
        except subprocess.TimeoutExpired:
            return 0
        finally:
            _end(process)

    def close(self) -> None:
        if self._process is not None:
            _end(self._process)
            self._process = None

    def _send(self, code: str) -> None:
        assert self._process is not None and self._process.stdin is not None
        try:
            self._process.stdin.write(base64.b64encode(code.encode()) + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise PortGone(_NAME, str(error)) from None

    def _until(self, end: bytes, within_s: float) -> bytes:
        """What comes up to an end, without it."""
        assert self._process is not None and self._process.stdout is not None
        deadline_s = time.monotonic() + within_s
        while end not in self._rest:
            left_s = deadline_s - time.monotonic()
            data = _read(self._process.stdout, left_s) if left_s > 0 else None
            if data is None:
                raise BoardSilent(_NAME, f"no answer in {within_s:g} s")
            if not data:
                told = self._rest[-_MOST_ERROR:].decode("utf-8", "replace")
                raise PortGone(_NAME, f"its process has ended: {told}")
            self._rest += data
        found, _, self._rest = self._rest.partition(end)
        return found


def _read(stream: IO[bytes], within_s: float) -> bytes | None:
    """What there is; b"" at its end, None where nothing comes in time."""
    if not select.select([stream], [], [], within_s)[0]:
        return None
    return os.read(stream.fileno(), _PIECE_BYTES)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
