"""KX134-1211 at register level: Kionix, Technical Reference Manual, rev. 1.0 (31-Jul-2019).

Modelled: registers and their reset values, software reset, standby and operating, every rate and
range, the low-pass filter's two ends in its noise, self-test, the sample buffer in FIFO and stream
mode (trigger: as if never triggered) at 16 bits, data-ready, watermark and full on both lines,
latched; clock error, noise.  Not modelled: 8-bit samples, low-power mode, pulsed lines, a level of
INT2 that is not that of INT1, the engines for tilt, taps and free fall, single axes and pulse
rejection of that for wake-up, the advanced data path (their registers only remember).

Where the manual leaves it open, the twin does what is harder for a driver: standby keeps the
buffer, and a latched line needs INT_REL to be read once its cause has gone.
"""

import math

from sim.chips.accelerometer import FULL, MOVED, OVERRUN, READY, WATERMARK, Accelerometer, Levels
from sim.chips.fifo import BYPASS, FIFO_MODE, STREAM
from sim.chips.motion import ABSOLUTE, DIFFERENCE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.chips.accelerometer import World

    Buffer = bytearray | memoryview

# Manual, ch. 1
_MAN_ID, _K = 0x00, 0x4B  # the first letter of the name
_PART_ID = 0x01
_XOUT_L, _ZOUT_H = 0x08, 0x0D
_COTR = 0x12
_WHO_AM_I = 0x13
_ID = 0x46
_INS2 = 0x17
_INS3 = 0x18
_STATUS_REG = 0x19
_INT_REL = 0x1A
_CNTL1 = 0x1B
_CNTL2 = 0x1C
_CNTL3, _CNTL4 = 0x1D, 0x1E
_ODCNTL = 0x21
_INC1, _INC4, _INC5, _INC6 = 0x22, 0x25, 0x26, 0x27
_WUFTH, _BTSWUFTH, _WUFC = 0x49, 0x4A, 0x4D
_SELF_TEST = 0x5D
_BUF_CNTL1, _BUF_CNTL2 = 0x5E, 0x5F
_BUF_STATUS_1, _BUF_STATUS_2 = 0x60, 0x61
_BUF_CLEAR = 0x62
_BUF_READ = 0x63
_LAST = 0x7F
_RESET_VALUES = (
    (_COTR, 0x55),
    (_CNTL2, 0x3F),
    (_CNTL3, 0xA8),
    (_CNTL4, 0x40),
    (_ODCNTL, 0x06),
    (_INC1, 0x10),
    (0x23, 0x3F),  # INC2
    (0x24, 0x3F),  # INC3
    (_INC5, 0x10),
    (0x2A, 0x03),  # TDTRC
    (0x3A, 0x43),  # LP_CNTL1
    (0x3B, 0x9A),  # LP_CNTL2
    (0x65, 0x02),  # ADP_CNTL2
)

_PC1 = 0x80  # CNTL1
_SRST = 0x80  # CNTL2
_LPRO = 0x40  # ODCNTL
_IEN, _IEA = 0x20, 0x10  # INC1, INC5
_BFI, _WMI, _DRDY, _WUFI = (
    0x40,
    0x20,
    0x10,
    0x02,
)  # INS2; INC4 and INC6 have them in the same places
_INT = 0x10  # STATUS_REG
_BUFE, _BFIE = 0x80, 0x20  # BUF_CNTL2
_TEST_CODE = 0xCA  # SELF_TEST

_WUFS = 0x80  # INS3
_TH_MODE, _WUFE = 0x40, 0x20  # CNTL4
_WAKE_HZ = 100.0  # CNTL3: halved for each step below OWUF 7
_STEPS_PER_G = 64  # WUFTH: 11 bits of 32 g
_FULL_ODR_HZ = 25600.0  # ODCNTL: halved for each step below OSA 15
_RAIL = 32768
_NOISE_G_RTHZ = 300e-6  # Specifications, table 1
_SELF_TEST_G = (0.5, 0.5, 0.5)  # Specifications, table 1
_FRAME_BYTES = 6
_BYTES = 516  # BUF_CNTL1: 86 samples


class Store(Levels):
    """The sample buffer: 86 samples of three axes of 16 bits."""

    LEVELS = 86
    _HOLDS = 86


