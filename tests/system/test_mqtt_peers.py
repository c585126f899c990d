"""The node's client and mosquitto's own: what one says, the other hears, plainly and over TLS."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from system.identity_rig import needs_mosquitto
from system.mqtt_rig import HOST, LIMIT_S, node
from system.tls_rig import TlsBroker, tls_broker

PUB, SUB = shutil.which("mosquitto_pub"), shutil.which("mosquitto_sub")
pytestmark = [
    needs_mosquitto,
    pytest.mark.skipif(
        PUB is None or SUB is None,
        reason="no mosquitto_pub and mosquitto_sub: apt install mosquitto-clients",
    ),
]
COUNT = 200


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsBroker]:
    with tls_broker(tmp_path_factory.mktemp("peers")) as made:
        yield made


def door(broker: TlsBroker, tls: bool) -> tuple[int, dict[str, str], list[str]]:
    """(port, what the node needs, what mosquitto's clients need)."""
    if not tls:
        return broker.plain, {}, []
    folder = Path(broker.peer)  # its own: two with one certificate are one client
    words = ["--cafile", folder / "ca.pem", "--cert", folder / "own.pem"]
    words += ["--key", folder / "own.key"]
    return broker.ports["good"], {"identity": broker.good}, [str(word) for word in words]


def listen(port: int, words: list[str], *more: str) -> str:
    """What mosquitto_sub says until it ends; the broker keeps its session from one to the next."""
    command = [str(SUB), "-h", HOST, "-p", str(port), "-c", "-q", "1", *words]
    command += ["-t", "nodewright/test/+/report", *more]
    return subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, timeout=LIMIT_S
    ).stdout


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_mosquitto_sub__listens_to_a_node__hears_each_report_once_in_order(
    broker: TlsBroker, tls: bool
) -> None:
    port, ours, theirs = door(broker, tls)
    theirs += ["-i", f"ear-{tls}"]
    listen(port, theirs, "-E")  # subscribes, and leaves
    with node(port=port, count=COUNT, client_id="speaker", **ours) as talker:
        result = talker.result()
    heard = listen(port, theirs, "-C", str(COUNT)).splitlines()
    assert [json.loads(line)["seq"] for line in heard] == list(range(COUNT))
    assert (result["errors"], result["acked"]) == ({}, list(range(COUNT)))


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_mosquitto_pub__line_by_line_to_a_node__all_heard_in_order(
    broker: TlsBroker, tls: bool
) -> None:
    port, ours, theirs = door(broker, tls)
    topic = f"nodewright/test/hearer-{tls}/command"
    plan = {"subscribe": topic, "client_id": f"hearer-{tls}", **ours}
    with node(port=port, count=1, **plan) as hearer:  # subscribed, and away again
        hearer.result()
    command = [str(PUB), "-h", HOST, "-p", str(port), "-l", "-q", "1", *theirs, "-t", topic]
    lines = "".join(f"do {number}\n" for number in range(COUNT))
    subprocess.run(command, input=lines, text=True, check=True, timeout=LIMIT_S)
    with node(port=port, count=0, until_received=COUNT, **plan) as hearer:
        assert hearer.wait_for("connected") == "connected True"  # the session was kept
        result = hearer.result()
    assert result["received"] == [[topic, f"do {number}"] for number in range(COUNT)]
    assert result["errors"] == {}
