"""The keys of fleet.toml: what each means, takes, and is when it is left out.

The descriptions are what docs/fleet.md and the JSON Schema say.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from nodewright import boards
from nodewright.fleet import units
from nodewright.fleet.values import (
    Address,
    Band,
    Checked,
    Flag,
    Hex,
    Host,
    Many,
    Name,
    NameText,
    Number,
    OneOf,
    PointName,
    Quantity,
    Server,
    Ssid,
    Subnet,
    Text,
    Whole,
)
from wire import chips, features, settings, spectrum

AXES = ("horizontal", "vertical", "axial", "radial", "tangential")
MOUNTINGS = ("stud", "adhesive", "magnet", "clamp")
ENCODINGS = ("json",)
UPLINKS = ("mqtt", "lorawan")
# LoRaWAN Regional Parameters RP002-1.0.4, chapter 2: the common names of the regions.
_ASIA = ("AS923-1", "AS923-2", "AS923-3", "AS923-4", "KR920", "IN865", "CN470", "CN779")
REGIONS = ("EU868", "EU433", "US915", "AU915", "RU864", *_ASIA)

PIN = Whole(0, 99)  # the board says which; this is for the schema
TITLE = Text(80)
SECRET = Name(secret=True)
BUS_RATE = Quantity(units.FREQUENCY, 10e3, 40e6, "10kHz to 40MHz")
FEATURES = Many(OneOf(features.KEYS, "a key of docs/features.md"), 1, len(features.KEYS))
SPECTRUM = OneOf(("none", *spectrum.KINDS))
SPAN = Quantity(units.TIME, 0.1, 86_400, "0.1s to 1d")


class Part(BaseModel):
    """Base: no key that is not known, no change once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Fleet(Part):
    """The fleet itself."""

    name: Annotated[str, Name()] = Field(description="of the fleet: first part of its topics")
    owner: Annotated[str, TITLE] = Field(description="who answers for it")
    encoding: Annotated[str, OneOf(ENCODINGS)] = Field("json", description="of its messages")


class Site(Part):
    """A place with machines."""

    title: Annotated[str, TITLE] = Field(description="in words")


class Network(Part):
    """A Wi-Fi network that nodes join."""

    ssid: Annotated[str, Ssid()] = Field(description="its name")
    secret: Annotated[str, SECRET] | None = Field(
        None, description="which file of secrets/ holds its password; left out: an open network"
    )
    subnet: Annotated[str, Subnet()] | None = Field(
        None, description="its addresses, where nodes have static ones"
    )
    gateway: Annotated[str, Address()] | None = Field(None, description="for static addresses")
    ntp: Annotated[tuple[str, ...], Many(Server(), 0, 4)] = Field(
        (), description="time servers, best within the plant; left out: reports bear no date"
    )
    dns: Annotated[tuple[str, ...], Many(Address(), 0, 3)] = Field(
        (), description="name servers; left out: those that DHCP names"
    )


class Broker(Part):
    """An MQTT broker that nodes report to."""

    host: Annotated[str, Host()] = Field(description="its address or name")
    port: Annotated[int, Whole(1, 65535)] = Field(1883, description="its TCP port")
    keepalive: Annotated[float, Quantity(units.TIME, 2, 3600, "2s to 1h")] = Field(
        60.0, description="after so long without a word the broker reports a node as lost"
    )
    spread: Annotated[float, Quantity(units.TIME, 0.25, 600, "250ms to 10min")] = Field(
        3.0, description="within so long, at random, nodes call it again once they have lost it"
    )
    tls: Annotated[bool, Flag()] = Field(
        False, description="by TLS, with the fleet's identities; its certificate names the host"
    )
    spares: Annotated[tuple[str, ...], Many(Server(), 0, 3)] = Field(
        (), description="further brokers, HOST or HOST:PORT, tried in their order"
    )


class Lorawan(Part):
    """The LoRaWAN of the fleet, for nodes that report over it."""

    region: Annotated[str, OneOf(REGIONS)] = Field(description="whose frequencies it keeps to")
    join_eui: Annotated[str, Hex(16)] = Field("0" * 16, description="of the join server")


class Bearing(Part):
    """A rolling bearing: by its type, by its geometry, or by its orders; one of the three."""

    type: Annotated[str, Text(20)] | None = Field(None, description='its name, as "6205"')
    balls: Annotated[int, Whole(3, 100)] | None = Field(None, description="rolling elements a row")
    ball: Annotated[float, Quantity(units.LENGTH, 0.5, 500, "0.5mm to 500mm")] | None = Field(
        None, description="diameter of one"
    )
    pitch: Annotated[float, Quantity(units.LENGTH, 2, 5000, "2mm to 5000mm")] | None = Field(
        None, description="diameter of the circle of their centres"
    )
    angle: Annotated[float, Quantity(units.ANGLE, 0, 60, "0deg to 60deg")] = Field(
        0.0, description="of contact"
    )
    bpfo: Annotated[float, Number(0.05, 50)] | None = Field(
        None, description="order of a fault of the outer race, in turns of the shaft"
    )
    bpfi: Annotated[float, Number(0.05, 50)] | None = Field(None, description="inner race")
    bsf: Annotated[float, Number(0.05, 50)] | None = Field(None, description="rolling element")
    ftf: Annotated[float, Number(0.05, 50)] | None = Field(None, description="cage")


