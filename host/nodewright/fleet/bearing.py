"""The orders of a bearing's faults, from whichever of the three ways it is described in."""

from nodewright.fleet.model import Bearing
from wire import bearings

GEOMETRY = ("balls", "ball", "pitch")
_KEYS = {"type": ("type",), "geometry": GEOMETRY, "orders": bearings.ORDERS}


def ways(bearing: Bearing) -> list[str]:
    """Which of "type", "geometry" and "orders" have at least one key."""
    return [
        way
        for way, keys in _KEYS.items()
        if any(getattr(bearing, key) is not None for key in keys)
    ]


def lacking(bearing: Bearing, way: str) -> list[str]:
    """The keys that a way needs and that are not there."""
    return [key for key in _KEYS[way] if getattr(bearing, key) is None]


def orders(bearing: Bearing) -> dict[str, float]:
    """Multiples of the shaft's speed, to 6 digits.

    For a bearing described in one way and wholly.  Raises ValueError for what cannot be one.
    """
    if bearing.type is not None:
        found = bearings.named(bearing.type)
    elif bearing.bpfo is not None:
        found = {key: float(getattr(bearing, key)) for key in bearings.ORDERS}
        bearings.check(found)
    else:
        found = bearings.from_geometry(
            bearing.balls or 0, bearing.ball or 0.0, bearing.pitch or 0.0, bearing.angle
        )
    return {key: float(f"{value:.6g}") for key, value in found.items()}
