"""The settings of a node: checked by the host before it writes them, by the node before use.

`check` returns every error at once, as (path, value, what is allowed); no secret is ever in it.
The node takes only settings without an error: nothing is optional, nothing has a default here.
"""

from wire import features, spectrum
from wire.topics import is_name

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
GRAVITY = ("x", "-x", "y", "-y", "z", "-z")
SAMPLES = (256, 512, 1024, 2048, 4096)

MISSING = "missing"
_SECRETS = ("password",)

# A rule: ("int", least, most), ("number", least, most), ("name",), ("address",), ("text", longest)
# of characters, ("one", choices), ("or_null", rule), a dict of rules (an object with these keys),
# ("kinds", {kind: dict}) (an object whose "kind" says which), or ("list", least, most, rule).
_PIN = ("int", 0, 48)
_HZ = ("number", 0, 13_350)  # most: half of the fastest sensor's rate

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
_SENSOR = {
    "name": ("name",),
    "chip": ("one", CHIPS),
    "odr_hz": ("number", 0.1, 30_000),
    "range_g": ("int", 1, 400),
    "samples": ("one", SAMPLES),
    "bus": ("kinds", {"i2c": _I2C, "spi": _SPI}),
    "int1": ("or_null", _PIN),
    "channels": ("list", 1, 3, ("name",)),
    "gravity": ("or_null", ("one", GRAVITY)),  # the axis that reads +1 g at rest; null: unknown
    "features": ("list", 1, len(features.KEYS), ("one", features.KEYS)),
    "bands": ("list", 0, 4, {"low_hz": _HZ, "high_hz": _HZ}),  # of band1_g to band4_g
    "shaft_hz": ("or_null", ("number", 0.1, 1000)),  # null: estimated from the spectrum
    "spectrum": ("one", ("none",) + spectrum.KINDS),  # sent beside each report
    "machine": ("or_null", {"group": ("one", (1, 2)), "support": ("one", ("rigid", "flexible"))}),
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
            },
            "none": {"kind": ("one", ("none",))},
        },
    ),
    "mqtt": {"host": ("address",), "port": ("int", 1, 65_535), "keepalive_s": ("int", 2, 3600)},
    "report": {"interval_ms": ("int", 100, 86_400_000), "outbox_reports": ("int", 2, 4096)},
    "watchdog_ms": ("int", 1000, 8300),  # most: RP2040, 8388 ms (datasheet 4.7)
    "dsp": {"backend": ("one", BACKENDS)},
    "sensors": ("list", 1, 4, _SENSOR),
}

# A record, during which nothing else runs, takes at most 1 / this of watchdog_ms.
_WATCHDOG_SHARE = 2


def check(settings: "Any") -> "list[Error]":
    """Every error in settings: [(path, value, what is allowed)]; [] where there is none."""
    errors: "list[Error]" = []
    _check("", settings, SCHEMA, errors)
    if not errors:
        _check_whole(settings, errors)
    return errors


def error_text(error: "Error") -> str:
    """One line a person can act on."""
    path, value, allowed = error
    return "%s: %.60r; allowed: %s" % (path or "settings", value, allowed)


def _check(path: str, value: "Any", rule: "Any", errors: "list[Error]") -> None:
    if isinstance(rule, dict):
        _check_object(path, value, rule, errors)
        return
    kind = rule[0]
    if kind == "or_null":
        if value is not None:
            _check(path, value, rule[1], errors)
        return
    if kind == "kinds":
        kinds = rule[1]
        named = value.get("kind", MISSING) if isinstance(value, dict) else MISSING
        if isinstance(named, str) and named in kinds:
            _check_object(path, value, kinds[named], errors)
        else:
            errors.append((_join(path, "kind"), named, "one of " + ", ".join(sorted(kinds))))
        return
    if kind == "list":
        _, least, most, inner = rule
        if not isinstance(value, (list, tuple)) or not least <= len(value) <= most:
            errors.append((path, _shown(path, value), "a list of %d to %d" % (least, most)))
            return
        for index, item in enumerate(value):
            _check("%s[%d]" % (path, index), item, inner, errors)
        return
    allowed = _SCALARS[kind](value, rule)
    if allowed:
        errors.append((path, _shown(path, value), allowed))


