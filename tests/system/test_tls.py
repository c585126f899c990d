"""Reports over TLS to a real mosquitto; brokers that a node refuses, each for its own reason."""

import itertools
import random
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodewright.faultproxy import FaultProxy
from nodewright.ports import free_port
from system.mqtt_rig import HOST, Listener, node, wait_until
from system.test_tls_node import tells_time, udp_server
from system.tls_rig import (
    DATA,
    TlsBroker,
    answering,
    errors_of_any,
    hostile_records,
    tls_broker,
)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsBroker]:
    with tls_broker(tmp_path_factory.mktemp("tls")) as made:
        yield made


def errors_of(port: int, identity: str, **plan: object) -> dict[str, int]:
    """What a node counts in three tries, none of which connects."""
    plan = {"until_errors": 3, "timeout_ms": 1000, **plan}
    return errors_of_any(port, identity, 0, **plan)


def test_tls__right_certificates__reports_flow_in_order(broker: TlsBroker) -> None:
    ear = Listener(broker.plain)
    with node(port=broker.ports["good"], identity=broker.good, count=500, beat=True) as talker:
        result = talker.result()
    wait_until(lambda: len(ear.seqs) == 500, "all arrive")
    ear.close()
    assert ear.seqs == result["acked"] == list(range(500))
    assert (result["errors"], result["connects"]) == ({}, 1)
    # Others run while it shakes hands: the longest step is one of mbedTLS's, some ms on a PC.
    assert result["gap_us"] < 500_000


@pytest.mark.parametrize("fault", ["expired", "not_yet_valid", "foreign", "wrong_host"])
def test_tls__broker_with_a_bad_certificate__refused_by_name(
    broker: TlsBroker, fault: str
) -> None:
    assert errors_of(broker.ports[fault], broker.good).keys() == {f"tls_{fault}"}


def test_tls__certificate_of_a_node_as_the_brokers__refused(broker: TlsBroker) -> None:
    causes = errors_of(broker.ports["for_a_node"], broker.good).keys()
    assert causes == {"tls_certificate"}


@pytest.mark.parametrize("whose", ["expired", "stranger", "early", "revoked", "mixed"])
def test_tls__node_whose_certificate_the_broker_refuses__says_that_it_was_told(
    broker: TlsBroker, whose: str
) -> None:
    # mixed: another node's key, or, which is the same, its certificate without the key.
    causes = set(errors_of(broker.ports["good"], getattr(broker, whose)))
    assert "tls_alert" in causes and causes <= {"tls_alert", "reset", "eof"}, causes


def test_tls__node_that_asks_for_anothers_name__has_its_own_session_and_not_the_others(
    broker: TlsBroker,
) -> None:
    plan = {"identity": broker.good, "subscribe": "nodewright/test/other/command"}
    ear = Listener(broker.plain)
    with node(port=broker.ports["good"], client_id="other", count=3, **plan) as talker:
        result = talker.result()
    ear.close()
    assert (result["acked"], result["errors"]) == ([0, 1, 2], {})
    log = broker.log_text()
    assert "as talker (" in log and "as other (" not in log


def test_tls__no_identity_on_flash__named(broker: TlsBroker, tmp_path: Path) -> None:
    assert errors_of(broker.ports["good"], str(tmp_path)).keys() == {"tls_no_identity"}
    for name in ("ca.der", "certificate.der", "key.der"):
        (tmp_path / name).write_bytes(b"0\x03xyz")
    assert errors_of(broker.ports["good"], str(tmp_path)).keys() == {"tls_identity"}


def test_tls__date_unknown__no_certificate_is_judged_until_it_is_told(broker: TlsBroker) -> None:
    port, told = broker.ports["good"], threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((HOST, 0))
        clock = [f"{HOST}:{sock.getsockname()[1]}"]
        errors = errors_of(port, broker.good, timeout_ms=300, clock=clock)
    assert errors.keys() == {"clock_unset"}
    with udp_server(lambda asked: tells_time(asked) if told.is_set() else None) as server:
        plan = {"clock": [server], "timeout_ms": 300, "tell_every": 1}
        with node(port=port, identity=broker.good, count=10, **plan) as talker:
            wait_until(lambda: not talker.lines, "nothing is connected")
            told.set()
            result = talker.result()
    assert len(result["acked"]) == 10 and len(result["dates"]) == 1
    assert set(result["errors"]) <= {"clock_unset"}


