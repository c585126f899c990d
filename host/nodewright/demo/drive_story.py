"""What the demo's motor must be seen to do: start, run, lose a phase, stop; and a power cut.

A state machine over the node's reports and its console, without clock, network or thread: whoever
runs it hands both in, and cuts the power when it asks for that.
"""

from collections.abc import Mapping
from typing import Any, Literal

from nodewright.demo import drive
from nodewright.demo.drive_plan import DrivePlan
from nodewright.demo.tally import Key

Stage = Literal["standing", "starting", "running", "lost", "stopped", "cut", "again", "over"]

MOST_S = 1.5 * 14 * drive.EVERY_MS / 1000  # on the wall clock: some twelve records, one boot
_CLOSE = 0.02  # of a current, against what the machine carries
_ROUGH = 0.1  # of a peak: of harmonics and the instant of the switch-on nothing is known
_NOTHING_A = 0.1
_LEAST_UNBALANCE_PCT = 99.0
_KEPT = ("cur_starts", "cur_run_h")


class DriveStory:
    """One run of it.

    stage: what comes next; said: what was seen, in words; failures: what was not as it should be;
    cut_asked: the power is to be cut now.
    """

    def __init__(self, plan: DrivePlan) -> None:
        self._channels = plan.channels
        self.stage: Stage = "standing"
        self.said: list[str] = []
        self.failures: list[str] = []
        self.cut_asked = False
        self._stopped: Key | None = None
        self._acked: Key = (0, 0)  # the last that was
        self._before: dict[str, float] = {}

    @property
    def over(self) -> bool:
        return self.stage == "over"

    def on_console(self, event: str, facts: Mapping[str, str]) -> None:
        """Ask for the cut when the report of the stop has been acknowledged."""
        if event == "acked":
            self._acked = int(facts["boot"]), int(facts["seq"])
            self._cut_if_acknowledged()

    def _cut_if_acknowledged(self) -> None:
        """The console may be heard before the broker, or after it."""
        if self.stage == "stopped" and self._stopped is not None and self._acked >= self._stopped:
            self.cut_asked, self.stage = True, "cut"

    def on_report(self, report: Mapping[str, Any]) -> None:
        """The next chapter, if it is one.  A report without a record says nothing of the motor."""
        if report["record"] is None or self.over:
            return
        getattr(self, f"_while_{self.stage}")(report)

    def give_up(self) -> None:
        """The demo ends."""
        if not self.over:
            self.failures.append(f"the motor's story ended while it was {self.stage}")

    # --- chapters

    def _while_standing(self, report: Mapping[str, Any]) -> None:
        first = self._first(report)
        if first.get("cur_starts"):
            self.stage = "starting"
            self._while_starting(report)
            return
        self._expect(report, "no current", all(0 <= a < _NOTHING_A for a in self._rms(report)))
        self._expect(report, "not running", first.get("cur_running") == 0)

    def _while_starting(self, report: Mapping[str, Any]) -> None:
        first = self._first(report)
        peaks = self._each(report, "cur_inrush_a")
        spans = self._each(report, "cur_inrush_ms")
        expected = [drive.inrush_a() * part for part in drive.BALANCE]
        near = [abs(a / b - 1) < _ROUGH for a, b in zip(peaks, expected, strict=True)]
        self._expect(report, f"an inrush of about {expected[0]:.0f} A", all(near))
        least_ms = 1000 * drive.INRUSH_S
        self._expect(
            report,
            f"that lasts {least_ms:.0f} ms and a little",
            all(least_ms < ms < 1.5 * least_ms for ms in spans),
        )
        self._expect(
            report, "a first start", first.get("cur_starts") == first.get("cur_running") == 1
        )
        self.said.append(f"started: {max(peaks):.1f} A for {max(spans):.0f} ms")
        self.stage = "running"

    def _while_running(self, report: Mapping[str, Any]) -> None:
        if "phase_lost" in self._marks(report):
            self.stage = "lost"
            self._while_lost(report)
            return
        self._expect(report, "no mark", not self._marks(report))
        expected = [drive.running_a(phase) for phase in range(3)]
        self._expect_currents(report, expected)
        if not self.said[-1].startswith("running"):
            self.said.append(f"running at {max(self._rms(report)):.2f} A")

    def _while_lost(self, report: Mapping[str, Any]) -> None:
        if self._first(report).get("cur_running") == 0:
            self.stage = "stopped"
            self._while_stopped(report)
            return
        marks = self._marks(report)
        self._expect(report, "all marked phase_lost", marks == {"phase_lost"})
        expected = [0.0 if phase == drive.LOST else drive.lost_a() for phase in range(3)]
        self._expect_currents(report, expected)
        unbalance_pct = self._first(report).get("cur_unbalance_pct", 0.0)
        self._expect(report, "an unbalance of 100 %", unbalance_pct > _LEAST_UNBALANCE_PCT)
        if not self.said[-1].startswith("lost"):
            currents = self._rms(report)
            dead = self._channels[currents.index(min(currents))]
            self._expect(report, "the right phase", dead == self._channels[drive.LOST])
            self.said.append(f"lost phase {dead}: {max(self._rms(report)):.2f} A in the others")

    def _while_stopped(self, report: Mapping[str, Any]) -> None:
        if self._stopped is not None:
            return  # it stands; the acknowledgement is on its way
        first = self._first(report)
        self._before = {key: first.get(key, -1.0) for key in _KEPT}
        self._expect(report, "one start", self._before["cur_starts"] == 1)
        self._expect(report, "hours", self._before["cur_run_h"] > 0)
        self._stopped = report["boot"], report["seq"]
        self.said.append(f"stopped: {self._before['cur_run_h']:.5f} h, 1 start")
        self._cut_if_acknowledged()

    def _while_cut(self, report: Mapping[str, Any]) -> None:
        if self._stopped is None or report["boot"] <= self._stopped[0]:
            return  # sent before the cut
        after = {key: self._first(report).get(key, -1.0) for key in _KEPT}
        if after != self._before:
            self._expect(report, f"{self._before}, as before the power cut", False)
            self.stage = "over"  # what would come is no story of this motor any more
            return
        self._expect(report, "not running", self._first(report).get("cur_running") == 0)
        self.said.append(f"power cut: {after['cur_run_h']:.5f} h and 1 start are kept")
        self.stage = "again"

    def _while_again(self, report: Mapping[str, Any]) -> None:
        if self._first(report).get("cur_starts") == self._before["cur_starts"] + 1:
            self.said.append("started again: 2 starts")
            self.stage = "over"
        else:
            self._expect(report, "not running", self._first(report).get("cur_running") == 0)

    # --- what a report says

    def _first(self, report: Mapping[str, Any]) -> Mapping[str, float]:
        """The values of the first clamp, with which those of the motor go."""
        first: Mapping[str, float] = report["channels"].get(self._channels[0], {})
        return first

    def _rms(self, report: Mapping[str, Any]) -> list[float]:
        return self._each(report, "cur_rms_a")

    def _each(self, report: Mapping[str, Any], key: str) -> list[float]:
        """A value of each clamp; -1 where it is withheld."""
        return [report["channels"].get(name, {}).get(key, -1.0) for name in self._channels]

    def _marks(self, report: Mapping[str, Any]) -> set[str]:
        """Of the levels: what noise says of THD is none of the motor's."""
        marked = [report["marked"].get(name, {}) for name in self._channels]
        return {reasons["cur_rms_a"] for reasons in marked if "cur_rms_a" in reasons}

    def _expect_currents(self, report: Mapping[str, Any], expected: list[float]) -> None:
        for name, found_a, right_a in zip(
            self._channels, self._rms(report), expected, strict=True
        ):
            near = abs(found_a - right_a) < max(_NOTHING_A, _CLOSE * right_a)
            self._expect(report, f"{right_a:.2f} A in {name}", near)

    def _expect(self, report: Mapping[str, Any], what: str, true: bool) -> None:
        if not true:
            where = f"report {report['boot']}:{report['seq']}"
            self.failures.append(f"{where}: {what} was expected while it was {self.stage}")
