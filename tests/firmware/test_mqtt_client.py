"""The client against a scripted broker in the same loop, on both interpreters."""

import asyncio
import errno
import random
import time

from node.outbox import Outbox
from node.uplink import mqtt
from node.uplink.backoff import backoff_ms
from node.uplink.causes import Lost
from node.uplink.mqtt import MqttClient
from node.uplink.pump import Pump

_LIMIT_MS = 10000


class Script:
    """A broker that acknowledges as it is told and remembers each packet of each connection."""

    def __init__(self):
        self.packets = []  # one list a connection
        self.acknowledge = True
        self.hang_up_after = 0  # unacknowledged publishes, on the first connection; 0: never
        self.welcome = b"\x20\x02\x00\x00"
        self.on_ping = lambda: False  # True: answer a moment later
        self.writer = None
        self.open = 0  # connections

    async def serve(self, reader, writer):
        mine = []
        self.packets.append(mine)
        hang_up_after = self.hang_up_after if len(self.packets) == 1 else 0
        self.writer = writer
        self.open += 1
        published = 0
        try:
            while True:
                packet = await self._packet(reader)
                mine.append(packet)
                kind = packet[0] & 0xF0
                if kind == 0x10:
                    writer.write(self.welcome)
                elif kind == 0xC0:
                    if self.on_ping():
                        await asyncio.sleep_ms(20)
                    writer.write(b"\xd0\x00")
                elif kind == 0x82 & 0xF0:
                    writer.write(b"\x90\x03" + packet[2:4] + b"\x01")
                elif packet[0] & 0xF6 == 0x32:
                    published += 1
                    if self.acknowledge and not hang_up_after:
                        at = 2 if packet[1] < 0x80 else 3
                        at += 2 + (packet[at] << 8 | packet[at + 1])
                        writer.write(b"\x40\x02" + packet[at : at + 2])
                await writer.drain()
                if hang_up_after and published == hang_up_after:
                    break
        except (EOFError, OSError):
            pass
        try:
            writer.close()
            await writer.wait_closed()
        except OSError:
            pass
        self.open -= 1

    async def _packet(self, reader):
        packet = await reader.readexactly(2)
        length = packet[1] & 0x7F
        if packet[1] & 0x80:
            packet += await reader.readexactly(1)
            length |= packet[2] << 7
        return packet + await reader.readexactly(length) if length else packet

    def publishes(self, connection):
        return [packet for packet in self.packets[connection] if packet[0] & 0xF0 == 0x30]


def with_broker(use, welcome=None, **settings):
    """Run `await use(client, script)` with the client running, each wait bounded."""

    async def main():
        script = Script()
        script.welcome = welcome or script.welcome
        while True:
            port = 20000 + random.getrandbits(15)
            try:
                server = await asyncio.start_server(script.serve, "127.0.0.1", port)
                break
            except OSError:  # somebody else's port
                pass
        pauses = {"backoff_base_ms": 5, "backoff_lost_ms": 5, "backoff_cap_ms": 20}
        pauses.update(settings)
        client = MqttClient((("127.0.0.1", port),), "c", **pauses)
        script.client = client
        running = asyncio.create_task(client.run())
        try:
            await asyncio.wait_for_ms(use(client, script), _LIMIT_MS)
        finally:
            running.cancel()
            try:
                await running
            except asyncio.CancelledError:
                pass
            await asyncio.wait_for_ms(until(lambda: not script.open), _LIMIT_MS)
            server.close()

    asyncio.run(main())


async def until(true):
    while not true():
        await asyncio.sleep_ms(1)


