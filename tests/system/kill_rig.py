"""Nodes that report while their broker is killed: what is lost, what is doubled."""

import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from host.pki_rig import kept
from nodewright import broker, scratch
from nodewright.console import Event
from nodewright.fleet.load import FILE
from nodewright.fleet_state import NodeState
from nodewright.offline import choose_runtime
from nodewright.virtual_node import VirtualNode
from nodewright.watch import Address, Collector
from system.broker_rig import address, make_fleet, running
from system.node_rig import NodeRig

_PATIENCE_S = 90.0
_AFTER = 3  # reports of each node after the last restart: what waited came before them
_POLL_S = 0.05


@dataclass
class Outcome:
    """What came of it.

    reports: each once; doubles: sent again by a node or the broker, and dropped by the host;
    twice: those which the host took for new twice; lost: how many never came that no outbox had
    given up; dropped: given up by outboxes; gaps: (node, boot, first, last) of both; acked: how
    many of these the broker had acknowledged (known over TLS only); back_s: after the last
    restart, until each node has reported three times.
    """

    kills: int = 0
    reports: int = 0
    doubles: int = 0
    twice: int = 0
    dropped: int = 0
    lost: int = 0
    gaps: list[tuple[str, int, int, int]] = field(default_factory=list)
    acked: int = 0
    back_s: float = 0.0


class Round:
    """One run, from the first report to the last."""

    def __init__(self, source: Collector) -> None:
        self.found = Outcome()
        self.acked: set[tuple[str, str, str]] = set()  # as the nodes' consoles say
        self.source = source
        self._seen: Counter[tuple[str, int, int]] = Counter()
        self._new: Counter[str] = Counter()

    def listen(self, seconds: float, enough: Callable[[], bool] = lambda: False) -> bool:
        """Take what comes, until it is enough or the time is over; whether it was."""
        deadline_s = time.monotonic() + seconds
        while not enough():
            if time.monotonic() > deadline_s:
                return False
            event = self.source.get(_POLL_S)
            if event is None or event.kind != "report" or event.double:
                continue
            self._seen[event.node, event.message["boot"], event.message["seq"]] += 1
            self._new[event.node] += 1
        return True

    def until_each(self, nodes: list[str], count: int) -> None:
        """Each node has reported so often from now on.  Raises AssertionError."""
        self._new.clear()
        done = self.listen(_PATIENCE_S, lambda: all(self._new[name] >= count for name in nodes))
        assert done, f"in {_PATIENCE_S:g} s only {dict(self._new)}"

    def judge(self) -> Outcome:
        found = self.found
        found.reports = len(self._seen)
        found.twice = sum(count - 1 for count in self._seen.values())
        for node in self.source.state.nodes.values():
            found.doubles += node.doubles
            dropped = _dropped(node)
            found.dropped += dropped
            found.lost += max(0, node.missing - dropped)
            found.gaps += [(node.name, *gap) for gap in node.gaps]
            found.acked += sum(
                (node.name, str(boot), str(seq)) in self.acked
                for boot, first, last in node.gaps
                for seq in range(first, last + 1)
            )
        return found


def run(
    kills: int,
    seed: int,
    nodes: int = 2,
    every_ms: int = 1000,
    up_s: tuple[float, float] = (0.2, 3.0),
    down_s: tuple[float, float] = (0.0, 1.0),
    say: Callable[[str], None] = lambda _: None,
    tls: bool = False,
) -> Outcome:
    """Kill mosquitto (SIGKILL) so often, after a random time up, for a random time down.

    tls: as `nodewright broker` runs it, nodes and collector with their certificates.
    """
    chance = random.Random(seed)
    with ExitStack() as stack:
        make = _by_tls if tls else _plainly
        hub, going, names = make(stack, nodes, every_ms)
        source = going.source
        going.until_each(names, 1)
        for number in range(kills):
            going.listen(chance.uniform(*up_s))
            hub.kill()
            going.listen(chance.uniform(*down_s))
            hub.restart()
            going.found.kills += 1
            if number % 10 == 9:
                lost = sum(node.missing for node in source.state.nodes.values())
                say(f"{number + 1} kills, {lost} missing")
        began_s = time.monotonic()
        going.until_each(names, _AFTER)
        going.found.back_s = time.monotonic() - began_s
        return going.judge()


def _plainly(
    stack: ExitStack, nodes: int, every_ms: int
) -> tuple[broker.Broker, Round, list[str]]:
    hub = stack.enter_context(broker.start("mosquitto"))
    source = Collector(Address(hub.host, hub.port), fleet="demo", session="soak")
    stack.enter_context(source)
    rigs = [NodeRig(hub.port, index) for index in range(nodes)]
    for rig in rigs:
        rig.every_ms(every_ms)
        stack.enter_context(rig.board())
    return hub, Round(source), [rig.plan.name for rig in rigs]


def _by_tls(stack: ExitStack, nodes: int, every_ms: int) -> tuple[broker.Broker, Round, list[str]]:
    folder = make_fleet(stack.enter_context(scratch.folder("soak")) / "north", nodes)
    text = (folder / FILE).read_text(encoding="utf-8")
    text = text.replace('samples = 1024\nevery = "10s"', f'samples = 256\nevery = "{every_ms}ms"')
    (folder / FILE).write_text(text, encoding="utf-8")
    hub = stack.enter_context(running(folder))
    source = stack.enter_context(Collector(address(folder), fleet="north", session="soak"))
    going = Round(source)
    names = [f"pump-{number}" for number in range(1, nodes + 1)]
    for name in names:
        node = VirtualNode(folder, name, kept(folder), choose_runtime(), fleet_broker=True)
        stack.enter_context(node)

        def on_event(event: Event, name: str = name) -> None:
            if event.name == "acked":
                going.acked.add((name, event.facts["boot"], event.facts["seq"]))

        node.boot(on_event)
    return hub, going, names


def _dropped(node: NodeState) -> int:
    """What its outbox had to give up."""
    return 0 if node.report is None else int(node.report["dropped"])