SHAFT = Quantity(units.SPEED, 0.1, 1000, "6rpm to 60000rpm (0.1Hz to 1000Hz)")
SHAFT_ERROR = Quantity(units.SHARE, 0, 20, "0% to 20%")


class Point(Part):
    """A measuring point of a machine: a bearing housing and how the sensor sits on it."""

    title: Annotated[str, TITLE] = Field(description="in words")
    mounting: Annotated[str, OneOf(MOUNTINGS)] = Field(
        "stud", description="how the sensor is held: decides up to which frequency it hears"
    )
    axes: dict[Annotated[str, OneOf(("x", "y", "z"))], Annotated[str, OneOf(AXES)]] = Field(
        default_factory=dict, description="the machine's direction of each axis of the sensor"
    )
    gravity: Annotated[str, OneOf(settings.GRAVITY)] | None = Field(
        None, description="the axis that reads +1 g at rest; left out: mounting is not checked"
    )
    speed: Annotated[float, SHAFT] | None = Field(
        None, description="of the shaft here, where a gear makes it another than the machine's"
    )
    bearing: Annotated[str, Name()] | None = Field(
        None, description="which of [bearings]; left out: that of the machine"
    )


class Asset(Part):
    """A machine."""

    like: Annotated[str, Name()] | None = Field(
        None, description="another machine that says what this one does not, but for its title"
    )
    title: Annotated[str, TITLE] = Field(description="in words")
    site: Annotated[str, Name()] | None = Field(None, description="which of [sites] it stands at")
    group: Annotated[int, OneOf((1, 2))] | None = Field(
        None, description="ISO 20816-3: 1 over 300 kW or shaft height 315 mm, 2 from 15 kW"
    )
    support: Annotated[str, OneOf(("rigid", "flexible"))] | None = Field(
        None, description="ISO 20816-3: of its foundation"
    )
    power: Annotated[float, Quantity(units.POWER, 0, 1e6, "0W to 1000MW")] | None = Field(
        None, description="rated"
    )
    speed: Annotated[float, SHAFT] | None = Field(
        None, description="of its shaft; left out: estimated from each spectrum"
    )
    speed_error: Annotated[float, SHAFT_ERROR] = Field(
        0.5, description="by how much the speed may be off"
    )
    load: Annotated[float, Quantity(units.SHARE, 0, 200, "0% to 200%")] | None = Field(
        None, description="of the rated power, as it usually runs"
    )
    bearing: Annotated[str, Name()] | None = Field(None, description="which of [bearings]")
    points: dict[NameText, Point] = Field(default_factory=dict, description="its measuring points")


AMPERES = Quantity(units.CURRENT, 0.001, 1e5, "1mA to 100kA")


class Set(Part):
    """A measurement set: what is measured, when, and what is computed."""

    kind: Annotated[str, OneOf(("waveform", "value", "current"))] = Field(
        "waveform",
        description="a timed record, a single value (temperature), or a record of clamps",
    )
    rate: Annotated[float, Quantity(units.FREQUENCY, 0.1, 30e3, "0.1Hz to 30kHz")] | None = Field(
        None, description="the sensor's output data rate (waveform), or of each input (current)"
    )
    samples: Annotated[int, OneOf(settings.SAMPLES)] = Field(
        1024, description="of each axis or input in a block (waveform, current)"
    )
    decimate: Annotated[int, OneOf(settings.DECIMATIONS)] = Field(
        1, description="the rate by this before anything is computed (waveform)"
    )
    blocks: Annotated[int, Whole(1, settings.MOST_BLOCKS)] = Field(
        1, description="of a record, whose envelope spectra are averaged (waveform)"
    )
    features: Annotated[tuple[str, ...], FEATURES] = Field(
        description="which values of docs/features.md"
    )
    bands: Annotated[tuple[tuple[float, float], ...], Many(Band(), 0, 4)] = Field(
        (), description="of band1_g to band4_g (waveform)"
    )
    envelope_band: Annotated[int, Whole(0, 4)] = Field(
        0, description="which band gives env_bpfo_g and its like (waveform)"
    )
    spectrum: Annotated[str, SPECTRUM] = Field(
        "none", description="sent beside each report (waveform)"
    )
    every: Annotated[float, SPAN] | None = Field(None, description="when: so often")
    demand: Annotated[bool, OneOf((True,))] | None = Field(
        None, description="when: a command asks for it"
    )
    motion: Annotated[float, Quantity(units.ACCELERATION, 0.01, 16, "10mg to 16g")] | None = Field(
        None, description="when: the sensor itself feels more than this"
    )
    start: Annotated[float, AMPERES] | None = Field(
        None, description="when: a current rises to this; the record begins before (current)"
    )
    rest: Annotated[float, SPAN] = Field(
        60.0, description="at least so long between two records by motion"
    )


