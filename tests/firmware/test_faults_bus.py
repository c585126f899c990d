"""A bus that a chip holds low: its lines, and how the node gets it back."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import Ramp, Rig

from node.drivers.bus import clock_out
from sim.faults import Hold, Schedule
from sim.i2c import I2C
from sim.pin import Pin

_SDA, _SCL = 4, 5


def _raised(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError("nothing raised")


def _held(clocks):
    """A rig whose SDA is held until it has seen so many clocks."""
    rig = Rig("i2c", Ramp())
    Hold(rig.world.pin_state(_SDA), rig.world.pin_state(_SCL), clocks)
    return rig


def _lines():
    line = Pin.OPEN_DRAIN, Pin.PULL_UP
    return Pin(_SDA, *line), Pin(_SCL, *line)


def _again():
    return I2C(0, sda=Pin(_SDA), scl=Pin(_SCL), freq=400_000)


def test_bus__idle__both_lines_are_high():
    Rig("i2c", Ramp())
    assert Pin(_SDA)() == Pin(_SCL)() == 1


def test_bus__held__every_transaction_times_out_and_sda_reads_low():
    rig = _held(9)
    assert Pin(_SDA)() == 0 and Pin(_SCL)() == 1
    begin_us = rig.world.now_us()
    for call in (
        lambda: rig.get(0x00),
        lambda: rig.put(0x2D, 8),
        lambda: rig.i2c.writeto(0x53, b"\0"),
        lambda: rig.i2c.readfrom(0x53, 1),
    ):
        assert _raised(OSError, call).args[0] == 110
    assert rig.world.now_us() - begin_us == 4 * 50_000
    assert rig.i2c.scan() == []


def test_hold__clocks_with_sda_driven_low__do_not_count():
    rig = _held(1)
    sda, scl = _lines()
    sda(0)
    for _ in range(20):
        scl(0)
        scl(1)
    sda(1)
    assert sda() == 0
    scl(0)
    scl(1)
    assert sda() == 1 and rig.world.pin_state(_SDA).level == 1


def test_hold__one_clock_too_few__still_low():
    for clocks in (1, 5, 9):
        _held(clocks)
        sda, scl = _lines()
        sda(1)
        for _ in range(clocks - 1):
            scl(0)
            scl(1)
        assert sda() == 0
        scl(0)
        scl(1)
        assert sda() == 1


def test_clock_out__chip_lets_go_within_nine_clocks__bus_works_again():
    for clocks in range(1, 10):
        rig = _held(clocks)
        assert clock_out(*_lines(), rig.clock.sleep_us) is True
        assert _again().readfrom_mem(0x53, 0, 1) == b"\xe5"


def test_clock_out__chip_never_lets_go__says_so():
    rig = _held(10)
    assert clock_out(*_lines(), rig.clock.sleep_us) is False
    _raised(OSError, lambda: _again().readfrom_mem(0x53, 0, 1))


def test_clock_out__pins_not_given_back__the_controller_has_lost_them():
    rig = _held(3)
    assert clock_out(*_lines(), rig.clock.sleep_us)
    _raised(OSError, lambda: rig.get(0x00))
    _again()
    assert rig.get(0x00) == [0xE5]  # one controller, whichever object one holds


def test_clock_out__seen_at_the_lines__no_more_clocks_than_needed_and_a_stop():
    rig = _held(4)
    seen = []
    sda, scl = rig.world.pin_state(_SDA), rig.world.pin_state(_SCL)
    clock = scl.listener

    def on_scl(level):
        if scl.listener is not on_scl:  # the chip has let go, and listens no more
            scl.listener = on_scl
        clock(level)
        scl.listener = on_scl
        seen.append("C" if level else "c")

    scl.listener = on_scl
    sda.listener = lambda level: seen.append("D" if level else "d")
    clock_out(*_lines(), rig.clock.sleep_us)
    text = "".join(seen)
    assert text == "cC" * 3 + "cDC" + "cdCD", text


def test_schedule__bus_held_at_its_instant__whatever_to_ms_says():
    rig = Rig("i2c", Ramp())
    fault = {"kind": "bus_held", "chip": "acc", "from_ms": 10, "to_ms": 20, "clocks": 2}
    rig.world.add_source(Schedule([fault], I2C.buses, rig.world))
    rig.wait_us(9_000)
    assert rig.get(0x00) == [0xE5]
    rig.wait_us(30_000)
    _raised(OSError, lambda: rig.get(0x00))
    assert Pin(_SDA)() == 0
    assert clock_out(*_lines(), rig.clock.sleep_us)


def test_schedule__on_spi__bus_held_and_nack_cannot_be():
    rig = Rig("spi", Ramp())
    for kind in ("bus_held", "nack"):
        fault = {"kind": kind, "chip": "acc", "from_ms": 10, "to_ms": 20}
        error = _raised(ValueError, lambda: Schedule([fault], I2C.buses, rig.world))  # noqa: B023
        assert error.args[:2] == ("faults.kind", kind)
