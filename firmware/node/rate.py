"""What the records before have told of each sensor's true rate, kept on flash.

A short record times its samples by few stamps; a thousand of them know better.  Each sensor and
rate has two sums, of samples and of microseconds, which forget: after _MEMORY_US of capture a
record counts for a third.  What temperature does to a sensor's clock is followed, and stated.

Flash wears: a file of under 1.5 KB is written when an estimate has become new or better, after
8, 16, 32 … 4096 records since the last writing, and at each 4096 then: at a record a second 21
times a day.  A board of 100,000 erasures a block, spread by LittleFS over more than 100 blocks,
lasts a thousand years of that.
"""

import json
import os

from micropython import const

from node import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.record import Record

_VERSION = const(1)
_MOST_KEYS = const(16)
_MOST_BYTES = const(4096)  # a file that is longer is not ours
_MEMORY_US = const(600_000_000)  # of capture
_LEAST_US = const(1_000)  # a record that was timed for less says nothing
_FLOOR_PPM = 30.0  # the node's own clock, a crystal; drift within one record
# A sensor's clock against its own average: 0.5 % are 25 to 50 K of an RC oscillator's drift.
_DRIFT_PPM = 5000.0
_HALF_WIDTH = 2.0  # standard deviations that are stated
_PART = const(32)  # deviations are averaged over so many records
_CONVINCED = const(3)  # records in a row dispute an estimate and agree: another chip sits there
_FIRST_WAIT, _LONGEST_WAIT = 8, 4096  # records between two writings

# Of an estimate: samples, microseconds, records that count, mean deviation of a record from it
# (ppm), mean size of that, and of a dispute: how many records, their samples, microseconds.
_SAMPLES, _US, _COUNT, _LEAN, _SCATTER, _DISPUTES, _OTHER_SAMPLES, _OTHER_US = range(8)
_KEPT = const(5)  # of them are on flash


