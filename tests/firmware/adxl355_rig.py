"""A board of twins around one ADXL355."""

from adxl345_rig import Rig

ADDRESS = 0x1D


class Rig355(Rig):
    """world, clock, chip (the twin), i2c or spi with cs, log; registers without any driver."""

    def __init__(self, kind="i2c", source=None, **config):
        super().__init__(kind, source, chip="adxl355", address=ADDRESS, **config)

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


class Counting:
    """A source that tells samples apart: x counts 62.5 ug, y is its negative, z shakes."""

    def fill(self, start, count, rate_hz, out):
        for i in range(count):
            out[3 * i] = (start + i) % 400 / 16000
            out[3 * i + 1] = -out[3 * i]
            out[3 * i + 2] = 1 + (start + i) % 2 / 16000
