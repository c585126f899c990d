"""Whether each chip can do what is asked of it: bus, address, range, interrupt, channels, sets."""

from collections.abc import Iterator

from nodewright.fleet.finding import Finding, shown
from nodewright.fleet.resolve import NodeOf, SensorOf
from nodewright.fleet.whole import named

_ON_BUS = {"address": "i2c", "cs": "spi", "rom": "onewire"}
_MEASURES = {"accelerometer": "waveform", "temperature": "value", "current": "current"}
_OF_CONVERTERS = ("full_scale", "bias", "line", "inputs", "motor")
_NOT_OF_CONVERTERS = ("range", "int1", "tacho", "channels")  # its point tells its machine


def check(node: NodeOf) -> Iterator[Finding]:
    """Findings of one node's sensors, each by itself."""
    for sensor in node.sensors:
        yield from _bus(sensor)
        yield from _chip(sensor)
        yield from _sets(sensor)
    count = sum(len(sensor.given.sets) for sensor in node.sensors)
    if count > 8:
        path = (*node.path, "sensors")
        cure = f"take {count - 8} out, or have another node measure them"
        yield Finding(path, f"{count} sets in all", "at most 8 sets a node", cure, key=True)


def _bus(sensor: SensorOf) -> Iterator[Finding]:
    bus, chip, path = sensor.bus, sensor.given.chip, sensor.path
    if bus is None:
        if sensor.given.bus is None and None not in sensor.chip["buses"]:
            kinds = named(sensor.chip["buses"])
            cure = _bus_cure(sensor.chip["buses"][0])
            yield Finding((*path, "bus"), "missing", f"a bus that {chip} speaks: {kinds}", cure)
        return
    if None in sensor.chip["buses"]:
        cure = "take it out: the converter is the board's own"
        yield Finding((*path, "bus"), shown(bus.name), f"none of {chip}", cure, key=True)
        return
    if bus.kind not in sensor.chip["buses"]:
        allowed = f"a bus that {chip} speaks: {named(sensor.chip['buses'])}"
        cure = _bus_cure(sensor.chip["buses"][0])
        yield Finding((*path, "bus"), f"{shown(bus.name)}, {bus.kind}", allowed, cure)
        return
    for key, kind in _ON_BUS.items():
        if getattr(sensor.given, key) is not None and kind != bus.kind:
            cure = f"take it out: {bus.name} is {bus.kind}"
            yield Finding((*path, key), f"of a sensor on {bus.kind}", f"{key} on {kind}", cure)
    if bus.kind == "i2c" and sensor.address not in sensor.chip["address"]:
        allowed = f"of {chip}: " + ", ".join(f"0x{one:02X}" for one in sensor.chip["address"])
        cure = f"as its pins set it, as 0x{sensor.chip['address'][0]:02X}"
        yield Finding((*path, "address"), f"0x{sensor.address or 0:02X}", allowed, cure)
    if bus.kind == "spi" and sensor.cs is None:
        yield Finding((*path, "cs"), "missing", "a pin of the board", "add cs")
    most_hz = sensor.chip["most_hz"].get(bus.kind)
    if most_hz is not None and bus.rate_hz > most_hz:
        where = (*bus.path, "rate") if bus.path else (*path, "bus")
        cure = f'write "{most_hz / 1000:g}kHz"'
        yield Finding(where, f"{bus.rate_hz} Hz", f"up to {most_hz} Hz with {chip}", cure)


def _bus_cure(kind: str) -> str:
    if kind == "onewire":
        return 'add a table buses.NAME with kind = "onewire" and pin'
    return f"{kind}0 is one with the board's own pins"


def _chip(sensor: SensorOf) -> Iterator[Finding]:
    given, row, path = sensor.given, sensor.chip, sensor.path
    chip = given.chip
    if row["kind"] == "current":
        yield from _converter(sensor)
        return
    for key in _OF_CONVERTERS:
        if key in given.model_fields_set:
            cure = f"take it out: {chip} is no converter"
            yield Finding((*path, key), "no key of this chip", "none", cure, key=True)
    if row["kind"] == "accelerometer":
        ranges = ", ".join(f'"{one}g"' for one in row["ranges_g"])
        if given.range is None:
            yield Finding((*path, "range"), "missing", f"of {chip}: {ranges}", "add range")
        elif given.range not in row["ranges_g"]:
            wanted = given.range
            cure = f'the nearest is "{min(row["ranges_g"], key=lambda one: abs(one - wanted))}g"'
            yield Finding((*path, "range"), f'"{wanted:g}g"', f"of {chip}: {ranges}", cure)
        if given.int1 is not None and not row["interrupt"]:
            cure = "take it out: the chip is polled"
            yield Finding((*path, "int1"), str(given.int1), f"none with {chip}", cure)
    else:
        for key in ("range", "int1", "tacho"):
            if getattr(given, key) is not None:
                cure = f"take it out: {chip} is a thermometer"
                yield Finding((*path, key), "no key of a thermometer", "none", cure, key=True)
    axes = row.get("axes", 1)
    if len(sensor.channels) != axes:
        count = f"{len(sensor.channels)} names"
        cure = f"name {axes}, or leave channels out"
        yield Finding((*path, "channels"), count, f"{axes}, as {chip} has axes", cure)


def _converter(sensor: SensorOf) -> Iterator[Finding]:
    """What the node's own check does not say by the fleet's names."""
    given, path = sensor.given, sensor.path
    for key in _NOT_OF_CONVERTERS:
        if getattr(given, key) is not None:
            cure = f"take it out: {given.chip} is a converter"
            yield Finding((*path, key), "no key of a converter", "none", cure, key=True)
    if not given.inputs:
        cure = "add a table inputs.CHANNEL with input and per_volt"
        yield Finding((*path, "inputs"), "missing", "1 to 3 currents", cure)
    if given.full_scale is None:
        choices = sensor.chip["full_scale_v"]
        allowed = "one of " + ", ".join(f'"{one:g}V"' for one in choices) if choices else '"3.3V"'
        yield Finding((*path, "full_scale"), "missing", allowed, "add full_scale")


def _sets(sensor: SensorOf) -> Iterator[Finding]:
    measures = _MEASURES[sensor.chip["kind"]]
    for name, given in sensor.sets:
        index = sensor.given.sets.index(name)
        path = (*sensor.path, "sets", index)
        if given.kind != measures:
            allowed = f'a set of kind "{measures}" for {sensor.given.chip}'
            cure = "name another set, or give this one that kind"
            yield Finding(path, f'{shown(name)}, kind "{given.kind}"', allowed, cure)
        elif given.motion is not None and not sensor.chip.get("motion"):
            allowed = "no motion: the chip does not feel it by itself"
            yield Finding(path, shown(name), allowed, 'every = "10min", or another chip')
