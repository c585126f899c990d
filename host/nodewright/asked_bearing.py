"""What is asked of a bearing on the command line: orders or geometry or a name, checked.

Each check names the option, what it was given and what would do.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

from nodewright.errors import BadInput
from wire import bearings

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_ORDERS_FORM = "bpfo=3.58,bpfi=5.42,bsf=2.36,ftf=0.398"
_GEOMETRY_FORM = "n=9,d=7.94,D=39.04,angle=0"
_MOST_ERROR_PCT = 100.0


@dataclass(frozen=True)
class AskedBearing:
    """Orders in multiples of the shaft speed, any of the four, and where they are from.

    shaft_error: the relative uncertainty of the speed, None where nobody vouches for it.
    """

    orders: dict[str, float]
    source: str
    shaft_error: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"orders": self.orders, "source": self.source, "shaft_error": self.shaft_error}


def asked_bearing(
    orders: str | None, bearing: str | None, shaft_error_pct: float | None
) -> AskedBearing | None:
    """From the texts of the options; None where no bearing is asked for.  Raises BadInput."""
    error = None
    if shaft_error_pct is not None:
        if not 0.0 <= shaft_error_pct <= _MOST_ERROR_PCT:
            raise BadInput(
                f"--shaft-error {shaft_error_pct:g} cannot be: percent of the speed, 0 to "
                f"{_MOST_ERROR_PCT:g}"
            )
        error = shaft_error_pct / 100.0
    if orders is not None and bearing is not None:
        raise BadInput("--orders and --bearing say the same thing: give one of them")
    if orders is not None:
        return AskedBearing(parse_orders(orders), "orders as given", error)
    if bearing is None:
        if error is not None:
            raise BadInput("--shaft-error is of use with --orders or --bearing only")
        return None
    if "=" in bearing:
        return AskedBearing(parse_geometry(bearing), f"geometry {bearing}", error)
    try:
        found, row = bearings.named(bearing), bearings.row_of(bearing)
    except ValueError as wrong:
        raise BadInput(f"--bearing: {wrong}") from None
    return AskedBearing(found, f"{row[0]}: {row[5]}", error)


def parse_orders(text: str) -> dict[str, float]:
    """The orders of `bpfo=3.58,bpfi=5.42`: of the four, one or more.  Raises BadInput."""
    orders = _pairs("--orders", text, bearings.ORDERS, _ORDERS_FORM)
    try:
        bearings.check(orders)
    except ValueError as wrong:
        raise BadInput(f"--orders {text!r}: {wrong}") from None
    return orders


def parse_geometry(text: str) -> dict[str, float]:
    """The orders of a bearing of `n=9,d=7.94,D=39.04,angle=0`.  Raises BadInput."""
    given = _pairs("--bearing", text, ("n", "d", "D", "angle"), _GEOMETRY_FORM)
    missing = [key for key in ("n", "d", "D") if key not in given]
    if missing:
        raise BadInput(f"--bearing {text!r}: {missing[0]} is missing; as {_GEOMETRY_FORM}")
    try:
        # A whole number is checked there: int() would make one of 8.5.
        return bearings.from_geometry(
            given["n"],  # type: ignore[arg-type]
            given["d"],
            given["D"],
            given.get("angle", 0.0),
        )
    except ValueError as wrong:
        raise BadInput(f"--bearing {text!r}: {wrong}") from None


def _pairs(option: str, text: str, keys: tuple[str, ...], form: str) -> dict[str, float]:
    """`key=number,…` as numbers, each key once."""
    found: dict[str, float] = {}
    for part in text.split(","):
        key, equals, number = (piece.strip() for piece in part.partition("="))
        if not equals or key not in keys or not _NUMBER.fullmatch(number):
            raise BadInput(f"{option} {text!r} cannot be: {part!r}; a list as {form} is needed")
        if key in found:
            raise BadInput(f"{option} {text!r} cannot be: {key} is given twice")
        found[key] = float(number)
        if not math.isfinite(found[key]):
            raise BadInput(f"{option} {text!r} cannot be: {part!r} is no finite number")
    return found
