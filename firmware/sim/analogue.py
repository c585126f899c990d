"""The twins of `machine.ADC` and `machine.mem32`: the converter inside the chip."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.world import World

# RP2040 datasheet 2.2.4 and 4.9.6
_BASE = 0x4004_C000
FIFO = _BASE + 0x0C
_SPAN = 0x1000  # each alias of the registers: plain, XOR, set, clear (2.1.2)
_EN = 1
_READ_US = 2  # 4.9.2: 96 cycles of 48 MHz
_BITS = 12

_attached: "list[Any]" = []
_worlds: "list[World]" = []


def attach(world: "World", buses: "list[dict[str, Any]]") -> None:
    """The world, and the converter of its description: a "bus" of kind "adc"."""
    _worlds[:] = [world]
    _attached[:] = [
        chip for bus in buses if bus["kind"] == "adc" for _, chip in bus["names"].values()
    ]


def adc() -> "Any":
    """The converter's twin.  Raises RuntimeError on a board whose inputs have nothing at them."""
    if not _attached:
        raise RuntimeError("the board's description has no bus of kind adc")
    return _attached[0]


class _Mem32:
    """Words of the address space, of which only the ADC's are there."""

    def __getitem__(self, address: int) -> int:
        place = address - _BASE
        if not 0 <= place < 4 * _SPAN:
            raise NotImplementedError("mem32[0x%08X]" % address)
        value: int = adc().read_register(place % _SPAN)
        return value

    def __setitem__(self, address: int, value: int) -> None:
        place = address - _BASE
        if not 0 <= place < 4 * _SPAN:
            raise NotImplementedError("mem32[0x%08X]" % address)
        alias, offset = divmod(place, _SPAN)
        if alias:
            before = adc().read_register(offset)
            value = (before ^ value, before | value, before & ~value)[alias - 1]
        adc().write_register(offset, value & 0xFFFF_FFFF)


mem32 = _Mem32()


class ADC:
    """An input; ports/rp2/machine_adc.c: making it turns the converter on."""

    def __init__(self, pin: "Any") -> None:
        number = pin if isinstance(pin, int) else pin.number
        chip = adc()
        channel = number - chip.first_pin
        if not 0 <= channel < chip.most_channels:
            raise ValueError("Pin doesn't have ADC capabilities")
        self._channel = channel
        if not mem32[_BASE] & _EN:
            mem32[_BASE] = _EN

    def read_u16(self) -> int:
        _worlds[0].advance_us(_READ_US)
        code: int = adc().convert(self._channel)
        return code << 16 - _BITS | code >> 2 * _BITS - 16
