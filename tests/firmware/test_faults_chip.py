"""Faults of the twin of an ADXL345 at its registers, and what capture makes of them."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import Level, Ramp, Rig

from node.capture import Capture
from node.drivers.adxl345 import ADXL345
from node.drivers.bus import I2CRegisters, SPIRegisters
from node.drivers.errors import SensorReset, SensorTimeout
from sim.faults import Schedule, schedule
from sim.i2c import I2C


def _raised(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError("nothing raised")


def _fault(kind, from_ms, to_ms, **more):
    fault = {"kind": kind, "chip": "acc", "from_ms": from_ms, "to_ms": to_ms}
    fault.update(more)
    return fault


def _with(*faults, **config):
    """A rig with a schedule, a sensor at 800 Hz and a capture of 128 samples: 165 ms."""
    rig = Rig(config.pop("kind", "i2c"), config.pop("source", Ramp()), **config)
    rig.world.add_source(Schedule(list(faults), I2C.buses, rig.world))
    if hasattr(rig, "i2c"):
        sensor = ADXL345(I2CRegisters(rig.i2c, 0x53))
    else:
        sensor = ADXL345(SPIRegisters(rig.spi, rig.cs))
    sensor.configure(800, 16)
    return rig, sensor, Capture(128, None, rig.clock)


def test_unplugged__on_i2c__nobody_answers_and_all_registers_are_lost():
    rig = Rig("i2c", Ramp())
    rig.world.add_source(Schedule([_fault("unplugged", 10, 20)], I2C.buses, rig.world))
    for reg, value in ((0x1E, 5), (0x2C, 0x0D), (0x31, 0x0B), (0x38, 0x90), (0x2D, 8)):
        rig.put(reg, value)
    rig.wait_us(9_000)
    assert rig.get(0x2C) == [0x0D] and rig.get(0x39)[0] > 0
    rig.wait_us(2_000)
    _raised(OSError, lambda: rig.get(0x00))
    _raised(OSError, lambda: rig.put(0x2D, 8))
    assert rig.i2c.scan() == []
    rig.wait_us(10_000)
    assert rig.get(0x00) == [0xE5]
    assert [rig.get(reg)[0] for reg in (0x1E, 0x2C, 0x2D, 0x31, 0x38, 0x39)] == [0, 10, 0, 0, 0, 0]
    assert rig.axes() == [0, 0, 0]


def test_unplugged__interrupt_line__falls():
    rig = Rig("i2c", Ramp())
    rig.world.add_source(Schedule([_fault("unplugged", 30, 40)], I2C.buses, rig.world))
    for reg, value in ((0x2C, 0x0D), (0x38, 0x84), (0x2E, 0x02), (0x2D, 8)):
        rig.put(reg, value)
    rig.wait_us(20_000)
    assert rig.pin()() == 1
    rig.wait_us(15_000)
    assert rig.pin()() == 0


def test_unplugged__at_any_moment_of_a_record__told_and_the_next_counts_the_same_runs():
    for kind in ("i2c", "spi"):
        for tenths in (12, 300, 302, 777, 1500, 1631):
            for span_ms in (0.05, 3, 40):
                fault = _fault("unplugged", tenths / 10, tenths / 10 + span_ms)
                rig, sensor, capture = _with(fault, kind=kind)
                case = (kind, tenths, span_ms)
                try:
                    record = capture.record(sensor)
                except OSError:
                    record = None
                assert record is None or not record.valid or rig.world.now_us() < tenths * 100, (
                    case
                )
                rig.wait_us(300_000)
                record = capture.record(sensor)
                assert record.valid, case
                assert record.run == rig.chip._run, case
                assert list(capture.blocks[0]) == rig.served(record.run)[12::3], case


def test_unplugged__between_the_last_look_and_the_last_read__sensor_reset():
    rig, sensor, capture = _with()
    read_into = sensor.read_into
    read = [0]

    def blink(x, y, z, at, count):
        read[0] += count
        if read[0] >= 132:
            rig.chip.inject("unplugged", {})
        read_into(x, y, z, at, count)

    sensor.read_into = blink
    error = _raised(SensorReset, lambda: capture.record(sensor))
    assert (error.reg, error.expected, error.got) == (0x2D, 8, 0)
    assert error.errno == 5
    sensor.read_into = read_into
    assert capture.record(sensor).valid


def test_nack__chip_goes_on_and_keeps_its_registers():
    rig = Rig("i2c", Ramp())
    rig.world.add_source(Schedule([_fault("nack", 10, 20)], I2C.buses, rig.world))
    for reg, value in ((0x2C, 0x0D), (0x38, 0x90), (0x2D, 8)):
        rig.put(reg, value)
    rig.wait_us(12_000)
    assert _raised(OSError, lambda: rig.get(0x00)).args[0] == 5
    rig.wait_us(10_000)
    assert rig.get(0x2C) == [0x0D] and rig.get(0x39)[0] >= 15


def test_wrong_identity__only_devid_lies():
    rig = Rig("i2c", Ramp())
    rig.world.add_source(Schedule([_fault("wrong_identity", 10, 20)], I2C.buses, rig.world))
    rig.put(0x2C, 0x0D)
    rig.wait_us(11_000)
    assert rig.get(0x00) == [0] and rig.get(0x2C) == [0x0D]
    rig.wait_us(10_000)
    assert rig.get(0x00) == [0xE5]


def test_stuck__data_registers_keep_their_values_and_the_fifo_counts():
    rig = Rig("i2c", Ramp())
    rig.world.add_source(Schedule([_fault("stuck", 20, 40)], I2C.buses, rig.world))
    for reg, value in ((0x2C, 0x0D), (0x31, 0x0B), (0x38, 0x90), (0x2D, 8)):
        rig.put(reg, value)
    rig.wait_us(15_000)
    before = [rig.axes() for _ in range(4)]
    rig.wait_us(10_000)
    count = rig.get(0x39)[0]
    during = [rig.axes() for _ in range(4)]
    assert rig.get(0x39)[0] - (count - 4) in (0, 1)  # reading takes 1 ms
    rig.wait_us(15_000)
    after = [rig.axes() for _ in range(4)]
    assert len({x for x, _, _ in before}) == 4
    assert during == [before[-1]] * 4
    assert [x for x, _, _ in after] == [before[0][0] + n for n in (8, 9, 10, 11)]


def test_record__stuck_for_a_part__axes_told_and_not_valid():
    for from_ms, to_ms, stuck in ((0, 300, 7), (80, 130, 7), (0, 5, 0), (140, 300, 7)):
        for kind in ("i2c", "spi"):
            _, sensor, capture = _with(_fault("stuck", from_ms, to_ms), kind=kind, noise=True)
            record = capture.record(sensor)
            assert record.stuck == stuck and record.valid == (not stuck), (kind, from_ms)


def test_record__one_axis_stands_for_64_samples__that_axis_is_stuck():
    class Standing(Ramp):
        def fill(self, start, count, rate_hz, out):
            Ramp.fill(self, start, count, rate_hz, out)
            for i in range(count):
                if start + i < self.until:
                    out[3 * i + 1] = 0.5

    for until, stuck in ((40, 0), (67, 0), (68, 2), (200, 2)):  # 4 of them are settling
        source = Standing()
        source.until = until
        _, sensor, capture = _with(source=source)
        assert capture.record(sensor).stuck == stuck, until


def test_record__machine_that_stands_still__is_not_stuck():
    for odr_hz, kind in ((100, "i2c"), (800, "i2c"), (3200, "spi")):
        for offset_digits in (0, 0.25, 0.5):
            level = Level(offset_digits / 256, 1 / 512, 1 + offset_digits / 256)
            _, sensor, capture = _with(kind=kind, source=level, noise=True)
            sensor.configure(odr_hz, 16)
            for _ in range(4):
                assert capture.record(sensor).valid, (odr_hz, offset_digits)


def test_overrun__each_record_meets_one_stall__the_fifo_fills_by_its_own_rules():
    for kind in ("i2c", "spi"):
        rig, sensor, capture = _with(_fault("overrun", 0, 250), kind=kind)
        for run in (1, 2):
            record = capture.record(sensor)
            assert record.overruns == 1 and not record.valid, (kind, run)
            digits = rig.served(run)[0::3]
            steps = [digits[i + 1] - digits[i] for i in range(len(digits) - 1)]
            jumps = [step for step in steps if step not in (1, -499)]
            assert len(jumps) == 1 and jumps[0] > 10, jumps
        assert capture.record(sensor).valid


def test_clipping__signal_times_factor__rail_counted():
    _, sensor, capture = _with(_fault("clipping", 0, 100, factor=20))
    record = capture.record(sensor)
    assert 0 < record.clipped < 128 and not record.valid
    assert max(capture.blocks[2]) == 4095
    assert capture.record(sensor).valid


def test_mounting__axes_turned_for_a_while():
    source = Level(0.125, 0.25, 0.5)
    rig, _, _ = _with(_fault("mounting", 10, 20, orientation="z-xy"), source=source)
    for reg, value in ((0x2C, 0x0D), (0x31, 0x0B), (0x2D, 8)):
        rig.put(reg, value)
    found = []
    for _ in range(3):
        rig.wait_us(8_000)
        found.append(rig.axes())
    assert found == [[32, 64, 128], [128, -32, 64], [32, 64, 128]]


def test_schedule__what_cannot_be__is_refused_with_what_can():
    rig = Rig("i2c", Ramp())
    for change, key in (
        ({"kind": "burnt"}, "faults.kind"),
        ({"chip": "far"}, "faults.chip"),
        ({"to_ms": 10}, "faults.to_ms"),
        ({"from_ms": -1}, "faults.to_ms"),
        ({"kind": "clipping"}, "faults.factor"),
        ({"kind": "mounting"}, "faults.orientation"),
    ):
        fault = _fault("stuck", 10, 20)
        fault.update(change)
        error = _raised(ValueError, lambda: Schedule([fault], I2C.buses, rig.world))  # noqa: B023
        assert error.args[0] == key, change


def test_schedule__of_another_boot__is_not_ours():
    for boot, there in ((1, False), (2, True)):
        rig = Rig("i2c", Ramp())
        faults = [_fault("wrong_identity", 0, 20, boot=2)]
        schedule({"boot": boot, "faults": faults}, I2C.buses, rig.world)
        rig.wait_us(1_000)
        assert (rig.get(0x00) == [0]) == there


def test_record__chip_without_supply_since__times_out():
    _, sensor, capture = _with(_fault("unplugged", 60.1, 60.2))
    error = _raised(SensorTimeout, lambda: capture.record(sensor))
    assert error.chip == "adxl345"
