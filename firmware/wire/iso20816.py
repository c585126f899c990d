"""Evaluation zones of ISO 20816-3: velocity RMS on bearing housings of industrial machines.

Group 1: rated over 300 kW, electrical machines of a shaft height from 315 mm.  Group 2: over 15 kW
up to 300 kW, shaft height 160 mm to under 315 mm.  Pumps have a part of their own (ISO 10816-7).
Source of the limits: ISO 10816-3:2009, tables A.1 and A.2.  ISO 20816-3:2022, its successor, is
said to tell A and B no longer apart.  They are a starting point: edit them to what is agreed.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ZONES = "ABCD"

# group, support, upper limits of the zones A, B and C in mm/s
LIMITS = (
    (1, "rigid", (2.3, 4.5, 7.1)),
    (1, "flexible", (3.5, 7.1, 11.0)),
    (2, "rigid", (1.4, 2.8, 4.5)),
    (2, "flexible", (2.3, 4.5, 7.1)),
)


def limits(group: int, support: str) -> "tuple[float, float, float]":
    """The limits A/B, B/C and C/D in mm/s.  Raises ValueError for an unknown group or support."""
    for row in LIMITS:
        if row[0] == group and row[1] == support:
            return row[2]
    known = ", ".join("%d %s" % row[:2] for row in LIMITS)
    raise ValueError("machine: %r %r is none of: %s" % (group, support, known))


def zone(vel_rms_mm_s: float, bounds: "tuple[float, float, float]") -> int:
    """0 to 3 for A to D: a value on a limit is still in the better zone."""
    return sum(vel_rms_mm_s > bound for bound in bounds)


def worst(channels: "Mapping[str, Mapping[str, float]]") -> "tuple[int, str] | None":
    """(zone, channel) of a point: its worst direction decides, of equal ones the faster.

    channels: name -> {key: value} of one record; those whose zone is withheld are passed over.
    zone: 0 to 3 for A to D.  None where no channel tells one.
    """
    found, at, velocity = -1, "", -1.0
    for name in sorted(channels):
        values = channels[name]
        if "zone" not in values:
            continue
        its_zone, speed = int(values["zone"]), values.get("vel_rms_mm_s", 0.0)
        if its_zone > found or (its_zone == found and speed > velocity):
            found, at, velocity = its_zone, name, speed
    return (found, at) if at else None
