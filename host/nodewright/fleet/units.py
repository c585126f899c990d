"""Quantities as people write them: "10s", "16g", "1480rpm", "3200Hz", "7.94mm"."""

import math
import re
from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Dimension:
    """A kind of quantity: its units with their factors, the first one being that of the result."""

    what: str
    units: dict[str, float]

    @property
    def unit(self) -> str:
        return next(iter(self.units))


TIME = Dimension("time", {"s": 1.0, "ms": 1e-3, "min": 60.0, "h": 3600.0, "d": 86400.0})
ACCELERATION = Dimension("acceleration", {"g": 1.0, "mg": 1e-3})
FREQUENCY = Dimension("frequency", {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6})
SPEED = Dimension("speed", {"rpm": 1 / 60, "Hz": 1.0, "rps": 1.0})  # the result in Hz
LENGTH = Dimension("length", {"mm": 1.0, "cm": 10.0, "in": 25.4})
ANGLE = Dimension("angle", {"deg": 1.0})
SHARE = Dimension("share", {"%": 1.0})
CURRENT = Dimension("current", {"A": 1.0, "mA": 1e-3, "kA": 1e3})
VOLTAGE = Dimension("voltage", {"V": 1.0, "mV": 1e-3})
POWER = Dimension("power", {"kW": 1.0, "W": 1e-3, "MW": 1e3})

_QUANTITY = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z%]*)")


class NoQuantity(Exception):
    """A text is no quantity of a dimension.  cure: what to write."""

    def __init__(self, cure: str) -> None:
        self.cure = cure
        super().__init__(cure)


def parse(value: object, dimension: Dimension) -> float:
    """The number in the dimension's first unit (speed: in Hz).  Raises NoQuantity."""
    units = list(dimension.units)
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise NoQuantity(_no_unit(f"{value:g}", units))
    found = _QUANTITY.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise NoQuantity(f"write a number and its unit in quotes, as {example(dimension)}")
    number, unit = found.groups()
    if not unit:
        raise NoQuantity(_no_unit(number, units))
    if unit not in dimension.units:
        same = [known for known in units if known.lower() == unit.lower()]
        raise NoQuantity(
            f'write "{number}{same[0]}": units have their case'
            if same
            else f"{unit} is no unit of {dimension.what}: {', '.join(units)}"
        )
    result = float(number) * dimension.units[unit]
    if not math.isfinite(result):
        raise NoQuantity("write a number that is finite")
    return result


def example(dimension: Dimension) -> str:
    """A quantity of the dimension as one writes it, in quotes."""
    number = {"speed": "1480", "frequency": "3200", "share": "1"}.get(dimension.what, "10")
    return f'"{number}{next(iter(dimension.units))}"'


def kilobytes(size_bytes: float) -> int:
    """Bytes as whole KB, of 1000 bytes, which is how docs/decisions/0028-heap.md counts memory."""
    return round(size_bytes / 1000)


def _no_unit(number: str, units: list[str]) -> str:
    ways = " or ".join(f'"{number}{unit}"' for unit in units[:2])
    return f"{number} has no unit: write {ways}"
