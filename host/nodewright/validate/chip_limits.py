"""What a sensor is held against while it lies on a bench: chips.toml, as it is read.

A chip at rest shows its sensitivity times 1 g, and its offset on top. Both have limits of their
maker; that a chip is at both at once is next to impossible, as either is several standard
deviations away. So they are taken as what is independent is: by the root of the sum of squares.
"""

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Accelerometer:
    """offset_g: of x, y, z; sensitivity_pct, rate_pct: either way; noise: least and most share of
    the typical density."""

    offset_g: tuple[float, float, float]
    sensitivity_pct: float
    rate_pct: float
    noise: tuple[float, float]

    def rest_g(self, up: Sequence[float]) -> tuple[float, float]:
        """The least and most that a good chip feels at rest.

        up: where gravity pulls from, as it feels it; of any length but 0.
        """
        length = math.hypot(*up)
        shares = [axis / length for axis in up]
        rows = list(zip(self.offset_g, shares, strict=True))
        along = math.hypot(*(offset * share for offset, share in rows))
        across = math.hypot(*(offset * math.sqrt(1 - share * share) for offset, share in rows))
        spread = math.hypot(self.sensitivity_pct / 100, along)
        # Along gravity an offset counts wholly, across it only makes what is felt longer.
        return 1 - spread, math.hypot(1 + spread, across)

    def scale_found(self, up: Sequence[float]) -> tuple[float, float, float]:
        """From which factors on a wrong scale is seen at rest.

        Below the first or above the second: of a chip that is exact otherwise. Above the third: of
        any good one, its own deviation working against it.
        """
        least, most = self.rest_g(up)
        return least, most, most / least


@cache
def accelerometer(chip: str) -> Accelerometer | None:
    """None for a chip that nobody has entered yet."""
    table = _read()["accelerometers"]
    row = table.get(chip)
    if not isinstance(row, dict):
        return None
    x_g, y_g, z_g = row["offset_g"]
    least, most = table["noise"]
    return Accelerometer((x_g, y_g, z_g), row["sensitivity_pct"], table["rate_pct"], (least, most))


def bench_c() -> tuple[float, float]:
    """What a thermometer may say of a bench, in degrees C."""
    least, most = _read()["thermometers"]["bench_c"]
    return least, most


@cache
def _read() -> dict[str, Any]:
    text = (files("nodewright.validate") / "chips.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
