"""What a sensor's twin feels: a machine by physics (sim/rotating.py), or a recording.

A source has one method: `fill(start, count, rate_hz, out)` writes count samples from number start
on, of a sensor that takes rate_hz of them a second, into out, in g, three axes a sample.  The same
samples for the same arguments, in whatever order they are asked for.
"""

from array import array

from sim.rotating import Machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Source(Protocol):
        def fill(self, start: int, count: int, rate_hz: float, out: array[float]) -> None: ...


_AXES = 3
_WINDOW = 32  # frames of a recording in memory
_VALUE_BYTES = 4
_SAME_RATE = 1e-9


def source(config: "dict[str, Any]", open_file: "Callable[[str, str], Any]") -> "Source":
    """The source that a configuration describes; open_file(path, mode) opens a file of the host.

    Raises ValueError(key, value, allowed).
    """
    kind = config.get("kind")
    if kind == "machine":
        return Machine(config["machine"], config.get("seed", 1))
    if kind == "samples":
        return Recording(
            open_file(config["path"], "rb"),
            config["rate_hz"],
            config["channels"],
            config["scale_g"],
        )
    raise ValueError("kind", kind, ("machine", "samples"))


class Recording:
    """Frames of int32 (little-endian) from a file, played in a loop; value * scale_g is in g.

    Axis k plays channel k, modulo the number of channels.  A sensor of the recording's own rate
    gets the frames as they are, any other straight lines between them: resample for a filter.
    """

    def __init__(self, file: "Any", rate_hz: float, channels: int, scale_g: float) -> None:
        self._file = file
        self._rate_hz, self._channels, self._scale_g = rate_hz, channels, scale_g
        frames = file.seek(0, 2) // (channels * _VALUE_BYTES)
        if not frames:
            raise ValueError("path", "no frame in the file", "at least one of int32[channels]")
        self._frames = frames
        self._window = array("i", bytes(_WINDOW * channels * _VALUE_BYTES))
        self._first = self._end = 0  # frames of the file that are in the window

    def fill(self, start: int, count: int, rate_hz: float, out: "array[float]") -> None:
        ratio = self._rate_hz / rate_hz
        same = abs(ratio - 1) < _SAME_RATE
        for i in range(count):
            if same:
                frame, part = start + i, 0.0
            else:
                place = (start + i) * ratio
                frame = int(place)
                part = place - frame
            for axis in range(_AXES):
                value = self._value(frame, axis)
                if part:
                    value += (self._value(frame + 1, axis) - value) * part
                out[_AXES * i + axis] = value * self._scale_g

    def _value(self, frame: int, axis: int) -> float:
        frame %= self._frames
        if not self._first <= frame < self._end:
            self._file.seek(frame * self._channels * _VALUE_BYTES)
            got = self._file.readinto(self._window)
            self._first = frame
            self._end = frame + got // (self._channels * _VALUE_BYTES)
        return self._window[(frame - self._first) * self._channels + axis % self._channels]
