"""What each node of a demo is: its machine, its sensor, its settings, its twins."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nodewright.boards import Board
from nodewright.demo.machines import MACHINES, Instrument, Machine, instruments
from nodewright.errors import BadInput
from wire import chips, rules
from wire import settings as node_settings

FLEET = "demo"
SENSOR = "acc"
SET = "vibration"
CHANNELS = ("x", "y", "z")
FEATURES = ("acc_rms_g", "acc_peak_g", "acc_p2p_g", "crest", "mean_g", "kurtosis", "vel_rms_mm_s")
MOST_NODES = 256

_SAMPLES = 1024
_INT1_PIN = 15
_SSID, _PASSWORD = "plant", "only-in-the-twin"
# A cycle's other work beside its record, in the node's own time.
_REST_S = 0.2


@dataclass(frozen=True)
class NodePlan:
    """One node before it exists."""

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
    def g_per_digit(self) -> float:
        """Of its sensor's samples."""
        return self.instrument.g_per_digit

    @property
    def bandwidth_hz(self) -> float:
        """Where its sensor's filter ends."""
        return chips.bandwidth_hz(self.instrument.chip, self.instrument.odr_hz)

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
) -> list[NodePlan]:
    """The nodes of a demo, machine after machine in turn.

    interval_s: between two records of a node; port: of the broker on loopback; gravity: the axis
    on which the machines' sensors feel it, None for a source without (a recording); every_sensor:
    one node for each accelerometer in place of count.  Raises BadInput for a number that cannot
    work.
    """
    measured_by = instruments() if every_sensor else [None] * count
    count = len(measured_by)
    if not 1 <= count <= MOST_NODES:
        raise BadInput(f"--nodes {count} cannot be: 1 to {MOST_NODES}")
    chosen = [
        (MACHINES[index % len(MACHINES)], instrument)
        for index, instrument in enumerate(measured_by)
    ]
    slowest_hz = min((given or machine.instrument).odr_hz for machine, given in chosen)
    least_s = _SAMPLES / slowest_hz + _REST_S
    if not least_s <= interval_s <= 3600:
        raise BadInput(
            f"--interval {interval_s:g} cannot be: {least_s:.2g} to 3600 s, "
            f"as a record of {_SAMPLES} samples takes {least_s - _REST_S:.2g} s"
        )
    plans = []
    for index, (machine, given) in enumerate(chosen):
        name = given.chip if given else f"{machine.kind}-{index // len(MACHINES) + 1}"
        instrument = given or machine.instrument
        plans.append(_plan(board, index, name, machine, instrument, interval_s, port, gravity))
    return plans


def _plan(
    board: Board,
    index: int,
    name: str,
    machine: Machine,
    instrument: Instrument,
    interval_s: float,
    port: int,
    gravity: str | None,
) -> NodePlan:
    sensor = {
        "kind": "accelerometer",
        "name": SENSOR,
        "chip": instrument.chip,
        "range_g": instrument.range_g,
        "bus": _bus(board, instrument),
        "int1": _INT1_PIN if instrument.interrupt else None,
        "channels": list(CHANNELS),
        "gravity": gravity,
        "machine": None,
        "shaft_hz": None,
        "shaft_error_pct": None,
        "tacho": None,
        "bearing": None,
    }
    measured = {
        "kind": "waveform",
        "name": SET,
        "sensor": SENSOR,
        "odr_hz": instrument.odr_hz,
        "samples": _SAMPLES,
        "decimate": 1,
        "blocks": 1,
        "features": list(FEATURES),
        "bands": [],
        "envelope_band": 0,
        "spectrum": "none",
        "schedule": {"kind": "interval", "interval_ms": round(interval_s * 1000)},
    }
    settings = {
        "version": node_settings.VERSION,
        "fleet": FLEET,
        "node": name,
        "board": board.name,
        "network": {"kind": "wifi", "ssid": _SSID, "password": _PASSWORD},
        "mqtt": {"host": "127.0.0.1", "port": port, "keepalive_s": 15},
        "report": {"outbox_reports": 64},
        "watchdog_ms": 8000,
        "dsp": {"backend": board.dsp_backend},
        "sensors": [sensor],
        "sets": [measured],
    }
    errors = node_settings.check(settings)
    if errors:
        raise BadInput("; ".join(rules.error_text(error) for error in errors))
    # Each sensor's own clock, also among machines of one kind.
    clock_error_ppm = machine.clock_error_ppm + 1000 * (index // len(MACHINES))
    return NodePlan(name, machine, instrument, settings, index + 1, clock_error_ppm)


def _bus(board: Board, instrument: Instrument) -> dict[str, Any]:
    """The board's first bus of the instrument's kind, as settings."""
    if instrument.bus == "i2c":
        i2c = board.i2c[0]
        return {
            "kind": "i2c",
            "id": i2c.id,
            "sda": i2c.sda,
            "scl": i2c.scl,
            "rate_hz": instrument.bus_rate_hz,
            "address": instrument.address,
        }
    spi = board.spi[0]
    return {
        "kind": "spi",
        "id": spi.id,
        "sck": spi.sck,
        "mosi": spi.mosi,
        "miso": spi.miso,
        "cs": spi.cs,
        "rate_hz": instrument.bus_rate_hz,
    }


def network_spec() -> dict[str, Any]:
    """The access point that the twins of a demo see."""
    return {"ssids": {_SSID: _PASSWORD}, "connect_ms": 300}