class Rates:
    """The estimates of all sensors.  path: of the file, with its folder.

    A file that is missing, unreadable or garbage is an empty one.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._known: "dict[str, list[float]]" = {}
        self._since = 0  # records since the last writing
        self._wait = _FIRST_WAIT
        try:
            if os.stat(path)[6] <= _MOST_BYTES:
                with open(path) as file:
                    self._load(json.load(file))
        except (OSError, ValueError):
            pass  # what is not known is measured again
        self._saved = self._summary()

    def _load(self, held: "Any") -> None:
        if not isinstance(held, dict) or held.get("v") != _VERSION:
            return
        rates = held.get("rates")
        if not isinstance(rates, dict):
            return
        for key in rates:
            row = rates[key]
            if isinstance(key, str) and _plausible(key, row) and len(self._known) < _MOST_KEYS:
                self._known[key] = [float(value) for value in row] + [0.0, 0.0, 0.0]

    def rate_hz(self, sensor: str, odr_hz: float) -> "tuple[float, float] | None":
        """The sensor's rate and by how much it may be wrong (ppm); None where nothing is known."""
        row = self._known.get(_key(sensor, odr_hz))
        if row is None:
            return None
        # Jitter averages out; what leans to one side is drift, behind which the sums remain.
        ppm = _FLOOR_PPM + _HALF_WIDTH * row[_SCATTER] / row[_COUNT] ** 0.5 + abs(row[_LEAN])
        return row[_SAMPLES] * 1e6 / row[_US], ppm

    def judge(self, sensor: str, record: "Record") -> None:
        """Let a record know what is known, and learn from it.

        Writes its known_hz, known_ppm and disputed.  A record which lost samples teaches nothing.
        """
        known = self.rate_hz(sensor, record.odr_hz)
        if known is not None:
            record.known_hz, record.known_ppm = known
            if record.span_us:
                away_ppm = abs(record.measured_hz / known[0] - 1) * 1e6
                most_ppm = _DRIFT_PPM + known[1] + record.measured_ppm
                record.disputed = away_ppm > most_ppm
        if not (record.overruns or record.gaps):
            self.update(sensor, record.odr_hz, record.new_samples, record.new_us)

    def update(self, sensor: str, odr_hz: float, span_samples: int, span_us: int) -> None:
        """So many samples of an unbroken row took so long: each span once."""
        if span_us < _LEAST_US or not 0.5 < span_samples * 1e6 / span_us / odr_hz < 2:
            return
        self._since += 1
        key = _key(sensor, odr_hz)
        row = self._known.get(key)
        if row is None:
            if len(self._known) >= _MOST_KEYS:
                self._known.pop(min(self._known, key=lambda name: self._known[name][_COUNT]))
            self._begin(key, span_samples, span_us)
            return
        away_ppm = (span_samples / span_us * row[_US] / row[_SAMPLES] - 1) * 1e6
        # A span of few samples is as jittery as one period is long.
        jitter_ppm = 1e6 / span_samples
        if abs(away_ppm) > _DRIFT_PPM + jitter_ppm + row[_SCATTER]:
            self._dispute(key, row, span_samples, span_us)
            return
        row[_DISPUTES] = row[_OTHER_SAMPLES] = row[_OTHER_US] = 0.0
        self._learn(row, away_ppm, span_samples, span_us)

    def _begin(self, key: str, samples: float, us: float) -> None:
        # Until it has been seen how they scatter: the jitter of one period.
        self._known[key] = [samples, us, 1.0, 0.0, 1e6 / samples, 0.0, 0.0, 0.0]

    def _learn(self, row: "list[float]", away_ppm: float, samples: int, us: int) -> None:
        keep = max(0.0, 1 - us / _MEMORY_US)
        row[_SAMPLES] = row[_SAMPLES] * keep + samples
        row[_US] = row[_US] * keep + us
        row[_COUNT] = row[_COUNT] * keep + 1
        row[_LEAN] += (away_ppm - row[_LEAN]) / min(row[_COUNT], _PART)
        row[_SCATTER] += (abs(away_ppm) - row[_SCATTER]) / min(row[_COUNT], _PART)

    def _dispute(self, key: str, row: "list[float]", samples: int, us: int) -> None:
        """A record that cannot be of this clock.  Several that agree: the clock is another one."""
        if row[_OTHER_US]:
            other = row[_OTHER_SAMPLES] / row[_OTHER_US] * us / samples
            if abs(other - 1) * 1e6 > _DRIFT_PPM:
                row[_DISPUTES] = row[_OTHER_SAMPLES] = row[_OTHER_US] = 0.0
        row[_DISPUTES] += 1
        row[_OTHER_SAMPLES] += samples
        row[_OTHER_US] += us
        if row[_DISPUTES] >= _CONVINCED:
            self._begin(key, row[_OTHER_SAMPLES], row[_OTHER_US])

    def save_if_due(self) -> bool:
        """Write the file if it is time and worth it; whether it was.  Raises OSError.

        The old file stays until the new one is whole.
        """
        if self._since < self._wait:
            return False
        self._since = 0
        self._wait = min(2 * self._wait, _LONGEST_WAIT)
        if not self._worth_it():
            return False
        held = {key: self._known[key][:_KEPT] for key in self._known}
        folder, name = self._path.rsplit("/", 1)
        state.replace(folder, name, json.dumps({"v": _VERSION, "rates": held}))
        self._saved = self._summary()
        return True

    def _summary(self) -> "dict[str, tuple[float, float]]":
        """Rate and uncertainty of each estimate."""
        found = {}
        for key in self._known:
            name, odr = key.rsplit("@", 1)
            known = self.rate_hz(name, float(odr))
            if known is not None:
                found[key] = known
        return found

    def _worth_it(self) -> bool:
        """Something is new, elsewhere than it was said to be, or twice as sure."""
        now = self._summary()
        for key in now:
            hz, ppm = now[key]
            was_hz, was_ppm = self._saved.get(key, (0.0, 0.0))
            if abs(hz - was_hz) * 1e6 > was_ppm * hz or 2 * ppm < was_ppm:
                return True
        return False


def _key(sensor: str, odr_hz: float) -> str:
    return "%s@%s" % (sensor, float(odr_hz))


def _plausible(key: str, row: "Any") -> bool:
    """Whether a row of the file can be an estimate for its key."""
    try:
        odr_hz = float(key.rsplit("@", 1)[1])
    except (IndexError, ValueError):
        return False
    if not isinstance(row, list) or len(row) != _KEPT:
        return False
    for value in row:
        if not isinstance(value, (int, float)) or not -1e15 < value < 1e15:
            return False
    if not (row[_SAMPLES] > 0 and row[_US] >= _LEAST_US and row[_COUNT] >= 1):
        return False
    ratio = row[_SAMPLES] * 1e6 / row[_US] / odr_hz if odr_hz > 0 else 0
    return 0.5 < ratio < 2 and 0 <= row[_SCATTER] < 1e6 and abs(row[_LEAN]) < 1e6
