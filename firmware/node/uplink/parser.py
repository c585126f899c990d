"""Cuts what a broker sends into packets, in one buffer that never grows."""

from node.uplink.packets import TYPE_PUBLISH, ProtocolError

TYPE_CHECKING = False


class Parser:
    """Bytes in through `space()` and `filled()`, packets out through `next()`.

    A PUBLISH longer than the buffer comes out cut (`whole` is False) with the bytes that fit, and
    the rest of it is skipped: the client can acknowledge and forget it. If it were an error, a
    broker with a persistent session would send it again on every connection, forever.
    """

    def __init__(self, max_bytes: int = 1024) -> None:
        """max_bytes: the longest packet taken whole, from 128 on."""
        self._size = max_bytes
        self._view = memoryview(bytearray(max_bytes))
        self.reset()

    def reset(self) -> None:
        """Forget all bytes: a new connection starts."""
        self._start = self._end = self._skip = 0
        self.first = 0  # type and flags
        self.body = self._view[0:0]  # valid until the next call of next()
        self.whole = True

    def space(self) -> memoryview:
        """Where the next bytes go; never empty after `next()` has returned False."""
        return self._view[self._end :]

    def filled(self, count: int) -> None:
        """The first `count` bytes of `space()` are there."""
        self._end += count

    def next(self) -> bool:
        """True: one packet is in `first`, `body`, `whole`.  False: more bytes are needed.

        Raises ProtocolError for a length that cannot be, or a long packet but PUBLISH.
        """
        if self._skip:
            count = min(self._skip, self._end - self._start)
            self._skip -= count
            self._start += count
        start, end, view = self._start, self._end, self._view
        at = start + 1
        remaining = shift = 0
        while at < end:
            byte = view[at]
            at += 1
            remaining |= (byte & 0x7F) << shift
            if byte < 0x80:
                return self._found(start, at, remaining)
            shift += 7
            if shift == 28:  # 2.2.3: four bytes at most
                raise ProtocolError("remaining length", bytes(view[start + 1 : at]))
        self._compact()
        return False

    def _found(self, start: int, at: int, remaining: int) -> bool:
        stop = at + remaining
        self.first = self._view[start]
        if stop <= self._end:
            self.body = self._view[at:stop]
            self.whole = True
            self._start = stop
            return True
        if stop - start > self._size:
            if self.first & 0xF0 != TYPE_PUBLISH:
                raise ProtocolError("packet length", remaining)
            if self._end - start == self._size:
                self.body = self._view[at : self._end]
                self.whole = False
                self._skip = stop - self._end
                self._start = self._end = 0
                return True
        self._compact()
        return False

    def _compact(self) -> None:
        """Move what is left to the front, so that there is space behind it."""
        start, count = self._start, self._end - self._start
        if start and count:
            self._view[:count] = self._view[start : self._end]
        self._start, self._end = 0, count
