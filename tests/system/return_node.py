"""Many nodes' outboxes, pumps and MQTT clients in one process: half of tools/bench_return.py.

    micropython return_node.py PLAN.json

Each node puts a report every interval_ms, evenly spread, from its first connection on.  A report
is the plan's, with its own seq, and uptime_ms: milliseconds since the plan's epoch_s, by the
wall clock.  `up N` is printed when N nodes are connected for the first time, `again N` how many
reports went out a second time after they had been acknowledged, at the end: SIGTERM or EOF.
"""

import asyncio
import json
import sys
import time

from node.outbox import Outbox
from node.uplink import tls
from node.uplink.dial import Dialer
from node.uplink.mqtt import MqttClient
from node.uplink.pump import Pump

_INFLIGHT = 4  # as node/app.py has it
_KEEPALIVE_S = 15


class Node:
    def __init__(self, name, plan):
        self.topic = "nodewright/" + plan["fleet"] + "/" + name + "/report"
        identity = None
        if plan["identities"]:
            folder = plan["identities"] + "/" + name
            paths = [folder + part for part in ("/ca.der", "/certificate.der", "/key.der")]
            identity = lambda: tls.load(*paths)  # noqa: E731
        self.box = Outbox(64, 24_576)
        self.client = MqttClient(
            Dialer([("127.0.0.1", plan["port"])], None, identity),
            name,
            keepalive_s=_KEEPALIVE_S,
            max_inflight=_INFLIGHT,
            on_connect=lambda _present: self.box.lost(self.client.alive_ticks),
        )
        self.pump = Pump(self.box, self.client, self.topic)

    async def report(self, plan, delay_ms):
        head, middle, tail = plan["report"]
        seq = 0
        while not self.client.connected:
            await asyncio.sleep_ms(20)
        await asyncio.sleep_ms(delay_ms)
        due = time.ticks_ms()
        while True:
            since_ms = (time.time_ns() - plan["epoch_s"] * 1_000_000_000) // 1_000_000
            self.box.put(seq, (head + str(seq) + middle + str(since_ms) + tail).encode())
            seq += 1
            due = time.ticks_add(due, plan["interval_ms"])
            await asyncio.sleep_ms(max(0, time.ticks_diff(due, time.ticks_ms())))


async def main(plan):
    nodes = [Node(name, plan) for name in plan["nodes"]]
    tasks = []
    for index, node in enumerate(nodes):
        tasks.append(asyncio.create_task(node.client.run()))
        tasks.append(asyncio.create_task(node.pump.run()))
        delay_ms = plan["interval_ms"] * index // len(nodes)
        tasks.append(asyncio.create_task(node.report(plan, delay_ms)))
    while not all(node.client.connects for node in nodes):
        await asyncio.sleep_ms(50)
    print("up", len(nodes))
    end = asyncio.StreamReader(sys.stdin)
    await end.read(1)
    print("again", sum(node.box.again for node in nodes))
    print("dropped", sum(node.box.dropped for node in nodes))
    causes = {}
    for node in nodes:
        for cause in node.client.errors:
            causes[cause] = causes.get(cause, 0) + node.client.errors[cause]
    print("causes", json.dumps(causes))


with open(sys.argv[1]) as file:  # noqa: PTH123
    asyncio.run(main(json.load(file)))
