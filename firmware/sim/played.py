"""A recording of currents and voltages in place of a motor, as clamps feel it.

`"source"`: `{"kind": "samples", "path", "rate_hz", "currents", "voltages", "scales", "line_hz"}`:
a file of little-endian int32 frames, currents first, then voltages; value * scale of its column
is in A or V.  It is played in a loop, with straight lines between two frames: who makes the file
resamples it to a rate at which these are good.
"""

from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_VALUE_BYTES = 4


class Played:
    """The interface of motors.Motor: amps, volts, line_hz."""

    def __init__(self, config: "dict[str, Any]", open_file: "Any") -> None:
        self._currents: int = config["currents"]
        self._channels: int = self._currents + config.get("voltages", 0)
        self._scales: "list[float]" = config["scales"]
        self._rate_hz: float = config["rate_hz"]
        self.line_hz: float = config.get("line_hz", 50.0)
        if len(self._scales) != self._channels:
            raise ValueError("scales", len(self._scales), self._channels)
        file = open_file(config["path"], "rb")
        size = file.seek(0, 2) // (self._channels * _VALUE_BYTES)
        if size < 2:
            file.close()
            raise ValueError("path", "no frame in the file", "at least two of int32[channels]")
        self._frames = size
        self._values = array("i", bytes(size * self._channels * _VALUE_BYTES))
        file.seek(0)
        file.readinto(memoryview(self._values))
        file.close()

    def amps(self, phase: int, from_s: float, step_s: float, out: "array[float]") -> None:
        """The currents of a phase at from_s, from_s + step_s, … into all of out, A."""
        self._play(phase, from_s, step_s, out)

    def volts(self, phase: int, from_s: float, step_s: float, out: "array[float]") -> None:
        """The voltages, likewise, V."""
        self._play(self._currents + phase, from_s, step_s, out)

    def _play(self, column: int, from_s: float, step_s: float, out: "array[float]") -> None:
        values, channels, frames = self._values, self._channels, self._frames
        scale = self._scales[column]
        for i in range(len(out)):
            place = (from_s + i * step_s) * self._rate_hz
            first = int(place)
            part = place - first
            a = values[first % frames * channels + column]
            b = values[(first + 1) % frames * channels + column]
            out[i] = scale * (a + part * (b - a))
