"""The machines that a demo's nodes listen to, and how each is instrumented.  Data."""

from dataclasses import dataclass
from typing import Literal

from wire import chips

_I2C_HZ = 400_000
_RANGE_G = 16


@dataclass(frozen=True)
class Instrument:
    """How a machine is measured: a chip, its bus, rate and range.

    Clamps at a board's own converter have the bus `adc`, without a clock, and no range.
    """

    chip: str
    bus: Literal["i2c", "spi", "adc"]
    bus_rate_hz: int
    odr_hz: float
    range_g: int = _RANGE_G

    @property
    def g_per_digit(self) -> float:
        """Of its samples."""
        return chips.g_per_digit(self.chip, self.range_g)

    @property
    def address(self) -> int:
        """On I2C."""
        first: int = chips.ROWS[self.chip]["address"][0]
        return first

    @property
    def interrupt(self) -> bool:
        """Whether a pin of it tells that samples wait."""
        return bool(chips.ROWS[self.chip]["interrupt"])


@dataclass(frozen=True)
class Machine:
    """One kind of machine.

    kind: of the preset in firmware/sim/machines.py, and the stem of its nodes' names; instrument:
    how it is measured; clock_error_ppm: how far that sensor's oscillator is off; speed_hz: of
    its shaft; condition: what is wrong with it; lines: name and order (multiples of the shaft's
    speed) of what its spectrum may show beside the shaft, as that preset has it.
    """

    kind: str
    title: str
    instrument: Instrument
    clock_error_ppm: int
    speed_hz: float
    condition: str
    lines: tuple[tuple[str, float], ...]


# Outer race of a 6205: 9 balls of 7.94 mm on 39.04 mm, 9 / 2 x (1 - 7.94 / 39.04) a turn.
_BPFO = ("BPFO", 3.5848)

_ADXL345_I2C = Instrument("adxl345", "i2c", _I2C_HZ, 800)
_ADXL345_SPI = Instrument("adxl345", "spi", 5_000_000, 3200)

# Both buses and two rates are seen; oscillators of this family are off by up to 4 % or so.
MACHINES = (
    Machine(
        "pump",
        "healthy pump",
        _ADXL345_I2C,
        12_000,
        24.67,
        "nothing: a little unbalance, seven vanes passing",
        (("vanes", 7),),
    ),
    Machine(
        "fan",
        "fan out of balance",
        _ADXL345_I2C,
        -23_000,
        16.33,
        "out of balance: 8 mm/s at the speed of its shaft",
        (("blades", 11),),
    ),
    Machine(
        "motor",
        "motor with an outer-race fault",
        _ADXL345_SPI,
        31_000,
        49.5,
        "the outer race of its bearing (6205) is damaged: each ball strikes the spot",
        (_BPFO,),
    ),
)


def instruments() -> list[Instrument]:
    """Each accelerometer that there is a driver for, at the highest rate its best bus carries."""
    found = []
    for chip in chips.of_kind("accelerometer"):
        row = chips.ROWS[chip]
        bus: Literal["i2c", "spi"] = "spi" if "spi" in row["buses"] else "i2c"
        bus_rate_hz = row["most_hz"][bus]
        odr_hz = chips.carried_hz(chip, bus_rate_hz)[0]
        range_g = max(range_g for range_g in row["ranges_g"] if range_g <= _RANGE_G)
        found.append(Instrument(chip, bus, bus_rate_hz, odr_hz, range_g))
    return found
