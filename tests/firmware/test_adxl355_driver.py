"""The ADXL355's driver on the twin of the chip, and on a bus that has no chip."""

import sys
from array import array

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import Level
from adxl355_rig import ADDRESS, Counting, Rig355
from lis_rig import refusal

from node.drivers import bus
from node.drivers.adxl355 import ADXL355
from node.drivers.errors import DeviceMismatch, SensorReset
from node.drivers.kernels20 import misplaced20

RATES = (4000, 2000, 1000, 500, 250, 125, 62.5, 31.25, 15.625, 7.813, 3.906)
LOST = 65536


def _blocks(samples, code="h"):
    return [array(code, bytes((4 if code == "i" else 2) * samples)) for _ in range(3)]


def test_init__wrong_id__raises_device_mismatch():
    for reg, expected in ((0, 0xAD), (2, 0xED)):
        rig = Rig355()
        read = rig.chip.read_register
        rig.chip.read_register = lambda at, reg=reg, read=read: 0xE5 if at == reg else read(at)
        try:
            rig.sensor(ADXL355, bus)
        except DeviceMismatch as error:
            assert (error.chip, error.expected, error.got) == ("adxl355", expected, 0xE5)
        else:
            raise AssertionError("accepted")


def test_init__nobody_there__raises():
    rig = Rig355()
    try:
        ADXL355(bus.I2CRegisters(rig.i2c, 0x53))
    except OSError as error:
        assert error.args[0] == 5
    else:
        raise AssertionError("accepted")
    rig = Rig355("spi")
    try:
        ADXL355(bus.SPIRegisters(rig.spi, lambda level: None))
    except DeviceMismatch as error:
        assert error.got == 0
    else:
        raise AssertionError("accepted")


def test_start__every_rate_and_range__writes_the_codes_of_the_data_sheet():
    for kind in ("spi", "i2c"):
        rig = Rig355(kind, Level(0, 0, 0))
        sensor = rig.sensor(ADXL355, bus)
        regs = rig.chip._regs
        for code, odr_hz in enumerate(RATES):
            if kind == "i2c" and odr_hz > 2000:
                continue
            for range_code, range_g in ((1, 2), (2, 4), (3, 8)):
                sensor.configure(odr_hz, range_g)
                sensor.start()
                assert regs[0x28] == code and regs[0x2C] == 0x40 | range_code
                assert regs[0x29] == 3 * sensor.watermark and regs[0x2A] == 0x02
                assert regs[0x2D] == 0x04 and regs[0x2B] == regs[0x2E] == 0
                assert sensor.odr_hz == odr_hz and sensor.bandwidth_hz == odr_hz / 4
                assert abs(sensor.g_per_digit / (range_g * 31.25e-6) - 1) < 1e-6
                assert abs(sensor.full_scale_digits * sensor.g_per_digit / range_g - 1.024) < 1e-6
                assert 1 <= sensor.watermark <= 16
                sensor.prove_settings()
                sensor.stop()
                assert regs[0x2D] == 1


def test_configure__impossible_values__names_key_value_and_allowed():
    rig = Rig355("spi")
    sensor = rig.sensor(ADXL355, bus)
    assert refusal(lambda: sensor.configure(3200)) == ("odr_hz", 3200, list(RATES))
    assert refusal(lambda: sensor.configure(4000, 16)) == ("range_g", 16, [2, 4, 8])
    rig = Rig355()
    for rate_hz, first in ((400_000, 1), (100_000, 3)):
        sensor = ADXL355(bus.I2CRegisters(rig.i2c, ADDRESS, rate_hz))
        assert refusal(lambda: sensor.configure(5000))[2] == list(RATES[first:])  # noqa: B023


