"""Builds a report (wire/report.py) out of a record, its features and what went wrong."""

from micropython import const

import wire
from wire import message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.clock import Clock
    from node.result import Result


_HEAD_BYTES = const(2_400)  # fields, names at their longest, a handful of faults
_KEY_BYTES = const(80)  # of one channel: the key with its value or reason, and again with a mark
_CHANNEL_BYTES = const(140)  # its name, three times


def most_bytes(sensors: "list[dict[str, Any]]", sets: "list[dict[str, Any]]") -> int:
    """What a report of these settings takes at the most, in bytes."""
    channels = {
        sensor["name"]: len(sensor["inputs" if sensor["kind"] == "current" else "channels"])
        for sensor in sensors
    }
    most = _HEAD_BYTES
    for measured in sets:
        each = _CHANNEL_BYTES + _KEY_BYTES * len(measured["features"])
        most = max(most, _HEAD_BYTES + channels[measured["sensor"]] * each)
    return min(most, message.MAX_BYTES)


class Reporter:
    """Numbers the reports of one boot.

    boot: number of this boot, from 1.  settings_hash: first 8 hex digits of the settings' SHA-256.
    room: bytes of the longest report.
    """

    def __init__(
        self,
        boot: int,
        settings_hash: str,
        clock: "Clock | None" = None,
        room: int = message.MAX_BYTES,
    ) -> None:
        self.boot = boot
        self.seq = 0  # of the next report
        self._settings_hash = settings_hash
        self._clock = clock  # None: never set
        self._buffer = message.Buffer(room)

    def build(
        self,
        uptime_ms: int,
        dropped: int,
        result: "Result",
    ) -> "tuple[int, memoryview]":
        """(seq, payload) of the next report, out of a result, which is emptied.

        The payload is to be copied before the next call.  Raises ReportError where a
        part does not fit.
        """
        record = result.record
        if record is not None:
            record["clock"] = "unset" if self._clock is None else self._clock.state
            record["settings"] = self._settings_hash
        seq = self.seq
        payload = message.write_into(
            {
                "v": wire.REPORT_VERSION,
                "definitions": wire.DEFINITIONS,
                "boot": self.boot,
                "seq": seq,
                "uptime_ms": uptime_ms,
                "epoch_s": None if self._clock is None else self._clock.epoch_s(uptime_ms),
                "dropped": dropped,
                "record": record,
                "channels": result.channels,
                "withheld": result.withheld,
                "marked": result.marked,
                "faults": result.faults,
            },
            self._buffer,
        )
        result.clear()
        self.seq = seq + 1
        return seq, payload
