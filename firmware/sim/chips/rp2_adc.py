"""The RP2040's ADC at register level: RP2040 datasheet, 4.9 (registers: 4.9.6).

Modelled: single and free-running conversions, round robin, the divider, the FIFO of four with its
flags, errors' flags, noise, and the wide codes of RP2040-E11.  Not modelled: the interrupt, the
temperature sensor, SHIFT.  A DMA channel that is paced by it takes its results (sim/rp2.py).
"""

from array import array

from sim.clamps import FAULTS, Inputs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from sim.world import World

    class Sink(Protocol):
        def wanted(self) -> int: ...
        def take(self, values: array[int], count: int) -> None: ...


# 4.9.6: offsets
_CS, _RESULT, _FCS, _FIFO, _DIV = 0x00, 0x04, 0x08, 0x0C, 0x10
# CS
_EN, _START_ONCE, _START_MANY, _READY = 0x001, 0x004, 0x008, 0x100
_ERR_STICKY = 0x400
_CS_WRITABLE = 0x001F_700B
# FCS
_FIFO_EN, _DREQ_EN, _EMPTY, _FULL, _UNDER, _OVER = 0x001, 0x008, 0x100, 0x200, 0x400, 0x800
_FCS_WRITABLE = 0x0F00_000F
_DEPTH = 4

_CLOCK_HZ = 48_000_000  # 4.9.2: clk_adc
_LEAST_CYCLES = 96  # 4.9.2: a conversion
_CODES = 4096
# RP2040-E11: four codes are wide, 512 and each 1024 after it.  How wide: DNL 8.9 LSB, as measured
# by M. Omo (pico-adc.markomo.me), who found a noise of 0.97 LSB as well.
_FIRST_WIDE, _WIDE_EVERY, _WIDTH = 512, 1024, 9.9
_NOISE_LSB = 0.97
_CHUNK = 256