def test_configure__little_noise_for_a_digit__does_not_call_stillness_stuck():
    sensor = Rig355("spi").sensor(ADXL355, bus)
    for odr_hz, range_g, wide, still in (
        (4000, 8, False, 64),
        (250, 8, False, 64),
        (125, 8, False, LOST),
        (15.625, 2, False, 64),
        (7.813, 2, False, LOST),
        (3.906, 8, True, 64),
    ):
        sensor.configure(odr_hz, range_g, wide)
        assert sensor.still_samples == still, (odr_hz, range_g)
        assert sensor.still_frames == (16 if still == 64 else LOST)


def test_configure__noise__is_that_of_the_chip_and_of_rounding():
    sensor = Rig355("spi").sensor(ADXL355, bus)
    for odr_hz, range_g, wide, ug in ((4000, 2, False, 22.5), (3.906, 8, False, 56.3)):
        sensor.configure(odr_hz, range_g, wide)
        assert abs(sensor.noise_g_rthz * 1e6 / ug - 1) < 0.01, (odr_hz, sensor.noise_g_rthz)


def test_read_into__samples__are_those_served_at_their_places():
    for kind, odr_hz in (("i2c", 1000), ("spi", 4000)):
        rig = Rig355(kind, Counting())
        sensor = rig.sensor(ADXL355, bus)
        sensor.configure(odr_hz, 2)
        sensor.start()
        rig.wait_us(10_000 + int(21.5e6 / odr_hz))
        assert sensor.entries() == 21 and not sensor.overrun()
        x, y, z = _blocks(40)
        sensor.read_into(x, y, z, 0, 5)
        sensor.read_into(x, y, z, 10, 15)
        sensor.read_into(x, y, z, 30, 0)
        sensor.stop()
        served = rig.served(1)
        for axis, block in enumerate((x, y, z)):
            digits = served[axis::3]
            assert len(digits) == 20
            assert list(block) == digits[:5] + [0] * 5 + digits[5:] + [0] * 15
        assert list(x[10:25]) == list(range(5, 20)) and y[24] == -19 and z[11] == 16000


def test_read_into__extremes__keep_their_sign_and_place():
    small = 1 / 256_000
    for wide, code, top in ((False, "h", 32767), (True, "i", 524287)):
        ends = {99.0: top, -99.0: -top - 1, -small: -1}
        for g in ((99.0, -99.0, -small), (-99.0, -small, 99.0), (-small, 99.0, -99.0)):
            rig = Rig355("spi", Level(*g))
            sensor = rig.sensor(ADXL355, bus)
            sensor.configure(4000, 2, wide)
            sensor.start()
            rig.wait_us(12_000)
            x, y, z = _blocks(4, code)
            sensor.read_into(x, y, z, 0, 4)
            assert [list(block) for block in (x, y, z)] == [[ends[value]] * 4 for value in g]
        assert (sensor.rail_low, sensor.rail_high) == (-top - 1, top)
        rig.chip.sampler.source = Level(16 * small, -16 * small, 17 * small)
        rig.chip.sampler._chunk = -1
        sensor.read_into(x, y, z, 0, 2)
        assert (x[0], y[0], z[0]) == ((16, -16, 17) if wide else (1, -1, 1))


def test_misplaced20__marks_of_the_entries__count_the_frames_out_of_order():
    for marks, wrong in (
        ((1, 0, 0), 0),
        ((0, 0, 0), 1),
        ((3, 0, 0), 1),
        ((1, 1, 0), 1),
        ((1, 2, 0), 1),
        ((1, 0, 1), 1),
        ((1, 0, 2), 1),
        ((2, 2, 2), 1),
    ):
        raw = bytearray([0xFF, 0xFF, 0xF1, 0xFF, 0xFF, 0xF0, 0xFF, 0xFF, 0xFC] * 3)
        for axis in range(3):
            raw[9 + 3 * axis + 2] = 0xFC | marks[axis]
        assert misplaced20(raw, 3) == wrong, marks
        assert misplaced20(raw, 1) == 0


