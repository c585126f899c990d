from node import drivers
from node.drivers.shared import choose
from wire import chips, settings

# chip: the registers in which it says what it is
IDENTITIES = {
    "adxl345": {0x00: 0xE5},
    "adxl355": {0x00: 0xAD, 0x02: 0xED},
    "iis3dwb": {0x0F: 0x7B},
    "kx134": {0x13: 0x46},
    "lis2dw12": {0x0F: 0x44},
    "lis3dh": {0x0F: 0x33},
    "mpu6050": {0x75: 0x68},
    "mpu6500": {0x75: 0x70},
}


class FakeBus:
    """A bus at which a chip says what it is, and nothing more."""

    multiple = 0
    read_last = False

    def __init__(self, chip, kind, rate_hz):
        self.kind, self.rate_hz = kind, rate_hz
        self._registers = IDENTITIES[chip]

    def read_into(self, reg, buf):
        for i in range(len(buf)):
            buf[i] = self._registers.get(reg, 0)


def _buses():
    """Each accelerometer with each of its buses: (chip, row, driver, kind of bus)."""
    for chip in chips.of_kind("accelerometer"):
        row = chips.ROWS[chip]
        for kind in row["buses"]:
            yield chip, row, drivers.load(chip), kind


def _refusal(call, *args):
    try:
        call(*args)
    except ValueError as error:
        return error.args
    raise AssertionError("accepted")


def test_drivers__chips_of_the_settings__are_those_with_a_driver_and_a_row():
    assert chips.of_kind("accelerometer") == sorted(settings.CHIPS)
    assert chips.of_kind("temperature") == sorted(settings.THERMOMETERS)
    assert sorted(drivers.CHIPS) == sorted(chips.ROWS)


def test_load__each_chip__class_that_says_so_and_the_mode_of_its_row():
    for chip in drivers.CHIPS:
        assert drivers.load(chip).chip == chip
        if "spi" in chips.ROWS[chip]["buses"]:
            assert drivers.CHIPS[chip][2] == chips.ROWS[chip]["spi_mode"] in (0, 3)


def test_driver__each_rate_and_range_of_its_row__those_and_no_others():
    for chip, row, driver, kind in _buses():
        most_hz = row["most_hz"][kind]
        for bus_hz in (most_hz, most_hz // 2, most_hz // 10):
            bus = FakeBus(chip, kind, bus_hz)
            sensor = driver(bus)
            carried = chips.carried_hz(chip, bus_hz)
            key, _, allowed = _refusal(sensor.configure, -1, row["ranges_g"][0])
            assert (key, list(allowed)) == ("odr_hz", carried), (chip, kind, bus_hz)
            for odr_hz in carried:
                key, _, allowed = _refusal(sensor.configure, odr_hz, -1)
                assert (key, tuple(allowed)) == ("range_g", row["ranges_g"]), chip
                for range_g in row["ranges_g"]:
                    sensor.configure(odr_hz, range_g)
                    assert sensor.g_per_digit == chips.g_per_digit(chip, range_g), chip
                    assert sensor.bandwidth_hz == chips.bandwidth_hz(chip, odr_hz), chip
                    assert sensor.noise_g_rthz >= row["noise_g_rthz"], chip
                    told = chips.g_per_digit(chip, range_g)
                    assert abs(sensor.g_per_digit / told - 1) < 1e-6, (chip, range_g)


def test_driver__what_its_row_says_of_the_chip__is_so():
    for chip, row, driver, kind in _buses():
        sensor = driver(FakeBus(chip, kind, row["most_hz"][kind]))
        assert sensor.fifo_depth == row["fifo"], chip
        assert sensor.axes == row["axes"], chip
        assert sensor.watermark_interrupt == row["interrupt"], chip
        assert bool(sensor.test_code) == row["self_test"], chip
        if row["self_test"]:
            assert sensor.test_settings[0] in row["rates_hz"], chip
        assert bool(sensor.motion) == (row["motion"] is not None), chip
        if row["motion"] is not None:
            found_g = sensor.motion_limits_g()
            for end in range(2):
                assert abs(found_g[end] / row["motion"][end] - 1) < 1e-6, chip


def test_driver__bus_it_cannot_use__is_refused():
    for chip, row, driver, kind in _buses():
        most_hz = row["most_hz"][kind]
        key, value, _ = _refusal(driver, FakeBus(chip, kind, most_hz + 1))
        assert (key, value) == ("bus.rate_hz", most_hz + 1), chip
        for other in ("i2c", "spi"):
            if other not in row["buses"]:
                key, value, _ = _refusal(driver, FakeBus(chip, other, 100_000))
                assert (key, value) == ("bus.kind", other), chip


def test_bandwidth__a_rate_the_chip_has_not__value_error():
    try:
        chips.bandwidth_hz("kx134", 1000)
    except ValueError:
        pass
    else:
        raise AssertionError("accepted")


def test_choose__unknown_value__key_value_and_what_is_allowed():
    assert choose("range_g", 4, ((2, 0), (4, 1))) == (4, 1)
    assert _refusal(choose, "range_g", 3, ((2, 0), (4, 1))) == ("range_g", 3, [2, 4])
