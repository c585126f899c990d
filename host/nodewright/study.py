"""A recording through the node's feature code, with all that is to be said of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodewright import examine, offline, several
from nodewright.asked import Asked
from nodewright.examine import Channel, Digits, Point
from nodewright.reasons import SENTENCES, sentence
from nodewright.records import Recording
from nodewright.soundness import unsound
from nodewright.spectra import ChannelSpectrum, decoded
from nodewright.study_envelope import BearingStudy
from wire import DEFINITIONS, iso20816


@dataclass(frozen=True)
class Study:
    """What came of it.

    samples_g: float64[blocks * window, channels], what the node's code got; spectra: one a
    channel, averaged over the blocks; bearing: None where none was asked for.
    """

    recording: Recording
    stored: bool
    asked: Asked
    runtime: offline.Runtime
    backend: str
    window: int
    blocks: int
    channels: tuple[Channel, ...]
    spectra: tuple[ChannelSpectrum, ...]
    samples_g: NDArray[np.float64]
    bearing: BearingStudy | None = None

    @property
    def ok(self) -> bool:
        return all(channel.ok for channel in self.channels)

    @property
    def points(self) -> list[Point]:
        """Those of all channels."""
        return [point for channel in self.channels for point in channel.points]

    @property
    def shaft_hz(self) -> float | None:
        """The speed that orders are told by: the given one, else the estimate that holds and has
        the highest confidence of all channels."""
        if self.asked.shaft_hz is not None:
            return self.asked.shaft_hz
        sure = []
        for channel in self.channels:
            values = {point.key: point.value for point in channel.points}
            speed_hz, confidence = values.get("shaft_hz"), values.get("shaft_confidence")
            if speed_hz is not None:
                sure.append((confidence or 0.0, speed_hz))
        return max(sure)[1] if sure else None

    @property
    def out_of_tolerance(self) -> int:
        """How many values are."""
        return sum(point.ok is False for point in self.points)

    @property
    def withheld(self) -> int:
        """How many values are, with reason."""
        return sum(point.withheld is not None for point in self.points)

    @property
    def reasons(self) -> dict[str, str]:
        """What the reasons that occur mean, in the order of the catalogue."""
        said = {reason for p in self.points for reason in (p.withheld, p.marked) if reason}
        if self.bearing is not None:
            said |= self.bearing.reservations
        known = [reason for reason in SENTENCES if reason in said]
        return {reason: sentence(reason) for reason in (*known, *sorted(said - {*known}))}

    @property
    def zone(self) -> tuple[str, str, float] | None:
        """(zone, channel, velocity in mm/s) of the worst direction; None where no zone is told."""
        told = {
            channel.name: {
                point.key: point.value for point in channel.points if point.value is not None
            }
            for channel in self.channels
        }
        worst = iso20816.worst({n: v for n, v in told.items() if "vel_rms_mm_s" in v})
        if worst is None:
            return None
        return iso20816.ZONES[worst[0]], worst[1], told[worst[1]]["vel_rms_mm_s"]

    def record(self) -> dict[str, Any]:
        """About the recording, as JSON has it."""
        source, rate_hz = self.recording.source, self.recording.rate_hz
        return {
            "path": str(source.path),
            "format": source.format,
            "sha256": source.sha256,
            "variable": source.variable,
            "scale": source.scale,
            "unit": self.recording.unit,
            "channels": list(self.recording.channels),
            "rate_hz": rate_hz,
            "start": source.start,
            "window": self.window,
            "seconds": self.window / rate_hz,
            "blocks": self.blocks,
            "starts": list(self.channels[0].starts),
            "digits": "as stored" if self.stored else "scaled to int16",
            "definitions": DEFINITIONS,
            "notes": list(source.notes),
        }

    def as_dict(self, with_spectra: bool) -> dict[str, Any]:
        """The one JSON object of the command."""
        asked, zone = self.asked, self.zone
        limits = None if asked.machine is None else list(iso20816.limits(*asked.machine))
        found: dict[str, Any] = {
            "record": self.record(),
            "runtime": {
                **self.runtime.as_dict(),
                "backend": self.backend,
                "note": self.runtime.note,
            },
            "asked": {
                "shaft_hz": asked.shaft_hz,
                "bands": [list(band) for band in asked.bands],
                "machine": None if asked.machine is None else list(asked.machine),
                "limits_mm_s": limits,
            },
            "zone": None
            if zone is None
            else {"zone": zone[0], "channel": zone[1], "vel_rms_mm_s": zone[2]},
            "channels": [channel.as_dict() for channel in self.channels],
            "reasons": self.reasons,
        }
        if self.blocks > 1:
            found["spread"] = several.INTERVAL
        if self.bearing is not None:
            found["asked"]["bearing"] = self.bearing.asked.as_dict()
            found["bearing"] = self.bearing.as_dict()
            for row, its in zip(found["channels"], self.bearing.channels, strict=True):
                row.update(its.as_dict())
                row["withheld"] |= its.withheld
        if with_spectra:
            for row, spectrum in zip(found["channels"], self.spectra, strict=True):
                row["spectrum"] = spectrum.as_dict()
        return found


def study(
    recording: Recording,
    digits: Digits,
    asked: Asked,
    runtime: offline.Runtime,
    *,
    backend: str,
    window: int,
    blocks: int,
) -> Study:
    """Run so many windows, one after the other from the first sample, and judge each.

    Raises what `offline.run` does.
    """
    starts = [window * index for index in range(blocks)]
    cut = examine.cut(digits, recording.rate_hz, window, starts)
    keys = examine.default_keys(len(asked.bands))
    told = offline.run(
        cut, runtime, backend=backend, keys=keys, options=asked.options(), spectra=True
    )
    width, bin_hz = len(recording.channels), recording.rate_hz / window
    channels, spectra = [], []
    for axis, name in enumerate(recording.channels):
        own = list(zip(starts, cut[axis::width], told[axis::width], strict=True))
        parts = [
            _channel(name, recording.source.start + start, block, values, keys, asked)
            for start, block, values in own
        ]
        mean_g = several.averaged([_amplitude(values) for _, _, values in own])
        channels.append(parts[0] if blocks == 1 else several.combine(parts, mean_g, bin_hz))
        logs_g = [decoded(values.log_codes) for _, _, values in own]
        log_g = np.sqrt(np.mean(np.square(logs_g), axis=0))
        bounds = tuple(own[0][2].log_bounds)
        spectra.append(ChannelSpectrum(name, bin_hz, mean_g, blocks, bounds, log_g))
    used = digits.digits[: window * blocks].astype(np.float64) * np.array(digits.g_per_digit)
    return Study(
        recording,
        digits.stored,
        asked,
        runtime,
        backend,
        window,
        blocks,
        tuple(channels),
        tuple(spectra),
        used,
    )


def _amplitude(values: offline.Values) -> NDArray[np.float32]:
    assert values.amplitude_g is not None  # study asks for it
    return values.amplitude_g


def _channel(
    name: str,
    start: int,
    block: offline.Block,
    values: offline.Values,
    keys: tuple[str, ...],
    asked: Asked,
) -> Channel:
    why = unsound(block.digits)
    if why is not None:
        marked = dict.fromkeys(values.values, why)
        values = offline.Values(values.values, values.withheld, marked, values.wrong)
    points = examine.judge(block, values, keys, asked.shaft_hz, asked.bands, asked.machine)
    return Channel(name, (start,), block.g_per_digit, points)
