"""ADXL345 at register level: Analog Devices data sheet, rev. G.

Modelled: registers and their reset values, standby and measure, every rate and range, full
resolution and 10 bit, justification, offsets, self-test, the FIFO in its four modes, watermark,
overrun and data-ready interrupts on both pins, clock error, noise.  Not modelled: tap, activity
and free-fall detection, sleep, three-wire SPI (their registers only remember).

Nothing runs in the background: what the chip has done since is worked out when somebody looks, so
a sample that nobody reads costs nothing.
"""

import math
from array import array

from sim.chips.fifo import BYPASS, Fifo
from sim.chips.framing import RegisterChip
from sim.noise import NORMAL, mix
from sim.signals import source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    Buffer = bytearray | memoryview

    class World(Protocol):
        def now_us(self) -> int: ...
        def advance_us(self, span_us: int) -> None: ...
        def pin(self, number: int, level: int) -> None: ...
        def open_file(self, path: str, mode: str) -> Any: ...
        def log_samples(
            self, name: str, run: int, first: int, frames: memoryview, axes: int = 3
        ) -> None: ...


# Table 19
_DEVID = 0x00
_ID = 0xE5
_FIRST_RW = 0x1D  # 0x01…0x1C are reserved
_OFSX = 0x1E
_ACT_TAP_STATUS = 0x2B
_BW_RATE = 0x2C
_POWER_CTL = 0x2D
_INT_ENABLE = 0x2E
_INT_MAP = 0x2F
_INT_SOURCE = 0x30
_DATA_FORMAT = 0x31
_DATAX0 = 0x32
_DATAZ1 = 0x37
_FIFO_CTL = 0x38
_FIFO_STATUS = 0x39
_READ_ONLY = (_DEVID, _ACT_TAP_STATUS, _INT_SOURCE, _FIFO_STATUS)
_RESET = ((_DEVID, _ID), (_BW_RATE, 0x0A), (_INT_SOURCE, 0x02))

_DATA_READY = 0x80  # INT_ENABLE, INT_MAP, INT_SOURCE
_WATERMARK = 0x02
_OVERRUN = 0x01
_MEASURE = 0x08  # POWER_CTL
_LOW_POWER = 0x10  # BW_RATE
_SELF_TEST, _INT_INVERT, _FULL_RES, _JUSTIFY = 0x80, 0x20, 0x08, 0x04  # DATA_FORMAT

_START_US = 1100  # table 1, note 6: the first sample comes 1.1 ms + 1/ODR after the start
_FULL_ODR_HZ = 3200.0  # table 7: halved for each step below rate code 15
_FAST_CODE = 14  # from 1600 Hz on
_DIGITS_PER_G = 256  # table 1
_OFFSET_DIGITS = 4  # "Register 0x1E…": 15.6 mg a step
_SELF_TEST_DIGITS = (200, -200, 300)  # within table 15 (2.5 V)
_NOISE_DIGITS = (
    0.75,
    0.75,
    1.1,
)  # table 1, RMS up to 100 Hz; above by the square root of the rate
_NOISE_LOW_POWER_DIGITS = (1.8, 1.8, 2.6)  # "Noise Performance"
_NOISE_CODE = 10  # of 100 Hz
_CHUNK = 16  # samples that are computed at once
_LOGGED = 32  # samples that are logged at once
_STALL_AFTER = 8  # entries of a run: its settling is over
_STALL_SAMPLES = 48  # more than the FIFO and its watermark hold


