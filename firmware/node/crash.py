"""What becomes of an error that nobody caught: kept on flash, told, and not repeated in haste.

A node restarts after an error of its own, and may have to do so for ever.  Each boot writes to
flash (state.py), so boots that follow upon crashes wait, each longer than the one before.
"""

import json
import os

from micropython import const

from node import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SOUND_MS = 600_000  # a boot that ran so long starts the count of crashes anew

_LONGEST_S = const(300)
_LONGEST_TEXT = const(120)


def last(folder: str = state.FOLDER) -> "dict[str, Any] | None":
    """The last crash since a sound boot: its boot (0: before it was counted), count, error."""
    try:
        with open(folder + "/crash") as file:
            found = json.loads(file.read())
        return {
            "boot": int(found["boot"]),
            "count": int(found["count"]),
            "error": str(found["error"]),
        }
    except (OSError, ValueError, KeyError, TypeError):
        return None


def note(boot: int, error: str, folder: str = state.FOLDER) -> int:
    """Keep a crash of this boot on flash; how many there were in a row.  Raises OSError.

    What is noted twice in one boot (a task stands still, then the watchdog bites) counts once.
    """
    before = last(folder)
    count = 1
    if before is not None:
        count = before["count"] + (0 if boot and before["boot"] == boot else 1)
    state.replace(
        folder, "crash", json.dumps({"boot": boot, "count": count, "error": error[:_LONGEST_TEXT]})
    )
    return count


def forget(folder: str = state.FOLDER) -> None:
    """This boot is sound.  Raises OSError."""
    os.remove(folder + "/crash")


def pause_s(count: int) -> int:
    """How long to wait at boot after so many crashes in a row: 1, 2, 4 … at most 300 s."""
    return min(_LONGEST_S, 1 << min(count, 16) >> 1)
