"""A measurement set of a process value: one number of a slow sensor at a time."""

import asyncio
from time import ticks_diff, ticks_us

from node.result import Result
from node.sensor import FAILURES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.health import Health
    from node.sensor import Sensor


class Value:
    """Measures one set again and again, whatever happens to its sensor.

    path: of the settings of the set.
    """

    def __init__(
        self, settings: "dict[str, Any]", path: str, sensor: "Sensor", health: "Health"
    ) -> None:
        self.name: str = settings["name"]
        self.sensor = sensor
        self.result = Result()
        self._keys = tuple(settings["features"])
        self._path = path
        self._health = health
        self._fault: "dict[str, Any] | None" = None  # found between two readings, not told yet

    def moved(self, now_ticks: int) -> bool:  # noqa: ARG002
        """Whether something has come over the sensor since its last reading."""
        self._fault = self.sensor.look(self._path)
        return self._fault is not None

    async def run(self, request: "dict[str, Any] | None" = None) -> None:  # noqa: ARG002
        """Measure once: `result` holds what it gave.  Others run while the chip converts."""
        result = self.result
        result.clear()
        if self._fault is not None:
            result.faults.append(self._fault)
            self._fault = None
            return
        begin_ticks = ticks_us()
        try:
            device = self.sensor.open()
            device.begin()
            await asyncio.sleep_ms(-(-device.wait_us // 1000))
            celsius = device.read_c()
        except FAILURES as error:
            result.faults.append(self.sensor.failed(error, self._path))
            return
        self._health.stage("value", ticks_diff(ticks_us(), begin_ticks))
        (channel,) = self.sensor.settings["channels"]
        result.channels[channel] = dict.fromkeys(self._keys, celsius)
        result.withheld[channel] = {}
        result.marked[channel] = {}
        result.record = {
            "set": self.name,
            "sensor": self.sensor.name,
            "chip": self.sensor.settings["chip"],
            "valid": True,
        }
