"""One curve over its axes, as both ways of drawing take it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nodewright.page.axis import Axis


@dataclass(frozen=True)
class Panel:
    """One curve over its axes.

    x, y: float64, thinned so that no peak is lost; note: the panel's most telling fact; label:
    the panel in a sentence.
    """

    channel: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    across: Axis
    up: Axis
    note: str
    label: str