class Twin(Accelerometer):
    """One chip.  config: as in sim/chips/accelerometer.py."""

    FIFO = Store

    def __init__(self, config: "dict[str, Any]", world: "World") -> None:
        super().__init__(config, world)
        self._regs = bytearray(_LAST + 1)
        self._latched = 0  # what has raised the lines since they were released
        self._place = _FRAME_BYTES  # of the next byte in the sample that left the buffer last
        self.power_up()
        self._follow()

    # --- what the registers say

    def power_up(self) -> None:
        for reg in range(len(self._regs)):
            self._regs[reg] = 0
        for reg, value in _RESET_VALUES:
            self._regs[reg] = value
        self._latched = 0
        self._place = _FRAME_BYTES
        self.convert()

    def odr_hz(self) -> float:
        if not self._regs[_CNTL1] & _PC1:
            return 0
        return _FULL_ODR_HZ / (1 << 15 - (self._regs[_ODCNTL] & 0x0F))

    def fifo_mode(self) -> int:
        control = self._regs[_BUF_CNTL2]
        if not control & _BUFE:
            return BYPASS
        return STREAM if control & 3 else FIFO_MODE

    def watermark(self) -> int:
        return self._regs[_BUF_CNTL1]

    def routes(self) -> "tuple[int, int, int]":
        lines = []
        for control, route in ((_INC1, _INC4), (_INC5, _INC6)):
            bits = self._regs[route] if self._regs[control] & _IEN else 0
            line = READY if bits & _DRDY else 0
            line |= WATERMARK if bits & _WMI else 0
            line |= MOVED if bits & _WUFI else 0
            lines.append(line | (FULL if bits & _BFI else 0))
        return lines[0], lines[1], 0 if self._regs[_INC1] & _IEA else 1

    def sources(self) -> int:
        """What drives the lines: they stay latched until INT_REL is read."""
        return self._live() | self._latched

    def _live(self) -> int:
        bits = super().sources() & ~OVERRUN
        return bits if self._regs[_BUF_CNTL2] & _BFIE else bits & ~FULL

    def _drive(self) -> None:
        int1, int2, _ = self.routes()
        self._latched |= self._live() & (int1 | int2)
        super()._drive()

    def motion(self) -> "tuple[Any, ...] | None":
        control = self._regs[_CNTL4]
        if not control & _WUFE:
            return None
        steps = self._regs[_WUFTH] | (self._regs[_BTSWUFTH] & 7) << 8
        wake_hz = _WAKE_HZ / (1 << 7 - (self._regs[_CNTL3] & 7))
        filtered = DIFFERENCE if control & _TH_MODE else ABSOLUTE
        every = max(1, int(self.odr_hz() / wake_hz))
        return filtered, steps / _STEPS_PER_G, every, True, self._regs[_WUFC]

    def convert(self) -> None:
        range_g = 8 << (self._regs[_CNTL1] >> 3 & 3)
        odr_hz = _FULL_ODR_HZ / (1 << 15 - (self._regs[_ODCNTL] & 0x0F))
        bandwidth_hz = odr_hz / (2 if self._regs[_ODCNTL] & _LPRO else 9)
        noise_g = _NOISE_G_RTHZ * math.sqrt(bandwidth_hz)
        tested = self._regs[_SELF_TEST] == _TEST_CODE
        offsets_g = self.pulled(*_SELF_TEST_G) if tested else (0.0, 0.0, 0.0)
        self.sampler.convert(range_g / _RAIL, _RAIL, 1, noise_g, offsets_g)

    # --- registers

    def read_register(self, reg: int) -> int:
        if reg == _BUF_READ:
            return self._buffer_byte()
        self._write_log()
        if _XOUT_L <= reg <= _ZOUT_H:
            if reg == _XOUT_L and self._made:
                self._load(self._made - 1)
                self._fresh = False
            return self._data_byte(reg - _XOUT_L)
        if reg in (_MAN_ID, _PART_ID, _WHO_AM_I):
            return 0 if self.identity_lost() else _K if reg == _MAN_ID else _ID
        if reg == _INS2:
            return self._interrupts()
        if reg == _INS3:
            return _WUFS if self._moved else 0
        if reg == _STATUS_REG:
            return _INT if self.sources() & (self.routes()[0] | self.routes()[1]) else 0
        if reg == _INT_REL:
            self._latched = 0
            self.take_motion()
            return 0
        if reg == _BUF_STATUS_1:
            if self._rate_hz:
                self._stall()
            return self._level() & 0xFF
        if reg == _BUF_STATUS_2:
            return self._level() >> 8
        return self._regs[reg] if reg != _BUF_CLEAR else 0

    def write_register(self, reg: int, value: int) -> None:
        self._write_log()
        if reg == _BUF_CLEAR:
            self._fifo.count = 0
            self._place = _FRAME_BYTES
            return
        if reg == _CNTL2 and value & _SRST:
            self._lose_supply()
            return
        if not _CNTL1 <= reg <= _LAST or _BUF_STATUS_1 <= reg <= _BUF_READ:
            return
        operating = self._regs[_CNTL1] & _PC1
        if operating and (reg != _CNTL1 or value & _PC1):
            return  # notes at CNTL1 and after: only in standby
        self._regs[reg] = value
        self.convert()
        self._follow()

    def _interrupts(self) -> int:
        live, bits = self._live(), 0
        for source, bit in ((READY, _DRDY), (WATERMARK, _WMI), (FULL, _BFI)):
            if live & source:
                bits |= bit
        return bits

    def _level(self) -> int:
        return min(_FRAME_BYTES * self._fifo.count + _FRAME_BYTES - self._place, _BYTES)

    # --- data

    def _data_byte(self, place: int) -> int:
        return self.sampler.digits[place >> 1] >> (8 * (place & 1)) & 0xFF

    def _buffer_byte(self) -> int:
        if self._place == _FRAME_BYTES:
            if not self._fifo.count:
                return 0
            self._take()
            self._place = 0
        place = self._place
        self._place += 1
        return self._data_byte(place)

    # --- transactions

    def _point(self, byte: int, spi: bool) -> None:
        self._pointer = byte & _LAST  # seven bits of address; on SPI behind the read bit

    def _step(self) -> None:
        if self._pointer != _BUF_READ:
            self._pointer = (self._pointer + 1) & _LAST
