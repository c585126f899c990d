"""Pseudo-terminals as serial lines, and bytes on their way into one."""

import os
import termios
import time
from collections.abc import Callable

from nodewright.reactor import READ, WRITE, Reactor

CTRL_C = 0x03
_READ_BYTES = 65536


def open_line(interrupts: bool) -> tuple[int, int]:
    """A pair (our end, the other end), the other one set as a serial port: nothing is changed.

    interrupts: Ctrl-C interrupts the process whose terminal it is, whatever it is doing.
    """
    ours, other = os.openpty()
    iflag, oflag, cflag, lflag, ispeed, ospeed, cc = termios.tcgetattr(other)
    iflag &= ~(termios.BRKINT | termios.ICRNL | termios.INPCK | termios.ISTRIP | termios.IXON)
    # With output processing a \r\n would become \r\r\n, which mpremote does not take.
    oflag &= ~termios.OPOST
    # An echo would be read as the board's answer.
    lflag &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.IEXTEN | termios.ISIG)
    if interrupts:
        # NOFLSH: an interrupt must not throw away what was typed and printed around it.
        lflag |= termios.ISIG | termios.NOFLSH
    cc[termios.VINTR] = bytes([CTRL_C])
    cc[termios.VQUIT] = cc[termios.VSUSP] = b"\0"
    cc[termios.VMIN], cc[termios.VTIME] = 1, 0
    termios.tcsetattr(other, termios.TCSANOW, [iflag, oflag, cflag, lflag, ispeed, ospeed, cc])
    os.set_blocking(ours, False)
    return ours, other


class End:
    """Our end of a line on the reactor: reads when it may, writes when it can.

    received(data) is called with what came, ended() when the other side is gone.  All methods are
    for the reactor's thread.
    """

    def __init__(
        self,
        loop: Reactor,
        fd: int,
        received: Callable[[bytes], None],
        ended: Callable[[], None],
    ) -> None:
        self._loop, self._fd = loop, fd
        self._received, self._ended = received, ended
        self._pending = bytearray()
        self._reading = False
        self._open = True
        self._moved_s = time.monotonic()

    @property
    def pending(self) -> int:
        """Bytes that the other side has not taken yet."""
        return len(self._pending)

    @property
    def stalled_s(self) -> float:
        """Since when nothing could be written, though there is something to write."""
        return time.monotonic() - self._moved_s if self._pending else 0.0

    def read(self, wanted: bool) -> None:
        """Whether to take what the other side sends; it waits meanwhile."""
        self._reading = wanted
        self._watch()

    def write(self, data: bytes) -> None:
        if not self._pending:
            self._moved_s = time.monotonic()
        self._pending += data
        self._flush()

    def discard(self) -> None:
        """Forget what could not be written."""
        self._pending.clear()
        self._watch()

    def close(self) -> None:
        if self._open:
            self._open = False
            self._loop.watch(self._fd, 0, self._ready)
            os.close(self._fd)

    def _watch(self) -> None:
        if self._open:
            events = (READ if self._reading else 0) | (WRITE if self._pending else 0)
            self._loop.watch(self._fd, events, self._ready)

    def _ready(self, events: int) -> None:
        if events & WRITE:
            self._flush()
        if events & READ and self._open:
            try:
                data = os.read(self._fd, _READ_BYTES)
            except BlockingIOError:
                return
            except OSError:  # EIO: nobody has the other end open any more
                data = b""
            if data:
                self._received(data)
            else:
                self.close()
                self._ended()

    def _flush(self) -> None:
        if not self._open:
            return
        try:
            while self._pending:
                written = os.write(self._fd, self._pending)
                del self._pending[:written]
                self._moved_s = time.monotonic()
        except BlockingIOError:
            pass
        except OSError:  # the reader's side says what became of it
            self._pending.clear()
        self._watch()
