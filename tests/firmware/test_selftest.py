"""The self-test of every accelerometer: driver and twin against the data sheets' limits."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from accelerometer_rig import CHIPS, ChipRig, Shaking, ways
from adxl345_rig import Level

from node.drivers.errors import SensorTimeout


def test_self_test__good_chip__passes_with_facts_and_leaves_the_settings():
    for chip, kind in ways():
        rig = ChipRig(chip, kind, Level(0.1, -0.2, 1.0), noise=True)
        sensor = rig.sensor
        range_g = rig.row["ranges_g"][-1]
        sensor.configure(sensor.odr_hz, range_g)
        before = sensor.odr_hz, sensor.g_per_digit, sensor.watermark
        passed, facts = sensor.self_test(rig.clock)
        assert passed, (chip, facts)
        assert [fact[0] for fact in facts] == ["x", "y", "z"]
        for _, change_g, least_g, most_g in facts:
            assert least_g <= change_g <= most_g and change_g != 0, (chip, facts)
        assert (sensor.odr_hz, sensor.g_per_digit, sensor.watermark) == before
        assert not sensor.streaming
        # A record after it has nothing of the test.
        sensor.start()
        assert sensor.streaming
        sensor.prove_settings()


def test_self_test__an_axis_does_not_follow__fails_and_says_which():
    for chip in CHIPS:
        for axis in range(3):
            rig = ChipRig(chip, "spi" if chip != "mpu6050" else "i2c", Level(0, 0, 1.0))
            rig.chip.inject("self_test", {"axis": "xyz"[axis]})
            passed, facts = rig.sensor.self_test(rig.clock)
            assert not passed, chip
            for other in range(3):
                _, change_g, least_g, most_g = facts[other]
                assert (least_g <= change_g <= most_g) == (other != axis), (chip, axis, facts)
            rig.chip.inject("self_test", None)
            assert rig.sensor.self_test(rig.clock)[0], chip


def test_self_test__element_stuck__fails():
    for chip in CHIPS:
        rig = ChipRig(chip, "spi" if chip != "mpu6050" else "i2c", Shaking(0))
        rig.chip.inject("stuck", {})
        passed, facts = rig.sensor.self_test(rig.clock)
        assert not passed and [fact[1] for fact in facts] == [0, 0, 0], (chip, facts)


def test_self_test__chip_makes_no_samples__times_out():
    for chip in CHIPS:
        rig = ChipRig(chip, "spi" if chip != "mpu6050" else "i2c", Level(0, 0, 1.0))
        rig.chip.odr_hz = lambda: 0
        settings = rig.sensor.odr_hz, rig.sensor.range_g
        try:
            rig.sensor.self_test(rig.clock)
        except SensorTimeout as error:
            assert error.chip == chip
        else:
            raise AssertionError("no samples, and no error")
        assert (rig.sensor.odr_hz, rig.sensor.range_g) == settings


def test_self_test__trim_of_the_factory__moves_the_limits():
    for chip, codes, wanted_g in (
        ("mpu6500", {0x0D: 110, 0x0E: 1, 0x0F: 0}, ((0.2365, 0.7096), (0.07996, 0.2399), None)),
        ("mpu6050", {0x0D: 0xE0, 0x0E: 0x20, 0x0F: 0, 0x10: 0x30}, ((0.7912, 1.0488), None, None)),
    ):
        rig = ChipRig(chip, "i2c", Level(0, 0, 1.0))
        for reg in codes:
            rig.chip._regs[reg] = codes[reg]
        _, facts = rig.sensor.self_test(rig.clock)
        for axis in range(3):
            if wanted_g[axis] is not None:
                least_g, most_g = wanted_g[axis]
                assert abs(facts[axis][2] / least_g - 1) < 0.001, (chip, facts)
                assert abs(facts[axis][3] / most_g - 1) < 0.001, (chip, facts)
    assert facts[1][2] < 0.4 and facts[2][2:] == (0.3, 0.95)
