"""The IIS3DWB's driver on the twin of the chip, on spoilt words, and on a bus without a chip."""

import sys
from array import array
from errno import EIO

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import Level
from iis3dwb_rig import Rig3DWB
from lis_rig import Steps, refusal

from node.drivers import bus
from node.drivers.errors import DeviceMismatch, SensorReset
from node.drivers.iis3dwb import IIS3DWB
from node.drivers.tagged import check_tags, split_tagged

TAGS = (0x11, 0x12, 0x14, 0x17)
ODR_HZ = 26_667


def _on(source=None, rate_hz=10_000_000, **config):
    rig = Rig3DWB(source, **config)
    return rig, rig.sensor(IIS3DWB, bus, rate_hz)


def _blocks(samples):
    return [array("h", bytes(2 * samples)) for _ in range(3)]


class Spoilt:
    """A bus that changes the tag of one word of a burst."""

    rate_hz = 10_000_000
    multiple = 0

    def __init__(self, rig, word, flip):
        self._bus = bus.SPIRegisters(rig.spi, rig.cs)
        self.kind = "spi"
        self._bus.multiple = 0
        self._at, self._flip = 7 * word, flip

    def write(self, reg, value):
        self._bus.write(reg, value)

    def read_into(self, reg, buf):
        self._bus.read_into(reg, buf)
        if reg == 0x78 and len(buf) > self._at:
            buf[self._at] ^= self._flip


def test_init__wrong_id__raises_device_mismatch():
    rig = Rig3DWB()
    for got in (0x00, 0x44, 0x6B, 0xFF):
        rig.chip._regs[0x0F] = got
        try:
            rig.sensor(IIS3DWB, bus)
        except DeviceMismatch as error:
            assert (error.chip, error.expected, error.got) == ("iis3dwb", 0x7B, got)
        else:
            raise AssertionError("accepted 0x%02X" % got)


def test_init__nobody_there__raises():
    rig = Rig3DWB()
    try:
        IIS3DWB(bus.SPIRegisters(rig.spi, lambda level: None))
    except DeviceMismatch as error:
        assert error.got == 0
    else:
        raise AssertionError("accepted")


def test_start__every_range__writes_the_codes_of_the_data_sheet():
    rig, sensor = _on()
    regs = rig.chip._regs
    for range_g, fs, table_mg in ((2, 0, 0.061), (16, 1, 0.488), (4, 2, 0.122), (8, 3, 0.244)):
        sensor.configure(odr_hz=ODR_HZ, range_g=range_g)
        sensor.start()
        assert regs[0x10] == 0xA0 | fs << 2
        assert list(regs[0x12:0x16]) == [0x44, 0, 0, 0] and regs[0x17] == 0
        assert list(regs[0x0D:0x0F]) == [0x08, 0]
        assert regs[0x07] | (regs[0x08] & 1) << 8 == sensor.watermark and regs[0x08] < 2
        assert list(regs[0x09:0x0B]) == [0x0A, 0x06]
        assert rig.chip.odr_hz() == sensor.odr_hz == ODR_HZ
        assert abs(sensor.g_per_digit * 1000 / table_mg - 1) < 0.001
        assert (sensor.rail_low, sensor.rail_high) == (-32768, 32767)
        assert (sensor.range_g, sensor.bandwidth_hz) == (range_g, 6300)
        # The noise is 12 digits in the coarsest range: standing still proves a fault.
        assert (sensor.still_samples, sensor.still_frames) == (64, 16)
        sensor.prove_settings()
        sensor.stop()
        assert regs[0x10] == 0


def test_configure__impossible_values__names_key_value_and_allowed():
    rig, sensor = _on()
    assert refusal(lambda: sensor.configure(odr_hz=26_000)) == ("odr_hz", 26_000, [ODR_HZ])
    assert refusal(lambda: sensor.configure(range_g=3)) == ("range_g", 3, [2, 4, 8, 16])
    slow = rig.sensor(IIS3DWB, bus, 2_000_000)
    assert refusal(lambda: slow.configure(odr_hz=ODR_HZ)) == ("odr_hz", ODR_HZ, [])
    fast = refusal(lambda: rig.sensor(IIS3DWB, bus, 10_000_001))
    assert fast == ("bus.rate_hz", 10_000_001, 10_000_000)