def test_read_into__outside_the_blocks__is_refused_before_the_bus_is_asked():
    sensor = Rig355("spi", Counting()).sensor(ADXL355, bus)
    sensor.start()
    x, y, z = _blocks(10)
    for at, count in ((0, 33), (8, 3), (-1, 2), (0, -1)):
        assert refusal(lambda: sensor.read_into(x, y, z, at, count))[0] == "count"  # noqa: B023
    assert refusal(lambda: sensor.read_into(x, array("h", [0]), z, 0, 2))[0] == "count"


def test_read_into__entries_out_of_order_or_missing__is_an_error_of_the_bus():
    for spoilt in (True, False):
        rig = Rig355("spi", Counting())
        sensor = rig.sensor(ADXL355, bus)
        sensor.start()
        rig.wait_us(12_000 + 8 * 8000)
        if spoilt:
            rig.exchange(0x11 << 1 | 1, 0, 0, 0)  # x of the first is gone
        x, y, z = _blocks(32)
        try:
            sensor.read_into(x, y, z, 0, 4 if spoilt else 16)
        except OSError as error:
            assert error.args[0] == 5
        else:
            raise AssertionError("accepted")
        sensor.start()
        rig.wait_us(12_000 + 8 * 8000)
        sensor.read_into(x, y, z, 0, 8)


def test_overrun__samples_lost__is_told_once():
    rig = Rig355("spi", Counting())
    sensor = rig.sensor(ADXL355, bus)
    sensor.configure(4000, 2)
    sensor.start()
    rig.wait_us(10_000 + 31 * 250)
    assert sensor.entries() == 31 and not sensor.overrun()
    rig.wait_us(3 * 250)
    assert sensor.entries() == 32 and sensor.overrun() and not sensor.overrun()
    sensor.read_into(*_blocks(32), 0, 32)
    assert sensor.entries() <= 2  # what came meanwhile


def test_start__again__begins_with_an_empty_fifo():
    rig = Rig355("spi", Counting())
    sensor = rig.sensor(ADXL355, bus)
    for code, odr_hz in enumerate((4000, 2000, 1000)):  # from one to the next without a stop
        sensor.configure(odr_hz, 2)
        sensor.start()
        assert rig.chip._regs[0x28] == code
        assert sensor.entries() == 0 and not sensor.overrun()
        rig.wait_us(30_000)
        rig.exchange(0x11 << 1 | 1, 0)


def test_start__chip_lost_its_supply__writes_everything_anew():
    rig = Rig355("i2c", Counting())
    sensor = rig.sensor(ADXL355, bus)
    sensor.configure(500, 4)
    sensor.start()
    before = bytes(rig.chip._regs)
    rig.chip.inject("unplugged", {})
    try:
        sensor.prove_settings()
    except SensorReset as error:
        assert (error.reg, error.expected, error.got) == (0x2D, 0x04, 0x01)
    else:
        raise AssertionError("not seen")
    rig.put(0x1E, 5)
    sensor.start()
    assert bytes(rig.chip._regs) == before


def test_temperature__of_the_die__in_hundredths_of_a_degree():
    for celsius in (-40.0, 0.0, 25.0, 85.5):
        rig = Rig355("spi", Counting(), temperature_c=celsius)
        sensor = rig.sensor(ADXL355, bus)
        sensor.start()
        assert abs(sensor.temperature_cdeg() - 100 * celsius) <= 7
    # The upper bits may be older than the lower: the next reading tells.
    sensor._bus = Rolling(iter([0x07, 0xFF, 0x07, 0x00]))
    assert sensor.temperature_cdeg() == 2500 + (1885 - 0x7FF) * 10_000 // 905
    sensor._bus = Rolling(iter([0x07, 0xFF, 0x06, 0xFF, 0x06, 0xFE]))
    assert sensor.temperature_cdeg() == 2500 + (1885 - 0x6FF) * 10_000 // 905


class Rolling:
    """A bus that reads these bytes, one after the other."""

    def __init__(self, values):
        self._values = values

    def read_into(self, reg, buf):
        for i in range(len(buf)):
            buf[i] = next(self._values)