class Twin(RegisterChip):
    """One chip.

    config: name; int1, int2 (pin numbers or None); clock_error_ppm; noise (whether it has any);
    seed; orientation: which axis of the source x, y and z see, as "xyz" or "-zyx"; source: see
    sim/signals.py.
    """

    def __init__(self, config: "dict[str, Any]", world: "World") -> None:
        super().__init__()
        self._world = world
        self._name = config["name"]
        self._lines = (config.get("int1"), config.get("int2"))
        self._levels = [0, 0]
        self._clock = 1 + config.get("clock_error_ppm", 0) * 1e-6
        self._noisy = config.get("noise", True)
        self._seed = mix(config.get("seed", 1))
        self._mounted = config.get("orientation", "xyz")
        self._axes, self._signs = _orientation(self._mounted)
        self._source = source(config["source"], world.open_file)

        self._frozen = False  # the data registers keep their values
        self._stalls = False  # each run meets a CPU that comes late
        self._stalled_run = 0
        self._gain = 1.0

        self._regs = bytearray(_FIFO_STATUS + 1)
        for reg, value in _RESET:
            self._regs[reg] = value
        self._fifo = Fifo()
        self._begin_us = 0  # when the sample before the first was due
        self._rate_hz = 0.0
        self._made = 0  # samples since the start of measurement
        self._base = 0  # index of the first of them in the source
        self._unplayed = 0  # the source's next sample that nobody has seen yet
        self._fresh = False  # data ready
        self._lost = False  # overrun
        self._taken = False  # an entry left the FIFO in this transaction
        self._event_us: "int | None" = None

        self._chunk = -1  # number of the chunk in _g
        self._g = array("f", [0.0] * (3 * _CHUNK))
        self._digits = array("h", [0, 0, 0])
        self._conversion: "tuple[Any, int, int, int, int] | None" = None
        self._run = 0
        self._served = 0  # entries read in this run
        self._log = array("h", [0] * (3 * _LOGGED))
        self._logged = 0
        self._set_rate()

    # --- what the world asks

    def next_event_us(self) -> "int | None":
        """When an interrupt line changes without an access; None: never."""
        return self._event_us

    def advance(self, _now_us: int) -> None:
        """The clock has reached next_event_us()."""
        self._sync()
        self._drive()

    def trigger(self) -> None:
        """The event that trigger mode waits for."""
        self._sync()
        self._fifo.trigger(self._regs[_FIFO_CTL] & 0x1F)
        self._drive()

    # --- faults, docs/architecture.md

    def inject(self, kind: str, fault: "dict[str, Any] | None") -> None:
        """A fault begins, as its row of the schedule says, or ends: None."""
        self._sync()
        on = fault is not None
        self._conversion = None
        if kind == "unplugged":
            self._lose_supply()
        elif kind == "wrong_identity":
            self._regs[_DEVID] = 0 if on else _ID
        elif kind == "stuck":
            self._frozen = on
        elif kind == "overrun":
            self._stalls = on
        elif kind == "clipping":
            self._gain = fault["factor"] if fault is not None else 1.0
        elif kind == "mounting":
            turned = fault["orientation"] if fault is not None else self._mounted
            self._axes, self._signs = _orientation(turned)
        self._drive()

    def _lose_supply(self) -> None:
        """All that it held is gone; it will be in standby when the supply is back."""
        self._write_log()
        for reg in range(len(self._regs)):
            self._regs[reg] = 0
        for reg, value in _RESET:
            self._regs[reg] = value
        self._fifo.set_mode(BYPASS)
        self._fresh = self._lost = False
        self._made = 0
        for axis in range(3):
            self._digits[axis] = 0
        self._set_rate()

    # --- transactions

    def begin(self) -> None:
        self._taken = False
        self._sync()

    def end(self) -> None:
        self._drive()

    def read_register(self, reg: int) -> int:
        if _DATAX0 <= reg <= _DATAZ1:
            if not self._taken:
                self._take()
            return self._digits[(reg - _DATAX0) >> 1] >> (8 * (reg & 1)) & 0xFF
        self._write_log()
        if reg == _INT_SOURCE:
            return self._sources()
        if reg == _FIFO_STATUS:
            self._stall()
            return self._fifo.count
        return self._regs[reg] if reg <= _FIFO_STATUS else 0

    def write_register(self, reg: int, value: int) -> None:
        self._write_log()
        data = _DATAX0 <= reg <= _DATAZ1
        if reg in _READ_ONLY or data or not _FIRST_RW <= reg <= _FIFO_STATUS:
            return
        was_measuring, was_running = self._measuring(), self._running()
        old, self._regs[reg] = self._regs[reg], value
        self._conversion = None
        if reg == _FIFO_CTL and (old ^ value) & 0xC0:
            self._fifo.set_mode(value >> 6)
            self._lost = False
        if reg == _BW_RATE and old != value:
            self._set_rate()
        if self._measuring() and (not was_measuring or (reg == _BW_RATE and old != value)):
            self._begin_measuring()
        if self._measuring() and (not was_measuring or (self._running() and not was_running)):
            self._run += 1
            self._served = 0

    # --- time

    def _measuring(self) -> bool:
        return bool(self._regs[_POWER_CTL] & _MEASURE)

    def _running(self) -> bool:
        return self._measuring() and self._fifo.mode != BYPASS

    def _set_rate(self) -> None:
        rate_hz = _FULL_ODR_HZ / (1 << 15 - (self._regs[_BW_RATE] & 0x0F)) * self._clock
        if self._rate_hz:  # the source goes on at the same moment, with another index
            self._unplayed = int(self._unplayed * rate_hz / self._rate_hz)
        self._rate_hz = rate_hz
        self._chunk = -1

    def _begin_measuring(self) -> None:
        # A record of a source goes on where the last one was read to: what is served depends on
        # what the program does, and never on how long its network took meanwhile.
        self._begin_us = self._world.now_us() + _START_US
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
        if not self._measuring():
            return
        made = self._made_at(self._world.now_us())
        if made == self._made:
            return
        if self._fifo.mode:
            self._lost = self._fifo.push(self._made, made) or self._lost
        elif self._fresh or made - self._made > 1:
            self._lost = True
        self._made = made
        self._fresh = True

    def _stall(self) -> None:
        """Let a CPU come too late for the FIFO, once a run, as if other work had kept it."""
        if not self._stalls or self._stalled_run == self._run or self._served < _STALL_AFTER:
            return
        self._stalled_run = self._run
        self._world.advance_us(int(_STALL_SAMPLES * 1e6 / self._rate_hz))
        self._sync()

    # --- interrupts

    def _sources(self) -> int:
        bits = _DATA_READY if self._fresh else 0
        if self._fifo.count >= self._regs[_FIFO_CTL] & 0x1F:  # a watermark of 0: at once
            bits |= _WATERMARK
        return bits | _OVERRUN if self._lost else bits

    def _drive(self) -> None:
        """Put the lines at their levels, and work out when they will change."""
        enabled = self._regs[_INT_ENABLE]
        if not enabled and not self._levels[0] and not self._levels[1]:
            self._event_us = None
            return
        active = self._sources() & enabled
        on_int2 = self._regs[_INT_MAP]
        idle = 1 if self._regs[_DATA_FORMAT] & _INT_INVERT else 0
        for line, bits in enumerate((active & ~on_int2, active & on_int2)):
            level = idle ^ 1 if bits else idle
            if level != self._levels[line]:
                self._levels[line] = level
                number = self._lines[line]
                if number is not None:
                    self._world.pin(number, level)
        self._event_us = self._next_change_us(enabled & ~active)

    def _next_change_us(self, waiting: int) -> "int | None":
        more = 0
        if self._measuring():
            count = self._fifo.count
            if waiting & _DATA_READY:
                more = 1
            if self._fifo.mode and waiting & _OVERRUN:
                more = min(more or 64, max(1, Fifo.LEVELS - count))
            if self._fifo.mode and waiting & _WATERMARK:
                more = min(more or 64, (self._regs[_FIFO_CTL] & 0x1F) - count)
        return self._due_us(self._made + more) if more else None

    # --- data

    def _take(self) -> None:
        """Bring the oldest entry (in bypass: the newest sample) to the data registers."""
        self._taken = True
        if self._fifo.mode:
            if self._fifo.count:
                self._load(self._fifo.pop())
                self._note_served()
                self._lost = self._lost and self._fifo.count >= Fifo.LEVELS
            self._fresh = self._fifo.count > 0
        else:
            if self._made:
                self._load(self._made - 1)
            self._fresh = self._lost = False

    def _load(self, made: int) -> None:
        """The digits of the sample with this number since the start of measurement."""
        index = self._base + made
        self._unplayed = index + 1
        if self._frozen:
            return
        if index // _CHUNK != self._chunk:
            self._chunk = index // _CHUNK
            self._source.fill(self._chunk * _CHUNK, _CHUNK, self._rate_hz, self._g)
        at = index % _CHUNK * 3
        axes, divisor, rail, mask, factor = self._conversion or self._convert()
        g, noisy, out = self._g, self._noisy, self._digits
        key = self._seed + 2 * index
        bits = mix(key & 0xFFFFFFFF) | (mix(key + 1 & 0xFFFFFFFF) & 0xFFFF) << 32
        for axis in range(3):
            source, scale, noise, offset = axes[axis]
            value = g[at + source] * scale + offset
            if noisy:
                value += (NORMAL[bits & 0xFF] + NORMAL[bits >> 8 & 0xFF]) * noise
                bits >>= 16
            value = value / divisor + 0.5
            # Beyond the range the converter stays at its rail (and a float may not fit an int).
            digits = rail - 1 if value >= rail else -rail if value < -rail else math.floor(value)
            out[axis] = (digits & mask) * factor

    def _convert(self) -> "tuple[Any, int, int, int, int]":
        """How the registers turn g into digits, until one of them is written."""
        form, code = self._regs[_DATA_FORMAT], self._regs[_BW_RATE]
        coarser = 0 if form & _FULL_RES else form & 3
        rail = _DIGITS_PER_G << ((form & 3) + 1 - coarser)
        fast = code & 0x0F >= _FAST_CODE and (form & _FULL_RES or not form & 3)
        axes = []
        for axis in range(3):
            offset = _OFFSET_DIGITS * ((self._regs[_OFSX + axis] ^ 0x80) - 0x80)
            if form & _SELF_TEST:
                offset += _SELF_TEST_DIGITS[axis]
            scale = self._signs[axis] * self._gain * _DIGITS_PER_G
            axes.append((self._axes[axis], scale, self._noise(axis, code), offset))
        self._conversion = (
            tuple(axes),
            1 << coarser,
            rail,
            ~1 if fast else ~0,
            32768 // rail if form & _JUSTIFY else 1,
        )
        return self._conversion

    def _noise(self, axis: int, code: int) -> float:
        if code & _LOW_POWER:
            return _NOISE_LOW_POWER_DIGITS[axis]
        doublings = max(0, (code & 0x0F) - _NOISE_CODE)
        return _NOISE_DIGITS[axis] * math.sqrt(1 << doublings)

    # --- the log of what was served

    def _note_served(self) -> None:
        at = 3 * self._logged
        for axis in range(3):
            self._log[at + axis] = self._digits[axis]
        self._logged += 1
        self._served += 1
        if self._logged == _LOGGED:
            self._write_log()

    def _write_log(self) -> None:
        if self._logged:
            frames = memoryview(self._log)[: 3 * self._logged]
            first = self._served - self._logged
            self._logged = 0
            self._world.log_samples(self._name, self._run, first, frames)


def _orientation(text: str) -> "tuple[list[int], list[int]]":
    """Axis and sign that each of x, y, z sees.  Raises ValueError."""
    axes: "list[int]" = []
    signs: "list[int]" = []
    sign = 1
    for letter in text:
        if letter == "-":
            sign = -1
        elif letter in "xyz" and len(axes) < 3:
            axes.append("xyz".index(letter))
            signs.append(sign)
            sign = 1
        else:
            raise ValueError("orientation", text, "xyz in any order, each with or without '-'")
    if len(axes) != 3:
        raise ValueError("orientation", text, "xyz in any order, each with or without '-'")
    return axes, signs
