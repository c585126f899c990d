"""The settings of a node: checked by the host before it writes them, by the node before use.

`check` returns every error at once, as (path, value, what is allowed); no secret is ever in it.
The node takes only settings without an error: nothing is optional, nothing has a default here.
"""

from wire import clamps, keys, rules, spectrum, validity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Error = tuple[str, object, str]

VERSION = 1
BACKENDS = ("ulab", "viper")
CHIPS = (
    "adxl345",
    "adxl355",
    "iis3dwb",
    "kx134",
    "lis2dw12",
    "lis3dh",
    "mpu6050",
    "mpu6500",
)
THERMOMETERS = ("ds18b20", "tmp117")
CONVERTERS = ("adc", "ads1015", "ads1115", "ina226", "mcp3208")
GRAVITY = ("x", "-x", "y", "-y", "z", "-z")
SAMPLES = (256, 512, 1024, 2048, 4096)
DECIMATIONS = (1, 2, 4, 8)
MOST_BLOCKS = 16

_PIN = ("int", 0, 48)
_IP = ("server", False)
_HZ = ("number", 0, 13_350)  # most: half of the fastest sensor's rate
_ORDER = ("number", 0.05, 50)  # most: node/envelope.py

_BROKER = {"host": ("host",), "port": ("int", 1, 65_535)}
_I2C = {
    "kind": ("one", ("i2c",)),
    "id": ("int", 0, 1),
    "sda": _PIN,
    "scl": _PIN,
    "rate_hz": ("int", 10_000, 1_000_000),
    "address": ("int", 0x08, 0x77),
}
_SPI = {
    "kind": ("one", ("spi",)),
    "id": ("int", 0, 2),
    "sck": _PIN,
    "mosi": _PIN,
    "miso": _PIN,
    "cs": _PIN,
    "rate_hz": ("int", 100_000, 40_000_000),
}
_ONEWIRE = {
    "kind": ("one", ("onewire",)),
    "pin": _PIN,
    "rom": ("or_null", ("hex", 16)),  # of one chip among several; null: the only one
}
_ACCELEROMETER = {
    "kind": ("one", ("accelerometer",)),
    "name": ("name",),
    "chip": ("one", CHIPS),
    "range_g": ("int", 1, 400),
    "bus": ("kinds", {"i2c": _I2C, "spi": _SPI}),
    "int1": ("or_null", _PIN),
    "channels": ("list", 1, 3, ("name",)),
    "gravity": ("or_null", ("one", GRAVITY)),  # the axis that reads +1 g at rest; null: unknown
    "machine": ("or_null", {"group": ("one", (1, 2)), "support": ("one", ("rigid", "flexible"))}),
    "shaft_hz": ("or_null", ("number", 0.1, 1000)),  # null: estimated from the spectrum
    "shaft_error_pct": ("or_null", ("number", 0, 20)),  # of shaft_hz; null: nobody knows
    "tacho": ("or_null", {"pin": _PIN, "pulses": ("int", 1, 1024)}),  # pulses of a turn
    "motor": ("or_null", ("name",)),  # the clamps at the motor that drives the machine
    "bearing": ("or_null", {"bpfo": _ORDER, "bpfi": _ORDER, "bsf": _ORDER, "ftf": _ORDER}),
}
_TEMPERATURE = {
    "kind": ("one", ("temperature",)),
    "name": ("name",),
    "chip": ("one", THERMOMETERS),
    "bus": ("kinds", {"i2c": _I2C, "onewire": _ONEWIRE}),
    "channels": ("list", 1, 1, ("name",)),
}
CURRENT = {
    "kind": ("one", ("current",)),
    "name": ("name",),
    "chip": ("one", CONVERTERS),
    "bus": ("or_null", ("kinds", {"i2c": _I2C, "spi": _SPI})),  # null: of the chip itself
    "full_scale_v": ("number", 0.08, 6.2),  # at an input, of the highest digit
    "bias_v": ("or_null", ("number", 0, 5)),  # what inputs rest at; null: not checked
    "line_hz": ("one", (50, 60)),
    "inputs": ("list", 1, 6, clamps.INPUT),
    "motor": ("or_null", clamps.MOTOR),  # null: no running state, no hours
}
_SCHEDULE = {
    "interval": {"kind": ("one", ("interval",)), "interval_ms": ("int", 100, 86_400_000)},
    "demand": {"kind": ("one", ("demand",))},  # when a command asks for it
    "motion": {  # when the sensor itself feels more than threshold_g
        "kind": ("one", ("motion",)),
        "threshold_g": ("number", 0.01, 16),
        "least_ms": ("int", 100, 86_400_000),  # between two records
    },
    "start": {  # when a current rises to threshold_a: the record begins before that
        "kind": ("one", ("start",)),
        "threshold_a": ("number", 0.001, 100_000),  # RMS of a sine
    },
}
_WAVEFORM = {
    "kind": ("one", ("waveform",)),
    "name": ("name",),
    "sensor": ("name",),
    "odr_hz": ("number", 0.1, 30_000),
    "samples": ("one", SAMPLES),
    "decimate": ("one", DECIMATIONS),  # odr_hz by this before anything is computed
    "blocks": ("int", 1, MOST_BLOCKS),  # of a record: all for the envelope, the first for the rest
    "features": ("list", 1, len(keys.WAVEFORM_KEYS), ("one", keys.WAVEFORM_KEYS)),
    "bands": ("list", 0, 4, {"low_hz": _HZ, "high_hz": _HZ}),  # of band1_g to band4_g
    "envelope_band": ("int", 0, 4),  # of env_bpfo_g and its like
    "spectrum": ("one", ("none",) + spectrum.KINDS),  # sent beside each report
    "schedule": ("kinds", {key: _SCHEDULE[key] for key in ("interval", "demand", "motion")}),
}
_VALUE = {
    "kind": ("one", ("value",)),
    "name": ("name",),
    "sensor": ("name",),
    "features": ("list", 1, len(keys.VALUE_KEYS), ("one", keys.VALUE_KEYS)),
    "schedule": ("kinds", {key: _SCHEDULE[key] for key in ("interval", "demand")}),
}
CURRENTS = {
    "kind": ("one", ("current",)),
    "name": ("name",),
    "sensor": ("name",),
    "rate_hz": ("number", 10, 100_000),  # of each input
    "samples": ("one", SAMPLES),
    "features": ("list", 1, len(keys.CURRENT_KEYS), ("one", keys.CURRENT_KEYS)),
    "schedule": ("kinds", {key: _SCHEDULE[key] for key in ("interval", "demand", "start")}),
}
SCHEMA = {
    "version": ("one", (VERSION,)),
    "fleet": ("name",),
    "node": ("name",),
    "board": ("text", 40),
    "network": (
        "kinds",
        {
            "wifi": {
                "kind": ("one", ("wifi",)),
                "ssid": ("text", 32),
                "password": ("or_null", ("text", 63)),
                "static": (  # null: what DHCP gives
                    "or_null",
                    {"address": _IP, "mask": _IP, "gateway": _IP},
                ),
                "dns": ("or_null", ("list", 1, 3, ("server", False))),  # null: those of DHCP
            },
            "none": {"kind": ("one", ("none",))},
        },
    ),
    "mqtt": {
        "host": _BROKER["host"],
        "port": _BROKER["port"],
        "others": ("list", 0, 3, _BROKER),  # in their order, where the one before does not answer
        "keepalive_s": ("int", 2, 3600),
        "spread_ms": ("int", 250, 600_000),  # at most, at random, before it calls again once lost
        "tls": ("bool",),  # with the identity on the board
    },
    # Time servers; null: the clock of the board is what it is, and reports are without a date.
    "clock": ("or_null", {"servers": ("list", 1, 4, ("server", True))}),
    "report": {"outbox_reports": ("int", 2, 4096)},
    "watchdog_ms": ("int", 1000, 8300),  # most: RP2040, 8388 ms (datasheet 4.7)
    "dsp": {"backend": ("one", BACKENDS)},
    "sensors": (
        "list",
        1,
        8,
        (
            "kinds",
            {"accelerometer": _ACCELEROMETER, "temperature": _TEMPERATURE, "current": CURRENT},
        ),
    ),
    "sets": (
        "list",
        1,
        8,
        ("kinds", {"waveform": _WAVEFORM, "value": _VALUE, "current": CURRENTS}),
    ),
}

