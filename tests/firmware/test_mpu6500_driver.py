"""The drivers of MPU-6500 and MPU-6050 on the twins of the chips, and on a bus without a chip."""

import sys
from array import array

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import Level
from lis_rig import Steps, refusal
from mpu_rig import ADDRESS, MpuRig

from node.drivers import bus
from node.drivers.errors import DeviceMismatch, SensorReset
from node.drivers.mpu6500 import MPU6050, MPU6500

DRIVERS = {"mpu6500": MPU6500, "mpu6050": MPU6050}
IDENTS = {"mpu6500": 0x70, "mpu6050": 0x68}
DEPTHS = {"mpu6500": 85, "mpu6050": 170}
BUSES = (("mpu6500", "i2c"), ("mpu6500", "spi"), ("mpu6050", "i2c"))
# odr_hz: SMPLRT_DIV, CONFIG, ACCEL_CONFIG2, bandwidth_hz; registers 25, 26, 29
ROWS = {
    "mpu6500": {
        4000: (0, 1, 8, 1130),
        1000: (0, 1, 0, 460),
        500: (1, 1, 1, 184),
        250: (3, 1, 2, 92),
        200: (4, 1, 2, 92),
        125: (7, 1, 3, 41),
        100: (9, 1, 3, 41),
        50: (19, 1, 4, 20),
        25: (39, 1, 5, 10),
        10: (99, 1, 6, 5),
    },
    "mpu6050": {
        1000: (7, 0, 0, 260),
        500: (1, 1, 0, 184),
        250: (3, 2, 0, 94),
        200: (4, 2, 0, 94),
        125: (7, 3, 0, 44),
        100: (9, 3, 0, 44),
        50: (19, 4, 0, 21),
        25: (39, 5, 0, 10),
        10: (99, 6, 0, 5),
    },
}


def _on(chip, kind="i2c", source=None, **config):
    rig = MpuRig(chip, kind, source, **config)
    return rig, rig.sensor(DRIVERS[chip], bus)


def _sleep(sensor):
    """No more samples: what is in the FIFO can be looked at."""
    sensor._bus.write(0x6B, 0x40)


def _blocks(samples):
    return [array("h", bytes(2 * samples)) for _ in range(3)]


def test_init__wrong_id__raises_device_mismatch():
    for chip, kind in BUSES:
        rig = MpuRig(chip, kind)
        for got in (0x00, 0x68, 0x70, 0x71, 0xFF):
            rig.chip.IDENT = got
            if got == IDENTS[chip]:
                rig.sensor(DRIVERS[chip], bus)
                continue
            try:
                rig.sensor(DRIVERS[chip], bus)
            except DeviceMismatch as error:
                assert (error.chip, error.expected, error.got) == (chip, IDENTS[chip], got)
            else:
                raise AssertionError("accepted 0x%02X" % got)


def test_init__nobody_there__raises():
    rig = MpuRig("mpu6050")
    try:
        MPU6050(bus.I2CRegisters(rig.i2c, 0x69))
    except OSError as error:
        assert error.args[0] == 5
    else:
        raise AssertionError("accepted")
    rig = MpuRig("mpu6500", "spi")
    try:
        MPU6500(bus.SPIRegisters(rig.spi, lambda level: None, 1_000_000))
    except DeviceMismatch as error:
        assert error.got == 0
    else:
        raise AssertionError("accepted")


def test_start__every_rate_and_range__writes_the_codes_of_the_register_map():
    for chip, kind in BUSES:
        rig, sensor = _on(chip, kind)
        regs = rig.chip._regs
        for odr_hz, (divider, dlpf, config2, bandwidth_hz) in ROWS[chip].items():
            for code, range_g in enumerate((2, 4, 8, 16)):
                sensor.configure(odr_hz=odr_hz, range_g=range_g)
                sensor.start()
                assert list(regs[0x19:0x1E]) == [divider, dlpf, 0, code << 3, config2], odr_hz
                assert (regs[0x23], regs[0x38], regs[0x6A], regs[0x6C]) == (0x08, 0x10, 0x40, 7)
                assert regs[0x6B] == (0 if chip == "mpu6050" else 1)
                assert rig.chip.odr_hz() == sensor.odr_hz == odr_hz
                assert sensor.bandwidth_hz == bandwidth_hz <= odr_hz / 2
                assert sensor.g_per_digit == range_g / 32768 and sensor.range_g == range_g
                # Register 59: LSB/g
                assert 1 / sensor.g_per_digit == (16384, 8192, 4096, 2048)[code]
                assert (sensor.rail_low, sensor.rail_high) == (-32768, 32767)
                assert 1 <= sensor.watermark < sensor.fifo_depth / 2
                assert sensor.period_us == int(1_000_000 / odr_hz)
                assert rig.chip.unsettled() < sensor.settling_samples <= 256, odr_hz
                assert (sensor.still_samples, sensor.still_frames) == (64, 16)
                sensor.prove_settings()
                sensor.stop()
                assert regs[0x6B] == 0x40


