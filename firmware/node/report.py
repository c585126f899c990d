"""Builds a report (wire/report.py) out of a record, its features and what went wrong."""

import gc

from wire import features
from wire import report as wire_report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Reporter:
    """Numbers the reports of one boot.

    boot: number of this boot, from 1.  settings_hash: first 8 hex digits of the settings' SHA-256.
    """

    def __init__(self, boot: int, settings_hash: str) -> None:
        self.boot = boot
        self.seq = 0  # of the next report
        self._settings_hash = settings_hash
        self.buffer = wire_report.Buffer()  # free between two reports

    def build(
        self,
        uptime_ms: int,
        dropped: int,
        record: "dict[str, Any] | None",
        channels: "dict[str, dict[str, float]]",
        withheld: "dict[str, dict[str, str]]",
        marked: "dict[str, dict[str, str]]",
        faults: "list[dict[str, Any]]",
    ) -> "tuple[int, bytes]":
        """(seq, payload) of the next report.  Raises ReportError where a part does not fit."""
        if record is not None:
            record["clock"] = "unset"
            record["settings"] = self._settings_hash
        seq = self.seq
        payload = wire_report.encode_into(
            {
                "v": wire_report.VERSION,
                "definitions": features.DEFINITIONS,
                "boot": self.boot,
                "seq": seq,
                "uptime_ms": uptime_ms,
                "epoch_s": None,
                "dropped": dropped,
                "record": record,
                "channels": channels,
                "withheld": withheld,
                "marked": marked,
                "faults": faults,
            },
            self.buffer,
        )
        # What is returned may stay for hours. Above garbage it would cut the heap into pieces.
        gc.collect()
        kept = bytes(payload)
        self.seq = seq + 1
        return seq, kept
