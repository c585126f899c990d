"""An accelerometer lying still: identity, self-test, noise, rate, gravity, rails."""

import base64
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodewright.validate import chip_limits
from nodewright.validate.agents import StrangeAnswer
from nodewright.validate.case import Case, Found, Skipped, within
from nodewright.validate.context import Context
from wire import chips

_SAMPLES, _RECORDS = 1024, 2
_PULL_SAMPLES = 64
_SHOWS_SAMPLES = 256  # a digit that stays for longer: the steps are coarser than the noise
_AT_ONCE = 512  # samples of one axis in a line
_AXES = "xyz"
_Block = NDArray[np.float64]
_SEGMENT = 128
_BAND = (0.1, 0.8)  # of the sensor's bandwidth: above what a bench does, below where filters end


def cases(ctx: Context, row: Mapping[str, Any]) -> Iterator[Case]:
    """Those of one accelerometer of the settings."""
    name, bench = row["name"], _Sensor(ctx, row)
    chip = row["chip"].upper()
    yield Case(f"{name}.identity", f"{chip} answers and says what it is", bench.identity)
    yield Case(f"{name}.self-test", f"{chip} pulls at its own axes", bench.self_test)
    yield Case(f"{name}.range", "Its range holds what the settings say", bench.range)
    yield Case(f"{name}.rate", "The sample rate is the one set", bench.rate)
    yield Case(f"{name}.jitter", "The rate stays from record to record", bench.jitter)
    yield Case(f"{name}.samples", "Nothing is lost, clipped or stuck", bench.samples)
    yield Case(f"{name}.gravity", "At rest it feels 1 g", bench.gravity)
    yield Case(f"{name}.axes", "Gravity is where the settings say", bench.axes)
    for axis in _AXES:
        title = f"Noise of {axis} is that of its data sheet"
        yield Case(f"{name}.noise.{axis}", title, lambda axis=axis: bench.noise(axis))  # type: ignore[misc]


