"""Whether a board has the pins and buses that a node uses, and nobody uses one twice."""

from collections.abc import Iterator, Sequence

from nodewright.boards import Board, I2CBus, SPIBus
from nodewright.fleet.finding import Finding
from nodewright.fleet.model import Bus
from nodewright.fleet.places import Path
from nodewright.fleet.resolve import BusOf, NodeOf, SensorOf
from nodewright.fleet.whole import named, unknown_name

_KEYS = {
    "i2c": ("id", "rate", "sda", "scl"),
    "spi": ("id", "rate", "sck", "mosi", "miso"),
    "onewire": ("pin",),
}


def check(node: NodeOf) -> Iterator[Finding]:
    """Findings of one node's pins, buses and addresses."""
    if not node.board.wifi:
        cure = "what it says can be read on its serial port alone"
        value, path = f"{node.board.name} has no radio", (*node.path, "board")
        yield Finding(path, value, "a board with Wi-Fi, to report", cure, "warning")
    for name, bus in node.given.buses.items():
        yield from _bus(node, bus, node.buses[name], (*node.path, "buses", name))
    for sensor in node.sensors:
        if sensor.bus is None and sensor.given.bus is not None:
            known = [
                *node.given.buses,
                *(name for name in node.buses if name not in node.given.buses),
            ]
            path = (*sensor.path, "bus")
            yield unknown_name(path, sensor.given.bus, known, f"nodes.{node.name}.buses")
        for key, pin in sensor.pins():
            yield from _pin(node.board, (*sensor.path, key), pin, drives=key == "cs")
        for channel, pin in sensor.analogue_pins():
            if pin not in node.board.adc.pins:
                path = (*sensor.path, "inputs", channel, "input")
                allowed = f"analogue pins of {node.board.name}: {named(node.board.adc.pins)}"
                yield Finding(path, str(pin), allowed, _nearest(pin, node.board.adc.pins))
        if any(sensor.analogue_pins()):
            yield from _converter(node.board, sensor)
    yield from _shared(node)
    yield from _peripherals(node)
    yield from _addresses(node)


def _converter(board: Board, sensor: SensorOf) -> Iterator[Finding]:
    """A rate that the board's own converter takes of so many inputs; a start that it can see."""
    inputs = len(sensor.given.inputs)
    most_hz = board.adc.samples_hz // inputs
    for name, given in sensor.sets:
        if given.rate is not None and given.rate > most_hz:
            allowed = f"up to {most_hz} Hz for {inputs} inputs of {board.name} itself"
            cure = "sample slower, or take a converter of its own (docs/current.md)"
            yield Finding(("sets", name, "rate"), f"{given.rate:g} Hz", allowed, cure)
        if given.start is not None and not board.adc.runs_on:
            what, allowed = (
                "start",
                f"every or demand: {board.name} takes one sample after the other",
            )
            cure = "take another board, or every as long as the record (docs/current.md)"
            yield Finding(("sets", name, "start"), what, allowed, cure)


def _pin(board: Board, path: Path, pin: int, *, drives: bool) -> Iterator[Finding]:
    if pin not in board.pins:
        allowed = f"pins of {board.name}: {named(board.pins)}"
        yield Finding(path, str(pin), allowed, _nearest(pin, board.pins))
    elif drives and pin in board.input_only:
        outputs = [pin for pin in board.pins if pin not in board.input_only]
        cure = f"{pin} is an input only"
        yield Finding(path, str(pin), f"pins that drive: {named(outputs)}", cure)


def _nearest(pin: int, pins: Sequence[int]) -> str:
    if not pins:
        return "take another board"
    return f"the nearest is {min(pins, key=lambda one: abs(one - pin))}"


def _bus(node: NodeOf, given: Bus, bus: BusOf, path: Path) -> Iterator[Finding]:
    for key in sorted(given.model_fields_set - {"kind"} - set(_KEYS[given.kind])):
        allowed = "only kind, " + ", ".join(_KEYS[given.kind])
        yield Finding((*path, key), f"no key of {given.kind}", allowed, "take it out", key=True)
    if given.kind == "onewire":
        if given.pin is None:
            yield Finding((*path, "pin"), "missing", "a pin of the board", "add pin")
        else:
            yield from _pin(node.board, (*path, "pin"), given.pin, drives=True)
        return
    peripheral = bus.peripheral
    if peripheral is None:
        known = [one.id for one in (node.board.i2c if given.kind == "i2c" else node.board.spi)]
        what = f"one of {node.board.name}: {named(known)}"
        cure = f"id = {known[0]}" if known else "take it out, or another board"
        allowed = what if known else f"none: {given.kind}"
        yield Finding((*path, "id"), str(given.id), allowed, cure)
        return
    if given.rate is not None and given.rate > peripheral.max_rate_hz:
        allowed = f"up to {peripheral.max_rate_hz} Hz on {node.board.name}"
        cure = f'the nearest is "{peripheral.max_rate_hz / 1000:g}kHz"'
        yield Finding((*path, "rate"), f"{given.rate:.10g} Hz", allowed, cure)
    yield from _bus_pins(node.board, bus, peripheral, path)


