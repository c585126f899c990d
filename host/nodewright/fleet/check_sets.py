"""Whether each measurement set makes sense by itself, whoever measures it."""

from collections.abc import Iterator

from nodewright.fleet.finding import Finding
from nodewright.fleet.model import Set
from nodewright.fleet.places import Path
from nodewright.fleet.whole import Whole
from wire import features

_KEYS = {
    "waveform": features.WAVEFORM_KEYS,
    "value": features.VALUE_KEYS,
    "current": features.CURRENT_KEYS,
}
_OF_CURRENTS = ("rate", "samples")
WHEN = ("every", "demand", "motion", "start")
_OF_WAVEFORMS = ("rate", "samples", "decimate", "blocks", "bands", "envelope_band", "spectrum")
_OF_WAVEFORMS_ALONE = (*_OF_WAVEFORMS, "motion", "rest")


def check(whole: Whole) -> Iterator[Finding]:
    for name, given in whole.fleet.sets.items():
        yield from _set(("sets", name), given)


def _set(path: Path, given: Set) -> Iterator[Finding]:
    when = [key for key in WHEN if getattr(given, key) is not None]
    if len(when) != 1:
        value = " and ".join(when) if when else "missing"
        allowed = 'one of every = "10min", demand = true, motion = "500mg", start = "2A"'
        yield Finding((*path, when[1] if when else "every"), value, allowed, "say once when")
    if "rest" in given.model_fields_set and given.motion is None:
        yield Finding((*path, "rest"), "of a set without motion", "beside motion", "take it out")
    waveform = given.kind == "waveform"
    keys = _KEYS[given.kind]
    for index, key in enumerate(given.features):
        if key not in keys:
            allowed = f"of a set of kind {given.kind}: " + (", ".join(keys) or "none yet")
            yield Finding((*path, "features", index), key, allowed, "take it out")
    if not waveform:
        for key in _OF_WAVEFORMS_ALONE:
            if given.kind == "current" and key in _OF_CURRENTS:
                continue
            if key in given.model_fields_set and key != "rest":
                what, allowed = f"{key} in a {given.kind}", "in a set of kind waveform"
                yield Finding((*path, key), what, allowed, "take it out", key=True)
    if given.start is not None and given.kind != "current":
        what, allowed = f"start in a {given.kind}", "in a set of kind current"
        yield Finding((*path, "start"), what, allowed, "take it out", key=True)
    if given.rate is None and given.kind != "value":
        allowed = 'a rate of the sensor\'s chip, as "3200Hz"'
        yield Finding((*path, "rate"), "missing", allowed, "add rate")
    if waveform:
        yield from _bands(path, given)


def _bands(path: Path, given: Set) -> Iterator[Finding]:
    half_hz = given.rate / given.decimate / 2 if given.rate is not None else None
    for index, (low_hz, high_hz) in enumerate(given.bands):
        if half_hz is None:
            continue
        bin_hz = 2 * half_hz / given.samples
        if high_hz > half_hz:
            value, allowed = f"up to {high_hz:g} Hz", f"up to half of the rate, {half_hz:g} Hz"
            yield Finding((*path, "bands", index), value, allowed, "sample faster")
        elif int(low_hz / bin_hz + 0.5) >= int(high_hz / bin_hz + 0.5):
            value = f"{low_hz:g} to {high_hz:g} Hz"
            allowed = (
                f"a band that has a bin: {given.samples} samples have them {bin_hz:.4g} Hz apart"
            )
            yield Finding((*path, "bands", index), value, allowed, "widen it, or more samples")
    for index, key in enumerate(given.features):
        if key.startswith("band") and key[4].isdigit() and int(key[4]) > len(given.bands):
            cure = f"{key} is band {key[4]} of bands: add it, or take {key} out"
            allowed = f"bands has {len(given.bands)}"
            yield Finding((*path, "features", index), key, allowed, cure)
