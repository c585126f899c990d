"""A node's files for CPython: what an image holds, with the firmware as source."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from nodewright.data import firmware_dir
from nodewright.image import PACKAGES, SOURCES, settings_files
from wire import VERSION


def source_files(settings: Mapping[str, Any]) -> dict[str, bytes]:
    """All files of a node by their absolute paths; version.json holds the SHA-256 of the others.

    Its "mpy" and "arch" are null: nothing is compiled.
    """
    root = firmware_dir()
    paths = [path for name in PACKAGES for path in (root / name).rglob("*.py")]
    paths += [root / name for name in SOURCES]
    files = {"/" + path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
    files |= settings_files(settings)
    digests = {path: hashlib.sha256(data).hexdigest() for path, data in sorted(files.items())}
    about = {"version": VERSION, "mpy": None, "arch": None, "sha256": digests}
    files["/version.json"] = _dump(about)
    return dict(sorted(files.items()))


def _dump(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, sort_keys=True, separators=(",", ":")) + "\n").encode()
