"""A virtual board's clock: its own, exact, and the same whatever the network or the host does."""

import socket
import threading

import pytest

from system.virtual_rig import board, facts

# A task that wakes every 70 ms for 25 s, across the wrap, and writes down when.
_TICKER = """
import asyncio, select, socket, time
start = time.ticks_ms()
stamps = []
async def tick():
    due = start
    for _ in range(25):
        due = time.ticks_add(due, 70)
        await asyncio.sleep_ms(time.ticks_diff(due, time.ticks_ms()))
        stamps.append(time.ticks_diff(time.ticks_ms(), start))
"""


def test_ticks__start__wrap_within_twenty_seconds_and_differences_hold() -> None:
    main = """
import time
first, first_us = time.ticks_ms(), time.ticks_us()
time.sleep(25)
last, last_us = time.ticks_ms(), time.ticks_us()
print("nodewright: done before=%d after=%d span=%d span_us=%d" % (
    first, last, time.ticks_diff(last, first), time.ticks_diff(last_us, first_us)))
"""
    with board(main) as virtual:
        assert facts(virtual) == {
            "before": str(2**30 - 20_000),
            "after": "5000",
            "span": "25000",
            "span_us": "25000000",
        }


def test_asyncio__deadlines_across_the_wrap__met_to_the_millisecond() -> None:
    main = (
        "import time\ntime.sleep_ms(19_000)\n"
        + _TICKER
        + "asyncio.run(tick())\n"
        + "assert stamps == [70 * (n + 1) for n in range(25)], stamps\n"
        + "assert time.ticks_ms() < start\nprint('nodewright: done')\n"
    )
    with board(main) as virtual:
        facts(virtual)


def test_asyncio__deadlines_under_network_traffic__not_moved() -> None:
    """A peer answers as fast as it can; the ticker wakes at the milliseconds it would alone."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_echo, args=(server,), daemon=True).start()
        main = (
            _TICKER
            + f"""
async def chat():
    reader, writer = await asyncio.open_connection("127.0.0.1", {server.getsockname()[1]})
    count = 0
    while len(stamps) < 25:
        writer.write(b"ping")
        await writer.drain()
        await reader.readexactly(4)
        count += 1
        await asyncio.sleep_ms(count % 3)
    writer.close()
    return count
async def main():
    ticker = asyncio.create_task(tick())
    count = await chat()
    await ticker
    assert stamps == [70 * (n + 1) for n in range(25)], stamps
    print("nodewright: done count=%d" % count)
asyncio.run(main())
"""
        )
        with board(main) as virtual:
            assert int(facts(virtual)["count"]) > 100


def _echo(server: socket.socket) -> None:
    peer, _ = server.accept()
    with peer:
        while data := peer.recv(4096):
            peer.sendall(data)


def test_asyncio__interrupt_during_an_idle_wait__wakes_its_task_at_its_instant() -> None:
    main = """
import asyncio, machine, time
async def main():
    flag = asyncio.ThreadSafeFlag()
    start = time.ticks_us()
    machine.Timer(-1, period=33, mode=machine.Timer.ONE_SHOT, callback=lambda _t: flag.set())
    await asyncio.wait_for_ms(flag.wait(), 5000)
    print("nodewright: done us=%d" % time.ticks_diff(time.ticks_us(), start))
asyncio.run(main())
"""
    with board(main) as virtual:
        assert facts(virtual) == {"us": "33000"}


def test_asyncio__cancel_timeout_and_gather__as_of_the_built_in_tasks() -> None:
    main = """
import asyncio, time
log = []
async def child(name, ms):
    try:
        await asyncio.sleep_ms(ms)
        log.append(name)
        return ms
    except asyncio.CancelledError:
        log.append("cancelled " + name)
        raise
async def main():
    assert await asyncio.gather(child("b", 20), child("a", 10)) == [20, 10]
    try:
        await asyncio.wait_for_ms(child("slow", 1000), 50)
    except asyncio.TimeoutError:
        log.append("timeout")
    task = asyncio.create_task(child("c", 1000))
    await asyncio.sleep_ms(1)
    assert task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        log.append("awaited")
    assert task.done() and not task.cancel()
    event, lock = asyncio.Event(), asyncio.Lock()
    async def waiter():
        async with lock:
            await event.wait()
            log.append("event")
    waiters = [asyncio.create_task(waiter()) for _ in range(2)]
    await asyncio.sleep_ms(1)
    event.set()
    await asyncio.gather(*waiters)
    failing = asyncio.create_task(fail())
    try:
        await failing
    except ValueError as error:
        log.append(str(error))
async def fail():
    raise ValueError("bad")
asyncio.run(main())
wanted = ["a", "b", "cancelled slow", "timeout", "cancelled c", "awaited", "event", "event", "bad"]
assert log == wanted, log
print("nodewright: done")
"""
    with board(main) as virtual:
        facts(virtual)


def test_time__loop_that_only_asks_for_it__comes_to_an_end() -> None:
    main = """
import time
start = time.ticks_ms()
while time.ticks_diff(time.ticks_ms(), start) < 300: pass
print("nodewright: done")
"""
    with board(main) as virtual:
        facts(virtual)


def test_realtime__blocking_sleep__really_waits() -> None:
    main = """
import time, utime
start = utime.ticks_ms()
for _ in range(%d): time.sleep_ms(30)
print("nodewright: done ms=%%d" %% utime.ticks_diff(utime.ticks_ms(), start))
"""
    with board(main % 10, realtime=True) as virtual:
        assert int(facts(virtual)["ms"]) >= 290
    with board(main % 1000) as virtual:
        assert int(facts(virtual)["ms"]) < 15_000  # half of what was slept; it takes a few ms


@pytest.mark.parametrize(
    ("ssid", "key", "status", "takes_ms"),
    [
        ("plant", "'secret'", 3, 300),
        ("open", "None", 3, 300),
        ("plant", "'wrong'", -3, 300),
        ("plant", "None", -3, 300),
        ("nowhere", "'secret'", -2, 300),
    ],
)
def test_network__join__takes_its_time_and_ends_as_on_a_board(
    ssid: str, key: str, status: int, takes_ms: int
) -> None:
    main = f"""
import network, time
wlan = network.WLAN(network.STA_IF)
try:
    wlan.connect("plant", "secret")
    raise AssertionError("joined with the radio off")
except OSError:
    pass
wlan.active(True)
start = time.ticks_ms()
wlan.connect("{ssid}", {key})
assert wlan.status() == network.STAT_CONNECTING and not wlan.isconnected()
assert wlan.ifconfig()[0] == "0.0.0.0"
while wlan.status() == network.STAT_CONNECTING:
    time.sleep_ms(10)
took = time.ticks_diff(time.ticks_ms(), start)
print("nodewright: done status=%d up=%d ms=%d" % (wlan.status(), wlan.isconnected(), took))
"""
    with board(main) as virtual:
        up = int(status == 3)
        assert facts(virtual) == {"status": str(status), "up": str(up), "ms": str(takes_ms)}
