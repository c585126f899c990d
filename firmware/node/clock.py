"""The date, from time servers: before it is known, a node says so, and trusts no certificate."""

import asyncio
import random
from time import ticks_diff, ticks_ms

from micropython import const

from node import ntp
from node.uplink import udp
from node.uplink.backoff import backoff_ms
from node.uplink.causes import Lost
from node.uplink.hosts import split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.uplink.dns import Resolver

EARLIEST_EPOCH_S = 1_767_225_600  # 2026-01-01: before this firmware was made
_LIFE_S = const(30 * 365 * 86_400)  # of a fleet's CA; what is later is absurd
_TIMEOUT_MS = 2000
_SLOWEST_MS = const(1000)  # of an answer: half of it is how wrong the clock may be
_DOUBT_MS = const(60_000)  # a step by more must be told twice
_AGREE_MS = const(2000)
_EVERY_MS = const(3_600_000)
_FIRST_MS, _LAST_MS = 2000, 64_000  # between failures
_SLICE_MS = const(500)


class Clock:
    """Asks servers in their order until one gives a time that can be.

    servers: "host" or "host:port"; resolver: None: addresses only; uptime_ms(): since boot;
    set_date(epoch_s): the board's clock, by which TLS judges certificates; count(name): for what
    went wrong; up(): is there a network; least_s: no date before this is believed.
    """

    def __init__(
        self,
        servers: "Sequence[str]",
        resolver: "Resolver | None",
        uptime_ms: "Callable[[], int]",
        set_date: "Callable[[int], None]",
        count: "Callable[[str], None]",
        up: "Callable[[], bool]",
        least_s: int = EARLIEST_EPOCH_S,
    ) -> None:
        self._servers = servers
        self._resolver = resolver
        self._uptime_ms = uptime_ms
        self._set_date = set_date
        self._count = count
        self._up = up
        self._least_s = max(least_s, EARLIEST_EPOCH_S)
        self._most_s = self._least_s + _LIFE_S
        self._ahead_ms = 0  # of the date before the uptime
        self._doubted_ms: "int | None" = None
        self._barred: "dict[str, int | None]" = {}  # ticks of a kiss; None: for good
        self.known = False

    @property
    def state(self) -> str:
        """As reports have it."""
        return "ntp" if self.known else "unset"

    def epoch_s(self, uptime_ms: int) -> "int | None":
        """The date at a time since boot, seconds from 1970 on; None while it is unknown."""
        return (uptime_ms + self._ahead_ms) // 1000 if self.known else None

    async def run(self) -> None:
        """Ask until a server answers, and every hour from then on.  Never ends."""
        attempt = 0
        while True:
            while not self._up():
                await asyncio.sleep_ms(_SLICE_MS)
            draw = random.getrandbits(24)
            if await self.ask():
                attempt = 0
                pause_ms = _EVERY_MS - draw % (_EVERY_MS // 8)
            else:
                pause_ms = _SLICE_MS + backoff_ms(attempt, _FIRST_MS, _LAST_MS, draw)
                attempt += 1
            await asyncio.sleep_ms(pause_ms)

    async def ask(self) -> bool:
        """One round: whether a server has told the time."""
        for server in self._servers:
            if self._is_barred(server):
                continue
            try:
                if await self._ask(server):
                    return True
            except ntp.BadTime as bad:
                why = bad.args[0]
                self._count("clock_" + why)
                if why[:5] == "kiss_":
                    final = why in ("kiss_deny", "kiss_rstr")
                    self._barred[server] = None if final else ticks_ms()
            except Lost as lost:
                self._count("clock_" + lost.cause)
            except OSError:
                self._count("clock_unreachable")
        return False

    def _is_barred(self, server: str) -> bool:
        if server not in self._barred:
            return False
        kissed_ticks = self._barred[server]
        if kissed_ticks is None or ticks_diff(ticks_ms(), kissed_ticks) < _EVERY_MS:
            return True
        del self._barred[server]
        return False

    async def _ask(self, server: str) -> bool:
        host, port = split(server, ntp.PORT)
        addresses = [host] if self._resolver is None else await self._resolver.resolve(host)
        nonce = bytes([random.getrandbits(8) for _ in range(8)])
        asked_ms = self._uptime_ms()
        told = await udp.ask(
            addresses[0],
            port,
            ntp.question(nonce),
            lambda data: ntp.read(data, nonce, self._least_s, self._most_s),
            _TIMEOUT_MS,
        )
        if told is None:
            self._count("clock_timeout")
            return False
        now_ms = self._uptime_ms()
        if now_ms - asked_ms > _SLOWEST_MS:  # a record may have come in between
            self._count("clock_slow")
            return False
        return self._take(told + (now_ms - asked_ms) // 2 - now_ms)

    def _take(self, ahead_ms: int) -> bool:
        """Set the clock; a large step only when a second answer says the same."""
        step_ms = abs(ahead_ms - self._ahead_ms)
        if self.known and step_ms > _DOUBT_MS:
            doubted_ms, self._doubted_ms = self._doubted_ms, ahead_ms
            if doubted_ms is None or abs(ahead_ms - doubted_ms) > _AGREE_MS:
                self._count("clock_doubted")
                return False
            self._count("clock_stepped")
        self._doubted_ms = None
        self._ahead_ms = ahead_ms
        self.known = True
        self._set_date((self._uptime_ms() + ahead_ms) // 1000)
        return True
