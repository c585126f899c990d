"""The converter of the settings with its clamps: found, configured, and what its inputs mean."""

from node import drivers, hal
from node.sensor import Sensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.health import Health
    from node.motor import Motor

_FRAMES = ("mcp3208",)  # chips on SPI without registers


class Clamps(Sensor):
    """A sensor of kind "current".

    rows: the settings' inputs, those of currents first, then those of voltages, which is the order
    of all blocks; currents: how many of them there are; motor: what is kept of it, or None.
    """

    def __init__(
        self, settings: "dict[str, Any]", path: str, health: "Health", starts: bool = False
    ) -> None:
        """starts: one of its sets waits for a start."""
        super().__init__(settings, path, health)
        inputs = settings["inputs"]
        voltages = [row for row in inputs if row["quantity"] == "voltage"]
        self.rows: "list[dict[str, Any]]" = [
            row for row in inputs if row not in voltages
        ] + voltages
        self.currents = len(inputs) - len(voltages)
        self._own: "Any" = None
        if settings["bus"] is None:
            # One driver for ever: it has DMA channels and, once configured, a block for them.
            own = self._own_converter(starts)
            self.driver = lambda _bus: own
            self._own = own

        self.shaft_hz: "float | None" = None  # by the slip of the record before, an estimate
        self.shaft_error: "float | None" = None  # its relative uncertainty
        self.standing = False  # by the record before, where that was sound
        self.motor: "Motor | None" = None
        told = settings["motor"]
        if told is not None:
            from node.motor import Motor

            self.motor = Motor(
                "/state/motor-" + self.name, told["on_a"], told["off_a"], told["rated_a"]
            )

    def reserve(self, samples: int, room: "Any" = None, room_bytes: int = 0) -> None:
        """Make room for records of so many samples while the heap is whole.

        room: a buffer of so many bytes, of others, who leave it alone while a record runs.
        """
        if self._own is not None:
            if room_bytes < 2 * len(self.rows) * samples:
                room = None
            self._own.reserve(len(self.rows), samples, room)

    def converter(self, rate_hz: float, samples: int) -> "Any":
        """The driver, set up for a record.  Raises FAILURES: tell them to failed()."""
        return self.open(
            rate_hz=rate_hz,
            samples=samples,
            inputs=tuple([row["input"] for row in self.rows]),
            full_scale_v=self.settings["full_scale_v"],
            line_hz=self.settings["line_hz"],
        )

    def _own_converter(self, starts: bool) -> "Any":
        analogue = hal.Analogue()
        if analogue.DMA is not None:
            if starts:
                from node.drivers.rp2_ring import RP2Ring

                return RP2Ring(analogue)
            return self.driver(analogue)
        from node.drivers.adc_polled import PolledADC

        return PolledADC(analogue)

    def _connect(self, bus: "dict[str, Any] | None") -> "Any":
        if bus is None:
            return None
        chip = self.settings["chip"]
        mode = drivers.CHIPS[chip][2]
        return hal.frames(bus, mode) if chip in _FRAMES else hal.registers(bus, mode)
