"""A node that only talks: outbox, pump and client, on any interpreter.  Started by mqtt_rig.

    micropython mqtt_node.py '{"port": 1883, "count": 500}'

Prints `acked N` as it goes and one JSON object at the end.
"""

import asyncio
import gc
import json
import sys

from node.outbox import Outbox
from node.uplink.mqtt import MqttClient
from node.uplink.pump import Pump


async def main(plan):
    client = MqttClient(
        "127.0.0.1",
        plan["port"],
        plan.get("client_id", "talker"),
        plan.get("keepalive_s", 15),
        will=("nodewright/test/talker/status", b"offline", 1, True),
        timeout_ms=plan.get("timeout_ms", 10000),
        max_packet_bytes=plan.get("max_packet_bytes", 1024),
        backoff_base_ms=20,
        backoff_cap_ms=200,
    )
    received = []
    client.on_message = lambda topic, payload: received.append([topic, payload.decode()])
    client.on_connect = lambda present: print("connected", present)
    if "subscribe" in plan:
        client.subscribe(plan["subscribe"])
    outbox = Outbox(plan.get("capacity", 1000))
    acked = []

    def on_acked(seq):
        acked.append(seq)
        if len(acked) % plan.get("tell_every", 50) == 0:
            print("acked", len(acked))

    pump = Pump(outbox, client, plan.get("topic", "nodewright/test/talker/report"), on_acked)
    running = asyncio.create_task(client.run())
    pumping = asyncio.create_task(pump.run())
    padding = b"x" * plan.get("padding", 100)
    gc.collect()
    for seq in range(plan["count"]):
        outbox.put(seq, b'{"boot": 1, "seq": %d, "padding": "%s"}' % (seq, padding))
        if seq % plan.get("burst", 10) == 0:
            await asyncio.sleep_ms(plan.get("interval_ms", 0))
    left_ms = plan.get("limit_ms", 30000)
    while left_ms > 0 and not (
        sum(client.errors.values()) >= plan.get("until_errors", 1 << 20)
        or (len(received) >= plan["until_received"] if "until_received" in plan else False)
        or ("until_errors" not in plan and "until_received" not in plan and not outbox.queued)
    ):
        await asyncio.sleep_ms(20)
        left_ms -= 20
    pumping.cancel()
    if plan.get("disconnect", True):
        await client.disconnect()
        await running
    print(
        json.dumps(
            {
                "acked": acked,
                "queued": outbox.queued,
                "sent": outbox.sent,
                "dropped": outbox.dropped,
                "errors": client.errors,
                "last": str(client.last),
                "connects": client.connects,
                "received": received,
                "running": not running.done(),
            }
        )
    )


if sys.implementation.name != "micropython":
    import sim.cpython

    sim.cpython.install()
asyncio.run(main(json.loads(sys.argv[1])))
