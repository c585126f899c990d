"""Three machines to listen to, with levels that a vibration analyst meets.

Velocities in mm/s RMS at the rated speed; the bearing is a 6205 (9 balls of 7.94 mm on 39.04 mm).
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_BEARING = {"balls": 9, "ball_mm": 7.94, "pitch_mm": 39.04, "angle_deg": 0}

_QUIET: "dict[str, Any]" = {
    "speed_hz": 24.67,
    "rated_hz": 24.67,
    "wander": 0.001,  # the speed swings by this part
    "unbalance_mm_s": 0.6,
    "misalignment_mm_s": 0.2,
    "looseness_mm_s": 0.0,
    "passing_mm_s": 0.4,  # vanes, blades or teeth
    "passing_count": 7,
    "mains_hz": 50,
    "hum_mm_s": 0.0,  # at twice the mains frequency
    "noise_ug_rt_hz": 150,
    "gravity": "z",  # the axis that points upwards, "" for none
    "bearing": _BEARING,
    "fault": None,
}


def _but(**changes: "Any") -> "dict[str, Any]":
    machine = dict(_QUIET)
    machine.update(changes)
    return machine


PRESETS = {
    "pump": _QUIET,
    "fan": _but(
        speed_hz=16.33,
        rated_hz=16.33,
        unbalance_mm_s=8.0,
        looseness_mm_s=0.3,
        passing_mm_s=0.8,
        passing_count=11,
    ),
    "motor": _but(
        speed_hz=49.5,
        rated_hz=49.5,
        unbalance_mm_s=0.9,
        passing_mm_s=0.0,
        hum_mm_s=0.5,
        fault={
            "race": "outer",
            "impact_g": 3.0,
            "slip": 0.01,
            "modes": ((2800, 0.03, 1.0), (1150, 0.04, 0.6), (310, 0.06, 0.25)),
        },
    ),
}
"""A healthy pump; a fan out of balance; a motor with a damaged outer race."""
