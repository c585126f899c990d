"""The report: the features of one measuring cycle of one sensor, with the evidence to trust them.

Written by the node, read by the host, as JSON with numbers of 6 significant digits.  The tables
below are the format: `encode` and `decode` take nothing that does not fit them.
Golden vectors: vectors/report_v1.json.
"""

from wire import REPORT_VERSION, keys
from wire.message import ReportError, dumps, loads
from wire.topics import is_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_COUNT = 2**53  # most of a counter: what JSON readers keep exactly

# field, kind, may it be null
FIELDS = (
    ("v", "int", False),  # REPORT_VERSION
    ("definitions", "int", False),  # wire.DEFINITIONS
    ("boot", "int", False),  # boots over the life of the flash, from 1
    ("seq", "int", False),  # reports since boot, from 0
    ("uptime_ms", "int", False),  # since boot, when the record began
    ("epoch_s", "int", True),  # date of the record's begin; null while the clock is unset
    ("dropped", "int", False),  # reports that the outbox has dropped since boot
    ("record", "record", True),  # null where the sensor gave none: faults say why
    ("channels", "channels", False),
    ("withheld", "reasons", False),
    ("marked", "reasons", False),  # of values that hold with a reservation
    ("faults", "faults", False),
)
RECORD = (  # of a waveform
    ("set", "name", False),  # the measurement set
    ("sensor", "name", False),
    ("chip", "name", False),
    ("samples", "int", False),
    ("decimate", "int", False),  # 1: samples as they came; else one of so many, filtered
    ("blocks", "int", False),  # of the envelope; everything else is of the first
    ("rate_hz", "number", False),  # measured
    ("rate_ppm", "share", False),  # by so much rate_hz may be wrong; 1e6: it was not measured
    ("nominal_hz", "number", False),
    ("run", "int", False),  # (re)starts of the sensor's FIFO since boot, from 1
    ("first", "int", False),  # index in that run of the first block's first sample, undecimated
    ("overruns", "int", False),
    ("gaps", "int", False),
    ("clipped", "int", False),  # samples at the rail
    ("zone", "zone", True),  # of the worst direction; null where no channel has one
    ("clock", "clock", False),
    ("settings", "hash", False),  # first 8 hex digits of the settings' SHA-256
    ("valid", "bool", False),  # no overrun, no gap, nothing clipped
)
# Where the channels took turns: [run, first] of each. Rate, run and first of the record are those
# of the first channel's turn, blocks of each, overruns, gaps and clipped of all.
TURNS = RECORD + (("turns", "turns", False),)
# Of a bearing: {channel: [Hz, % by which that may be off or null, one of SPEEDS]}, the shaft's
# speed that it was judged by; of a channel without a speed nothing.
SPEED = (("speed", "speed", False),)
SPEEDS = ("settings", "tacho", "slip", "spectrum")
CURRENT = (  # of clamps
    ("set", "name", False),
    ("sensor", "name", False),
    ("chip", "name", False),
    ("samples", "int", False),  # of each input
    ("rate_hz", "number", False),  # of each input
    ("rate_ppm", "share", False),
    ("nominal_hz", "number", False),  # of the settings
    ("jitter_us", "share", False),  # RMS, of the instants of the samples
    ("run", "int", False),  # records that the converter has begun since boot, from 1
    ("overruns", "int", False),
    ("gaps", "int", False),
    ("clipped", "int", False),  # samples at a rail, of all inputs
    ("clock", "clock", False),
    ("settings", "hash", False),
    ("valid", "bool", False),
)
VALUE = (  # of a process value: a record without samples
    ("set", "name", False),
    ("sensor", "name", False),
    ("chip", "name", False),
    ("clock", "clock", False),
    ("settings", "hash", False),
    ("valid", "bool", False),
)
CLOCKS = ("unset", "ntp")

MISSING = "missing"


def encode(report: "dict[str, Any]") -> bytes:
    """The payload of a report.  Raises ReportError where it is not one, ValueError for a NaN."""
    return dumps(_checked(report))


def decode(payload: bytes) -> "dict[str, Any]":
    """The report in a payload, whoever sent it.  Raises ReportError where it is not one."""
    return _checked(loads(payload))


def _checked(report: "dict[str, Any]") -> "dict[str, Any]":
    if report.get("v") != REPORT_VERSION:
        raise ReportError("v", report.get("v", MISSING), str(REPORT_VERSION))
    check_fields("", report, FIELDS)
    if report["record"] is not None:
        record = report["record"]
        check_fields("record.", record, _record_fields(record))
    return report