_CONVERSION_MS = {"ds18b20": 800, "tmp117": 160}  # of one value, with what leads to it
_MEASURED_BY = {"accelerometer": "waveform", "temperature": "value", "current": "current"}
# A block, during which nothing else runs, takes at most 1 / this of watchdog_ms.
_WATCHDOG_SHARE = 2


def check(settings: "Any") -> "list[Error]":
    """Every error in settings: [(path, value, what is allowed)]; [] where there is none."""
    errors: "list[Error]" = []
    rules.check("", settings, SCHEMA, errors)
    if not errors:
        _check_whole(settings, errors)
    return errors


def sensor_of(settings: "dict[str, Any]", measured: "dict[str, Any]") -> "dict[str, Any]":
    """The settings of the sensor that a set of checked settings measures."""
    for sensor in settings["sensors"]:
        if sensor["name"] == measured["sensor"]:
            found: "dict[str, Any]" = sensor
            return found
    raise ValueError("%r is no sensor" % (measured["sensor"],))


def channels_of(sensor: "dict[str, Any]") -> "list[str]":
    """The channels that reports of a sensor have: of its currents, where it has clamps."""
    if sensor["kind"] == "current":
        return [row["channel"] for row in sensor["inputs"] if row["quantity"] == "current"]
    return list(sensor["channels"])


