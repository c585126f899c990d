"""Wake on motion of every accelerometer: drivers and twins."""

import sys
from array import array

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from accelerometer_rig import CHIPS, ChipRig, Shaking, ways
from adxl345_rig import INT1, Level

from node.drivers.errors import SensorReset
from sim.chips.motion import ABSOLUTE, DIFFERENCE, REFERENCE, Motion, high_pass

# Shakes each chip well above its threshold at its own rate and filter.
THRESHOLD_G = 0.25
STRONG_G = 1.5


def _rig(chip, kind, source, **config):
    rig = ChipRig(chip, kind, source, **config)
    edges = []

    def pin(number, level):
        edges.append((rig.world.now_us(), number, level))

    rig.world.pin = pin
    return rig, edges


def _kind(chip):
    return "spi" if chip != "mpu6050" else "i2c"


def test_arm_motion__at_rest__nothing_moves_and_gravity_does_not_count():
    for chip, kind in ways():
        rig, edges = _rig(chip, kind, Level(0.0, 0.0, 1.0), noise=True)
        sensor = rig.sensor
        sensor.arm_motion(rig.row["motion"][0], rig.clock)
        del edges[:]
        rig.wait_us(2_000_000)
        assert not sensor.moved() and edges == [], (chip, kind, edges)


def test_arm_motion__each_axis_shakes__int1_rises_and_moved_says_so_once():
    for chip in CHIPS:
        for axis in range(3):
            g = [0.0, 0.0, 0.0]
            g[axis] = STRONG_G
            rig, edges = _rig(chip, _kind(chip), Shaking(1.0, g, 40.0))
            sensor = rig.sensor
            taken_g = sensor.arm_motion(THRESHOLD_G, rig.clock)
            assert abs(taken_g / THRESHOLD_G - 1) < 0.15, (chip, taken_g)
            armed_us = rig.world.now_us()
            del edges[:]
            rig.wait_us(600_000)
            assert not sensor.moved() and not edges, (chip, axis, edges)
            rig.wait_us(1_200_000)
            # Within 30 ms of the first shake: the source begins where the twin has read to.
            assert [edge[1:] for edge in edges] == [(INT1, 1)], (chip, axis, edges)
            assert 600_000 < edges[0][0] - armed_us < 1_050_000, (chip, axis, edges, armed_us)
            assert sensor.moved(), (chip, axis)
            assert edges[1][1:] == (INT1, 0), (chip, axis, edges)
            sensor.disarm()
            rig.wait_us(100_000)
            sensor.start()
            sensor.prove_settings()


def test_arm_motion__shaking_below_the_threshold__nothing_moves():
    for chip in CHIPS:
        rig, _ = _rig(chip, _kind(chip), Shaking(0.0, (0.1, 0.1, 0.1)))
        rig.sensor.arm_motion(THRESHOLD_G, rig.clock)
        rig.wait_us(1_000_000)
        assert not rig.sensor.moved(), chip


def test_arm_motion__a_jump_around_a_high_threshold__moves_above_it_only():
    for chip in CHIPS:
        for part, moves in ((0.9, False), (1.5, True)):
            rig, _ = _rig(chip, _kind(chip), Level(0.0, 0.0, 1.0))
            threshold_g = min(5.0, 0.6 * rig.row["motion"][1])  # of several bytes, in a wide range
            taken_g = rig.sensor.arm_motion(threshold_g, rig.clock)
            rig.chip.sampler.source = Level(part * taken_g, 0.0, 1.0)
            rig.chip.sampler._chunk = -1
            rig.wait_us(500_000)
            assert rig.sensor.moved() == moves, (chip, part, taken_g)


def test_arm_motion__impossible_threshold__names_least_and_most():
    for chip in CHIPS:
        rig, _ = _rig(chip, _kind(chip), Level(0, 0, 1.0))
        least_g, most_g = rig.row["motion"]
        for threshold_g in (0, least_g * 0.4, most_g * 1.3):
            try:
                rig.sensor.arm_motion(threshold_g, rig.clock)
            except ValueError as error:
                key, value, (low_g, high_g) = error.args
                assert (key, value) == ("threshold_g", threshold_g)
                assert abs(low_g / least_g - 1) < 1e-6 and abs(high_g / most_g - 1) < 1e-6, chip
            else:
                raise AssertionError((chip, threshold_g))
        for threshold_g in (least_g, most_g):
            taken_g = rig.sensor.arm_motion(threshold_g, rig.clock)
            assert -1e-6 < taken_g - threshold_g < 0.125, (chip, threshold_g, taken_g)


