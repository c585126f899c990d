"""A board of twins around one ADXL345: the real world, buses and pins of sim/, in one process."""

from sim import wiring
from sim.i2c import I2C
from sim.pin import Pin
from sim.spi import SPI
from sim.world import World

_PERIOD = 1 << 30
_MASK = _PERIOD - 1
INT1 = 6


class Clock:
    """ticks_us, ticks_diff, sleep_us over the world's clock; the wrap comes after 0.2 s."""

    def __init__(self, world):
        self._world = world

    def ticks_us(self):
        # Not `% _PERIOD`: that is no small integer where words have 32 bits, and this is called in
        # hard interrupts.
        return (self._world.now_us() - 200_000) & _MASK

    def ticks_diff(self, end, start):
        return (end - start + _PERIOD // 2) % _PERIOD - _PERIOD // 2

    def sleep_us(self, us):
        self._world.advance_us(us)


class Ramp:
    """A source that tells each sample from the others: x counts, y is its negative, z shakes."""

    def fill(self, start, count, rate_hz, out):
        for i in range(count):
            out[3 * i] = ((start + i) % 500) / 256
            out[3 * i + 1] = -((start + i) % 500) / 256
            out[3 * i + 2] = 1.0 + (start + i) % 2 / 128


class Level:
    """A source that gives the same three values (g) for ever, but for what it shakes (g)."""

    def __init__(self, *g, shake=0):
        self.g, self.shake = g, shake

    def fill(self, start, count, rate_hz, out):
        for i in range(3 * count):
            out[i] = self.g[i % 3]
            if (start + i // 3) % 2:  # towards 0
                out[i] -= self.shake if out[i] > 0 else -self.shake


class Rig:
    """world, clock, chip (the twin), i2c or spi with cs; log: (run, first, digits) as served."""

    def __init__(self, kind="i2c", source=None, **config):
        self.log = []
        self.world = World({}, None)
        self.world.log_samples = self._note
        self.clock = Clock(self.world)
        given = {
            "chip": "adxl345",
            "name": "acc",
            "address": 0x53,
            "cs": 17,
            "int1": INT1,
            "noise": False,
            "source": {"kind": "machine", "machine": {"preset": "pump"}},
        }
        given.update(config)
        pins = {"sda": 4, "scl": 5} if kind == "i2c" else {"sck": 18, "mosi": 19, "miso": 16}
        bus = {"kind": kind, "id": 0, "chips": [given]}
        bus.update(pins)
        Pin.world = I2C.world = SPI.world = self.world
        I2C.buses = SPI.buses = wiring.build_buses({"buses": [bus]}, self.world)
        self.chip = next(iter(I2C.buses[0]["chips"].values()))
        self.address = given["address"]
        if source is not None:
            self.chip.sampler.source = source
        if kind == "i2c":
            self.i2c = I2C(0, sda=Pin(4), scl=Pin(5), freq=400_000)
        else:
            self.spi = SPI(0, 5_000_000, polarity=1, phase=1)
            self.cs = Pin(17, Pin.OUT, value=1)

    def pin(self):
        return Pin(INT1, Pin.IN)

    def _note(self, name, run, first, frames, axes=3):
        self.log.append((run, first, list(frames)))

    def served(self, run):
        """All digits of a run in order, [x, y, z, x, …]; the log must be without a hole."""
        digits = []
        for logged_run, first, frames in self.log:
            if logged_run == run:
                assert first * 3 == len(digits)
                digits.extend(frames)
        return digits

    def sensor(self, driver, bus, rate_hz=5_000_000):
        """A driver on this board's bus; bus: the module node.drivers.bus."""
        if hasattr(self, "i2c"):
            return driver(bus.I2CRegisters(self.i2c, self.address))
        return driver(bus.SPIRegisters(self.spi, self.cs, rate_hz))

    # --- register access without any driver

    def get(self, reg, count=1):
        return list(self.i2c.readfrom_mem(self.address, reg, count))

    def put(self, reg, value):
        self.i2c.writeto_mem(self.address, reg, bytes([value]))

    def exchange(self, *out):
        """One SPI frame: what came back after the command."""
        got = bytearray(len(out))
        self.cs(0)
        self.spi.write_readinto(bytes(out), got)
        self.cs(1)
        return list(got)[1:]

    def axes(self):
        """One entry of the data registers, digits."""
        raw = self.get(0x32, 6)
        words = [raw[i] | raw[i + 1] << 8 for i in (0, 2, 4)]
        return [(word ^ 0x8000) - 0x8000 for word in words]

    def wait_us(self, us):
        self.world.advance_us(us)
