"""The twin of `rp2`: DMA channels that the ADC paces, and those that write a register.

What of the RP2040's DMA (datasheet 2.5) is modelled: halfwords from the ADC's FIFO to memory at
its request, and unpaced words from memory to a register, as a chained channel does them: one of
the ADC's, or another channel's AL2_WRITE_ADDR_TRIG, which sends it to the begin of its memory.
"""

from sim import analogue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Any

    from sim.world import World

_CHANNELS = 12
_DREQ_ADC = 36  # 2.5.3.1, table 120
_PERMANENT = 0x3F
# 2.5.7: registers of the channels; where the twins' memory is, 64 KB of each channel
_REGISTERS, _OF_CHANNEL, _AL2_WRITE_ADDR_TRIG = 0x5000_0000, 0x40, 0x2C
_MEMORY, _OF_MEMORY = 0x2000_0000, 0x1_0000
# 2.5.7: CTRL, as rp2.DMA.pack_ctrl() names its fields: shift, bits
_FIELDS = {
    "enable": (0, 1),
    "high_pri": (1, 1),
    "size": (2, 2),
    "inc_read": (4, 1),
    "inc_write": (5, 1),
    "ring_size": (6, 4),
    "ring_sel": (10, 1),
    "chain_to": (11, 4),
    "treq_sel": (15, 6),
    "irq_quiet": (21, 1),
    "bswap": (22, 1),
    "sniff_en": (23, 1),
}


def _bytes_of(buffer: "Any") -> "Any":
    """The memory of any buffer, as a DMA channel sees it."""
    if isinstance(buffer, bytearray):
        return buffer
    try:
        import uctypes  # type: ignore[import-not-found, unused-ignore]
    except ImportError:  # CPython
        return memoryview(buffer).cast("B")
    return uctypes.bytearray_at(uctypes.addressof(buffer), 1 << 16)


_claimed: "dict[int, DMA]" = {}
_worlds: "list[World]" = []


def attach(world: "World") -> None:
    _claimed.clear()
    _worlds[:] = [world]


class DMA:
    """One channel; OSError (EBUSY) where all are taken."""

    def __init__(self) -> None:
        for channel in range(_CHANNELS):
            if channel not in _claimed:
                break
        else:
            raise OSError(16)
        self.channel = channel
        _claimed[channel] = self
        self.read: "Any" = 0
        self._into: "Any" = 0
        self._count = 0  # that a start begins with
        self.ctrl = 0
        self._left = 0
        self._at = 0
        self._busy = False

    @property
    def count(self) -> int:
        """TRANS_COUNT: how many transfers are left."""
        if self._busy:
            analogue.adc().settle()
        return self._left

    @property
    def write(self) -> int:
        """WRITE_ADDR: where the next transfer goes."""
        if isinstance(self._into, int):
            return self._into
        return _MEMORY + self.channel * _OF_MEMORY + 2 * self._at

    def pack_ctrl(self, default: "int | None" = None, **fields: "Any") -> int:
        value = 0
        if default is None:
            start: "dict[str, Any]" = {"enable": 1, "size": 2, "inc_read": 1, "inc_write": 1}
            start.update(chain_to=self.channel, treq_sel=_PERMANENT, irq_quiet=1)
            start.update(fields)
            fields = start
        else:
            value = default
        for name in fields:
            if name not in _FIELDS:
                raise TypeError("unknown field " + name)
            shift, bits = _FIELDS[name]
            value = (
                value & ~((1 << bits) - 1 << shift)
                | (int(fields[name]) & (1 << bits) - 1) << shift
            )
        return value

    def config(
        self,
        *,
        read: "Any" = None,
        write: "Any" = None,
        count: "int | None" = None,
        ctrl: "int | None" = None,
        trigger: bool = False,
    ) -> None:
        self._open()
        if read is not None:
            self.read = read
        if write is not None:
            self._into, self._at = write, 0
        if count is not None:
            self._count = count
        if ctrl is not None:
            self.ctrl = ctrl
        if trigger:
            self._start()

    def active(self, on: "Any" = None) -> bool:
        self._open()
        if on is not None:
            if on:
                self._start()
            else:
                self._stop()
        elif self._busy:
            analogue.adc().settle()
        return self._busy

    def close(self) -> None:
        self._stop()
        _claimed.pop(self.channel, None)
        self.channel = -1

    # --- the bus

    def _open(self) -> None:
        if self.channel < 0:
            raise ValueError("channel closed")

    def _field(self, name: str) -> int:
        shift, bits = _FIELDS[name]
        return self.ctrl >> shift & (1 << bits) - 1

    def _start(self) -> None:
        if not self._field("enable"):
            return
        self._left, self._at = self._count, 0
        if self._field("treq_sel") == _DREQ_ADC:
            if self.read != analogue.FIFO or self._field("size") != 1 or self._field("inc_read"):
                raise NotImplementedError("halfwords from the ADC's FIFO only")
            analogue.adc().settle()
            self._wait()
        elif self._field("treq_sel") == _PERMANENT and self._field("size") == 2:
            for i in range(self._left):
                word = self.read[i if self._field("inc_read") else 0]
                self._store(word)
            self._chain()
        else:
            raise NotImplementedError("this way to pace a channel")

    def _wait(self) -> None:
        """For the ADC's requests."""
        self._busy = True
        analogue.adc().sink = self
        _worlds[0].add_source(self)

    def _store(self, word: int) -> None:
        """A word to the register that this channel writes to."""
        channel, register = divmod(self._into - _REGISTERS, _OF_CHANNEL)
        if not 0 <= channel < _CHANNELS:
            analogue.mem32[self._into] = word
            return
        other = _claimed[channel]
        begin = _MEMORY + channel * _OF_MEMORY
        if register != _AL2_WRITE_ADDR_TRIG or word != begin:
            raise NotImplementedError("DMA register 0x%X = 0x%X" % (self._into, word))
        other._left, other._at = other._count, 0
        other._wait()

    def _stop(self) -> None:
        if self._busy:
            analogue.adc().settle()
            self._end()

    def _end(self) -> None:
        self._busy = False
        adc = analogue.adc()
        if adc.sink is self:
            adc.sink = None
        _worlds[0].remove_source(self)

    def _chain(self) -> None:
        target = self._field("chain_to")
        if target != self.channel:
            _claimed[target]._start()

    # --- the ADC's request

    def wanted(self) -> int:
        return self._left

    def take(self, values: "array[int]", count: int) -> None:
        into, at = _bytes_of(self._into), self._at
        for i in range(count):
            into[2 * (at + i)] = values[i] & 0xFF
            into[2 * (at + i) + 1] = values[i] >> 8
        self._at += count
        self._left -= count
        if not self._left:
            self._end()
            self._chain()

    # --- a source of the world: it ends at its own instant

    def next_event_us(self) -> "int | None":
        return analogue.adc().due_us(self._left) if self._busy else None

    def advance(self, _now_us: int) -> None:
        analogue.adc().settle()
