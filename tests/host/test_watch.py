"""What a fleet said: the state by itself, and the collector on a real broker."""

import json
import string
from collections.abc import Iterator
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion

from nodewright import broker, fleet_state
from nodewright.cli.watch import summary
from nodewright.data import firmware_dir
from nodewright.errors import BadInput, BrokerUnreachable
from nodewright.fleet_state import FleetState, printable
from nodewright.seqset import SeqSet
from nodewright.watch import Address, Collector, parse_url

WAIT_S = 10.0
TOPIC = "nodewright/demo/pump-1/"


_VECTORS = json.loads((firmware_dir() / "wire" / "vectors" / "report_v1.json").read_text())


def report(boot: int = 1, seq: int = 0, **more: Any) -> bytes:
    fields = _VECTORS["good"][0]["report"] | {"boot": boot, "seq": seq}
    return json.dumps(fields | more).encode()


def status(state: str = "online", node: str = "pump-1", boot: int = 1, **more: Any) -> bytes:
    fields = {"v": 1, "state": state, "boot": boot, "node": node, "version": "0.1.0"}
    return json.dumps(fields | more).encode()


def feed(state: FleetState, *seqs: int, boot: int = 1) -> None:
    for seq in seqs:
        assert state.apply(TOPIC + "report", report(boot, seq), 0.0) is not None


def pump(state: FleetState) -> fleet_state.NodeState:
    return state.nodes["demo", "pump-1"]


# The set of sequence numbers


@given(st.lists(st.integers(0, 40), max_size=80))
def test_seqset__any_order__agrees_with_a_plain_set(numbers: list[int]) -> None:
    seqs, plain = SeqSet(), set[int]()
    for number in numbers:
        assert seqs.add(number) == (number not in plain)
        plain.add(number)
        assert number in seqs
    between = range(min(plain), max(plain)) if plain else range(0)
    assert seqs.missing == len(set(between) - plain)
    assert {n for first, last in seqs.gaps for n in range(first, last + 1)} == (
        set(between) - plain
    )


@given(st.lists(st.integers(0, 2**53), max_size=200, unique=True))
def test_seqset__more_ranges_than_kept__no_new_number_is_a_double(numbers: list[int]) -> None:
    seqs = SeqSet(most_ranges=4)
    for number in numbers:
        assert seqs.add(number)
        assert len(seqs._starts) <= 4


# The state


def test_apply__report__is_kept_and_counted() -> None:
    state = FleetState()
    event = state.apply(TOPIC + "report", report(3, 17), 5.0)
    assert event is not None
    assert (event.fleet, event.node, event.kind, event.double) == (
        "demo",
        "pump-1",
        "report",
        False,
    )
    assert event.message["channels"] == _VECTORS["good"][0]["report"]["channels"]
    node = pump(state)
    assert (node.received, node.doubles, node.seen_at, node.missing) == (1, 0, 5.0, 0)
    assert node.has(3, 17)
    assert not node.has(3, 16)
    assert not node.has(2, 17)


def test_apply__same_boot_and_seq_twice__is_a_double() -> None:
    state = FleetState()
    feed(state, 0, 1)
    event = state.apply(TOPIC + "report", report(1, 1, dropped=9), 1.0)
    assert event is not None
    assert event.double
    assert (pump(state).received, pump(state).doubles) == (2, 1)
    assert pump(state).report is not None
    assert pump(state).report["dropped"] == 0


def test_apply__a_seq_left_out__is_missing_until_it_comes() -> None:
    state = FleetState()
    feed(state, 0, 1, 4)
    assert pump(state).missing == 2
    assert pump(state).boots[1].gaps == [(2, 3)]
    feed(state, 3, 2)
    assert pump(state).missing == 0
    assert pump(state).received == 5


def test_apply__watch_begins_late__nothing_is_missing() -> None:
    state = FleetState()
    feed(state, 500, 501)
    assert pump(state).missing == 0


def test_apply__reboot__counts_anew_and_keeps_the_old_boot() -> None:
    state = FleetState()
    feed(state, 0, 1, 2)
    feed(state, 0, 1, boot=2)
    feed(state, 1)
    assert (pump(state).received, pump(state).doubles) == (5, 1)


def test_apply__many_boots__remembers_a_bounded_number() -> None:
    state = FleetState()
    for boot in range(100):
        feed(state, 0, boot=boot)
    assert len(pump(state).boots) <= 8
    assert pump(state).received == 100


