"""A measurement set of an accelerometer: records, and the features of their channels."""

import asyncio
import gc
from time import ticks_diff, ticks_us

from node import evidence
from node.capture import Capture
from node.drivers.errors import SensorReset
from node.result import Result
from node.sensor import FAILURES
from node.turns import in_turn, turns_of
from wire import validity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.bearing import Bearing
    from node.clamps import Clamps
    from node.health import Health
    from node.rate import Rates
    from node.record import Record
    from node.sensor import Sensor
    from node.spectra import Spectra
    from node.vibration import Vibration
    from node.watch import Watch
    from node.workspace import Workspace

_VERDICTS = ("zone", "bearing_fault")
_COUNTS = ("overruns", "gaps", "clipped")


class Waveform:
    """Measures one set again and again, whatever happens to its sensor.

    All work space is made here.  path: of the settings of the set.
    """

    def __init__(
        self,
        settings: "dict[str, Any]",
        path: str,
        sensor: "Sensor",
        workspace: "Workspace",
        health: "Health",
        spectra: "Spectra",
        rates: "Rates",
        clamps: "Clamps | None" = None,
    ) -> None:
        """clamps: at the motor that drives the machine, where there are any."""
        self.name: str = settings["name"]
        self.sensor = sensor
        self.result = Result()
        self._settings = settings
        self._path = path
        self._health = health
        self._spectra = spectra
        self._rates = rates
        self._clamps = clamps
        self._channels = sensor.settings["channels"]
        self._options = {"odr_hz": settings["odr_hz"], "range_g": sensor.settings["range_g"]}
        samples = settings["samples"]
        self._capture = Capture(
            samples,
            decimate=settings["decimate"],
            blocks=workspace.blocks(samples),
            stamps=sensor.stamps,
        )
        wanted = settings["features"]
        self._keys = tuple([key for key in wanted if not validity.of_bearing(key)])
        self._workspace = workspace
        self._vibration: "Vibration | None" = None
        if self._keys or settings["spectrum"] != "none":
            self._make_vibration()
        self._fault: "dict[str, Any] | None" = None  # found between two records, not told yet
        self._again = False  # it has cost no record: that is still to be taken
        self.watch: "Watch | None" = None
        if settings["schedule"]["kind"] == "motion":
            from node.watch import Watch

            self.watch = Watch(settings["schedule"], path, sensor)
        self.bearing: "Bearing | None" = None
        if len(self._keys) < len(wanted):
            from node.bearing import Bearing  # here: it is code that most nodes do not need

            self.bearing = Bearing(
                workspace.backend,
                settings,
                sensor.settings,
                tuple([key for key in wanted if validity.of_bearing(key)]),
                workspace.Kernels(samples, False),
                health,
                workspace.blocks(samples)[0] if in_turn(settings) else None,
            )
        self._estimate: "tuple[float, float | None, str] | None" = None
        self._turns = turns_of(settings, len(self._channels))

    def _make_vibration(self) -> "Vibration":
        """Made at once where it is always needed: a set of a bearing's values may do without."""
        if self._vibration is None:
            from node.vibration import Vibration

            settings, machine = self._settings, self.sensor.settings["machine"]
            self._vibration = Vibration(
                self._workspace,
                settings["samples"],
                bands=tuple([(band["low_hz"], band["high_hz"]) for band in settings["bands"]]),
                shaft_hz=self.sensor.settings["shaft_hz"],
                machine=None if machine is None else (machine["group"], machine["support"]),
            )
        return self._vibration

    async def run(self, request: "dict[str, Any] | None" = None) -> None:
        """Measure once: `result` holds what it gave.  request: the command that asked for it.

        Nothing else runs while a block is captured: samples x decimate / odr_hz.
        """
        result = self.result
        result.clear()
        self._estimate = None
        if self._fault is not None:
            result.faults.append(self._fault)
            self._fault = None
            return
        try:
            device = self.sensor.open(**self._options)
            if self._forgot(device):
                return
            if request is not None and request["command"] == "self_test":
                self._test(device)
                return
            asked = None if request is None else request["spectrum"]
            for turn in self._turns:
                await self._turn(device, turn, asked or self._settings["spectrum"])
        except FAILURES as error:
            result.clear()
            result.faults.append(self.sensor.failed(error, self._path))
            return
        self._withhold_at_rest()
        self._judge_zone()
        try:
            self._rates.save_if_due()
        except OSError:
            self._health.count("flash")
        gc.collect()

    def moved(self, now_ticks: int) -> bool:
        """Whether there is something to measure, or to tell, beside the schedule.

        The sensor has felt what this set waits for, if it waits for anything; or something has
        come over it since its last record.
        """
        if self._again:
            self._again = False
            return True
        if self.watch is not None:
            moved = self.watch.moved(now_ticks, **self._options)
            self._fault, self.watch.failure = self.watch.failure, None
            return moved
        self._fault = self.sensor.look(self._path)
        return self._fault is not None

    def _forgot(self, device: "Any") -> bool:
        """Whether the chip has lost its supply since its last record, which is told by itself.

        All of its registers are written before each: so nothing else is lost, and the record
        follows at once.  Raises FAILURES.
        """
        self._again = False
        try:
            device.prove_kept()
        except SensorReset as error:
            self.result.faults.append(self.sensor.failed(error, self._path))
            self._again = True
        return self._again

    def _test(self, device: "Any") -> None:
        """The chip's own test: each axis outside its limits is a fault."""
        passed, facts = device.self_test()
        if not passed:
            self._health.count("self_test")
        for axis, change_g, least_g, most_g in facts:
            if not least_g <= change_g <= most_g:
                self.result.faults.append(
                    {
                        "sensor": self.sensor.name,
                        "fault": "self_test",
                        "axis": axis,
                        "change_g": change_g,
                        "least_g": least_g,
                        "most_g": most_g,
                    }
                )

    async def _turn(self, device: "Any", turn: "tuple[int, ...]", spectrum: str) -> None:
        """The blocks of some channels, and what they tell.  Raises FAILURES.

        Of the first block all features are computed, of all blocks the bearing's.
        """
        blocks = 1 if self.bearing is None else self._settings["blocks"]
        if len(self._turns) > 1:
            self._capture.aim(turn[0])
        if self.sensor.tacho is not None:
            self.sensor.tacho.begin()
        found: "list[evidence.Finding]" = []
        for block in range(blocks):
            if self.result.record is not None:
                gc.collect()  # as below: what is computed of each block leaves its numbers
                await asyncio.sleep_ms(0)
            last = block + 1 == blocks and turn == self._turns[-1]
            record = self._record(device, not last)
            begin_ticks = ticks_us()
            gravity = None if block else self.sensor.settings["gravity"]
            found += self._judged(device, record, gravity)
            if block:
                assert self.bearing is not None
                for index in turn:
                    self.bearing.add(self._capture.blocks[index], index)
            else:
                self._compute(device, record, spectrum, turn)
                for index in turn:
                    channel = self._channels[index]
                    _mark(
                        evidence.judge(found, index),
                        self.result.channels[channel],
                        self.result.withheld[channel],
                        self.result.marked[channel],
                    )
            self._note(record, turn, block)
            self._rate_hz, self._rate_ppm = record.rate_hz, record.rate_ppm
            self._health.stage(
                "envelope" if block else "features", ticks_diff(ticks_us(), begin_ticks)
            )
        self._finish(device, found, turn)

    def _note(self, record: "Record", turn: "tuple[int, ...]", block: int) -> None:
        """The evidence of one more block."""
        whole = self.result.record
        if whole is None:
            whole = self.result.record = {
                "set": self.name,
                "sensor": self.sensor.name,
                "chip": self.sensor.settings["chip"],
                "samples": record.samples,
                "decimate": record.decimate,
                "blocks": 1,
                "rate_hz": record.rate_hz,
                "rate_ppm": record.rate_ppm,
                "nominal_hz": record.nominal_hz,
                "run": record.run,
                "first": record.first,
                "overruns": 0,
                "gaps": 0,
                "clipped": 0,
                "zone": None,
                "valid": True,
            }
            if len(self._turns) > 1:
                whole["turns"] = {}
        if not block and len(self._turns) > 1:
            whole["turns"][self._channels[turn[0]]] = [record.run, record.first]
        whole["blocks"] = max(whole["blocks"], block + 1)
        for name in _COUNTS:
            whole[name] += getattr(record, name)
        whole["valid"] = whole["valid"] and record.valid

    def _record(self, device: "Any", keep: bool) -> "Record":
        begin_ticks = ticks_us()
        record = self._capture.record(device, keep)
        self._rates.judge(self.sensor.name, record)
        self._health.stage("capture", ticks_diff(ticks_us(), begin_ticks))
        return record

    def _judged(
        self, device: "Any", record: "Record", gravity: "str | None"
    ) -> "list[evidence.Finding]":
        x, y, z = self._capture.blocks
        found = evidence.findings(
            record,
            evidence.misplaced(x, y, z, record.samples, device.g_per_digit, gravity),
        )
        for reason, _ in found:
            self._health.count(reason)
        return found

    def _compute(
        self, device: "Any", record: "Record", spectrum: str, turn: "tuple[int, ...]"
    ) -> None:
        """The values of the first block of a turn's channels, and the begin of their envelopes."""
        result, bearing, vibration = self.result, self.bearing, self._vibration
        if spectrum != "none" or vibration is not None:
            vibration = self._prepared(device, spectrum)
        if bearing is not None:
            bearing.begin()
        for index in turn:
            channel = self._channels[index]
            # Between two collections allocation wanders up the heap, and what stays would lie in
            # its way: a long report later finds no room, though 100 KB are free.
            gc.collect()
            block = self._capture.blocks[index]
            values: "dict[str, float]" = {}
            withheld: "dict[str, str]" = {}
            marked: "dict[str, str]" = {}
            if vibration is not None:
                vibration.compute(
                    block, device.g_per_digit, record.rate_hz, self._keys, values, withheld, marked
                )
                if "shaft_hz" in values:
                    self._keep_surest(values["shaft_hz"], vibration.shaft_error)
            if vibration is not None and spectrum != "none":
                self._spectra.offer(
                    self._settings,
                    spectrum,
                    channel,
                    record.rate_hz,
                    vibration.kernels,
                    device.g_per_digit,
                )
            if bearing is not None:
                bearing.add(block, index)  # the last: it takes the kernels' work space
            result.channels[channel] = values
            result.withheld[channel] = withheld
            result.marked[channel] = marked

    def _keep_surest(self, shaft_hz: float, error: "float | None") -> None:
        """Of the spectra of a report so far, whose speed the bearing takes where none is known.

        In Hz: of a multiple of the speed the same line is half as far off, relatively.
        """
        known = self._estimate
        if error is not None and (
            known is None or error * shaft_hz < (known[1] or 0.0) * known[0]
        ):
            self._estimate = (shaft_hz, error, "spectrum")

    def _prepared(self, device: "Any", spectrum: str) -> "Vibration":
        """The features of vibration, with what a record of this sensor needs."""
        vibration = self._make_vibration()
        vibration.bandwidth_hz = self._capture.bandwidth_hz(device)
        # None where a driver does not know it: then the zone does not ask.
        vibration.noise_g_rthz = getattr(device, "noise_g_rthz", None)
        vibration.spectrum = spectrum != "none"
        timed = self._timed()
        vibration.shaft_hz = timed[0] if timed else self.sensor.settings["shaft_hz"]
        return vibration

    def _timed(self) -> "tuple[float, float] | None":
        """The shaft's speed in Hz and its relative uncertainty, where a tachometer tells them."""
        tacho = self.sensor.tacho
        return None if tacho is None else tacho.speed()

    def _finish(
        self, device: "Any", found: "list[evidence.Finding]", turn: "tuple[int, ...]"
    ) -> None:
        """What only all blocks together tell: the bearing.  found: of all of them."""
        result, bearing = self.result, self.bearing
        if bearing is None:
            return
        begin_ticks = ticks_us()
        speed, estimate = self._timed(), self._estimate
        if self._clamps is not None and self._clamps.shaft_hz is not None:
            estimate = (self._clamps.shaft_hz, self._clamps.shaft_error, "slip")
        assert result.record is not None
        speeds = result.record.setdefault("speed", {})
        for index in turn:
            channel = self._channels[index]
            values: "dict[str, float]" = {}
            withheld: "dict[str, str]" = {}
            marked: "dict[str, str]" = {}
            bearing.finish(
                index,
                device.g_per_digit,
                self._rate_hz,
                self._rate_ppm,
                speed,
                estimate,
                values,
                withheld,
                marked,
            )
            if bearing.speed is not None:
                speeds[channel] = bearing.speed
            gravest = evidence.judge(found, index)
            gc.collect()  # a file is opened to learn
            # Scores at the wrong places of the spectrum would be learned as healthy ones, and so
            # would those of a machine that stands.
            sound = gravest is None and marked.get("bearing_fault") != "speed_off"
            if sound and not self._at_rest():
                bearing.learn(index)
            _mark(gravest, values, withheld, marked)
            result.channels[channel].update(values)
            result.withheld[channel].update(withheld)
            result.marked[channel].update(marked)
        self._health.stage("bearing", ticks_diff(ticks_us(), begin_ticks))

    def _at_rest(self) -> bool:
        """Whether the machine stands still: its clamps tell."""
        return self._clamps is not None and self._clamps.standing

    def _withhold_at_rest(self) -> None:
        """No verdict on a machine that stands still."""
        if not self._at_rest():
            return
        for channel in self._channels:
            values = self.result.channels[channel]
            for key in _VERDICTS:
                if key in values:
                    del values[key]
                    self.result.marked[channel].pop(key, None)
                    self.result.withheld[channel][key] = "standing"

    def _judge_zone(self) -> None:
        """ISO 20816-3: the worst direction of the point decides."""
        if "zone" not in self._keys:
            return
        from wire import iso20816

        worst = iso20816.worst(self.result.channels)
        if worst is not None:
            assert self.result.record is not None
            self.result.record["zone"] = {"zone": worst[0], "channel": worst[1]}


def _mark(
    gravest: "str | None",
    values: "dict[str, float]",
    withheld: "dict[str, str]",
    marked: "dict[str, str]",
) -> None:
    """Mark all values of a channel by its gravest finding, whatever else there is to say."""
    if gravest is None:
        return
    for key in values:
        marked[key] = gravest
    if gravest == "stuck":
        for key in withheld:
            if withheld[key] == "silent":  # no machine is: the chip says nothing
                withheld[key] = gravest
