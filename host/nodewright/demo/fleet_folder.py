"""The demo's fleet, written down as any other: a folder that `nodewright check` would pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from nodewright.demo.machines import Instrument, Machine
from nodewright.fleet.check import check
from nodewright.fleet.files import write_whole
from nodewright.fleet.load import FILE
from nodewright.fleet.secret import Secrets
from wire import validity

FLEET = "demo"
SENSOR, SET = "acc", "vibration"
CHANNELS = ("x", "y", "z")
FEATURES = ("acc_rms_g", "acc_peak_g", "acc_p2p_g", "crest", "mean_g", "kurtosis", "vel_rms_mm_s")
SAMPLES = 1024
SSID, PASSWORD = "plant", "only-in-the-twin"

_SECRET = "wifi-plant"  # noqa: S105  a name, no password
_INT1_PIN = 15
_HEAD = """\
# The fleet of `nodewright demo`, as `nodewright check` would judge it.
[fleet]
name = "{fleet}"
owner = "nodewright demo"

[networks.plant]
ssid = "{ssid}"
secret = "{secret}"

[brokers.main]
host = "127.0.0.1"
port = {port}
tls = {tls}
keepalive = "15s"
"""
_SET = """
[sets.{name}]
rate = "{rate:g}Hz"
samples = {samples}
every = "{every:.10g}s"
features = [{features}]
"""
_NODE = """
[assets.{name}]
title = "{title}"

[assets.{name}.points.housing]
title = "Bearing housing"
mounting = "stud"
axes = {{ x = "horizontal", y = "axial", z = "vertical" }}
{gravity}
[nodes.{name}]
board = "{board}"

[nodes.{name}.buses.wired]
kind = "{bus}"
rate = "{bus_rate}Hz"

[nodes.{name}.sensors.{sensor}]
point = "{name}/housing"
chip = "{chip}"
bus = "wired"
range = "{range_g}g"
sets = ["{set}"]
{wires}"""


@dataclass(frozen=True)
class Seat:
    """A node of the demo: its name, what it listens to, and by what."""

    name: str
    machine: Machine
    instrument: Instrument


def settings_of(
    folder: Path,
    seats: Sequence[Seat],
    board: str,
    interval_s: float,
    port: int,
    gravity: str | None,
    tls: bool = False,
    more: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Write the fleet into a folder and compile each node's settings, secrets and all.

    port: where nodes find the broker, on loopback; more: nodes beside those at the seats, by name
    what stands of them in fleet.toml.
    Raises FleetErrors, with all that is wrong.
    """
    text = _HEAD.format(fleet=FLEET, ssid=SSID, secret=_SECRET, port=port, tls=str(tls).lower())
    rates = sorted({seat.instrument.odr_hz for seat in seats})
    for rate in rates:
        text += _SET.format(
            name=_set(rate, rates),
            rate=rate,
            samples=SAMPLES,
            every=interval_s,
            features=", ".join(f'"{key}"' for key in _features(SAMPLES / rate)),
        )
    for seat in seats:
        text += _node(seat, board, _set(seat.instrument.odr_hz, rates), gravity)
    text += "".join((more or {}).values())
    write_whole(folder / FILE, text.encode())
    secrets = Secrets(folder)
    secrets.write(_SECRET, SecretStr(PASSWORD))
    judged = check(folder)
    judged.fleet  # noqa: B018  raises where the file cannot be used at all
    names = [*(seat.name for seat in seats), *(more or {})]
    return [judged.compiled[name].with_secrets(secrets) for name in names]


def _features(seconds: float) -> list[str]:
    """Those that a record of this length can tell."""
    least_s = {
        key: least
        for key in FEATURES
        for quantity, least, action, _ in validity.rules_of(key)
        if quantity == "seconds" and action == validity.WITHHOLD
    }
    return [key for key in FEATURES if least_s.get(key, 0.0) <= seconds]


def _set(rate: float, rates: Sequence[float]) -> str:
    return SET if len(rates) == 1 else f"{SET}-{rate:g}"


def _node(seat: Seat, board: str, measured: str, gravity: str | None) -> str:
    instrument = seat.instrument
    wires = f"address = {instrument.address}\n" if instrument.bus == "i2c" else ""
    wires += f"int1 = {_INT1_PIN}\n" if instrument.interrupt else ""
    return _NODE.format(
        name=seat.name,
        title=seat.machine.title,
        gravity="" if gravity is None else f'gravity = "{gravity}"\n',
        board=board,
        bus=instrument.bus,
        bus_rate=instrument.bus_rate_hz,
        sensor=SENSOR,
        chip=instrument.chip,
        range_g=instrument.range_g,
        set=measured,
        wires=wires,
    )
