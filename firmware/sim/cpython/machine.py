"""The module `machine`: pins, buses and a watchdog without a world, for unit tests on CPython.

A test wires what it needs with `attach`; nothing answers by itself.  Whole boards with chips at
register level are the virtual board's.
"""

PWRON_RESET = 1  # ports/rp2/modmachine.c
WDT_RESET = 3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class I2CDevice(Protocol):
        def write(self, buf: bytes) -> None: ...
        def read_into(self, buf: bytearray) -> None: ...

    class SPIDevice(Protocol):
        def transfer(self, out: bytes, into: bytearray) -> None: ...


_EIO = 5

_levels: "dict[int, int]" = {}
_handlers: "dict[int, tuple[Callable[[Pin], None], int, Pin]]" = {}
_i2c: "dict[tuple[int, int], I2CDevice]" = {}
_spi: "dict[int, SPIDevice]" = {}


class Reset(BaseException):
    """The board resets: no code of the node runs on, so no `except Exception` sees it."""


def attach(bus: str, number: int, device: "Any", address: int = 0) -> None:
    """Wire a device to bus "i2c" (at an address) or "spi"."""
    if bus == "i2c":
        _i2c[number, address] = device
    elif bus == "spi":
        _spi[number] = device
    else:
        raise ValueError("bus is %r; allowed: i2c, spi" % (bus,))


def detach_all() -> None:
    """A bare board again: no device, no handler, all pins low."""
    for table in (_levels, _handlers, _i2c, _spi):
        table.clear()


class Pin:
    """A pin: its level is shared by all Pins of one number."""

    IN, OUT, OPEN_DRAIN = 0, 1, 2
    PULL_UP, PULL_DOWN = 1, 2
    IRQ_FALLING, IRQ_RISING = 4, 8

    def __init__(
        self, id: int, mode: int = IN, pull: "int | None" = None, *, value: "int | None" = None
    ) -> None:
        if not isinstance(id, int) or id < 0:
            raise ValueError("invalid pin %r" % (id,))
        self.id = id
        if value is not None:
            self.value(value)

    def value(self, level: "int | None" = None) -> "int | None":
        if level is None:
            return _levels.get(self.id, 0)
        before, now = _levels.get(self.id, 0), 1 if level else 0
        _levels[self.id] = now
        handler = _handlers.get(self.id)
        edge = Pin.IRQ_RISING if now > before else Pin.IRQ_FALLING if now < before else 0
        if handler is not None and handler[1] & edge:
            handler[0](handler[2])
        return None

    def __call__(self, level: "int | None" = None) -> "int | None":
        return self.value(level)

    def on(self) -> None:
        self.value(1)

    def off(self) -> None:
        self.value(0)

    def irq(
        self,
        handler: "Callable[[Pin], None] | None" = None,
        trigger: int = IRQ_FALLING | IRQ_RISING,
        hard: bool = False,
    ) -> None:
        if handler is None:
            _handlers.pop(self.id, None)
        else:
            _handlers[self.id] = (handler, trigger, self)


class I2C:
    """An I2C bus; an address without a device raises OSError, as rp2 does."""

    def __init__(
        self,
        id: int,
        *,
        scl: "Pin | None" = None,
        sda: "Pin | None" = None,
        freq: int = 400_000,
        timeout: int = 50_000,
    ) -> None:
        self._id = id

    def _device(self, address: int) -> "I2CDevice":
        device = _i2c.get((self._id, address))
        if device is None:
            raise OSError(_EIO, "EIO")
        return device

    def scan(self) -> "list[int]":
        return sorted(address for bus, address in _i2c if bus == self._id)

    def writeto(self, addr: int, buf: bytes, stop: bool = True) -> int:
        self._device(addr).write(bytes(buf))
        return len(buf)

    def readfrom_into(self, addr: int, buf: bytearray, stop: bool = True) -> None:
        self._device(addr).read_into(buf)

    def readfrom_mem_into(
        self, addr: int, memaddr: int, buf: bytearray, *, addrsize: int = 8
    ) -> None:
        device = self._device(addr)
        device.write(memaddr.to_bytes(addrsize // 8, "big"))
        device.read_into(buf)

    def writeto_mem(self, addr: int, memaddr: int, buf: bytes, *, addrsize: int = 8) -> None:
        self._device(addr).write(memaddr.to_bytes(addrsize // 8, "big") + bytes(buf))


class SPI:
    """An SPI bus; with no device on it, it reads zeros, as an open input may."""

    MSB, LSB = 0, 1

    def __init__(
        self,
        id: int,
        baudrate: int = 1_000_000,
        *,
        polarity: int = 0,
        phase: int = 0,
        bits: int = 8,
        firstbit: int = MSB,
        sck: "Pin | None" = None,
        mosi: "Pin | None" = None,
        miso: "Pin | None" = None,
    ) -> None:
        self._id = id

    def write_readinto(self, write_buf: bytes, read_buf: bytearray) -> None:
        if len(write_buf) != len(read_buf):
            raise ValueError("buffers must be the same length")
        device = _spi.get(self._id)
        if device is None:
            read_buf[:] = bytes(len(read_buf))
        else:
            device.transfer(bytes(write_buf), read_buf)

    def write(self, buf: bytes) -> None:
        self.write_readinto(buf, bytearray(len(buf)))

    def readinto(self, buf: bytearray, write: int = 0) -> None:
        self.write_readinto(bytes([write]) * len(buf), buf)


class WDT:
    """A watchdog that only counts how often it is fed: nothing here can hang unseen."""

    def __init__(self, id: int = 0, timeout: int = 5000) -> None:
        if not 0 < timeout <= 8388:  # RP2040 datasheet 4.7: 24 bits at 2 counts a microsecond
            raise ValueError("timeout exceeds 8388")
        self.fed = 0

    def feed(self) -> None:
        self.fed += 1


class Timer:
    """A timer whose time a test decides: `fire()` calls back once."""

    ONE_SHOT, PERIODIC = 0, 1

    def __init__(self, id: int = -1) -> None:
        if id != -1:
            raise ValueError("Timer doesn't exist")
        self._callback: "Callable[[Timer], None] | None" = None

    def init(
        self,
        *,
        mode: int = PERIODIC,
        freq: float = -1,
        period: int = -1,
        callback: "Callable[[Timer], None] | None" = None,
    ) -> None:
        self._callback = callback

    def deinit(self) -> None:
        self._callback = None

    def fire(self) -> None:
        if self._callback is not None:
            self._callback(self)


class RTC:
    """Keeps the date that it was given."""

    _now = (2021, 1, 1, 4, 0, 0, 0, 0)

    def datetime(self, now: "tuple[int, ...] | None" = None) -> "tuple[int, ...] | None":
        if now is None:
            return RTC._now
        if len(now) != 8:
            raise TypeError("object doesn't have 8 elements")
        RTC._now = tuple(now)  # type: ignore[assignment]
        return None


def unique_id() -> bytes:
    return b"\xe6\x61\x4c\x31\x1b\x7e\x6f\x2a"


def reset_cause() -> int:
    return PWRON_RESET


def reset() -> None:
    raise Reset


def soft_reset() -> None:
    raise Reset


def freq(hz: "int | None" = None) -> int:
    return 125_000_000


def disable_irq() -> int:
    return 1


def enable_irq(state: int) -> None:
    """No interrupt comes by itself here."""


def idle() -> None:
    """No clock to stop."""
