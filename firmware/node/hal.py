"""The hardware: the only module that imports machine, network and rp2."""

import binascii
import sys
from time import sleep_us

import machine
import network
from micropython import const

from node.drivers.bus import I2CRegisters, SPIRegisters, clock_out

try:
    import rp2
except ImportError:
    rp2 = None  # type: ignore[assignment]  # another port

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.drivers.bus import RegisterBus
    from node.drivers.frames import SPIFrames
    from node.drivers.onewire import OneWireDevice

_HOLD_MS = const(1000)

_buses: "dict[tuple[str, int], Any]" = {}  # several chips may share one
_spi_modes: "dict[int, int]" = {}  # by the bus


def registers(bus: "dict[str, Any]", spi_mode: int) -> "RegisterBus":
    """The registers of one chip on a bus of the settings; spi_mode: 2 CPOL + CPHA.

    Raises ValueError for pins or a rate that the port refuses, and for chips of different modes
    on one SPI bus.
    """
    if bus["kind"] == "i2c":
        return I2CRegisters(_i2c(bus), bus["address"], bus["rate_hz"])
    select = machine.Pin(bus["cs"], machine.Pin.OUT, value=1)
    return SPIRegisters(_spi(bus, spi_mode), select, bus["rate_hz"])


def frames(bus: "dict[str, Any]", spi_mode: int) -> "SPIFrames":
    """A chip on SPI that has no registers; spi_mode and errors: as registers()."""
    from node.drivers.frames import SPIFrames  # here: few nodes have such a chip

    select = machine.Pin(bus["cs"], machine.Pin.OUT, value=1)
    return SPIFrames(_spi(bus, spi_mode), select, bus["rate_hz"])


class Analogue:
    """The converter inside the chip.

    DMA: the port's class, None where there is none; adc_base, adc_dreq, wide_codes (RP2040-E11):
    what drivers/rp2_adc.py needs to know of an RP2.
    """

    def __init__(self) -> None:
        self.DMA: "Any" = getattr(rp2, "DMA", None)
        self.mem32: "Any" = getattr(machine, "mem32", None)
        self.wide_codes = "RP2350" not in getattr(sys.implementation, "_machine", "")
        if self.wide_codes:  # RP2040 datasheet 2.2.4, and 2.5.3.1, table 120
            self.adc_base, self.adc_dreq = 0x4004_C000, 36
        else:  # RP2350 datasheet 2.2.4, and 12.6.4.1
            self.adc_base, self.adc_dreq = 0x400A_0000, 48

    def ADC(self, pin: int) -> "Any":
        """The input at a pin.  Raises ValueError for a pin without one."""
        return machine.ADC(machine.Pin(pin))


def onewire(bus: "dict[str, Any]") -> "OneWireDevice":
    """One chip on a 1-Wire line of the settings.

    Raises ImportError on a port without 1-Wire, ValueError for a pin that the port has not.
    """
    import _onewire  # here: a node without such a sensor needs no such port

    from node.drivers.onewire import OneWire, OneWireDevice

    key = ("onewire", bus["pin"])
    if key not in _buses:
        pin = machine.Pin(bus["pin"], machine.Pin.OPEN_DRAIN, machine.Pin.PULL_UP)
        _buses[key] = OneWire(_onewire, pin)
    rom = None if bus["rom"] is None else binascii.unhexlify(bus["rom"])
    return OneWireDevice(_buses[key], rom)


def _i2c(bus: "dict[str, Any]") -> "Any":
    key = ("i2c", bus["id"])
    if key not in _buses:
        _buses[key] = _new_i2c(bus)
    return _buses[key]


def _new_i2c(bus: "dict[str, Any]") -> "Any":
    return machine.I2C(
        bus["id"], sda=machine.Pin(bus["sda"]), scl=machine.Pin(bus["scl"]), freq=bus["rate_hz"]
    )


def recover(bus: "dict[str, Any] | None") -> "bool | None":
    """After a failed transaction: free a bus of the settings that a chip holds low.

    None where nothing holds it (SPI, no bus: never); else whether it is free again.
    """
    # A pin without a mode stays the controller's, on every port, and can be read.
    if bus is None or bus["kind"] != "i2c" or machine.Pin(bus["sda"])():
        return None
    line = machine.Pin.OPEN_DRAIN, machine.Pin.PULL_UP
    freed = clock_out(machine.Pin(bus["sda"], *line), machine.Pin(bus["scl"], *line), sleep_us)
    # Gives the pins back to the controller: ports have one object for each, which chips share.
    _buses[("i2c", bus["id"])] = _new_i2c(bus)
    return freed