def test_backoff__attempts__grow_to_the_cap_with_full_jitter():
    for attempt, most in ((0, 250), (1, 500), (5, 8000), (6, 15000), (1000, 15000)):
        draws = [backoff_ms(attempt, 250, 15000, draw) for draw in range(0, 1 << 24, 4099)]
        assert min(draws) < most // 50 + 1
        assert most - most // 50 - 1 <= max(draws) <= most, attempt
    # A fleet whose nodes are spread over more than the cap.
    draws = [backoff_ms(0, 45000, 15000, draw) for draw in range(0, 1 << 24, 4099)]
    assert 44000 <= max(draws) <= 45000


def test_client__link_that_had_shown_its_worth_is_lost__waits_as_long_as_a_fleet_must():
    async def use(client, script):
        for count in (1, 2):
            await client.publish("a", b"")  # acknowledged: the link is proven
            client.fail(OSError(errno.ECONNRESET))
            await until(lambda count=count: client.connects > count)
            assert waited[-1] == 7, waited

    waited = []
    with_pauses(use, waited, backoff_base_ms=5, backoff_lost_ms=7)


def test_client__never_let_in_or_renewed__tries_again_soon():
    async def use(client, script):
        await until(lambda: len(waited) > 2)
        assert waited[:3] == [5, 10, 20], waited
        script.welcome = b"\x20\x02\x00\x00"
        await client.publish("a", b"")
        client.fail(Lost("renewed"))
        before = client.connects
        await until(lambda: client.connects > before)
        assert waited[-1] == 5, waited

    waited = []
    refused = b"\x20\x02\x00\x03"
    with_pauses(use, waited, welcome=refused, backoff_base_ms=5, backoff_lost_ms=7)


def with_pauses(use, waited, **settings):
    """As with_broker; waited gets the most that each pause may have been, in ms."""

    def most_ms(attempt, base_ms, cap_ms, _draw):
        waited.append(min(cap_ms, base_ms << attempt))
        return 1

    mqtt.backoff_ms = most_ms
    try:
        with_broker(use, backoff_cap_ms=1000, **settings)
    finally:
        mqtt.backoff_ms = backoff_ms


def test_client__settings_that_cannot_work__raise():
    for keepalive_s in (0, 65536):
        try:
            MqttClient((("127.0.0.1", 1),), "c", keepalive_s)
        except ValueError:
            continue
        raise AssertionError(keepalive_s)


def test_post__bad_topic_or_qos__raises_and_leaves_nothing_behind():
    async def use():
        client = MqttClient((("127.0.0.1", 1),), "c")
        for topic, qos in (("a/#", 1), ("", 1), ("a", 2)):
            try:
                client.post(topic, b"", qos)
            except ValueError:
                continue
            raise AssertionError((topic, qos))
        for _ in range(8):
            client.post("a", b"")
        try:
            client.post("a", b"")
        except RuntimeError:
            return
        raise AssertionError("a ninth message in a window of 8")

    asyncio.run(use())


def test_publish__acknowledged__returns():
    async def use(client, script):
        await client.publish("a/b", b"one", retain=True)
        assert client.connected and client.connects == 1
        assert [bytes(p) for p in script.publishes(0)] == [b"\x33\x0a\x00\x03a/b\x00\x01one"]
        assert script.packets[0][0][:12] == b"\x10\x0d\x00\x04MQTT\x04\x00\x00\x0f"

    with_broker(use)


def test_publish__not_acknowledged__waits():
    async def use(client, script):
        script.acknowledge = False
        task = asyncio.create_task(client.publish("a", b""))
        await until(lambda: script.packets and script.publishes(0))
        try:
            await asyncio.wait_for_ms(task, 50)
        except asyncio.TimeoutError:
            return
        raise AssertionError("it returned")

    with_broker(use)


def test_publish__qos_0__returns_when_written():
    async def use(client, script):
        await client.publish("a", b"x", 0)
        await until(lambda: script.publishes(0))
        assert [bytes(p) for p in script.publishes(0)] == [b"\x30\x04\x00\x01ax"]

    with_broker(use)


