"""A recording through the node's feature code, each value beside its reference.

The reference is computed from the very digits that the node's code got, so that what is compared
is the code and not the rounding of the recording.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodewright import offline, reference
from nodewright.errors import BadInput
from nodewright.floor import REASON, Floor
from nodewright.readings import order_readings
from nodewright.records import UNITS, Recording
from nodewright.reference.lines import LEAST_PERIODS, strongest_lines
from nodewright.reference.spectrum import Spectrum, spectrum_of
from wire import features, iso20816

LEAST_WINDOW, MOST_WINDOW = 256, 4096
_INT16 = (-32768, 32767)
_PEAK_DIGITS = 28_000  # of a recording that is scaled to int16: 1.4 dB below the rail
_LEAST_G_PER_DIGIT = 1e-9
_WHOLE = 1e-6  # a stored whole number, times the scale and divided by it again, errs far less
_LINE = re.compile(r"line[1-9]\d*_(hz|g)")
_ORDER = re.compile(r"order([1-9]\d*)_mm_s")
_LINE_HZ = re.compile(r"line[1-9]\d*_hz")
_NUMBERED = re.compile(r"(line[1-9]\d*_(hz|g)|order[1-9]\d*_mm_s|band[1-4]_g)")
_RANKS = 12  # lines of the reference among which a line of the node may be found
_MM_S2_PER_G = 9806.65
_FAINT = 0.01  # lines below -40 dB of the strongest are promised nothing
_FLAT_BINS, _FLAT_SHARE = 3, 0.01  # within which no line can be told from its surroundings
_EDGE_BINS = 0.05  # what a line's frequency may err: reference.tolerance
_SAME_LINE_BINS = 2.0  # lines stand at least 4 bins apart


@dataclass(frozen=True)
class Digits:
    """Channels as a sensor would have given them.

    digits: int16[n, channels]; g_per_digit: of each channel; stored: True where they are the
    file's own numbers.
    """

    digits: NDArray[np.int16]
    g_per_digit: tuple[float, ...]
    stored: bool


@dataclass(frozen=True)
class Point:
    """One value beside its reference; None where one of them withholds it, for the reason.

    deviation, tolerance: in the unit.  ok: within the tolerance, or withheld by both; None where
    nothing is promised, as of lines below -40 dB of the strongest.  marked: the value holds with
    this reservation.
    """

    key: str
    unit: str
    value: float | None
    reference: float | None
    deviation: float | None
    tolerance: float | None
    ok: bool | None
    withheld: str | None = None
    reference_withheld: str | None = None
    note: str | None = None
    marked: str | None = None


@dataclass(frozen=True)
class Spread:
    """How a value scatters over blocks: its 16 to 84 % interval; n: blocks that gave it."""

    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Channel:
    """All values of one channel: of one block, or medians of several (`several.combine`).

    starts: samples into the recording; spreads: by key, of several blocks only.
    """

    name: str
    starts: tuple[int, ...]
    g_per_digit: float
    points: tuple[Point, ...]
    spreads: Mapping[str, Spread] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return all(point.ok is not False for point in self.points)

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it: one object a column of the table, by key."""

        def column(name: str) -> dict[str, Any]:
            cells = {point.key: getattr(point, name) for point in self.points}
            return {key: value for key, value in cells.items() if value is not None}

        spreads = {key: asdict(spread) for key, spread in self.spreads.items()}
        return {
            "channel": self.name,
            "ok": self.ok,
            "starts": list(self.starts),
            "g_per_digit": self.g_per_digit,
            "features": column("value"),
            "reference": column("reference"),
            "deviation": column("deviation"),
            "tolerance": column("tolerance"),
            "verdict": {point.key: point.ok for point in self.points},
            "withheld": column("withheld"),
            "reference_withheld": column("reference_withheld"),
            "marked": column("marked"),
            "notes": column("note"),
            "units": {point.key: point.unit for point in self.points},
            **({"spread": spreads} if spreads else {}),
        }


