"""A set of clamps that is measured when a current rises: the converter runs on until then."""

from time import ticks_diff

from node.sensor import FAILURES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.clamps import Clamps

_PEAKS = 2.8284271  # from peak to peak, over the RMS of a sine
_CODES = 4096
_LOOKS = 4  # in the length of a record, at least
_REST_MS = 60_000  # after a failure


class StartWatch:
    """settings, path: of the set.

    failure: the fault that keeps the converter from watching, until taken; its set reports it.
    risen: the converter has a record, which it is to give.
    """

    def __init__(self, settings: "dict[str, Any]", path: str, sensor: "Clamps") -> None:
        self.failure: "dict[str, Any] | None" = None
        self.risen = False
        self.look_ms = max(1, int(settings["samples"] * 1000 / settings["rate_hz"]) // _LOOKS)
        self._settings, self._path, self._sensor = settings, path, sensor
        volts = settings["schedule"]["threshold_a"] * _PEAKS
        codes = _CODES / sensor.settings["full_scale_v"]
        self._least = [
            int(volts / abs(row["per_volt"]) * codes) if index < sensor.currents else 0
            for index, row in enumerate(sensor.rows)
        ]
        self._device: "Any" = None
        self._failed_ticks: "int | None" = None

    def moved(self, now_ticks: int) -> bool:
        """Whether the set is to be measured: a current has risen, or nobody can see that."""
        failed = self._failed_ticks
        if failed is not None and ticks_diff(now_ticks, failed) < _REST_MS:
            return False
        self._failed_ticks = None
        try:
            self.risen = self._ask()
            return self.risen
        except FAILURES as error:
            self.failure = self._sensor.failed(error, self._path + ".schedule")
            self._failed_ticks = now_ticks
            return True

    def _ask(self) -> bool:
        sensor = self._sensor
        if sensor.armed_for is not self:  # a record has ended ours
            device = sensor.converter(self._settings["rate_hz"], self._settings["samples"])
            if not hasattr(device, "watch"):
                raise ValueError("kind", "start", "interval, demand: the port has no DMA")
            device.watch()
            self._device, sensor.armed_for = device, self
            return False
        risen: bool = self._device.risen(self._least)
        return risen
