"""One sensor of the settings: looked for until it answers, and again after it has failed."""

from time import ticks_diff, ticks_ms

from micropython import const

from node import drivers, hal
from node.drivers.errors import (
    BadReading,
    CrcMismatch,
    DeviceMismatch,
    LineHeld,
    NoAnswer,
    NoSupply,
    SensorReset,
    SensorTimeout,
)
from node.stamps import Stamps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.health import Health
    from node.tacho import Tacho

# So long a sensor is left alone before it is looked after: what comes over a chip between two
# records is then told when it happens, for a thousandth of the time.
_LOOK_MS = const(1000)

FAILURES = (OSError, ValueError, DeviceMismatch)  # what a driver raises

_NAMES = (
    (SensorTimeout, "timeout"),
    (NoAnswer, "no_answer"),
    (LineHeld, "line_held"),
    (NoSupply, "no_supply"),
)


class Sensor:
    """The driver of one sensor, shared by the sets that measure it.

    path: of its settings, for what only the chip can judge.
    """

    def __init__(self, settings: "dict[str, Any]", path: str, health: "Health") -> None:
        self.name: str = settings["name"]
        self.settings = settings
        self.driver = drivers.load(settings["chip"])
        # A chip without an interrupt at its watermark is polled, whatever is wired.
        told = getattr(self.driver, "watermark_interrupt", True)
        self.stamps = Stamps(hal.interrupt_pin(settings.get("int1")) if told else None)
        self.tacho: "Tacho | None" = None
        if settings.get("tacho") is not None:
            from node.tacho import Tacho

            self.tacho = Tacho(
                hal.interrupt_pin(settings["tacho"]["pin"]), settings["tacho"]["pulses"]
            )
        self.armed_for: "Any" = None  # whose motion the chip watches for
        self._asked_ticks = ticks_ms()  # when the chip was last known to be in order
        self._path = path
        self._health = health
        self._device: "Any" = None
        self._configured: "dict[str, Any]" = {}

    def open(self, **options: "Any") -> "Any":
        """The driver, configured so.  Raises FAILURES: tell them to failed()."""
        self.armed_for = None
        self._asked_ticks = ticks_ms()
        if self._device is None:
            self._find(options)
        elif options != self._configured:
            self._device.configure(**options)
            self._configured = options
        return self._device

    def look(self, path: str) -> "dict[str, Any] | None":
        """Between records, and not too often: the fault that has come over the chip, told once.

        A sensor that failed is looked for again.  path: of the settings of the set.
        """
        if self.armed_for is not None:
            return None  # it is asked all the time
        if ticks_diff(ticks_ms(), self._asked_ticks) < _LOOK_MS:
            return None
        self._asked_ticks = ticks_ms()
        device = self._device
        try:
            (device or self._find(self._configured)).prove_kept()
        except FAILURES as error:
            if device is not None:
                return self.failed(error, path)
            self._device = None  # as has been told
        return None

    def _find(self, options: "dict[str, Any]") -> "Any":
        device = self.driver(self._connect(self.settings["bus"]))
        device.configure(**options)
        self._device, self._configured = device, options
        return device

    def _connect(self, bus: "dict[str, Any]") -> "Any":
        if bus["kind"] == "onewire":
            return hal.onewire(bus)
        return hal.registers(bus, drivers.CHIPS[self.settings["chip"]][2])

    def failed(self, error: Exception, path: str) -> "dict[str, Any]":
        """What a failure is called in a report; the sensor is looked for anew at its next record.

        path: of the settings of the set.
        """
        known, self._device = self._device is not None, None
        self.armed_for = None
        if isinstance(error, DeviceMismatch):
            return self._fault("wrong_identity", expected=error.expected, got=error.got)
        for kind, name in _NAMES:
            if isinstance(error, kind):
                return self._fault(name)
        if isinstance(error, CrcMismatch):
            return self._fault("crc", expected=error.expected, got=error.got)
        if isinstance(error, BadReading):
            return self._fault("bad_reading", got=error.got, least=error.least, most=error.most)
        if isinstance(error, SensorReset):
            return self._fault(
                "sensor_reset", register=error.reg, expected=error.expected, got=error.got
            )
        if isinstance(error, ValueError):
            return self._bad_setting(error.args, path)
        errno = error.errno if isinstance(error, OSError) else None
        # Nothing answered; perhaps because a chip holds the bus, which can be mended.
        freed = hal.recover(self.settings["bus"])
        if freed is None:
            return self._fault("bus_error" if known else "no_answer", errno=errno)
        if freed:
            self._health.count("bus_recovered")
        return self._fault("bus_held", errno=errno, recovered=freed)

    def _bad_setting(self, args: "tuple[Any, ...]", path: str) -> "dict[str, Any]":
        """A setting that only the chip (key, value, allowed) or the port (a text) can judge."""
        if len(args) != 3:
            return self._fault("bad_setting", path=self._path, allowed=str(args))
        key, value, allowed = args
        where = self._path if key in self.settings else path
        return self._fault("bad_setting", path=where + "." + key, got=value, allowed=str(allowed))

    def _fault(self, fault: str, **facts: object) -> "dict[str, Any]":
        self._health.count(fault)
        entry: "dict[str, Any]" = {"sensor": self.name, "fault": fault}
        entry.update(facts)
        return entry
