"""Builds a report (wire/report.py) out of a record, its features and what went wrong."""

from wire import keys
from wire import report as wire_report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.clock import Clock
    from node.result import Result


class Reporter:
    """Numbers the reports of one boot.

    boot: number of this boot, from 1.  settings_hash: first 8 hex digits of the settings' SHA-256.
    """

    def __init__(self, boot: int, settings_hash: str, clock: "Clock | None" = None) -> None:
        self.boot = boot
        self.seq = 0  # of the next report
        self._settings_hash = settings_hash
        self._clock = clock  # None: never set
        self.buffer = wire_report.Buffer()  # free between two reports

    def build(
        self,
        uptime_ms: int,
        dropped: int,
        result: "Result",
    ) -> "tuple[int, memoryview]":
        """(seq, payload) of the next report, out of a result, which is emptied.

        The payload is to be copied before the buffer is used again.  Raises ReportError where a
        part does not fit.
        """
        record = result.record
        if record is not None:
            record["clock"] = "unset" if self._clock is None else self._clock.state
            record["settings"] = self._settings_hash
        seq = self.seq
        payload = wire_report.encode_into(
            {
                "v": wire_report.VERSION,
                "definitions": keys.DEFINITIONS,
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
            self.buffer,
        )
        result.clear()
        self.seq = seq + 1
        return seq, payload
