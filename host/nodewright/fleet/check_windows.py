"""Whether a set can be measured by a sensor, and its window holds what each feature needs.

The rules are those by which the node withholds values (wire/validity.py): what would always be
withheld is an error here, what would always be marked a warning.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from nodewright.fleet import bearing as bearings
from nodewright.fleet.finding import Finding, Level
from nodewright.fleet.model import Set
from nodewright.fleet.places import Path
from nodewright.fleet.resolve import NodeOf, SensorOf
from nodewright.fleet.whole import named
from nodewright.reasons import SENTENCES, sentence
from wire import chips, features, settings, validity

_WATCHDOG_SHARE = 2  # as wire/settings.py: a block takes at most half of the watchdog's time
_USABLE_SHARE = 0.4  # of the rate: upper edge of the velocity (docs/features.md)
_ROOM = 0.4 / 8  # of the rate: where the narrowest envelope band, an eighth of it, ends
_SURE_PCT = 0.5  # of the speed: what a bearing's lines need (docs/features.md)
_BEYOND_BINS = 4.5  # an order is searched within 1.5 bins or 1 %, up to three below the end
_ORDER = re.compile(r"order\d_mm_s")
_LOW_HZ = 10.0  # lower edge of the velocity
_OF_VELOCITY = ("vel_", "disp_", "zone")
_PLACES = {"velocity_to_hz": "rate", "rate_hz": "rate", "room_hz": "rate", "blocks": "blocks"}

_rules_of = cache(validity.rules_of)


@dataclass(frozen=True)
class Window:
    """What a set gives on a sensor: rate after decimation in Hz, length of a block in s."""

    given: Set
    sensor: SensorOf
    odr_hz: float

    @property
    def rate_hz(self) -> float:
        return self.odr_hz / self.given.decimate

    @property
    def block_s(self) -> float:
        return self.given.samples / self.rate_hz

    @property
    def bins_of_velocity(self) -> int:
        """How many bins lie between its edges (docs/features.md)."""
        samples, rate_hz = self.given.samples, self.rate_hz
        top_hz = min(1000.0, chips.bandwidth_hz(self.sensor.given.chip, self.odr_hz))
        top_hz = min(top_hz, _USABLE_SHARE * rate_hz)
        low = max(2, int(_LOW_HZ * samples / rate_hz + 0.5) - 1)
        return min(samples // 2 - 1, int(top_hz * samples / rate_hz + 0.5) + 1) + 1 - low

    def quantities(self) -> dict[str, float]:
        """Those of the rules in wire/validity.py that are known before anything is measured."""
        bandwidth_hz = chips.bandwidth_hz(self.sensor.given.chip, self.odr_hz)
        known = {
            "seconds": self.block_s,
            "rate_hz": self.rate_hz,
            "blocks": self.given.blocks,
            "velocity_to_hz": min(1000.0, bandwidth_hz, _USABLE_SHARE * self.rate_hz),
        }
        shaft_hz = self.sensor.shaft_hz
        if shaft_hz is not None:
            known |= {"shaft_hz": shaft_hz, "shaft_turns": shaft_hz * self.block_s}
            known |= self._of_bearing(shaft_hz)
        return known

    @property
    def taken_s(self) -> float:
        """How long all blocks of a record take."""
        measured = {"blocks": self.given.blocks, "features": self.given.features}
        return self.block_s * settings.blocks_of(measured, len(self.sensor.channels))

    def _of_bearing(self, shaft_hz: float) -> dict[str, float]:
        """How sure the speed is, and how far the third harmonics are below the bands' end."""
        asset, bearing = self.sensor.asset, self.sensor.bearing
        known = {}
        if asset is not None and asset.speed_error > 0:
            known["speed_sure"] = _SURE_PCT / asset.speed_error
        if bearing is not None:
            try:
                orders = bearings.orders(bearing)
            except (ValueError, TypeError):  # an error of its own
                return known
            for name, order in orders.items():
                known["room_hz:" + name] = _ROOM * self.rate_hz - 3 * order * shaft_hz
        return known


def check(node: NodeOf) -> Iterator[Finding]:
    share = 0.0
    for sensor in node.sensors:
        if sensor.chip["kind"] != "accelerometer":
            continue
        for name, given in sensor.sets:
            if given.kind != "waveform" or given.rate is None:
                continue
            path: Path = ("sets", name)
            rate = next((one for one in sensor.chip["rates_hz"] if one == given.rate), None)
            yield from _rate(sensor, given, path)
            if rate is None:
                continue
            window = Window(given, sensor, rate)
            yield from _budget(node, window, path)
            yield from _features(node, window, path)
            if given.every:
                # One that is over by itself has its own error.
                share += min(1.0, window.taken_s / given.every)
    if share > 1.0 + 1e-9:
        cure = "measure less often, or shorter records"
        allowed = "records that take less time than there is"
        path = (*node.path, "sensors")
        yield Finding(path, f"{share:.3g} of all time", allowed, cure, key=True)


