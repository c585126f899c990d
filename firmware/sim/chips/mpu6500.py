"""MPU-6500 at register level: InvenSense RM-MPU-6500A-00 rev. 2.1, PS-MPU-6500A-01 rev. 1.1.

Modelled: registers and their reset values, sleep, reset, the accelerometer's rates, filters and
ranges, its FIFO in bytes (which an overflow leaves with part of a sample at its head), data-ready
and overflow on the pin, wake on motion, self-test, clock error, noise.  Not modelled: gyroscope
and temperature (their registers only remember, and add nothing to the FIFO), CYCLE, FIFO_MODE, the
auxiliary I2C master, the DMP, pulses of the pin: it stays as with LATCH_INT_EN.

Where it is left open, the twin does what is harder for a driver: a FIFO that is switched off
keeps what it has, INT_STATUS shows an overflow only where INT_ENABLE has it.
"""

import math

from sim.chips.accelerometer import MOVED, OVERRUN, READY, Accelerometer, Levels
from sim.chips.fifo import BYPASS, STREAM
from sim.chips.motion import DIFFERENCE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.chips.accelerometer import World

    Buffer = bytearray | memoryview

_SMPLRT_DIV = 0x19  # register 25
_CONFIG = 0x1A  # 26
_GYRO_CONFIG = 0x1B  # 27
_ACCEL_CONFIG = 0x1C  # 28
_ACCEL_CONFIG2 = 0x1D  # 29
WOM_THR = 0x1F  # 31
_FIFO_EN = 0x23  # 35
_INT_PIN_CFG = 0x37  # 55
_INT_ENABLE = 0x38  # 56
_INT_STATUS = 0x3A  # 58
_ACCEL_XOUT_H = 0x3B  # 59 to 64
_ACCEL_ZOUT_L = 0x40
_ACCEL_INTEL_CTRL = 0x69  # 105
_USER_CTRL = 0x6A  # 106
_PWR_MGMT_1 = 0x6B  # 107
_PWR_MGMT_2 = 0x6C  # 108
_FIFO_COUNTH = 0x72  # 114
_FIFO_COUNTL = 0x73  # 115
_FIFO_R_W = 0x74  # 116
_WHO_AM_I = 0x75  # 117
_SIZE = 0x80

_ACCEL_FIFO_EN = 0x08  # FIFO_EN
_FIFO_ON, _FIFO_RESET = 0x40, 0x04  # USER_CTRL
_RESET, _SLEEP = 0x80, 0x40  # PWR_MGMT_1
_NO_ACCELEROMETER = 0x38  # PWR_MGMT_2
_WOM, _OFLOW, _DATA_RDY = 0x40, 0x10, 0x01  # INT_ENABLE and INT_STATUS
_INT_LEVEL = 0x80  # INT_PIN_CFG: active low
_FCHOICE_B = 0x08  # ACCEL_CONFIG2

# Register 29: bandwidth_hz and delay in us of each A_DLPF_CFG, and with the filter bypassed
_FILTERS = (
    (460, 1940),
    (184, 5800),
    (92, 7800),
    (41, 11800),
    (20, 19800),
    (10, 35700),
    (5, 66960),
    (460, 1940),
)
_BYPASSED = (1130, 750)
_SELF_TEST_G = (0.4, 0.45, 0.6)  # what the actuator does; the trim registers are 0

FRAME_BYTES = 6  # register 116


class Frames(Levels):
    """A FIFO of SIZE bytes: when it is full, the oldest bytes give way, not the oldest frames."""

    SIZE = 512
    LEVELS = 85
    _HOLDS = 87

    def __init__(self) -> None:
        super().__init__()
        self.place = 0  # bytes of the oldest frame that are gone
        self.overflowed = False

    def set_mode(self, mode: int) -> None:
        self.mode = mode

    def reset(self) -> None:
        self.count = self.place = 0

    def waiting(self) -> int:
        """Bytes."""
        return FRAME_BYTES * self.count - self.place

    def oldest(self) -> int:
        return self._numbers[self._first]

    def push(self, first: int, end: int) -> bool:
        """The chip has made samples first…end - 1.  True if that was too much."""
        excess = self.waiting() + FRAME_BYTES * (end - first) - self.SIZE
        if excess > 0:
            self.overflowed = True
            gone, self.place = divmod(self.place + excess, FRAME_BYTES)
            old = min(gone, self.count)
            self._first = (self._first + old) % self._HOLDS
            self.count -= old
            first += gone - old
        for number in range(first, end):
            self._numbers[(self._first + self.count) % self._HOLDS] = number
            self.count += 1
        return excess > 0