class _Sensor:
    """One sensor on the bench; its record is taken once."""

    def __init__(self, ctx: Context, row: Mapping[str, Any]) -> None:
        self._ctx, self._row = ctx, row
        self._told: list[dict[str, Any]] | None = None
        self._block: _Block | None = None
        self._typical: float | None = None
        self._fine: tuple[_Block, float | None] | None = None

    @property
    def _limits(self) -> chip_limits.Accelerometer:
        found = chip_limits.accelerometer(self._row["chip"])
        if found is None:
            raise Skipped(
                f"nobody has entered what an {self._row['chip'].upper()} is held against: "
                "host/nodewright/validate/chips.toml"
            )
        return found

    def identity(self) -> Found:
        found, chip = self._ctx.found(self._row), self._row["chip"]
        if "fault" not in found:
            return Found(chip, "", chip, None, "pass", "", found)
        got = f"{found.get('got')}, not {found.get('expected')}"
        what = {
            "wrong_identity": f"another chip answers ({got})",
            "no_answer": "nothing answers at its address",
            "bus_held": "something holds the bus",
        }.get(found["fault"], found["fault"].replace("_", " "))
        reason = f"{what}: look at chip, address and wires of {self._row['name']}"
        return Found(str(found["fault"]), "", chip, None, "fail", reason, found)

    def self_test(self) -> Found:
        self._ctx.sensor(self._row)
        told = self._ctx.agents.call("acc", "self_test")
        if "fault" in told:
            return Found(told["fault"], "", "done", None, "fail", "the chip fell silent", told)
        worst = min(told["facts"], key=lambda fact: _margin(*fact[1:]))
        axis, change_g, least_g, most_g = worst
        outside = [fact[0] for fact in told["facts"] if not fact[2] <= fact[1] <= fact[3]]
        dead = [fact[0] for fact in told["facts"] if abs(fact[1]) < 0.1 * abs(fact[2] or 1)]
        what = f"{_and(dead)} dead" if dead else f"{_and(outside)} outside"
        reason = f"self-test: axis {what}; a broken chip, another one, or axes in another order"
        return within(change_g, f"g in {axis}", least_g, most_g, reason, told)

    def range(self) -> Found:
        """In the range of the settings the chip's own pull is as strong as in that of its test."""
        found = self._ctx.sensor(self._row)
        tested = self._ctx.agents.call("acc", "self_test")
        pulled = self._ctx.agents.call("acc", "pull", _PULL_SAMPLES)
        for told in (tested, pulled):
            if "fault" in told:
                raise Skipped(f"no self-test: {told['fault'].replace('_', ' ')}")
        changes = [fact[1] for fact in tested["facts"]]
        axis = max(range(3), key=lambda at: abs(changes[at]))
        share = pulled["change_g"][axis] / changes[axis] if changes[axis] else 0.0
        # Where steps are coarser than the noise, one digit for a while says nothing.
        shows = found["still_samples"] <= _PULL_SAMPLES
        flat = [_AXES[at] for at in range(3) if pulled["flat"][at] and shows]
        limit = 2 * self._limits.sensitivity_pct / 100
        details = {**pulled, "tested_g": changes, "range_g": found["range_g"]}
        low, high = f"{1 - limit:g}", f"{1 + limit:g}"
        if flat:
            reason = f"the range is clipped: {_and(flat)} stands still while it is pulled at"
            return Found(share, "", f"{low} to {high}", None, "fail", reason, details)
        reason = (
            f"{found['range_g']} g is not the range that the chip has: scale or range is wrong"
        )
        return within(share, "of the pull", 1 - limit, 1 + limit, reason, details)

    def rate(self) -> Found:
        told = self._records()[-1]
        nominal = self._ctx.sensor(self._row)["odr_hz"]
        limit = self._limits.rate_pct
        off_pct = 100 * (told["rate_hz"] / nominal - 1)
        reason = (
            f"the chip's clock is {off_pct:+.1f} % off: another chip, another rate than set, "
            "or it is broken"
        )
        details = {"off_pct": off_pct, "uncertain_ppm": told["rate_ppm"], "nominal_hz": nominal}
        low, high = nominal * (1 - limit / 100), nominal * (1 + limit / 100)
        return within(told["rate_hz"], "Hz", low, high, reason, details)

    def jitter(self) -> Found:
        """Two rates may differ by what both are uncertain."""
        records = self._records()
        rates = [told["rate_hz"] for told in records]
        if min(rates) <= 0:
            return Found("none", "ppm", "measured", None, "fail", "the rate was not measured")
        spread_ppm = 1e6 * (max(rates) - min(rates)) / min(rates)
        most = sum(told["rate_ppm"] for told in records)
        reason = "the rate wanders: an interrupt that comes late, a bus too slow, a broken chip"
        return within(spread_ppm, "ppm", None, most, reason, {"rates_hz": rates})

    def samples(self) -> Found:
        told = self._records()
        counts = {
            key: sum(found[key] for found in told) for key in ("overruns", "gaps", "clipped")
        }
        stuck = 0
        for found in told:
            stuck |= found["stuck"]
        dead = [axis for bit, axis in enumerate(_AXES) if stuck >> bit & 1]
        bad = [f"{count} {key}" for key, count in counts.items() if count]
        if dead:
            bad.append(f"axis {_and(dead)} dead: always the same digit")
        if counts["clipped"]:
            bad.append("the range is clipped at rest")
        value = float(sum(counts.values()) + len(dead))
        details = {**counts, "stuck": dead}
        return within(value, "losses", None, 0.0, "; ".join(bad), details)

    def gravity(self) -> Found:
        mean = self._means()
        length = math.hypot(*mean)
        least, most = self._limits.rest_g(mean if length else (0.0, 0.0, 1.0))
        reason = "scale or range is wrong, or it does not lie still"
        return within(length, "g", least, most, reason, {"mean_g": mean})

    def axes(self) -> Found:
        """The settings' axis, and each of the others within its offset and a bracket's tilt."""
        wanted = self._row["gravity"]
        if wanted is None:
            raise Skipped("the settings do not say which axis looks up: gravity of its point")
        mean = self._means()
        strongest = max(range(3), key=lambda at: abs(mean[at]))
        found = ("-" if mean[strongest] < 0 else "") + _AXES[strongest]
        length = math.hypot(*mean)
        along = mean[_AXES.index(wanted[-1])] * (-1 if wanted[0] == "-" else 1)
        turned = math.degrees(math.acos(max(-1.0, min(1.0, along / length)))) if length else 180.0
        reason = (
            f"{found} looks up, not {wanted}: axes in another order, or lying another way than "
            "it is to be mounted"
        )
        details = {"mean_g": mean, "up": found, "expected": wanted}
        return within(turned, "degrees", None, 30.0, reason, details)

    def noise(self, axis: str) -> Found:
        """Its density between lines and below the filter's end, against the typical one."""
        found, told = self._ctx.sensor(self._row), self._records()[-1]
        block, typical = self._quiet()
        if typical is None:
            raise Skipped("its driver does not know the noise of the chip")
        samples = block[_AXES.index(axis)]
        density = _density(samples, told["rate_hz"] or found["odr_hz"], found["bandwidth_hz"])
        least, most = self._limits.noise
        dead = float(np.ptp(samples)) == 0.0
        if dead:
            reason = f"axis {axis} is dead: always the same digit"
        elif density < typical:
            reason = f"axis {axis} is too quiet to be alive: a dead axis, or another chip"
        else:
            reason = (
                f"{density / typical:.1f} times its data sheet: does it lie still? Else the chip"
            )
        details = {"typical_ug_rthz": 1e6 * typical, "std_mg": 1e3 * float(np.std(samples))}
        low, high = 1e6 * least * typical, 1e6 * most * typical
        return within(1e6 * density, "ug/rtHz", low, high, reason, details)

    def _records(self) -> list[dict[str, Any]]:
        if self._told is None:
            told, self._block = self._take(_RECORDS, None)
            self._told, self._typical = told["records"], told["noise_g_rthz"]
        return self._told

    def _take(self, records: int, range_g: int | None) -> tuple[dict[str, Any], _Block]:
        told = self._ctx.agents.call("acc", "record", _SAMPLES, records, range_g)
        if "fault" in told:
            raise Skipped(f"no record: {told['fault'].replace('_', ' ')}")
        digits = [self._axis(axis) for axis in range(3)]
        return told, np.array(digits, np.float64) * told["g_per_digit"]

    def _quiet(self) -> tuple[_Block, float | None]:
        """Samples that show the chip's noise, and its typical density in them, g/rtHz.

        In a range whose steps hide it, it is looked for in the finest one.
        """
        coarse = self._ctx.sensor(self._row)["still_samples"] > _SHOWS_SAMPLES
        if coarse and self._fine is None:
            told, block = self._take(1, chips.ROWS[self._row["chip"]]["ranges_g"][0])
            self._fine = block, told["noise_g_rthz"]
        return self._fine or (self._samples(), self._typical)

    def _axis(self, axis: int) -> NDArray[np.int16]:
        text = b"".join(
            base64.b64decode(self._ctx.agents.call("acc", "samples", axis, first, _AT_ONCE))
            for first in range(0, _SAMPLES, _AT_ONCE)
        )
        if len(text) != 2 * _SAMPLES:
            raise StrangeAnswer(self._ctx.bench.prompt.port, "acc.samples")
        return np.frombuffer(text, "<i2").astype(np.int16)

    def _samples(self) -> _Block:
        self._records()
        assert self._block is not None
        return self._block

    def _means(self) -> list[float]:
        return [float(mean) for mean in self._samples().mean(axis=1)]


