"""A broker that dies again and again: the short form of tools/soak_broker.py."""

from nodewright import broker
from nodewright.console import Event
from nodewright.watch import Address, Collector
from system.identity_rig import needs_mosquitto
from system.kill_rig import run
from system.node_rig import WAIT_S, NodeRig

pytestmark = needs_mosquitto

_KILLS = 6


def test_nodes__broker_killed_five_times__outboxes_lose_nothing_and_nothing_is_doubled() -> None:
    found = run(kills=5, seed=1, nodes=2, up_s=(1.0, 3.0), down_s=(0.0, 0.5), tls=True)
    assert found.kills == 5
    assert found.reports > 20
    assert found.twice == 0
    assert found.dropped == 0
    assert found.lost == 0, found.gaps


def test_node__broker_killed_right_after_each_acknowledgement__host_misses_none() -> None:
    # mosquitto acknowledges before it saves: of a report whose broker dies at that moment it has
    # nothing but the word (docs/reliability.md), and the host is away.
    with broker.start("mosquitto") as hub:
        where = Address(hub.host, hub.port)
        with Collector(where, fleet="demo", session="away") as source:
            source.get(0.1)
        rig = NodeRig(hub.port)
        rig.every_ms(1000)
        with rig.board() as board:
            last = -1
            for _ in range(_KILLS):
                event = board.wait_for(
                    "acked", WAIT_S, lambda event, last=last: _seq(event) > last
                )
                hub.kill()
                last = _seq(event)
                hub.restart()
            board.wait_for("acked", WAIT_S, lambda event, last=last: _seq(event) > last)
            # That one may have been on its way before the last kill, and went first. One that is
            # measured from now on goes behind all that was acknowledged and goes out again.
            made = max(int(line.rpartition("seq=")[2]) for line in board.lines if " seq=" in line)
            board.wait_for("acked", WAIT_S, lambda event, made=made: _seq(event) > made)
        seen = set()
        with Collector(where, fleet="demo", session="away") as source:
            while last not in seen:
                heard = source.get(WAIT_S)
                assert heard is not None, (last, seen)
                if heard.kind == "report":
                    seen.add(heard.message["seq"])
        assert seen >= set(range(last + 1))


def _seq(event: Event) -> int:
    return int(event.facts["seq"])