class Twin(Accelerometer):
    """One chip.  config: as in sim/chips/accelerometer.py."""

    FIFO = Frames
    IDENT = 0x70  # register 117
    RESET = ((_PWR_MGMT_1, 0x01),)
    WRITABLE = (
        tuple(range(0x03))
        + tuple(range(0x0D, 0x10))
        + tuple(range(0x13, 0x20))
        + tuple(range(_FIFO_EN, 0x35))
        + (_INT_PIN_CFG, _INT_ENABLE)
        + tuple(range(0x63, 0x6D))
        + tuple(range(0x77, 0x7F))
    )
    START_S = 0.020  # PS-MPU-6500A, table 2: out of sleep
    NOISE_G_RTHZ = 300e-6  # PS-MPU-6500A, table 2

    def __init__(self, config: "dict[str, Any]", world: "World") -> None:
        super().__init__(config, world)
        self._frames: Frames = self._fifo  # type: ignore[assignment]
        self._regs = bytearray(_SIZE)
        self._count_low = 0  # latched
        self._last_byte = 0
        self._loaded = -1  # the sample whose digits are in the sampler
        self._whole = False  # the frame being read was begun at its first byte
        self.power_up()
        self._follow()

    # --- what differs from chip to chip

    def filter(self) -> "tuple[int, int]":
        """Bandwidth in Hz and delay in us."""
        config2 = self._regs[_ACCEL_CONFIG2]
        return _BYPASSED if config2 & _FCHOICE_B else _FILTERS[config2 & 7]

    def sample_rate_hz(self) -> float:
        if self._regs[_ACCEL_CONFIG2] & _FCHOICE_B:
            return 4000
        if self._regs[_GYRO_CONFIG] & 3 or self._regs[_CONFIG] & 7 in (0, 7):
            return 1000  # register 25: the divider has no effect
        return 1000 / (1 + self._regs[_SMPLRT_DIV])

    def repeats(self) -> int:
        """How often a sample is given out."""
        return 1

    # --- what the registers say

    def power_up(self) -> None:
        for reg in range(_SIZE):
            self._regs[reg] = 0
        for reg, value in self.RESET:
            self._regs[reg] = value
        self._frames.reset()
        self._frames.overflowed = False
        self._loaded = -1
        self._last_byte = 0
        self.convert()

    def odr_hz(self) -> float:
        off = self._regs[_PWR_MGMT_2] & _NO_ACCELEROMETER == _NO_ACCELEROMETER
        return 0 if off or self._regs[_PWR_MGMT_1] & _SLEEP else self.sample_rate_hz()

    def unsettled(self) -> int:
        return int(self.odr_hz() * (self.START_S + 3e-6 * self.filter()[1]))

    def fifo_mode(self) -> int:
        on = self._regs[_USER_CTRL] & _FIFO_ON and self._regs[_FIFO_EN] & _ACCEL_FIFO_EN
        return STREAM if on else BYPASS

    def watermark(self) -> int:
        return 0  # there is none

    def routes(self) -> "tuple[int, int, int]":
        enabled = self._regs[_INT_ENABLE]
        line = (READY if enabled & _DATA_RDY else 0) | (OVERRUN if enabled & _OFLOW else 0)
        line |= MOVED if enabled & _WOM else 0
        return line, 0, 1 if self._regs[_INT_PIN_CFG] & _INT_LEVEL else 0

    def sources(self) -> int:
        bits = READY if self._fresh else 0
        if self._moved:
            bits |= MOVED
        return bits | OVERRUN if self._frames.overflowed else bits

    def motion(self) -> "tuple[Any, ...] | None":
        if not self._regs[_INT_ENABLE] & _WOM or self._regs[_ACCEL_INTEL_CTRL] & 0xC0 != 0xC0:
            return None
        return DIFFERENCE, self._regs[WOM_THR] * 0.004

    def convert(self) -> None:
        accel = self._regs[_ACCEL_CONFIG]
        range_g = 2 << (accel >> 3 & 3)
        pulls = [_SELF_TEST_G[axis] if accel & 0x80 >> axis else 0 for axis in range(3)]
        noise_g = self.NOISE_G_RTHZ * math.sqrt(self.filter()[0])
        self.sampler.convert(range_g / 32768, 32768, 1, noise_g, self.pulled(*pulls))
        self._loaded = -1

    # --- registers

    def read_register(self, reg: int) -> int:
        if reg == _FIFO_R_W:
            return self._fifo_byte()
        self._write_log()
        if _ACCEL_XOUT_H <= reg <= _ACCEL_ZOUT_L:
            if reg == _ACCEL_XOUT_H and self._made:
                self._load(self._made - 1)
                self._loaded = -1
            return self._data_byte(reg - _ACCEL_XOUT_H)
        if reg == _WHO_AM_I:
            return 0 if self.identity_lost() else self.IDENT
        if reg == _INT_STATUS:
            return self._int_status()
        if reg == _FIFO_COUNTH:
            if self._rate_hz:
                self._stall()
            self._count_low = self._frames.waiting() & 0xFF
            return self._frames.waiting() >> 8
        if reg == _FIFO_COUNTL:
            return self._count_low
        return self._regs[reg] if reg < _SIZE else 0

    def write_register(self, reg: int, value: int) -> None:
        self._write_log()
        if reg not in self.WRITABLE:
            return
        if reg == _PWR_MGMT_1 and value & _RESET:
            self.power_up()
        elif reg == _USER_CTRL:
            if value & _FIFO_RESET and not value & _FIFO_ON:
                self._frames.reset()
            self._regs[reg] = value & ~0x0F  # the resets end by themselves
        else:
            self._regs[reg] = value
        self.convert()
        self._follow()

    def _follow(self) -> None:
        """As of all chips; but a run begins when samples begin to go to the FIFO."""
        streamed = self._rate_hz > 0 and self._fifo.mode != BYPASS
        run = self._run
        super()._follow()
        streams = self._rate_hz > 0 and self._fifo.mode != BYPASS
        self._run = run + 1 if streams and not streamed else run

    def _int_status(self) -> int:
        bits = _DATA_RDY if self._fresh else 0
        if self._frames.overflowed and self._regs[_INT_ENABLE] & _OFLOW:
            bits |= _OFLOW
        if self.take_motion():
            bits |= _WOM
        self._fresh = self._frames.overflowed = False
        return bits

    def _lose_supply(self) -> None:
        super()._lose_supply()
        self._frames.reset()

    # --- data

    def _load(self, made: int) -> None:
        super()._load(made - made % self.repeats())

    def _data_byte(self, place: int) -> int:
        return self.sampler.digits[place >> 1] >> (0 if place & 1 else 8) & 0xFF

    def _fifo_byte(self) -> int:
        frames = self._frames
        if not frames.count or not self._regs[_USER_CTRL] & _FIFO_ON:
            return self._last_byte  # register 116: again and again
        if frames.place == 0:
            self._whole = True
        if frames.oldest() != self._loaded:
            self._load(frames.oldest())
            self._loaded = frames.oldest()
            self._whole = frames.place == 0
        self._last_byte = self._data_byte(frames.place)
        frames.place += 1
        if frames.place == FRAME_BYTES:
            frames.place = 0
            frames.pop()
            self._loaded = -1
            if self._whole:
                self._note_served()
        return self._last_byte

    # --- transactions

    def _point(self, byte: int, spi: bool) -> None:
        self._pointer = byte & 0x7F if spi else byte

    def _step(self) -> None:
        if self._pointer != _FIFO_R_W:
            self._pointer += 1
