"""A board of twins around one MPU-6050 or MPU-6500."""

from adxl345_rig import Rig

ADDRESS = 0x68


class MpuRig(Rig):
    """world, clock, chip (the twin), i2c or spi with cs, log; registers without any driver."""

    def __init__(self, chip, kind="i2c", source=None, **config):
        super().__init__(kind, source, chip=chip, address=ADDRESS, **config)

    def sensor(self, driver, bus):
        """A driver on this board's bus; bus: the module node.drivers.bus."""
        if hasattr(self, "i2c"):
            return driver(bus.I2CRegisters(self.i2c, ADDRESS))
        self.spi.init(1_000_000, polarity=1, phase=1)
        return driver(bus.SPIRegisters(self.spi, self.cs, 1_000_000))

    def count(self):
        """FIFO_COUNT, bytes."""
        high, low = self.get(0x72, 2)
        return high << 8 | low

    def words(self, reg, count):
        """So many big-endian words from a register on."""
        raw = self.get(reg, 2 * count)
        found = [raw[i] << 8 | raw[i + 1] for i in range(0, 2 * count, 2)]
        return [(word ^ 0x8000) - 0x8000 for word in found]