class Bus(Part):
    """A bus of a board with its pins."""

    kind: Annotated[str, OneOf(("i2c", "spi", "onewire"))] = Field(description="of the bus")
    id: Annotated[int, Whole(0, 2)] | None = Field(
        None, description="which peripheral of the board (i2c, spi); left out: the first"
    )
    rate: Annotated[float, BUS_RATE] | None = Field(
        None, description="its clock; left out: 400kHz of i2c, 5MHz of spi, or what chips take"
    )
    sda: Annotated[int, PIN] | None = Field(None, description="i2c; left out: the board's own")
    scl: Annotated[int, PIN] | None = Field(None, description="i2c")
    sck: Annotated[int, PIN] | None = Field(None, description="spi; left out: the board's own")
    mosi: Annotated[int, PIN] | None = Field(None, description="spi")
    miso: Annotated[int, PIN] | None = Field(None, description="spi")
    pin: Annotated[int, PIN] | None = Field(None, description="onewire")


class Input(Part):
    """A clamp or a transformer at an input of a converter; its name is the channel's."""

    input: Annotated[int, Whole(0, 48)] = Field(
        description="the chip's own number; of the board's own converter (adc) the pin"
    )
    quantity: Annotated[str, OneOf(("current", "voltage"))] = Field(
        "current", description="what it is; the n-th voltage is that of the n-th current"
    )
    per_volt: Annotated[float, Number(-100_000, 100_000)] = Field(
        description="amperes or volts by volts at the input; negative: the other way round"
    )
    phase: Annotated[float, Quantity(units.ANGLE, -90, 90, "-90deg to 90deg")] = Field(
        0.0, description="by which it leads, at the line's frequency"
    )
    noise: Annotated[float, Number(0, 10_000)] | None = Field(
        None, description="A or V RMS with the clamp on no cable; left out: nobody has measured it"
    )


class Motor(Part):
    """A motor behind clamps, whose running state, starts and hours are kept."""

    on: Annotated[float, AMPERES] = Field(description="RMS current from which on it runs")
    off: Annotated[float, AMPERES] | None = Field(
        None, description="below which it stands; left out: 0.8 of on"
    )
    rated: Annotated[float, AMPERES] | None = Field(None, description="of its plate")
    pole_pairs: Annotated[int, Whole(1, 24)] | None = Field(None, description="for the slip")
    neg_seq: Annotated[float, Quantity(units.SHARE, 0.5, 100, "0.5% to 100%")] = Field(
        7.0, description="negative sequence over which turns may be shorted"
    )


class Sensor(Part):
    """A sensor of a node."""

    chip: Annotated[str, OneOf(tuple(sorted(chips.ROWS)))] = Field(description="which one")
    point: Annotated[str, PointName()] | None = Field(
        None,
        description="where it sits, of clamps: what their motor drives; left out: nowhere that "
        "has speed, bearing or gravity",
    )
    bus: Annotated[str, Name()] | None = Field(
        None,
        description="one of the node's buses, or i2c0, i2c1, spi0 … with the board's own pins; "
        "none of the board's own converter (adc)",
    )
    address: Annotated[int, Whole(0x08, 0x77)] | None = Field(
        None, description="on I2C, as 0x53; left out: the chip's first"
    )
    cs: Annotated[int, PIN] | None = Field(
        None, description="on SPI: its select pin; left out: the board's own"
    )
    rom: Annotated[str, Hex(16, "28")] | None = Field(
        None, description="on a onewire bus with several: which"
    )
    int1: Annotated[int, PIN] | None = Field(
        None, description="pin of its interrupt; left out: it is polled, the rate known less well"
    )
    range: Annotated[float, Quantity(units.ACCELERATION, 1, 400, "1g to 400g")] | None = Field(
        None, description="of an accelerometer"
    )
    tacho: Annotated[int, PIN] | None = Field(
        None, description="pin of a tachometer at the shaft of its point; left out: none"
    )
    tacho_pulses: Annotated[int, Whole(1, 1024)] = Field(
        1, description="of the tachometer in a turn"
    )
    full_scale: Annotated[float, Quantity(units.VOLTAGE, 0.08, 6.2, "80mV to 6.2V")] | None = (
        Field(None, description="of a converter: what its highest digit stands for")
    )
    bias: Annotated[float, Quantity(units.VOLTAGE, 0, 5, "0V to 5V")] | None = Field(
        None, description="of a converter: what inputs rest at; left out: not checked"
    )
    line: Annotated[int, OneOf((50, 60))] = Field(50, description="of the mains, Hz (converter)")
    inputs: dict[NameText, Input] = Field(
        default_factory=dict, description="of a converter, by their channels' names"
    )
    motor: Motor | None = Field(None, description="behind the clamps of a converter")
    channels: Annotated[tuple[str, ...], Many(Name(), 1, 3)] | None = Field(
        None, description="names of its axes; left out: x, y, z; of a thermometer: housing"
    )
    sets: Annotated[tuple[str, ...], Many(Name(), 1, 8)] = Field(
        description="which of [sets] it measures"
    )


