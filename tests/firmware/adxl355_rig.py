"""A board of twins around one ADXL355."""

from adxl345_rig import Rig

ADDRESS = 0x1D


class Rig355(Rig):
    """world, clock, chip (the twin), i2c or spi with cs, log; registers without any driver."""

    def __init__(self, kind="i2c", source=None, **config):
        super().__init__(kind, None, chip="adxl355", address=ADDRESS, **config)
        if source is not None:
            self.chip.sampler.source = source

    def sensor(self, driver, bus):
        """A driver on this board's bus; bus: the module node.drivers.bus."""
        if hasattr(self, "i2c"):
            return driver(bus.I2CRegisters(self.i2c, ADDRESS))
        return driver(bus.SPIRegisters(self.spi, self.cs))

    def get(self, reg, count=1):
        return list(self.i2c.readfrom_mem(ADDRESS, reg, count))

    def put(self, reg, value):
        self.i2c.writeto_mem(ADDRESS, reg, bytes([value]))

    def frames(self, count=1):
        """So many entries of three axes from the FIFO in one burst: (x, y, z) of 20 bits each."""
        raw = self.get(0x11, 9 * count)
        found = []
        for at in range(0, len(raw), 9):
            axes = []
            for i in (at, at + 3, at + 6):
                assert raw[i + 2] & 0x0F == (1 if i == at else 0)  # the marker of x
                word = raw[i] << 12 | raw[i + 1] << 4 | raw[i + 2] >> 4
                axes.append((word ^ 0x80000) - 0x80000)
            found.append(tuple(axes))
        return found

    def exchange(self, *out):
        """One SPI frame: what came back after the command."""
        got = bytearray(len(out))
        self.cs(0)
        self.spi.write_readinto(bytes(out), got)
        self.cs(1)
        return list(got)[1:]


class Counting:
    """A source that tells samples apart: x counts 62.5 ug, y is its negative, z shakes."""

    def fill(self, start, count, rate_hz, out):
        for i in range(count):
            out[3 * i] = (start + i) % 400 / 16000
            out[3 * i + 1] = -out[3 * i]
            out[3 * i + 2] = 1 + (start + i) % 2 / 16000
