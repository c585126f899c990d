"""From a broker's name to an open link: address, connection, TLS; several brokers in order."""

import asyncio

from micropython import const

from node.uplink.causes import Lost
from node.uplink.link import Link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from node.uplink.dns import Resolver
    from node.uplink.tls import Identity

_SLICE_MS = const(100)


class Dialer:
    """Tries one broker a call; the next call tries the next one, unless `proven` was called."""

    def __init__(
        self,
        brokers: "Sequence[tuple[str, int]]",
        resolver: "Resolver | None" = None,
        identity: "Callable[[], Identity] | None" = None,
        clock_ready: "Callable[[], bool] | None" = None,
        timeout_ms: int = 10000,
    ) -> None:
        """brokers: (name or IPv4 address, port), the best first; resolver: None: addresses only.

        identity(): for TLS; called at the first need, and again where it raised Lost.
        clock_ready(): false while a certificate's dates cannot be judged; waited for.
        """
        if not brokers:
            raise ValueError("no broker")
        self._brokers = brokers
        self._resolver = resolver
        self._make_identity = identity
        self.identity: "Identity | None" = None  # None: asked for at the next try
        self._clock_ready = clock_ready
        self._timeout_ms = timeout_ms
        self._next = 0  # counts tries
        self.broker = brokers[0]  # of the last try
        self.address = ""  # of the last try, "" before it was known

    def judged(self, cause: str) -> None:
        """How the last try ended: "" with a session, else the cause that it came to none."""
        identity = self.identity
        if identity is not None and identity.trial is not None and identity.trial.over(cause):
            self.identity = None

    @property
    def round_over(self) -> bool:
        """True where every broker has been tried since the last that was proven."""
        return self._next % len(self._brokers) == 0

    def proven(self) -> None:
        """The connection has shown its worth: when it is lost, the first broker comes first."""
        self._next = 0

    async def open(self, link_to: "Callable[[Link], Any]", moved: "Callable[[], None]") -> None:
        """Connect.  link_to(link) is told the link before anything is done with it: to close it.

        moved(): called between the waits, none of which is longer than timeout_ms.  Raises
        OSError (Lost among them) and asyncio.TimeoutError.
        """
        self.address = ""
        tried = self._next
        self._next += 1
        self.broker = host, port = self._brokers[tried % len(self._brokers)]
        identity = None
        if self._make_identity is not None:
            if self.identity is None:
                self.identity = self._make_identity()
            identity = self.identity  # another may be asked for while this one is waited for
            await self._clock()
            moved()
        addresses = [host] if self._resolver is None else await self._resolver.resolve(host)
        moved()
        # A name of several addresses: another one at each round.
        self.address = addresses[tried // len(self._brokers) % len(addresses)]
        link = Link() if identity is None else identity.link(host)
        link_to(link)
        await asyncio.wait_for_ms(link.open(self.address, port), self._timeout_ms)
        moved()

    async def _clock(self) -> None:
        """Wait until the clock is set.  Raises Lost: clock_unset."""
        left_ms = self._timeout_ms
        while self._clock_ready is not None and not self._clock_ready():
            if left_ms <= 0:
                raise Lost("clock_unset")
            await asyncio.sleep_ms(_SLICE_MS)
            left_ms -= _SLICE_MS
