"""What the firmware uses of MicroPython, asked of both: the mocks must do the same."""

import asyncio
import gc
import io
import sys
import time

import micropython


def _raises(kind, function, *arguments):
    try:
        function(*arguments)
    except kind:
        return True
    return False


def test_ticks__added_then_subtracted__give_the_span():
    for start in (0, 1, 2**29, 2**30 - 1):
        for span in (0, 1, -1, 1000, -(2**28), 2**29 - 1):
            assert time.ticks_diff(time.ticks_add(start, span), start) == span


def test_ticks_diff__over_the_wrap__stays_right():
    end = time.ticks_add(0, -1)  # the last tick of the period
    assert time.ticks_diff(0, end) == 1
    assert time.ticks_diff(end, 0) == -1


def test_ticks__two_readings__do_not_run_backwards():
    for clock in (time.ticks_ms, time.ticks_us, time.ticks_cpu):
        first = clock()
        assert time.ticks_diff(clock(), first) >= 0


def test_sleep__a_few_ms__time_goes_on():
    start = time.ticks_us()
    time.sleep_ms(4)
    time.sleep_us(1000)
    # Not 5000: the clock and the sleep may be two of the system's.
    assert time.ticks_diff(time.ticks_us(), start) >= 2500


def test_ticks_add__no_integer_or_too_far__refused():
    assert _raises(TypeError, time.ticks_add, 0, 1.5)
    assert _raises(OverflowError, time.ticks_add, 0, 1 << 61)


def test_ticks_diff__no_integer__type_error():  # runs on: cpython
    # A board does not look, and gives nonsense.
    assert _raises(TypeError, time.ticks_diff, "1", 0)


def test_const__value__is_itself():
    assert micropython.const(7) == 7
    assert micropython.const((1, 2)) == (1, 2)


def test_native__function__computes_the_same():
    @micropython.native
    def total(values):
        result = 0
        for value in values:
            result += value
        return result

    assert total(range(10)) == 45


def test_heap_unlock__nested_locks__gives_the_depth():
    outer = inner = 0  # nothing may be bound anew while the heap is locked
    micropython.heap_lock()
    micropython.heap_lock()
    inner = micropython.heap_unlock()
    outer = micropython.heap_unlock()
    assert (inner, outer) == (1, 0)


def _allocates():
    return [0] * 100


def test_heap_lock__allocation__memory_error():  # runs on: micropython
    micropython.heap_lock()
    try:
        refused = _raises(MemoryError, _allocates)
    finally:
        micropython.heap_unlock()
    assert refused


def test_schedule__function__is_called_with_its_argument():
    got = []
    micropython.schedule(got.append, 3)
    time.sleep_ms(1)
    assert got == [3]


def test_mem__free_and_allocated__are_bytes():
    gc.collect()
    assert gc.mem_free() > 0
    assert gc.mem_alloc() >= 0


def test_print_exception__to_a_stream__ends_with_kind_and_text():
    text = io.StringIO()
    try:
        raise ValueError("a fact")
    except ValueError as error:
        sys.print_exception(error, text)
    lines = text.getvalue().splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1] == "ValueError: a fact"


def test_flag__set_before_the_wait__ends_it_at_once_and_is_cleared():
    async def main():
        flag = asyncio.ThreadSafeFlag()
        flag.set()
        await asyncio.wait_for_ms(flag.wait(), 1000)
        try:
            await asyncio.wait_for_ms(flag.wait(), 1)
        except asyncio.TimeoutError:
            return "cleared"
        return "still set"

    assert asyncio.run(main()) == "cleared"


def test_flag__set_while_waited_for__wakes_the_task():
    async def main():
        flag = asyncio.ThreadSafeFlag()
        woken = []

        async def waiter():
            for _ in range(3):
                await flag.wait()
                woken.append(len(woken))

        task = asyncio.create_task(waiter())
        for expected in range(1, 4):
            await asyncio.sleep_ms(1)
            flag.set()
            while len(woken) < expected:
                await asyncio.sleep_ms(1)
        await task
        return woken

    assert asyncio.run(main()) == [0, 1, 2]


def test_flag__cleared_before_the_wait__waits():
    async def main():
        flag = asyncio.ThreadSafeFlag()
        flag.set()
        flag.clear()
        try:
            await asyncio.wait_for_ms(flag.wait(), 1)
        except asyncio.TimeoutError:
            return "waited"
        return "went on"

    assert asyncio.run(main()) == "waited"


def test_flag__wait_given_up__can_be_waited_for_again():
    async def main():
        flag = asyncio.ThreadSafeFlag()
        for _ in range(2):
            try:
                await asyncio.wait_for_ms(flag.wait(), 1)
            except asyncio.TimeoutError:
                pass
        flag.set()
        await asyncio.wait_for_ms(flag.wait(), 1000)
        return "woken"

    assert asyncio.run(main()) == "woken"


def test_wait_for_ms__in_time__gives_the_result():
    async def value():
        await asyncio.sleep_ms(1)
        return 5

    async def main():
        return await asyncio.wait_for_ms(value(), 1000)

    assert asyncio.run(main()) == 5


def test_machine__bare__has_what_the_node_asks_for():  # runs on: cpython
    import machine

    machine.detach_all()
    assert len(machine.unique_id()) == 8
    assert machine.reset_cause() == machine.PWRON_RESET
    assert _raises(ValueError, machine.WDT, 0, 9000)
    assert _raises(ValueError, machine.Pin, -1)
    assert _raises(OSError, machine.I2C(0).writeto, 0x53, b"\x00")
    assert machine.I2C(0).scan() == []


def test_machine__attached_device__answers_at_its_address():  # runs on: cpython
    import machine

    class Echo:
        got = b""

        def write(self, buf):
            self.got = buf

        def read_into(self, buf):
            buf[:] = bytes(len(buf) - len(self.got)) + self.got

    machine.detach_all()
    machine.attach("i2c", 0, Echo(), 0x53)
    bus, answer = machine.I2C(0), bytearray(2)
    bus.readfrom_mem_into(0x53, 7, answer)
    assert answer == b"\x00\x07"
    assert bus.scan() == [0x53]
    assert _raises(OSError, bus.readfrom_into, 0x1D, answer)
    assert _raises(ValueError, machine.SPI(0).write_readinto, b"\x00", bytearray(2))
    machine.detach_all()


def test_pin__edge__calls_the_handler_of_that_edge_only():  # runs on: cpython
    import machine

    machine.detach_all()
    edges = []
    pin = machine.Pin(6, machine.Pin.IN)
    pin.irq(edges.append, machine.Pin.IRQ_RISING)
    driver = machine.Pin(6, machine.Pin.OUT)
    for level in (1, 1, 0, 1):
        driver.value(level)
    assert edges == [pin, pin]
    pin.irq(None)
    driver.off()
    driver.on()
    assert len(edges) == 2
    machine.detach_all()


def test_network__not_active__refuses_to_connect():  # runs on: cpython
    import network

    wlan = network.WLAN(network.STA_IF)
    assert _raises(OSError, wlan.connect, "plant", "secret")
    wlan.active(True)
    wlan.connect("plant", "secret")
    assert wlan.isconnected()
    wlan.active(False)
    assert not wlan.isconnected()
