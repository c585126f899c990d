"""A board of twins around one MPU-6050 or MPU-6500."""

from adxl345_rig import Rig

ADDRESS = 0x68


class MpuRig(Rig):
    """world, clock, chip (the twin), i2c or spi with cs, log; registers without any driver."""

    def __init__(self, chip, kind="i2c", source=None, **config):
        super().__init__(kind, None, chip=chip, address=ADDRESS, **config)
        if source is not None:
            self.chip.sampler.source = source

    def sensor(self, driver, bus):
        """A driver on this board's bus; bus: the module node.drivers.bus."""
        if hasattr(self, "i2c"):
            return driver(bus.I2CRegisters(self.i2c, ADDRESS))
        self.spi.init(1_000_000, polarity=1, phase=1)
        return driver(bus.SPIRegisters(self.spi, self.cs, 1_000_000))

    def get(self, reg, count=1):
        return list(self.i2c.readfrom_mem(ADDRESS, reg, count))

    def put(self, reg, value):
        self.i2c.writeto_mem(ADDRESS, reg, bytes([value]))

    def count(self):
        """FIFO_COUNT, bytes."""
        high, low = self.get(0x72, 2)
        return high << 8 | low

    def words(self, reg, count):
        """So many big-endian words from a register on."""
        raw = self.get(reg, 2 * count)
        found = [raw[i] << 8 | raw[i + 1] for i in range(0, 2 * count, 2)]
        return [(word ^ 0x8000) - 0x8000 for word in found]

    def exchange(self, *out):
        """One SPI frame: what came back after the command."""
        got = bytearray(len(out))
        self.cs(0)
        self.spi.write_readinto(bytes(out), got)
        self.cs(1)
        return list(got)[1:]
