"""A MicroPython node and a real mosquitto: everything arrives, whatever happens in between."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodewright.faultproxy import FaultProxy
from system.mqtt_rig import Listener, Mosquitto, node, split, wait_until


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    mosquitto = Mosquitto(tmp_path)
    yield mosquitto
    mosquitto.kill()


@pytest.fixture
def listener(broker: Mosquitto) -> Iterator[Listener]:
    ear = Listener(broker.port)
    yield ear
    ear.close()


@pytest.fixture
def proxy(broker: Mosquitto) -> Iterator[FaultProxy]:
    with FaultProxy(broker.port) as between:
        yield between


def arrived_once_each(listener: Listener, count: int) -> None:
    """All seqs are there; the first of each in order. Doubles are the receiver's to drop."""
    wait_until(lambda: len(set(listener.seqs)) >= count, f"{count} messages arrive")
    assert list(dict.fromkeys(listener.seqs)) == list(range(count))


def test_client__500_publishes__arrive_in_order_and_once(
    broker: Mosquitto, listener: Listener
) -> None:
    with node(port=broker.port, count=500) as talker:
        result = talker.result()
    arrived_once_each(listener, 500)
    assert len(listener.seqs) == 500
    assert result["acked"] == list(range(500))
    assert (result["errors"], result["connects"], result["dropped"]) == ({}, 1, 0)


def test_client__broker_killed_and_back__all_arrive(
    broker: Mosquitto, listener: Listener, proxy: FaultProxy
) -> None:
    with node(port=proxy.port, count=500, interval_ms=20) as talker:
        talker.wait_for("acked 100")
        listener.ready.clear()
        proxy.refuse()  # the listener must be back first: mosquitto itself forgets everything
        broker.kill()
        broker.start()
        assert listener.ready.wait(30)
        proxy.accept()
        result = talker.result()
    arrived_once_each(listener, 500)
    assert result["acked"] == list(range(500))
    assert result["connects"] == 2
    assert result["errors"]["refused"] >= 1


def test_client__connection_cut_again_and_again__all_arrive(
    broker: Mosquitto, listener: Listener, proxy: FaultProxy
) -> None:
    chunks = itertools.count(1)

    def cut_at_times(data: bytes) -> bytes:
        # By what has come: 500 acknowledgements, of which eight can be on their way, take 63.
        if next(chunks) in (10, 25, 45):
            proxy.cut()
        return data

    proxy.downstream = cut_at_times
    with node(port=proxy.port, count=500) as talker:
        result = talker.result()
    arrived_once_each(listener, 500)
    assert result["connects"] >= 4
    assert sum(result["errors"].get(cause, 0) for cause in ("reset", "eof")) >= 3


def test_client__no_broker_at_boot__delivers_when_it_comes(
    broker: Mosquitto, listener: Listener, proxy: FaultProxy
) -> None:
    proxy.refuse()
    with node(port=proxy.port, count=20, interval_ms=100) as talker:
        wait_until(lambda: len(talker.lines) == 0, "nothing is connected")
        assert listener.seqs == []
        proxy.accept()
        talker.wait_for("connected")
        result = talker.result()
    arrived_once_each(listener, 20)
    assert result["queued"] == 0


def test_client__bytes_trickle__all_arrive(
    broker: Mosquitto, listener: Listener, proxy: FaultProxy
) -> None:
    proxy.trickle = True
    with node(port=proxy.port, count=50) as talker:
        result = talker.result()
    arrived_once_each(listener, 50)
    assert result["errors"] == {}


def test_client__acks_lost__sends_again_with_dup_and_the_same_ids(
    broker: Mosquitto, listener: Listener, proxy: FaultProxy
) -> None:
    def without_pubacks(data: bytes) -> bytes:
        return b"".join(packet for packet in split(data) if packet[0] != 0x40)

    proxy.downstream = without_pubacks
    with node(port=proxy.port, count=20, timeout_ms=600, keepalive_s=60) as talker:
        wait_until(lambda: len(proxy.upstream_log) == 2, "the node connects again")
        proxy.downstream = bytes
        result = talker.result()
    arrived_once_each(listener, 20)
    assert result["errors"]["ack_timeout"] >= 1
    first, second = (split(bytes(log)) for log in proxy.upstream_log[:2])
    sent = [packet for packet in first if packet[0] & 0xF0 == 0x30]
    again = [packet for packet in second if packet[0] & 0xF0 == 0x30][: len(sent)]
    assert len(sent) == 8  # the window, and no more
    assert [packet[0] for packet in sent] == [0x32] * 8
    assert [packet[0] for packet in again] == [0x3A] * 8
    assert [packet[1:] for packet in again] == [packet[1:] for packet in sent]


def test_client__disconnect__keeps_the_will_back(broker: Mosquitto, listener: Listener) -> None:
    with node(port=broker.port, count=1) as talker:
        talker.result()
    with node(port=broker.port, count=2, client_id="next") as talker:
        talker.result()
    arrived = [topic for topic, _ in listener.messages]
    assert arrived == ["nodewright/test/talker/report"] * 3


def test_client__killed__leaves_its_will(broker: Mosquitto, listener: Listener) -> None:
    with node(port=broker.port, count=50, until_errors=1) as talker:
        talker.wait_for("acked 50")
    will = ("nodewright/test/talker/status", b"offline")
    wait_until(lambda: will in listener.messages, "the will arrives")


def test_client__subscribed__gets_messages_on_every_connection(
    broker: Mosquitto, listener: Listener, proxy: FaultProxy
) -> None:
    listener.client.publish("commands/talker", b"one", 1, retain=True).wait_for_publish(10)
    plan = {"subscribe": "commands/talker", "until_received": 2, "count": 0}
    with node(port=proxy.port, **plan) as talker:
        talker.wait_for("connected False")
        wait_until(lambda: b"commands" in proxy.upstream_log[0], "it subscribes")
        wait_until(lambda: b"\x40\x02" in proxy.upstream_log[0], "it acknowledges")
        proxy.cut()
        talker.wait_for("connected True")  # the session was kept, and it subscribes all the same
        result = talker.result()
    assert result["received"] == [["commands/talker", "one"]] * 2
