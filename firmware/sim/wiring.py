"""What is soldered to which pins: the buses of a board's description, with the twins at them."""

from sim.faults import schedule
from sim.tacho import Tacho

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.world import World

_PINS = {"i2c": ("sda", "scl"), "spi": ("sck", "mosi", "miso"), "onewire": ("pin",), "adc": ()}


def pin_number(pin: "Any") -> int:
    """The number of a pin that is given as machine.Pin or as its number."""
    number = pin if isinstance(pin, int) else getattr(pin, "number", None)
    if not isinstance(number, int):
        raise TypeError("expecting a Pin")
    return number


def build_buses(spec: "dict[str, Any]", world: "World") -> "list[dict[str, Any]]":
    """Every bus with its chips: {"kind", "id", "pins", "chips": {place: twin}, "names":
    {name: (place, twin)}}; place: address, cs pin, or ROM code in hex.  A 1-Wire line has no id; a
    "bus" of kind "adc" is the converter inside the chip.
    Faults of the description are put in the world.

    Raises ImportError for a chip that has no twin, KeyError for a description without a pin.
    """
    buses = []
    for bus in spec.get("buses", ()):
        chips, names = {}, {}
        if bus["kind"] == "onewire":
            world.pin_state(bus["pin"]).pull_up()  # the line's resistor
        for config in bus.get("chips", ()):
            name = config["chip"]
            twin = __import__("sim.chips." + name).chips
            config.setdefault("seed", spec.get("seed", 1))
            if bus["kind"] == "onewire":
                config["pin"] = bus["pin"]
            chip = getattr(twin, name).Twin(config, world)
            if hasattr(chip, "next_event_us"):
                world.add_source(chip)
            if bus["kind"] == "i2c":
                number = config["address"]
            elif bus["kind"] == "onewire":
                number = config["rom"]
            elif bus["kind"] == "adc":
                number = 0
            else:
                number = config["cs"] if "cs" in config else bus["cs"]
                world.pin_state(number).level = 1
                world.pin_state(number).listener = _framed(chip)
            chips[number] = chip
            names[config["name"]] = (number, chip)
        pins = {name: bus[name] for name in _PINS[bus["kind"]]}
        buses.append(
            {
                "kind": bus["kind"],
                "id": bus.get("id"),
                "pins": pins,
                "chips": chips,
                "names": names,
            }
        )
    for config in spec.get("tachos", ()):
        world.add_source(Tacho(config, world))
    schedule(spec, buses, world)
    return buses


def _framed(chip: "Any") -> "Any":
    def select(level: int) -> None:
        if level:
            chip.deselect()
        else:
            chip.select()

    return select


def find_bus(
    buses: "list[dict[str, Any]]", kind: str, number: int, pins: "dict[str, int]"
) -> "dict[int, Any]":
    """The chips at a bus as the firmware opens it; {} where nothing is wired to its pins.

    Raises ValueError for a bus that the chip has not, and for pins that it cannot have: those of
    the RP2040's functions (datasheet 1.4.3), or those that the description gives it.
    """
    if not isinstance(number, int):
        raise TypeError("can't convert %s to int" % type(number).__name__)
    mine = [bus for bus in buses if bus["kind"] == kind.lower() and bus["id"] == number]
    if not mine and number not in (0, 1):
        raise ValueError("%s(%d) doesn't exist" % (kind, number))
    for bus in mine:
        if all(bus["pins"][name] == pin for name, pin in pins.items()):
            chips: "dict[int, Any]" = bus["chips"]
            return chips
    for name, pin in pins.items():
        if not _possible(kind, number, name, pin):
            raise ValueError("bad %s pin" % name.upper())
    return {}


def _possible(kind: str, number: int, name: str, pin: int) -> bool:
    if not 0 <= pin <= 29:
        return False
    if kind == "I2C":
        return pin % 4 == number * 2 + (name == "scl")
    place = {"miso": 0, "sck": 2, "mosi": 3}[name]
    return pin % 4 == place and pin // 8 % 2 == number