def check_window(window: int) -> None:
    """Raises BadInput for a length that no node has."""
    if not LEAST_WINDOW <= window <= MOST_WINDOW or window & (window - 1):
        raise BadInput(
            f"a window of {window} samples cannot be: a power of two from {LEAST_WINDOW} "
            f"to {MOST_WINDOW} is needed"
        )


def largest_window(length: int) -> int:
    """The largest window that so many samples hold.  Raises BadInput for too few."""
    window: int = 1 << max(0, min(length, MOST_WINDOW).bit_length() - 1)
    check_window(window)
    return window


def to_digits(recording: Recording, given_unit: str = "g") -> Digits:
    """The recording as int16: its own numbers where they are such, else scaled with headroom.

    given_unit: the one that the recording was read with.  Raises BadInput for values that no
    accelerometer gives.
    """
    samples = recording.samples
    step = recording.source.scale * UNITS[given_unit][1]
    if recording.source.format == "wav":
        step /= 32768.0  # its whole numbers come as parts of full scale
    if _LEAST_G_PER_DIGIT <= step < 1.0:
        stored = samples / step
        whole = np.rint(stored)
        if np.all(np.abs(stored - whole) <= _WHOLE) and _fits(whole):
            return Digits(whole.astype(np.int16), (step,) * samples.shape[1], True)
    peaks = np.max(np.abs(samples), axis=0)
    steps = np.maximum(peaks / _PEAK_DIGITS, _LEAST_G_PER_DIGIT)
    if not np.all(steps < 1.0):
        raise BadInput(
            f"{recording.source.path}: a peak of {peaks.max():.4g} g is none of an accelerometer; "
            "check scale and unit"
        )
    digits = np.rint(samples / steps).astype(np.int16)
    return Digits(digits, tuple(float(step) for step in steps), False)


def _fits(whole: NDArray[np.float64]) -> bool:
    return bool(whole.min() >= _INT16[0] and whole.max() <= _INT16[1])


def cut(digits: Digits, rate_hz: float, window: int, starts: Sequence[int]) -> list[offline.Block]:
    """The blocks of all channels: those of the first start, then those of the next.

    starts: samples into `digits`, which must hold the whole of each window.
    """
    check_window(window)
    return [
        offline.Block(digits.digits[start : start + window, axis].copy(), g_per_digit, rate_hz)
        for start in starts
        for axis, g_per_digit in enumerate(digits.g_per_digit)
    ]


def default_keys(bands: int = 0) -> tuple[str, ...]:
    """The features of one channel of vibration with so many set bands, and of nothing else."""
    left_out = (
        "cur_",
        "temp_",
        "env_",
        "bearing_",
        *(f"band{rank}_" for rank in range(bands + 1, 5)),
    )
    return tuple(key for key in features.KEYS if not key.startswith(left_out))


def judge(
    block: offline.Block,
    told: offline.Values,
    keys: Sequence[str],
    shaft_hz: float | None = None,
    bands: Sequence[tuple[float, float]] = (),
    machine: tuple[int, str] | None = None,
) -> tuple[Point, ...]:
    """What the node's code told of a block, held against the reference of the same digits.

    shaft_hz: the speed that the node was given.  Without one the reference, too, takes orders at
    the speed that the node found.  bands, machine: what the node was given.
    """
    samples = block.digits.astype(np.float64) * block.g_per_digit
    wanted = [key for key in keys if _has_reference(key)]
    if any(_NUMBERED.fullmatch(key) for key in keys):
        ranks = range(1, _RANKS + 1)
        lines = (key for rank in ranks for key in (f"line{rank}_hz", f"line{rank}_g"))
        wanted += [key for key in lines if key not in keys]
    found_hz = told.values.get("shaft_hz") if shaft_hz is None else shaft_hz
    expected = reference.compute(samples, block.rate_hz, wanted, shaft_hz=found_hz, bands=bands)
    if shaft_hz is None and "shaft_hz" in wanted:
        # Of the speed itself the reference says what it can say without being told.
        expected = _with_speed(expected, reference.compute(samples, block.rate_hz, ["shaft_hz"]))
    elif "shaft_hz" in told.withheld:
        # A speed that was given is measured by nobody: the record is too short to use it.
        expected = _with_speed(expected, reference.Result({}, {"shaft_hz": "given"}))
    floor = Floor(samples, block.rate_hz, found_hz)
    expected = _with_edge_lines(expected, told, floor.spectrum)
    points = tuple(
        _unless_flat(_point(key, block, told, expected, found_hz, floor), block, told, expected)
        for key in keys
    )
    if machine is None:
        return points
    limits = iso20816.limits(*machine)
    velocity = next((point for point in points if point.key == "vel_rms_mm_s"), None)
    return tuple(_zone(point, velocity, limits) for point in points)


