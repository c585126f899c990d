"""A recording in place of the machines: what the sensors of a demo feel."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nodewright.demo.plan import NodePlan
from nodewright.playback import play
from nodewright.records import Recording, RecordingError, read


class RecordSource:
    """Plays one recording to every node, each at its own sensor's clock."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._played: dict[tuple[int, int], Mapping[str, Any]] = {}
        self._notes = list(recording.source.notes)

    def __call__(self, plan: NodePlan, folder: Path) -> Mapping[str, Any]:
        """The source of a node's twin.  Raises RecordingError where it cannot be played to it."""
        if not plan.played:
            return plan.machine_source()
        odr_hz: int = plan.measured["odr_hz"]
        key = odr_hz, plan.clock_error_ppm
        if key not in self._played:
            played = play(
                self._recording,
                folder / f"record-{len(self._played)}.i32",
                odr_hz=odr_hz,
                record_samples=plan.measured["samples"],
                clock_error_ppm=plan.clock_error_ppm,
                repeat_short=True,
            )
            self._played[key] = played.source
            self._notes += [note for note in played.notes if note not in self._notes]
        return self._played[key]

    @property
    def about(self) -> dict[str, Any]:
        """What is played, for the result; its notes grow when it is played."""
        origin = self._recording.source
        return {
            "kind": "record",
            "file": str(origin.path),
            "sha256": origin.sha256,
            "rate_hz": self._recording.rate_hz,
            "seconds": round(self._recording.seconds, 6),
            "channels": list(self._recording.channels),
            "scale": origin.scale,
            "notes": self._notes,
        }


def open_record(
    path: Path,
    rate_hz: float | None = None,
    scale: float | None = None,
    channel: Sequence[str] = (),
    variable: str | None = None,
) -> RecordSource:
    """Read a recording to be played; one channel goes to every axis, two to x and
    y, three to x, y, z.

    rate_hz, scale (g per stored number), channel, variable: as of `nodewright.records.read`.
    Raises RecordingError.
    """
    chosen = [int(name) if name.isdecimal() else name for name in channel]
    recording = read(path, rate_hz=rate_hz, scale=scale, channel=chosen or None, variable=variable)
    if recording.unit != "g":
        wrong = f"its header says {recording.source.unit}, and accelerometers feel g"
        raise RecordingError(path, wrong, "choose others with --channel, or give --scale")
    return RecordSource(recording)