def _density(samples: NDArray[np.float64], rate_hz: float, bandwidth_hz: float) -> float:
    """Noise in g/rtHz: the median of a spectrum, which lines of a bench do not move.

    By Welch's method: Hann windows that overlap by half, each without its mean, as
    scipy.signal.welch does it, whose import takes longer than all that is computed here.
    """
    pieces = np.lib.stride_tricks.sliding_window_view(samples, _SEGMENT)[:: _SEGMENT // 2]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_SEGMENT) / _SEGMENT)
    spectra = np.fft.rfft((pieces - pieces.mean(axis=1, keepdims=True)) * window)
    power = 2 * (np.abs(spectra) ** 2).mean(axis=0) / (rate_hz * (window**2).sum())
    freq = np.arange(len(power)) * rate_hz / _SEGMENT
    band = (freq >= _BAND[0] * bandwidth_hz) & (freq <= _BAND[1] * bandwidth_hz)
    # Of averaged spectra of noise, chi-square distributed, the median lies below the mean
    # (Wilson and Hilferty, 1931).
    freedom = 2 * 0.95 * (2 * len(samples) / _SEGMENT - 1) * 0.95
    bias = (1 - 2 / (9 * freedom)) ** 3
    return math.sqrt(float(np.median(power[band])) / bias)


def _margin(value: float, least: float, most: float) -> float:
    return min(value - least, most - value) / (most - least)


def _and(names: list[str]) -> str:
    return " and ".join(names)
