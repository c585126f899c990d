"""The twins of `machine`: pins, buses, timers; their errors are those of a board."""

from sim.i2c import I2C
from sim.pin import Pin
from sim.spi import SPI
from sim.timers import WDT, Timer
from sim.world import World

_ADDRESS = 0x53


class Registers:
    """A chip of 256 registers that counts up its address: on I2C, and framed on SPI."""

    def __init__(self):
        self.registers = bytearray(range(256))
        self.at = 0
        self.frames = []

    def write(self, buf):
        self.at = buf[0]
        for index in range(1, len(buf)):
            self.registers[self.at] = buf[index]
            self.at += 1

    def read_into(self, buf):
        for index in range(len(buf)):
            buf[index] = self.registers[self.at]
            self.at += 1

    def select(self):
        self.frames.append([])

    def deselect(self):
        self.frames.append(None)

    def transfer(self, out, into):
        for index in range(len(out)):
            self.frames[-1].append(out[index])
            if into is not None:
                into[index] = 0xA0 + len(self.frames[-1])


def _bench():
    """A world with one chip on I2C(0) at 4 and 5, the other on SPI(0) with 17 as its select."""
    world = World({"unique_id": "00" * 8}, open)
    on_i2c, on_spi = Registers(), Registers()
    state = world.pin_state(17)
    state.level = 1
    state.listener = lambda level: on_spi.deselect() if level else on_spi.select()
    i2c_pins, spi_pins = {"sda": 4, "scl": 5}, {"sck": 18, "mosi": 19, "miso": 16}
    buses = [
        {"kind": "i2c", "id": 0, "pins": i2c_pins, "chips": {_ADDRESS: on_i2c}},
        {"kind": "spi", "id": 0, "pins": spi_pins, "chips": {17: on_spi}},
    ]
    Pin.world = Timer.world = WDT.world = I2C.world = SPI.world = world
    I2C.buses = SPI.buses = buses
    return world, on_i2c, on_spi


