"""Currents in float64: levels, line, harmonics, phases, power.

Written from docs/features.md and docs/decisions/0017-current.md.  x are samples in A (v in V), w
is the periodic Hann window, c the mean under it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nodewright.reference.result import Result, WithheldError
from nodewright.reference.slip import shaft_hz

Floats = NDArray[np.float64]

LEAST_CYCLES, LEAST_LINE_CYCLES = 3.0, 5.7
LOW_HZ, HIGH_HZ = 40.0, 70.0
_ROUNDING = 1.0 / math.sqrt(12.0)  # RMS of a digit's rounding
_NOISE_OF_FREQUENCY, _NOISE_OF_SHAPE = 100.0, 10.0
_MOST_PPM = 100.0
_LEAST_PART, _LEAST_HARMONIC_PART = 0.25, 0.5
_LEAST_HALF, _MOST_SWEEP = 0.5, 0.2
_MOST_HARMONICS, _LEAST_HARMONICS, _HIGHEST = 15, 11, 0.45
_FLOOR_MARK, _LEAST_FLOOR_PCT = 2.0, 0.02
_MOST_SUM, _LEAST_APART = 0.25, 2.0


@dataclass(frozen=True)
class Line:
    """The line of the mains in one channel.

    harmonics: complex, sums over w^2 at h f for h = 1 … H, phases from the middle of the record,
    in the channel's unit times sum w^2; sweep: cycles by which the phase leaves a straight line.
    """

    frequency_hz: float
    harmonics: NDArray[np.complex128]
    halves: float
    sweep: float


class Channel:
    """One channel of a record.  samples: float64[N]; noise: RMS in the same unit."""

    def __init__(self, samples: Floats, rate_hz: float, noise: float, digit: float) -> None:
        self.samples, self.rate_hz = samples, rate_hz
        self.noise = max(noise, _ROUNDING * digit)
        self.window = hann(len(samples))
        self.silent = bool(np.ptp(samples) == 0.0)
        self.about = samples - np.sum(self.window * samples) / np.sum(self.window)
        self.raw_rms = math.sqrt(np.sum(self.window * self.about**2) / np.sum(self.window))
        self.rms = math.sqrt(max(0.0, self.raw_rms**2 - noise**2))
        self.peak = float(np.max(np.abs(self.about)))
        self.line: Line | None = None
        self.cycles: float | None = None
        self.why = "silent"
        if not self.silent:
            self._look()

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate_hz

    def _look(self) -> None:
        try:
            self.line = self._accepted(self._found())
            self.cycles = self.line.frequency_hz * self.seconds
        except WithheldError as why:
            self.why = why.reason
            if self.raw_rms > self.noise:
                self.cycles = crossings(self.about, 0.5 * self.raw_rms) / 2.0

    def _found(self) -> float:
        """The frequency that is looked for in 40 to 70 Hz."""
        if HIGH_HZ * self.seconds < LEAST_LINE_CYCLES:
            raise WithheldError("too_short")
        count = len(self.samples)
        amplitude = np.abs(np.fft.rfft(self.window * self.about))
        places = np.arange(len(amplitude)) * self.rate_hz / count
        inside = (
            (places >= LOW_HZ) & (places <= HIGH_HZ) & (np.arange(len(amplitude)) < count // 2)
        )
        if not np.any(inside & (amplitude > 0.0)):
            raise WithheldError("no_line")
        frequency_hz = float(places[np.argmax(np.where(inside, amplitude, -1.0))])
        length = count // 2
        for _ in range(3):
            first = self._part(0, frequency_hz)
            last = self._part(length, frequency_hz)
            expected = np.exp(-2j * np.pi * frequency_hz * length / self.rate_hz)
            moved = float(np.angle(last * np.conj(first) * expected))
            frequency_hz += moved * self.rate_hz / (2.0 * np.pi * length)
        if not LOW_HZ <= frequency_hz <= HIGH_HZ:
            raise WithheldError("no_line")
        return frequency_hz

    def _part(self, begin: int, frequency_hz: float) -> complex:
        """The Hann-weighted sum of half of the record about its weighted mean."""
        length = len(self.samples) // 2
        window = hann(length)
        part = self.samples[begin : begin + length]
        part = part - np.sum(window * part) / np.sum(window)
        turn = np.exp(-2j * np.pi * frequency_hz * np.arange(length) / self.rate_hz)
        return complex(np.sum(window * part * turn))

    def _accepted(self, frequency_hz: float) -> Line:
        length = len(self.samples) // 2
        first, middle, last = (
            self._part(begin, frequency_hz) for begin in (0, length // 2, length)
        )
        sizes = abs(first), abs(last)
        bent = abs(float(np.angle(middle**2 * np.conj(first) * np.conj(last))))
        line = Line(
            frequency_hz,
            self.harmonics(frequency_hz),
            min(sizes) / max(*sizes, 1e-30),
            bent * 16.0 / (2.0 * np.pi),
        )
        levels = math.sqrt(2.0) * np.abs(line.harmonics) / np.sum(self.window**2) / self.raw_rms
        if levels[0] < _LEAST_PART or float(np.sum(levels**2)) < _LEAST_HARMONIC_PART:
            raise WithheldError("no_line")
        return line

    def harmonics(self, frequency_hz: float) -> NDArray[np.complex128]:
        """Sums over w^2 at each multiple below 0.45 of the rate, 15 at most."""
        weight = self.window**2
        about = self.samples - np.sum(weight * self.samples) / np.sum(weight)
        most = 1
        while most < _MOST_HARMONICS and (most + 1) * frequency_hz < _HIGHEST * self.rate_hz:
            most += 1
        time = (np.arange(len(about)) - len(about) // 2) / self.rate_hz
        turns = np.exp(-2j * np.pi * frequency_hz * np.outer(np.arange(1, most + 1), time))
        return np.asarray(turns @ (weight * about), np.complex128)


def hann(count: int) -> Floats:
    return np.asarray(0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(count) / count), np.float64)


def crossings(about: Floats, reach: float) -> int:
    """How often the samples go from below -reach to above reach, or back."""
    side = np.where(about > reach, 1, np.where(about < -reach, -1, 0))
    return int(np.count_nonzero(np.diff(side[side != 0])))


def currents(
    samples: Sequence[Floats],
    rate_hz: float,
    *,
    voltages: Sequence[Floats] = (),
    noise_a: Sequence[float] | None = None,
    digits: Sequence[float] | None = None,
    rate_ppm: float | None = None,
    delays_us: Sequence[float] | None = None,
    jitter_us: float = 0.0,
    pole_pairs: int | None = None,
) -> list[Result]:
    """The features of one to three currents, in A, with the voltage in V of each or of none.

    digits: what a digit is worth in each channel, currents then voltages; delays_us: as
    `node.current` has them; pole_pairs: of the motor, for its slip.  Features of all phases are
    with the first current.
    Raises ValueError for what can never work.
    """
    given = [np.asarray(part, np.float64) for part in (*samples, *voltages)]
    if not 1 <= len(samples) <= 3 or len({len(part) for part in given}) != 1:
        raise ValueError("samples: one to three currents, all channels of one length, are needed")
    if not all(np.all(np.isfinite(part)) for part in given) or not rate_hz > 0.0:
        raise ValueError("samples, rate_hz: only finite samples at a rate above 0 have features")
    steps = list(digits or [0.0] * len(given))
    noises = [*(noise_a or [0.0] * len(samples)), *[0.0] * len(voltages)]
    channels = [
        Channel(part, rate_hz, noise, digit)
        for part, noise, digit in zip(given, noises, steps, strict=True)
    ]
    results = []
    for index in range(len(samples)):
        phase = _Phase(channels[index], rate_ppm, jitter_us, pole_pairs)
        ways = phase.ways()
        other = len(samples) + index
        pair = None if other >= len(channels) else channels[other]
        apart_us = (
            None if delays_us is None or pair is None else delays_us[other] - delays_us[index]
        )
        ways |= _Power(channels[index], pair, apart_us).ways()
        if index == 0:
            ways |= _Set(channels[: len(samples)], delays_us).ways()
        results.append(_result(ways))
    return results


Way = Callable[[], tuple[float, str | None]]  # the value and, where it has one, its mark


def _result(ways: dict[str, Way]) -> Result:
    result = Result({}, {}, {})
    for key, way in ways.items():
        try:
            value, mark = way()
        except WithheldError as why:
            result.withheld[key] = why.reason
            continue
        result.values[key] = value
        if mark is not None:
            result.marked[key] = mark
    return result


def _require_cycles(channel: Channel, least: float) -> None:
    if channel.cycles is not None and channel.cycles < least:
        raise WithheldError("too_short")


def _line_of(channel: Channel) -> Line:
    """Raises WithheldError for the first rule of a line that is broken."""
    _require_cycles(channel, LEAST_LINE_CYCLES)
    if channel.line is None:
        raise WithheldError(channel.why)
    if channel.line.halves < _LEAST_HALF or channel.line.sweep > _MOST_SWEEP:
        raise WithheldError("unsteady")
    return channel.line


@dataclass(frozen=True)
class _Phase:
    channel: Channel
    rate_ppm: float | None
    jitter_us: float
    pole_pairs: int | None = None

    def ways(self) -> dict[str, Way]:
        return {
            "cur_rms_a": lambda: (self._level(self.channel.rms), None),
            "cur_peak_a": lambda: (self._level(self.channel.peak), None),
            "cur_crest": self._crest,
            "cur_freq_hz": self._frequency,
            "cur_fund_a": lambda: (self._fundamental(), None),
            "cur_thd_pct": self._thd,
            "cur_thd_order": lambda: (float(len(self._shape().harmonics)), None),
            "cur_thd_floor_pct": lambda: (self._floor(), None),
            "cur_shaft_hz": lambda: (self._shaft_hz(), "estimate"),
            "cur_slip_pct": self._slip,
        }

    def _level(self, value: float) -> float:
        _require_cycles(self.channel, LEAST_CYCLES)
        return value

    def _over_noise(self) -> float:
        return math.inf if not self.channel.noise else self.channel.peak / self.channel.noise

    def _crest(self) -> tuple[float, str | None]:
        if self.channel.silent:
            raise WithheldError("silent")
        if self._over_noise() < _NOISE_OF_SHAPE:
            raise WithheldError("noise")
        _require_cycles(self.channel, LEAST_CYCLES)
        if not self.channel.rms:
            raise WithheldError("silent")
        mark = "noise" if self._over_noise() < _NOISE_OF_FREQUENCY else None
        return self.channel.peak / self.channel.rms, mark

    def _frequency(self) -> tuple[float, str | None]:
        if not self.channel.silent and self._over_noise() < _NOISE_OF_FREQUENCY:
            raise WithheldError("noise")
        if self.rate_ppm is None or self.rate_ppm > _MOST_PPM:
            raise WithheldError("rate")
        return _line_of(self.channel).frequency_hz, None

    def _shape(self) -> Line:
        if not self.channel.silent and self._over_noise() < _NOISE_OF_SHAPE:
            raise WithheldError("noise")
        return _line_of(self.channel)

    def _fundamental(self) -> float:
        first = abs(self._shape().harmonics[0])
        return float(math.sqrt(2.0) * first / np.sum(self.channel.window**2))

    def _thd(self) -> tuple[float, str | None]:
        sizes = np.abs(self._shape().harmonics)
        if len(sizes) < _LEAST_HARMONICS:
            raise WithheldError("bandwidth")
        thd = 100.0 * math.sqrt(float(np.sum(sizes[1:] ** 2))) / float(sizes[0])
        return thd, "noise" if thd < _FLOOR_MARK * self._floor() else None

    def _shaft_hz(self) -> float:
        if self.pole_pairs is None:
            raise WithheldError("no_motor")
        line = _line_of(self.channel)
        channel = self.channel
        return shaft_hz(channel.samples, channel.rate_hz, line.frequency_hz, self.pole_pairs)

    def _slip(self) -> tuple[float, str | None]:
        turns = self._shaft_hz() * (self.pole_pairs or 1)
        return 100.0 * (1.0 - turns / _line_of(self.channel).frequency_hz), "estimate"

    def _floor(self) -> float:
        line = self._shape()
        jitter = 2e-6 * math.pi * line.frequency_hz * self.jitter_us * self._fundamental()
        each = (self.channel.noise**2 + jitter**2) * float(np.sum(self.channel.window**4))
        first = float(np.abs(line.harmonics[0]))
        floor = 100.0 * math.sqrt((len(line.harmonics) - 1) * each) / first
        return max(floor, _LEAST_FLOOR_PCT)


@dataclass(frozen=True)
class _Power:
    """One phase with its voltage.  apart_us: the voltage's delay less the current's."""

    current: Channel
    voltage: Channel | None
    apart_us: float | None

    def ways(self) -> dict[str, Way]:
        return {
            "cur_volt_v": lambda: (self._volts().raw_rms, None),
            "cur_power_w": lambda: (self._power(), None),
            "cur_apparent_va": lambda: (self._apparent(), None),
            "cur_power_factor": self._factor,
        }

    def _volts(self) -> Channel:
        if self.voltage is None:
            raise WithheldError("no_voltage")
        _require_cycles(self.voltage, LEAST_CYCLES)
        return self.voltage

    def _apparent(self) -> float:
        volts = self._volts().raw_rms
        _require_cycles(self.current, LEAST_CYCLES)
        return volts * self.current.rms

    def _power(self) -> float:
        if self.voltage is None:
            raise WithheldError("no_voltage")
        if self.apart_us is None:
            raise WithheldError("not_together")
        voltage, current = self._volts(), self.current
        if voltage.silent or current.silent:
            return 0.0
        weight = current.window
        power = float(np.sum(weight * voltage.about * current.about) / np.sum(weight))
        if not self.apart_us:
            return power
        if voltage.line is None:
            raise WithheldError("no_line")
        frequency_hz = voltage.line.frequency_hz
        each = voltage.line.harmonics * np.conj(current.harmonics(frequency_hz))
        turned = np.exp(
            -2e-6j * np.pi * frequency_hz * self.apart_us * np.arange(1, len(each) + 1)
        )
        moved = np.sum((each * (turned - 1.0)).real)
        return power + 2.0 * float(moved) / float(np.sum(weight**2)) ** 2

    def _factor(self) -> tuple[float, str | None]:
        power = self._power()
        if self.current.silent or self._volts().silent:
            raise WithheldError("silent")
        if self.current.noise and self.current.peak < _NOISE_OF_SHAPE * self.current.noise:
            raise WithheldError("noise")
        if not self.current.rms:
            raise WithheldError("silent")
        return max(-1.0, min(1.0, power / (self._volts().raw_rms * self.current.rms))), None


@dataclass(frozen=True)
class _Set:
    phases: Sequence[Channel]
    delays_us: Sequence[float] | None

    def ways(self) -> dict[str, Way]:
        return {
            "cur_unbalance_pct": lambda: (self._unbalance(), None),
            "cur_neg_seq_pct": lambda: (self._negative(), None),
            "cur_phase_order": lambda: (self._order(), None),
        }

    def _greatest(self) -> Channel:
        return max(self.phases, key=lambda channel: channel.raw_rms)

    def _unbalance(self) -> float:
        if len(self.phases) < 3:
            raise WithheldError("no_phases")
        greatest = self._greatest()
        if greatest.silent:
            raise WithheldError("silent")
        if greatest.noise and greatest.peak < _NOISE_OF_SHAPE * greatest.noise:
            raise WithheldError("noise")
        for channel in self.phases:
            _require_cycles(channel, LEAST_CYCLES)
        levels = [channel.rms for channel in self.phases]
        mean = sum(levels) / 3.0
        if not mean:
            raise WithheldError("silent")
        return 100.0 * max(abs(level - mean) for level in levels) / mean

    def _sequences(self) -> tuple[float, float]:
        """|forward| and |backward|, of fundamentals at one instant."""
        if len(self.phases) < 3:
            raise WithheldError("no_phases")
        if self.delays_us is None:
            raise WithheldError("not_together")
        line = _line_of(self._greatest())
        found = []
        for channel, delay_us in zip(self.phases, self.delays_us, strict=False):
            at_hz = line.frequency_hz if channel.line is None else channel.line.frequency_hz
            fundamental = 0j if channel.silent else channel.harmonics(at_hz)[0]
            found.append(fundamental * np.exp(-2e-6j * np.pi * at_hz * delay_us))
        if abs(sum(found)) / 3.0 > _MOST_SUM * max(abs(one) for one in found):
            raise WithheldError("clamp")
        third = np.exp(2j * np.pi / 3.0)
        forward, backward = (
            float(abs(sum(one * q**place for place, one in enumerate(found))))
            for q in (third, np.conj(third))
        )
        return forward, backward

    def _negative(self) -> float:
        forward, backward = self._sequences()
        return 100.0 * min(forward, backward) / max(forward, backward)

    def _order(self) -> float:
        forward, backward = self._sequences()
        if max(forward, backward) < _LEAST_APART * min(forward, backward):
            raise WithheldError("unbalanced")
        return 1.0 if forward >= backward else -1.0


def inrush(
    samples: Floats, rate_hz: float, line_hz: float, noise_a: float = 0.0
) -> tuple[Result, float]:
    """Peak and duration of a switch-on, and the mean about which they are.

    samples: float64[N] in A, of a record that begins before it; cycles are whole samples long.
    """
    result = Result({}, {})
    cycle = math.floor(rate_hz / line_hz + 0.5)
    cycles = len(samples) // cycle
    if cycles < 4:
        result.withheld.update(cur_inrush_a="too_short", cur_inrush_ms="too_short")
        return result, 0.0
    middle = float(np.mean(samples[-3 * cycle :]))
    about = np.abs(samples - middle)
    peak = float(np.max(about))
    begin = int(np.argmax(about >= 0.1 * peak))
    if peak < 10.0 * noise_a or peak == 0.0 or begin < cycle // 2:
        result.withheld.update(cur_inrush_a="no_start", cur_inrush_ms="no_start")
        return result, middle
    result.values["cur_inrush_a"] = peak
    whole = about[len(samples) - cycles * cycle :].reshape(cycles, cycle)
    levels = np.sqrt(np.mean(whole**2, axis=1))
    last = levels[-3:]
    tail = len(samples) - 3 * cycle
    if begin > tail or np.max(last) > 1.1 * np.min(last):
        result.withheld["cur_inrush_ms"] = "too_short"
        return result, middle
    over = np.flatnonzero(levels >= 1.1 * math.sqrt(float(np.mean(last**2))))
    end = 0 if not len(over) else len(samples) - (cycles - 1 - int(over[-1])) * cycle
    result.values["cur_inrush_ms"] = max(0, end - begin) * 1e3 / rate_hz
    return result, middle
