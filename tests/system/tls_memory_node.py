"""The node's half of tools/bench_tls_memory.py: one TLS connection, with a mark at each step.

    micropython tls_memory_node.py PORT FOLDER

FOLDER: of ca.der, certificate.der and key.der.  A mark is a getenv of its name, which the counting
library listens for.
"""

import asyncio
import gc
import os
import sys

from node.uplink import tls
from node.uplink.dial import Dialer
from node.uplink.mqtt import MqttClient


def mark(name):
    gc.collect()
    gc.collect()
    os.getenv("NODEWRIGHT_MARK_" + name)


async def main(port, folder):
    mark("begin")
    names = [folder + "/" + name for name in ("ca.der", "certificate.der", "key.der")]
    identity = tls.load(*names)
    mark("identity")
    client = MqttClient(Dialer([("127.0.0.1", port)], identity=lambda: identity), "bench")
    running = asyncio.create_task(client.run())
    await client.publish("nodewright/bench/node/status", b"online")
    mark("connected")
    await client.disconnect()
    await running
    mark("closed")


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