def _zone(point: Point, velocity: Point | None, limits: tuple[float, float, float]) -> Point:
    """The zone beside that of the reference's velocity; on a limit either zone is right."""
    if point.key != "zone" or point.value is None or velocity is None:
        return point
    should, bound = velocity.reference, velocity.tolerance
    if should is None or bound is None:
        return point
    ok = any(
        point.value == iso20816.zone(value, limits)
        for value in (should - bound, should, should + bound)
    )
    expected = float(iso20816.zone(should, limits))
    return replace(
        point,
        reference=expected,
        deviation=point.value - expected,
        tolerance=0.0,
        ok=ok,
        note=None,
    )


def _with_speed(result: reference.Result, speed: reference.Result) -> reference.Result:
    values = {key: value for key, value in result.values.items() if key != "shaft_hz"}
    return reference.Result(values | speed.values, result.withheld | speed.withheld, result.marked)


def _with_edge_lines(
    result: reference.Result, told: offline.Values, spectrum: Spectrum
) -> reference.Result:
    """The lines of the reference, those on the limit of four periods as the node has them.

    A line of four periods to within what its frequency may err is one by a rounding: as a shaft of
    25 Hz in 0.16 s.  Whether it counts is the node's to say, what it is remains the reference's.
    """
    lines = strongest_lines(spectrum, LEAST_PERIODS - _EDGE_BINS)
    edge = [line for line in lines if line.periods <= LEAST_PERIODS + _EDGE_BINS]
    if not edge or "line1_hz" not in {**result.values, **result.withheld}:
        return result
    told_hz = [value for key, value in told.values.items() if _LINE_HZ.fullmatch(key)]
    missing = [
        line
        for line in edge
        if all(abs(hz - line.frequency_hz) > spectrum.bin_hz for hz in told_hz)
    ]
    kept = [line for line in lines if line not in missing]
    values = {key: value for key, value in result.values.items() if not _LINE.fullmatch(key)}
    withheld = {key: why for key, why in result.withheld.items() if not _LINE.fullmatch(key)}
    for rank in range(1, _RANKS + 1):
        if rank <= len(kept):
            values[f"line{rank}_hz"] = kept[rank - 1].frequency_hz
            values[f"line{rank}_g"] = kept[rank - 1].amplitude_g
        else:
            withheld |= {f"line{rank}_hz": "no_line", f"line{rank}_g": "no_line"}
    return reference.Result(values, withheld, result.marked)


def _has_reference(key: str) -> bool:
    return key in reference.DEFAULT_KEYS or _NUMBERED.fullmatch(key) is not None


