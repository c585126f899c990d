"""Samples as the path of an SVG: a page stays small whatever the record's length."""

import numpy as np
from numpy.typing import NDArray

from nodewright.page.axis import Axis

COLUMNS = 600  # that a plot resolves
UNITS = 1000  # a plot's width and height in its own units; it is stretched to its place


def envelope(
    x: NDArray[np.float64], y: NDArray[np.float64], columns: int = COLUMNS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lowest and the highest of each column, in the order in which they come.

    x, y: float64[N].  Returns them as they are up to two samples a column.
    """
    count = len(y)
    if count <= 2 * columns:
        return x, y
    edges = np.linspace(0, count, columns + 1).astype(int)
    picked = []
    for first, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = y[first:end]
        picked += sorted({first + int(np.argmin(part)), first + int(np.argmax(part))})
    return x[picked], y[picked]


def crests(
    x: NDArray[np.float64], y: NDArray[np.float64], columns: int = COLUMNS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The highest of each column: no line of a spectrum is lost.  x, y: float64[N]."""
    count = len(y)
    if count <= 2 * columns:
        return x, y
    edges = np.linspace(0, count, 2 * columns + 1).astype(int)
    picked = [
        first + int(np.argmax(y[first:end]))
        for first, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    ]
    return x[picked], y[picked]


def path(x: NDArray[np.float64], y: NDArray[np.float64], across: Axis, up: Axis) -> str:
    """The `d` of a path: absolute start, then steps relative to what was drawn.

    Steps are taken between rounded places, so that rounding does not add up.
    """
    column = np.rint((x - across.low) / (across.high - across.low) * UNITS * 10).astype(int)
    row = np.rint((up.high - y) / (up.high - up.low) * UNITS).astype(int)
    parts = [f"M{column[0] / 10:g} {row[0]}l"]
    steps = zip(np.diff(column).tolist(), np.diff(row).tolist(), strict=True)
    parts += [f"{dx / 10:g} {dy}" for dx, dy in steps]
    return parts[0] + " ".join(parts[1:])