def _record_fields(record: "dict[str, Any]") -> "tuple[tuple[str, str, bool], ...]":
    if isinstance(record, dict) and "jitter_us" in record:
        return CURRENT
    if isinstance(record, dict) and "speed" in record:
        return (TURNS if "turns" in record else RECORD) + SPEED
    if isinstance(record, dict) and "turns" in record:
        return TURNS
    return RECORD if "samples" in record or "rate_hz" in record else VALUE


def check_fields(prefix: str, values: object, table: "tuple[tuple[str, str, bool], ...]") -> None:
    """Raises ReportError where an object has not these fields, of these kinds, and no others."""
    if not isinstance(values, dict):
        raise ReportError(prefix[:-1], values, "an object")
    for field, kind, nullable in table:
        if field not in values:
            raise ReportError(prefix + field, MISSING, "a field")
        value = values[field]
        if value is None and nullable:
            continue
        allowed = _CHECKS[kind](value)
        if allowed:
            raise ReportError(prefix + field, value, allowed)
    if len(values) != len(table):
        known = [field for field, _, _ in table]
        for field in values:
            if field not in known:
                raise ReportError(prefix + str(field), values[field], "no such field")


def _is_number(value: "Any") -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value - value == 0


def _int(value: "Any") -> str:
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _COUNT
    return "" if good else "a whole number from 0"


def _positive(value: "Any") -> str:
    return "" if _is_number(value) and 0 < value < 1e6 else "a number above 0"


def _share(value: "Any") -> str:
    return "" if _is_number(value) and 0 <= value <= 1e6 else "a number from 0 to 1e6"


def _name(value: "Any") -> str:
    return "" if is_name(value) else "a name of a-z, 0-9 and -"


def _bool(value: "Any") -> str:
    return "" if value is True or value is False else "true or false"


def _clock(value: "Any") -> str:
    return "" if value in CLOCKS else "one of %s" % ", ".join(CLOCKS)


def _zone(value: "Any") -> str:
    allowed = '{"zone": 0 to 3, "channel": name}'
    if not isinstance(value, dict) or len(value) != 2:
        return allowed
    good = value.get("zone") in (0, 1, 2, 3) and is_name(value.get("channel", ""))
    return "" if good else allowed


def _turns(value: "Any") -> str:
    allowed = "{channel: [run, first]}"
    if not isinstance(value, dict):
        return allowed
    for channel in value:
        place = value[channel]
        if not is_name(channel) or not isinstance(place, list) or len(place) != 2:
            return allowed
        if _int(place[0]) or _int(place[1]):
            return allowed
    return ""


def _speed(value: "Any") -> str:
    allowed = "{channel: [Hz, % or null, source]}"
    if not isinstance(value, dict):
        return allowed
    for channel in value:
        told = value[channel]
        if not is_name(channel) or not isinstance(told, list) or len(told) != 3:
            return allowed
        if _positive(told[0]) or told[2] not in SPEEDS:
            return allowed
        if told[1] is not None and _share(told[1]):
            return allowed
    return ""


def _hash(value: "Any") -> str:
    if isinstance(value, str) and len(value) == 8:
        for char in value:
            if char not in "0123456789abcdef":
                break
        else:
            return ""
    return "8 hex digits"


def _features(value: "Any", good: "Any") -> bool:
    """True where value is {channel: {feature: v}} and good(v) holds for each."""
    if not isinstance(value, dict):
        return False
    for channel in value:
        inner = value[channel]
        if not is_name(channel) or not isinstance(inner, dict):
            return False
        for key in inner:
            if key not in keys.KEYS or not good(inner[key]):
                return False
    return True


def _channels(value: "Any") -> str:
    return "" if _features(value, _is_number) else "{channel: {feature: number}}"


def _is_reason(value: "Any") -> bool:
    return value in keys.REASONS


def _reasons(value: "Any") -> str:
    return "" if _features(value, _is_reason) else "{channel: {feature: reason}}"


def _faults(value: "Any") -> str:
    allowed = '[{"sensor": name, "fault": name, …}]'
    if not isinstance(value, list):
        return allowed
    for fault in value:
        if not isinstance(fault, dict) or not is_name(fault.get("sensor", "")):
            return allowed
        if not isinstance(fault.get("fault"), str):
            return allowed
    return ""


_CHECKS = {
    "int": _int,
    "number": _positive,
    "share": _share,
    "name": _name,
    "bool": _bool,
    "text": lambda value: "" if isinstance(value, str) else "a text",
    "list": lambda value: "" if isinstance(value, list) else "a list",
    "clock": _clock,
    "zone": _zone,
    "turns": _turns,
    "speed": _speed,
    "hash": _hash,
    "record": lambda value: "" if isinstance(value, dict) else "an object or null",
    "channels": _channels,
    "reasons": _reasons,
    "faults": _faults,
}
