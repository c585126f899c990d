"""The self-test of an accelerometer: what it pulls at its axes against its data sheet.

Apart from the driver, since a node that nobody asks for it does without its code.
"""

from array import array

from micropython import const

from node.drivers.errors import SensorTimeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.drivers.accelerometer import Accelerometer, Fact

_TEST_SAMPLES = const(16)
_AXES = "xyz"


def run(sensor: "Accelerometer", clock: "Any") -> "tuple[bool, list[Fact]]":
    """As Accelerometer.self_test says."""
    odr_hz, range_g = sensor.odr_hz, sensor.range_g
    sensor.configure(*sensor.test_settings)
    try:
        limits_g = sensor._test_limits_g()
        rest_g = _mean_g(sensor, clock)
        sensor._test = sensor.test_code
        pulled_g = _mean_g(sensor, clock)
    finally:
        sensor._test = 0
        sensor.configure(odr_hz, range_g)
    facts, passed = [], True
    for axis in range(sensor.axes):
        change_g = pulled_g[axis] - rest_g[axis]
        if not sensor.test_signed:
            change_g = abs(change_g)
        least_g, most_g = limits_g[axis]
        passed = passed and least_g <= change_g <= most_g
        facts.append((_AXES[axis], change_g, least_g, most_g))
    return passed, facts


def _mean_g(sensor: "Accelerometer", clock: "Any") -> "list[float]":
    """Means of the axes once all is settled."""
    sensor.start()
    clock.sleep_us(sensor.test_settle_us)
    sensor.overrun()
    blocks = [array("h", bytes(2 * _TEST_SAMPLES)) for _ in range(sensor.axes)]
    x, y, z = blocks
    left = min(sensor.entries(), sensor.fifo_depth)  # of before
    while left > 0:
        sensor.read_into(x, y, z, 0, min(left, _TEST_SAMPLES))
        left -= _TEST_SAMPLES
    got = waited_us = 0
    while got < _TEST_SAMPLES:
        if waited_us > 4 * _TEST_SAMPLES * sensor.period_us:
            raise SensorTimeout(sensor.chip, waited_us)
        clock.sleep_us(sensor.period_us)
        waited_us += sensor.period_us
        count = min(sensor.entries(), _TEST_SAMPLES - got)
        sensor.read_into(x, y, z, got, count)
        got += count
    sensor.stop()
    return [sum(block) * sensor.g_per_digit / _TEST_SAMPLES for block in blocks]
