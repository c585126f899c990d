"""The node's half of tools/fuzz_mqtt.py: its MQTT client at a broker that means harm.

    micropython mqtt_fuzz_node.py PORT CONNECTIONS [FOLDER]

FOLDER: of ca.der, certificate.der and key.der, for TLS.  Ends when so many connections have been
lost, and prints one JSON object.
"""

import asyncio
import gc
import json
import sys
import time

from node.uplink import tls
from node.uplink.dial import Dialer
from node.uplink.mqtt import MqttClient

_SAMPLES = 20


def used():
    gc.collect()
    gc.collect()
    return gc.mem_alloc()


def resident_kb():
    with open("/proc/self/status") as file:  # noqa: PTH123
        found = [line.split()[1] for line in file if line.startswith("VmRSS")]
    return int(found[0])


async def main(port, connections, folder=None):
    identity = None
    if folder is not None:
        names = [folder + "/" + name for name in ("ca.der", "certificate.der", "key.der")]
        identity = lambda: tls.load(*names)  # noqa: E731
    got = [0, 0]

    def on_message(_topic, payload):
        got[0] += 1
        got[1] += len(payload)

    client = MqttClient(
        Dialer([("127.0.0.1", port)], None, identity, timeout_ms=10000),
        "fuzzed",
        on_message=on_message,
        timeout_ms=10000,
        backoff_base_ms=1,
        backoff_lost_ms=1,
        backoff_cap_ms=2,
    )

    def on_connect(_present):
        if client.has_room:  # so that acknowledgements have something to meet
            client.post("nodewright/fuzz/node/report", b"x" * 50)

    client.on_connect = on_connect
    client.subscribe("nodewright/fuzz/node/command")
    running = asyncio.create_task(client.run())
    gaps = [0]

    async def beat():
        before = time.ticks_us()
        while True:
            await asyncio.sleep_ms(1)
            now = time.ticks_us()
            gaps[0] = max(gaps[0], time.ticks_diff(now, before))
            before = now

    beating = asyncio.create_task(beat())
    lost = lambda: sum(client.errors.values()) - client.errors.get("oversized", 0)  # noqa: E731
    heaps, resident, longest_ms, before = [], [], 0, time.ticks_ms()
    done = 0
    while lost() < connections and not running.done():
        await asyncio.sleep_ms(5)
        if lost() != done:
            done, before = lost(), time.ticks_ms()
        longest_ms = max(longest_ms, time.ticks_diff(time.ticks_ms(), before))
        if lost() * _SAMPLES >= len(heaps) * connections:
            heaps.append(used())
            resident.append(resident_kb())
            before = time.ticks_ms()
    alive = not running.done()
    beating.cancel()
    running.cancel()
    print(
        json.dumps(
            {
                "alive": alive,
                "errors": client.errors,
                "messages": got[0],
                "connects": client.connects,
                "heap": [min(heaps[1:] or [0]), max(heaps[1:] or [0])],
                "resident_kb": (resident[1:2] or [0]) + (resident[-1:] or [0]),
                "longest_ms": longest_ms,
                "gap_ms": gaps[0] // 1000,
            }
        )
    )


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
