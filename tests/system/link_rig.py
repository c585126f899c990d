"""Links that do what networks do, between whole nodes and their broker: what comes of the reports.

One node and one fault proxy a fault, all at one time, at the broker that `nodewright broker` runs:
TLS, certificates, a collector with a session of its own.
"""

import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field

from host.pki_rig import kept
from nodewright import scratch
from nodewright.faultproxy import FaultProxy
from nodewright.image.node import identity_files
from nodewright.pki.identity import load_identity
from nodewright.virtual import VirtualBoard
from nodewright.watch import Collector
from system.broker_rig import address, make_fleet, running
from system.node_rig import NodeRig

KEEPALIVE_S = 2
_DELAY_S = 0.2  # of each chunk, in either direction
_UNDER = 3  # reports measured under the fault, at least
_AFTER = 3  # reports that were measured after the fault
_PATIENCE_S = 60.0
_LOOK_S = 0.1
_ESTABLISHED = 1  # tcp_info.tcpi_state of Linux


@dataclass(frozen=True)
class Fault:
    """What is done to a link, what ends it, and what its node may count meanwhile.

    told: the causes, one of which at least must be told; empty: the link must not be lost at all.
    silent: it lasts until the node has found out; the others last as long as is asked for.
    """

    name: str
    begin: Callable[[FaultProxy], None]
    end: Callable[[FaultProxy], None]
    told: frozenset[str]
    silent: bool = False


def _delayed(proxy: FaultProxy) -> None:
    proxy.delay_s = _DELAY_S


def _not_delayed(proxy: FaultProxy) -> None:
    proxy.delay_s = 0.0


def _trickling(proxy: FaultProxy) -> None:
    proxy.trickle = True


def _flowing(proxy: FaultProxy) -> None:
    proxy.trickle = False


def _refused(proxy: FaultProxy) -> None:
    proxy.refuse()
    proxy.cut()


_GONE = frozenset({"reset", "eof", "tls_timeout", "timeout", "refused"})
_DEAD = frozenset({"ping_timeout"})
FAULTS = (
    Fault("delay", _delayed, _not_delayed, frozenset()),
    Fault("trickle", _trickling, _flowing, frozenset()),
    Fault("cut", FaultProxy.cut, FaultProxy.cut, frozenset({"reset", "eof"})),
    Fault("refuse", _refused, FaultProxy.accept, frozenset({"refused"}) | _GONE),
    Fault("freeze", FaultProxy.freeze, FaultProxy.thaw, _DEAD, True),
    Fault("half-open", FaultProxy.half_open, FaultProxy.thaw, _DEAD, True),
)


@dataclass
class Outcome:
    """What came of one node's reports.

    reports: each once; meanwhile: of these, measured under the fault; lost: never came, and no
    outbox had given them up; twice: taken for new twice; doubles: came again and were dropped by
    the host; found_s: how long after the begin of a silent one its node had given the link up, the
    longest of all rounds.
    """

    fault: str
    reports: int = 0
    meanwhile: int = 0
    lost: int = 0
    twice: int = 0
    doubles: int = 0
    dropped: int = 0
    found_s: float = 0.0
    connects: int = 0
    causes: dict[str, int] = field(default_factory=dict)


class _Heard:
    """What the collector has taken for new, by node."""

    def __init__(self, source: Collector) -> None:
        self.source = source
        self.times: Counter[tuple[str, int]] = Counter()

    def listen(self, enough: Callable[[], bool], most_s: float) -> bool:
        """Until it is enough or the time is over; whether it was."""
        end_s = time.monotonic() + most_s
        while not enough():
            if time.monotonic() > end_s:
                return False
            event = self.source.get(0.05)
            if event is not None and event.kind == "report" and not event.double:
                self.times[event.node, event.message["seq"]] += 1
        return True

    def last(self, node: str) -> int:
        return max((seq for name, seq in self.times if name == node), default=-1)


