"""Whether a motor runs, by its current; starts, hours and load, kept on flash over resets.

A file of /state, of under 150 bytes: JSON with a checksum, replaced whole or not at all.  It is
written at a start and a stop at once (three in a row, and one more each 10 minutes where they come
faster), and each 10 minutes of running: 147 times a day at most, which a board's flash outlasts
(docs/decisions/0030-current-hints.md).  A power cut loses 10 minutes of running at most, and no
start that is 10 minutes old.
"""

import json
from time import ticks_add, ticks_diff

from micropython import const

from node import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KEYS = ("cur_running", "cur_starts", "cur_run_h", "cur_load_pct")

_VERSION = const(1)
_MOST_BYTES = const(256)
_OFF_PART = 0.8  # of on_a, where no off_a is given
_SECONDS_H = 3600.0
_IN_A_ROW = const(3)  # writings at once
_ANOTHER_MS = const(600_000)  # until there may be one more
_LATE_S = 600.0  # of running that no writing has
# Two records further apart say nothing of the time between: it is not counted.
_MOST_APART_MS = const(3_600_000)
_MOST_STARTS, _MOST_S = 1_000_000_000, 4e9
_PRIME = const(65521)


class Motor:
    """Learns from one record after the other.

    path: the file, its folder is made when something is written; on_a: RMS from which on it runs;
    off_a: below which it stands, None: 0.8 on_a; rated_a: of its plate, None where unknown.
    A file that is missing, torn or another's counts as a motor that never ran.
    Raises ValueError for limits that cannot be.
    """

    def __init__(
        self,
        path: str,
        on_a: float,
        off_a: "float | None" = None,
        rated_a: "float | None" = None,
    ) -> None:
        if off_a is None:
            off_a = _OFF_PART * on_a
        if not 0.0 < off_a <= on_a < 1e6:
            raise ValueError("off_a, on_a: %r, %r are not 0 < off_a <= on_a" % (off_a, on_a))
        if rated_a is not None and not 0.0 < rated_a < 1e6:
            raise ValueError("rated_a: %r is not above 0" % (rated_a,))
        self._folder, _, self._name = path.rpartition("/")
        self._path, self._on_a, self._off_a, self._rated_a = path, on_a, off_a, rated_a
        self.starts = 0
        # Seconds are kept whole and in part: floats of 24 bits hold no year in seconds.
        self._run_s, self._part_ms, self._load_s = 0, 0, 0
        self._load_part = 0.0  # ampere milliseconds that are no whole thousand seconds' yet
        self._state: "bool | None" = None
        self._was = False  # whether it ran when the file was written
        self._last_ticks: "int | None" = None
        self._last_a = 0.0
        self._unsaved_s, self._changed = 0, False
        self._writings = _IN_A_ROW  # that are left
        self._another_ticks: "int | None" = None  # when there will be one more; None: all are left
        self._load()

    def running(self) -> "bool | None":
        """Whether the motor runs; None until a record of this boot has told."""
        return self._state

    def update(self, rms_a: "float | None", ticks_ms: int) -> "str | None":
        """Take one record: `started`, `stopped`, or None.

        rms_a: of the greatest phase; None where it was withheld: nothing changes, and the time up
        to the next record that tells is counted as the state was.
        """
        if rms_a is None or not 0.0 <= rms_a < 1e9:
            return None
        self._count(ticks_ms)
        self._last_ticks, self._last_a = ticks_ms, rms_a
        runs = rms_a >= self._on_a or (rms_a >= self._off_a and self._runs_since())
        before, self._state = self._state, runs
        if before == runs:
            return None
        if runs and (before is not None or not self._was):
            # After a reset a motor that ran before and runs now has not been started.
            self.starts = min(self.starts + 1, _MOST_STARTS)
            self._changed = True
            return "started"
        if not runs and (before is not None or self._was):
            self._changed = True
            return "stopped"
        return None

    def _runs_since(self) -> bool:
        return self._was if self._state is None else self._state

    def _count(self, ticks_ms: int) -> None:
        """The time since the record before, if the motor ran."""
        if not self._state or self._last_ticks is None:
            return
        spent_ms = ticks_diff(ticks_ms, self._last_ticks)
        if not 0 < spent_ms <= _MOST_APART_MS:
            return
        self._part_ms += spent_ms
        self._load_part += self._last_a * spent_ms
        whole = self._part_ms // 1000
        self._part_ms -= whole * 1000
        self._run_s = min(self._run_s + whole, int(_MOST_S))
        self._unsaved_s += whole
        load = int(self._load_part / 1000.0)
        self._load_part -= load * 1000.0
        self._load_s += load

    def values(self, keys: "tuple[str, ...]", out: "Any", withheld: "Any") -> None:
        """Each of the keys (of KEYS) into `out`, or its reason into `withheld`."""
        for key in keys:
            if key == "cur_starts":
                out[key] = float(self.starts)
            elif key == "cur_run_h":
                out[key] = self._run_s / _SECONDS_H
            elif key == "cur_running":
                if self._state is None:
                    withheld[key] = "not_seen"
                else:
                    out[key] = 1.0 if self._state else 0.0
            elif key == "cur_load_pct":
                if self._rated_a is None:
                    withheld[key] = "no_motor"
                elif not self._run_s:
                    withheld[key] = "standing"
                else:
                    out[key] = 100.0 * self._load_s / self._run_s / self._rated_a
            else:
                raise ValueError("%r is none of %s" % (key, ", ".join(KEYS)))

    def save_if_due(self, ticks_ms: int) -> bool:
        """Write the file if it is time and worth it; whether it was.  Raises OSError."""
        if self._another_ticks is not None and ticks_diff(ticks_ms, self._another_ticks) >= 0:
            self._writings += 1
            full = self._writings == _IN_A_ROW
            self._another_ticks = None if full else ticks_add(ticks_ms, _ANOTHER_MS)
        if not self._writings:
            return False
        if not self._changed and self._unsaved_s < _LATE_S:
            return False
        content = [_VERSION, self.starts, self._run_s, self._load_s, int(bool(self._state))]
        text = json.dumps(content + [_sum(content)])
        state.replace(self._folder or "/", self._name, text)
        self._writings -= 1
        if self._another_ticks is None:
            self._another_ticks = ticks_add(ticks_ms, _ANOTHER_MS)
        self._unsaved_s, self._changed = 0, False
        return True

    def _load(self) -> None:
        try:
            with open(self._path) as file:
                content = json.loads(file.read(_MOST_BYTES))
            whole = len(content) == 6 and all(isinstance(part, int) for part in content)
            if not whole or content[0] != _VERSION or content[5] != _sum(content[:5]):
                return
        except (OSError, ValueError, TypeError):
            return  # a motor that never ran
        if not (0 <= content[1] <= _MOST_STARTS and 0 <= content[2] <= _MOST_S):
            return
        if 0 <= content[3] < 1 << 60:
            self.starts, self._run_s, self._load_s = content[1:4]
            self._was = bool(content[4])


def _sum(content: "list[Any]") -> int:
    """Adler's sum of the content as JSON; below 2**30, so that it is a small integer anywhere."""
    low, high = 1, 0
    for byte in json.dumps(content).encode():
        low = (low + byte) % _PRIME
        high = (high + low) % _PRIME
    return (high & 0x3FFF) << 16 | low