def test_configure__refused__leaves_everything_as_it_was():
    rig, sensor = _on()
    sensor.configure(range_g=8)
    sensor.start()
    before = bytes(rig.chip._regs)
    for odr_hz, range_g in ((1, 2), (ODR_HZ, 5)):
        refusal(lambda: sensor.configure(odr_hz, range_g))  # noqa: B023
    sensor.start()
    assert bytes(rig.chip._regs) == before
    assert (sensor.range_g, sensor.g_per_digit) == (8, 8 / 32768)


def test_read_into__any_number__is_the_samples_served_at_their_places():
    rig, sensor = _on(Steps(16 / 32768))
    sensor.configure(range_g=16)
    sensor.start()
    rig.wait_us(int(400.5e6 / ODR_HZ))
    assert sensor.entries() == 400 and not sensor.overrun()
    x, y, z = _blocks(400)
    at = 0
    for count in (0, 1, 2, 3, 63, 64, 65, 129):  # 327 of them, in bursts of powers of two
        sensor.read_into(x, y, z, at, count)
        at += count
    sensor.stop()
    served = rig.served(1)
    for axis, block in enumerate((x, y, z)):
        digits = served[axis::3]
        assert len(digits) == at == 327
        assert list(block) == digits + [0] * (400 - 327)
    assert list(x[64:327]) == list(range(64, 327)) and list(y[64:70]) == list(range(-64, -70, -1))
    assert not sensor.overrun()  # no jump of the counter


def test_read_into__extremes__keep_their_sign():
    for range_g in (2, 4, 8, 16):
        rig, sensor = _on(Level(99.0, -99.0, -range_g / 32768))
        sensor.configure(range_g=range_g)
        sensor.start()
        rig.wait_us(5_000)
        x, y, z = _blocks(100)
        sensor.read_into(x, y, z, 0, 100)
        assert (x[99], y[99], z[99]) == (32767, -32768, -1)
        assert (x[99], y[99]) == (sensor.rail_high, sensor.rail_low)


def test_read_into__known_acceleration__is_right_in_every_range():
    for range_g in (2, 4, 8, 16):
        rig, sensor = _on(Level(1.5, -1.5, 0.7))
        sensor.configure(range_g=range_g)
        sensor.start()
        rig.wait_us(5_000)
        x, y, z = _blocks(100)
        sensor.read_into(x, y, z, 0, 100)
        for block, g in ((x, 1.5), (y, -1.5), (z, 0.7)):
            assert abs(block[99] * sensor.g_per_digit - g) <= 0.51 * sensor.g_per_digit, range_g


def test_read_into__outside_the_blocks__is_refused_before_the_bus_is_asked():
    rig, sensor = _on()
    sensor.start()
    rig.wait_us(30_000)
    waiting = sensor.entries()
    x, y, z = _blocks(10)
    for at, count in ((0, 513), (8, 3), (-1, 2), (0, -1)):
        assert refusal(lambda: sensor.read_into(x, y, z, at, count))[0] == "count"  # noqa: B023
    assert refusal(lambda: sensor.read_into(x, array("h", [0]), z, 0, 2))[0] == "count"
    assert sensor.entries() == waiting == 512


def test_read_into__more_than_wait__is_an_error_of_the_bus():
    rig, sensor = _on()
    sensor.start()
    rig.wait_us(1_000)
    x, y, z = _blocks(200)
    try:
        sensor.read_into(x, y, z, 0, 200)
    except OSError as error:
        assert error.args[0] == EIO
    else:
        raise AssertionError("accepted words that were none")


def test_read_into__tag_spoilt__is_an_error_of_the_bus():
    for word in (0, 5, 63):
        for flip in (0x01, 0x02, 0x10, 0x08, 0x80):  # one bit: the parity tells
            rig = Rig3DWB(Steps(1e-3))
            sensor = IIS3DWB(Spoilt(rig, word, flip))
            sensor.configure()
            sensor.start()
            rig.wait_us(4_000)
            x, y, z = _blocks(64)
            try:
                sensor.read_into(x, y, z, 0, 64)
            except OSError as error:
                assert error.args[0] == EIO
            else:
                raise AssertionError((word, flip))


def test_read_into__another_sensors_word__is_an_error_of_the_bus():
    rig = Rig3DWB(Steps(1e-3))
    sensor = IIS3DWB(Spoilt(rig, 3, 0x11 ^ 0x18))  # the parity is right: temperature, sensor 3
    sensor.start()
    rig.wait_us(4_000)
    x, y, z = _blocks(64)
    try:
        sensor.read_into(x, y, z, 0, 64)
    except OSError as error:
        assert error.args[0] == EIO
    else:
        raise AssertionError("accepted")