def blocks_of(measured: "dict[str, Any]", channels: int) -> int:
    """How many blocks a waveform or current set captures for one report.

    Channels that are judged by several blocks take turns (docs/decisions/0022-turns.md).
    """
    blocks: int = measured.get("blocks", 1)
    return blocks * channels if validity.in_turn(blocks, measured["features"]) else blocks


def block_ms(measured: "dict[str, Any]") -> int:
    """How long one block of a waveform or current set takes to capture."""
    if measured["kind"] == "current":
        return int(measured["samples"] * 1000 / measured["rate_hz"])
    return int(measured["samples"] * measured["decimate"] * 1000 / measured["odr_hz"])


def _check_whole(settings: "dict[str, Any]", errors: "list[Error]") -> None:
    """What single values cannot show."""
    sensors: "dict[str, dict[str, Any]]" = {}
    for index, sensor in enumerate(settings["sensors"]):
        path = "sensors[%d]" % index
        if sensor["name"] in sensors:
            errors.append((path + ".name", sensor["name"], "a name no other sensor has"))
        else:
            sensors[sensor["name"]] = sensor
        if sensor["kind"] == "current":
            clamps.check_sensor(path, sensor, errors)
            continue
        channels = sensor["channels"]
        for channel in channels:
            if list(channels).count(channel) > 1:
                errors.append((path + ".channels", channel, "a name no other channel has"))
                break
    _check_motors(settings["sensors"], errors)
    seen: "list[str]" = []
    share = 0.0
    for index, measured in enumerate(settings["sets"]):
        path = "sets[%d]" % index
        if measured["name"] in seen:
            errors.append((path + ".name", measured["name"], "a name no other set has"))
        seen.append(measured["name"])
        sensor = sensors.get(measured["sensor"])
        if sensor is None or _MEASURED_BY[sensor["kind"]] != measured["kind"]:
            fit = [
                name for name in sensors if _MEASURED_BY[sensors[name]["kind"]] == measured["kind"]
            ]
            allowed = (
                "one of " + ", ".join(sorted(fit)) if fit else "a sensor, of which there is none"
            )
            errors.append((path + ".sensor", measured["sensor"], allowed))
        elif measured["kind"] == "value":
            share += _CONVERSION_MS[sensor["chip"]] / measured["schedule"].get("interval_ms", 1e9)
        else:
            if measured["kind"] == "current":
                clamps.check_set(path, measured, sensor, errors)
            else:
                _check_features(path, measured, sensor, errors)
            blocks = blocks_of(measured, len(channels_of(sensor)))
            share += _check_time(path, measured, blocks, settings["watchdog_ms"], errors)
    clamps.check_together(settings["sets"], errors)
    if share > 1.0:
        errors.append(
            ("sets", "%.3g of all time" % share, "intervals which the records do not fill")
        )


