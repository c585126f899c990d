"""From the settings on flash to a running node, and what becomes of one that fails."""

import asyncio
import binascii
import gc
import hashlib
import json
import sys
import time

from micropython import const

# What loading a module leaves behind would lie between the modules, and cut the heap into pieces.
gc.threshold(4096)

from node import crash, hal, modules  # noqa: E402
from node.app import Node  # noqa: E402
from node.console import event  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_UNSAVED_S = const(5)  # the watchdog may be running: less than it waits


def main() -> None:
    """Run the node until it is interrupted at the serial port.

    With settings that cannot be used it says so, line by line, and leaves the REPL to the person
    who will mend them.  After an error of its own it restarts the board, and waits at its next
    boot, the longer the more often that has happened in a row.
    """
    checked, settings_hash = load()
    if checked is None:
        return
    node = None
    try:
        before = _after_crash()
        node = Node(checked, settings_hash, before)
        gc.threshold(-1)  # all is in its place
        asyncio.run(node.run())
    except KeyboardInterrupt:
        event("interrupted")
        if node is not None:
            node.watchdog.hold()
    except Exception as error:
        # Ours to mend; out there a node that restarts is worth more than one that stands still.
        event("crash", error=repr(error))
        sys.print_exception(error)
        _note(node.boot if node is not None else 0, repr(error))
        hal.reset()


def _after_crash() -> "dict[str, Any] | None":
    """What ended the boot before, once it has been waited for; None: nothing did."""
    before = crash.last()
    if before is not None:
        pause_s = crash.pause_s(before["count"])
        event("after_crash", wait_s=pause_s, **before)
        asyncio.run(_sleep(pause_s))
    return before


async def _sleep(seconds: int) -> None:
    """By asyncio, as MicroPython's own sleep is no coroutine that `run` would take."""
    await asyncio.sleep(seconds)


def _note(boot: int, error: str) -> None:
    """Keep a crash on flash; where that fails, nothing slows the next one down but this."""
    gc.collect()
    try:
        crash.note(boot, error)
    except OSError as unsaved:
        event("crash_unsaved", error=repr(unsaved))
        time.sleep(_UNSAVED_S)


def load(path: str = "/settings.json") -> "tuple[dict[str, Any] | None, str]":
    """(settings, first 8 hex digits of their SHA-256), or (None, "") after saying why not."""
    try:
        with open(path, "rb") as file:
            text = file.read()
        found = json.loads(text)
    except (OSError, ValueError) as error:
        event("settings", path=path, value=repr(error), allowed="settings as JSON")
        return None, ""
    digest = binascii.hexlify(hashlib.sha256(text).digest()).decode()
    if digest != _checked() and _refuse(found):
        return None, ""
    return found, digest[:8]


def _checked() -> str:
    """The SHA-256 of the settings that the host has found good; "" where it has not."""
    try:
        with open("/settings.sha256") as file:
            held: str = file.read(64)
            return held
    except (OSError, ValueError):
        return ""


def _refuse(found: "Any") -> bool:
    """Whether there is an error in settings: each is told."""
    from wire import settings  # here: the rules take heap, which is not to be had again as a whole

    errors = settings.check(found)
    modules.forget("wire.settings", "wire.rules", "wire.chips", "wire.clamps", "wire.keys")
    for where, value, allowed in errors:
        event("settings", path=where, value=value, allowed=allowed)
    return bool(errors)