def test_read_into__counter_jumps__is_told_as_a_loss():
    # A word is missing, and no flag of the chip says so: two bits of its counter are another.
    rig = Rig3DWB(Steps(1e-3))
    sensor = IIS3DWB(Spoilt(rig, 3, 0x06))
    sensor.start()
    rig.wait_us(4_000)
    x, y, z = _blocks(64)
    assert not sensor.overrun()
    sensor.read_into(x, y, z, 0, 32)
    assert sensor.overrun() and not sensor.overrun()


def test_check_tags__rows__are_judged_as_the_data_sheet_says():
    def row(*tags):
        return bytearray(b"".join([bytes([tag]) + bytes(6) for tag in tags]))

    for tags, last, wanted in (
        (TAGS, -1, 3),
        (TAGS, 3, 3),
        (TAGS, 0, 1 << 2 | 3),
        ((TAGS[2], TAGS[0], TAGS[1]), 1, 1 << 2 | 1),
        ((TAGS[2], TAGS[2]), -1, 1 << 2 | 2),
        ((0x00,), -1, -1),
        ((0x10,), -1, -1),  # an odd number of ones
        ((TAGS[0], 0x18), -1, -1),  # another sensor
        ((), 2, 2),
    ):
        assert check_tags(row(*tags), len(tags), last) == wanted, (tags, last)


def test_split_tagged__words__come_to_their_places_with_their_signs():
    raw = bytearray(b"\x11\xff\x7f\x00\x80\xff\xff" + b"\x12\x01\x00\x00\xff\x34\x12")
    x, y, z = _blocks(4)
    split_tagged(raw, x, y, z, 1, 2)
    assert list(x) == [0, 32767, 1, 0]
    assert list(y) == [0, -32768, -256, 0]
    assert list(z) == [0, -1, 0x1234, 0]


def test_overrun__words_overwritten__is_told_once():
    for more in (0, 1, 2, 3):  # whatever the counter of two bits makes of it
        rig, sensor = _on(Steps(2 / 32768))
        sensor.start()
        rig.wait_us(int(512.5e6 / ODR_HZ))
        assert sensor.entries() == 512 and not sensor.overrun()  # full, and nothing lost
        x, y, z = _blocks(512)
        sensor.read_into(x, y, z, 0, 1)
        rig.world.advance_to(rig.chip._begin_us + int((600.2 + more) * 1e6 / ODR_HZ))
        assert sensor.entries() == 512  # this reading ends the latch; the driver remembers
        assert sensor.overrun()
        sensor.read_into(x, y, z, 0, 300)
        assert not sensor.overrun(), more
        assert list(x[:300]) == list(range(88 + more, 388 + more))


def test_overrun__nobody_asked_before_reading__is_in_the_latch():
    rig, sensor = _on(Steps(2 / 32768))
    sensor.start()
    rig.wait_us(int(600.5e6 / ODR_HZ))
    x, y, z = _blocks(64)
    sensor.read_into(x, y, z, 0, 64)
    assert sensor.overrun()
    assert sensor.entries() < 512 and not sensor.overrun()


def test_start__again__empties_the_fifo():
    rig, sensor = _on()
    sensor.start()
    rig.wait_us(60_000)
    sensor.start()
    assert sensor.entries() == 0 and not sensor.overrun()


def test_supply_lost__is_found_and_start_writes_everything_anew():
    rig, sensor = _on()
    sensor.configure(range_g=8)
    sensor.start()
    before = bytes(rig.chip._regs)
    rig.chip.inject("unplugged", {})
    try:
        sensor.prove_settings()
    except SensorReset as error:
        assert (error.chip, error.reg, error.expected, error.got) == ("iis3dwb", 0x10, 0xAC, 0x00)
    else:
        raise AssertionError("not found")
    sensor.start()
    assert bytes(rig.chip._regs) == before


def test_trimmed_hz__either_sign__is_the_rate_of_the_chip():
    for ppm in (-30_000, 0, 45_000):
        _, sensor = _on(clock_error_ppm=ppm)
        assert abs(sensor.trimmed_hz() / (ODR_HZ * (1 + ppm * 1e-6)) - 1) < 1e-6
