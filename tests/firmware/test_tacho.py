import micropython

from node.tacho import Tacho
from sim.pin import Pin
from sim.tacho import Tacho as Twin
from sim.world import World

PIN = 20
MOST_TICKS = (1 << 30) - 1  # the greatest small integer of 32 bits


class Clock:
    """The clock of a world, wrapping as a board's does."""

    _BEFORE_US = 500_000  # until the wrap

    def __init__(self, world):
        self._world = world

    def ticks_us(self):
        # An interrupt asks, and integers from 2**30 on take heap: none comes up.
        since_us = self._world.now_us() - self._BEFORE_US
        return since_us if since_us >= 0 else MOST_TICKS + (since_us + 1)

    @staticmethod
    def ticks_diff(end, begin):
        away = end - begin
        if away < -(1 << 29):
            return away + MOST_TICKS + 1
        return away


def made(hz, pulses=1, wired=None, missed=0):
    """A tachometer in a world; wired: pulses as the settings have them."""
    world = World({}, None)
    Pin.world = world
    world.add_source(Twin({"pin": PIN, "hz": hz, "pulses": pulses, "missed": missed}, world))
    return world, Tacho(Pin(PIN, Pin.IN), wired or pulses, Clock(world))


def near(found, wanted, share):
    return abs(found / wanted - 1) < share


def test_speed__steady_shaft__within_its_uncertainty_over_the_wrap():
    for hz, pulses in ((24.67, 1), (49.5, 4), (300.0, 2), (1.7, 16)):
        world, tacho = made(hz, pulses)
        tacho.begin()
        world.advance_us(3_000_000)
        found, error = tacho.speed()
        assert near(found, hz, error), (hz, pulses, found, error)
        assert error < 0.0002, (hz, error)


def test_speed__begin__forgets_the_turns_before():
    world, tacho = made(50.0)
    world.advance_us(1_000_000)
    assert tacho.speed() is not None
    tacho.begin()
    assert tacho.speed() is None
    world.advance_us(1_000_000)
    assert near(tacho.speed()[0], 50.0, 0.0001)


def test_speed__standing_or_too_slow__none():
    for hz in (0.0, 0.9):
        world, tacho = made(hz)
        world.advance_us(2_000_000)
        assert tacho.speed() is None, hz


def test_speed__pulses_missed_or_too_many__uncertain():
    world, tacho = made(50.0, missed=7)
    tacho.begin()
    world.advance_us(1_000_000)
    assert tacho.speed()[1] > 0.3
    world, tacho = made(50.0, pulses=3, wired=2)  # turns look alike: nothing shows it but the sum
    tacho.begin()
    world.advance_us(1_000_000)
    assert near(tacho.speed()[0], 75.0, 0.001)


def test_tacho__no_pulses_a_turn__value_error():
    world = World({}, None)
    Pin.world = world
    try:
        Tacho(Pin(PIN, Pin.IN), 0)
    except ValueError as error:
        assert error.args[0] == "pulses"
        return
    raise AssertionError("taken")


def test_on_pulse__interrupt__allocates_nothing():
    world, tacho = made(50.0)
    world.advance_us(100_000)
    handler = tacho._on_pulse
    micropython.heap_lock()
    try:
        handler(None)
    finally:
        micropython.heap_unlock()
