"""One change of a fleet's identities: its files, its secrets and its line in the audit log.

All of it is on the disk, or none of it is there.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from nodewright import audit
from nodewright.fleet.finding import WriteFailed
from nodewright.fleet.secret import Secrets
from nodewright.pki.staged import Staged


class Deed:
    """What is to change.  The caller holds the fleet's lock."""

    def __init__(self, folder: Path, secrets: Secrets) -> None:
        self._folder, self._secrets = folder, secrets
        self._public: dict[str, str] = {}
        self._new: dict[str, SecretStr] = {}

    def public(self, file: str, text: str) -> None:
        """A file relative to the fleet's folder, new or replaced."""
        self._public[file] = text

    def secret(self, name: str, value: SecretStr) -> None:
        """A secret that is not there yet."""
        self._new[name] = value

    def commit(
        self, what: str, node: str | None, facts: Mapping[str, Any], now: datetime
    ) -> list[str]:
        """Do it; the files, relative to the fleet's folder.

        Raises WriteFailed, WrongPassphrase, AuditDamaged: then nothing has changed.
        """
        before_bytes = audit.length(self._folder)
        made: list[Path] = []
        with Staged() as staged:
            try:
                for file, text in self._public.items():
                    staged.add(self._folder / file, text)
                for name, value in self._new.items():
                    made.append(self._secrets.write(name, value))
                audit.append(self._folder, what, node, facts, now)
            except BaseException:
                _remove(made)
                raise
            try:
                staged.commit()
            except WriteFailed:
                # A rename that follows another one does not fail for want of space.  If it does,
                # the deed stays in the log, `nodewright audit` tells, and to do it again mends it.
                if not staged.begun:
                    _remove(made)
                    audit.take_back(self._folder, before_bytes)
                raise
        return [*self._public, *(path.relative_to(self._folder).as_posix() for path in made)]


def _remove(paths: list[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink()