def test_spi__several_registers__are_asked_for_with_seven_bits_of_address():
    rig, sensor = _on("mpu6500", "spi")
    sensor.configure(500, 8)
    sensor.start()
    got = bytearray(5)
    sensor._bus.read_into(0x19, got)
    assert list(got) == list(rig.chip._regs[0x19:0x1E]) == [1, 1, 0, 0x10, 1]


def test_configure__impossible_values__names_key_value_and_allowed():
    for chip in DRIVERS:
        rig, sensor = _on(chip)
        facts = refusal(lambda: sensor.configure(odr_hz=8000))  # noqa: B023
        assert facts == ("odr_hz", 8000, sorted(ROWS[chip], reverse=True))
        assert refusal(lambda: sensor.configure(range_g=3)) == ("range_g", 3, [2, 4, 8, 16])  # noqa: B023
    rig, _ = _on("mpu6500")
    slow = MPU6500(bus.I2CRegisters(rig.i2c, ADDRESS, 100_000))
    assert refusal(lambda: slow.configure(odr_hz=4000))[:2] == ("odr_hz", 4000)
    slow.configure(odr_hz=1000)


def test_init__bus_too_fast__is_refused():
    rig = MpuRig("mpu6500", "spi")
    fast = bus.SPIRegisters(rig.spi, rig.cs, 1_000_001)
    assert refusal(lambda: MPU6500(fast)) == ("bus.rate_hz", 1_000_001, 1_000_000)
    rig = MpuRig("mpu6050")
    fast = bus.I2CRegisters(rig.i2c, ADDRESS, 1_000_000)
    assert refusal(lambda: MPU6050(fast)) == ("bus.rate_hz", 1_000_000, 400_000)


def test_configure__refused__leaves_everything_as_it_was():
    for chip in DRIVERS:
        rig, sensor = _on(chip)
        sensor.configure(500, 8)
        sensor.start()
        before = bytes(rig.chip._regs)
        for odr_hz, range_g in ((401, 2), (100, 5)):
            refusal(lambda: sensor.configure(odr_hz, range_g))  # noqa: B023
        sensor.start()
        assert bytes(rig.chip._regs) == before
        assert (sensor.odr_hz, sensor.range_g, sensor.watermark) in ((500, 8, 32), (500, 8, 64))


def test_read_into__any_number__is_the_samples_served_at_their_places():
    for chip, kind in BUSES:
        rig, sensor = _on(chip, kind, Steps(16 / 32768))
        sensor.configure(1000, 16)
        sensor.start()
        rig.wait_us(80_400)
        assert sensor.entries() in (79, 80, 81) and not sensor.overrun()
        x, y, z = _blocks(90)
        at = 0
        for count in (0, 1, 2, 3, 31, 32, 5):
            sensor.read_into(x, y, z, at, count)
            at += count
        sensor.stop()
        served = rig.served(1)
        for axis, block in enumerate((x, y, z)):
            digits = served[axis::3]
            assert len(digits) == at == 74, chip
            assert list(block) == digits + [0] * 16, (chip, kind)
        assert list(x[50:74]) == list(range(x[50], x[50] + 24)) and x[50] >= 50


def test_read_into__extremes__keep_their_sign():
    for chip, kind in BUSES:
        for range_g in (2, 4, 8, 16):
            rig, sensor = _on(chip, kind, Level(99.0, -99.0, -range_g / 32768))
            sensor.configure(1000, range_g)
            sensor.start()
            rig.wait_us(60_000)
            x, y, z = _blocks(55)
            sensor.read_into(x, y, z, 0, 55)
            assert (x[54], y[54], z[54]) == (32767, -32768, -1), (chip, kind, range_g)


