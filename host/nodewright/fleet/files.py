"""A file is written whole or not at all: beside its place, then renamed into it."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from nodewright.fleet.finding import WriteFailed

IGNORE, IGNORE_ALL = ".gitignore", b"*\n"


def write_whole(path: Path, data: bytes, mode: int | None = None) -> None:
    """Replace a file's contents, or make it.  Raises WriteFailed; then the old ones are there.

    What is there and is no regular file, as a device, is not replaced: WriteFailed.
    mode: of the file; None: that of the one which is replaced, or what is usual.
    """
    target = path.resolve()
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        if target.exists() and not target.is_file():
            raise WriteFailed(path, "what is there is no regular file")
        if mode is None and target.exists():
            mode = target.stat().st_mode & 0o777
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.chmod(0o666 & ~_umask() if mode is None else mode)
            beside.replace(target)
        except BaseException:
            with suppress(OSError):
                beside.unlink()
            raise
        _sync_folder(target.parent)
    except OSError as error:
        raise WriteFailed(path, error.strerror or str(error)) from None


def write_private(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make a folder that only its owner can read, whole or not at all; no git takes it up.

    files: contents by name.  Raises WriteFailed, also where something is in its place; an empty
    folder there is replaced, where the system renames over one.
    """
    beside = None
    try:
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.absolute().parent))
        for name, data in {IGNORE: IGNORE_ALL, **files}.items():
            write_whole(beside / name, data, 0o600)
        beside.rename(folder)
    except BaseException as error:  # Ctrl-C, too: no key stays behind
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)
        if isinstance(error, WriteFailed):
            raise WriteFailed(folder, error.reason) from None
        if isinstance(error, OSError):
            raise WriteFailed(folder, error.strerror or str(error)) from None
        raise


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    """The new name is on the disk too; where folders cannot be opened, nothing is done."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
