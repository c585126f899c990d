"""The ADC of RP2040 and RP2350, running free into DMA: RP2040 datasheet (build 2023-06), 4.9, 2.5.

The ADC's own divider times the samples, a DMA channel takes them out of its FIFO, and a second
one, chained to it, stops the ADC with the last of them: no program is asked, none can be late.
RP2350: datasheet, 12.4; the same registers elsewhere.
"""

import time
from array import array

from micropython import const

from node.drivers import input_kernels
from node.drivers.errors import SensorTimeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.drivers.inputs import Samples, Take

# 4.9.6: offsets
_FCS_OFFSET = const(0x08)
_FIFO_OFFSET = const(0x0C)
_DIV_OFFSET = const(0x10)
# CS
_EN = const(0x001)
_START_MANY = const(0x008)
_ERR_STICKY = const(0x400)
_AINSEL_SHIFT = const(12)
_RROBIN_SHIFT = const(16)
# FCS: FIFO and its request on, from one entry on; what has been lost is cleared by being written
_FIFO_ON = const(0x0100_0009)
_UNDER_OVER = const(0x0C00)
_LEVEL = const(0x000F_0000)

_CLOCK_HZ = const(48_000_000)  # 4.9.2: clk_adc, of the USB's PLL
_LEAST_CYCLES = const(96)  # 4.9.2: of a conversion
_MOST_CYCLES = const(65_536)  # 4.9.6, DIV.INT: 16 bits, and one
_FIRST_PIN = const(26)  # input 0; ports/rp2/machine_adc.c
_INPUTS = const(4)  # 26 to 29; the last one measures VSYS on a Pico
_HALFWORD = const(1)
_PATIENCE_US = const(5_000)

# RP2040-E11: the codes 512, 1536, 2560 and 3584 are too wide.  By how much nobody states; by 8.9
# digits as measured (M. Omo, pico-adc.markomo.me), by 9 to 10 on five boards more (R. Ishii,
# rp2040adc_correction).  In quarters of a digit, in which samples are kept.
_WIDE_QUARTERS = const(36)
_QUARTERS = const(16_384)  # of full scale
# Pico datasheet, 4.5: the crystal of 12 MHz, within 30 ppm
_CRYSTAL_PPM = 30.0