def _rate(sensor: SensorOf, given: Set, path: Path) -> Iterator[Finding]:
    """The chip has the rate, and the bus carries it."""
    chip, rates = sensor.given.chip, sensor.chip["rates_hz"]
    if given.rate not in rates:
        allowed = f"of {chip}: " + ", ".join(f"{one:g}Hz" for one in rates)
        near = min(rates, key=lambda one: abs(one - (given.rate or 0.0)))
        cure = f'the nearest is "{near:g}Hz"'
        yield Finding((*path, "rate"), f"{given.rate:g}Hz", allowed, cure)
    elif sensor.bus is not None and sensor.bus.kind in sensor.chip["buses"]:
        carried = chips.carried_hz(chip, sensor.bus.rate_hz)
        if given.rate not in carried:
            bits, clock = sensor.chip["bits_a_sample"], sensor.bus.rate_hz
            value = f"{given.rate:g}Hz of {path[1]} over {sensor.bus.kind} at {clock} Hz"
            most = f"up to {carried[0]:g}Hz" if carried else "no rate"
            allowed = f"{most}: a sample takes {bits} bits of the bus"
            fast = "spi" in sensor.chip["buses"] and sensor.bus.kind == "i2c"
            cure = "connect it by SPI" if fast else "a faster bus, or a lower rate"
            yield Finding((*sensor.path, "bus"), value, allowed, cure)


def _budget(node: NodeOf, window: Window, path: Path) -> Iterator[Finding]:
    given, block_s = window.given, window.block_s
    most_s = node.given.watchdog / _WATCHDOG_SHARE
    if block_s > most_s:
        value = f"{given.samples} samples in {block_s:.3g} s"
        allowed = f"a block of at most {most_s:g} s, half of the watchdog"
        yield Finding((*path, "samples"), value, allowed, "fewer samples, or a higher rate")
    taken_s = window.taken_s
    if given.every is not None and taken_s > given.every:
        allowed = f"at least {taken_s:.3g} s, which the record takes"
        cure = f'every = "{math.ceil(taken_s)}s", or fewer samples'
        yield Finding((*path, "every"), f"{given.every:g} s", allowed, cure)


def _features(node: NodeOf, window: Window, path: Path) -> Iterator[Finding]:
    yield from _ruled(window, path)
    yield from _context(window, path)
    yield from _speed(node, window, path)
    given, sensor = window.given, window.sensor
    half_hz = window.rate_hz / 2
    if "hf_rms_g" in given.features and half_hz <= 1000:
        value = f"hf_rms_g at {window.rate_hz:g} Hz"
        yield Finding((*path, "rate"), value, "above 2000 Hz", SENTENCES["above_nyquist"])
    if sensor.shaft_hz is not None:
        most_hz = (half_hz - _BEYOND_BINS * window.rate_hz / given.samples) / 1.01
        shaft_hz = sensor.shaft_hz
        orders = [key for key in given.features if _ORDER.fullmatch(key)]
        beyond = [key for key in orders if int(key[5]) * shaft_hz > most_hz]
        if beyond:
            value = f"{named(beyond)} of {shaft_hz:g} Hz at {window.rate_hz:g} Hz"
            allowed = f"orders below {most_hz:.4g} Hz"
            yield Finding((*path, "rate"), value, allowed, SENTENCES["above_nyquist"])
    if window.bins_of_velocity < 1:
        values = [key for key in given.features if key.startswith(_OF_VELOCITY)]
        if values:
            value = f"{named(values)} always withheld: {window.rate_hz:g} Hz"
            allowed = f"a rate from which {_LOW_HZ:g} Hz can be told: above {_LOW_HZ / 0.4:g} Hz"
            yield Finding((*path, "rate"), value, allowed, SENTENCES["bandwidth"])


def _ruled(window: Window, path: Path) -> Iterator[Finding]:
    """What the rules of wire/validity.py would always withhold or mark."""
    given = window.given
    found: dict[tuple[str, float, str, str], list[str]] = {}
    known = window.quantities()
    for key in given.features:
        if key not in features.WAVEFORM_KEYS:
            continue
        for quantity, least, action, reason in _rules_of(key):
            if quantity in known and known[quantity] < least:
                found.setdefault((quantity, least, action, reason), []).append(key)
                break
    for (quantity, least, action, reason), keys in found.items():
        level: Level = "error" if action == validity.WITHHOLD else "warning"
        what = "withheld" if level == "error" else "marked"
        value = f"{named(keys)} always {what}: {_said(window, quantity, known[quantity])}"
        cure = _cure(window, quantity, least, reason)
        where = _PLACES.get(quantity.split(":")[0], "samples")
        yield Finding((*path, where), value, _allowed(quantity, least), cure, level)


