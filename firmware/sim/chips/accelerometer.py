"""What accelerometers with a FIFO have in common, whoever made them.

Time, samples, FIFO, interrupt lines, motion, the log of what was served, and the faults.  Nothing
runs in the background: what the chip has done since is worked out when somebody looks, so a sample
that nobody reads costs nothing.
"""

from array import array

from sim.chips.fifo import BYPASS, FIFO_MODE, STREAM, Fifo
from sim.chips.framing import RegisterChip
from sim.chips.motion import Motion
from sim.chips.sampler import Sampler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class World(Protocol):
        def now_us(self) -> int: ...
        def advance_us(self, span_us: int) -> None: ...
        def pin(self, number: int, level: int) -> None: ...
        def open_file(self, path: str, mode: str) -> Any: ...
        def log_samples(
            self, name: str, run: int, first: int, frames: memoryview, axes: int = 3
        ) -> None: ...


# What a line can tell: a new sample, the watermark reached, all levels taken, one overwritten, and
# that the chip has moved.
READY, WATERMARK, FULL, OVERRUN, MOVED = 1, 2, 4, 8, 16

_UNSETTLED_PART = 0.5  # of the signal: enough to be seen where a driver uses such a sample
_LOGGED = 32  # samples that are logged at once
_STALL_AFTER = 8  # entries of a run: its settling is over
_AHEAD = 64  # samples that are looked at for motion before they are due
_NEVER = 1 << 29  # samples


class Levels(Fifo):
    """A FIFO of 32 levels and no more, which in FIFO mode stops when full until it is emptied by
    bypass.
    """

    _HOLDS = 32

    def __init__(self) -> None:
        super().__init__()
        self._stopped = False

    def set_mode(self, mode: int) -> None:
        super().set_mode(mode)
        self._stopped = False

    def push(self, first: int, end: int) -> bool:
        """The chip has made samples first…end - 1.  True if that filled the FIFO."""
        if not self._stopped:
            super().push(first, end)
            self._stopped = self.mode == FIFO_MODE and self.count >= self.LEVELS
        return self.count >= self.LEVELS


