"""Several blocks of a channel as one: medians with their spread, spectra averaged."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from statistics import median_high
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nodewright.examine import Channel, Point, Spread
from nodewright.reference.lines import Line, strongest_lines
from nodewright.reference.spectrum import Spectrum

INTERVAL = "16 to 84 %"  # of the blocks' values: a normal distribution's one sigma on each side
_INTERVAL_PCT = (16.0, 84.0)
_MATCH_BINS = 1.5  # two lines are at least four bins apart
_LEAST_SHARE = 0.5  # of the blocks have a line, or it is none of the record


def averaged(spectra: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """The amplitudes of the mean power.  spectra: float32[N/2] each, in g; at least one."""
    total = np.zeros(len(spectra[0]))
    for amplitude_g in spectra:
        total += amplitude_g.astype(np.float64) ** 2
    return np.asarray(np.sqrt(total / len(spectra)), np.float64)


def combine(blocks: Sequence[Channel], mean_g: NDArray[np.float64], bin_hz: float) -> Channel:
    """One channel's blocks as one channel.

    mean_g: their averaged spectrum, by whose lines the blocks' lines are put together, since their
    ranks swap from block to block.  A value is the median of the blocks that gave it, beside the
    median of the reference for the same blocks; deviation and tolerance are those of the block
    that came closest to the bound or went furthest beyond.
    """
    tables = [{point.key: point for point in block.points} for block in blocks]
    lines = _shared_lines(tables, mean_g, bin_hz)
    points, spreads = [], {}
    for first in blocks[0].points:
        key, samples = first.key, [table[first.key] for table in tables]
        if key.startswith("line"):
            rank, unit = int(key[4]), key.partition("_")[2]
            if rank > len(lines):
                points.append(_without(samples))
                continue
            samples = [table[f"line{its}_{unit}"] for table, its in lines[rank - 1]]
        point = _median(key, samples, len(blocks))
        points.append(point)
        found = [sample.value for sample in samples if sample.value is not None]
        if found:
            # Between two zones is none.
            how: Literal["inverted_cdf", "linear"] = "inverted_cdf" if key == "zone" else "linear"
            low, high = np.percentile(found, _INTERVAL_PCT, method=how)
            spreads[key] = Spread(float(low), float(high), len(found))
    whole = _every_line_right(points, tables)
    starts = tuple(block.starts[0] for block in blocks)
    return Channel(blocks[0].name, starts, blocks[0].g_per_digit, whole, spreads)


def spectrum_of_mean(mean_g: NDArray[np.float64], bin_hz: float) -> Spectrum:
    """An averaged spectrum as the reference's, whose bin N/2 no value is taken from."""
    samples = 2 * len(mean_g)
    amplitude = np.append(mean_g, 0.0)
    return Spectrum(samples, bin_hz * samples, amplitude, amplitude**2 / 3.0)


def _shared_lines(
    tables: Sequence[dict[str, Point]], mean_g: NDArray[np.float64], bin_hz: float
) -> list[list[tuple[dict[str, Point], int]]]:
    """For each line of the mean that enough blocks have: those blocks, and its rank in each."""
    shared = []
    for line in strongest_lines(spectrum_of_mean(mean_g, bin_hz)):
        seen = [(table, rank) for table in tables if (rank := _rank(table, line, bin_hz))]
        if len(seen) >= _LEAST_SHARE * len(tables):
            shared.append(seen)
    return shared


def _rank(table: dict[str, Point], line: Line, bin_hz: float) -> int | None:
    nearest, away_hz = None, _MATCH_BINS * bin_hz
    for rank in range(1, 6):
        point = table.get(f"line{rank}_hz")
        if point is not None and point.value is not None:
            distance_hz = abs(point.value - line.frequency_hz)
            if distance_hz <= away_hz:
                nearest, away_hz = rank, distance_hz
    return nearest


def _median(key: str, samples: Sequence[Point], blocks: int) -> Point:
    given = [point for point in samples if point.value is not None]
    if not given:
        return _without(samples)
    values = [point.value for point in given if point.value is not None]
    references = [point.reference for point in given if point.reference is not None]
    # Of an even number of zones the worse of the middle ones.
    middle = median_high if key == "zone" else np.median
    worst = max(given, key=_share)
    verdicts = {point.ok for point in samples}
    ok = False if False in verdicts else (True if True in verdicts else None)
    bad = next((point for point in samples if point.ok is False), None)
    notes = [] if len(given) == blocks else [f"in {len(given)} of {blocks} blocks"]
    note = (bad or worst).note
    return Point(
        key,
        given[0].unit,
        float(middle(values)),
        float(middle(references)) if references else None,
        worst.deviation,
        worst.tolerance,
        ok,
        reference_withheld=_commonest([point.reference_withheld for point in given]),
        note="; ".join([*notes, *([note] if note else [])]) or None,
        marked=_commonest([point.marked for point in given]),
    )


def _share(point: Point) -> float:
    """How much of its tolerance a block took; nothing where it was not judged."""
    if point.ok is None or point.deviation is None:
        return -1.0
    return abs(point.deviation) / max(point.tolerance or 0.0, 1e-300)


def _without(samples: Sequence[Point]) -> Point:
    """No value: the reason that most blocks have."""
    first = samples[0]
    bad = next((point for point in samples if point.ok is False and point.value is None), None)
    reason = _commonest([point.withheld for point in samples])
    line = first.key.startswith("line")
    return Point(
        first.key,
        first.unit,
        None,
        None,
        None,
        None,
        bad is None,
        withheld=reason or ("no_line" if line and not bad else None),
        reference_withheld=_commonest([point.reference_withheld for point in samples]),
        note=bad.note if bad else None,
    )


def _every_line_right(
    points: Sequence[Point], tables: Sequence[dict[str, Point]]
) -> tuple[Point, ...]:
    """A line that is wrong in some block fails its key, also where no row shows that line."""
    wrong = {key for table in tables for key, point in table.items() if point.ok is False}
    return tuple(
        replace(point, ok=False) if point.key.startswith("line") and point.key in wrong else point
        for point in points
    )


def _commonest(reasons: Sequence[str | None]) -> str | None:
    found = Counter(reason for reason in reasons if reason)
    return found.most_common(1)[0][0] if found else None