class Node(Part):
    """A board with its sensors."""

    like: Annotated[str, Name()] | None = Field(
        None, description="another node that says what this one does not, but title and address"
    )
    title: Annotated[str, TITLE] | None = Field(None, description="in words")
    board: Annotated[str, OneOf(boards.names())] = Field(description="its kind: nodewright boards")
    site: Annotated[str, Name()] | None = Field(None, description="where, if not at its machine")
    network: Annotated[str, Name()] | None = Field(
        None, description="which of [networks]; left out where there is one"
    )
    broker: Annotated[str, Name()] | None = Field(
        None, description="which of [brokers]; left out where there is one"
    )
    uplink: Annotated[str, OneOf(UPLINKS)] = Field(
        "mqtt",
        description="how it reports; lorawan is provisioned, and no image of it can be made yet",
    )
    address: Annotated[str, Address()] | None = Field(
        None, description="a static one within the network's subnet; left out: DHCP"
    )
    outbox: Annotated[int, Whole(2, 4096)] = Field(
        64, description="reports that wait without a link, at most"
    )
    watchdog: Annotated[float, Quantity(units.TIME, 1, 8.3, "1s to 8.3s")] = Field(
        8.0, description="resets a node that hangs for longer"
    )
    buses: dict[NameText, Bus] = Field(default_factory=dict, description="with pins of one's own")
    sensors: dict[NameText, Sensor] = Field(description="1 to 8 of them")
    retired: Annotated[bool, Flag()] = Field(
        False, description="out of service for good: written by nodewright retire"
    )


class FleetFile(Part):
    """fleet.toml: a fleet as people write it."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="fleet.toml of Nodewright")

    fleet: Fleet
    sites: dict[NameText, Site] = Field(default_factory=dict)
    networks: dict[NameText, Network] = Field(default_factory=dict)
    brokers: dict[NameText, Broker] = Field(default_factory=dict)
    lorawan: Lorawan | None = None
    bearings: dict[NameText, Bearing] = Field(default_factory=dict)
    assets: dict[NameText, Asset] = Field(default_factory=dict)
    sets: dict[NameText, Set] = Field(default_factory=dict)
    nodes: dict[NameText, Node] = Field(default_factory=dict)


# Each table of the file: its path, its model, what a person calls it.
TABLES: tuple[tuple[str, type[Part]], ...] = (
    ("fleet", Fleet),
    ("sites.SITE", Site),
    ("networks.NETWORK", Network),
    ("brokers.BROKER", Broker),
    ("lorawan", Lorawan),
    ("bearings.BEARING", Bearing),
    ("assets.ASSET", Asset),
    ("assets.ASSET.points.POINT", Point),
    ("sets.SET", Set),
    ("nodes.NODE", Node),
    ("nodes.NODE.buses.BUS", Bus),
    ("nodes.NODE.sensors.SENSOR", Sensor),
    ("nodes.NODE.sensors.SENSOR.inputs.CHANNEL", Input),
    ("nodes.NODE.sensors.SENSOR.motor", Motor),
)


def is_tables(annotation: Any) -> bool:
    """Whether a key holds tables by their names."""
    inner: tuple[Any, ...] = getattr(annotation, "__args__", ())
    return len(inner) == 2 and isinstance(inner[1], type) and issubclass(inner[1], Part)


def checked_of(model: type[Part], key: str) -> Checked | None:
    """What a key takes; None for one of tables.  Of a table of values, such as axes, of its keys.

    It is the first metadata of the field or of a part of its annotation, as in an Optional.
    """
    field = model.model_fields[key]
    if is_tables(field.annotation):
        return None
    for found in field.metadata:
        if isinstance(found, Checked):
            return found
    return _search(field.annotation)


def _search(annotation: Any) -> Checked | None:
    for found in getattr(annotation, "__metadata__", ()):
        if isinstance(found, Checked):
            return found
    for inner in getattr(annotation, "__args__", ()):
        found = _search(inner)
        if found is not None:
            return found
    return None
