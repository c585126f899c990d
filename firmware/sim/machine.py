"""The twin of `machine`: what the firmware finds under this name on a virtual board."""

from sim.analogue import ADC, mem32
from sim.i2c import I2C
from sim.pin import Pin
from sim.power import reset, soft_reset
from sim.rtc import RTC
from sim.spi import SPI
from sim.timers import WDT, Timer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.world import World

__all__ = (
    "ADC",
    "I2C",
    "RTC",
    "SPI",
    "WDT",
    "Pin",
    "Timer",
    "mem32",
    "reset",
    "soft_reset",
)

# As of the ESP32's port, which tells more causes apart than the RP2040's does.
PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5
_CAUSES = {
    "power_on": PWRON_RESET,
    "hard": HARD_RESET,
    "watchdog": WDT_RESET,
    "deepsleep": DEEPSLEEP_RESET,
    "soft": SOFT_RESET,
}

_IDLE_US = 1000  # the tick of a port's scheduler wakes an idle core

_worlds: "list[World]" = []
_frequency_hz = [125_000_000]


def attach(world: "World", buses: "list[dict[str, Any]]") -> None:
    """The world that all of this module's objects are in, and the chips at its buses."""
    _worlds[:] = [world]
    Pin.world = WDT.world = Timer.world = I2C.world = SPI.world = world
    I2C.buses = SPI.buses = buses


def reset_cause() -> int:
    return _CAUSES[_worlds[0].spec.get("reset_cause", "power_on")]


def unique_id() -> bytes:
    return bytes.fromhex(_worlds[0].spec["unique_id"])


def freq(hz: "int | None" = None) -> "int | None":
    """The CPU's clock; setting it changes nothing else: computing takes no simulated time."""
    if hz is None:
        return _frequency_hz[0]
    if not isinstance(hz, int):
        raise TypeError("can't convert %s to int" % type(hz).__name__)
    if not 10_000_000 <= hz <= 270_000_000:
        raise ValueError("cannot change frequency")
    _frequency_hz[0] = hz
    return None


def idle() -> None:
    """Wait for the next interrupt, a millisecond at most."""
    world = _worlds[0]
    target_us = world.now_us() + _IDLE_US
    due_us = world.next_event_us()
    world.advance_to(target_us if due_us is None else min(due_us, target_us))


def lightsleep(time_ms: "int | None" = None) -> None:
    """Sleep for a time, or until the next interrupt; RuntimeError where none would come."""
    world = _worlds[0]
    if time_ms is not None:
        world.sleep_us(time_ms * 1000)
        return
    due_us = world.next_event_us()
    if due_us is None:
        raise RuntimeError("nothing would ever wake this board")
    world.advance_to(due_us)


def disable_irq() -> int:
    """Interrupts come only while time passes, and it passes only in calls: nothing to hold off."""
    return 0


def enable_irq(state: int = 0) -> None:
    """As disable_irq."""
