"""The machines that a demo's nodes listen to, and how each is instrumented.  Data."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Machine:
    """One kind of machine.

    kind: of the preset in firmware/sim/machines.py, and the stem of its nodes' names; bus, odr_hz:
    how its sensor is read; clock_error_ppm: how far that sensor's oscillator is off; speed_hz: of
    its shaft; condition: what is wrong with it; lines: name and order (multiples of the shaft's
    speed) of what its spectrum may show beside the shaft, as that preset has it.
    """

    kind: str
    title: str
    bus: Literal["i2c", "spi"]
    odr_hz: int
    clock_error_ppm: int
    speed_hz: float
    condition: str
    lines: tuple[tuple[str, float], ...]


# Outer race of a 6205: 9 balls of 7.94 mm on 39.04 mm, 9 / 2 x (1 - 7.94 / 39.04) a turn.
_BPFO = ("BPFO", 3.5848)

# Both buses and two rates are seen; oscillators of this family are off by up to 4 % or so.
MACHINES = (
    Machine(
        "pump",
        "healthy pump",
        "i2c",
        800,
        12_000,
        24.67,
        "nothing: a little unbalance, seven vanes passing",
        (("vanes", 7),),
    ),
    Machine(
        "fan",
        "fan out of balance",
        "i2c",
        800,
        -23_000,
        16.33,
        "out of balance: 8 mm/s at the speed of its shaft",
        (("blades", 11),),
    ),
    Machine(
        "motor",
        "motor with an outer-race fault",
        "spi",
        3200,
        31_000,
        49.5,
        "the outer race of its bearing (6205) is damaged: each ball strikes the spot",
        (_BPFO,),
    ),
)
