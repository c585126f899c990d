"""Drawings of a certificate: a waveform, a QR code, how much of a limit is left."""

import math
from collections.abc import Sequence

import numpy as np
import segno

from nodewright.page.axis import axis
from nodewright.page.curve import UNITS, envelope, path
from nodewright.page.markup import Markup, tag

_COLUMNS = 220  # a plot is a quarter of a page wide
_HEADROOM = 1.1
_QUIET = 4  # modules of margin: ISO/IEC 18004, 6.3.8


def waveform(samples: Sequence[float], label: str) -> Markup:
    """Samples over their numbers, stretched to its place; what is no number is left out."""
    values = np.asarray(samples, dtype=np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        values = np.zeros(1)
    top = _HEADROOM * max(float(np.abs(values).max()), 1e-12)
    across = axis(0.0, float(max(len(values) - 1, 1)), 4)
    up = axis(-top, top, 2)
    curve = path(*envelope(np.arange(len(values), dtype=float), values, _COLUMNS), across, up)
    return tag(
        "svg",
        tag("path", d=f"M0 {UNITS // 2}h{UNITS}", class_="zero"),
        tag("path", d=curve, class_="curve"),
        viewBox=f"0 0 {UNITS} {UNITS}",
        preserveAspectRatio="none",
        role="img",
        aria_label=label,
    )


def qr_code(text: str) -> Markup:
    """A QR code with its quiet zone, as many units wide as it has modules."""
    # M: it is still read with 15 % of it under dirt or glare (ISO/IEC 18004, 6.5.1).
    rows = segno.make(text, error="m", micro=False, boost_error=False).matrix
    size = len(rows) + 2 * _QUIET
    parts = []
    for y, row in enumerate(rows, _QUIET):
        for start, length in _runs(row):
            parts.append(f"M{start + _QUIET} {y}h{length}v1h-{length}z")
    return tag(
        "svg",
        tag("path", d="".join(parts)),
        viewBox=f"0 0 {size} {size}",
        shape_rendering="crispEdges",
        role="img",
        aria_label=f"QR code: {text}",
        class_="qr",
    )


def bar(margin: float | None) -> Markup | None:
    """How much of a limit is left, 0 to 1, as a bar; missed ones are full and red."""
    if margin is None or not math.isfinite(margin):
        return None
    share = min(abs(margin), 1.0)
    width = f"width:{100 * share:.0f}%"
    return tag(
        "span",
        tag("span", style=width, class_="bad" if margin < 0 else None),
        class_="bar",
        aria_hidden="true",
    )


def _runs(row: Sequence[int]) -> list[tuple[int, int]]:
    """(start, length) of the dark modules of a row."""
    found: list[tuple[int, int]] = []
    for x, dark in enumerate(row):
        if dark and found and sum(found[-1]) == x:
            found[-1] = found[-1][0], found[-1][1] + 1
        elif dark:
            found.append((x, 1))
    return found
