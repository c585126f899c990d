"""What is told of a chip between two records: whether it is there, and still as it was left."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from accelerometer_rig import ChipRig, ways
from lis_rig import Steps
from thermometer_rig import ADDRESS, I2CRig

from node.capture import Capture
from node.drivers.bus import I2CRegisters
from node.drivers.errors import DeviceMismatch, SensorReset
from node.drivers.tmp117 import TMP117

WAYS = list(ways())


def _raised(call):
    try:
        call()
    except (DeviceMismatch, SensorReset) as error:
        return error
    return None


def _rig(chip, kind):
    rig = ChipRig(chip, kind, Steps(0.016))
    return rig, rig.sensor


def test_prove_kept__supply_lost_between_two_records__raises_sensor_reset():
    for chip, kind in WAYS:
        rig, sensor = _rig(chip, kind)
        capture = Capture(64, None, rig.clock)
        capture.record(sensor)
        sensor.prove_kept()
        rig.wait_us(50_000)
        sensor.prove_kept()
        rig.chip.inject("unplugged", {})
        error = _raised(sensor.prove_kept)
        assert isinstance(error, SensorReset), (chip, kind, error)
        assert (error.reg, error.expected) == sensor.kept and error.got == 0, (chip, kind)
        capture.record(sensor)  # which writes it again
        assert _raised(sensor.prove_kept) is None


def test_prove_kept__supply_lost_before_any_record__is_seen_from_the_second_look_on():
    for chip, kind in WAYS:
        rig, sensor = _rig(chip, kind)
        sensor.prove_kept()
        sensor.prove_kept()
        rig.chip.inject("unplugged", {})
        # A chip that sleeps after power-on, and takes nothing then, has nothing to lose.
        if sensor._marked:
            assert isinstance(_raised(sensor.prove_kept), SensorReset), (chip, kind)
        else:
            assert chip == "mpu6050"


def test_prove_kept__another_chip__raises_device_mismatch():
    for chip, kind in WAYS:
        rig, sensor = _rig(chip, kind)
        rig.chip.inject("wrong_identity", {})
        assert isinstance(_raised(sensor.prove_kept), DeviceMismatch), (chip, kind)


def test_prove_kept__after_a_watch_or_a_self_test__takes_nothing_for_lost():
    for chip, kind in WAYS:
        rig, sensor = _rig(chip, kind)
        sensor.start()
        sensor.stop()
        if sensor.motion:
            sensor.arm_motion(sensor.motion_limits_g()[0], rig.clock)
            sensor.disarm()
        assert _raised(sensor.prove_kept) is None, (chip, kind)
        assert _raised(sensor.prove_kept) is None, (chip, kind)
        if sensor.test_code:
            sensor.self_test(rig.clock)
            assert _raised(sensor.prove_kept) is None, (chip, kind)


def test_prove_kept__tmp117__as_begin_has_left_it():
    rig = I2CRig()
    sensor = TMP117(I2CRegisters(rig.i2c, ADDRESS))
    sensor.prove_kept()
    sensor.begin()
    rig.wait_us(sensor.wait_us)
    sensor.read_c()
    sensor.prove_kept()
    rig.chip.inject("unplugged", {})
    assert isinstance(_raised(sensor.prove_kept), SensorReset)
