"""A broker that means harm, plain and over TLS: the short form of tools/fuzz_mqtt.py."""

from pathlib import Path

import pytest

from runner import tools
from system.fuzz_rig import ENDS, fuzz, hostile

_LIMIT_S = 120.0


@pytest.mark.parametrize(("tls", "connections"), [(False, 300), (True, 60)])
def test_client__thousands_of_hostile_packets__named_bounded_and_alive(
    tls: bool, connections: int, tmp_path: Path
) -> None:
    identity = tools.load("bench_mqtt").make_identities(tmp_path) if tls else None
    with hostile(9, identity) as broker:
        found = fuzz(broker, connections, identity, _LIMIT_S)
    assert found["alive"]
    assert set(found["errors"]) <= {"protocol", "eof", "reset", "oversized", "subscribe_refused"}
    assert found["errors"]["protocol"] >= connections // 3, found["errors"]
    assert broker.sent["odd"] >= 20 * connections
    assert {kind for kind in broker.sent if kind != "odd"} == set(ENDS)
    # Of odd packets that came before the bad one, none is lost to the node's code but those that
    # are longer than its buffer.
    assert found["messages"] + found["errors"]["oversized"] >= broker.sent["odd"] * 95 // 100
    low, high = found["heap"]
    assert high - low < 20_000
    first_kb, last_kb = found["resident_kb"]
    assert last_kb - first_kb < 3_000