def test_publish__lost_before_its_ack__is_sent_again_with_dup_in_order():
    async def use(client, script):
        script.hang_up_after = 5
        await until(lambda: client.connected)
        done = []
        for number in range(8):
            client.post("a", b"%d" % number, done=done.append, token=number)
        await until(lambda: len(done) == 8)
        assert done == list(range(8))
        last = script.publishes(-1)
        assert [bytes(p[7:]) for p in last][-8:] == [b"%d" % n for n in range(8)]
        assert [p[6] for p in last] == [1, 2, 3, 4, 5, 6, 7, 8]  # the ids of the first time
        assert last[0][0] == 0x3A and script.publishes(0)[0][0] == 0x32
        assert client.errors.get("eof", 0) + client.errors.get("reset", 0) >= 1

    with_broker(use)


def test_window__never_more_unacknowledged_than_allowed():
    async def use(client, script):
        script.acknowledge = False
        tasks = [asyncio.create_task(client.publish("a", b"")) for _ in range(12)]
        await until(lambda: script.packets and len(script.publishes(0)) == 3)
        await asyncio.sleep_ms(20)
        assert len(script.publishes(0)) == 3
        script.writer.write(b"\x40\x02\x00\x01")
        await script.writer.drain()
        await until(lambda: len(script.publishes(0)) == 4)
        for task in tasks:
            task.cancel()

    with_broker(use, max_inflight=3)


def test_pump__outbox_longer_than_the_window__delivers_in_order():
    async def use(client, script):
        box, acked = Outbox(100), []
        pump = Pump(box, client, "r", acked.append)
        task = asyncio.create_task(pump.run())
        for seq in range(100):
            box.put(seq, b"%d" % seq)
        await until(lambda: not box.queued)
        task.cancel()
        assert acked == list(range(100))
        assert [bytes(p[7:]) for p in script.publishes(0)] == [b"%d" % n for n in range(100)]
        assert (box.sent, box.acked_count, box.dropped) == (100, 100, 0)

    with_broker(use)


def test_pump__broker_back_without_what_it_acknowledged__gets_it_again_without_dup():
    async def use(client, script):
        box, acked = Outbox(100), []
        client.on_connect = lambda _present: box.lost(client.alive_ticks)
        task = asyncio.create_task(Pump(box, client, "r", acked.append).run())
        for seq in range(3):
            box.put(seq, b"%d" % seq)
        await until(lambda: not box.queued)
        script.writer.write(b"\xf0\x00")  # no packet of MQTT 3.1.1: the client leaves
        await script.writer.drain()
        await until(lambda: client.connects == 2)
        box.put(3, b"3")
        await until(lambda: not box.queued and not box.unsent)
        task.cancel()
        again = script.publishes(1)
        assert [bytes(p[7:]) for p in again] == [b"0", b"1", b"2", b"3"]
        assert [p[0] for p in again] == [0x32] * 4  # as new messages, with ids of their own
        assert acked == [0, 1, 2, 3]

    with_broker(use)


def test_alive_ticks__broker_answers_a_ping__is_when_that_was_sent():
    async def use(client, script):
        await client.publish("a", b"")
        first = client.alive_ticks
        assert 0 <= time.ticks_diff(time.ticks_ms(), first) < _LIMIT_MS
        await until(lambda: client.alive_ticks != first)
        assert time.ticks_diff(client.alive_ticks, first) >= 500

    with_broker(use, keepalive_s=1)


def test_pump__nobody_answers__outbox_keeps_the_newest():
    async def use():
        client = MqttClient((("127.0.0.1", 1),), "c", max_inflight=2)
        box = Outbox(5)
        task = asyncio.create_task(Pump(box, client, "r").run())
        for seq in range(10):
            box.put(seq, b"")
            await asyncio.sleep_ms(0)
        task.cancel()
        # none is with the client, who would keep them; the five newest wait
        assert (box.queued, box.dropped, box.sent) == (5, 5, 0)
        assert box.take().seq == 5

    asyncio.run(use())


