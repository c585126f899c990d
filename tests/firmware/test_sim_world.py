"""The world around a node: its clock visits every instant at which something is due, in order."""

import struct

from paths import SCRATCH

from sim.pins import IRQ_FALLING, IRQ_RISING
from sim.world import World


class Chip:
    """A source that raises a pin at given instants and notes when it was called."""

    def __init__(self, world, due_us, pin=None):
        self.world, self.due_us, self.pin = world, list(due_us), pin
        self.called_us = []

    def next_event_us(self):
        return self.due_us[0] if self.due_us else None

    def advance(self, now_us):
        self.called_us.append(now_us)
        self.due_us.pop(0)
        if self.pin is not None:
            self.world.pin(self.pin, len(self.called_us) % 2)


class Notes:
    """A handler that notes when it ran, and the level it found."""

    def __init__(self, world, number):
        self.world, self.state = world, world.pin_state(number)
        self.seen = []

    def note(self, _pin):
        self.seen.append((self.world.now_us(), self.state.level))


def _world(**spec):
    return World(spec, _open)


def _open(path, mode):
    """Unbuffered, as MicroPython's are; CPython has to be asked."""
    return open(path, mode, 0)


def test_world__advance_over_two_sources__called_in_order_at_their_instants():
    world = _world()
    chips = [Chip(world, (10, 30)), Chip(world, (20, 30, 99))]
    for chip in chips:
        world.add_source(chip)
        world.add_source(chip)  # known already: asked once
    world.advance_us(50)
    order = [chip.called_us for chip in chips]
    assert order == [[10, 30], [20, 30]]
    assert world.now_us() == 50
    assert world.next_event_us() == 99
    world.remove_source(chips[1])
    assert world.next_event_us() is None


def test_world__nanoseconds__rest_is_kept():
    world = _world()
    for _ in range(4):
        world.advance_ns(22_500)  # a byte at 400 kHz
    assert world.now_us() == 90


def test_world__negative_span__clock_stands():
    world = _world()
    world.advance_us(5)
    world.advance_us(-3)
    world.advance_to(2)
    assert world.now_us() == 5


def test_world__source_that_takes_time_itself__clock_never_goes_back():
    world = _world()

    class Slow(Chip):
        def advance(self, now_us):
            Chip.advance(self, now_us)
            world.advance_us(100)  # as a handler that reads the bus

    slow = Slow(world, (10, 20))
    world.add_source(slow)
    world.advance_to(30)
    # What is due while the first call takes its time comes in between, at its own instant.
    assert slow.called_us == [10, 20]
    assert world.now_us() == 120


def test_world__asked_again_and_again__time_passes_only_for_who_does_nothing_else():
    world = _world()
    for _ in range(5000):
        world.asked_us()
        world.asked_enough()
    assert world.now_us() == 0
    for _ in range(5000):
        world.asked_us()
    assert world.now_us() > 0


def test_pin__edges__handler_runs_at_the_instant_for_its_edge_only():
    for trigger, wanted in (
        (IRQ_RISING, [(10, 1), (30, 1)]),
        (IRQ_FALLING, [(20, 0), (40, 0)]),
        (IRQ_RISING | IRQ_FALLING, [(10, 1), (20, 0), (30, 1), (40, 0)]),
    ):
        world = _world()
        world.add_source(Chip(world, (10, 20, 30, 40), pin=6))
        handler = Notes(world, 6)
        world.pin_state(6).attach("pin", handler.note, trigger, False)
        world.advance_us(100)
        assert handler.seen == wanted, (trigger, handler.seen)


def test_pin__same_level_again__no_edge():
    world = _world()
    seen = []
    world.pin_state(3).attach("pin", seen.append, IRQ_RISING | IRQ_FALLING, False)
    for level in (1, 1, 0, 0, 0, 1):
        world.pin(3, level)
    assert len(seen) == 3


def test_pin__handler_that_raises__runs_no_more_and_the_clock_goes_on():
    world = _world()
    calls = []

    def handler(pin):
        calls.append(pin)
        raise ValueError("in a handler")

    world.pin_state(3).attach("pin", handler, IRQ_RISING, False)
    for level in (1, 0, 1, 0):
        world.pin(3, level)
    assert calls == ["pin"]


def test_pin__hard_handler_that_allocates__memory_error():  # runs on: micropython
    world = _world()

    def handler(_pin):
        bytearray(100)

    state = world.pin_state(3)
    state.attach("pin", handler, IRQ_RISING, True)
    world.pin(3, 1)
    assert state._handler is None  # it raised, and was taken off
    state.attach("pin", handler, IRQ_RISING, False)
    world.pin(3, 0)
    world.pin(3, 1)
    assert state._handler is handler


def test_log__chunks__as_the_page_says():
    from array import array

    world = _world(log=SCRATCH, boot=7)
    frames = array("h", [1, -2, 3, 4, 5, -32768])
    world.log_samples("acc", 2, 64, frames)
    world.log_samples("acc", 3, 0, memoryview(frames)[:3])
    with open(SCRATCH + "/samples-acc-7.bin", "rb") as file:
        data = file.read()
    head = struct.calcsize("<HHIIH")
    assert struct.unpack("<HHIIH", data[:head]) == (0x4E57, 3, 2, 64, 2)
    assert struct.unpack("<6h", data[head : head + 12]) == (1, -2, 3, 4, 5, -32768)
    assert struct.unpack("<HHIIH", data[head + 12 : 2 * head + 12]) == (0x4E57, 3, 3, 0, 1)
    assert len(data) == 2 * head + 18


def test_log__no_folder__nothing_written():
    _world().log_samples("acc", 1, 0, memoryview(b""))
