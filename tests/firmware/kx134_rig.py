"""A board of twins around one KX134."""

from adxl345_rig import Rig

ADDRESS = 0x1E


class Rig134(Rig):
    """world, clock, chip (the twin), i2c or spi with cs, log; registers without any driver."""

    def __init__(self, kind="i2c", source=None, **config):
        super().__init__(kind, source, chip="kx134", address=ADDRESS, **config)

    def axes(self, reg=0x63, count=1):
        """So many samples of the buffer (0x08: of the output registers), [(x, y, z), …]."""
        raw = self.get(reg, 6 * count)
        words = [raw[i] | raw[i + 1] << 8 for i in range(0, 6 * count, 2)]
        words = [(word ^ 0x8000) - 0x8000 for word in words]
        return [tuple(words[i : i + 3]) for i in range(0, 3 * count, 3)]

    def waiting(self):
        """Bytes in the buffer."""
        low, high = self.get(0x60, 2)
        return low | high << 8


class Counting:
    """A source that tells samples apart: x counts digits of 16 g, y is its negative, z shakes."""

    def fill(self, start, count, rate_hz, out):
        for i in range(count):
            out[3 * i] = (start + i) % 500 / 2048
            out[3 * i + 1] = -out[3 * i]
            out[3 * i + 2] = 1 + (start + i) % 2 / 2048
