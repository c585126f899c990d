"""The twin of `rp2`: DMA channels that the ADC paces, and those that write a register.

What of the RP2040's DMA (datasheet 2.5) is modelled: halfwords from the ADC's FIFO to memory at
its request, and unpaced words from memory to a register, as a chained channel does them.
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
        self.write: "Any" = 0
        self.count = 0
        self.ctrl = 0
        self._left = 0
        self._at = 0
        self._busy = False

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
            self.write = write
        if count is not None:
            self.count = count
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
        self._left, self._at = self.count, 0
        if self._field("treq_sel") == _DREQ_ADC:
            if self.read != analogue.FIFO or self._field("size") != 1 or self._field("inc_read"):
                raise NotImplementedError("halfwords from the ADC's FIFO only")
            self._busy = True
            adc = analogue.adc()
            adc.settle()
            adc.sink = self
            _worlds[0].add_source(self)
        elif self._field("treq_sel") == _PERMANENT and self._field("size") == 2:
            for i in range(self._left):
                word = self.read[i if self._field("inc_read") else 0]
                analogue.mem32[self.write] = word
            self._chain()
        else:
            raise NotImplementedError("this way to pace a channel")

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
        into, at = _bytes_of(self.write), self._at
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
