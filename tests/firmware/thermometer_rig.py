"""A board of twins with thermometers: a 1-Wire line at pin 15, an I2C bus at pins 4 and 5."""

from adxl345_rig import Clock

from sim import onewire, wiring
from sim.i2c import I2C
from sim.onewire import crc8
from sim.pin import Pin
from sim.world import World

LINE = 15
ADDRESS = 0x48


def rom(serial, family=0x28):
    """A ROM code of 16 hex digits; serial: of six bytes."""
    code = bytes([family]) + serial.to_bytes(6, "little")
    return "".join(["%02x" % byte for byte in code + bytes([crc8(code)])])


ROM = rom(0x0000_0316_A279)


class MilliClock(Clock):
    """ticks_ms and ticks_diff over the world's clock; the wrap comes after 0.2 s."""

    def ticks_ms(self):
        return (self._world.now_us() // 1000 - 200) & ((1 << 30) - 1)


class LineRig:
    """world, clock, chips (the twins, in the order of configs), pin: the line as opened."""

    def __init__(self, *configs):
        self.world = World({}, None)
        self.clock = MilliClock(self.world)
        given = []
        for index, config in enumerate(configs or ({},)):
            chip = {"chip": "ds18b20", "name": "chip%d" % index, "rom": ROM, "source": 21.5}
            chip.update(config)
            given.append(chip)
        bus = {"kind": "onewire", "pin": LINE, "chips": given}
        Pin.world = self.world
        self.buses = wiring.build_buses({"buses": [bus]}, self.world)
        onewire.attach(self.world, self.buses)
        self.chips = [self.buses[0]["names"][chip["name"]][1] for chip in given]
        self.pin = Pin(LINE, Pin.OPEN_DRAIN, Pin.PULL_UP)

    def line(self, node_onewire):
        """The node's line; node_onewire: the module node.drivers.onewire."""
        return node_onewire.OneWire(onewire, self.pin)

    def wait_us(self, us):
        self.world.advance_us(us)

    # --- the line without any driver

    def command(self, *codes):
        """Reset, then bytes.  Whether anybody was present."""
        present = onewire.reset(self.pin)
        for code in codes:
            onewire.writebyte(self.pin, code)
        return present

    def read(self, count):
        return [onewire.readbyte(self.pin) for _ in range(count)]

    def bit(self):
        return onewire.readbit(self.pin)

    def pad(self):
        """The scratchpad of the only chip, without its CRC, which is proven."""
        self.command(0xCC, 0xBE)
        got = self.read(9)
        assert crc8(bytes(got)) == 0
        return got[:8]


class I2CRig:
    """world, clock, chip (the twin), i2c."""

    def __init__(self, **config):
        self.world = World({}, None)
        self.clock = MilliClock(self.world)
        given = {"chip": "tmp117", "name": "temp", "address": ADDRESS, "source": 21.5}
        given.update(config)
        bus = {"kind": "i2c", "id": 0, "sda": 4, "scl": 5, "chips": [given]}
        Pin.world = I2C.world = self.world
        I2C.buses = wiring.build_buses({"buses": [bus]}, self.world)
        self.chip = I2C.buses[0]["chips"][ADDRESS]
        self.i2c = I2C(0, sda=Pin(4), scl=Pin(5), freq=400_000)

    def wait_us(self, us):
        self.world.advance_us(us)

    def get(self, reg):
        high, low = self.i2c.readfrom_mem(ADDRESS, reg, 2)
        return high << 8 | low

    def put(self, reg, value):
        self.i2c.writeto_mem(ADDRESS, reg, bytes([value >> 8, value & 0xFF]))