def run(
    faults: Iterable[Fault] = FAULTS, rounds: int = 1, lasts_s: float = KEEPALIVE_S
) -> list[Outcome]:
    """Each fault to a node of its own, so many times, each time for so long at least."""
    played = list(faults)
    names = [f"pump-{number}" for number in range(1, len(played) + 1)]
    with ExitStack() as stack:
        folder = make_fleet(stack.enter_context(scratch.folder("links")) / "north", len(played))
        hub = stack.enter_context(running(folder))
        source = Collector(address(folder), fleet="north", session="links")
        heard = _Heard(stack.enter_context(source))
        proxies, boards = [], []
        for name in names:
            proxies.append(stack.enter_context(FaultProxy(hub.port)))
            rig = NodeRig(proxies[-1].port)
            rig.every_ms(1000)
            rig.settings.update(fleet="north", node=name)
            rig.settings["mqtt"].update(keepalive_s=KEEPALIVE_S, tls=True)
            files = identity_files(load_identity(folder, name, kept(folder)))
            boards.append(stack.enter_context(rig.board(files)))
        _until(heard, names, 0)
        meanwhile = dict.fromkeys(names, 0)
        found_s = dict.fromkeys(names, 0.0)
        for _ in range(rounds):
            before = {name: heard.last(name) for name in names}
            begun_s = time.monotonic()
            for fault, proxy in zip(played, proxies, strict=True):
                proxy.left.clear()
                fault.begin(proxy)
            silent = {
                name: proxy
                for name, fault, proxy in zip(names, played, proxies, strict=True)
                if fault.silent
            }
            end = dict(zip(names, zip(played, proxies, strict=True), strict=True))
            while silent or end:
                after_s = time.monotonic() - begun_s
                assert after_s < _PATIENCE_S, f"{list(silent)} do not find out"
                for name in [name for name in silent if _given_up(silent[name])]:
                    found_s[name] = max(found_s[name], after_s)
                    del silent[name]
                for name in list(end):
                    enough = _made(boards[names.index(name)]) >= before[name] + _UNDER
                    if name not in silent and after_s >= lasts_s and enough:
                        fault, proxy = end.pop(name)
                        fault.end(proxy)
                heard.listen(lambda: False, _LOOK_S)
            # Of all that was measured until now, and three more.
            made = {name: _made(board) for name, board in zip(names, boards, strict=True)}
            for name in names:
                meanwhile[name] += made[name] - before[name]
            _until(heard, names, _AFTER, made)
        return [
            _outcome(fault, name, heard, meanwhile[name], found_s[name])
            for fault, name in zip(played, names, strict=True)
        ]


def _made(board: VirtualBoard) -> int:
    """The seq of the last report that its console tells of."""
    return max(int(line.rpartition("=")[2]) for line in board.lines if " seq=" in line)


def _until(
    heard: _Heard, names: list[str], more: int, since: dict[str, int] | None = None
) -> None:
    """Each node has been heard of a report so many after that.  Raises AssertionError."""
    since = since or dict.fromkeys(names, 0)

    def told(name: str) -> int:
        """How many reports it had made when its last health came: that comes after them."""
        node = heard.source.state.nodes.get(("north", name))
        return -1 if node is None or node.health is None else int(node.health["sent"])

    def enough() -> bool:
        return all(min(heard.last(name), told(name)) >= since[name] + more for name in names)

    come = heard.listen(enough, _PATIENCE_S)
    last = {name: heard.last(name) for name in names}
    where = f"collector connected: {heard.source.connected}, lost {heard.source.lost} times"
    assert come, f"in {_PATIENCE_S:g} s only {last}, {more} after {since} wanted; {where}"


def _given_up(proxy: FaultProxy) -> bool:
    """Whether the node has closed its end.  A proxy that does not read cannot tell: TCP can."""
    if proxy.left.is_set():
        return True
    ends = [client for client, _ in proxy._pairs if client.fileno() >= 0]
    return any(  # the next connection may be there already
        end.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != _ESTABLISHED for end in ends
    )


def _outcome(fault: Fault, name: str, heard: _Heard, meanwhile: int, found_s: float) -> Outcome:
    node = heard.source.state.nodes["north", name]
    found = Outcome(fault.name, meanwhile=meanwhile, found_s=found_s, doubles=node.doubles)
    times = [count for (who, _), count in heard.times.items() if who == name]
    found.reports, found.twice = len(times), sum(times) - len(times)
    found.dropped = 0 if node.report is None else int(node.report["dropped"])
    found.lost = max(0, node.missing - found.dropped)
    if node.health is not None:
        found.connects = node.health["connects"]
        errors = node.health["errors"]
        found.causes = {key[5:]: errors[key] for key in errors if key.startswith("mqtt_")}
    return found
