"""What a reader found is made physical: scale, unit and rate, by the file or by the user."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nodewright.records.recording import MOST_RATE_HZ, RecordingError, Table, default_names
from nodewright.records.timebase import find_clock, is_even
from nodewright.records.units import UNITS

_LEAST_TIMES = 16
_SHORT = 4096
_MOST_LIKELY_G = 400.0  # the most that features of a node have room for: wire.features


def without_times(table: Table) -> Table:
    """The table without its first column where that is times, which then give the rate."""
    values = table.values
    if values.shape[1] < 2 or len(values) < _LEAST_TIMES or not is_even(values[:, 0]):
        return table
    clock = find_clock((), values.astype(np.float64))
    return replace(
        table,
        values=values[:, 1:],
        names=default_names(values.shape[1] - 1),
        rate_hz=clock.rate_hz,
        needs_rate=clock.problem,
        notes=table.notes + clock.notes,
    )


def factor_of(path: Path, table: Table, values: NDArray[np.generic], scale: float | None) -> float:
    """Unit per stored number.  Raises RecordingError where the numbers need one and have none."""
    if scale is None:
        wrong = table.needs_scale
        if not wrong and not table.units and _counts(values):
            wrong = f"the values are whole numbers, stored as {values.dtype}"
        if wrong:
            raise RecordingError(
                path, wrong, "give their scale with --scale (1 if they are physical)"
            )
        return 1.0
    if not math.isfinite(scale) or scale == 0.0:
        raise RecordingError(path, f"scale {scale} cannot be", "give the unit per stored number")
    return float(scale)


def _counts(values: NDArray[np.generic]) -> bool:
    """Whether real numbers are a converter's counts: whole throughout, and not all the same."""
    for part in (values[:_SHORT], values):  # most are not, and say so soon
        real = part.astype(np.float64, copy=False)
        if not np.array_equal(real, np.rint(real)):
            return False
    return bool(np.ptp(real) > 0.0)


def unit_of(
    path: Path,
    table: Table,
    picked: Sequence[int],
    asked: str | None,
    scale: float | None,
) -> tuple[str, tuple[str, ...]]:
    """The unit of the values after scaling, with a note where the file's header decides it.

    With a scale the header says nothing: it is the user who says what a number stands for.
    """
    if scale is not None:
        return asked or "g", ()
    told = [table.units[index] for index in picked] if table.units else []
    for index, unit in zip(picked, told, strict=False):
        if unit and unit not in UNITS:
            raise RecordingError(
                path,
                f"channel {table.names[index]!r} is in {unit} by its header",
                f"choose others with --channel, or give --scale (g per {unit})",
            )
    stated = {unit or "g" for unit in told} if any(told) else set()
    if len(stated) > 1:
        raise RecordingError(
            path,
            f"its channels are in {', '.join(sorted(stated))} by their header",
            "choose those of one unit with --channel",
        )
    if not stated:
        if table.whole and all(table.whole[index] for index in picked):
            raise RecordingError(
                path,
                "the values are whole numbers, and no header states their unit",
                "give their scale with --scale (1 if they are physical)",
            )
        return asked or "g", ()
    (unit,) = stated
    if asked not in (None, unit):
        raise RecordingError(
            path,
            f"its channels are in {unit} by their header, and --unit says {asked}",
            f"leave --unit out, or give --scale ({asked} per number) if the header is wrong",
        )
    return unit, () if unit == "g" else (f"values are in {unit} by their header",)


def in_unit(
    path: Path, values: NDArray[np.generic], factor: float, start: int, picked: Sequence[int]
) -> NDArray[np.float64]:
    with np.errstate(over="ignore", invalid="ignore"):
        samples: NDArray[np.float64] = np.multiply(values, factor, dtype=np.float64)
    finite = np.isfinite(samples)
    if not finite.all():
        row, column = (int(place[0]) for place in np.nonzero(~finite))
        raise RecordingError(
            path,
            f"sample {start + row} of channel {picked[column]} is {values[row, column]} "
            f"({np.count_nonzero(~finite)} such in all)",
            "cut them out; a gap must not be filled by guessing",
        )
    return samples


def rate_of_table(
    path: Path, table: Table, given_hz: float | None
) -> tuple[float, tuple[str, ...]]:
    rate_hz = table.rate_hz if given_hz is None else given_hz
    if rate_hz is None:
        raise RecordingError(
            path,
            table.needs_rate or "it does not say its sample rate",
            "give the rate with --rate-hz",
        )
    if not (math.isfinite(rate_hz) and 0.0 < rate_hz <= MOST_RATE_HZ):
        raise RecordingError(
            path, f"a sample rate of {rate_hz} Hz cannot be", "give the true one with --rate-hz"
        )
    if table.rate_hz is not None and abs(table.rate_hz - rate_hz) > 1e-3 * rate_hz:
        return rate_hz, (f"the file says {table.rate_hz:.6g} Hz; {rate_hz:.6g} Hz is used",)
    return float(rate_hz), ()


def too_strong(samples: NDArray[np.float64], unit: str) -> tuple[str, ...]:
    """A note on values that are rather those of another unit."""
    peak = max(float(samples.max()), -float(samples.min()))
    if unit != "g" or peak <= _MOST_LIKELY_G:
        return ()
    return (f"a peak of {peak:.4g} g is more than machines shake: check scale and unit",)
