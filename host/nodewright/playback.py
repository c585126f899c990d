"""A recording as the world in front of a twin: at the sensor's own clock, in an endless loop.

What the chip does to it afterwards (range, quantisation, noise) is the chip twin's work.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from nodewright.records import Recording, RecordingError

AXES = ("x", "y", "z")
# Shares of the slower of the two rates. Beyond the stop band everything is below -80 dB, so that
# nothing folds back; what lies between pass band and half the rate is attenuated and not aliased.
PASS_BAND = 0.4
STOP_BAND = 0.5
_STOP_DB = 80.0
_MOST_RATE_ERROR = 1e-6
_MOST_FACTOR = 200_000  # of the polyphase filter; 50 taps each
_FULL_SCALE = 2**30  # int32 with room to spare
_JOINT_SHARE = 0.05  # of the loop is crossfaded, at most
_JOINT_S = 0.1


@dataclass(frozen=True)
class Playback:
    """What was written for the twin, and what it does to the recording."""

    path: Path
    rate_hz: float  # the sensor's own
    frames: int
    axes: int
    scale_g: float
    pass_band_hz: float  # up to here a tone keeps its amplitude within 0.1 %
    notes: tuple[str, ...]

    @property
    def source(self) -> dict[str, str | int | float]:
        """The `source` of a chip in the specification of a virtual board."""
        return {
            "kind": "samples",
            "path": str(self.path),
            "rate_hz": self.rate_hz,
            "channels": self.axes,
            "scale_g": self.scale_g,
        }


def play(
    recording: Recording,
    path: Path,
    *,
    odr_hz: float,
    record_samples: int,
    clock_error_ppm: float = 0.0,
    axis: str = "all",
    repeat_short: bool = False,
) -> Playback:
    """Write the recording as little-endian int32 frames for a chip of three axes.

    odr_hz, clock_error_ppm: of the twin's clock; record_samples: of the node's record, which the
    loop must hold unless repeat_short lets a record run over the loop's joint.  axis: where a
    recording of one channel goes, "x", "y", "z" or "all"; one of two goes to x and y, one of three
    to x, y, z.
    Raises RecordingError for a recording that is too short, of another unit or shape.
    """
    if not (math.isfinite(odr_hz) and odr_hz > 0.0) or not abs(clock_error_ppm) < 500_000:
        raise ValueError(f"odr_hz {odr_hz}, clock_error_ppm {clock_error_ppm}: no clock runs so")
    if record_samples < 1:
        raise ValueError(f"record_samples: {record_samples}; at least 1 is needed")
    source = recording.source.path
    if recording.unit != "g":
        raise RecordingError(source, f"it is in {recording.unit}", "an accelerometer plays g")
    rate_hz = odr_hz * (1.0 + clock_error_ppm / 1e6)
    channels = _channels(source, recording.samples.shape[1], axis)
    resampled = resample(recording, rate_hz)
    joint = min(round(_JOINT_S * rate_hz), int(_JOINT_SHARE * len(resampled)))
    loop = close_loop(resampled, joint)
    notes = list(recording.source.notes)
    if len(loop) < record_samples:
        if not repeat_short or len(loop) < 2:
            edges_s = recording.seconds - len(resampled) / rate_hz
            raise RecordingError(
                source,
                f"{recording.seconds:.3f} s are too short for a record of {record_samples} "
                f"samples at {rate_hz:.6g} Hz",
                f"it must last {_needed_s(record_samples, rate_hz) + edges_s:.3f} s",
            )
        notes.append(
            f"{recording.seconds:.3g} s are less than a record of {record_samples / odr_hz:.3g} s "
            f"(at {odr_hz:g} Hz): they are repeated within each record"
        )
    frames = np.zeros((len(loop), len(AXES)))
    silent = [name for name, channel in zip(AXES, channels, strict=True) if channel is None]
    if silent:
        notes.append(f"nothing is played to {' and '.join(silent)}")
    for at, channel in enumerate(channels):
        if channel is not None:
            frames[:, at] = loop[:, channel]
    peak_g = float(np.max(np.abs(frames)))
    scale_g = peak_g / _FULL_SCALE if peak_g > 0.0 else 1.0 / _FULL_SCALE
    np.rint(frames / scale_g).astype("<i4").tofile(path)
    pass_band_hz = PASS_BAND * min(rate_hz, recording.rate_hz)
    return Playback(path, rate_hz, len(loop), len(AXES), scale_g, pass_band_hz, tuple(notes))


def _needed_s(record_samples: int, rate_hz: float) -> float:
    """How much resampled recording surely leaves a loop of so many samples, in s."""
    most_lost = 3 * min(_JOINT_S * rate_hz, _JOINT_SHARE / (1 - 3 * _JOINT_SHARE) * record_samples)
    return (record_samples + most_lost + 3) / rate_hz


def resample(recording: Recording, rate_hz: float) -> NDArray[np.float64]:
    """The recording at another rate, float64[frames, channels], without the filter's run-in.

    The ratio of the rates is approximated by a fraction within 1 ppm.  Raises RecordingError.
    """
    ratio = rate_hz / recording.rate_hz
    fraction = _fraction(ratio)
    up, down = fraction.numerator, fraction.denominator
    source = recording.source.path
    if not fraction or max(up, down) > _MOST_FACTOR:
        raise RecordingError(
            source,
            f"{recording.rate_hz:g} Hz is too far from the sensor's {rate_hz:g} Hz",
            "check --rate-hz",
        )
    if up == down == 1:
        return recording.samples
    taps = _low_pass(up, down)
    half_s = (len(taps) // 2) / (recording.rate_hz * up)
    edge = math.ceil(half_s * rate_hz)
    played: NDArray[np.float64] = scipy.signal.resample_poly(
        recording.samples, up, down, axis=0, window=taps
    )
    inner = played[edge : len(played) - edge]
    if len(inner) < 2:
        raise RecordingError(
            source,
            f"{recording.seconds:.4g} s are too short for the anti-alias filter",
            f"it must last {2 * half_s + 2 / rate_hz:.4g} s and a record more",
        )
    return inner


def close_loop(frames: NDArray[np.float64], joint: int) -> NDArray[np.float64]:
    """Frames that can be played round and round without a click.

    The end is crossfaded over `joint` frames into the beginning.  Where the end is cut, within
    two joints, is chosen so that both run most alike: a rotating machine then stays in phase.
    """
    if joint < 1 or len(frames) < 4 * joint:
        return frames
    head, tail = frames[:joint], frames[len(frames) - 3 * joint :]
    length = len(frames) - 3 * joint + _best_lag(head, tail)
    fade = (0.5 - 0.5 * np.cos(np.pi * (np.arange(joint) + 0.5) / joint))[:, None]
    loop = frames[:length].copy()
    loop[:joint] = fade * head + (1.0 - fade) * frames[length : length + joint]
    return loop


def _best_lag(head: NDArray[np.float64], tail: NDArray[np.float64]) -> int:
    """Where in the tail the head fits best, by normalised correlation over all channels."""
    joint = len(head)
    centred, long = head - head.mean(axis=0), tail - tail.mean(axis=0)
    likeness = np.zeros(len(tail) - joint + 1)
    energy = np.zeros_like(likeness)
    for channel in range(head.shape[1]):
        likeness += scipy.signal.correlate(long[:, channel], centred[:, channel], mode="valid")
        sums = np.concatenate(([0.0], np.cumsum(long[:, channel] ** 2)))
        energy += sums[joint:] - sums[:-joint]
    return int(np.argmax(likeness / np.sqrt(np.maximum(energy, 1e-30))))


@lru_cache(maxsize=4)
def _low_pass(up: int, down: int) -> NDArray[np.float64]:
    """Taps of the polyphase low-pass, an odd number of them."""
    slower = 1.0 / max(up, down)  # of the two rates, as a share of the common one
    width = 2.0 * (STOP_BAND - PASS_BAND) * slower  # of half the common rate
    count, beta = scipy.signal.kaiserord(_STOP_DB, width)
    taps: NDArray[np.float64] = scipy.signal.firwin(
        count | 1, (PASS_BAND + STOP_BAND) * slower, window=("kaiser", beta)
    )
    return taps


def _fraction(ratio: float) -> Fraction:
    exact = Fraction(ratio)
    for most in (100, 1000, 10_000, 100_000):
        close = exact.limit_denominator(most)
        if abs(close - exact) <= _MOST_RATE_ERROR * exact:
            return close
    return Fraction(0)


def _channels(source: Path, count: int, axis: str) -> Sequence[int | None]:
    """The recording's channel of each axis; None stays silent."""
    if axis != "all" and axis not in AXES:
        raise ValueError(f"axis: {axis!r}; one of {', '.join(AXES)}, all")
    if count == 1:
        return [0 if axis in ("all", name) else None for name in AXES]
    if count == len(AXES):
        return range(count)
    if count == len(AXES) - 1:
        return [0, 1, None]
    raise RecordingError(
        source, f"{count} channels for three axes", "choose up to three with --channel"
    )
