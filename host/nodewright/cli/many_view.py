"""What the screens of several boards, and their lines of JSON, have in common."""

import threading
import time
from types import TracebackType
from typing import Any, Protocol, Self

from rich.progress import Progress, ProgressColumn

from nodewright.cli.output import err, print_json

_LINE_S = 0.5


class _Target(Protocol):
    @property
    def node(self) -> str: ...
    @property
    def port(self) -> str | None: ...


class _Step(Protocol):
    @property
    def stage(self) -> str: ...
    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...


class Bars:
    """Bars on a terminal's stderr for as long as it is entered; nothing elsewhere."""

    def __init__(self, *columns: ProgressColumn, quiet: bool = False) -> None:
        self.progress = Progress(
            *columns,
            console=err(),
            transient=True,
            disable=quiet or not err().is_terminal,
        )

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.progress.stop()


class StepLines:
    """Steps as lines of JSON, from several threads: a stage at once, then two a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, tuple[str, float]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def write(self, line: dict[str, Any]) -> None:
        with self._lock:
            print_json(line)

    def step(self, target: _Target, step: _Step, more: dict[str, Any]) -> None:
        """One step of a board, unless one of that stage was told a moment ago."""
        now_s = time.monotonic()
        key = f"{target.node} {target.port}"
        stage, said_s = self._last.get(key, ("", 0.0))
        if stage == step.stage and now_s - said_s < _LINE_S and step.done != step.total:
            return
        self._last[key] = step.stage, now_s
        told = {"event": "step", "node": target.node, "port": target.port, "stage": step.stage}
        self.write({**told, **more})