class Twin:
    """One ADC.  config: that of sim/clamps.py, inputs by their pins (26 to 29); vref_v, linear,
    quiet: without its own errors, or noise.

    Raises ValueError(key, value, allowed).
    """

    FAULTS = FAULTS + ("overrun",)
    most_channels = 4
    first_pin = 26

    def __init__(self, config: "dict[str, Any]", world: "World") -> None:
        self._world = world
        config = dict(config)
        self._vref_v: float = config.get("vref_v", 3.3)
        self._linear: bool = config.get("linear", False)
        if not config.get("quiet", False):
            own_v = _NOISE_LSB * self._vref_v / _CODES
            config["inputs"] = [
                dict(row, noise_v=(row.get("noise_v", 0.0) ** 2 + own_v**2) ** 0.5)
                for row in config["inputs"]
            ]
        self._inputs = Inputs(config, world)
        self.name: str = config["name"]
        self._volts = array("d", bytes(8 * _CHUNK))
        self._codes = array("H", bytes(2 * _CHUNK))
        self._cs = self._fcs = self._div = 0
        self._result = 0
        self._fifo: "list[int]" = []
        self._flags = 0  # UNDER, OVER
        self._errors = 0
        self._begun_us = 0  # of the free-running conversions
        self._done = 0  # of them
        self._served = 0  # of them, to a DMA channel
        self._index = 0  # conversions since power-up, for the noise
        self._frozen: "dict[int, int]" = {}
        self._stall = False
        self.run = 0  # how often it has been set free
        self.sink: "Sink | None" = None  # the DMA channel that waits for its request

    def inject(self, kind: str, fault: "dict[str, Any] | None") -> None:
        """A fault of docs/architecture.md begins, as the schedule says, or ends: None."""
        self.settle()
        if kind == "overrun":
            self._stall = fault is not None
            return
        self._frozen.clear()
        self._inputs.inject(kind, fault)

    # --- registers

    def read_register(self, offset: int) -> int:
        self.settle()
        if offset == _CS:
            return self._cs | self._errors | (_READY if self._cs & _EN else 0)
        if offset == _RESULT:
            return self._result
        if offset == _FCS:
            level = len(self._fifo)
            return (
                self._fcs
                | self._flags
                | level << 16
                | (_EMPTY if not level else 0)
                | (_FULL if level == _DEPTH else 0)
            )
        if offset == _FIFO:
            if not self._fifo:
                self._flags |= _UNDER
                return 0
            return self._fifo.pop(0)
        return self._div if offset == _DIV else 0

    def write_register(self, offset: int, value: int) -> None:
        self.settle()
        if offset == _CS:
            self._errors &= ~(value & _ERR_STICKY)
            before, self._cs = self._cs, value & _CS_WRITABLE
            if value & _START_MANY and not before & _START_MANY:
                self._begun_us = self._world.now_us()
                self._done = self._served = 0
                self.run += 1
            elif value & _START_ONCE and value & _EN:
                self._result = self.convert(value >> 12 & 7)
                self._push(self._result)
        elif offset == _FCS:
            self._flags &= ~(value & (_UNDER | _OVER))
            self._fcs = value & _FCS_WRITABLE
        elif offset == _DIV:
            self._div = value & 0xFF_FFFF

    # --- conversions

    def convert(self, channel: int) -> int:
        """One conversion now."""
        volts = self._inputs.volts(
            self.first_pin + channel, self._world.now_us() / 1e6, self._index
        )
        self._index += 1
        return self._code(channel, volts)

    def _code(self, channel: int, volts: float) -> int:
        if self._inputs.stuck:
            if channel not in self._frozen:
                self._frozen[channel] = self._ideal(volts)
            return self._frozen[channel]
        return self._ideal(volts)

    def _ideal(self, volts: float) -> int:
        place = volts / (self._vref_v * self._inputs.reference) * _CODES
        if not self._linear and 0 <= place < _CODES:
            # The wide codes take their width from the others of their quarter.
            within = (place - _FIRST_WIDE) % _WIDE_EVERY
            base = place - within
            if within < _WIDTH:
                place = base
            else:
                place = base + 1 + (within - _WIDTH) * ((_WIDE_EVERY - 1) / (_WIDE_EVERY - _WIDTH))
        return max(0, min(_CODES - 1, int(place)))

    def _cycles_256(self) -> int:
        """Between two conversions, in cycles of 48 MHz / 256."""
        return max(_LEAST_CYCLES * 256, self._div + 256)

    def _order(self) -> "list[int]":
        """The channels of a round, the first one first."""
        first, mask = self._cs >> 12 & 7, self._cs >> 16 & 0x1F
        if not mask:
            return [first]
        order = [first]
        for step in range(1, 5):
            channel = (first + step) % 5
            if mask >> channel & 1 and channel != first:
                order.append(channel)
        return order

    def _completed(self, now_us: int) -> int:
        if not (self._cs & _EN and self._cs & _START_MANY):
            return self._done
        return (now_us - self._begun_us) * 48 * 256 // self._cycles_256()

    def due_us(self, count: int) -> "int | None":
        """When so many more conversions will be complete; None while it stands still."""
        if not (self._cs & _EN and self._cs & _START_MANY):
            return None
        cycles = (self._done + count) * self._cycles_256()
        return self._begun_us + -(-cycles // (48 * 256))

    def settle(self) -> None:
        """Do what has been converted since the last look."""
        completed = self._completed(self._world.now_us())
        while self._done < completed and self._cs & _START_MANY:
            sink = self.sink if self._fcs & _FIFO_EN and self._fcs & _DREQ_EN else None
            wanted = 0 if sink is None or self._stall else sink.wanted()
            if sink is not None and wanted:
                self._stream(sink, min(wanted, completed - self._done))
            else:
                # Nobody takes them: only the last ones can be seen, and that some were lost.
                left = completed - self._done
                if left > _DEPTH + 1 and self._fcs & _FIFO_EN:
                    self._flags |= _OVER
                    self._done += left - _DEPTH - 1
                self._one()

    def _one(self) -> None:
        order = self._order()
        step_s = self._cycles_256() / 256 / _CLOCK_HZ
        channel = order[self._done % len(order)]
        at_s = self._begun_us / 1e6 + self._done * step_s
        self._result = self._code(
            channel, self._inputs.volts(self.first_pin + channel, at_s, self._index)
        )
        self._index += 1
        self._done += 1
        self._push(self._result)

    def _push(self, code: int) -> None:
        if not self._fcs & _FIFO_EN:
            return
        if len(self._fifo) == _DEPTH:
            self._flags |= _OVER
        else:
            self._fifo.append(code)

    def _stream(self, sink: "Sink", count: int) -> None:
        """Results to a DMA channel, which keeps up: the FIFO is never more than one deep."""
        if self._fifo:
            codes = array("H", self._fifo[:count])
            del self._fifo[:count]
            self._serve(sink, codes, len(codes))
            return
        order = self._order()
        ways = len(order)
        # A chunk whose first result is of the channel that is next.
        count = min(count, _CHUNK // ways * ways)
        step_s = self._cycles_256() / 256 / _CLOCK_HZ
        codes, done = self._codes, self._done
        for way in range(min(ways, count)):
            channel = order[(done + way) % ways]
            size = (count - way + ways - 1) // ways
            volts = self._volts if size == len(self._volts) else array("d", bytes(8 * size))
            from_s = self._begun_us / 1e6 + (done + way) * step_s
            self._inputs.fill(
                self.first_pin + channel, from_s, step_s * ways, self._index + way * size, volts
            )
            for i in range(size):
                codes[way + i * ways] = self._code(channel, volts[i])
        self._done += count
        self._index += count
        self._result = codes[count - 1]
        self._serve(sink, codes, count)

    def _serve(self, sink: "Sink", codes: "array[int]", count: int) -> None:
        """Results to a DMA channel, and into the log: one after the other, whatever the input."""
        first, self._served = self._served, self._served + count
        self._world.log_samples(self.name, self.run, first, memoryview(codes)[:count], 1)
        sink.take(codes, count)