def _context(window: Window, path: Path) -> Iterator[Finding]:
    """Features of a bearing or a machine, where the point has none."""
    given, sensor = window.given, window.sensor
    who = f"{sensor.path[1]}.sensors.{sensor.name}"
    bearing = [key for key in given.features if key in features.BEARING_KEYS]
    if bearing and sensor.bearing is None:
        value = f"{named(bearing)} of {who}"
        cure = "give its point or its machine a bearing, or the sensor another set"
        yield Finding((*path, "features"), value, "sensors at a bearing that is named", cure)
    machine = sensor.asset is not None and sensor.asset.group is not None
    if "zone" in given.features and not machine:
        value = f"zone always withheld: {who}"
        cure = "give its machine group and support"
        yield Finding(
            (*path, "features"), value, "sensors at a machine of a group", cure, "warning"
        )


def _speed(node: NodeOf, window: Window, path: Path) -> Iterator[Finding]:
    """Features of a bearing in a set that learns the shaft's speed from nowhere."""
    keys = [key for key in window.given.features if key in features.BEARING_KEYS]
    sensor = window.sensor
    known = sensor.shaft_hz is not None or sensor.given.tacho is not None
    if not keys or known or "shaft_hz" in window.given.features or _slip(node, sensor):
        return
    value = f"{named(keys)} always withheld: no speed is known at {sensor.path[1]}"
    allowed = "a machine whose speed is given or measured, or a set that estimates it"
    cure = 'add "shaft_hz" to features, or give the machine its speed'
    yield Finding((*path, "features"), value, allowed, cure)


def _slip(node: NodeOf, sensor: SensorOf) -> bool:
    """Whether clamps of this node tell the speed of the sensor's machine."""
    for other in node.sensors:
        motor = other.given.motor
        if motor is not None and other.asset is sensor.asset is not None:
            return motor.pole_pairs is not None
    return False


def _said(window: Window, quantity: str, value: float) -> str:
    given = window.given
    if quantity == "seconds":
        return f"{given.samples} samples at {window.rate_hz:g} Hz take {value:.3g} s"
    if quantity == "shaft_turns":
        return f"{value:.3g} turns of {window.sensor.path[1]}'s shaft"
    if quantity == "blocks":
        return f"a record of {value:g}"
    if quantity == "rate_hz":
        return f"a rate of {value:g} Hz after decimation"
    if quantity.startswith("room_hz"):
        return f"its third harmonic is {-value:.4g} Hz above the bands at {window.rate_hz:g} Hz"
    if quantity == "speed_sure":
        error = window.sensor.asset.speed_error if window.sensor.asset else 0.0
        return f"speed_error is {error:g}% at {window.sensor.path[1]}"
    if quantity == "velocity_to_hz":
        return f"{window.sensor.given.chip} at {window.odr_hz:g} Hz reaches {value:g} Hz"
    return f"{quantity.replace('_', ' ')} is {value:.4g}"


def _allowed(quantity: str, least: float) -> str:
    if quantity == "speed_sure":
        return f"a speed known within {_SURE_PCT:g}%"
    if quantity.startswith("room_hz"):
        return "a rate that leaves it room"
    units = {
        "seconds": "s",
        "rate_hz": "Hz",
        "shaft_turns": "turns",
        "velocity_to_hz": "Hz",
        "shaft_hz": "Hz",
    }
    return f"at least {least:g} {units.get(quantity, quantity.replace('_', ' '))}"


def _cure(window: Window, quantity: str, least: float, reason: str) -> str:
    """The smallest window that does; else what the reason says."""
    if quantity in ("seconds", "shaft_turns"):
        least_s = least if quantity == "seconds" else least / (window.sensor.shaft_hz or 1.0)
        needed = least_s * window.rate_hz
        for samples in settings.SAMPLES:
            if samples >= needed:
                return f"samples = {samples}"
        for factor in settings.DECIMATIONS:
            if settings.SAMPLES[-1] * factor >= least_s * window.odr_hz:
                return f"samples = {settings.SAMPLES[-1]} and decimate = {factor}"
        return "take a lower rate"
    if quantity == "speed_sure":
        return "know the speed better, and say so by speed_error of the machine"
    if quantity == "velocity_to_hz":
        needed_hz = least / _USABLE_SHARE
        if window.rate_hz < needed_hz:
            return f"a rate of at least {needed_hz:g} Hz after decimation"
        return "a chip whose filter lets more through at that rate"
    return sentence(reason)
