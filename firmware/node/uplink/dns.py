"""Names to IPv4 addresses, by questions of our own that end in time: `getaddrinfo` does not.

Source: RFC 1035, sections in the comments.
"""

import random
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from node.uplink import udp
from node.uplink.causes import Lost
from node.uplink.hosts import is_address, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PORT = 53
_TIMEOUT_MS = 1500
_ROUNDS = const(2)
_MOST_ADDRESSES = const(4)
_LEAST_TTL_S, _MOST_TTL_S = 10, 3600
_HOPS = const(8)  # of aliases, and of pointers in one name
_QUESTION = b"\x00\x01\x00\x01"  # A, IN (3.2.2, 3.2.4)
_RCODES = ("", "dns_format", "dns_server", "dns_no_name", "dns_format", "dns_refused")  # 4.1.1


class Malformed(Exception):
    """An answer that no name server may give."""


def question(name: str, ident: int) -> bytes:
    """A query for the addresses of a name of letters, digits and dashes; ident: 0..65535."""
    packet = ident.to_bytes(2, "big") + b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"  # RD
    for label in name.split("."):
        packet += bytes((len(label),)) + label.encode()
    return packet + b"\x00" + _QUESTION


def read(data: bytes, asked: bytes) -> "tuple[list[str], int, int]":
    """(addresses, seconds they hold, RCODE) of an answer to the query asked.

    Raises Malformed for what does not answer it: other id, other question, broken or senseless.
    """
    if len(data) < len(asked) or data[:2] != asked[:2] or data[2] & 0xFA != 0x80:
        raise Malformed("header")  # 4.1.1: QR, a plain query, whole (TC is clear)
    if data[4:6] != b"\x00\x01" or data[12 : len(asked)].lower() != asked[12:].lower():
        raise Malformed("question")
    rcode = data[3] & 15
    if rcode:
        return [], _LEAST_TTL_S, rcode
    wanted, _ = _name(data, 12)
    at = len(asked)
    addresses: "list[str]" = []
    ttl_s = _MOST_TTL_S
    hops = 0
    for _ in range(data[6] << 8 | data[7]):
        owner, at = _name(data, at)
        if at + 10 > len(data):
            raise Malformed("record")
        kind = data[at : at + 4]
        held_s = int.from_bytes(data[at + 4 : at + 8], "big")
        begin = at + 10
        at = begin + (data[at + 8] << 8 | data[at + 9])
        if at > len(data):
            raise Malformed("record length")
        if owner != wanted:
            continue  # nothing that was asked for
        if kind == b"\x00\x05\x00\x01":  # CNAME
            wanted, _ = _name(data, begin)
            hops += 1
        elif kind == _QUESTION:
            if at - begin != 4:
                raise Malformed("address")
            if data[begin] == 0 or data[begin] >= 224:
                raise Malformed("no host has this address")  # RFC 1122, 3.2.1.3
            if len(addresses) < _MOST_ADDRESSES:
                addresses.append("%d.%d.%d.%d" % tuple(data[begin:at]))
        else:
            continue
        ttl_s = min(ttl_s, held_s)
        if hops > _HOPS:
            raise Malformed("aliases")
    return addresses, max(ttl_s, _LEAST_TTL_S), 0


def _name(data: bytes, at: int) -> "tuple[bytes, int]":
    """(name in small letters, where it ends) (3.1, 4.1.4: pointers lead back, _HOPS at most)."""
    name = b""
    end = 0
    for _ in range(128):
        if at >= len(data):
            break
        size = data[at]
        if size >= 0xC0:
            if at + 1 >= len(data):
                break
            before, at = at, (size & 0x3F) << 8 | data[at + 1]
            end = end or before + 2
            if at >= before:
                break
        elif size > 63:
            break
        else:
            at += 1 + size
            if not size:
                return name, end or at
            name += data[at - size : at].lower() + b"."
            if len(name) > 255:
                break
    raise Malformed("name")


class Resolver:
    """Asks name servers in their order; remembers answers for as long as they hold.

    servers(): addresses, "a.b.c.d" or with ":port"; count(name): called for what was survived.
    """

    def __init__(
        self, servers: "Callable[[], Sequence[str]]", count: "Callable[[str], None] | None" = None
    ) -> None:
        self._servers = servers
        self._count = count
        self._known: "dict[str, tuple[list[str], int]]" = {}

    async def resolve(self, host: str) -> "list[str]":
        """Up to four addresses of a name, or the address that it is.

        An answer that no longer holds serves while no server gives another one: who answers there
        is for TLS to judge.  Raises Lost: dns_no_server, dns_timeout, dns_no_name, dns_lies, ….
        """
        if is_address(host):
            return [host]
        known = self._known.get(host)
        if known is not None and ticks_diff(known[1], ticks_ms()) > 0:
            return known[0]
        last = Lost("dns_no_server", host)
        for _ in range(_ROUNDS):
            for server in self._servers():
                try:
                    addresses, ttl_s = await self._ask(host, server)
                except OSError as error:
                    last = error if isinstance(error, Lost) else Lost("dns_unreachable", error)
                    continue
                self._known[host] = addresses, ticks_add(ticks_ms(), ttl_s * 1000)
                return addresses
        if known is not None:
            self._tell("dns_stale")
            return known[0]
        raise last

    async def _ask(self, host: str, server: str) -> "tuple[list[str], int]":
        asked = question(host, random.getrandbits(16))
        lies = [0]

        def fits(data: bytes) -> "tuple[list[str], int, int] | None":
            try:
                return read(data, asked)
            except Malformed:
                lies[0] += 1
                self._tell("dns_dropped")
                return None

        address, port = split(server, PORT)
        found = await udp.ask(address, port, asked, fits, _TIMEOUT_MS)
        if found is None:
            raise Lost("dns_lies" if lies[0] else "dns_timeout", server)
        addresses, ttl_s, rcode = found
        if rcode:
            raise Lost(_RCODES[rcode] if rcode < len(_RCODES) else "dns_format", server)
        if not addresses:
            raise Lost("dns_no_address", server)
        return addresses, ttl_s

    def _tell(self, name: str) -> None:
        if self._count is not None:
            self._count(name)
