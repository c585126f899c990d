"""A measurement set of clamps: one record of all inputs, and the features of their currents."""

import asyncio
import gc
from time import ticks_diff, ticks_ms, ticks_us

from micropython import const

from node import current_evidence
from node.current import KEYS, Current
from node.drivers.inputs import Take
from node.drivers.kernels import axis_sum
from node.result import Result
from node.sensor import FAILURES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.clamps import Clamps
    from node.health import Health
    from node.workspace import Workspace

# How keys of motor.py and inrush.py begin: neither is loaded where nobody asks for it.
_OF_MOTOR, _OF_INRUSH = current_evidence.OF_MOTOR, "cur_inrush_"
_OF_LINE = "cur_fund_a"
_OF_TURNS = ("cur_turns_hint", "cur_neg_seq_pct")  # the hint, and what it is told by
_OVER_NOISE = const(10)
# Of noise, where the settings do not tell: a digit of an RP2040 is four of ours.
_QUIET_DIGITS = const(4)
_PAUSE_MS = const(60)  # less is no pause: the schedule wants one record after the other


class CurrentSet:
    """Measures one set again and again, whatever happens to its converter.

    path: of the settings of the set.
    """

    def __init__(
        self,
        settings: "dict[str, Any]",
        path: str,
        sensor: "Clamps",
        workspace: "Workspace",
        health: "Health",
    ) -> None:
        self.name: str = settings["name"]
        self.sensor = sensor
        self.result = Result()
        self._settings, self._path, self._health = settings, path, health
        wanted = settings["features"]
        self._keys = tuple([key for key in wanted if key in KEYS])
        self._motor_keys = tuple([key for key in wanted if key.startswith(_OF_MOTOR)])
        self._hints = _OF_TURNS[0] in wanted
        # How three phases stand to each other is evidence, whatever is asked for.
        besides = [_OF_LINE] if sensor.currents == 3 else []
        if self._hints:
            besides.append(_OF_TURNS[1])
        self._besides = tuple([key for key in besides if key not in wanted])
        rows, samples = sensor.rows, settings["samples"]
        self._rests_v: "list[float | None]" = [None] * len(rows)
        self._take = Take(len(rows))
        # One set is measured at a time: what others only compute with is free for a record.
        self._blocks = workspace.views(samples, len(rows))
        schedule = settings["schedule"]
        pause_ms = schedule.get("interval_ms", 86_400_000) - samples * 1000 / settings["rate_hz"]
        # Without a pause between two records the next one begins before the last is computed.
        self._continuous = pause_ms < _PAUSE_MS
        spare = workspace.spare()
        self._watch: "Any" = None
        if schedule["kind"] == "start":
            from node.start_watch import StartWatch

            self._watch = StartWatch(settings, path, sensor)
        # How often moved() is to be asked.
        self.look_ms: "int | None" = None if self._watch is None else self._watch.look_ms
        if spare is None or self._continuous or self._watch is not None:
            sensor.reserve(samples)
        else:
            sensor.reserve(samples, spare[0], spare[1] * len(spare[0]))
        self._per_digit = [0.0] * len(rows)
        self._delays_us = [0.0] * len(rows)
        self._inrush_keys = tuple([key for key in wanted if key.startswith(_OF_INRUSH)])
        self._inrush: "Any" = None
        if self._inrush_keys:
            from node.inrush import Inrush

            self._inrush = Inrush(samples)
        self._features: "Current | None" = None  # of DC there is nothing but means
        if not wanted[0].startswith("cur_dc"):
            told = sensor.settings["motor"]
            noises = [row["noise"] or 0.0 for row in rows[: sensor.currents]]
            self._features = Current(
                workspace.backend,
                samples,
                currents=sensor.currents,
                voltages=len(rows) - sensor.currents,
                noise_a=noises if any(noises) else None,
                delays_us=self._delays_us,
                pole_pairs=None if told is None else told["pole_pairs"],
                lent=spare,
            )

    def moved(self, now_ticks: int) -> bool:
        """Whether a current has risen, where the set waits for that."""
        return self._watch is not None and bool(self._watch.moved(now_ticks))

    async def run(self, request: "dict[str, Any] | None" = None) -> None:  # noqa: ARG002
        """Measure once: `result` holds what it gave.

        A converter with DMA lets all others run meanwhile; one that is polled does not.
        """
        result, take, sensor = self.result, self._take, self.sensor
        result.clear()
        take.clear()
        # What a record does not say again does not hold any more.
        sensor.shaft_hz = sensor.shaft_error = None
        sensor.standing = False
        begin_ticks = ticks_us()
        watch, risen = self._watch, False
        if watch is not None:
            if watch.failure is not None:
                result.faults.append(watch.failure)
                watch.failure = None
                return
            risen, watch.risen = watch.risen, False
        try:
            device = self.sensor.converter(self._settings["rate_hz"], self._settings["samples"])
            if device.owner is not self and not risen:
                device.begin()
            left_us = device.left_us()
            if left_us:
                await asyncio.sleep_ms(left_us // 1000 + 1)
            device.finish(self._blocks, take, self._continuous)
            device.owner = self if self._continuous else None
        except FAILURES as error:
            result.faults.append(self.sensor.failed(error, self._path))
            return
        self._health.stage("capture", ticks_diff(ticks_us(), begin_ticks))
        begin_ticks = ticks_us()
        self._compute(device)
        self._health.stage("features", ticks_diff(ticks_us(), begin_ticks))
        gc.collect()

    def _compute(self, device: "Any") -> None:
        """Features, and what is wrong with the record, into the result."""
        result, take, sensor = self.result, self._take, self.sensor
        rows = sensor.rows
        lead_us = 1e6 / 360 / sensor.settings["line_hz"]
        for index, row in enumerate(rows):
            self._per_digit[index] = device.per_digit(row["input"]) * row["per_volt"]
            self._delays_us[index] = take.skew_us[index] + row["phase_deg"] * lead_us
        outs: "list[dict[str, float]]" = []
        withheld: "list[dict[str, str]]" = []
        marked: "list[dict[str, str]]" = []
        for _ in range(sensor.currents):
            outs.append({})
            withheld.append({})
            marked.append({})
        found = current_evidence.findings(
            take, device, rows, self._blocks, sensor.settings["bias_v"]
        )
        sound = not found
        if self._features is None:
            self._direct(outs)
        else:
            self._alternating(device, self._features, outs, withheld, marked)
            found += current_evidence.of_phases(self._features, outs, self._least_a())
            if sensor.settings["bias_v"] is not None:
                found = (
                    current_evidence.of_rests(
                        self._features, device, rows, take, self._rests_v, sound
                    )
                    + found
                )
        valid = current_evidence.valid(found)
        if self._features is not None:
            self._follow_motor(self._features, outs[0], withheld[0], valid)
            if self._hints:
                self._hint(self._features, (outs[0], withheld[0], marked[0]))
            if valid:
                sensor.shaft_hz = outs[0].get("cur_shaft_hz")
                sensor.shaft_error = self._features.shaft_error
                sensor.standing = sensor.motor is not None and sensor.motor.running() is False
        for reason, _ in found:
            self._health.count(reason)
        for index in range(sensor.currents):
            channel = rows[index]["channel"]
            for rows_of in (outs, withheld, marked):
                for key in self._besides:
                    rows_of[index].pop(key, None)
            if found:
                current_evidence.apply(
                    found, index, sensor.currents, outs[index], withheld[index], marked[index]
                )
            result.channels[channel] = outs[index]
            result.withheld[channel] = withheld[index]
            result.marked[channel] = marked[index]
        result.record = {
            "set": self.name,
            "sensor": sensor.name,
            "chip": sensor.settings["chip"],
            "samples": take.samples,
            "rate_hz": take.rate_hz,
            "rate_ppm": take.rate_ppm,
            "nominal_hz": self._settings["rate_hz"],
            "jitter_us": take.jitter_us,
            "run": take.run,
            "overruns": take.overruns,
            "gaps": take.gaps,
            "clipped": sum(take.clipped),
            "valid": valid,
        }

    def _alternating(
        self,
        device: "Any",
        features: Current,
        outs: "list[dict[str, float]]",
        withheld: "list[dict[str, str]]",
        marked: "list[dict[str, str]]",
    ) -> None:
        take, keys = self._take, self._keys
        line_hz = self.sensor.settings["line_hz"]
        narrow = device.bandwidth_hz < current_evidence.LEAST_BANDWIDTH * line_hz
        if narrow:
            keys = current_evidence.without_harmonics(keys)
        features.compute(
            self._blocks,
            self._per_digit,
            take.rate_hz,
            take.rate_ppm,
            keys + self._besides,
            outs,
            withheld,
            marked,
            jitter_us=take.jitter_us,
            averaged_us=device.averaged_us,
        )
        if self._inrush is not None and not narrow:
            self._find_inrush(outs, withheld)
        if narrow:
            for key in self._keys + self._inrush_keys:
                if key not in keys:
                    for reasons in withheld:
                        reasons[key] = "bandwidth"

    def _hint(self, features: Current, rows: "Any") -> None:
        """Of shorted turns: few ask for it, so its code stays on flash."""
        from node import winding

        motor = self.sensor.motor
        running = None if motor is None else motor.running()
        limit_pct = self.sensor.settings["motor"]["neg_seq_pct"]
        winding.tell(running, limit_pct, features.supply_pct(), rows)

    def _least_a(self) -> float:
        """Less than this is no current of which phases can be told: ten times the noise."""
        least_a = 0.0
        for index in range(self.sensor.currents):
            noise_a = self.sensor.rows[index]["noise"] or _QUIET_DIGITS * self._per_digit[index]
            least_a = max(least_a, _OVER_NOISE * abs(noise_a))
        return least_a

    def _find_inrush(
        self, outs: "list[dict[str, float]]", withheld: "list[dict[str, str]]"
    ) -> None:
        values: "dict[str, float]" = {}
        reasons: "dict[str, str]" = {}
        for index in range(self.sensor.currents):
            self._inrush.compute(
                self._blocks[index],
                self._per_digit[index],
                self._take.rate_hz,
                self.sensor.settings["line_hz"],
                self._inrush_keys,
                values,
                reasons,
                self.sensor.rows[index]["noise"],
            )
            outs[index].update(values)
            withheld[index].update(reasons)

    def _direct(self, outs: "list[dict[str, float]]") -> None:
        """Of DC: the means of the currents, of their voltages, and what they make together."""
        samples, currents = self._take.samples, self.sensor.currents
        means = [
            axis_sum(self._blocks[index], samples) / samples * self._per_digit[index]
            for index in range(len(self._blocks))
        ]
        for index in range(currents):
            outs[index]["cur_dc_a"] = means[index]
            if currents + index < len(means):
                outs[index]["cur_dc_v"] = means[currents + index]
                outs[index]["cur_dc_w"] = means[index] * means[currents + index]

    def _follow_motor(
        self, features: Current, out: "dict[str, float]", withheld: "dict[str, str]", valid: bool
    ) -> None:
        kept = self.sensor.motor
        if kept is None:
            return
        kept.update(max(features.rms_a) if valid else None, ticks_ms())
        kept.values(self._motor_keys, out, withheld)
        try:
            kept.save_if_due(ticks_ms())
        except OSError:
            self._health.count("flash")
