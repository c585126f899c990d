"""The file that a page goes to: checked before the work begins, written in one step."""

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

from nodewright.errors import BadInput, NodewrightError
from nodewright.page.document import GENERATOR

_FIRST_BYTES = 1024  # in which a page of ours says so
_SIGN = f'<meta name="generator" content="{GENERATOR}">'.encode()


class ReportError(NodewrightError):
    """The file could not be written after all: option, path, reason."""

    def __init__(self, option: str, path: Path, reason: str) -> None:
        self.option, self.path, self.reason = option, path, reason
        super().__init__(f"{option} {path} was not written: {reason}")


class Target:
    """Where a page goes.

    A file that is there already is replaced if it is such a page or empty, and never else. What
    was there stays whole until the new page is whole; a symbolic link stays one.
    """

    def __init__(
        self,
        path: Path,
        option: str = "--report",
        sign: bytes = _SIGN,
        what: str = "page of nodewright",
    ) -> None:
        """Raises BadInput where no page can be written to path.

        option: what the user gave it with; sign: what the first kilobyte of such a file holds;
        what: its name for people.
        """
        self.path, self._option, self._sign, self._what = path, option, sign, what
        try:
            self._refuse_others()
            # A folder that lets us make a file lets us make the page, too.
            self._begin(b"").unlink()
        except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, until 3.13
            raise BadInput(self._cure(error)) from error

    def write(self, content: str | bytes) -> None:
        """Write the file.  Raises ReportError; BadInput for a file that came meanwhile."""
        part = None
        try:
            self._refuse_others()
            part = self._begin(content.encode() if isinstance(content, str) else content)
            part.replace(self._file)
        except OSError as error:
            if part is not None:
                with suppress(OSError):
                    part.unlink()
            raise ReportError(self._option, self.path, error.strerror or str(error)) from error

    @property
    def _file(self) -> Path:
        found = self.path.resolve()
        if found.is_symlink():  # in a circle; before Python 3.13 resolve() says so itself
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(self.path))
        return found

    def _begin(self, data: bytes) -> Path:
        """A file beside the page's, with this in it, on the disk."""
        part = self._file.with_name(f".{self._file.name}.{secrets.token_hex(4)}")
        # Not tempfile: what it makes nobody else may read, and a page is to be shown.
        with part.open("xb") as stream:
            try:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            except OSError:
                part.unlink()
                raise
        return part

    def _refuse_others(self) -> None:
        """Raise BadInput for what must not be replaced, OSError where that cannot be seen."""
        file = self._file
        if not file.exists():
            return
        if not file.is_file():
            raise BadInput(
                f"{self._option} {self.path} is no ordinary file: give the name of a new one"
            )
        with file.open("rb") as stream:
            first = stream.read(_FIRST_BYTES)
        if first and self._sign not in first:
            raise BadInput(
                f"{self._option} {self.path} exists and is no {self._what}: "
                "give another name, or delete it first"
            )

    def _cure(self, error: Exception) -> str:
        reason = getattr(error, "strerror", None) or str(error)
        return (
            f"{self._option} {self.path} cannot be written ({reason}): "
            "give a file in a folder of yours"
        )
