"""A measurement set of an accelerometer: records, and the features of their channels."""

import gc
from time import ticks_diff, ticks_us

from node import evidence, hal
from node.capture import Capture
from node.result import Result
from node.sensor import FAILURES
from node.vibration import Vibration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from node.capture import Record
    from node.health import Health
    from node.sensor import Sensor
    from node.spectra import Spectra


class Workspace:
    """A backend whose kernels are made once a length: one record is computed at a time."""

    def __init__(self, backend: "ModuleType") -> None:
        self._backend = backend
        self._made: "dict[tuple[int, bool], Any]" = {}

    def Kernels(self, samples: int, wide: bool) -> "Any":
        if (samples, wide) not in self._made:
            self._made[samples, wide] = self._backend.Kernels(samples, wide)
        return self._made[samples, wide]


class Waveform:
    """Measures one set again and again, whatever happens to its sensor.

    All work space is made here.  path: of the settings of the set.
    """

    def __init__(
        self,
        settings: "dict[str, Any]",
        path: str,
        sensor: "Sensor",
        workspace: Workspace,
        health: "Health",
        spectra: "Spectra",
    ) -> None:
        self.name: str = settings["name"]
        self.sensor = sensor
        self.result = Result()
        self._settings = settings
        self._path = path
        self._health = health
        self._spectra = spectra
        # A chip without an interrupt at its watermark is polled, whatever is wired.
        told = getattr(sensor.driver, "watermark_interrupt", True)
        irq = hal.interrupt_pin(sensor.settings["int1"]) if told else None
        self._capture = Capture(settings["samples"], irq)
        machine = sensor.settings["machine"]
        self._keys = tuple(settings["features"])
        self._features = Vibration(
            workspace,
            settings["samples"],
            bands=tuple([(band["low_hz"], band["high_hz"]) for band in settings["bands"]]),
            shaft_hz=sensor.settings["shaft_hz"],
            machine=None if machine is None else (machine["group"], machine["support"]),
        )

    async def run(self, request: "dict[str, Any] | None" = None) -> None:
        """Measure once: `result` holds what it gave.  request: the command that asked for it.

        Nothing else runs while a block is captured: samples x decimate / odr_hz.
        """
        self.result.clear()
        begin_ticks = ticks_us()
        try:
            device = self.sensor.open(
                odr_hz=self._settings["odr_hz"], range_g=self.sensor.settings["range_g"]
            )
            record = self._capture.record(device)
        except FAILURES as error:
            self.result.faults.append(self.sensor.failed(error, self._path))
            return
        captured_ticks = ticks_us()
        self._health.stage("capture", ticks_diff(captured_ticks, begin_ticks))
        asked = None if request is None else request["spectrum"]
        self._compute(device, record, asked or self._settings["spectrum"])
        self._health.stage("features", ticks_diff(ticks_us(), captured_ticks))

    def _compute(self, device: "Any", record: "Record", spectrum: str) -> None:
        x, y, z = self._capture.blocks
        gravity = self.sensor.settings["gravity"]
        found = evidence.findings(
            record,
            evidence.misplaced(x, y, z, record.samples, device.g_per_digit, gravity),
        )
        for reason, _ in found:
            self._health.count(reason)
        features, result = self._features, self.result
        features.bandwidth_hz = device.bandwidth_hz
        # None where a driver does not know it: then the zone does not ask.
        features.noise_g_rthz = getattr(device, "noise_g_rthz", None)
        features.spectrum = spectrum != "none"
        for index, channel in enumerate(self.sensor.settings["channels"]):
            values: "dict[str, float]" = {}
            withheld: "dict[str, str]" = {}
            marked: "dict[str, str]" = {}
            features.compute(
                self._capture.blocks[index],
                device.g_per_digit,
                record.rate_hz,
                self._keys,
                values,
                withheld,
                marked,
            )
            if spectrum != "none":
                self._spectra.offer(
                    self._settings,
                    spectrum,
                    channel,
                    record.rate_hz,
                    features.kernels,
                    device.g_per_digit,
                )
            _judge(evidence.judge(found, index), values, withheld, marked)
            result.channels[channel] = values
            result.withheld[channel] = withheld
            result.marked[channel] = marked
        result.record = {
            "set": self.name,
            "sensor": self.sensor.name,
            "chip": self.sensor.settings["chip"],
            "samples": record.samples,
            "rate_hz": record.rate_hz,
            "nominal_hz": device.odr_hz,
            "run": record.run,
            "first": record.first,
            "overruns": record.overruns,
            "gaps": record.gaps,
            "clipped": record.clipped,
            "valid": record.valid,
        }
        gc.collect()


def _judge(
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
