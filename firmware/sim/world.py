"""The world around a node: its simulated clock, its pins, and what the twins need of the host.

Time is counted in microseconds since the boot, by arithmetic alone.  In real time (a pacer is
given) it follows the host's clock: waits really wait, computing takes what it takes, and who is
late finds the clock where the host's is.  Whoever has something to do at a certain
instant is a source: `next_event_us()` says when (None: never), `advance(now_us)` does it.
`advance_to` visits these instants in order, so that an interrupt comes exactly when it is due,
also in mid-sleep.
"""

import struct

from sim.pins import PinState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Protocol

    class Source(Protocol):
        def next_event_us(self) -> int | None: ...
        def advance(self, now_us: int) -> None: ...

    class Pacer(Protocol):
        def now_us(self) -> int: ...
        def wait_until_us(self, instant_us: int) -> None: ...


_LOG_MAGIC = 0x4E57  # docs/architecture.md, the log of served samples
_LOG_HEADER = "<HHIIH"  # magic, axes, run, first, count

# A loop that asks for the time this often, and does nothing else that takes time, waits for it.
_ASKED_OFTEN = 1000
_BUSY_STEP_US = 100


class World:
    """Clock, pins and files of one virtual board.

    spec: the board's description, docs/architecture.md; open_file(path, mode): opens a file of the
    host, unbuffered; pacer: the host's clock, to live in real time (sim/pacer.py).
    """

    def __init__(
        self,
        spec: "dict[str, Any]",
        open_file: "Callable[[str, str], Any]",
        pacer: "Pacer | None" = None,
    ) -> None:
        self.spec = spec
        self.open_file = open_file
        self._pacer = pacer
        self._visiting = False  # a source does what it is due to do, at its own instant
        self._now_us = 0
        self._now_ns = 0  # below a microsecond, 0..999
        self._asked = 0
        self.unanswered = 0  # addresses on I2C that nobody acknowledged
        self._sources: "list[Source]" = []
        self._next: "Source | None" = None
        self._pins: "dict[int, PinState]" = {}
        self._logs: "dict[str, Any]" = {}
        self._header = bytearray(struct.calcsize(_LOG_HEADER))

    # --- time

    def now_us(self) -> int:
        """Simulated microseconds since the boot."""
        return self._now_us

    def asked_us(self) -> int:
        """now_us for a program that asks for the time: whoever only asks, waits for it to pass."""
        if self._pacer is not None:
            if not self._visiting:  # an interrupt runs at its own instant
                self.advance_to(self._now_us)
            return self._now_us
        self._asked += 1
        if self._asked > _ASKED_OFTEN:
            asked = self._asked
            self.advance_to(self._now_us + _BUSY_STEP_US)
            self._asked = asked
        return self._now_us

    def asked_enough(self) -> None:
        """The program lets others run: it is not in a loop that only asks for the time."""
        self._asked = 0
        if self._pacer is not None:
            self.advance_to(self._now_us)

    def sleep_us(self, span_us: int) -> None:
        """A program sleeps: from when it asks for it, not from when it last had to do with us."""
        self.asked_enough()
        self.advance_us(span_us)

    def advance_us(self, span_us: int) -> None:
        """Let a span pass; negative spans are none."""
        self.advance_to(self._now_us + max(0, span_us))

    def advance_ns(self, span_ns: int) -> None:
        """Let a span pass that is counted finer than the clock; what is left over is kept."""
        span_ns += self._now_ns
        self._now_ns = span_ns % 1000
        self.advance_to(self._now_us + span_ns // 1000)

    def advance_to(self, target_us: int) -> None:
        """Let time pass up to an instant, with all that is due until then, in its order."""
        self._asked = 0
        if self._pacer is not None and not self._visiting:
            target_us = max(target_us, self._pacer.now_us())
        while True:
            due_us = self.next_event_us()
            if due_us is None or due_us > target_us:
                break
            self._set(due_us)
            source = self._next
            if source is not None:
                outer, self._visiting = self._visiting, True
                try:
                    source.advance(self._now_us)
                finally:
                    self._visiting = outer
        self._set(target_us)

    def _set(self, instant_us: int) -> None:
        # Not back: a handler that ran meanwhile may have taken time itself.
        if instant_us > self._now_us:
            if self._pacer is not None:
                self._pacer.wait_until_us(instant_us)
            self._now_us = instant_us

    def next_event_us(self) -> "int | None":
        """When the next source is due, None when none is."""
        first_us = None
        for source in self._sources:
            due_us = source.next_event_us()
            if due_us is not None and (first_us is None or due_us < first_us):
                first_us = due_us
                self._next = source
        return first_us

    def add_source(self, source: "Source") -> None:
        """Ask it from now on when it is due."""
        if source not in self._sources:
            self._sources.append(source)

    def remove_source(self, source: "Source") -> None:
        """Ask it no more."""
        if source in self._sources:
            self._sources.remove(source)

    # --- pins

    def pin_state(self, number: int) -> PinState:
        """The wire at a pin, made when first asked for."""
        if number not in self._pins:
            self._pins[number] = PinState(number)
        return self._pins[number]

    def pin(self, number: int, level: int) -> None:
        """A chip drives a pin to a level; a handler that waits for this edge runs now."""
        self.pin_state(number).drive(level)

    # --- what the host reads

    def log_fault(self, line: str) -> None:
        """Write down a fault that is over, and what it has met (docs/architecture.md)."""
        if "log" in self.spec:
            path = "%s/faults-%d.txt" % (self.spec["log"], self.spec.get("boot", 1))
            file = self.open_file(path, "ab")
            file.write((line + "\n").encode())
            file.close()

    def log_samples(self, name: str, run: int, first: int, frames: "Any", axes: int = 3) -> None:
        """Write down samples as they went over the bus.

        frames: count * axes digits, a memoryview or array of int16, valid during the call.
        Written at once: when a report reaches the host, its samples are in the file.
        """
        log = self._logs.get(name)
        if log is None:
            if "log" not in self.spec:
                return
            path = "%s/samples-%s-%d.bin" % (self.spec["log"], name, self.spec.get("boot", 1))
            log = self._logs[name] = self.open_file(path, "ab")
        item_bytes = 1 if isinstance(frames, (bytes, bytearray)) else 2
        count = len(frames) * item_bytes // (2 * axes)
        struct.pack_into(_LOG_HEADER, self._header, 0, _LOG_MAGIC, axes, run, first, count)
        log.write(self._header)
        log.write(frames)
