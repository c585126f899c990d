"""A node that only talks: outbox, pump and client, on any interpreter.  Started by mqtt_rig.

    micropython mqtt_node.py '{"port": 1883, "count": 500}'

Prints `acked N` as it goes and one JSON object at the end.
"""

import asyncio
import gc
import json
import sys
from time import ticks_diff, ticks_ms, ticks_us

from node.clock import Clock
from node.outbox import Outbox
from node.uplink import tls
from node.uplink.dial import Dialer
from node.uplink.dns import Resolver
from node.uplink.mqtt import MqttClient
from node.uplink.pump import Pump

START_TICKS = ticks_ms()


def uptime_ms():
    return ticks_diff(ticks_ms(), START_TICKS)


def resident_kb():
    """What the process holds of the host's memory, mbedTLS's share with it; 0 where unknown."""
    try:
        with open("/proc/self/status") as status:  # noqa: PTH123  MicroPython
            for line in status:
                if line[:6] == "VmRSS:":
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def always():
    return True


async def beat(gaps):
    """The longest time for which a task that only wants a turn has none, in us."""
    while True:
        before_ticks = ticks_us()
        await asyncio.sleep_ms(0)
        gaps[0] = max(gaps[0], ticks_diff(ticks_us(), before_ticks))


async def main(plan):
    survived, dates, gaps = [], [], [0]
    if plan.get("beat"):
        beating = asyncio.create_task(beat(gaps))
    resolver = Resolver(lambda: plan["dns"], survived.append) if "dns" in plan else None
    clock = None
    if "clock" in plan:
        clock = Clock(plan["clock"], resolver, uptime_ms, dates.append, survived.append, always)
    identity = None
    if "identity" in plan:
        names = ("/ca.der", "/certificate.der", "/key.der")
        identity = lambda: tls.load(*[plan["identity"] + name for name in names])  # noqa: E731
    client = MqttClient(
        Dialer(
            plan.get("brokers") or [("127.0.0.1", plan["port"])],
            resolver,
            identity,
            (lambda: clock.known) if clock else None,
            plan.get("timeout_ms", 10000),
        ),
        plan.get("client_id", "talker"),
        plan.get("keepalive_s", 15),
        will=("nodewright/test/talker/status", b"offline", 1, True),
        timeout_ms=plan.get("timeout_ms", 10000),
        max_packet_bytes=plan.get("max_packet_bytes", 1024),
        backoff_base_ms=plan.get("backoff_ms", 20),
        backoff_lost_ms=plan.get("backoff_ms", 20),
        backoff_cap_ms=plan.get("backoff_ms", 20) * 10,
    )
    received = []
    client.on_message = lambda topic, payload: received.append([topic, payload.decode()])
    client.on_connect = lambda present: print("connected", present)
    if "subscribe" in plan:
        client.subscribe(plan["subscribe"])
    outbox = Outbox(plan.get("capacity", 1000), plan.get("most_bytes", 131_072))
    acked = []

    def on_acked(seq):
        acked.append(seq)
        if len(acked) % plan.get("tell_every", 50) == 0:
            print("acked", len(acked))

    pump = Pump(outbox, client, plan.get("topic", "nodewright/test/talker/report"), on_acked)
    running = asyncio.create_task(client.run())
    if clock is not None:
        telling = asyncio.create_task(clock.run())  # noqa: F841, RUF006  ends with us
    pumping = asyncio.create_task(pump.run())
    padding = b"x" * plan.get("padding", 100)
    gc.collect()
    before_kb = resident_kb()
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
    if plan.get("beat"):
        beating.cancel()
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
                "survived": survived,
                "dates": dates,
                "gap_us": gaps[0],
                "grown_kb": resident_kb() - before_kb,
                "heap": gc.mem_alloc(),
            }
        )
    )


if sys.implementation.name != "micropython":
    import sim.cpython

    sim.cpython.install()
asyncio.run(main(json.loads(sys.argv[1])))
