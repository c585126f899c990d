"""The node's half of tools/bench_mqtt.py: outbox, pump and client on MicroPython, nothing else.

    micropython mqtt_bench_node.py PORT COUNT PAYLOAD_BYTES [FOLDER]

FOLDER: of ca.der, certificate.der and key.der, for TLS.

Prints the rate, then four figures of the heap, each gc.mem_alloc after a collection: what the
modules take once imported, what a connected client takes beside them, the highest of 20 samples
in mid-run without the outbox, and what that takes with 64 payloads.
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


async def main(port, count, size, folder=None):
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
        if seq % (count // 20) == 0:
            pause = time.ticks_us()
            peak = max(peak, used() - before - code - queue)
            collecting += time.ticks_diff(time.ticks_us(), pause)
    while outbox.queued:
        await asyncio.sleep_ms(0)
    spent_us = time.ticks_diff(time.ticks_us(), began) - collecting
    assert outbox.acked_count == count and not client.errors, client.errors
    pumping.cancel()
    await client.disconnect()
    await running
    print(count * 1000000 // spent_us, code, idle, peak, queue)


asyncio.run(main(*[int(word) for word in sys.argv[1:4]], *sys.argv[4:]))
