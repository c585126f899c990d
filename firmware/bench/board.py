"""The board itself: its watchdog, memory, flash, date and what its MicroPython is."""

import gc
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HOLD_MS = 8000  # the longest that an RP2 can: 8388
_FEED_MS = 1000
_CHUNK_BYTES = 512
_EPOCH_2000_S = 946_684_800  # from 1970: ports count from either


def hold() -> None:
    """Feed the watchdog that the program may have started: nothing stops it.

    Without the node's own modules, which may be what is broken.
    """
    import machine

    watchdog = machine.WDT(timeout=_HOLD_MS)
    try:
        timer = machine.Timer(-1)  # RP2: virtual timers only
    except ValueError:
        timer = machine.Timer(0)  # ESP32: numbered ones only
    timer.init(
        period=_FEED_MS, mode=machine.Timer.PERIODIC, callback=lambda _timer: watchdog.feed()
    )


def memory() -> "dict[str, int]":
    """Bytes of the heap, free and in all, and of a word."""
    gc.collect()
    free, taken = gc.mem_free(), gc.mem_alloc()
    return {"free": free, "all": free + taken, "word": 8 if sys.maxsize > 1 << 31 else 4}


def flash() -> "list[int]":
    """Bytes free, and in all, of the file system."""
    room = os.statvfs("/")
    return [room[1] * room[3], room[1] * room[2]]


def write_and_read(path: str, size: int, seed: int) -> "dict[str, Any]":
    """Whether what is written to the file system comes back: bytes that differ, or the errno."""
    wrong = 0
    chunk, back = bytearray(_CHUNK_BYTES), bytearray(_CHUNK_BYTES)
    try:
        for writing in (True, False):
            state = seed & 0xFFFF
            with open(path, "wb" if writing else "rb") as file:
                for _ in range(size // _CHUNK_BYTES):
                    for i in range(_CHUNK_BYTES):
                        state = state * 25173 + 13849 & 0xFFFF
                        chunk[i] = state >> 8
                    if writing:
                        file.write(chunk)
                    elif file.readinto(back) != _CHUNK_BYTES:  # type: ignore[attr-defined]
                        wrong += _CHUNK_BYTES
                    elif back != chunk:
                        wrong += sum([chunk[i] != back[i] for i in range(_CHUNK_BYTES)])
        os.remove(path)
    except OSError as error:
        return {"errno": error.errno, "wrong": wrong}
    return {"errno": 0, "wrong": wrong}


def epoch_s() -> int:
    """The board's date as it is, in seconds from 1970."""
    now = int(time.time())
    # A port that counts from 2000 says 2000 for its 0.
    return now + _EPOCH_2000_S if time.gmtime(0)[0] == 2000 else now  # type: ignore[attr-defined]


def text_of(path: str) -> "str | None":
    """A short file in hex; None where it cannot be read."""
    import binascii

    try:
        with open(path, "rb") as file:
            return binascii.hexlify(file.read(4096)).decode()
    except OSError:
        return None


def chunks(path: str) -> "list[str]":
    """The first digits of the SHA-256 of each piece of a file; as many as can be read."""
    import binascii
    import hashlib

    found = []
    try:
        with open(path, "rb") as file:
            while True:
                data = file.read(_CHUNK_BYTES)
                if not data:
                    break
                found.append(binascii.hexlify(hashlib.sha256(data).digest()[:4]).decode())
    except OSError:
        pass
    return found
