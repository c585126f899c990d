"""Test a running broker from outside, for what it must refuse.

First it is shown that what is allowed works, else a broker that is off would pass for a safe one.
No real node is touched: names and topics are those of the visitors.
"""

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from nodewright.fleet_broker import config
from nodewright.fleet_broker.line import Line, Shut
from nodewright.fleet_broker.visitors import Visitors
from nodewright.pki.endpoint import Pair
from nodewright.tls import client_context
from wire import topics

Verdict = Literal["works", "shut", "open", "fails", "unknown"]
GOOD: tuple[Verdict, ...] = ("works", "shut")

PLAIN_PORT = 1883
_WILL_S = 5.0
_OVERSIZE = 8 * config.MOST_PACKET_BYTES


@dataclass(frozen=True)
class Door:
    """What was tried, and how it went.

    verdict: works (is allowed, and goes), shut (is not allowed, and does not go), open (is not
    allowed, and goes), fails (is allowed, and does not go), unknown (could not be told).
    """

    name: str
    tried: str
    verdict: Verdict
    detail: str

    @property
    def good(self) -> bool:
        return self.verdict in GOOD


class Doors:
    """A broker, and those who try it."""

    def __init__(
        self, host: str, port: int, visitors: Visitors, *, plain_port: int = PLAIN_PORT
    ) -> None:
        """host: as its certificate names it; plain_port: where it might listen without TLS."""
        self._host, self._port, self._plain_port = host, port, plain_port
        self._who = visitors
        self._contexts: dict[str, ssl.SSLContext] = {}

    def try_all(self) -> Iterator[Door]:
        """Each door, as it was found.  After a broker that lets nobody in nothing more is told."""
        entry = self._run("a node comes in", "a certificate of the fleet", self._node_comes_in)
        yield entry
        yield from self._strangers()
        if not entry.good:
            yield Door("inside", "all other doors", "unknown", "nobody was let in")
            return
        heard = self._run("a host hears a node", "its certificate says so", self._host_hears)
        yield heard
        if not heard.good:
            yield Door("inside", "all other doors", "unknown", "nobody hears what goes through")
            return
        for name, tried, how in (
            ("a host commands a node", "its certificate says so", self._host_commands),
            ("writes as another node", "every kind of its topics", self._writes_as_other),
            ("hears another node", "its topics and commands to it", self._hears_other),
            ("takes another's session", "its client id", self._takes_session),
            ("forges another's will", "a will on its topics, then gone", self._forges_will),
            ("a message without end", f"{_OVERSIZE >> 10} KB", self._oversized),
        ):
            yield self._run(name, tried, how)

    def _strangers(self) -> Iterator[Door]:
        who = self._who
        for name, pair in (
            ("no certificate", None),
            ("a foreign CA's", who.foreign),
            ("an expired one", who.expired),
            ("one not yet valid", who.early),
            ("a revoked one", who.revoked),
        ):
            tried = "no certificate" if pair is None else "a certificate with " + pair.name

            def comes_in(pair: Pair | None = pair) -> tuple[Verdict, str]:
                return self._refused(pair)

            yield self._run(name, tried, comes_in)
        for port in dict.fromkeys((self._port, self._plain_port)):
            tried = f"port {port}, no TLS, nobody's name"

            def plainly(port: int = port) -> tuple[Verdict, str]:
                try:
                    Line(self._host, port, "nobody").cut()
                except Shut as shut:
                    told = shut.reached or port != self._port
                    return "shut" if told else "unknown", shut.reason
                return "open", "anybody is let in"

            yield self._run("plain MQTT", tried, plainly)

    def _run(self, name: str, tried: str, how: Callable[[], tuple[Verdict, str]]) -> Door:
        try:
            verdict, detail = how()
        except (Shut, TimeoutError) as error:
            verdict, detail = "unknown", str(error)
        return Door(name, tried, verdict, detail)

    def _line(
        self, pair: Pair, client_id: str | None = None, will: tuple[str, bytes] | None = None
    ) -> Line:
        context = self._contexts.get(pair.certificate)
        if context is None:
            context = self._contexts[pair.certificate] = client_context(self._who.ca, pair)
        return Line(self._host, self._port, client_id or pair.name, context, will=will)

    def _topic(self, pair: Pair, kind: str) -> str:
        return topics.topic(self._who.fleet, pair.name, kind)

    def _node_comes_in(self) -> tuple[Verdict, str]:
        try:
            with self._line(self._who.first) as first:
                return ("works", "let in") if first.alive() else ("fails", "let in, and no word")
        except Shut as shut:
            return "fails", shut.reason

    def _refused(self, pair: Pair | None) -> tuple[Verdict, str]:
        context = client_context(self._who.ca, pair)
        name = "nobody" if pair is None else pair.name
        try:
            with Line(self._host, self._port, name, context) as line:
                if line.alive():
                    return "open", "let in"
                return "shut", "the connection was closed"
        except Shut as shut:
            return "shut" if shut.reached else "unknown", shut.reason

    def _host_hears(self) -> tuple[Verdict, str]:
        with self._line(self._who.host) as host, self._line(self._who.first) as first:
            host.subscribe(topics.subscription(self._who.fleet))
            first.publish(self._topic(self._who.first, "report"), b"own")
            if host.until(self._topic(self._who.first, "report"), b"own"):
                return "works", "a node writes under its own name"
        return "fails", "what a node writes under its own name does not arrive"

    def _host_commands(self) -> tuple[Verdict, str]:
        topic = self._topic(self._who.first, "command")
        with self._line(self._who.host) as host, self._line(self._who.first) as first:
            first.subscribe(topic)
            host.publish(topic, b"do")
            if first.until(topic, b"do"):
                return "works", "a node hears what it is told"
        return "fails", "a command does not arrive"

    def _writes_as_other(self) -> tuple[Verdict, str]:
        who = self._who
        with self._line(who.host) as host, self._line(who.first) as first:
            host.subscribe(topics.subscription(who.fleet))
            for kind in topics.KINDS:
                try:
                    first.publish(self._topic(who.second, kind), b"forged")
                except Shut:  # some brokers close such a connection: that is an answer, too
                    return "shut", f"the connection was closed at {kind}"
            # What one client says keeps its order: after this nothing forged can come.
            fence = self._topic(who.first, "report")
            first.publish(fence, b"fence")
            if not host.until(fence, b"fence"):
                return "unknown", "the last message did not arrive"
            forged = [topics.parse(topic)[2] for topic, load in host.heard if load == b"forged"]
        return ("open", ", ".join(forged)) if forged else ("shut", "nothing arrives")

    def _hears_other(self) -> tuple[Verdict, str]:
        who = self._who
        own = self._topic(who.first, "command")
        with (
            self._line(who.host) as host,
            self._line(who.first) as first,
            self._line(who.second) as second,
        ):
            for wanted in (
                "#",
                f"{topics.ROOT}/#",
                f"{topics.ROOT}/{who.fleet}/{who.second.name}/#",
            ):
                first.subscribe(wanted)
            first.subscribe(own)
            second.publish(self._topic(who.second, "report"), b"private")
            host.publish(self._topic(who.second, "command"), b"private")
            host.publish(own, b"fence")
            if not first.until(own, b"fence"):
                return "unknown", "the last message did not arrive"
            heard = sorted({topic for topic, load in first.heard if load == b"private"})
        return ("open", ", ".join(heard)) if heard else ("shut", "nothing arrives")

    def _takes_session(self) -> tuple[Verdict, str]:
        who = self._who
        with self._line(who.second) as second:
            try:
                with self._line(who.first, client_id=who.second.name) as first:
                    first.alive()
                    stays = second.alive()
            except Shut as shut:
                stays = second.alive()
                if stays:
                    return "shut", shut.reason
        return ("shut", "the other stays") if stays else ("open", "the other was thrown out")

    def _forges_will(self) -> tuple[Verdict, str]:
        who = self._who
        forged, own = self._topic(who.second, "status"), self._topic(who.first, "status")
        with self._line(who.host) as host:
            host.subscribe(topics.subscription(who.fleet))
            try:
                self._line(who.first, will=(forged, b"forged")).cut()
            except Shut as shut:
                return "shut", shut.reason
            # Its own will, left behind afterwards, comes after the forged one.
            self._line(who.first, will=(own, b"own")).cut()
            came = host.until(own, b"own", _WILL_S)
            host.publish(self._topic(who.first, "command"), b"fence")
            host.until(self._topic(who.first, "command"), b"fence")
            if (forged, b"forged") in host.heard:
                return "open", "it was published in the other's name"
        return ("shut", "not published") if came else ("unknown", "no will is published at all")

    def _oversized(self) -> tuple[Verdict, str]:
        who = self._who
        topic = self._topic(who.first, "spectrum")
        with self._line(who.host) as host:
            host.subscribe(topics.subscription(who.fleet))
            try:
                with self._line(who.first) as first:
                    first.publish(topic, b"x" * _OVERSIZE)
            except (Shut, TimeoutError):
                return "shut", "the connection was closed"
            fence = self._topic(who.first, "command")
            host.publish(fence, b"fence")
            host.until(fence, b"fence")
            arrived = any(heard == topic for heard, _ in host.heard)
        return ("open", "it was passed on") if arrived else ("shut", "it is not passed on")
