"""A board of twins around one LIS3DH or LIS2DW12."""

from adxl345_rig import Rig

ADDRESS = 0x18


class LisRig(Rig):
    """world, clock, chip (the twin), i2c or spi with cs, log; registers without any driver."""

    def __init__(self, chip, kind="i2c", source=None, **config):
        super().__init__(kind, source, chip=chip, address=ADDRESS, **config)
        self._up = 0x80 if chip == "lis3dh" else 0  # LIS3DH 6.1.1: the address counts up

    def get(self, reg, count=1):
        return list(self.i2c.readfrom_mem(ADDRESS, reg | self._up if count > 1 else reg, count))

    def frames(self, count=1):
        """So many entries of the data registers in one burst: (x, y, z) of each, whole words."""
        raw = self.get(0x28, 6 * count)
        words = [raw[i] | raw[i + 1] << 8 for i in range(0, 6 * count, 2)]
        words = [(word ^ 0x8000) - 0x8000 for word in words]
        return [tuple(words[i : i + 3]) for i in range(0, 3 * count, 3)]


class Steps:
    """A source that tells samples apart: x counts in steps (g), y is its negative, z shakes."""

    def __init__(self, step_g):
        self._step_g = step_g

    def fill(self, start, count, rate_hz, out):
        for i in range(count):
            out[3 * i] = (start + i) % 400 * self._step_g
            out[3 * i + 1] = -out[3 * i]
            out[3 * i + 2] = (100 + (start + i) % 2) * self._step_g


def noting(world, edges):
    """In place of world.pin: notes (us, number, level)."""

    def pin(number, level):
        edges.append((world.now_us(), number, level))

    return pin


def refusal(call):
    """The facts of the ValueError that a call raises."""
    try:
        call()
    except ValueError as error:
        return error.args
    raise AssertionError("accepted")
