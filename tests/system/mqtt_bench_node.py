"""The node's half of tools/bench_mqtt.py: outbox, pump and client on MicroPython, nothing else.

    micropython mqtt_bench_node.py rate|gap PORT COUNT PAYLOAD_BYTES [FOLDER]

FOLDER: of ca.der, certificate.der and key.der, for TLS.

rate: prints the rate, then four figures of the heap, each gc.mem_alloc after a collection: what
the modules take once imported, what a connected client takes beside them, the highest of 20
samples in mid-run without the outbox, and what that takes with 64 payloads.

gap: prints the longest time in us, from before the connect and its handshake to the last
acknowledgement, for which a task that only wants its turn had none.
"""

import asyncio
import gc
import random  # noqa: F401  frozen or shared by all of the node: not counted
import socket  # noqa: F401
import sys
import time


def used():
    gc.collect()
    gc.collect()
    return gc.mem_alloc()


async def beat(gaps):
    before = time.ticks_us()
    while True:
        await asyncio.sleep_ms(0)
        now = time.ticks_us()
        gaps[0] = max(gaps[0], time.ticks_diff(now, before))
        before = now


async def main(what, port, count, size, folder=None):
    asyncio.wait_for_ms, asyncio.Event, asyncio.StreamWriter  # noqa: B018  asyncio's own modules
    before = used()
    from node.outbox import Outbox
    from node.uplink.dial import Dialer
    from node.uplink.mqtt import MqttClient
    from node.uplink.pump import Pump

    if folder is not None:
        from node.uplink import tls
    code = used() - before
    brokers = (("127.0.0.1", port),)
    if folder is not None:
        names = [folder + "/" + name for name in ("ca.der", "certificate.der", "key.der")]
        brokers = Dialer(brokers, identity=lambda: tls.load(*names))
    client = MqttClient(brokers, "bench")
    payload = b"x" * size
    alone = used()
    outbox = Outbox(64, 65_536)
    for seq in range(64):
        outbox.put(seq, payload)
    queue = used() - alone
    outbox = Outbox(64, 65_536)
    gaps = [0]
    if what == "gap":
        beating = asyncio.create_task(beat(gaps))
    running = asyncio.create_task(client.run())
    pumping = asyncio.create_task(Pump(outbox, client, "nodewright/bench/node/report").run())
    await client.publish("nodewright/bench/node/status", b"online")
    idle = used() - before - code
    peak = 0
    began = time.ticks_us()
    collecting = 0
    for seq in range(count):
        while outbox.queued >= 60:
            await asyncio.sleep_ms(0)
        outbox.put(seq, payload)
        if what == "rate" and seq % (count // 20) == 0:
            pause = time.ticks_us()
            peak = max(peak, used() - before - code - queue)
            collecting += time.ticks_diff(time.ticks_us(), pause)
    while outbox.queued:
        await asyncio.sleep_ms(0)
    spent_us = time.ticks_diff(time.ticks_us(), began) - collecting
    assert outbox.acked_count == count and not client.errors, client.errors
    if what == "gap":
        beating.cancel()
    pumping.cancel()
    await client.disconnect()
    await running
    if what == "gap":
        print(gaps[0])
    else:
        print(count * 1000000 // spent_us, code, idle, peak, queue)


asyncio.run(main(sys.argv[1], *[int(word) for word in sys.argv[2:5]], *sys.argv[5:]))