def test_apply__same_node_name_in_two_fleets__are_two_nodes() -> None:
    state = FleetState()
    state.apply("nodewright/a/pump-1/report", report(), 0.0)
    state.apply("nodewright/b/pump-1/report", report(), 0.0)
    assert set(state.nodes) == {("a", "pump-1"), ("b", "pump-1")}
    assert all(node.doubles == 0 for node in state.nodes.values())


def test_apply__status_and_health__last_word_is_kept() -> None:
    state = FleetState()
    state.apply(TOPIC + "status", status("online"), 0.0)
    state.apply(TOPIC + "status", status("offline"), 1.0)
    health = {"v": 1, "boot": 1, "heap_free_bytes": 100, "errors": {"radio": 2}}
    event = state.apply(TOPIC + "health", json.dumps(health).encode(), 2.0)
    assert event is not None
    assert pump(state).status is not None
    assert pump(state).status["state"] == "offline"
    assert pump(state).health == health


def test_apply__what_is_no_message__is_counted_by_name() -> None:
    deep = b"[" * 5000
    for topic, payload, name in (
        ("somewhere/else", report(), fleet_state.NOT_OURS),
        ("nodewright/demo/PUMP/report", report(), fleet_state.NOT_OURS),
        ("nodewright/demo/pump-1/report/x", report(), fleet_state.NOT_OURS),
        (TOPIC + "report", b"", fleet_state.MALFORMED),
        (TOPIC + "report", b"\xff\xfe", fleet_state.MALFORMED),
        (TOPIC + "report", b"[]", fleet_state.MALFORMED),
        (TOPIC + "report", b'{"v":' + deep, fleet_state.MALFORMED),
        (TOPIC + "report", report(seq=-1), fleet_state.MALFORMED),
        (TOPIC + "report", report(seq=True), fleet_state.MALFORMED),
        (TOPIC + "report", report(v=2), fleet_state.MALFORMED),
        (TOPIC + "report", report(faults=["x" * 9000]), fleet_state.MALFORMED),
        (
            TOPIC + "report",
            report(channels={"x": {"acc_rms_g": float("nan")}}),
            fleet_state.MALFORMED,
        ),
        (TOPIC + "status", status("asleep"), fleet_state.MALFORMED),
        (TOPIC + "status", status(boot=-1), fleet_state.MALFORMED),
        (TOPIC + "status", status(extra=float("inf")), fleet_state.MALFORMED),
        (TOPIC + "status", status(extra={"a": {"b": {}}}), fleet_state.MALFORMED),
        (TOPIC + "status", status(node="fan-1"), fleet_state.FOREIGN),
        (TOPIC + "health", b'{"v": 1}', fleet_state.MALFORMED),
        (TOPIC + "health", b'{"v": 1, "boot": 1, "t": "' + b"x" * 300, fleet_state.MALFORMED),
    ):
        state = FleetState()
        assert state.apply(topic, payload, 0.0) is None
        assert dict(state.refused) == {name: 1}
        assert state.last_refused
        assert not state.nodes


def test_summary__of_a_state__counts_each_node_and_what_was_refused() -> None:
    state = FleetState()
    feed(state, 1, 1, 4)
    state.apply(TOPIC + "health", b"{}", 0.0)
    told = summary(state)
    assert told["kind"] == "summary"
    assert told["nodes"] == [
        {
            "fleet": "demo",
            "node": "pump-1",
            "reports": 2,
            "doubles": 1,
            "missing": 2,
            "gaps": [[1, 2, 3]],
        }
    ]
    assert told["refused"] == {"malformed": 1}
    assert "pump-1 health" in told["last_refused"]
    assert json.loads(json.dumps(told)) == told


def test_apply__more_nodes_than_watched__are_refused_and_counted() -> None:
    state = FleetState(most_nodes=2)
    for name in ("a", "b", "c", "a"):
        state.apply(f"nodewright/demo/{name}/report", report(), 0.0)
    assert len(state.nodes) == 2
    assert state.refused[fleet_state.TOO_MANY] == 1


def test_printable__terminal_codes__are_taken_apart() -> None:
    assert printable("a\x1b[2Jb\n\ud800") == "a\\x1b[2Jb\\x0a\\xd800"
    assert len(printable("x" * 1000)) == 200


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=12,
)
_FIELDS = st.sampled_from(
    ["v", "definitions", "boot", "seq", "record", "channels", "withheld", "faults", "dropped"]
)


@given(
    st.sampled_from(["report", "status", "health", "other"]),
    st.binary(max_size=200) | _JSON.map(lambda value: json.dumps(value).encode()),
)
def test_apply__any_payload__never_raises(kind: str, payload: bytes) -> None:
    FleetState().apply(TOPIC + kind, payload, 0.0)


