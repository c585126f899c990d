"""One accelerometer, through the node's own driver and capture."""

import binascii
import gc
import json
import time
from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_kept: "dict[str, Any]" = {}


def find(name: str, odr_hz: float) -> "dict[str, Any]":
    """The sensor of the settings, looked for; {"fault": …} as a report would name it."""
    from node.health import Health
    from node.sensor import FAILURES, Sensor

    with open("/settings.json") as file:
        settings = json.load(file)
    row = next(sensor for sensor in settings["sensors"] if sensor["name"] == name)
    sensor = Sensor(row, "sensor", Health())
    try:
        device = sensor.open(odr_hz=odr_hz, range_g=row["range_g"])
        device.start()  # proves the identity
        device.stop()
    except FAILURES as error:
        return sensor.failed(error, "sensor")
    _kept["sensor"], _kept["device"] = sensor, device
    return {
        "odr_hz": device.odr_hz,
        "range_g": device.range_g,
        "g_per_digit": device.g_per_digit,
        "bandwidth_hz": device.bandwidth_hz,
        "still_samples": getattr(device, "still_samples", 0),
        "interrupt": sensor.stamps._irq is not None,
    }


def self_test() -> "dict[str, Any]":
    """The chip's own test: [(axis, change_g, least_g, most_g)]."""
    from node.sensor import FAILURES

    try:
        passed, facts = _kept["device"].self_test()
    except FAILURES as error:
        return _kept["sensor"].failed(error, "sensor")  # type: ignore[no-any-return]
    return {"passed": passed, "facts": facts}


def pull(samples: int) -> "dict[str, Any]":
    """The self-test again, in the range of the settings: what each axis changes by, in g, and
    whether it stood at one digit meanwhile, as at the end of a range.
    """
    from node.sensor import FAILURES

    device = _kept["device"]
    odr_hz, range_g = device.odr_hz, device.range_g
    try:
        device.configure(device.test_settings[0], range_g)
        rest_g, _ = _rest(device, samples)
        device._test = device.test_code
        pulled_g, flat = _rest(device, samples)
    except FAILURES as error:
        return _kept["sensor"].failed(error, "sensor")  # type: ignore[no-any-return]
    finally:
        device._test = 0
        device.configure(odr_hz, range_g)
    return {"change_g": [pulled_g[axis] - rest_g[axis] for axis in range(3)], "flat": flat}


def _rest(device: "Any", samples: int) -> "tuple[list[float], list[bool]]":
    """Means of the axes in g once they have settled, and which of them never changed."""
    blocks = [array("h", bytes(2 * samples)) for _ in range(3)]
    device.start()
    time.sleep_us(device.test_settle_us)
    device.overrun()
    left = min(device.entries(), device.fifo_depth)  # of before; more come meanwhile
    while left > 0:
        device.read_into(*blocks, 0, min(left, samples))
        left -= samples
    got = 0
    for _ in range(8 * samples):
        time.sleep_us(device.period_us)
        count = min(device.entries(), samples - got)
        device.read_into(*blocks, got, count)
        got += count
        if got == samples:
            break
    device.stop()
    if got < samples:
        raise OSError(110)  # ETIMEDOUT
    means = [sum(block) * device.g_per_digit / samples for block in blocks]
    return means, [min(block) == max(block) for block in blocks]


def record(samples: int, records: int, range_g: "int | None" = None) -> "dict[str, Any]":
    """Records in a row of one run: the evidence of each; the samples of the last stay.

    range_g: another one than that of the settings, for these only.
    """
    from node.capture import Capture
    from node.sensor import FAILURES

    sensor, device = _kept["sensor"], _kept["device"]
    gc.collect()
    capture = Capture(samples, stamps=sensor.stamps)
    _kept["capture"] = capture
    told = []
    own_g = device.range_g
    try:
        device.configure(None, range_g)
        scale = {
            "g_per_digit": device.g_per_digit,
            "noise_g_rthz": getattr(device, "noise_g_rthz", None),
        }
        for index in range(records):
            found = capture.record(device, index + 1 < records)
            told.append(
                {
                    "rate_hz": found.measured_hz,
                    "rate_ppm": found.measured_ppm,
                    "overruns": found.overruns,
                    "gaps": found.gaps,
                    "clipped": found.clipped,
                    "stuck": found.stuck,
                }
            )
    except FAILURES as error:
        return sensor.failed(error, "sensor")  # type: ignore[no-any-return]
    finally:
        device.configure(None, own_g)
    scale["records"] = told
    return scale


def samples(axis: int, first: int, count: int) -> str:
    """Digits of the last record in base64: int16, little-endian."""
    block = _kept["capture"].blocks[axis]
    part = memoryview(block)[first : first + count]
    return binascii.b2a_base64(part).decode().strip()  # type: ignore[arg-type]
