"""The ADXL345's driver on the twin of the chip, and on a bus that has no chip."""

import sys
from array import array

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import Level, Ramp, Rig

from node.drivers.adxl345 import ADXL345
from node.drivers.bus import I2CRegisters, SPIRegisters
from node.drivers.errors import DeviceMismatch

RATES = (3200, 1600, 800, 400, 200, 100, 50, 25, 12.5, 6.25, 3.13, 1.56, 0.78, 0.39, 0.2, 0.1)


def _on(rig):
    if hasattr(rig, "i2c"):
        return ADXL345(I2CRegisters(rig.i2c, 0x53))
    return ADXL345(SPIRegisters(rig.spi, rig.cs))


def _refusal(call):
    try:
        call()
    except ValueError as error:
        return error.args
    raise AssertionError("accepted")


def _blocks(samples):
    return [array("h", bytes(2 * samples)) for _ in range(3)]


def test_init__wrong_id__raises_device_mismatch():
    for got in (0x00, 0x33, 0xFF):
        rig = Rig("i2c")
        rig.chip._regs[0] = got
        try:
            _on(rig)
        except DeviceMismatch as error:
            assert (error.chip, error.expected, error.got) == ("adxl345", 0xE5, got)
            assert "0xE5" in str(error)
        else:
            raise AssertionError("accepted 0x%02X" % got)


def test_init__nobody_at_the_address__raises_os_error():
    rig = Rig("i2c")
    try:
        ADXL345(I2CRegisters(rig.i2c, 0x1D))
    except OSError as error:
        assert error.args[0] == 5
    else:
        raise AssertionError("accepted")


def test_init__nobody_selected_on_spi__raises_device_mismatch():
    rig = Rig("spi")
    try:
        ADXL345(SPIRegisters(rig.spi, lambda level: None))
    except DeviceMismatch as error:
        assert error.got == 0
    else:
        raise AssertionError("accepted")


def test_start__every_rate_and_range__writes_the_codes_of_the_data_sheet():
    rig = Rig("spi", Level(0, 0, 0))
    sensor = _on(rig)
    regs = rig.chip._regs
    for step, odr_hz in enumerate(RATES):
        for code, range_g in enumerate((2, 4, 8, 16)):
            sensor.configure(odr_hz=odr_hz, range_g=range_g)
            sensor.start()
            assert regs[0x2C] == 15 - step  # table 7
            assert regs[0x31] == 0x08 | code  # FULL_RES, table 21
            assert regs[0x38] == 0x80 | sensor.watermark
            assert regs[0x2D] == 0x08 and regs[0x2E] == 0x02 and regs[0x2F] == 0
            assert sensor.odr_hz == odr_hz and sensor.bandwidth_hz == odr_hz / 2
            assert sensor.g_per_digit == 1 / 256 and sensor.full_scale_digits == range_g * 256
            assert 1 <= sensor.watermark <= 16
            sensor.stop()
            assert regs[0x2D] == 0


def test_configure__impossible_values__names_key_value_and_allowed():
    rig = Rig("i2c")
    sensor = _on(rig)
    assert _refusal(lambda: sensor.configure(odr_hz=801)) == ("odr_hz", 801, list(RATES[2:]))
    assert _refusal(lambda: sensor.configure(odr_hz=1600)) == ("odr_hz", 1600, list(RATES[2:]))
    assert _refusal(lambda: sensor.configure(range_g=3)) == ("range_g", 3, [2, 4, 8, 16])
    slow = ADXL345(I2CRegisters(rig.i2c, 0x53, 100_000))
    assert _refusal(lambda: slow.configure(odr_hz=400)) == ("odr_hz", 400, list(RATES[4:]))
    rig = Rig("spi")
    slow = ADXL345(SPIRegisters(rig.spi, rig.cs, 1_000_000))
    assert _refusal(lambda: slow.configure(odr_hz=1600))[2] == list(RATES[2:])


def test_read_into__entries__are_the_samples_served_at_their_places():
    for kind, odr_hz in (("i2c", 800), ("spi", 3200)):
        rig = Rig(kind, Ramp())
        sensor = _on(rig)
        sensor.configure(odr_hz, 16)
        sensor.start()
        rig.wait_us(int(20.5e6 / odr_hz) + 1100)
        assert sensor.entries() == 20 and not sensor.overrun()
        x, y, z = _blocks(40)
        sensor.read_into(x, y, z, 0, 5)
        sensor.read_into(x, y, z, 10, 12)
        sensor.stop()
        served = rig.served(1)
        for axis, block in enumerate((x, y, z)):
            digits = served[axis::3]
            assert len(digits) == 17
            assert list(block) == digits[:5] + [0] * 5 + digits[5:] + [0] * 18
        assert min(y) < -10 and sorted(z[10:22]) == [256] * 6 + [258] * 6


def test_read_into__extremes__keep_their_sign():
    rig = Rig("i2c", Level(99.0, -99.0, -1 / 256))
    sensor = _on(rig)
    sensor.configure(800, 16)
    sensor.start()
    rig.wait_us(10_000)
    x, y, z = _blocks(4)
    sensor.read_into(x, y, z, 0, 4)
    assert list(x) == [4095] * 4 and list(y) == [-4096] * 4 and list(z) == [-1] * 4
    assert (sensor.rail_low, sensor.rail_high) == (-4096, 4095)


def test_read_into__outside_the_blocks__is_refused_before_the_bus_is_asked():
    rig = Rig("i2c", Ramp())
    sensor = _on(rig)
    sensor.start()
    x, y, z = _blocks(10)
    for at, count in ((0, 34), (8, 3), (-1, 2), (0, -1)):
        assert _refusal(lambda: sensor.read_into(x, y, z, at, count))[0] == "count"  # noqa: B023
    assert _refusal(lambda: sensor.read_into(x, array("h", [0]), z, 0, 2))[0] == "count"


def test_overrun__fifo_full__is_seen_until_it_is_read():
    rig = Rig("i2c", Ramp())
    sensor = _on(rig)
    sensor.configure(800, 16)
    sensor.start()
    rig.wait_us(60_000)
    assert sensor.overrun() and sensor.entries() == 33
    x, y, z = _blocks(33)
    sensor.read_into(x, y, z, 0, 33)
    assert not sensor.overrun()


def test_start__again__empties_the_fifo():
    rig = Rig("i2c", Ramp())
    sensor = _on(rig)
    sensor.start()
    rig.wait_us(60_000)
    sensor.start()
    assert sensor.entries() == 0 and not sensor.overrun()


def test_start__chip_lost_its_supply__writes_everything_anew():
    rig = Rig("i2c", Ramp())
    sensor = _on(rig)
    sensor.configure(400, 8)
    sensor.start()
    regs = rig.chip._regs
    before = bytes(regs)
    for reg in (0x2C, 0x2D, 0x2E, 0x31, 0x38):
        regs[reg] = 0
    sensor.start()
    assert bytes(regs) == before
