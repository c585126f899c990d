"""Several files changed together: all are written beside their places first, then renamed.

A full disk is met while nothing has changed yet.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from nodewright.fleet.finding import WriteFailed


class Staged:
    """Files that are to change.  As a context manager it leaves nothing beside them.

    begun: whether one of them is in its place already.
    """

    def __init__(self) -> None:
        self.begun = False
        self._files: list[tuple[Path, Path]] = []

    def __enter__(self) -> Self:
        return self

    def add(self, path: Path, text: str) -> None:
        """Write a file beside its place.  Raises WriteFailed."""
        beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(exist_ok=True)
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
            self._files.append((beside, path))
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise WriteFailed(path, error.strerror or str(error)) from None

    def commit(self) -> None:
        """Put all in their places, in the order in which they were added.  Raises WriteFailed."""
        while self._files:
            beside, path = self._files[0]
            try:
                beside.replace(path)
            except OSError as error:
                raise WriteFailed(path, error.strerror or str(error)) from None
            self._files.pop(0)
            self.begun = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for beside, _ in self._files:
            with suppress(OSError):
                beside.unlink()
