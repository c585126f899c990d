"""One measurement set: a sensor, its record, and the features of its channels."""

import gc
from time import ticks_diff, ticks_us

from node import drivers, evidence, hal
from node.capture import Capture
from node.drivers.errors import DeviceMismatch, SensorReset, SensorTimeout
from node.vibration import Vibration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.health import Health
    from node.spectra import Spectra


class Measurement:
    """Measures one sensor of the settings, again and again, whatever happens to it.

    All work space is allocated here.  The sensor itself is looked for at each cycle until it
    answers, and again after it failed: it may be unplugged and come back.
    """

    def __init__(
        self,
        settings: "dict[str, Any]",
        dsp: "Any",
        health: "Health",
        path: str,
        spectra: "Spectra",
    ) -> None:
        self.name: str = settings["name"]
        self.record: "dict[str, Any] | None" = None
        self.channels: "dict[str, dict[str, float]]" = {}
        self.withheld: "dict[str, dict[str, str]]" = {}
        self.marked: "dict[str, dict[str, str]]" = {}
        self.faults: "list[dict[str, Any]]" = []
        self._settings = settings
        self._path = path
        self._health = health
        self._spectra = spectra
        self._sensor: "Any" = None
        self._driver = drivers.load(settings["chip"])
        # A chip without an interrupt at its watermark is polled, whatever is wired.
        told = getattr(self._driver, "watermark_interrupt", True)
        irq = hal.interrupt_pin(settings["int1"]) if told else None
        self._capture = Capture(settings["samples"], irq)
        machine = settings["machine"]
        self._keys = tuple(settings["features"])
        self._features = Vibration(
            dsp,
            settings["samples"],
            bands=tuple([(band["low_hz"], band["high_hz"]) for band in settings["bands"]]),
            shaft_hz=settings["shaft_hz"],
            machine=None if machine is None else (machine["group"], machine["support"]),
            spectrum=settings["spectrum"] != "none",
        )

    def run(self) -> None:
        """Measure once: record, channels, withheld and marked hold the result, faults
        what prevented it.

        Nothing else runs meanwhile: a record takes samples / odr_hz.
        """
        self.record = None
        self.channels, self.withheld, self.marked, self.faults = {}, {}, {}, []
        begin_ticks = ticks_us()
        try:
            if self._sensor is None:
                self._sensor = self._open()
            record = self._capture.record(self._sensor)
        except DeviceMismatch as error:
            self._fault("wrong_identity", expected=error.expected, got=error.got)
        except SensorTimeout:
            self._fault("timeout")
        except SensorReset as error:
            self._fault("sensor_reset", register=error.reg, expected=error.expected, got=error.got)
        except ValueError as error:
            self._bad_setting(error.args)
        except OSError as error:
            self._bus_failed(error.errno)
        else:
            captured_ticks = ticks_us()
            self._health.stage("capture", ticks_diff(captured_ticks, begin_ticks))
            self._compute(record)
            self._health.stage("features", ticks_diff(ticks_us(), captured_ticks))

    def _open(self) -> "Any":
        settings = self._settings
        spi_mode = drivers.CHIPS[settings["chip"]][2]
        sensor = self._driver(hal.registers(settings["bus"], spi_mode))
        sensor.configure(odr_hz=settings["odr_hz"], range_g=settings["range_g"])
        self._features.bandwidth_hz = sensor.bandwidth_hz
        # None where a driver does not know it: then the zone does not ask.
        self._features.noise_g_rthz = getattr(sensor, "noise_g_rthz", None)
        return sensor

    def _bad_setting(self, args: "tuple[Any, ...]") -> None:
        """A setting that only the chip (key, value, allowed) or the port (a text) can judge."""
        if len(args) == 3:
            key, value, allowed = args
            self._fault(
                "bad_setting", path=self._path + "." + key, got=value, allowed=str(allowed)
            )
        else:
            self._fault("bad_setting", path=self._path, allowed=str(args))

    def _bus_failed(self, errno: "int | None") -> None:
        """Nothing answered; perhaps because a chip holds the bus, which can be mended."""
        known = self._sensor is not None
        freed = hal.recover(self._settings["bus"])
        if freed is None:
            self._fault("bus_error" if known else "no_answer", errno=errno)
            return
        if freed:
            self._health.count("bus_recovered")
        self._fault("bus_held", errno=errno, recovered=freed)

    def _fault(self, fault: str, **facts: object) -> None:
        self._sensor = None  # look for it anew in the next cycle
        self._health.count(fault)
        entry: "dict[str, Any]" = {"sensor": self.name, "fault": fault}
        entry.update(facts)
        self.faults.append(entry)

    def _compute(self, record: "Any") -> None:
        sensor = self._sensor
        x, y, z = self._capture.blocks
        found = evidence.findings(
            record,
            evidence.misplaced(
                x, y, z, record.samples, sensor.g_per_digit, self._settings["gravity"]
            ),
        )
        for reason, _ in found:
            self._health.count(reason)
        for index, channel in enumerate(self._settings["channels"]):
            values: "dict[str, float]" = {}
            withheld: "dict[str, str]" = {}
            marked: "dict[str, str]" = {}
            self._features.compute(
                self._capture.blocks[index],
                sensor.g_per_digit,
                record.rate_hz,
                self._keys,
                values,
                withheld,
                marked,
            )
            self._spectra.offer(
                self._settings,
                channel,
                record.rate_hz,
                self._features.kernels,
                sensor.g_per_digit,
            )
            gravest = evidence.judge(found, index)
            if gravest is not None:  # whatever else there is to say of a value
                for key in values:
                    marked[key] = gravest
                if gravest == "stuck":
                    for key in withheld:
                        if withheld[key] == "silent":  # no machine is: the chip says nothing
                            withheld[key] = gravest
            self.channels[channel] = values
            self.withheld[channel] = withheld
            self.marked[channel] = marked
        self.record = {
            "sensor": self.name,
            "chip": self._settings["chip"],
            "samples": record.samples,
            "rate_hz": record.rate_hz,
            "nominal_hz": sensor.odr_hz,
            "run": record.run,
            "first": record.first,
            "overruns": record.overruns,
            "gaps": record.gaps,
            "clipped": record.clipped,
            "valid": record.valid,
        }
        gc.collect()