def _check_motors(sensors: "list[dict[str, Any]]", errors: "list[Error]") -> None:
    """The clamps that accelerometers name are there, and follow a motor."""
    fit = sorted(
        [
            sensor["name"]
            for sensor in sensors
            if sensor["kind"] == "current" and sensor["motor"] is not None
        ]
    )
    for index, sensor in enumerate(sensors):
        if sensor["kind"] == "accelerometer" and sensor["motor"] not in [None] + fit:
            allowed = "null, or clamps with a motor: " + (", ".join(fit) or "there are none")
            errors.append(("sensors[%d].motor" % index, sensor["motor"], allowed))


def _check_features(
    path: str, measured: "dict[str, Any]", sensor: "dict[str, Any]", errors: "list[Error]"
) -> None:
    """Bands and orders that rate and length hold, features that the sensor's settings allow."""
    half_hz = measured["odr_hz"] / measured["decimate"] / 2
    bin_hz = 2 * half_hz / measured["samples"]
    for at, band in enumerate(measured["bands"]):
        where = "%s.bands[%d]" % (path, at)
        if not band["low_hz"] < band["high_hz"] <= half_hz:
            errors.append((where, band, "low_hz below high_hz, up to %g" % half_hz))
        elif int(band["low_hz"] / bin_hz + 0.5) >= int(band["high_hz"] / bin_hz + 0.5):
            errors.append((where, band, "a band that has a bin: they are %.4g Hz apart" % bin_hz))
    # An order is searched within 1.5 bins or 1 %, up to three bins below the end.
    most_hz = (half_hz - 4.5 * bin_hz) / 1.01
    for key in measured["features"]:
        if key[:5] == "order" and int(key[5]) * (sensor["shaft_hz"] or 0) > most_hz:
            errors.append((path + ".features", key, "an order below %.4g Hz" % most_hz))
        if key[:4] == "band" and int(key[4]) > len(measured["bands"]):
            errors.append((path + ".features", key, "a band that bands has"))
        if key in keys.BEARING_KEYS and sensor["bearing"] is None:
            errors.append((path + ".features", key, "nothing of a bearing: the sensor names none"))


def _check_time(
    path: str, measured: "dict[str, Any]", blocks: int, watchdog_ms: int, errors: "list[Error]"
) -> float:
    """The share of all time that the records of a set take."""
    taken_ms = block_ms(measured)
    most_ms = watchdog_ms // _WATCHDOG_SHARE
    if taken_ms > most_ms:
        errors.append(
            (
                path + ".samples",
                measured["samples"],
                "a block of at most %d ms, half of watchdog_ms; this one takes %d ms"
                % (most_ms, taken_ms),
            )
        )
    schedule = measured["schedule"]
    if schedule["kind"] != "interval":
        return 0.0
    taken_ms *= blocks
    interval_ms: int = schedule["interval_ms"]
    if taken_ms > interval_ms:
        allowed = "at least %d, which the record takes" % taken_ms
        errors.append((path + ".schedule.interval_ms", interval_ms, allowed))
        return 0.0
    share: float = taken_ms / interval_ms
    return share
