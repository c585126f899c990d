"""Register access over I2C and SPI: which bytes go over the wires."""

from node.drivers.bus import I2CRegisters, SPIRegisters


class Wires:
    """An I2C, an SPI and a chip select that write down what is asked of them."""

    def __init__(self, fails=False):
        self.seen = []
        self.fails = fails

    def readfrom_mem_into(self, address, reg, buf):
        self._may_fail()
        self.seen.append((address, reg, len(buf)))
        buf[0] = 0xE5

    def writeto_mem(self, address, reg, buf):
        self._may_fail()
        self.seen.append((address, reg, bytes(buf)))

    def __call__(self, level):
        self.seen.append("high" if level else "low")

    def write(self, buf):
        self._may_fail()
        self.seen.append(bytes(buf))

    def readinto(self, buf):
        self.seen.append(len(buf))
        buf[0] = 0xE5

    def _may_fail(self):
        if self.fails:
            raise OSError(5)


def test_i2c__read_and_write__name_address_and_register():
    wires = Wires()
    bus = I2CRegisters(wires, 0x1D, 100_000)
    buf = bytearray(6)
    bus.read_into(0x32, buf)
    bus.write(0x2D, 8)
    assert wires.seen == [(0x1D, 0x32, 6), (0x1D, 0x2D, b"\x08")]
    assert buf[0] == 0xE5 and bus.rate_hz == 100_000


def test_spi__read_and_write__are_framed_and_carry_their_bits():
    wires = Wires()
    bus = SPIRegisters(wires, wires, 2_000_000)
    bus.read_into(0x32, bytearray(6))
    bus.read_into(0x00, bytearray(1))
    bus.write(0x2D, 8)
    assert wires.seen == (
        ["high"]
        + ["low", b"\xf2", 6, "high"]
        + ["low", b"\x80", 1, "high"]
        + ["low", b"\x2d\x08", "high"]
    )
    assert bus.rate_hz == 2_000_000


def test_bus__port_raises__the_error_passes_and_the_chip_is_let_go():
    for bus in (I2CRegisters(Wires(True), 0x53), SPIRegisters(Wires(True), Wires(True))):
        for access in (lambda b: b.read_into(0, bytearray(1)), lambda b: b.write(0, 0)):
            try:
                access(bus)
            except OSError as error:
                assert error.args[0] == 5
            else:
                raise AssertionError("no OSError")
    select = Wires()
    bus = SPIRegisters(Wires(True), select)
    try:
        bus.write(0, 0)
    except OSError:
        pass
    assert select.seen == ["high", "low", "high"]


def test_spi__read_bit_last__shifts_the_register():
    wires = Wires()
    bus = SPIRegisters(wires, wires)
    bus.read_last = True
    bus.read_into(0x11, bytearray(9))
    bus.read_into(0x2D, bytearray(1))
    bus.write(0x2D, 4)
    assert [seen for seen in wires.seen if isinstance(seen, bytes)] == [
        b"\x23",
        b"\x5b",
        b"\x5a\x04",
    ]