class RP2ADC:
    """The converter inside the chip."""

    chip = "adc"
    rate_ppm = _CRYSTAL_PPM
    still_samples = 64  # its noise is about a digit: so many equal ones have a chance of 1e-25
    averaged_us = 0.0
    bandwidth_hz = 1e6  # it has no filter: what stands before the input decides

    def __init__(self, port: "Any", clock: "Any" = time) -> None:
        """port: node/hal.py, with ADC, DMA, mem32, adc_base, adc_dreq, wide_codes; clock: time."""
        self._port, self._clock = port, clock
        base = port.adc_base
        self._mem = port.mem32
        # Addresses above 2**30 are objects on the heap: made once.
        self._cs, self._fcs = base, base + _FCS_OFFSET
        self._fifo, self._div = base + _FIFO_OFFSET, base + _DIV_OFFSET
        self._wide = _WIDE_QUARTERS if port.wide_codes else 0
        self._raw: "Any" = bytearray(0)  # a record's results
        self._raw_bytes, self._is_lent = 0, False
        self._keeps = False  # its own room: a record may run while others compute
        self._count = 0  # results in it
        self._idle = array("I", [_EN])
        self._found = array("i", [0, 0])
        self._samples = self._cycles = 0
        self._places: "list[int]" = []
        self._skews_us: "list[float]" = []  # floats are objects: made once
        self._span_us = 0
        self._begin_ticks = 0
        self._running = False
        self._runs = 0  # how often it has been set free
        self.owner: "Any" = None  # whose record runs
        self._taker: "Any" = port.DMA()
        self._stopper: "Any" = port.DMA()
        self._take_ctrl = self._taker.pack_ctrl(
            size=_HALFWORD,
            inc_read=False,
            treq_sel=port.adc_dreq,
            chain_to=self._stopper.channel,
            irq_quiet=True,
        )
        self._stop_ctrl = self._stopper.pack_ctrl(inc_read=False, inc_write=False, irq_quiet=True)

    def configure(
        self,
        rate_hz: float,
        samples: int,
        inputs: "Any",
        full_scale_v: float,
        line_hz: float,  # noqa: ARG002
    ) -> None:
        """inputs: pins, 26 to 29, in the order of the blocks.  Raises ValueError(key, value,
        allowed)."""
        self.stop()
        self._adcs = []
        for pin in inputs:
            if not _FIRST_PIN <= pin < _FIRST_PIN + _INPUTS:
                raise ValueError("inputs", pin, "a pin from 26 to 29")
            self._adcs.append(self._port.ADC(pin))
        count = len(inputs)
        cycles = round(_CLOCK_HZ / (rate_hz * count))
        if not _LEAST_CYCLES <= cycles <= _MOST_CYCLES:
            least, most = _CLOCK_HZ / _MOST_CYCLES / count, _CLOCK_HZ / _LEAST_CYCLES / count
            raise ValueError("rate_hz", rate_hz, "from %.4g to %.6g" % (least, most))
        self._cycles, self._samples = cycles, samples
        self.rate_hz = _CLOCK_HZ / cycles / count
        if self._raw_bytes < 2 * count * samples:
            self.reserve(count, samples)
        self._count = count * samples
        # Round robin goes upwards, whatever the order of the settings.
        channels = sorted([pin - _FIRST_PIN for pin in inputs])
        self._places = [channels.index(pin - _FIRST_PIN) for pin in inputs]
        self._skews_us = [place * cycles * 1e6 / _CLOCK_HZ for place in self._places]
        mask = sum([1 << channel for channel in channels])
        rounds = mask << _RROBIN_SHIFT if count > 1 else 0
        self._run = _EN | _ERR_STICKY | _START_MANY | channels[0] << _AINSEL_SHIFT | rounds
        self._span_us = count * samples * cycles // (_CLOCK_HZ // 1_000_000)
        width = _QUARTERS + 4 * self._wide
        self.volts_per_digit = full_scale_v / width
        self.rails = (0, 4 * 4095 + 4 * self._wide)

    def reserve(self, inputs: int, samples: int, room: "Any" = None) -> None:
        """Make room for a record, once for the longest: best while the heap is whole.

        room: a buffer of others that is large enough, and that they leave alone from begin() to
        finish(); None: its own, also for those who would have lent theirs.
        """
        needed = 2 * inputs * samples
        if room is None:
            self._keeps = True
        short = self._raw_bytes < needed
        if self._keeps and (short or self._is_lent):
            self._raw_bytes, self._is_lent = max(needed, self._raw_bytes), False
            self._raw = bytearray(self._raw_bytes)
        elif short:
            self._raw, self._raw_bytes, self._is_lent = room, needed, True

    def per_digit(self, number: int) -> float:  # noqa: ARG002
        """Volts a digit of an input."""
        return self.volts_per_digit

    def begin(self) -> None:
        """Set it free: `samples` of each input from now on."""
        self._set_free(self._idle, self._cs)

    def _set_free(self, word: "array[int]", register: int) -> None:
        """Until the room is full; then a word goes to a register, by a channel of its own."""
        self.stop()
        mem = self._mem
        mem[self._div] = self._cycles - 1 << 8
        mem[self._fcs] = _FIFO_ON | _UNDER_OVER
        while mem[self._fcs] & _LEVEL:
            mem[self._fifo]  # what is left of another run
        self._stopper.config(
            read=word, write=register, count=1, ctrl=self._stop_ctrl, trigger=False
        )
        self._taker.config(
            read=self._fifo,
            write=self._raw,
            count=self._count,
            ctrl=self._take_ctrl,
            trigger=True,
        )
        self._begin_ticks = self._clock.ticks_us()
        mem[self._cs] = self._run
        self._runs += 1
        self._running = True

    def left_us(self) -> int:
        """How long until the record is complete."""
        if not self._running or not self._taker.active():
            return 0
        gone: int = self._clock.ticks_diff(self._clock.ticks_us(), self._begin_ticks)
        return max(1, self._span_us - gone)

    def finish(self, blocks: "tuple[Samples, ...]", take: "Take", again: bool = False) -> None:
        """The record into the blocks; no heap.  again: begin the next one as soon as can be.

        Raises SensorTimeout where the ADC has not delivered.
        """
        if not self._running:
            raise SensorTimeout(self.chip, 0)
        clock = self._clock
        while self._taker.active():
            gone_us = clock.ticks_diff(clock.ticks_us(), self._begin_ticks)
            if gone_us > self._span_us + _PATIENCE_US:
                self.stop()
                raise SensorTimeout(self.chip, gone_us)
            clock.sleep_us(max(20, self._span_us - gone_us))
        self._running = False
        self._tell(take)
        count = len(self._places)
        for index in range(count):
            place = self._places[index]
            input_kernels.split(self._raw, blocks[index], place, count, self._samples, self._wide)
        if again:
            self.begin()
        self._look(blocks, take)

    def _tell(self, take: "Take") -> None:
        """What the chip knows of the record."""
        mem = self._mem
        take.samples, take.run = self._samples, self._runs
        take.rate_hz, take.rate_ppm = self.rate_hz, self.rate_ppm
        take.overruns = 1 if mem[self._fcs] & _UNDER_OVER or mem[self._cs] & _ERR_STICKY else 0

    def _look(self, blocks: "tuple[Samples, ...]", take: "Take") -> None:
        """What the samples tell."""
        for index in range(len(self._places)):
            block = blocks[index]
            input_kernels.look(block, self._samples, self.rails[0], self.rails[1], self._found)
            take.clipped[index], take.still[index] = self._found[0], self._found[1]
            take.skew_us[index] = self._skews_us[index]

    def stop(self) -> None:
        """No conversion, no transfer."""
        self.owner = None
        self._mem[self._cs] = _EN
        if self._taker.active():
            self._taker.active(0)
        self._running = False