def test_moved__supply_lost__is_told():
    for chip in CHIPS:
        rig, _ = _rig(chip, _kind(chip), Level(0, 0, 1.0))
        rig.sensor.arm_motion(THRESHOLD_G, rig.clock)
        assert not rig.sensor.moved()
        rig.chip.inject("unplugged", {})
        rig.chip.inject("unplugged", None)
        try:
            rig.sensor.moved()
        except SensorReset as error:
            assert error.chip == chip
        else:
            raise AssertionError(chip)


def test_record__after_motion__the_line_tells_the_watermark_again():
    for chip in CHIPS:
        if not rig_tells_watermark(chip):
            continue
        rig, edges = _rig(chip, _kind(chip), Shaking(0.0, (STRONG_G, 0, 0)))
        sensor = rig.sensor
        sensor.arm_motion(1.2 * rig.row["motion"][0], rig.clock)
        rig.wait_us(200_000)
        sensor.disarm()
        del edges[:]
        sensor.start()
        rig.wait_us(sensor.watermark * sensor.period_us * 3 // 4)
        assert not any(edge[2] for edge in edges), (chip, edges)  # though it still shakes
        rig.wait_us(sensor.settling_us + 10_000 + sensor.watermark * sensor.period_us * 5 // 4)
        assert sensor.entries() >= sensor.watermark, chip
        assert [edge[2] for edge in edges][-1] == 1, (chip, edges)


def rig_tells_watermark(chip):
    return ChipRig(chip, _kind(chip)).row["interrupt"]


def test_streaming__pause_between_readings__entries_and_loss_are_honest():
    for chip, kind in ways():
        rig, _ = _rig(chip, kind, Level(0.0, 0.0, 1.0), noise=True)
        sensor = rig.sensor
        sensor.start()
        assert sensor.streaming
        rig.wait_us(40_000 + sensor.settling_us + 4 * sensor.period_us)
        _drain(sensor)
        half = sensor.fifo_depth // 2
        rig.wait_us(half * sensor.period_us)
        assert not sensor.overrun(), (chip, kind)
        assert abs(sensor.entries() - half) <= 2 + half // 50, (chip, kind, sensor.entries())
        _drain(sensor)
        rig.wait_us(sensor.fifo_us + 3 * sensor.period_us)
        assert sensor.overrun(), (chip, kind)
        sensor.stop()
        assert not sensor.streaming


def _drain(sensor):
    x, y, z = [array("h", bytes(2 * 512)) for _ in range(3)]
    for _ in range(4):  # the reading of a full FIFO lasts as long as samples need to come
        count = min(sensor.entries(), sensor.fifo_depth)
        sensor.overrun()
        sensor.read_into(x, y, z, 0, count)


def _found(engine, g, count=400):
    """The sample at which an engine finds motion in a list of x; -1: none."""
    engine.look(lambda k: (g[k], 0.0, 0.0), min(count, len(g)))
    return engine.found


def test_motion__each_filter__is_its_definition():
    step = [1.0] * 20 + [1.5] * 200
    assert _found(Motion(ABSOLUTE, 0.9), step) == 0
    assert _found(Motion(REFERENCE, 0.4), step) == 20
    assert _found(Motion(DIFFERENCE, 0.4), step) == 20
    assert _found(Motion(DIFFERENCE, 0.6), step) == -1
    slope = [0.01 * k for k in range(200)]
    assert _found(Motion(DIFFERENCE, 0.02), slope) == -1
    assert _found(Motion(REFERENCE, 0.5), slope) in (50, 51)
    assert _found(Motion(high_pass(1 / 50), 0.4), step) == 20
    assert _found(Motion(high_pass(1 / 50), 0.4, settled=False), step) == 0
    assert _found(Motion(REFERENCE, 0.4, every=8), step) == 24
    assert _found(Motion(REFERENCE, 0.4, count=5), step) == 24
