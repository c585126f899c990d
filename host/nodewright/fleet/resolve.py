"""A node with all that its names stand for: board, network, buses with pins, sensors, machines.

What a name does not lead to is None here, and an error in `check`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nodewright import boards
from nodewright.boards import Board, I2CBus, SPIBus
from nodewright.fleet.model import (
    Asset,
    Bearing,
    Broker,
    Bus,
    FleetFile,
    Network,
    Node,
    Point,
    Sensor,
    Set,
)
from nodewright.fleet.places import Path
from wire import chips

I2C_HZ, SPI_HZ = 400_000, 5_000_000


@dataclass(frozen=True)
class BusOf:
    """A bus of a node: which peripheral, its clock, its pins by what they are called."""

    name: str
    kind: str
    id: int | None
    rate_hz: int
    pins: dict[str, int]
    path: Path | None  # where its pins are given; None: the board's own
    peripheral: I2CBus | SPIBus | None


@dataclass(frozen=True)
class SensorOf:
    """A sensor of a node and what it sits on."""

    name: str
    path: Path
    given: Sensor
    chip: dict[str, Any]  # its row in wire/chips.py
    bus: BusOf | None
    address: int | None
    cs: int | None
    asset: Asset | None
    point: Point | None
    bearing: Bearing | None
    sets: tuple[tuple[str, Set], ...]

    @property
    def shaft_hz(self) -> float | None:
        if self.point is not None and self.point.speed is not None:
            return self.point.speed
        return None if self.asset is None else self.asset.speed

    @property
    def channels(self) -> tuple[str, ...]:
        if self.given.channels is not None:
            return self.given.channels
        if self.chip["kind"] == "current":
            inputs = self.given.inputs.items()
            return tuple(name for name, one in inputs if one.quantity == "current")
        return ("x", "y", "z") if self.chip["kind"] == "accelerometer" else ("housing",)

    def pins(self) -> Iterator[tuple[str, int]]:
        """Those of its own, by what they are called: not those of its bus."""
        if self.cs is not None:
            yield "cs", self.cs
        if self.given.int1 is not None:
            yield "int1", self.given.int1
        if self.given.tacho is not None:
            yield "tacho", self.given.tacho

    def analogue_pins(self) -> Iterator[tuple[str, int]]:
        """Of the board's own converter, by their channels."""
        if None in self.chip["buses"]:
            for name, one in self.given.inputs.items():
                yield name, one.input


@dataclass(frozen=True)
class NodeOf:
    """A node and what its names lead to."""

    name: str
    path: Path
    given: Node
    board: Board
    network: Network | None
    broker: Broker | None
    buses: dict[str, BusOf]
    sensors: tuple[SensorOf, ...]

    @property
    def by_lorawan(self) -> bool:
        """It reports over LoRaWAN: no network and no broker is its own."""
        return self.given.uplink == "lorawan"


def the_one(given: str | None, table: dict[str, Any]) -> str | None:
    """The name given, or that of the only one there is."""
    if given is None and len(table) == 1:
        return next(iter(table))
    return given


def resolve(fleet: FleetFile, name: str) -> NodeOf:
    """One node of a fleet.  Raises KeyError where it has none of that name."""
    node = fleet.nodes[name]
    path: Path = ("nodes", name)
    board = boards.load(node.board)
    used = _chips_by_bus(node)
    buses = {bus.name: bus for bus in _own_buses(node, board, path, used)}
    by_mqtt = node.uplink == "mqtt"
    for bus in _board_buses(board, used):
        buses.setdefault(bus.name, bus)
    return NodeOf(
        name,
        path,
        node,
        board,
        fleet.networks.get(the_one(node.network, fleet.networks) or "") if by_mqtt else None,
        fleet.brokers.get(the_one(node.broker, fleet.brokers) or "") if by_mqtt else None,
        buses,
        tuple(
            _sensor(fleet, buses, key, sensor, (*path, "sensors", key))
            for key, sensor in node.sensors.items()
        ),
    )


