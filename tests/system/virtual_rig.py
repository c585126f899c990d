"""Virtual boards for tests: a flash image with a few files, a board's description, mpremote."""

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from littlefs import LittleFS

from nodewright.interpreter import find_interpreter
from nodewright.virtual import VirtualBoard

BLOCK_BYTES, PROG_BYTES, READ_BYTES, LOOKAHEAD_BYTES = 4096, 256, 32, 32
HEAP_BYTES = 189_952  # boards/virtual/board.toml
WAIT_S = 20.0
_FS = {
    "block_size": BLOCK_BYTES,
    "prog_size": PROG_BYTES,
    "read_size": READ_BYTES,
    "cache_size": PROG_BYTES,
    "lookahead_size": LOOKAHEAD_BYTES,
}


def image(files: Mapping[str, str], blocks: int = 64) -> bytes:
    """A LittleFS image with these files at its root."""
    fs = LittleFS(block_count=blocks, **_FS)
    for name, text in files.items():
        with fs.open(name, "w") as file:
            file.write(text)
    return bytes(fs.context.buffer)


def read_file(flash: bytes, name: str) -> str:
    """What a file of an image holds."""
    fs = LittleFS(block_count=len(flash) // BLOCK_BYTES, mount=False, **_FS)
    fs.context.buffer[:] = flash
    fs.mount()
    with fs.open(name, "r") as file:
        return str(file.read())


def board(
    main: str,
    *,
    boot: str | None = None,
    flash: bytes | None = None,
    heap_bytes: int = HEAP_BYTES,
    **changes: Any,
) -> VirtualBoard:
    """A board that runs main as /main.py; flash: what is on it in place of boot and main.

    changes: of its description, and of the supervisor.
    """
    supervisor = {
        key: changes.pop(key)
        for key in ("restarts_per_minute", "on_event", "on_line")
        if key in changes
    }
    spec = {
        "name": "bench",
        "unique_id": "e6614c311b7e6f2a",
        "seed": 1,
        "flash": {
            "block_bytes": BLOCK_BYTES,
            "prog_bytes": PROG_BYTES,
            "read_bytes": READ_BYTES,
            "lookahead_bytes": LOOKAHEAD_BYTES,
        },
        "network": {"ssids": {"plant": "secret", "open": None}, "connect_ms": 300},
        "buses": [],
        **changes,
    }
    files = {"main.py": main} if boot is None else {"boot.py": boot, "main.py": main}
    return VirtualBoard(flash or image(files), spec, find_interpreter(), heap_bytes, **supervisor)


def facts(virtual: VirtualBoard, event: str = "done") -> dict[str, str]:
    """The facts of the first event of this name; test programs end with `done`."""
    return virtual.wait_for(event, WAIT_S).facts


def mpremote(virtual: VirtualBoard, *arguments: str) -> str:
    """What `mpremote connect PORT …` prints.  Raises CalledProcessError, TimeoutExpired."""
    return subprocess.run(
        [sys.executable, "-m", "mpremote", "connect", virtual.port, *arguments],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=True,
        stdin=subprocess.DEVNULL,
    ).stdout