def _point(
    key: str,
    block: offline.Block,
    told: offline.Values,
    expected: reference.Result,
    shaft_hz: float | None,
    floor: Floor,
) -> Point:
    unit = features.row(key)[2]
    value, withheld, mark = told.values.get(key), told.withheld.get(key), told.marked.get(key)
    bin_hz = block.rate_hz / len(block.digits)
    values = _counterparts(key, told.values, expected.values, bin_hz)
    should, reason = values.get(key), expected.withheld.get(key)
    if value is None and withheld is None:
        note = f"the node's code gave {told.wrong.get(key, 'nothing')}"
        return Point(key, unit, None, should, None, None, False, None, reason, note)
    if value is not None and (not _has_reference(key) or reason == "no_speed"):
        return Point(key, unit, value, None, None, None, None, note="no reference", marked=mark)
    if key.startswith("order") and shaft_hz is not None:
        readings = order_readings(floor.spectrum, shaft_hz, int(key[5]))
        if value is None and None in readings:
            should, reason = None, "too_short"
        elif value is not None and (known := [each for each in readings if each is not None]):
            should = min(known, key=lambda each: abs(each - value))
            values = {**values, key: should}
    height = should if not key.startswith("line") else _amplitude_g(key, values, shaft_hz)
    if height is not None and floor.withholds(key, height, withheld):
        should, reason = None, REASON
    if value is None or should is None:
        agreed = value is None and should is None
        return Point(key, unit, value, should, None, None, agreed, withheld, reason)
    bound = reference.tolerance(key, values, g_per_digit=block.g_per_digit, bin_hz=bin_hz)
    deviation = value - should
    if _is_faint(key, values, shaft_hz):
        why = "under -40 dB"
        return Point(key, unit, value, should, deviation, bound, None, note=why, marked=mark)
    # A reservation of the reference must be one of the node, which may know of more.
    ok = abs(deviation) <= bound and (mark is not None or key not in expected.marked)
    missing = None
    if mark is None and key in expected.marked:
        missing = f"not marked: {expected.marked[key]}"
    return Point(key, unit, value, should, deviation, bound, ok, note=missing, marked=mark)


def _counterparts(
    key: str, told: Mapping[str, float], expected: Mapping[str, float], bin_hz: float
) -> Mapping[str, float]:
    """The reference's values, those of a line replaced by the line of its frequency.

    Ranks of lines of like height swap by a rounding: they are compared by frequency, not by rank.
    Where the reference has no line within two bins, the node's line stands against that of its
    rank: both are the rounding's own, or the node's is wrong.
    """
    line = _LINE.fullmatch(key)
    frequency_hz = told.get(f"{key.partition('_')[0]}_hz")
    if line is None or frequency_hz is None:
        return expected
    known = [f"line{rank}" for rank in range(1, _RANKS + 1) if f"line{rank}_hz" in expected]
    if not known:
        return expected
    nearest = min(known, key=lambda name: abs(expected[f"{name}_hz"] - frequency_hz))
    if abs(expected[f"{nearest}_hz"] - frequency_hz) > _SAME_LINE_BINS * bin_hz:
        return expected
    return {
        **expected,
        key: expected[f"{nearest}_{line[1]}"],
        "height_g": expected[f"{nearest}_g"],
    }


def _unless_flat(
    point: Point, block: offline.Block, told: offline.Values, expected: reference.Result
) -> Point:
    """A line that is wrong, but in a spectrum where no line stands out, as of a single spike.

    Which of such bins is the greatest, and whether any is, is a matter of rounding.
    """
    if point.ok is not False or _LINE.fullmatch(point.key) is None:
        return point
    name = point.key.partition("_")[0]
    found_hz = told.values.get(f"{name}_hz", expected.values.get(f"{name}_hz"))
    if found_hz is None:
        return point
    spectrum = spectrum_of(block.digits.astype(np.float64) * block.g_per_digit, block.rate_hz)
    at = spectrum.nearest_bin(found_hz)
    around = spectrum.amplitude_g[max(0, at - _FLAT_BINS) : at + _FLAT_BINS + 1]
    flat = around.size > 0 and float(np.ptp(around)) <= _FLAT_SHARE * float(around.max())
    return replace(point, ok=None, note="no clear line") if flat else point


def _is_faint(key: str, values: Mapping[str, float], shaft_hz: float | None) -> bool:
    """Whether it is a line or an order under -40 dB of the strongest line."""
    height_g = _amplitude_g(key, values, shaft_hz)
    return height_g is not None and height_g < _FAINT * values.get("line1_g", 0.0)


def _amplitude_g(key: str, values: Mapping[str, float], shaft_hz: float | None) -> float | None:
    """The amplitude in g of a line or an order; None for other values."""
    line, order = _LINE.fullmatch(key), _ORDER.fullmatch(key)
    if line is not None:
        return values.get("height_g", values.get(f"{key.partition('_')[0]}_g"))
    if order is None or key not in values:
        return None
    omega = 2.0 * math.pi * int(order[1]) * (shaft_hz or 0.0)
    return values[key] * math.sqrt(2.0) * omega / _MM_S2_PER_G
