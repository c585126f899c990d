"""A set that is measured when its sensor feels motion: the chip watches, the node need not."""

from time import ticks_diff

from node.sensor import FAILURES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.sensor import Sensor


class Watch:
    """schedule: `motion` of the settings; path: of the settings of the set.

    failure: the fault that keeps the chip from watching, until taken; its set then reports it.
    """

    def __init__(self, schedule: "dict[str, Any]", path: str, sensor: "Sensor") -> None:
        self.failure: "dict[str, Any] | None" = None
        self._threshold_g: float = schedule["threshold_g"]
        self._least_ms: int = schedule["least_ms"]
        self._path = path + ".schedule"
        self._sensor = sensor
        self._device: "Any" = None
        self._told_ticks: "int | None" = None

    def moved(self, now_ticks: int, **options: "Any") -> bool:
        """Whether the set is to be measured: there was motion, or the chip cannot watch.

        Asked again and again between records; options: of the sensor.  At most once in least_ms.
        """
        told = self._told_ticks
        if told is not None and ticks_diff(now_ticks, told) < self._least_ms:
            return False
        try:
            found = self._ask(options)
        except FAILURES as error:
            self.failure = self._sensor.failed(error, self._path)
            found = True
        if found:
            self._told_ticks = now_ticks
        return found

    def _ask(self, options: "dict[str, Any]") -> bool:
        sensor = self._sensor
        if sensor.armed_for is not self:  # a record, or another watch, has ended ours
            device = sensor.open(**options)
            if not device.motion:
                raise ValueError("kind", "motion", "interval, demand: the chip does not watch")
            device.arm_motion(self._threshold_g)
            self._device, sensor.armed_for = device, self
            return False
        moved: bool = self._device.moved()
        return moved