def _bus_pins(
    board: Board, bus: BusOf, peripheral: I2CBus | SPIBus, path: Path
) -> Iterator[Finding]:
    others = [one for one in (board.i2c if bus.kind == "i2c" else board.spi) if one != peripheral]
    for key, pin in bus.pins.items():
        fit: tuple[int, ...] = getattr(peripheral, key + "_pins")
        if pin in fit:
            continue
        allowed = f"{key} of {bus.kind}{bus.id} on {board.name}: {named(fit)}"
        near = [str(one.id) for one in others if pin in getattr(one, key + "_pins")]
        cure = (
            f"{pin} is {key} of {bus.kind}{near[0]}: set id = {near[0]}"
            if near
            else _nearest(pin, fit)
        )
        yield Finding((*path, key), str(pin), allowed, cure)


def used(node: NodeOf) -> Iterator[tuple[BusOf, list[SensorOf]]]:
    """The buses on which sensors sit, each with them."""
    on: dict[str, list[SensorOf]] = {}
    for sensor in node.sensors:
        if sensor.bus is not None:
            on.setdefault(sensor.bus.name, []).append(sensor)
    for name, sensors in on.items():
        yield node.buses[name], sensors


def _shared(node: NodeOf) -> Iterator[Finding]:
    """Pins with more than one user."""
    users: dict[int, tuple[str, str]] = {}

    def take(pin: int, who: str, what: str, path: Path) -> Iterator[Finding]:
        if pin not in users:
            users[pin] = (who, what)
        elif users[pin] != (who, what):
            other = " ".join(users[pin])
            yield Finding(path, str(pin), "a pin with one user", f"{other} has it: move one")

    for bus, sensors in used(node):
        for key, pin in bus.pins.items():
            path = (*bus.path, key) if bus.path else (*sensors[0].path, "bus")
            yield from take(pin, f"{bus.kind}{'' if bus.id is None else bus.id}", key, path)
    for sensor in node.sensors:
        for key, pin in sensor.pins():
            yield from take(pin, f"sensor {sensor.name}", key, (*sensor.path, key))
        for channel, pin in sensor.analogue_pins():
            path = (*sensor.path, "inputs", channel, "input")
            yield from take(pin, f"sensor {sensor.name}", channel, path)


def _peripherals(node: NodeOf) -> Iterator[Finding]:
    """One peripheral under two names has one clock and one set of pins."""
    seen: dict[tuple[str, int], BusOf] = {}
    for bus, sensors in used(node):
        if bus.id is None:
            continue
        other = seen.setdefault((bus.kind, bus.id), bus)
        if other.pins != bus.pins or (other is not bus and other.rate_hz != bus.rate_hz):
            path = bus.path or (*sensors[0].path, "bus")
            cure = f"{other.name} is the same {bus.kind}{bus.id}: use it for both, or another id"
            yield Finding(path, bus.name, "one name for each bus of the board", cure, key=True)


def _addresses(node: NodeOf) -> Iterator[Finding]:
    """Two chips that answer at once."""
    taken: dict[tuple[object, ...], SensorOf] = {}
    at: tuple[object, ...]
    for bus, sensors in used(node):
        for sensor in sensors:
            if bus.kind == "i2c" and sensor.address is not None:
                at, key = (bus.kind, bus.id, sensor.address), "address"
                value, free = (
                    f"0x{sensor.address:02X}",
                    [
                        f"0x{one:02X}"
                        for one in sensor.chip["address"]
                        if (bus.kind, bus.id, one) not in taken
                    ],
                )
                cure = (
                    f"{sensor.given.chip} can have {', '.join(free)}"
                    if free
                    else ("put one of them on another bus")
                )
            elif bus.kind == "onewire":
                at, key = (bus.name, sensor.given.rom), "rom"
                value = sensor.given.rom or "missing"
                cure = "give each its rom, the 16 hex digits of its identity"
                if sensor.given.rom is None and len(sensors) > 1:
                    yield Finding((*sensor.path, key), value, "a rom for each of several", cure)
                    continue
            else:
                continue
            if at in taken:
                other = taken[at].name
                yield Finding(
                    (*sensor.path, key), value, f"one that {other} on {bus.name} has not", cure
                )
            taken.setdefault(at, sensor)
