"""The file of `--junit`: from the first moment it says what is known, and never more."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nodewright.errors import NodewrightError
from nodewright.page.target import ReportError, Target

if TYPE_CHECKING:
    from nodewright.validate.junit import Unmade
    from nodewright.validate.result import Validation

_UNFINISHED = "it was not finished: it is still at work, or was ended from outside"


class ResultsFile:
    """A file that another call wrote is replaced at once: a unit that passed may be another one.

    Nothing is done where there is none to write.
    """

    def __init__(self, path: Path | None, command: str, nodes: Sequence[str]) -> None:
        """command: validate or make; nodes: as they were named.  Raises BadInput, ReportError."""
        self._command, self._nodes = command, list(nodes) or ["nodewright"]
        self._file = None
        if path is not None:
            # A file of JUnit's is replaced, nobody else's is: its first line says which it is.
            self._file = Target(path, "--junit", b"<testsuites", "JUnit XML")
            self._say(_UNFINISHED)
        self._told = False

    @contextmanager
    def told(self) -> Iterator[None]:
        """An error that ends this is what the file says, unless it was written before."""
        try:
            yield
        except NodewrightError as error:
            if self._file is not None and not self._told:
                self._say(str(error))
            raise

    def write(self, found: "Sequence[Validation]", unmade: "Sequence[Unmade]" = ()) -> None:
        """Raises ReportError."""
        from nodewright.validate import junit

        if self._file is not None:
            self._told = True
            self._file.write(junit.build(found, unmade))

    def _say(self, error: str) -> None:
        from nodewright.validate import junit

        assert self._file is not None
        names = [name.partition("=")[0] for name in self._nodes]
        unmade = [
            junit.Unmade("", name, self._command, error, self._command)
            for name in dict.fromkeys(names)
        ]
        self._file.write(junit.build([], unmade))


def discard(option: str, file: Target) -> None:
    """Away with a copy that an earlier call made.  Raises ReportError."""
    try:
        file.path.resolve().unlink(missing_ok=True)
    except OSError as error:
        raise ReportError(option, file.path, error.strerror or str(error)) from error