def test_tls__hostile_broker_behind_a_good_certificate__protocol_named(
    broker: TlsBroker, tmp_path: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*broker.servers["good"].write(tmp_path, "hostile"))
    draw = random.Random(9)
    with answering(lambda: b"\x20\x02\x00\x00" + draw.randbytes(300), context) as port:
        errors = errors_of_any(port, broker.good, until_errors=200, backoff_ms=1, limit_ms=60000)
    assert errors.pop("protocol") >= 150, errors
    survived = {"eof", "reset", "oversized", "subscribe_refused", "tls_malformed", "tls_alert"}
    assert set(errors) <= survived, errors


def test_tls__cut_again_and_again__all_arrive(broker: TlsBroker) -> None:
    ear = Listener(broker.plain)
    chunks = itertools.count(1)
    with FaultProxy(broker.ports["good"]) as proxy:

        def cut_at_times(data: bytes) -> bytes:
            # By what has come: a handshake takes three, and 300 acknowledgements, of which eight
            # can be on their way, take 38 at least.
            if next(chunks) in (12, 24, 36):
                proxy.cut()
            return data

        proxy.downstream = cut_at_times
        with node(port=proxy.port, count=300, identity=broker.good) as talker:
            result = talker.result()
    wait_until(lambda: len(set(ear.seqs)) == 300, "all arrive")
    ear.close()
    assert list(dict.fromkeys(ear.seqs)) == result["acked"] == list(range(300))
    assert result["connects"] >= 4


def test_tls__bytes_trickle__handshake_and_reports_come_through(broker: TlsBroker) -> None:
    with FaultProxy(broker.ports["good"]) as proxy:
        proxy.trickle = True
        with node(port=proxy.port, count=20, identity=broker.good) as talker:
            result = talker.result()
    assert (result["errors"], len(result["acked"])) == ({}, 20)


def test_tls__broker_falls_silent_in_the_handshake__ends_in_time(broker: TlsBroker) -> None:
    with FaultProxy(broker.ports["good"]) as proxy:
        proxy.downstream = lambda _data: b""
        assert errors_of(proxy.port, broker.good, timeout_ms=300).keys() == {"tls_timeout"}


def test_tls__record_changed_on_the_way__tampered(broker: TlsBroker) -> None:
    def flip(data: bytes) -> bytes:
        at = 0
        changed = bytearray(data)
        while at + 5 <= len(data):
            size = data[at + 3] << 8 | data[at + 4]
            if data[at] == DATA and at + 5 + size <= len(data):
                changed[at + 4 + size] ^= 1
            at += 5 + size
        return bytes(changed)

    with FaultProxy(broker.ports["good"]) as proxy:
        proxy.downstream = flip
        assert errors_of(proxy.port, broker.good).keys() == {"tls_tampered"}


def test_tls__plain_broker__refused(broker: TlsBroker) -> None:
    causes = set(errors_of(broker.plain, broker.good))
    assert causes <= {"eof", "reset", "tls_malformed", "tls_timeout"}, causes


def test_tls__hostile_records__counted_bounded_and_survived(broker: TlsBroker) -> None:
    draw = random.Random(9)
    with answering(lambda: hostile_records(draw)) as port:
        errors = errors_of(port, broker.good, until_errors=300, limit_ms=60000, backoff_ms=1)
    assert sum(errors.values()) >= 300
    known = {"eof", "reset", "memory", "protocol"}
    assert all(cause in known or cause.startswith("tls_") for cause in errors), errors


def test_brokers__first_is_gone__the_next_is_taken_and_named(broker: TlsBroker) -> None:
    brokers = [[HOST, free_port()], [HOST, broker.ports["expired"]], [HOST, broker.ports["good"]]]
    with node(port=0, brokers=brokers, identity=broker.good, count=10) as talker:
        result = talker.result()
    assert (result["acked"], result["errors"]) == (
        list(range(10)),
        {"refused": 1, "tls_expired": 1},
    )