def test_on_message__hook_raises__is_counted_and_acknowledged():
    got = []

    def broken(topic, payload):
        got.append((topic, payload))
        raise KeyError("mistake")

    async def use(client, script):
        client.subscribe("a")
        await until(lambda: client.connected)
        script.writer.write(b"\x32\x06\x00\x01a\x00\x07x")
        await script.writer.drain()
        await until(lambda: b"\x40\x02\x00\x07" in script.packets[0])
        assert got == [("a", b"x")]
        assert client.errors == {"hook": 1}
        assert client.connected

    with_broker(use, on_message=broken)


def test_disconnect__connected__says_so_and_run_returns():
    async def use(client, script):
        await client.publish("a", b"")
        await client.disconnect()
        await until(lambda: not client.connected)
        await until(lambda: script.packets[0][-1] == b"\xe0\x00")
        assert client.errors == {}

    with_broker(use)


def test_watch__clock_jumps_while_a_ping_is_out__link_is_kept():
    # A record that takes 0.2 s, and an hour by the node's clock, right after a PINGREQ: the watch
    # runs before the answer is there, and must not take the clock's word alone.
    ahead_ms = [0]
    ticks_ms = time.ticks_ms

    async def use(client, script):
        def capture():
            ahead_ms[0] += 3600000
            time.sleep_ms(200)
            return True

        script.on_ping = capture
        await until(lambda: ahead_ms[0] >= 3 * 3600000)
        await asyncio.sleep_ms(200)
        assert (client.errors, client.connects) == ({}, 1)

    mqtt.ticks_ms = lambda: time.ticks_add(ticks_ms(), ahead_ms[0])
    try:
        with_broker(use, keepalive_s=2)
    finally:
        mqtt.ticks_ms = ticks_ms


class Nobody:
    """A link that takes everything and never says a word."""

    busy = secure = False

    def send(self, packet):
        pass


def test_watch__nobody_answers__given_up_within_one_and_a_half_keepalives_of_the_nodes_clock():
    now_ms = [0]

    class Asyncio:
        @staticmethod
        async def sleep_ms(ms):
            now_ms[0] += ms

    async def found_after_ms(keepalive_s, messages):
        client = MqttClient((("127.0.0.1", 1),), "c", keepalive_s, timeout_ms=1 << 28)
        now_ms[0] = 0
        mqtt.asyncio = Asyncio
        client._begin(Nobody())
        for _ in range(messages):  # it goes on speaking; only what comes back can tell
            client.post("a", b"")
        try:
            await client._watch(client._link)
        except Lost as lost:
            assert lost.cause == "ping_timeout"
            return now_ms[0]

    kept = mqtt.asyncio, mqtt.ticks_ms
    try:
        mqtt.ticks_ms = lambda: now_ms[0]
        for keepalive_s in (1, 2, 15, 60, 3600):
            for messages in (0, 3):
                found_ms = asyncio.run(found_after_ms(keepalive_s, messages))
                mqtt.asyncio = kept[0]
                assert 500 * keepalive_s < found_ms <= 1500 * keepalive_s, (keepalive_s, found_ms)
    finally:
        mqtt.asyncio, mqtt.ticks_ms = kept


def test_run__cancelled_while_it_connects__ends():
    async def use():
        client = MqttClient((("127.0.0.1", 1),), "c")
        task = asyncio.create_task(client.run())
        await until(lambda: client.errors)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            assert client.errors["refused"] >= 1
            return
        raise AssertionError("not cancelled")

    asyncio.run(use())


def test_packet_ids__wrap__skip_those_in_flight():
    async def use():
        client = MqttClient((("127.0.0.1", 1),), "c")
        client.post("a", b"")
        client._window._next_id = 65534
        client.post("a", b"")
        client.post("a", b"")
        assert [m.packet_id for m in client._window.messages] == [1, 65535, 2]

    asyncio.run(use())
