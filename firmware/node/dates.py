"""Dates as seconds from 1970 on: ports differ in where their own `time` begins."""

from micropython import const

_CUMULATED = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_DAYS_TO_1970 = const(719_162)  # from the first day of year 1


def epoch_s(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int:
    """Seconds from 1970-01-01 on of a date in UTC (Gregorian)."""
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400
    days += _CUMULATED[month - 1] + day - 1 - _DAYS_TO_1970
    if month > 2 and _leap(year):
        days += 1
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def date(seconds: int) -> "tuple[int, int, int, int, int, int, int]":
    """(year, month, day, weekday from 0 for Monday, hour, minute, second) of epoch_s."""
    days, rest = divmod(seconds, 86_400)
    weekday = (days + 3) % 7  # 1970 began on a Thursday
    year = 1970
    while True:
        length = 366 if _leap(year) else 365
        if days < length:
            break
        days -= length
        year += 1
    month = 1
    while month < 12 and days >= _CUMULATED[month] + (1 if month > 1 and _leap(year) else 0):
        month += 1
    days -= _CUMULATED[month - 1] + (1 if month > 2 and _leap(year) else 0)
    return year, month, days + 1, weekday, rest // 3600, rest // 60 % 60, rest % 60


def begin_of(certificate: bytes) -> "int | None":
    """When a certificate (DER) begins to hold, epoch_s; None where it cannot be read.

    Source: RFC 5280, 4.1: validity is the second to last of what is before the public key.
    """
    try:
        _, at, _ = _field(certificate, 0)  # Certificate
        _, at, _ = _field(certificate, at)  # TBSCertificate
        if certificate[at] == 0xA0:  # version
            at = _field(certificate, at)[2]
        for _ in range(3):  # serial number, signature, issuer
            at = _field(certificate, at)[2]
        _, at, _ = _field(certificate, at)  # validity
        kind, begin, end = _field(certificate, at)
        text = certificate[begin:end].decode()
        if kind == 0x17:  # UTCTime: 50 to 99 are of the last century (4.1.2.5.1)
            text = ("19" if text >= "50" else "20") + text
        elif kind != 0x18:
            return None
        parts = [int(text[:4])]
        parts.extend([int(text[place : place + 2]) for place in range(4, 14, 2)])
        return epoch_s(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5])
    except (ValueError, IndexError):
        return None


def _field(data: bytes, at: int) -> "tuple[int, int, int]":
    """(tag, where its value begins, where it ends) of a field in DER (X.690, 8.1)."""
    length = data[at + 1]
    begin = at + 2
    if length >= 0x80:
        count = length & 0x7F
        length = int.from_bytes(data[begin : begin + count], "big")
        begin += count
    if begin + length > len(data):
        raise ValueError("cut short")
    return data[at], begin, begin + length


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
