"""Faults of sensors and buses on a schedule, in the board's own time (docs/architecture.md).

A fault begins and ends at an instant of the simulated clock, so it hits the same sample in every
run.  What each does is the business of what it is done to: a chip (`inject`), or a bus.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.pins import PinState
    from sim.world import World

    Fault = dict[str, Any]
    Bus = dict[str, Any]
    Step = tuple[int, bool, Fault]

# Kind, and the key that it cannot do without
KINDS = (
    ("unplugged", None),
    ("nack", None),
    ("wrong_identity", None),
    ("stuck", None),
    ("bus_held", None),
    ("overrun", None),
    ("clipping", "factor"),
    ("mounting", "orientation"),
    ("self_test", "axis"),
    ("bad_crc", None),
    ("line_low", None),
    ("clamp_off", "input"),
    ("clamp_reversed", "input"),
    ("reference", "factor"),
)
_I2C_ONLY = ("nack", "bus_held")  # SPI has no acknowledgement, and no line that two drive
_ONEWIRE_ONLY = ("bad_crc", "line_low")
_CLAMPS_ONLY = ("clamp_off", "clamp_reversed", "reference")
_MOST_CLOCKS = 9


class Schedule:
    """Begins and ends faults when they are due; a source of the world.

    faults: those of this boot, {"kind", "chip", "from_ms", "to_ms", …}; buses: of build_buses;
    world: where they are.  Raises ValueError(key, value, allowed).
    """

    def __init__(self, faults: "list[Fault]", buses: "list[Bus]", world: "World") -> None:
        self._buses, self._world = buses, world
        self._unanswered = 0  # of the world, when the chip last went off its bus
        self._steps: "list[Step]" = []
        for fault in faults:
            self._check(fault)
            self._steps.append((int(fault["from_ms"] * 1000), True, fault))
            self._steps.append((int(fault["to_ms"] * 1000), False, fault))
        # The next one last; of one instant, ends come before beginnings.
        self._steps.sort(key=lambda step: (step[0], step[1]), reverse=True)

    def _check(self, fault: "Fault") -> None:
        kinds = [kind for kind, _ in KINDS]
        if fault.get("kind") not in kinds:
            raise ValueError("faults.kind", fault.get("kind"), kinds)
        needs = KINDS[kinds.index(fault["kind"])][1]
        if needs is not None and needs not in fault:
            raise ValueError("faults." + needs, None, "what %s needs" % fault["kind"])
        if not 0 <= fault["from_ms"] < fault["to_ms"]:
            raise ValueError("faults.to_ms", fault["to_ms"], "after from_ms")
        bus, _, chip = _find(self._buses, fault["chip"])
        if bus["kind"] != "i2c" and fault["kind"] in _I2C_ONLY:
            raise ValueError("faults.kind", fault["kind"], "on I2C only")
        if bus["kind"] != "onewire" and fault["kind"] in _ONEWIRE_ONLY:
            raise ValueError("faults.kind", fault["kind"], "on 1-Wire only")
        # What converters and thermometers know; an accelerometer knows all the others
        known = getattr(chip, "FAULTS", [kind for kind in kinds if kind not in _CLAMPS_ONLY])
        if fault["kind"] not in known:
            raise ValueError("faults.kind", fault["kind"], known)

    def next_event_us(self) -> "int | None":
        return self._steps[-1][0] if self._steps else None

    def advance(self, now_us: int) -> None:
        """Begin and end all that is due."""
        while self._steps and self._steps[-1][0] <= now_us:
            _, begins, fault = self._steps.pop()
            self._step(fault, begins)

    def _step(self, fault: "Fault", begins: bool) -> None:
        bus, place, chip = _find(self._buses, fault["chip"])
        kind = fault["kind"]
        if kind == "bus_held":
            if begins:  # only clocks end it, so it meets whoever comes next
                self._note(fault, 1)
                sda, scl = (self._world.pin_state(bus["pins"][name]) for name in ("sda", "scl"))
                Hold(sda, scl, fault.get("clocks", _MOST_CLOCKS))
            return
        if kind in ("unplugged", "nack"):
            # Off the bus: its controller finds nobody there.
            if begins:
                bus["chips"].pop(place, None)
                self._unanswered = self._world.unanswered
            else:
                bus["chips"][place] = chip
                self._note(fault, self._world.unanswered - self._unanswered)
        if kind != "nack":
            chip.inject(kind, fault if begins else None)
        if not begins and kind not in ("unplugged", "nack"):
            self._note(fault, getattr(chip, "touched", 0))

    def _note(self, fault: "Fault", touched: int) -> None:
        """A fault has met the firmware so often."""
        self._world.log_fault(
            "%s %s %d %d" % (fault["chip"], fault["kind"], fault["from_ms"], touched)
        )


class Hold:
    """A chip that lost its master in mid-byte: it holds SDA low until it has been clocked on.

    clocks: how many rising edges of SCL, while the master lets SDA go, bring it to a bit that is
    high: nine at most, the rest of a byte and its acknowledge (UM10204 rev. 7, 3.1.16).
    """

    def __init__(self, sda: "PinState", scl: "PinState", clocks: int) -> None:
        self._sda, self._scl, self._clocks = sda, scl, clocks
        sda.hold(True)
        scl.listener = self._clock

    def _clock(self, level: int) -> None:
        if not level or not self._sda.released:
            return
        self._clocks -= 1
        if self._clocks <= 0:
            self._scl.listener = None
            self._sda.hold(False)


def _find(buses: "list[Bus]", name: str) -> "tuple[Bus, int, Any]":
    """(bus, address or chip select, twin) of a chip by its name.  Raises ValueError."""
    for bus in buses:
        if name in bus["names"]:
            place, chip = bus["names"][name]
            return bus, place, chip
    names = [known for bus in buses for known in bus["names"]]
    raise ValueError("faults.chip", name, names)


def schedule(spec: "dict[str, Any]", buses: "list[Bus]", world: "World") -> None:
    """Put the faults of this boot of a board's description into the world."""
    boot = spec.get("boot", 1)
    faults = [fault for fault in spec.get("faults", ()) if fault.get("boot", 1) == boot]
    if faults:
        world.add_source(Schedule(faults, buses, world))
