"""The TMP117's driver on the twin of the chip, and on buses that have died."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from thermometer_rig import ADDRESS, I2CRig

from node.drivers.bus import I2CRegisters
from node.drivers.errors import BadReading, DeviceMismatch, SensorReset, SensorTimeout
from node.drivers.tmp117 import TMP117

AVERAGES = (1, 8, 32, 64)


class DeadBus:
    """A bus that dies after so many transactions, and then reads one byte again and again."""

    def __init__(self, bus, lives, byte):
        self._bus, self._lives, self._byte = bus, lives, byte

    def _dead(self):
        self._lives -= 1
        return self._lives < 0

    def read_into(self, reg, buf):
        if self._dead():
            for i in range(len(buf)):
                buf[i] = self._byte
        else:
            self._bus.read_into(reg, buf)

    def write_from(self, reg, buf):
        if not self._dead():
            self._bus.write_from(reg, buf)


def _bus(rig):
    return I2CRegisters(rig.i2c, ADDRESS)


def _measured(rig, sensor):
    sensor.begin()
    rig.wait_us(sensor.wait_us)
    return sensor.read_c()


def _raised(kind, call):
    try:
        call()
    except kind as error:
        assert type(error) is kind
        return error
    raise AssertionError("nothing raised")


def test_init__any_revision__is_known():
    for revision in range(16):
        rig = I2CRig(revision=revision)
        sensor = TMP117(_bus(rig))
        assert sensor.chip == "tmp117" and _measured(rig, sensor) == 21.5


def test_init__wrong_id__raises_device_mismatch():
    for got in (0x0000, 0x1116, 0x0118, 0xFFFF):
        rig = I2CRig()
        rig.chip._id = got
        error = _raised(DeviceMismatch, lambda: TMP117(_bus(rig)))  # noqa: B023
        assert (error.chip, error.expected, error.got) == ("tmp117", 0x0117, got & 0x0FFF)


def test_init__nobody_at_the_address__raises_os_error():
    rig = I2CRig()
    assert _raised(OSError, lambda: TMP117(I2CRegisters(rig.i2c, 0x49))).args[0] == 5


def test_configure__impossible_averaging__names_key_value_and_allowed():
    sensor = TMP117(_bus(I2CRig()))
    assert _raised(ValueError, lambda: sensor.configure(averages=16)).args == (
        "averages",
        16,
        list(AVERAGES),
    )


def test_read_c__every_averaging__is_right_after_its_time_and_not_before():
    for averages in AVERAGES:
        for celsius in (21.6, -12.34, 0, -0.0078125, 150, -55):
            rig = I2CRig(source=celsius)
            sensor = TMP117(_bus(rig))
            sensor.configure(averages=averages)
            assert 17_500 * averages + 1000 <= sensor.wait_us <= 17_500 * averages + 2000
            sensor.begin()
            rig.wait_us(17_500 * averages - 2000)
            assert not sensor.ready()
            assert _raised(SensorTimeout, sensor.read_c).waited_us == sensor.wait_us
            rig.wait_us(2500)
            assert sensor.ready() and sensor.ready()  # though the flag is cleared by the first
            assert abs(sensor.read_c() - celsius) <= 1 / 256


def test_read_c__no_conversion_begun__raises_sensor_timeout():
    rig = I2CRig()
    sensor = TMP117(_bus(rig))
    assert not sensor.ready()
    rig.wait_us(2_000_000)  # the chip converts by itself after power-up
    assert _raised(SensorTimeout, sensor.read_c).waited_us == 0
    assert _measured(rig, sensor) == 21.5
    _raised(SensorTimeout, sensor.read_c)  # a value is told once


def test_begin__chip_that_converts_by_itself__sleeps_between():
    rig = I2CRig()
    sensor = TMP117(_bus(rig))
    _measured(rig, sensor)
    rig.wait_us(20_000_000)
    assert rig.get(1) == 0x0620


def test_read_c__supply_lost_meanwhile__raises_sensor_reset():
    for averages in AVERAGES:
        for lost_us in (0, 10_000, 17_000, 2_000_000):
            for back_us in (0, 1500, 1_000_000):
                rig = I2CRig()
                sensor = TMP117(_bus(rig))
                sensor.configure(averages=averages)
                sensor.begin()
                rig.wait_us(lost_us)
                rig.chip.inject("unplugged", {})
                rig.wait_us(back_us)
                error = _raised(SensorReset, sensor.read_c)
                assert error.reg == 1 and (error.expected ^ error.got) & 0x0400
                assert _measured(rig, sensor) == 21.5  # all is written anew


def test_read_c__reset_to_the_same_settings__is_no_minus_256_degrees():
    # An EEPROM may hold what a one-shot conversion leaves in the register.
    rig = I2CRig()
    sensor = TMP117(_bus(rig))
    rig.put(4, 0x8000)
    rig.put(1, 0x0620)
    sensor.begin()
    rig.wait_us(sensor.wait_us)
    assert sensor.ready()
    rig.chip.inject("unplugged", {})
    rig.wait_us(2000)
    assert _raised(BadReading, sensor.read_c).got == -256


def test_read_c__bus_dies__is_neither_0_nor_minus_0_0078_degrees():
    # Identity, configuration; begin: identity, write; read: configuration, value, configuration.
    for byte in (0x00, 0xFF):
        for lives in range(6):
            rig = I2CRig()

            def measure(lives=lives, byte=byte, rig=rig):
                return _measured(rig, TMP117(DeadBus(_bus(rig), lives, byte)))

            try:
                measure()
            except (DeviceMismatch, SensorReset, SensorTimeout):
                pass
            else:
                assert lives >= 6, (byte, lives)
        rig = I2CRig()
        assert _measured(rig, TMP117(DeadBus(_bus(rig), 6, byte))) == 21.5


def test_each_step__chip_gone__raises_os_error_and_comes_back():
    rig = I2CRig()
    sensor = TMP117(_bus(rig))
    gone = rig.i2c._chips.pop(ADDRESS)
    _raised(OSError, sensor.begin)
    rig.i2c._chips[ADDRESS] = gone
    sensor.begin()
    rig.i2c._chips.pop(ADDRESS)
    _raised(OSError, sensor.ready)
    _raised(OSError, sensor.read_c)
    rig.i2c._chips[ADDRESS] = gone
    assert _measured(rig, sensor) == 21.5
    rig.chip.inject("wrong_identity", {})
    assert _raised(DeviceMismatch, sensor.begin).got == 0


def test_read_c__beyond_the_range__raises_bad_reading():
    for celsius in (150.5, -55.5, -256, 255):
        rig = I2CRig(source=celsius)
        error = _raised(BadReading, lambda: _measured(rig, TMP117(_bus(rig))))  # noqa: B023
        assert (error.got, error.least, error.most) == (celsius, -55, 150)
