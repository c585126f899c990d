"""What each node of a demo is: its machine, its sensor, its settings, its twins."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from nodewright import scratch
from nodewright.boards import Board
from nodewright.demo import drive
from nodewright.demo.fleet_folder import PASSWORD, SAMPLES, SSID, Seat, settings_of
from nodewright.demo.machines import MACHINES, Instrument, Machine, instruments
from nodewright.errors import BadInput
from wire import chips

if TYPE_CHECKING:  # else `demo --help` waits for NumPy
    import numpy as np
    from numpy.typing import NDArray

    from nodewright.served import Samples

MOST_NODES = 256

# A cycle's other work beside its record, in the node's own time.
_REST_S = 0.2


@dataclass(frozen=True)
class NodePlan:
    """One node before it exists.

    leading: the one value of a channel that a live table shows; unit: of its samples; played:
    whether a recording takes the place of its machine.
    """

    leading: ClassVar[str] = "acc_rms_g"
    unit: ClassVar[str] = "g"
    played: ClassVar[bool] = True

    name: str
    machine: Machine
    instrument: Instrument
    settings: dict[str, Any]
    seed: int
    clock_error_ppm: int

    @property
    def sensor(self) -> dict[str, Any]:
        """The settings of its one sensor."""
        sensor: dict[str, Any] = self.settings["sensors"][0]
        return sensor

    @property
    def measured(self) -> dict[str, Any]:
        """The settings of its one measurement set."""
        measured: dict[str, Any] = self.settings["sets"][0]
        return measured

    @property
    def interval_s(self) -> float:
        """Between two of its records."""
        interval_ms: int = self.measured["schedule"]["interval_ms"]
        return interval_ms / 1000

    @property
    def sensor_text(self) -> str:
        """The sensor in words."""
        sensor = self.sensor
        return (
            f"{sensor['chip'].upper()} on {sensor['bus']['kind'].upper()}, "
            f"{self.measured['odr_hz']} Hz"
        )

    @property
    def channels(self) -> tuple[str, ...]:
        """Of its reports, in the order of the samples."""
        return tuple(self.sensor["channels"])

    @property
    def sensor_facts(self) -> dict[str, Any]:
        """The sensor as JSON has it."""
        return {
            "chip": self.sensor["chip"],
            "bus": self.sensor["bus"]["kind"],
            "odr_hz": self.measured["odr_hz"],
            "range_g": self.sensor["range_g"],
            "samples": self.measured["samples"],
        }

    @property
    def g_per_digit(self) -> float:
        """Of its sensor's samples."""
        return self.instrument.g_per_digit

    @property
    def bandwidth_hz(self) -> float:
        """Where its sensor's filter ends."""
        return chips.bandwidth_hz(self.instrument.chip, self.instrument.odr_hz)

    def digits_of(
        self, served: "Samples", boot: int, record: Mapping[str, Any]
    ) -> "NDArray[np.int16]":
        """int16[N, channels]: what its sensor's twin served for a record of a report.

        Raises ServedError, ValueError.
        """
        place = record["sensor"], boot, record["run"], record["first"]
        return served.samples(*place, record["samples"])

    def physical(self, digits: "NDArray[np.int16]") -> "NDArray[np.float64]":
        """These in its unit."""
        return digits.astype(float) * self.g_per_digit

    def machine_source(self) -> dict[str, Any]:
        """Its machine, as the source of its sensor's twin."""
        return {"kind": "machine", "machine": {"preset": self.machine.kind}, "seed": self.seed}

    def twins(self, source: Mapping[str, Any]) -> dict[str, Any]:
        """The bus of its twins with the chip that feels a source (docs/architecture.md)."""
        bus = self.sensor["bus"]
        place = {key: bus[key] for key in ("address", "cs") if key in bus}
        wires = {key: bus[key] for key in bus if key != "rate_hz" and key not in place}
        chip = {
            "chip": self.sensor["chip"],
            "name": self.sensor["name"],
            **place,
            "int1": self.sensor["int1"],
            "clock_error_ppm": self.clock_error_ppm,
            "noise": True,
            "seed": self.seed,
            "orientation": "xyz",
            "source": dict(source),
        }
        return wires | {"chips": [chip]}


def make_plans(
    board: Board,
    count: int,
    interval_s: float,
    port: int,
    gravity: str | None = "z",
    every_sensor: bool = False,
    sealed: Path | None = None,
) -> list[NodePlan]:
    """The nodes of a demo, machine after machine in turn, out of a fleet as any other.

    interval_s: between two records of a node; port: of the broker on loopback; gravity: the axis
    on which the machines' sensors feel it, None for a source without (a recording); every_sensor:
    one node for each accelerometer, and a `DrivePlan` at the end, in place of count; sealed: a
    folder that the fleet is kept in, whose nodes speak TLS; None: a passing one, without.
    Raises BadInput for a number that cannot work.
    """
    measured_by = instruments() if every_sensor else [None] * count
    if not 1 <= len(measured_by) <= MOST_NODES:
        raise BadInput(f"--nodes {count} cannot be: 1 to {MOST_NODES}")
    seats = [_seat(index, instrument) for index, instrument in enumerate(measured_by)]
    least_s = SAMPLES / min(seat.instrument.odr_hz for seat in seats) + _REST_S
    if not least_s <= interval_s <= 3600:
        raise BadInput(
            f"--interval {interval_s:g} cannot be: {least_s:.2g} to 3600 s, "
            f"as a record of {SAMPLES} samples takes {least_s - _REST_S:.2g} s"
        )
    with scratch.folder("demo") as passing:
        place = sealed or passing
        tls = sealed is not None
        more = {drive.NAME: drive.text(board.name)} if every_sensor else {}
        settings = settings_of(place, seats, board.name, interval_s, port, gravity, tls, more)
    plans = []
    for index, (seat, made) in enumerate(zip(seats, settings[: len(seats)], strict=True)):
        # Each sensor's own clock, also among machines of one kind.
        error_ppm = seat.machine.clock_error_ppm + 1000 * (index // len(MACHINES))
        plans.append(
            NodePlan(seat.name, seat.machine, seat.instrument, made, index + 1, error_ppm)
        )
    if every_sensor:
        from nodewright.demo.drive_plan import DrivePlan  # here: it is one of the plans above

        machine = drive.MACHINE
        place_of = drive.NAME, machine, machine.instrument, settings[-1]
        plans.append(DrivePlan(*place_of, seed=len(plans) + 1, clock_error_ppm=0))
    return plans


def _seat(index: int, instrument: Instrument | None) -> Seat:
    machine = MACHINES[index % len(MACHINES)]
    if instrument is not None:
        return Seat(instrument.chip, machine, instrument)
    return Seat(f"{machine.kind}-{index // len(MACHINES) + 1}", machine, machine.instrument)


def network_spec() -> dict[str, Any]:
    """The access point that the twins of a demo see."""
    return {"ssids": {SSID: PASSWORD}, "connect_ms": 300}