def _chips_by_bus(node: Node) -> dict[str, list[str]]:
    used: dict[str, list[str]] = {}
    for sensor in node.sensors.values():
        if sensor.bus is not None:
            used.setdefault(sensor.bus, []).append(sensor.chip)
    return used


def _rate_hz(kind: str, given: float | None, most_hz: int, used: list[str]) -> int:
    """The clock of a bus: as given, else what board and chips take, and no more than is usual."""
    if given is not None:
        return round(given)
    rates: list[int] = [chips.ROWS[chip]["most_hz"][kind] for chip in used if _speaks(chip, kind)]
    return min([I2C_HZ if kind == "i2c" else SPI_HZ, most_hz, *rates])


def _speaks(chip: str, kind: str) -> bool:
    return kind in chips.ROWS[chip]["most_hz"]


def _board_buses(board: Board, used: dict[str, list[str]]) -> Iterator[BusOf]:
    """The buses of a board with its own pins: i2c0, spi0 and so on."""
    for i2c in board.i2c:
        name = f"i2c{i2c.id}"
        rate_hz = _rate_hz("i2c", None, i2c.max_rate_hz, used.get(name, []))
        pins = {"sda": i2c.sda, "scl": i2c.scl}
        yield BusOf(name, "i2c", i2c.id, rate_hz, pins, None, i2c)
    for spi in board.spi:
        name = f"spi{spi.id}"
        rate_hz = _rate_hz("spi", None, spi.max_rate_hz, used.get(name, []))
        pins = {"sck": spi.sck, "mosi": spi.mosi, "miso": spi.miso}
        yield BusOf(name, "spi", spi.id, rate_hz, pins, None, spi)


def _own_buses(
    node: Node, board: Board, path: Path, used: dict[str, list[str]]
) -> Iterator[BusOf]:
    for name, bus in node.buses.items():
        place = (*path, "buses", name)
        if bus.kind == "onewire":
            pins = {} if bus.pin is None else {"pin": bus.pin}
            yield BusOf(name, "onewire", None, 0, pins, place, None)
            continue
        known: tuple[I2CBus | SPIBus, ...] = board.i2c if bus.kind == "i2c" else board.spi
        found = [one for one in known if bus.id is None or one.id == bus.id]
        peripheral = found[0] if found else None
        most_hz = peripheral.max_rate_hz if peripheral else SPI_HZ
        rate_hz = _rate_hz(bus.kind, bus.rate, most_hz, used.get(name, []))
        number = peripheral.id if peripheral else bus.id
        yield BusOf(name, bus.kind, number, rate_hz, _pins(bus, peripheral), place, peripheral)


def _pins(bus: Bus, peripheral: I2CBus | SPIBus | None) -> dict[str, int]:
    pins = {}
    for key in ("sda", "scl") if bus.kind == "i2c" else ("sck", "mosi", "miso"):
        given = getattr(bus, key)
        pin = given if given is not None else getattr(peripheral, key, None)
        if pin is not None:
            pins[key] = pin
    return pins


def _sensor(
    fleet: FleetFile, buses: dict[str, BusOf], name: str, sensor: Sensor, path: Path
) -> SensorOf:
    chip, bus = chips.ROWS[sensor.chip], buses.get(sensor.bus or "")
    asset_name, _, point_name = (sensor.point or "").partition("/")
    asset = fleet.assets.get(asset_name)
    point = asset.points.get(point_name) if asset else None
    bearing = (point.bearing if point else None) or (asset.bearing if asset else None)
    address = cs = None
    if bus is not None and bus.kind == "i2c":
        address = sensor.address or next(iter(chip["address"]), None)
    if bus is not None and bus.kind == "spi":
        default = bus.peripheral.cs if isinstance(bus.peripheral, SPIBus) else None
        cs = default if sensor.cs is None else sensor.cs
    return SensorOf(
        name,
        path,
        sensor,
        chip,
        bus,
        address,
        cs,
        asset,
        point,
        fleet.bearings.get(bearing) if bearing else None,
        tuple((key, fleet.sets[key]) for key in sensor.sets if key in fleet.sets),
    )