@given(st.sampled_from(["report", "status", "health"]), _FIELDS, _JSON)
def test_apply__one_field_of_a_good_message_is_anything__never_raises(
    kind: str, key: str, value: object
) -> None:
    state = FleetState()
    payload = report(**{key: value}) if kind == "report" else status(**{key: value})
    state.apply(TOPIC + kind, payload, 0.0)
    assert sum(state.refused.values()) + len(state.nodes) == 1


@given(st.text(alphabet=string.printable + "é\x00\ud800", max_size=60))
def test_apply__any_topic__never_raises(topic: str) -> None:
    FleetState().apply(topic, report(), 0.0)


# The address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("mqtt://127.0.0.1:1884", Address("127.0.0.1", 1884)),
        ("mqtt://plant.example/", Address("plant.example", 1883)),
        ("localhost", Address("localhost", 1883)),
        ("localhost:99", Address("localhost", 99)),
        ("mqtt://[::1]:5", Address("::1", 5)),
        ("mqtt://me:s%40crt@host", Address("host", 1883, "me", "s@crt")),
    ],
)
def test_parse_url__good__gives_the_address(text: str, address: Address) -> None:
    assert parse_url(text) == address


@pytest.mark.parametrize(
    "text", ["", "mqtt://", "http://host", "host:0", "host:x", "host:99999", "mqtt://h/topic"]
)
def test_parse_url__bad__says_what_to_write(text: str) -> None:
    with pytest.raises(BadInput, match="mqtt://HOST"):
        parse_url(text)


@pytest.mark.parametrize("text", ["amqp://a:geheim@b", "a:geheim@b:x", "mqtt://a:geheim@b/c"])
def test_parse_url__bad_with_a_password__shows_all_but_that(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_url(text)
    assert "geheim" not in str(caught.value) and "@b" in str(caught.value)


def test_address__shown__without_its_password() -> None:
    assert "s3cret" not in repr(Address("host", 1, "me", "s3cret"))


# The collector


@pytest.fixture(scope="module")
def hub() -> Iterator[broker.Broker]:
    with broker.start() as running:
        yield running


def publisher(hub: broker.Broker) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect(hub.host, hub.port)
    client.loop_start()
    return client


def test_collector__messages_at_qos_1__become_events(hub: broker.Broker) -> None:
    client = publisher(hub)
    with Collector(Address(hub.host, hub.port), fleet="demo") as collector:
        assert collector.connected
        client.publish("nodewright/other/pump-1/report", report(), 1)
        client.publish(TOPIC + "report", b"garbage", 1)
        client.publish(TOPIC + "report", b"x" * 60_000, 1)
        client.publish(TOPIC + "report", report(1, 0), 1)
        client.publish(TOPIC + "report", report(1, 0), 1)
        first, second = collector.get(WAIT_S), collector.get(WAIT_S)
        assert first is not None
        assert second is not None
        assert (first.double, second.double) == (False, True)
        assert collector.state.refused[fleet_state.MALFORMED] == 2
        assert collector.get(0) is None
        assert collector.get(0.01) is None
    client.disconnect()
    client.loop_stop()


def test_collector__broker_killed_and_back__hears_again() -> None:
    with broker.start() as hub, Collector(Address(hub.host, hub.port)) as collector:
        hub.kill()
        hub.restart()
        client = publisher(hub)
        seen = None
        for seq in range(200):
            client.publish(TOPIC + "report", report(1, seq), 1).wait_for_publish(WAIT_S)
            seen = collector.get(0.1)
            if seen is not None:
                break
        assert seen is not None
        client.disconnect()
        client.loop_stop()


def test_collector__nobody_asks__stop_does_not_hang(
    hub: broker.Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nodewright.watch._QUEUED", 2)
    client = publisher(hub)
    with Collector(Address(hub.host, hub.port)) as collector:
        for seq in range(20):
            client.publish(TOPIC + "report", report(1, seq), 1).wait_for_publish(WAIT_S)
        assert collector.get(WAIT_S) is not None
    client.disconnect()
    client.loop_stop()


def test_collector__no_broker__says_where() -> None:
    with broker.start() as hub:
        port = hub.port
    with pytest.raises(BrokerUnreachable) as caught:
        Collector(Address("127.0.0.1", port)).start()
    assert caught.value.port == port
    assert f"127.0.0.1:{port}" in str(caught.value)


def test_collector__something_that_is_no_broker__gives_up() -> None:
    import socket

    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        with pytest.raises(BrokerUnreachable, match="no answer"):
            Collector(Address("127.0.0.1", mute.getsockname()[1])).start(timeout_s=0.3)
