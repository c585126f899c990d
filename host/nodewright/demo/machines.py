"""The machines that a demo's nodes listen to, and how each is instrumented.  Data."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Machine:
    """One kind of machine.

    kind: of the preset in firmware/sim/machines.py, and the stem of its nodes' names; bus, odr_hz:
    how its sensor is read; clock_error_ppm: how far that sensor's oscillator is off.
    """

    kind: str
    title: str
    bus: Literal["i2c", "spi"]
    odr_hz: int
    clock_error_ppm: int


# Both buses and two rates are seen; oscillators of this family are off by up to 4 % or so.
MACHINES = (
    Machine("pump", "healthy pump", "i2c", 800, 12_000),
    Machine("fan", "fan out of balance", "i2c", 800, -23_000),
    Machine("motor", "motor with an outer-race fault", "spi", 3200, 31_000),
)
