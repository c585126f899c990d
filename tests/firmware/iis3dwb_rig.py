"""A board of twins around one IIS3DWB, which speaks SPI only."""

from adxl345_rig import Rig

TAG = 0x78
WORD_BYTES = 7


class Rig3DWB(Rig):
    """world, clock, chip (the twin), spi with cs, log; registers without any driver."""

    def __init__(self, source=None, **config):
        super().__init__("spi", source, chip="iis3dwb", **config)

    def get(self, reg, count=1):
        return self.exchange(reg | 0x80, *([0] * count))

    def put(self, reg, value):
        self.exchange(reg, value)

    def words(self, count=1):
        """So many words of the FIFO in one burst: (tag, x, y, z) of each."""
        raw = self.get(TAG, WORD_BYTES * count)
        found = []
        for at in range(0, len(raw), WORD_BYTES):
            axes = [raw[at + i] | raw[at + i + 1] << 8 for i in (1, 3, 5)]
            axes = [(word ^ 0x8000) - 0x8000 for word in axes]
            found.append((raw[at], axes[0], axes[1], axes[2]))
        return found

    def waiting(self):
        """DIFF_FIFO, and the flags of FIFO_STATUS2."""
        low, high = self.get(0x3A, 2)
        return low | (high & 3) << 8, high & 0xFC