def _raised(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError("nothing raised")


def test_i2c__registers__read_and_written_by_each_call():
    _, chip, _ = _bench()
    i2c = I2C(0, sda=Pin(4), scl=Pin(5), freq=400_000)
    assert i2c.scan() == [_ADDRESS]
    assert i2c.readfrom_mem(_ADDRESS, 0x10, 3) == b"\x10\x11\x12"
    buf = bytearray(2)
    i2c.readfrom_mem_into(_ADDRESS, 0x20, buf)
    assert buf == b"\x20\x21"
    i2c.writeto_mem(_ADDRESS, 0x30, b"\xaa\xbb")
    assert chip.registers[0x30:0x32] == b"\xaa\xbb"
    assert i2c.writeto(_ADDRESS, b"\x40") == 1
    assert i2c.readfrom(_ADDRESS, 2) == b"\x40\x41"
    i2c.readfrom_into(_ADDRESS, buf)
    assert buf == b"\x42\x43"


def test_i2c__transfer__takes_nine_clocks_a_byte():
    for freq, read_us in ((400_000, 225), (100_000, 900)):
        world, _, _ = _bench()
        i2c = I2C(0, sda=Pin(4), scl=Pin(5), freq=freq)
        started_us = world.now_us()
        i2c.readfrom_mem(_ADDRESS, 0x32, 7)  # address, register, address again, seven bytes
        assert world.now_us() - started_us == read_us, freq


def test_i2c__nobody_at_the_address__oserror_5():
    _bench()
    i2c = I2C(0, sda=Pin(4), scl=Pin(5))
    for call in (
        lambda: i2c.readfrom_mem(0x1D, 0, 1),
        lambda: i2c.writeto_mem(0x1D, 0, b"\0"),
        lambda: i2c.writeto(0x1D, b"\0"),
        lambda: i2c.readfrom(0x1D, 1),
    ):
        assert _raised(OSError, call).args[0] == 5


def test_i2c__other_pins_of_the_same_controller__nobody_there():
    _bench()
    assert I2C(0, sda=Pin(8), scl=Pin(9)).scan() == []
    assert I2C(1, sda=Pin(6), scl=Pin(7)).scan() == []


def test_i2c__wrong_use__as_a_board_refuses_it():
    _bench()
    for kind, call in (
        (ValueError, lambda: I2C(0, sda=Pin(5), scl=Pin(4))),
        (ValueError, lambda: I2C(0, sda=Pin(6), scl=Pin(7))),
        (ValueError, lambda: I2C(2)),
        (ValueError, lambda: I2C(0, freq=0)),
        (TypeError, lambda: I2C(0, freq="400000")),
        (TypeError, lambda: I2C("0")),
        (TypeError, lambda: I2C(0, sda="4")),
        (TypeError, lambda: I2C(0).readfrom("83", 1)),
        (ValueError, lambda: I2C(0).readfrom_mem(_ADDRESS, 0, 1, addrsize=12)),
    ):
        _raised(kind, call)


def test_i2c__read_into__allocates_nothing():  # runs on: micropython
    import micropython

    _bench()
    i2c = I2C(0, sda=Pin(4), scl=Pin(5))
    buf = bytearray(6)
    i2c.readfrom_mem_into(_ADDRESS, 0x32, buf)
    micropython.heap_lock()
    try:
        i2c.readfrom_mem_into(_ADDRESS, 0x32, buf)
    finally:
        micropython.heap_unlock()


def test_spi__frame__is_what_the_select_pin_says():
    world, _, chip = _bench()
    spi = SPI(0, baudrate=1_000_000, sck=Pin(18), mosi=Pin(19), miso=Pin(16))
    cs = Pin(17, Pin.OUT, value=1)
    buf = bytearray(2)
    spi.write_readinto(b"\x01\x02", buf)  # nobody is selected
    assert buf == b"\0\0"
    assert chip.frames == []
    cs(0)
    spi.write(b"\x80")
    spi.readinto(buf)
    cs(1)
    assert chip.frames == [[0x80, 0, 0], None]
    assert buf == b"\xa2\xa3"
    assert world.now_us() == 5 * 8


def test_spi__wrong_use__as_a_board_refuses_it():
    _bench()
    for kind, call in (
        (ValueError, lambda: SPI(0, sck=Pin(17))),
        (ValueError, lambda: SPI(3)),
        (ValueError, lambda: SPI(0, baudrate=0)),
        (TypeError, lambda: SPI(0, baudrate=1.5)),
        (ValueError, lambda: SPI(0).write_readinto(b"\0\0", bytearray(1))),
        (NotImplementedError, lambda: SPI(0, firstbit=SPI.LSB)),
    ):
        _raised(kind, call)


def test_pin__objects_of_one_number__are_one_wire():
    world, _, _ = _bench()
    out, same = Pin(2, Pin.OUT, value=0), Pin("GP2")
    out.on()
    assert same.value() == 1
    out.toggle()
    assert same() == 0
    given = Pin(3, Pin.IN)
    given.value(1)  # an input does not drive
    assert given.value() == 0
    world.pin(3, 1)
    assert given.value() == 1
    assert Pin(7, Pin.IN, Pin.PULL_UP).value() == 1


def test_pin__wrong_use__value_error():
    _bench()
    for call in (
        lambda: Pin(99),
        lambda: Pin(-1),
        lambda: Pin("LEDS"),
        lambda: Pin(1, 9),
        lambda: Pin(1, Pin.IN, 9),
        lambda: Pin(1).irq(trigger=1),
    ):
        _raised(ValueError, call)


def test_pin__interrupt__handler_gets_its_pin():
    world, _, _ = _bench()
    seen = []
    pin = Pin(6, Pin.IN)
    pin.irq(handler=seen.append, trigger=Pin.IRQ_RISING)
    world.pin(6, 1)
    world.pin(6, 0)
    assert seen == [pin]
    pin.irq(handler=None)
    world.pin(6, 1)
    assert seen == [pin]


def test_timer__periodic_and_once__at_their_instants():
    world, _, _ = _bench()
    seen = []
    timer = Timer(
        -1, period=10, mode=Timer.PERIODIC, callback=lambda t: seen.append(world.now_us())
    )
    Timer(period=25, mode=Timer.ONE_SHOT, callback=lambda t: seen.append("once"))
    world.advance_us(35_000)
    timer.deinit()
    world.advance_us(35_000)
    assert seen == [10_000, 20_000, "once", 30_000]


def test_timer__wrong_use__value_error():
    _bench()
    _raised(ValueError, lambda: Timer(0))
    _raised(ValueError, lambda: Timer(-1, period=0))


def test_watchdog__wrong_use__value_error():
    _bench()
    for call in (lambda: WDT(1), lambda: WDT(timeout=0), lambda: WDT(timeout=8389)):
        _raised(ValueError, call)


def test_watchdog__fed__due_later():
    world, _, _ = _bench()
    dog = WDT(timeout=100)
    assert world.next_event_us() == 100_000
    world.advance_us(60_000)
    dog.feed()
    assert world.next_event_us() == 160_000