def _spi(bus: "dict[str, Any]", mode: int) -> "Any":
    key = ("spi", bus["id"])
    if key not in _buses:
        _spi_modes[bus["id"]] = mode
        _buses[key] = machine.SPI(
            bus["id"],
            baudrate=bus["rate_hz"],
            polarity=mode >> 1,
            phase=mode & 1,
            sck=machine.Pin(bus["sck"]),
            mosi=machine.Pin(bus["mosi"]),
            miso=machine.Pin(bus["miso"]),
        )
    elif _spi_modes[bus["id"]] != mode:
        raise ValueError(
            "bus.id", bus["id"], "a bus of its own: the other chip's SPI mode differs"
        )
    return _buses[key]


def interrupt_pin(number: "int | None") -> "Any":
    """The pin of a sensor's interrupt output, or None where none is wired."""
    return None if number is None else machine.Pin(number, machine.Pin.IN)


def unique_id() -> str:
    """The chip's id in hex."""
    return binascii.hexlify(machine.unique_id()).decode()


def reset_cause() -> str:
    """Why the board started: power_on, hard, watchdog, deepsleep, soft or unknown."""
    cause = machine.reset_cause()
    for constant, name in (
        ("PWRON_RESET", "power_on"),
        ("HARD_RESET", "hard"),
        ("WDT_RESET", "watchdog"),
        ("DEEPSLEEP_RESET", "deepsleep"),
        ("SOFT_RESET", "soft"),
    ):
        if cause == getattr(machine, constant, None):  # a port has only some of them
            return name
    return "unknown"


def reset() -> None:
    """Restart the board as if its reset pin had been pulled."""
    machine.reset()


class Watchdog:
    """The hardware watchdog: once started it cannot be stopped, only fed."""

    def __init__(self, timeout_ms: int) -> None:
        self._wdt = machine.WDT(timeout=timeout_ms)
        self._timer: "Any" = None

    def feed(self) -> None:
        self._wdt.feed()

    def hold(self) -> None:
        """Feed by a timer from now on: a person at the REPL has stopped the program."""
        try:
            self._timer = machine.Timer(-1)  # RP2: virtual timers only
        except ValueError:
            self._timer = machine.Timer(0)  # ESP32: numbered ones only
        self._timer.init(
            period=_HOLD_MS, mode=machine.Timer.PERIODIC, callback=lambda _timer: self._wdt.feed()
        )


def set_date(year: int, month: int, day: int, weekday: int, h: int, m: int, s: int) -> None:
    """Set the board's clock, UTC; weekday from 0 for Monday.  TLS judges certificates by it."""
    machine.RTC().datetime((year, month, day, weekday, h, m, s, 0))


class WiFi:
    """The station interface."""

    def __init__(
        self, ssid: str, password: "str | None", static: "dict[str, str] | None" = None
    ) -> None:
        """static: address, mask and gateway of the settings; None: DHCP gives them."""
        self._ssid, self._password = ssid, password
        self._static = static
        self._wlan = network.WLAN(network.STA_IF)

    def begin(self) -> None:
        """Start to connect, anew if a try is under way.  Raises OSError where the radio fails."""
        self._wlan.active(True)
        try:
            self._wlan.disconnect()
        except OSError:
            pass  # ESP32: there was nothing to leave
        if self._static is not None:
            gateway = self._static["gateway"]
            # The gateway is asked for names where the settings name nobody else.
            self._wlan.ifconfig((self._static["address"], self._static["mask"], gateway, gateway))
        self._wlan.connect(self._ssid, self._password)

    def connected(self) -> bool:
        return bool(self._wlan.isconnected())

    def name_servers(self) -> "tuple[str, ...]":
        """What DHCP has named; nothing while there is no network."""
        server = self._wlan.ifconfig()[3] if self.connected() else "0.0.0.0"  # noqa: S104
        return () if server == "0.0.0.0" else (server,)  # noqa: S104
