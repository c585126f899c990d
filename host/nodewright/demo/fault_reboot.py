"""A node made to start anew: the boot that must follow, and its first good report."""

from collections.abc import Mapping
from typing import Any

from nodewright.demo.fault_case import Actions, Case, is_good
from nodewright.demo.faults import Planned


class RebootCase(Case):
    """A node that starts anew: its reset pin pulled, or its supply cut."""

    _PATIENCE_S = 30.0

    def __init__(self, planned: Planned, samples: int) -> None:
        """samples: of a record."""
        super().__init__(planned)
        self._samples = samples
        self._good = ""
        self._cause = "power_on" if self.fault.name == "power" else "hard"
        self._boot = 0  # the last one heard of
        self._calm = False
        self._since = 0

    def step(self, actions: Actions) -> None:
        """Begin where a report has just been acknowledged: nothing of the node is on its way."""
        assert self.planned.node is not None
        if self.state == "waiting" and self._calm:
            self.state, self.began = "under", self.now_s
            self._tell(f"begins: {self.fault.title}")
            if self.fault.name == "power":
                actions.cut_power(self.planned.node)
            else:
                actions.reset(self.planned.node)
        elif self._good:
            if self.fault.name == "power":
                self._check_cut(*actions.cut_at(self.planned.node))
            self.said.append(f"measured again from {self._good}")
            self._end()
        elif self.began is not None and self.now_s - self.began > self._PATIENCE_S:
            self.give_up(f"no good report in {self._PATIENCE_S:g} s")

    def _check_cut(self, run: int, count: int) -> None:
        if 0 < count < self._samples:
            self._say(f"cut after {count} of {self._samples} samples of run {run}")
        else:
            self._fail(f"not cut in mid-record: {count} samples of run {run} had been read")

    def on_console(self, node: str, event: str, facts: Mapping[str, str]) -> None:
        """An acknowledgement to begin at; the boot that must follow."""
        if node != self.planned.node or self.over:
            return
        if event == "boot":
            self._on_boot(int(facts.get("boot", 0)), facts.get("reset", "no cause"))
        self._calm = event == "acked"

    def _on_boot(self, boot: int, cause: str) -> None:
        before, self._boot = self._boot, boot
        if self.state != "under":
            return
        self.state, self.ended = "after", self.now_s
        self._say(f"boot {boot} follows {before}, cause {cause}")
        if boot != before + 1:
            self._fail(f"boot {boot} cannot follow {before}")
        if cause != self._cause:
            self._fail(f"the cause is {cause}, not {self._cause}")

    def on_report(self, node: str, report: Mapping[str, Any]) -> None:
        """The first good one of the new boot ends it."""
        mine = node == self.planned.node and report["boot"] == self._boot
        if mine and self.state == "after" and not self._good:
            self._since += 1
            if is_good(report):
                self.recovered = self._since
                self._good = f"{report['boot']}:{report['seq']}"
