"""A question to a time server, and what its answer is worth.

Source: RFC 5905: 7.3 (packet), 7.4 (kiss of death), 14 (a client that serves nobody).
"""

from micropython import const

PORT = 123
_TO_1970_S = const(2_208_988_800)  # from 1900, where the first era begins
_ERA_S = const(1 << 32)
_MOST_DISPERSION_S = const(16)  # 7.2, MAXDISP: so much means that it follows nobody


class BadTime(Exception):
    """An answer that gives no time; args[0] is why: kiss_…, unsynchronised, insane."""


def question(nonce: bytes) -> bytes:
    """A client's packet.  nonce: 8 random bytes in the place of its time of sending."""
    return b"\x23" + bytes(39) + nonce  # version 4, mode 3


def read(data: bytes, nonce: bytes, least_s: int, most_s: int) -> "int | None":
    """Milliseconds from 1970 on when the server answered; None: no answer to this question.

    least_s, most_s: the only dates, epoch_s, that are believed; least_s tells the era, too.
    Raises BadTime.
    """
    if len(data) < 48 or data[0] & 7 != 4 or data[24:32] != nonce:
        return None
    if data[1] == 0:
        raise BadTime("kiss_" + _code(data[12:16]))
    if (
        data[0] >> 6 == 3  # 7.3: the server's own clock is not set
        or data[1] > 15
        or int.from_bytes(data[4:6], "big") >= _MOST_DISPERSION_S
        or int.from_bytes(data[8:10], "big") >= _MOST_DISPERSION_S
    ):
        raise BadTime("unsynchronised")
    seconds = int.from_bytes(data[40:44], "big") - _TO_1970_S
    seconds += (least_s - seconds + _ERA_S - 1) // _ERA_S * _ERA_S  # the first era it can be in
    if seconds > most_s or data[40:48] == bytes(8):
        raise BadTime("insane")
    return seconds * 1000 + (int.from_bytes(data[44:46], "big") * 1000 >> 16)


def _code(code: bytes) -> str:
    """Four letters of a kiss, or "odd"."""
    text = ""
    for byte in code:
        if not 65 <= byte <= 90:
            return "odd"
        text += chr(byte)
    return text.lower()
