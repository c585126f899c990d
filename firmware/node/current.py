"""The features of currents: samples and scales in, values of the catalogue out."""

from array import array
from math import cos, pi, sin, sqrt

from node import dsp
from node.dsp import tones
from wire import validity, validity_current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from node.dsp import Samples

SET_KEYS = ("cur_unbalance_pct", "cur_neg_seq_pct", "cur_phase_order")
_VOLT_KEYS = ("cur_volt_v", "cur_power_w", "cur_apparent_va", "cur_power_factor")
_ESTIMATES = ("cur_slip_pct", "cur_shaft_hz")
# Of the catalogue, which takes 6 KB of heap, what is of a record: tests hold it to wire/keys.py.
KEYS = (
    ("cur_rms_a", "cur_peak_a", "cur_crest", "cur_freq_hz", "cur_fund_a", "cur_noise_a")
    + ("cur_thd_pct", "cur_thd_order", "cur_thd_floor_pct")
    + SET_KEYS
    + _VOLT_KEYS
    + _ESTIMATES
)
_LEVELS = ("cur_rms_a", "cur_peak_a", "cur_crest", "cur_noise_a", "cur_unbalance_pct")

_HALF_DIGIT = 0.28867513  # RMS of rounding to a digit: no noise is less
_LEAST_FLOOR_PCT = 0.02  # of THD: the rounding of the kernels
_HIGHEST = 0.45  # of the rate: no harmonic above it
_MEAN_W4 = 35.0 / 128.0  # of the Hann window: mean of w**4, of w**2 below
_MEAN_W2 = 3.0 / 8.0
# What no other reason is told before: the settings say that there is no such value.
_FIRST = ("no_voltage", "not_together", "no_phases", "no_motor")
_DOUBTFUL = 0.75  # of `plain`: marked, not withheld
# RMS digits of a converter that averages, which has 16 bits: 1 % of the sine that fills it.  What
# is less is a machine that stands, or an open clamp: its noise is no current of odd frequencies.
_LITTLE = 116.0
_ONTO_LINE, _HARMONICS = 0.1, 20.0  # line frequencies apart; of how high a harmonic
_LEVEL = 0.8  # of the greater half's current in the lesser: the record is of one level
_SWEEP = 16.0 / (2.0 * pi)  # cycles over the record a radian


