"""A board of twins around any accelerometer, with what differs from chip to chip in one row."""

from math import sin

from adxl345_rig import Rig

from node import drivers
from node.drivers import bus
from wire import chips

CHIPS = chips.of_kind("accelerometer")


def ways():
    """(chip, kind of bus), every one that there is."""
    for chip in CHIPS:
        for kind in chips.ROWS[chip]["buses"]:
            yield chip, kind


class ChipRig(Rig):
    """world, clock, chip (the twin), sensor (its driver), i2c or spi with cs, log."""

    def __init__(self, chip, kind, source=None, rate_hz=None, **config):
        row = chips.ROWS[chip]
        address = row["address"][0] if row["address"] else 0
        super().__init__(kind, None, chip=chip, address=address, **config)
        if source is not None:
            self.chip.sampler.source = source
        rate_hz = rate_hz or row["most_hz"][kind]
        if kind == "i2c":
            registers = bus.I2CRegisters(self.i2c, address, rate_hz)
        else:
            mode = row["spi_mode"]
            self.spi.init(rate_hz, polarity=mode >> 1, phase=mode & 1)
            registers = bus.SPIRegisters(self.spi, self.cs, rate_hz)
        self.sensor = drivers.load(chip)(registers)
        self.row = row


class Shaking:
    """A source at rest with 1 g in z, which from one instant on shakes the axes."""

    def __init__(self, from_s, g=(0.0, 0.0, 0.0), hz=60.0):
        self.from_s, self.g, self.hz = from_s, g, hz

    def fill(self, start, count, rate_hz, out):
        for i in range(count):
            at_s = (start + i) / rate_hz
            part = sin(6.2832 * self.hz * at_s) if at_s >= self.from_s else 0
            for axis in range(3):
                out[3 * i + axis] = self.g[axis] * part + (1.0 if axis == 2 else 0.0)
