"""What the cases of one validation share: the bench, its agents, and what was found already."""

import contextlib
import threading
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from nodewright.flash import facts
from nodewright.flash.facts import Facts, OnBoard
from nodewright.link.repl import Repl
from nodewright.validate.agents import Agents, StrangeAnswer
from nodewright.validate.bench import Bench, Expected
from nodewright.validate.case import Skipped
from nodewright.validate.uplink import Uplink


class Context:
    """asked: whoever waits looks at it."""

    def __init__(self, bench: Bench, seed: int, asked: threading.Event) -> None:
        self.bench, self.seed, self.asked = bench, seed, asked
        self.stack = contextlib.ExitStack()  # what ends with the validation
        self.uplink: Uplink | None = None
        self._sensors: dict[str, dict[str, Any]] = {}
        self._in_use = ""

    @cached_property
    def agents(self) -> Agents:
        """On the board, once the bench has been entered."""
        return Agents(self.bench.prompt)

    def agents_anew(self) -> None:
        """The port was opened anew."""
        self.__dict__.pop("agents", None)
        self.left()

    @property
    def expected(self) -> Expected:
        return self.bench.expected

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.expected.settings

    @cached_property
    def facts(self) -> Facts:
        """What the board says of itself."""
        return facts.read(self._repl)

    @cached_property
    def files(self) -> dict[str, OnBoard]:
        """The files on the board, hashed there."""
        _ = self.facts  # the agent that hashes is sent with it
        return facts.files(self._repl)

    @property
    def _repl(self) -> Repl:
        return self.bench.prompt  # type: ignore[return-value]  # of it only `ask` is used

    def text_of(self, path: str) -> bytes | None:
        """A short file of the board; None where there is none, or it cannot be read."""
        told = self.agents.call("board", "text_of", path)
        return None if told is None else bytes.fromhex(told)

    def sensor(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """What the agent of an accelerometer found it to be; opened anew for each sensor.

        Raises Skipped where it did not answer as it should.
        """
        name = row["name"]
        if self._in_use != name:
            if not self.agents.untouched:  # memory.free has just started it anew
                self.agents.fresh()
            self._in_use = name
            told = self.agents.call("acc", "find", name, self.rate_hz(row))
            if not isinstance(told, dict):
                self.left()
                raise StrangeAnswer(self.bench.prompt.port, "acc.find")
            self._sensors[name] = told
        found = self._sensors[name]
        if "fault" in found:
            raise Skipped(f"the sensor does not work: see {name}.identity")
        return found

    def found(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The same with its fault, where it has one."""
        try:
            return self.sensor(row)
        except Skipped:
            return self._sensors[row["name"]]

    def left(self) -> None:
        """No sensor is in use any more."""
        self._in_use = ""

    def rate_hz(self, row: Mapping[str, Any]) -> float:
        """The highest rate at which the node's sets measure a sensor."""
        rates = [
            float(found["odr_hz"])
            for found in self.settings["sets"]
            if found["sensor"] == row["name"] and "odr_hz" in found
        ]
        return max(rates, default=0.0)