class Current:
    """Computes the features of one to three phases.  All work space is made here.

    backend: a module of `dsp.backend`; samples: a power of two from 64 to 4096; noise_a: A RMS of
    each current with its clamp open, None: half a digit's rounding; delays_us: of each channel,
    currents then voltages, by how much later than the first one's the instants are that its
    samples show (its turn in a round robin, less its sensor's lag), None: not sampled together;
    pole_pairs: of the motor, None where nobody knows; lent: work space of others, as
    dsp/viper_current.py takes it.
    Raises ValueError for what cannot work at any rate.
    """

    def __init__(
        self,
        backend: "Any",
        samples: int,
        currents: int = 1,
        voltages: int = 0,
        noise_a: "Sequence[float] | None" = None,
        delays_us: "Sequence[float] | None" = None,
        pole_pairs: "int | None" = None,
        lent: "Any" = None,
    ) -> None:
        channels = currents + voltages
        if not 1 <= currents <= 3 or not 0 <= voltages <= 3:
            raise ValueError("channels: %r currents, %r voltages" % (currents, voltages))
        if noise_a is not None and (
            len(noise_a) != currents or not all(0.0 <= a < 1e4 for a in noise_a)
        ):
            raise ValueError("noise_a: %r is not one from 0 to 1e4 a current" % (noise_a,))
        if delays_us is not None and (
            len(delays_us) != channels or not all(-1e5 < us < 1e5 for us in delays_us)
        ):
            raise ValueError("delays_us: %r is not one within 0.1 s a channel" % (delays_us,))
        if pole_pairs is not None and not 1 <= pole_pairs <= 24:
            raise ValueError("pole_pairs: %r is not from 1 to 24" % (pole_pairs,))
        self.samples, self.currents, self.voltages = samples, currents, voltages
        self.noise_a = None if noise_a is None else tuple(noise_a)
        self.delays_us = delays_us  # their owner may write them anew before each record
        self.pole_pairs = pole_pairs
        self.shaft_error: "float | None" = None  # relative, of the first current's cur_shaft_hz
        sums = dsp.currents(backend.NAME).Sums
        self.sums = sums(samples, channels, lent) if lent else sums(samples, channels)
        self._scales: "Sequence[float]" = ()  # of the record
        self._rate_hz = self._averaged_us = 0.0
        self._gains = [1.0] * channels  # of the line, by what a mean over a conversion takes of it
        self.rms_a = [0.0] * currents
        self.zero_share: "float | None" = None
        room = bytes(4 * 2 * (tones.HARMONICS + 1))
        self._phasors = [array("f", room) for _ in range(channels)]
        self._turns = [0.0] * channels  # of each channel's line, over the rate; 0: none
        self._rms = [0.0] * channels  # A or V, with the noise
        self._quantities: "list[dict[str, float]]" = [{} for _ in range(channels)]
        self._found: "list[tuple[float, float]]" = []
        self._of_set: "dict[str, float]" = {}
        self._values: "dict[str, float]" = {}
        self._reasons: "dict[str, str]" = {}
        self._keys: "tuple[str, ...]" = ()
        self._rules: "tuple[tuple[str, Any], ...]" = ()
        self._lines, self._estimates = True, False

    def compute(
        self,
        blocks: "Sequence[Samples]",
        per_digit: "Sequence[float]",
        rate_hz: float,
        rate_known_ppm: "float | None",
        keys: "tuple[str, ...]",
        out: "Sequence[dict[str, float]]",
        withheld: "Sequence[dict[str, str]]",
        marked: "Sequence[dict[str, str]] | None" = None,
        jitter_us: float = 0.0,
        averaged_us: float = 0.0,
    ) -> None:
        """Fill `out` and `withheld` of each current, each key into one of them.

        blocks: int16[samples] of each current, then of each voltage; per_digit: A, then V, a
        digit, negative where it is wired the other way round; rate_hz: measured; rate_known_ppm:
        its uncertainty, None where unknown; jitter_us: RMS of the samples' times;
        averaged_us: over which a sample is the mean of its input; what it takes is made good.
        Keys of SET_KEYS are of all phases and go to the first current; without any key, rms_a and
        zero_share are told all the same.  marked: key -> reason, of
        values that hold with a reservation.  Whatever the blocks hold, no value is NaN or
        infinite.  Raises ValueError for a number, length, scale, rate or key that cannot work,
        before anything is computed.
        """
        self._check(blocks, per_digit, rate_hz, keys, jitter_us)
        self._scales, self._rate_hz, self._averaged_us = per_digit, rate_hz, averaged_us
        for channel in range(self.currents + self.voltages):
            self._measure(channel, blocks[channel], abs(per_digit[channel]), rate_hz)
            if averaged_us:
                self._make_good(channel, abs(per_digit[channel]), rate_hz)
        self._together(blocks, per_digit, rate_hz)
        for phase in range(self.currents):
            self._values.clear()
            self._reasons.clear()
            self._phase(phase, blocks, per_digit, rate_hz, rate_known_ppm, jitter_us)
            if phase == 0:
                self._set()
            self._sort(
                phase, out[phase], withheld[phase], None if marked is None else marked[phase]
            )

    def _check(
        self,
        blocks: "Sequence[Samples]",
        per_digit: "Sequence[float]",
        rate_hz: float,
        keys: "tuple[str, ...]",
        jitter_us: float,
    ) -> None:
        """Raises ValueError; plans for the keys where they are others than the last time."""
        channels = self.currents + self.voltages
        if len(blocks) != channels or len(per_digit) != channels:
            raise ValueError(
                "blocks: %d, per_digit: %d; %d channels are needed"
                % (len(blocks), len(per_digit), channels)
            )
        for scale in per_digit:
            if not 0.0 < abs(scale) < 1e6:
                raise ValueError("per_digit: %r is 0, or not within 1e6" % (scale,))
        for block in blocks:
            if len(block) != self.samples:
                raise ValueError("block: %d samples instead of %d" % (len(block), self.samples))
        if not 0 < rate_hz < 1e6:
            raise ValueError("rate_hz: %r is not between 0 and 1e6" % (rate_hz,))
        if not 0 <= jitter_us < 1e6:
            raise ValueError("jitter_us: %r is not from 0 to 1e6" % (jitter_us,))
        if keys != self._keys:
            for key in keys:
                if key not in KEYS:
                    raise ValueError("%r is none of %s" % (key, ", ".join(KEYS)))
            self._keys = tuple(keys)
            self._rules = tuple([(key, validity.rules_of(key)) for key in keys])
            self._estimates = any(key in _ESTIMATES for key in keys)
            self._lines = not keys or any(key not in _LEVELS for key in keys)

    def _measure(self, channel: int, block: "Samples", scale: float, rate_hz: float) -> None:
        """Level and line of one channel, and what its rules ask for."""
        sums, quantities = self.sums, self._quantities[channel]
        quantities.clear()
        self._turns[channel] = self._rms[channel] = 0.0
        if not sums.weigh(channel, block):
            return
        self._rms[channel] = sqrt(sums.square[channel]) * scale
        seconds = self.samples / rate_hz
        long_enough = seconds * tones.HIGH_HZ >= tones.LEAST_WAVES
        if (self._lines or self._averaged_us) and long_enough:
            near = max(self._turns)
            if self._accept(channel, block, rate_hz, near) or (
                near and self._accept(channel, block, rate_hz, 0.0)
            ):
                if self._estimates and channel < self.currents:
                    self._estimate(channel)
                return
        noise = self._noise(channel, scale)
        if self._rms[channel] > noise:
            # No line: a wave is still one that crosses the mean twice.
            quantities["cycles"] = 0.5 * sums.crossings(channel, block)

    def _make_good(self, channel: int, scale: float, rate_hz: float) -> None:
        """What a mean over each conversion takes of the line; whether it takes much besides."""
        quantities, turns = self._quantities[channel], self._turns[channel]
        noise, rms = self._noise(channel, scale), self._rms[channel]
        little = rms <= max(noise, _LITTLE * scale)
        self._gains[channel] = 1.0
        if not turns:
            if not little:
                quantities["plain"] = _DOUBTFUL  # of what frequency it is nobody knows
            return
        angle = 1e-6 * pi * turns * rate_hz * self._averaged_us
        self._gains[channel] = gain = angle / sin(angle)
        phasor, weight = self._phasors[channel], _MEAN_W2 * self.samples
        first = phasor[2] * phasor[2] + phasor[3] * phasor[3]
        line = 2.0 * first / (weight * weight) * scale * scale
        besides = max(rms * rms - line - noise * noise, 1e-6 * line)
        plain = validity_current.MOST_BESIDES * sqrt(line / besides)
        for rates in (1, 2):
            ratio = rates / turns
            onto = abs(ratio - 2.0 * int(0.5 * ratio + 0.5)) < _ONTO_LINE
            if onto and ratio < _HARMONICS:
                # One passes for the line itself: wire/clamps.py, at the line as it is.
                plain = min(plain, _DOUBTFUL)
        if not little:
            quantities["plain"] = plain
        self._rms[channel] = sqrt(rms * rms + (gain * gain - 1.0) * line)

    def _estimate(self, channel: int) -> None:
        """The shaft's turns over the record, where lines beside the mains' tell them."""
        quantities, pairs = self._quantities[channel], self.pole_pairs
        if pairs is None or quantities["steady"] < 1.0:
            return
        line = self._turns[channel] * self.samples
        quantities["field_turns"] = line / pairs
        # With one pole pair f - r is next to zero.
        if pairs > 1 and line / pairs >= validity_current.LEAST_FIELD_TURNS:
            from node import slip  # few ask for it: its code stays on flash

            found = slip.shaft_bins(self.sums.tone, line, pairs)
            if found is not None:
                quantities["shaft_bins"] = found[0]
                if not channel:
                    self.shaft_error = found[1] / found[0]

    def _accept(self, channel: int, block: "Samples", rate_hz: float, near: float) -> bool:
        """Whether the channel has a line, and what its rules ask for."""
        sums, quantities, phasor = self.sums, self._quantities[channel], self._phasors[channel]
        if not sums.line(channel, block, rate_hz, near):
            return False
        turns = sums.turns
        most = self._harmonics_of(turns)
        sums.harmonics(channel, block, turns, most, phasor)
        others = 0.0
        for i in range(4, 2 * most + 2):
            others += phasor[i] * phasor[i]
        fundamental = phasor[2] * phasor[2] + phasor[3] * phasor[3]
        unit = 2.0 / (_MEAN_W2 * self.samples) / (_MEAN_W2 * self.samples) / sums.square[channel]
        quantities["line_part"] = part = sqrt(unit * fundamental)
        quantities["harmonic_part"] = unit * (fundamental + others)
        quantities["halves"] = sums.halves
        quantities["steady"] = validity_current.MOST_SWEEP / max(sums.sweep * _SWEEP, 1e-6)
        quantities["harmonics"] = float(most)
        quantities["others"] = others
        inside = tones.LOW_HZ <= turns * rate_hz <= tones.HIGH_HZ
        if not inside:
            quantities["line_part"] = 0.0
        elif part >= validity_current.LEAST_PART_OF_LINE:
            self._turns[channel] = turns
        if quantities["harmonic_part"] < validity_current.LEAST_PART_OF_HARMONICS:
            self._turns[channel] = 0.0
        if self._turns[channel]:
            quantities["cycles"] = turns * self.samples
        return self._turns[channel] > 0.0

    def _noise(self, channel: int, scale: float) -> float:
        """The least RMS that is more than noise, A or V."""
        noise = _HALF_DIGIT * scale
        if self.noise_a is not None and channel < self.currents:
            noise = max(noise, self.noise_a[channel])
        return noise

    def _harmonics_of(self, turns: float) -> int:
        """H: 15, or the last below 0.45 of the rate."""
        most = tones.HARMONICS
        while most > 1 and most * turns >= _HIGHEST:
            most -= 1
        return most

    def _together(
        self, blocks: "Sequence[Samples]", per_digit: "Sequence[float]", rate_hz: float
    ) -> None:
        """What needs all phases at one instant: the quantities of the set."""
        of_set = self._of_set
        of_set.clear()
        self.zero_share = None
        for phase in range(self.currents):
            noise = 0.0 if self.noise_a is None else self.noise_a[phase]
            rms = self._rms[phase]
            self.rms_a[phase] = sqrt(max(0.0, rms * rms - noise * noise))
        if self.currents < 3:
            return
        greatest = max(range(3), key=lambda phase: self._rms[phase])
        for name in self._quantities[greatest]:
            of_set[name] = self._quantities[greatest][name]
        scale = abs(per_digit[greatest])
        if self._rms[greatest]:
            of_set["over_noise"] = self.sums.peak[greatest] * scale / self._noise(greatest, scale)
        for phase in range(3):
            cycles = self._quantities[phase].get("cycles", of_set.get("cycles", 0.0))
            if "cycles" in of_set:
                of_set["cycles"] = min(of_set["cycles"], cycles)
        if not self._lines or self.delays_us is None or not self._turns[greatest]:
            return
        found = []
        for phase in range(3):
            self._phasor(phase, blocks, self._turns[greatest])
            found.append(self._fundamental(phase, per_digit[phase], rate_hz))
        self._found = found
        from node import phases  # here: one clamp needs none of it

        self.zero_share = phases.judge(found, of_set)

    def turned_share(self, phase: int) -> "float | None":
        """zero_share as it were with the clamp of one current the other way round."""
        if self.zero_share is None:
            return None
        from node import phases

        return phases.share(phases.turned(self._found, phase))

    def supply_pct(self) -> "float | None":
        """Negative sequence of the three voltages, in % of the positive one.

        None where fewer than three with a line are measured, or not together.
        """
        if self.voltages < 3 or self.currents < 3 or self.delays_us is None:
            return None
        if not all(self._turns[3:]):
            return None
        from node import phases

        scales, rate_hz = self._scales, self._rate_hz
        found = [self._fundamental(i, scales[i], rate_hz) for i in range(3, 6)]
        return phases.lesser_pct(found)

    def rest(self, channel: int) -> "float | None":
        """What the input of a channel rests at, in digits; None where its level changes, or too
        few of its waves tell."""
        quantities, least = self._quantities[channel], validity_current.LEAST_WAVES
        if "cycles" in quantities and (
            quantities["cycles"] < least or quantities.get("halves", 0.0) < _LEVEL
        ):
            return None
        rest: float = self.sums.mean[channel]
        return rest

    def _phasor(self, channel: int, blocks: "Sequence[Samples]", turns: float) -> None:
        """The harmonics of a channel, at a given frequency where it has no line of its own."""
        if self._turns[channel]:
            return
        phasor = self._phasors[channel]
        if self._rms[channel]:
            self.sums.harmonics(channel, blocks[channel], turns, self._harmonics_of(turns), phasor)
        else:
            for i in range(len(phasor)):
                phasor[i] = 0.0

    def _fundamental(self, channel: int, scale: float, rate_hz: float) -> "tuple[float, float]":
        """The fundamental in the middle of the record, at the instant of the first channel.

        In the middle, because there frequencies a little apart do not move it.
        """
        phasor, delays = self._phasors[channel], self.delays_us or ()
        turns = self._turns[channel] or max(self._turns[: self.currents])
        angle = turns * (pi * self.samples - 2e-6 * pi * rate_hz * delays[channel])
        real, imag, c, s = phasor[2] * scale, phasor[3] * scale, cos(angle), sin(angle)
        return real * c - imag * s, imag * c + real * s

    def _phase(
        self,
        phase: int,
        blocks: "Sequence[Samples]",
        per_digit: "Sequence[float]",
        rate_hz: float,
        rate_known_ppm: "float | None",
        jitter_us: float,
    ) -> None:
        """Values and reasons of one current."""
        values, reasons = self._values, self._reasons
        quantities, scale = self._quantities[phase], abs(per_digit[phase])
        noise, rms = self._noise(phase, scale), self.rms_a[phase]
        peak = self.sums.peak[phase] * scale
        values["cur_rms_a"], values["cur_peak_a"] = rms, peak
        values["cur_noise_a"] = 0.0 if self.noise_a is None else self.noise_a[phase]
        if self._rms[phase]:
            quantities["over_noise"] = peak / noise
        if rms > 0.0:
            values["cur_crest"] = peak / rms
        # Unknown is not known to 100 ppm.
        known = rate_known_ppm is not None and rate_known_ppm >= 0.0
        quantities["rate_sure"] = validity_current.SURE_PPM / max(rate_known_ppm or 0.01, 0.01)
        if not known:
            quantities["rate_sure"] = 0.0
        turns = self._turns[phase]
        if turns:
            self._line(phase, turns, rate_hz, scale, jitter_us)
        elif self._rms[phase]:
            short = self.samples / rate_hz * tones.HIGH_HZ < tones.LEAST_WAVES
            for key in self._keys:
                reasons[key] = "too_short" if short else "no_line"
        for key in _ESTIMATES:
            reasons[key] = "no_motor" if self.pole_pairs is None else "no_line"
        if phase < self.voltages:
            self._power(phase, blocks, per_digit, rate_hz)
        else:
            for key in _VOLT_KEYS:
                reasons[key] = "no_voltage"

    def _line(
        self, phase: int, turns: float, rate_hz: float, scale: float, jitter_us: float
    ) -> None:
        """What a line of the mains gives."""
        values, quantities, phasor = self._values, self._quantities[phase], self._phasors[phase]
        most = int(quantities["harmonics"])
        first = sqrt(phasor[2] * phasor[2] + phasor[3] * phasor[3])
        others = quantities["others"]
        values["cur_freq_hz"] = turns * rate_hz
        fundamental = sqrt(2.0) * first / (_MEAN_W2 * self.samples) * scale * self._gains[phase]
        values["cur_fund_a"], values["cur_thd_order"] = fundamental, float(most)
        turned = quantities.get("shaft_bins")
        if turned is not None:
            values["cur_shaft_hz"] = turned * rate_hz / self.samples
            line = turns * self.samples
            values["cur_slip_pct"] = 100.0 * (1.0 - (self.pole_pairs or 1) * turned / line)
            quantities["estimated"] = 0.0
        values["cur_thd_pct"] = thd = 100.0 * sqrt(others) / first
        noise = self._noise(phase, scale)
        jitter = 2e-6 * pi * turns * rate_hz * jitter_us * fundamental
        away = sqrt((noise * noise + jitter * jitter) * (most - 1) * _MEAN_W4 * self.samples)
        values["cur_thd_floor_pct"] = floor = max(100.0 * away / (first * scale), _LEAST_FLOOR_PCT)
        quantities["over_floor"] = thd / floor

    def _power(
        self,
        phase: int,
        blocks: "Sequence[Samples]",
        per_digit: "Sequence[float]",
        rate_hz: float,
    ) -> None:
        """Voltage and power of one phase."""
        values, reasons, quantities = self._values, self._reasons, self._quantities[phase]
        other, rms = self.currents + phase, self.rms_a[phase]
        volts = self._rms[other]
        values["cur_volt_v"] = volts
        cycles = self._quantities[other].get("cycles")
        if cycles is not None:
            quantities["volt_cycles"] = cycles
        plain = self._quantities[other].get("plain")
        if plain is not None:
            quantities["volt_plain"] = plain
        values["cur_apparent_va"] = apparent = volts * rms
        if self.delays_us is None:
            reasons["cur_power_w"] = reasons["cur_power_factor"] = "not_together"
            return
        power = 0.0
        if volts and self._rms[phase]:
            scale = per_digit[phase] * per_digit[other]
            apart_us = self.delays_us[other] - self.delays_us[phase]
            turns = self._turns[other]
            if apart_us and not turns:
                reasons["cur_power_w"] = reasons["cur_power_factor"] = "no_line"
                return
            power = self.sums.cross(phase, blocks[phase], other, blocks[other])
            if apart_us:
                self._phasor(phase, blocks, turns)
                power += self._moved(phase, other, 2e-6 * pi * turns * rate_hz * apart_us)
            power *= scale * self._gains[phase] * self._gains[other]
        values["cur_power_w"] = power
        if apparent > 0.0:
            values["cur_power_factor"] = max(-1.0, min(1.0, power / apparent))

    def _moved(self, phase: int, other: int, angle: float) -> float:
        """By how much the mean product grows when the voltage is moved back by an angle at f."""
        i, v, total = self._phasors[phase], self._phasors[other], 0.0
        turns = self._turns[other]
        # Phases count from the record's begin, and are compared in its middle.
        begin = pi * self.samples * (turns - (self._turns[phase] or turns))
        for h in range(1, self._harmonics_of(turns) + 1):
            real = v[2 * h] * i[2 * h] + v[2 * h + 1] * i[2 * h + 1]
            imag = v[2 * h + 1] * i[2 * h] - v[2 * h] * i[2 * h + 1]
            before, after = h * begin, h * (begin - angle)
            total += real * (cos(after) - cos(before)) - imag * (sin(after) - sin(before))
        weight = _MEAN_W2 * self.samples
        return 2.0 * total / (weight * weight)

    def _set(self) -> None:
        """Values and reasons of all phases together."""
        values, reasons = self._values, self._reasons
        if self.currents < 3:
            for key in SET_KEYS:
                reasons[key] = "no_phases"
            return
        from node import phases

        reasons["cur_unbalance_pct"] = "silent"
        unbalance_pct = phases.unbalance_pct(self.rms_a)
        if unbalance_pct is not None:
            values["cur_unbalance_pct"] = unbalance_pct
        silent = "silent" if not max(self._rms) else "no_line"
        for key in SET_KEYS[1:]:
            reasons[key] = "not_together" if self.delays_us is None else silent
        phases.tell(self._of_set, values)

    def _sort(
        self,
        phase: int,
        out: "dict[str, float]",
        withheld: "dict[str, str]",
        marked: "dict[str, str] | None",
    ) -> None:
        """Each key's value into `out`, or its reason into `withheld`, as the rules say."""
        out.clear()
        withheld.clear()
        if marked is not None:
            marked.clear()
        for key, rules in self._rules:
            if key in SET_KEYS and phase:
                continue
            quantities = self._of_set if key in SET_KEYS else self._quantities[phase]
            value, reason = self._values.get(key), ""
            if value is None and self._reasons.get(key) in _FIRST:
                rules = ()
            for quantity, least, action, why in rules:
                if quantities.get(quantity, least) < least:
                    if action == validity.WITHHOLD:
                        value = None
                    if value is not None or action == validity.WITHHOLD:
                        reason = why
                    break
            if value is None:
                withheld[key] = reason or self._reasons.get(key, "silent")
            else:
                out[key] = value
                if reason and marked is not None:
                    marked[key] = reason
