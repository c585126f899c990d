"""A time server on loopback, for virtual boards: this computer's date, or one that is off."""

import socket
import struct
import threading
import time
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
_TO_1970_S = 2_208_988_800  # RFC 5905, 6: seconds from 1900, where the first era begins
_TURN_S = 0.2


class TimeServer:
    """Answers until it is stopped.  off_s: by how much it is wrong."""

    def __init__(self, off_s: float = 0.0) -> None:
        self._off_s = off_s
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self._socket.settimeout(_TURN_S)
        self.port: int = self._socket.getsockname()[1]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                asked, who = self._socket.recvfrom(128)
            except OSError:
                continue
            if len(asked) >= 48:
                self._socket.sendto(_answer(asked, time.time() + self._off_s), who)


def _answer(asked: bytes, now_s: float) -> bytes:
    """RFC 5905, 7.3: version 4, mode 4 (a server), stratum 2; what was asked comes back."""
    seconds = now_s + _TO_1970_S
    stamp = struct.pack(">II", int(seconds) & 0xFFFFFFFF, int(seconds % 1 * (1 << 32)))
    return b"\x24\x02\x00\xec" + bytes(8) + b"BNCH" + stamp + asked[40:48] + stamp + stamp
