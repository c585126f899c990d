"""What drivers of accelerometers with a FIFO have in common, whoever made the chip.

Identity, choice of rate and range, scales, bursts, the proof that settings have not been lost,
self-test and wake on motion.  A driver has its registers, and overrides what is marked so below.
"""

import time

from node.drivers.errors import DeviceMismatch, SensorReset
from node.drivers.shared import choose, stillness, with_rounding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Any

    from node.drivers.bus import RegisterBus

    Fact = tuple[str, float, float, float]


class Accelerometer:
    """A chip with its FIFO streaming.  Class attributes are facts of the chip, with its sources.

    identity: (register, value) that say what it is; most_hz: the highest clock of each kind of
    bus; defaults: rate and range after __init__; rates, ranges: rows that begin with them;
    bits_a_sample: clocks of the bus for a sample, with what is kept free; frame_bytes and
    longest_burst: 1 << longest_burst frames are read at once; grain: where more samples wait,
    capture takes a multiple of it, since each burst takes its time; proof_reg: a register that is
    lost with the supply, off: what stop() writes to which; kept: (register, value) of what
    start() has written and stop() leaves, other than after power-on.
    test_settings: rate and range of the self-test, test_code: what sets it going, test_limits_g:
    least and most change of each axis, test_signed: whether they say in which direction.
    motion: rows of (step_g, most steps, code) of the threshold, the finest first, each a range;
    motion_least_g: seven times what the noise gives its engine, RMS: once in months.
    """

    chip = ""
    axes = 3
    identity: "tuple[tuple[int, int], ...]" = ()
    most_hz: "dict[str, int]" = {}
    multiple = 0  # SPI: what tells the chip to count its registers up
    read_last = False
    defaults: "tuple[float, int]" = (0, 0)
    rates: "tuple[tuple[Any, ...], ...]" = ()
    ranges: "tuple[tuple[Any, ...], ...]" = ()
    bits_a_sample = 0
    frame_bytes = 6
    longest_burst = 0
    fifo_depth = 0
    grain = 1
    watermark_interrupt = True
    own_noise_g_rthz = 0.0
    settling_us = 0
    settling_samples = 0
    proof_reg = 0
    off = (0, 0)
    kept: "tuple[int, ...]" = ()
    test_settings: "tuple[float, int]" = (0, 0)
    test_code = 0
    test_settle_us = 100_000
    test_limits_g: "tuple[tuple[float, float], ...]" = ()
    test_signed = False
    motion: "tuple[tuple[float, int, int], ...]" = ()
    motion_least_g = 0.0
    motion_settle_us = 100_000

    line_used = True  # somebody looks at the interrupt line; else it need not be let go of
    odr_hz: float
    range_g: int
    watermark: int
    period_us: int
    g_per_digit: float
    bandwidth_hz: float
    full_scale_digits: int
    rail_low: int
    rail_high: int
    noise_g_rthz: float
    still_samples: int
    still_frames: int
    _proof: int  # what start() leaves in proof_reg

    def __init__(self, bus: "RegisterBus") -> None:
        """Raises DeviceMismatch where another chip answers, OSError where none does, ValueError
        for a bus that the chip does not speak, or that is too fast.
        """
        if bus.kind not in self.most_hz:
            raise ValueError("bus.kind", bus.kind, sorted(self.most_hz))
        if bus.rate_hz > self.most_hz[bus.kind]:
            raise ValueError("bus.rate_hz", bus.rate_hz, self.most_hz[bus.kind])
        bus.multiple, bus.read_last = self.multiple, self.read_last
        self._bus = bus
        self._one, self._two = bytearray(1), bytearray(2)
        self._raw = bytearray(self.frame_bytes << self.longest_burst)
        view = memoryview(self._raw)
        # Slicing allocates: one view for bursts of 1, 2, 4 … frames, made once.
        self._bursts = [view[: self.frame_bytes << i] for i in range(self.longest_burst + 1)]
        self._test = 0  # test_code while the self-test pulls at the axes
        self._armed = -1  # what arm_motion() leaves in the register that it proves
        self._marked = False  # the chip has to hold what kept says
        self.streaming = False  # from start() to stop(): the FIFO fills between two readings
        self._prove_identity()
        odr_hz, range_g = self.defaults
        rate = choose("odr_hz", odr_hz, self.rates)
        self._apply(rate, choose("range_g", range_g, self.ranges))

    # --- what a driver overrides

    def _apply(self, rate: "Any", scale: "Any") -> None:
        """Take a row of rates and one of ranges for what _begin() writes; calls _scale()."""
        raise NotImplementedError

    def _begin(self) -> None:
        """Write every register, empty the FIFO and let it stream, testing where _test says so."""
        raise NotImplementedError

    def entries(self) -> int:
        """Whole samples that wait; more than fifo_depth + 1: a broken bus.  Raises OSError."""
        raise NotImplementedError

    def overrun(self) -> bool:
        """Whether samples may have been lost since it was last asked.  Raises OSError."""
        raise NotImplementedError

    def _fetch(
        self, power: int, x: "array[int]", y: "array[int]", z: "array[int]", at: int
    ) -> None:
        """Take 1 << power samples in one burst to x, y, z from index at on.  Raises OSError."""
        raise NotImplementedError

    def _arm(self, steps: int, code: int) -> "tuple[int, int]":
        """Set the chip's engine for motion going; (register, value) that prove that it is."""
        raise NotImplementedError

    def _hold(self) -> None:
        """All is settled: an engine that compares with what is felt now may take it."""

    def _take_event(self) -> bool:
        """Whether the engine has seen motion since this was last asked.  Raises OSError."""
        raise NotImplementedError

    # --- settings

    def configure(self, odr_hz: "float | None" = None, range_g: "int | None" = None) -> None:
        """Choose rate and range; start() writes them.  Raises ValueError(key, value, allowed).

        None: as it was.
        """
        odr_hz = self.odr_hz if odr_hz is None else odr_hz
        range_g = self.range_g if range_g is None else range_g
        rate = choose("odr_hz", odr_hz, [row for row in self.rates if self._carries(row[0])])
        self._apply(rate, choose("range_g", range_g, self.ranges))

    def _carries(self, odr_hz: float) -> bool:
        """Whether the bus is fast enough for the rate."""
        return odr_hz * self.bits_a_sample <= self._bus.rate_hz

    def _scale(
        self,
        odr_hz: float,
        range_g: int,
        watermark: int,
        bandwidth_hz: float,
        g_per_digit: float,
        full: int,
        most: int,
        step: int = 1,
    ) -> None:
        """What capture and features read.

        full: digits of the range; most: the converter's largest digit; step: that of its digits.
        """
        self.odr_hz, self.range_g, self.watermark = odr_hz, range_g, watermark
        self.period_us = int(1_000_000 / odr_hz)
        self.bandwidth_hz, self.g_per_digit, self.full_scale_digits = (
            bandwidth_hz,
            g_per_digit,
            full,
        )
        # What is beyond the range is clipped, even where the word would hold more.
        self.rail_high = min(full, most) // step * step
        self.rail_low = max(-full, -most - 1) // step * step
        own_g, step_g = self.own_noise_g_rthz, step * g_per_digit
        self.noise_g_rthz = with_rounding(own_g, step_g, odr_hz)
        self.still_samples, self.still_frames = stillness(own_g * bandwidth_hz**0.5 / step_g)

    @property
    def fifo_us(self) -> int:
        """How long the FIFO holds what comes before it overflows."""
        return self.fifo_depth * self.period_us

    # --- records

    def start(self) -> None:
        """Write every register, empty the FIFO and let it stream.

        All of it each time: the chip may have lost its supply since.
        Raises DeviceMismatch, OSError.
        """
        self._prove_identity()
        self._armed = -1
        self._begin()
        self.streaming = self._marked = True

    def prove_settings(self) -> None:
        """Raises SensorReset where the chip is no more as start() has left it, OSError."""
        # After a failure of its supply it is powered down; an SPI bus without a chip reads 0.
        self._prove(self.proof_reg, self._proof)

    def prove_kept(self) -> None:
        """Between records: this chip is there, and has not lost its supply since the last time.

        Raises DeviceMismatch, SensorReset, OSError.
        """
        self._prove_identity()
        if not self.kept:
            return
        reg, value = self.kept
        if self._marked:
            self._prove(reg, value)
        else:  # a chip that sleeps need not take it
            self._bus.write(reg, value)
            self._marked = self._read(reg) == value

    def stop(self) -> None:
        """Standby.  Raises OSError."""
        self.streaming = False
        reg, value = self.off
        self._bus.write(reg, value)

    def read_into(
        self, x: "array[int]", y: "array[int]", z: "array[int]", at: int, count: int
    ) -> None:
        """Take count samples from the FIFO to x, y, z (digits) from index at on.

        count: 0 to fifo_depth, and no more than entries().  Raises OSError; what the blocks hold
        is then of no use.
        """
        self._check(x, y, z, at, count, self.fifo_depth)
        power = self.longest_burst
        while count:
            while 1 << power > count:
                power -= 1
            self._fetch(power, x, y, z, at)
            at += 1 << power
            count -= 1 << power

    def _check(
        self, x: "array[int]", y: "array[int]", z: "array[int]", at: int, count: int, most: int
    ) -> None:
        end = at + count
        if at < 0 or count < 0 or count > most or end > len(x) or end > len(y) or end > len(z):
            raise ValueError("count", count, most)

    # --- self-test

    def self_test(self, clock: "Any" = time) -> "tuple[bool, list[Fact]]":
        """Pull at the axes from inside the chip: (passed, [(axis, change_g, least_g, most_g)]).

        Passed: each axis changes by what its data sheet says.  The machine should stand still.
        Takes half a second at most and leaves the chip in standby, its settings as they were.
        clock: sleep_us.  Raises OSError, SensorTimeout, DeviceMismatch, ValueError for a bus that
        does not carry the rate of the test.
        """
        from node.drivers import self_test  # here: it is seldom asked for

        return self_test.run(self, clock)

    def _test_limits_g(self) -> "tuple[tuple[float, float], ...]":
        return self.test_limits_g

    # --- wake on motion

    def arm_motion(self, threshold_g: float, clock: "Any" = time) -> float:
        """Let the chip itself watch for motion: the threshold that it has taken, in g.

        The next step at or above it, of the finest range that has one; what a chip compares with
        it is said in its driver.  int1 goes high with the event, where it is wired, until moved()
        is asked.  disarm() or start() ends it.
        Raises ValueError(key, value, (least, most)), OSError, DeviceMismatch.
        """
        fit = [
            (step_g, _steps(threshold_g, step_g), code)
            for step_g, most, code in self.motion
            if _steps(threshold_g, step_g) <= most
        ]
        if not fit or threshold_g < self.motion_least_g:
            raise ValueError("threshold_g", threshold_g, self.motion_limits_g())
        step_g, steps, code = fit[0]
        self._prove_identity()
        self.streaming = self._marked = False
        self._armed_reg, self._armed = self._arm(steps, code)
        clock.sleep_us(self.motion_settle_us)
        self._hold()
        self._take_event()  # what switching on has looked like
        return steps * step_g

    def motion_limits_g(self) -> "tuple[float, float]":
        """The least and the most threshold of arm_motion()."""
        step_g, most, _ = self.motion[-1]
        return self.motion_least_g, step_g * most

    def moved(self) -> bool:
        """Whether there was motion since this was last asked.

        Raises OSError, SensorReset where the chip does not watch any more.
        """
        self._prove(self._armed_reg, self._armed)
        return self._take_event()

    def disarm(self) -> None:
        """Standby, without watching.  Raises OSError."""
        self._armed = -1
        self.stop()

    # --- registers

    def _prove(self, reg: int, expected: int) -> None:
        got = self._read(reg)
        if got != expected:
            raise SensorReset(self.chip, reg, expected, got)

    def _prove_identity(self) -> None:
        for reg, expected in self.identity:
            got = self._read(reg)
            if got != expected:
                raise DeviceMismatch(self.chip, expected, got)

    def _read(self, reg: int) -> int:
        self._bus.read_into(reg, self._one)
        return self._one[0]


def _steps(threshold_g: float, step_g: float) -> int:
    """The least number of steps that reach a threshold, but for what decimals lose in 32 bits."""
    steps = int(threshold_g / step_g)
    return steps if steps * step_g >= threshold_g * (1 - 1e-6) else steps + 1