def test_read_into__known_acceleration__is_right_in_every_range():
    for chip in DRIVERS:
        for range_g in (2, 4, 8, 16):
            rig, sensor = _on(chip, "i2c", Level(1.5, -1.5, 0.7))
            sensor.configure(1000, range_g)
            sensor.start()
            rig.wait_us(60_000)
            x, y, z = _blocks(55)
            sensor.read_into(x, y, z, 0, 55)
            for block, g in ((x, 1.5), (y, -1.5), (z, 0.7)):
                assert abs(block[54] * sensor.g_per_digit - g) <= 0.51 * sensor.g_per_digit


def test_read_into__outside_the_blocks__is_refused_before_the_bus_is_asked():
    for chip in DRIVERS:
        rig, sensor = _on(chip)
        sensor.configure(1000, 2)
        sensor.start()
        rig.wait_us(250_000)
        sensor.stop()
        waiting, depth = sensor.entries(), DEPTHS[chip]
        x, y, z = _blocks(10)
        for at, count in ((0, depth + 1), (8, 3), (-1, 2), (0, -1)):
            facts = refusal(lambda: sensor.read_into(x, y, z, at, count))  # noqa: B023
            assert facts == ("count", count, depth)
        short = array("h", [0])
        assert refusal(lambda: sensor.read_into(x, short, z, 0, 2))[0] == "count"  # noqa: B023
        assert sensor.entries() == waiting == depth


def test_overrun__fifo_full__takes_away_what_is_left_of_a_sample():
    for chip, kind in BUSES:
        for late_us in (3_000, 4_000, 50_000):
            rig, sensor = _on(chip, kind, Steps(2 / 32768))
            sensor.configure(1000, 2)
            sensor.start()
            depth = DEPTHS[chip]
            rig.wait_us(1_000 * depth - 3_000)
            assert not sensor.overrun()
            rig.wait_us(3_000 + late_us)
            x, y, z = _blocks(depth)
            _sleep(sensor)
            assert sensor.entries() == depth
            assert sensor.overrun()
            assert sensor.entries() == depth and not sensor.overrun()
            sensor.read_into(x, y, z, 0, depth)
            # Triples that belong together: y is the negative of x.
            assert [-value for value in x] == list(y), (chip, kind, late_us)
            assert set(z[50:]) == {100, 101} and x[depth - 1] - x[depth - 20] == 19


def test_overrun__while_reading__the_next_samples_stand_right_again():
    for chip, kind in BUSES:
        rig, sensor = _on(chip, kind, Steps(2 / 32768))
        sensor.configure(1000, 2)
        sensor.start()
        depth = DEPTHS[chip]
        rig.wait_us(60_000)
        x, y, z = _blocks(depth)
        sensor.read_into(x, y, z, 0, 50)
        rig.wait_us(1_000 * depth + 20_000)
        sensor.read_into(x, y, z, 0, 50)  # nobody has asked: they begin in mid-sample
        assert [-value for value in x[:50]] != list(y[:50])
        assert sensor.overrun()
        count = sensor.entries()
        sensor.read_into(x, y, z, 0, count)
        assert [-value for value in x[:count]] == list(y[:count]), (chip, kind)


def test_start__again__empties_the_fifo():
    for chip, kind in BUSES:
        rig, sensor = _on(chip, kind)
        sensor.start()
        rig.wait_us(3_000_000)
        sensor.stop()
        sensor.start()
        assert sensor.entries() == 0 and not sensor.overrun()


def test_supply_lost__is_found_and_start_writes_everything_anew():
    for chip in DRIVERS:
        rig, sensor = _on(chip)
        sensor.configure(500, 8)
        sensor.start()
        before = bytes(rig.chip._regs)
        rig.chip.inject("unplugged", {})
        try:
            sensor.prove_settings()
        except SensorReset as error:
            facts = (error.chip, error.reg, error.expected, error.got)
            assert facts == (chip, 0x23, 0x08, 0x00)
        else:
            raise AssertionError("not found")
        sensor.start()
        assert bytes(rig.chip._regs) == before
