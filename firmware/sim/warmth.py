"""What a thermometer's twin feels: a temperature that stays, or that changes slowly."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Warmth:
    """source: degC, or {"from_c", "to_c", "over_s"}: a straight line from the boot on, then to_c.

    Raises ValueError(key, value, allowed).
    """

    def __init__(self, source: "Any") -> None:
        ramp = source if isinstance(source, dict) else {"from_c": source}
        self._from_c = _number(ramp, "from_c")
        self._to_c = _number(ramp, "to_c") if "to_c" in ramp else self._from_c
        self._over_us = _number(ramp, "over_s") * 1e6 if "over_s" in ramp else 0.0

    def celsius(self, now_us: int) -> float:
        """The temperature at an instant of the simulated clock, degC."""
        if now_us >= self._over_us:
            return self._to_c
        return self._from_c + (self._to_c - self._from_c) * (now_us / self._over_us)


def _number(ramp: "dict[str, Any]", key: str) -> float:
    value = ramp.get(key)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ValueError("source." + key, value, "a number")
    return float(value)