class Accelerometer(RegisterChip):
    """One chip.  A subclass has the registers, and overrides what is asked of them below.

    config: name; int1, int2 (pin numbers or None); clock_error_ppm; and what sampler.py takes.
    """

    START_US = 0  # from the start to the beginning of the first sample
    FIFO: "type[Fifo]" = Levels
    LOG_SHIFT = 0  # bits of a sample that are too many for the log

    def __init__(self, config: "dict[str, Any]", world: "World") -> None:
        super().__init__()
        self.sampler = Sampler(config, world)
        self._world = world
        self._name = config["name"]
        self._wires = (config.get("int1"), config.get("int2"))
        self._levels = [0, 0]
        self._clock = 1 + config.get("clock_error_ppm", 0) * 1e-6
        self._other_chip = False
        # Of the fault that began last: how often it has met the firmware; of frozen digits, the
        # longest row of samples that were served so in one run
        self.touched = 0
        self._frozen_row = 0
        self._stalls = False  # each run meets a CPU that comes late
        self._stalled_run = 0
        self._limp = -1  # the axis at which the self-test does not pull
        self._watched: "tuple[Any, ...] | None" = None  # what motion() has said
        self._engine: "Motion | None" = None
        self._moved = False  # told until it is taken

        self._fifo = self.FIFO()
        self._rate_hz = 0.0  # 0: powered down
        self._played_hz = 0.0  # the last rate at which it was not
        self._begin_us = 0  # when the sample before the first was due
        self._made = 0  # samples since the start of measurement
        self._base = 0  # index of the first of them in the source
        self._unplayed = 0  # the source's next sample that nobody has seen yet
        self._fresh = False  # a sample nobody has read
        self._lost = False  # overwritten before it was read
        self._taken = False  # an entry has left the FIFO in this pass over the data registers
        self._event_us: "int | None" = None

        self._run = 0
        self._served = 0  # entries read in this run
        self._log = array("h", [0] * (3 * _LOGGED))
        self._logged = 0

    # --- what the registers say

    def odr_hz(self) -> float:
        """The nominal rate, 0 for powered down."""
        raise NotImplementedError

    def fifo_mode(self) -> int:
        """BYPASS, FIFO_MODE or STREAM of sim/chips/fifo.py."""
        raise NotImplementedError

    def watermark(self) -> int:
        """At how many entries WATERMARK is told; 0: never."""
        raise NotImplementedError

    def routes(self) -> "tuple[int, int, int]":
        """What drives INT1, what INT2 (READY | WATERMARK | …), and the level of an idle line."""
        raise NotImplementedError

    def unsettled(self) -> int:
        """How many samples after the start are not to be used yet."""
        return 0

    def power_up(self) -> None:
        """All registers as after power-on."""
        raise NotImplementedError

    def convert(self) -> None:
        """Tell the sampler what the registers say."""
        raise NotImplementedError

    def motion(self) -> "tuple[Any, ...] | None":
        """What Motion (sim/chips/motion.py) is made of; None: the chip does not watch."""
        return None

    # --- what the world asks

    def next_event_us(self) -> "int | None":
        """When an interrupt line changes without an access; None: never."""
        return self._event_us

    def advance(self, _now_us: int) -> None:
        """The clock has reached next_event_us()."""
        self._sync()
        self._drive()

    def inject(self, kind: str, fault: "dict[str, Any] | None") -> None:
        """A fault of docs/architecture.md begins, as the schedule says, or ends: None."""
        self._sync()
        on = fault is not None
        if on:
            self.touched = self._frozen_row = 0
        if kind == "unplugged":
            self._lose_supply()
        elif kind == "wrong_identity":
            self._other_chip = on
        elif kind == "stuck":
            self.sampler.frozen = on
        elif kind == "overrun":
            self._stalls = on
        elif kind == "clipping":
            self.sampler.amplify(fault["factor"] if fault is not None else 1.0)
        elif kind == "mounting":
            self.sampler.turn(fault["orientation"] if fault is not None else None)
        elif kind == "self_test":
            self._limp = "xyz".index(fault["axis"]) if fault is not None else -1
            self.convert()
        self._drive()

    def identity_lost(self) -> bool:
        """Whether another chip answers, now that it is asked who it is."""
        self.touched += self._other_chip
        return self._other_chip

    def pulled(self, *g: float) -> "tuple[float, ...]":
        """What the self-test does to the axes, but for one that does not follow."""
        return tuple([0.0 if axis == self._limp else g[axis] for axis in range(3)])

    def _lose_supply(self) -> None:
        """All that it held is gone; it will be powered down when the supply is back."""
        self._write_log()
        self.power_up()
        self._fifo.set_mode(BYPASS)
        self._follow()
        self._fresh = self._lost = False
        self._made = 0
        self.sampler.clear()

    def begin(self) -> None:
        self._taken = False
        self._sync()

    def end(self) -> None:
        self._drive()

    # --- time

    def _follow(self) -> None:
        """The registers have been written: rate and FIFO mode are theirs from now on."""
        was_running = self._rate_hz > 0 and self._fifo.mode != BYPASS
        mode, rate_hz = self.fifo_mode(), self.odr_hz() * self._clock
        if mode != self._fifo.mode:
            self._fifo.set_mode(mode)
            self._lost = False
        changed = rate_hz != self._rate_hz
        starts = changed and not self._rate_hz
        self._rate_hz = rate_hz
        if rate_hz and changed:
            self._begin_measuring()
        if rate_hz and (starts or (mode != BYPASS and not was_running)):
            self._run += 1
            self._served = self._frozen_row = 0
        watched = self.motion() if rate_hz else None
        if watched != self._watched or (watched and changed):
            self._watched = watched
            self._moved = False
            self._engine = Motion(*watched) if watched else None
            if self._engine is not None:
                self._engine.next = self._made

    def _begin_measuring(self) -> None:
        if self._played_hz:  # the source goes on at the same moment, with another index
            self._unplayed = int(self._unplayed * self._rate_hz / self._played_hz)
        self._played_hz = self._rate_hz
        # A record of a source goes on where the last one was read to: what is served depends on
        # what the program does, and never on how long its network took meanwhile.
        self._begin_us = self._world.now_us() + self.START_US
        self._made = 0
        self._base = self._unplayed
        self._fresh = False

    def _due_us(self, made: int) -> int:
        """When the chip will have made so many samples."""
        due_us = self._begin_us + int(made * 1e6 / self._rate_hz)
        while self._made_at(due_us) < made:
            due_us += 1
        return due_us

    def _made_at(self, now_us: int) -> int:
        return max(0, int((now_us - self._begin_us) * self._rate_hz * 1e-6))

    def _sync(self) -> None:
        """Do what the chip has done since the last look."""
        if not self._rate_hz:
            return
        made = self._made_at(self._world.now_us())
        if made == self._made:
            return
        if self._fifo.mode != BYPASS:
            self._push(made)
        elif self._fresh or made - self._made > 1:
            self._lost = True
        self._made = made
        self._fresh = True
        self._watch()

    def _push(self, made: int) -> None:
        """The samples up to made - 1 go to the FIFO."""
        more = self._fifo.count + made - self._made
        if self._fifo.mode == STREAM and more > self._fifo.LEVELS:
            self._lost = True
        self._fifo.push(self._made, made)

    # --- motion

    def _watch(self) -> None:
        """Look at what was made for motion; the source goes on with it."""
        engine = self._engine
        if engine is None:
            return
        self._unplayed = self._base + self._made
        engine.look(self._feel, self._made)
        while 0 <= engine.found < self._made:
            self._moved = True
            engine.found = -1
            engine.look(self._feel, self._made)

    def _feel(self, made: int) -> "tuple[float, float, float]":
        part = 1.0 if made >= self.unsettled() else _UNSETTLED_PART
        return self.sampler.peek_g(self._base + made, self._rate_hz, part)

    def take_motion(self) -> bool:
        """Whether there was motion since this was last asked."""
        moved, self._moved = self._moved, False
        return moved

    # --- stalls

    def _stall(self) -> None:
        """Let a CPU come too late for the FIFO, once a run, as if other work had kept it."""
        if not self._stalls or self._stalled_run == self._run or self._served < _STALL_AFTER:
            return
        self._stalled_run = self._run
        self.touched += 1
        samples = self._fifo.LEVELS * 3 // 2  # more than the FIFO holds, whatever the watermark
        self._world.advance_us(int(samples * 1e6 / self._rate_hz))
        self._sync()

    # --- interrupts

    def sources(self) -> int:
        """What is the case now: READY | WATERMARK | FULL | OVERRUN."""
        count, watermark = self._fifo.count, self.watermark()
        bits = READY if self._fresh else 0
        if watermark and count >= watermark:
            bits |= WATERMARK
        if count >= self._fifo.LEVELS:
            bits |= FULL
        if self._moved:
            bits |= MOVED
        return bits | OVERRUN if self._lost else bits

    def _drive(self) -> None:
        """Put the lines at their levels, and work out when they will change."""
        int1, int2, idle = self.routes()
        active = self.sources() & (int1 | int2)
        self._put_line(0, idle ^ 1 if active & int1 else idle)
        self._put_line(1, idle ^ 1 if active & int2 else idle)
        self._event_us = self._next_change_us((int1 | int2) & ~active)

    def _put_line(self, line: int, level: int) -> None:
        if level == self._levels[line]:
            return
        self._levels[line] = level
        number = self._wires[line]
        if number is not None:
            self._world.pin(number, level)

    def _next_change_us(self, waiting: int) -> "int | None":
        """When the next of what the lines wait for will be the case."""
        if not waiting or not self._rate_hz:
            return None
        fifo, more = self._fifo, _NEVER
        if waiting & READY:
            more = 1
        if waiting & MOVED and self._engine is not None:
            self._engine.look(self._feel, self._made + _AHEAD)
            found = self._engine.found
            more = min(more, found + 1 - self._made if found >= 0 else _AHEAD)
        if fifo.mode != BYPASS:
            watermark = self.watermark() if waiting & WATERMARK else 0
            if watermark:
                more = min(more, watermark - fifo.count)
            if waiting & FULL:
                more = min(more, fifo.LEVELS - fifo.count)
            if waiting & OVERRUN and fifo.mode == STREAM:
                more = min(more, fifo.LEVELS + 1 - fifo.count)
        return None if more == _NEVER else self._due_us(self._made + max(1, more))

    # --- data

    def _take(self) -> None:
        """Bring the oldest entry (in bypass: the newest sample) to the data registers."""
        self._taken = True
        if self._fifo.mode == BYPASS:
            if self._made:
                self._load(self._made - 1)
            self._fresh = self._lost = False
            return
        if self._fifo.count:
            self._load(self._fifo.pop())
            self._note_served()
            self._lost = False
        self._fresh = self._fifo.count > 0

    def _load(self, made: int) -> None:
        """The digits of the sample with this number since the start of measurement."""
        index = self._base + made
        self._unplayed = index + 1
        part = 1.0 if made >= self.unsettled() else _UNSETTLED_PART
        self.sampler.load(index, self._rate_hz or self._played_hz, part)

    # --- the log of what was served

    def _note_served(self) -> None:
        at = 3 * self._logged
        for axis in range(3):
            self._log[at + axis] = self.sampler.digits[axis] >> self.LOG_SHIFT
        self._logged += 1
        self._served += 1
        if self.sampler.frozen:
            self._frozen_row += 1
            self.touched = max(self.touched, self._frozen_row)
        if self._logged == _LOGGED:
            self._write_log()

    def _write_log(self) -> None:
        if self._logged:
            frames = memoryview(self._log)[: 3 * self._logged]
            first = self._served - self._logged
            self._logged = 0
            self._world.log_samples(self._name, self._run, first, frames)