def _check_object(
    path: str,
    value: "Any",
    rules: "dict[str, Any]",
    errors: "list[Error]",
) -> None:
    if not isinstance(value, dict):
        errors.append((path, _shown(path, value), "an object with " + ", ".join(rules)))
        return
    for key in rules:
        if key in value:
            _check(_join(path, key), value[key], rules[key], errors)
        else:
            errors.append((_join(path, key), MISSING, _described(rules[key])))
    for key in value:
        if key not in rules:
            # Without its value: a secret under a mistyped key is still a secret.
            errors.append((_join(path, str(key)), "unknown key", "only " + ", ".join(rules)))


def _check_whole(settings: "dict[str, Any]", errors: "list[Error]") -> None:
    """What single values cannot show."""
    seen: "list[str]" = []
    total_ms = 0
    most_ms = settings["watchdog_ms"] // _WATCHDOG_SHARE
    for index, sensor in enumerate(settings["sensors"]):
        path = "sensors[%d]" % index
        if sensor["name"] in seen:
            errors.append((path + ".name", sensor["name"], "a name no other sensor has"))
        seen.append(sensor["name"])
        channels = sensor["channels"]
        for channel in channels:
            if list(channels).count(channel) > 1:
                errors.append((path + ".channels", channel, "a name no other channel has"))
                break
        for at, band in enumerate(sensor["bands"]):
            half_hz = sensor["odr_hz"] / 2
            if not band["low_hz"] < band["high_hz"] <= half_hz:
                where = "%s.bands[%d]" % (path, at)
                errors.append((where, band, "low_hz below high_hz, up to %g" % half_hz))
        for key in sensor["features"]:
            if key[:4] == "band" and int(key[4]) > len(sensor["bands"]):
                errors.append((path + ".features", key, "a band that bands has"))
        record_ms = int(sensor["samples"] * 1000 / sensor["odr_hz"])
        total_ms += record_ms
        if record_ms > most_ms:
            errors.append(
                (
                    path + ".samples",
                    sensor["samples"],
                    "a record of at most %d ms, half of watchdog_ms; this one takes %d ms"
                    % (most_ms, record_ms),
                )
            )
    interval_ms = settings["report"]["interval_ms"]
    if total_ms > interval_ms:
        errors.append(
            ("report.interval_ms", interval_ms, "at least %d, which the records take" % total_ms)
        )


def _join(path: str, key: str) -> str:
    return path + "." + key if path else key


def _shown(path: str, value: "Any") -> object:
    return "(hidden)" if path.split(".")[-1] in _SECRETS else value


def _is_int(value: "Any") -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _int(value: "Any", rule: "Any") -> str:
    _, least, most = rule
    good = _is_int(value) and least <= value <= most
    return "" if good else "a whole number from %d to %d" % (least, most)


def _number(value: "Any", rule: "Any") -> str:
    _, least, most = rule
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    return "" if good and least <= value <= most else "a number from %g to %g" % (least, most)


def _name(value: "Any", _rule: "Any") -> str:
    return "" if is_name(value) else "1 to 40 of a-z, 0-9 and -"


def _address(value: "Any", _rule: "Any") -> str:
    # A name would have to be looked up, and that blocks a node for longer than its watchdog waits.
    allowed = "an IPv4 address such as 192.168.1.20, no name"
    parts = value.split(".") if isinstance(value, str) else ()
    if len(parts) != 4:
        return allowed
    for part in parts:
        if not 1 <= len(part) <= 3:
            return allowed
        for char in part:
            if not "0" <= char <= "9":
                return allowed
        if int(part) > 255 or str(int(part)) != part:
            return allowed
    return ""


def _text(value: "Any", rule: "Any") -> str:
    good = isinstance(value, str) and 1 <= len(value) <= rule[1]
    return "" if good else "a text of 1 to %d characters" % rule[1]


def _one(value: "Any", rule: "Any") -> str:
    for choice in rule[1]:
        if value == choice and type(value) is type(choice):
            return ""
    return "one of " + ", ".join([str(choice) for choice in rule[1]])


_SCALARS = {
    "int": _int,
    "number": _number,
    "name": _name,
    "address": _address,
    "text": _text,
    "one": _one,
}


def _described(rule: "Any") -> str:
    """What a missing value must be."""
    if isinstance(rule, dict):
        return "an object with " + ", ".join(rule)
    if rule[0] == "or_null":
        return _described(rule[1]) + ", or null"
    if rule[0] == "kinds":
        return "an object of kind " + " or ".join(sorted(rule[1]))
    if rule[0] == "list":
        return "a list of %d to %d" % (rule[1], rule[2])
    return _SCALARS[rule[0]](None, rule)
