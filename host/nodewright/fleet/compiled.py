"""Settings of a node out of the fleet: what firmware/wire/settings.py checks and the node runs."""

import ipaddress
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from nodewright.fleet import bearing as bearings
from nodewright.fleet.finding import Finding
from nodewright.fleet.model import FleetFile, Network, Set
from nodewright.fleet.places import Path
from nodewright.fleet.resolve import BusOf, NodeOf, SensorOf
from nodewright.fleet.secret import Secrets
from wire import settings as node_settings

# What stands for the broker of a node that has none, so that all else of it can be judged.
_ANY_BROKER = {
    "host": "127.0.0.1",
    "port": 1883,
    "others": [],
    "keepalive_s": 60,
    "spread_ms": 3000,
    "tls": False,
}


@dataclass(frozen=True)
class Compiled:
    """A node's settings, without its secrets until `with_secrets` puts them in.

    settings: safe to show, None where a secret goes; secrets: settings' paths to secrets' names;
    origins: settings' paths to paths in fleet.toml, the longest that fits counts.
    """

    node: str
    settings: dict[str, Any]
    secrets: dict[tuple[str, ...], str]
    origins: dict[str, Path] = field(repr=False)

    def with_secrets(self, secrets: Secrets) -> dict[str, Any]:
        """The settings as the node gets them: never to be shown or logged.

        Raises SecretMissing, SecretUnusable, WrongPassphrase.
        """
        whole = dict(self.settings)
        for path, name in self.secrets.items():
            _put(whole, path, secrets.read(name))
        return whole

    def origin(self, path: str) -> Path:
        """Where in fleet.toml the settings' value at a path comes from."""
        best = max((key for key in self.origins if path.startswith(key)), key=len)
        return self.origins[best]

    def check(self) -> list[Finding]:
        """What the node itself would refuse, at its place in fleet.toml.

        That it has no LoRaWAN is `check_names`' to say: all else of such a node is judged here.
        """
        judged = dict(self.settings)
        if judged.pop("lorawan", None) is not None:
            judged["mqtt"] = _ANY_BROKER
        return [
            Finding(
                self.origin(path),
                f"{self.node}: {path}: {value!r:.60}",
                allowed,
                f"change what stands here, so that {path.rpartition('.')[2]} is what is allowed",
            )
            for path, value, allowed in node_settings.check(judged)
        ]


def compile_node(fleet: FleetFile, node: NodeOf) -> Compiled:
    """The settings of a node that `check` has found good."""
    origins: dict[str, Path] = {"": node.path}
    origins |= {
        "network": ("networks",),
        "mqtt": ("brokers",),
        "clock": ("networks",),
        "fleet": ("fleet", "name"),
    }
    names = set_names(node)
    sets: list[dict[str, Any]] = []
    # Of sets that are due at once the clamps' come first: whether the motor runs gates the others.
    for sensor in sorted(node.sensors, key=lambda each: each.chip["kind"] != "current"):
        for key, given in sensor.sets:
            origins[f"sets[{len(sets)}]"] = ("sets", key)
            sets.append(_set(names[sensor.name, key], sensor, given))
    for index, sensor in enumerate(node.sensors):
        origins[f"sensors[{index}]"] = sensor.path
    settings = {
        "version": node_settings.VERSION,
        "fleet": fleet.fleet.name,
        "node": node.name,
        "board": node.board.name,
        **_uplink(fleet, node),
        "report": {"outbox_reports": node.given.outbox},
        "watchdog_ms": _ms(node.given.watchdog),
        "dsp": {"backend": node.board.dsp_backend},
        "sensors": [_sensor(node, sensor) for sensor in node.sensors],
        "sets": sets,
    }
    secrets: dict[tuple[str, ...], str] = {}
    if node.network is not None and node.network.secret is not None and node.board.wifi:
        secrets["network", "password"] = node.network.secret
    return Compiled(node.name, settings, secrets, origins)


def set_names(node: NodeOf) -> dict[tuple[str, str], str]:
    """What each sensor's sets are called in reports: as in the fleet where one sensor measures
    it, SET-SENSOR where several do."""
    pairs = [(sensor.name, key) for sensor in node.sensors for key, _ in sensor.sets]
    keys = [key for _, key in pairs]
    return {
        (sensor, key): key if keys.count(key) == 1 else f"{key}-{sensor}"[:40].rstrip("-")
        for sensor, key in pairs
    }


def _uplink(fleet: FleetFile, node: NodeOf) -> dict[str, Any]:
    """How it reports: by a network to a broker, or over LoRaWAN."""
    network, broker = node.network, node.broker
    if node.by_lorawan:
        assert fleet.lorawan is not None, "check passes no such node without it"
        region = {"region": fleet.lorawan.region}
        return {"network": {"kind": "none"}, "mqtt": None, "lorawan": region, "clock": None}
    assert network is not None and broker is not None, "check passes no node without them"
    return {
        "network": _network(node, network),
        "mqtt": {
            "host": broker.host,
            "port": broker.port,
            "keepalive_s": round(broker.keepalive),
            "spread_ms": round(1000 * broker.spread),
            "tls": broker.tls,
            "others": [_server(spare, broker.port) for spare in broker.spares],
        },
        "clock": {"servers": list(network.ntp)} if network.ntp else None,
    }


def _network(node: NodeOf, network: Network) -> dict[str, Any]:
    """A board without a radio joins nothing: what it says is read on its serial port."""
    if not node.board.wifi:
        return {"kind": "none"}
    return {
        "kind": "wifi",
        "ssid": network.ssid,
        "password": None,
        "static": _static(node, network),
        "dns": list(network.dns) or None,
    }


def _static(node: NodeOf, network: Network) -> dict[str, str] | None:
    if node.given.address is None:
        return None
    assert network.subnet is not None and network.gateway is not None, "check asks for them"
    mask = str(ipaddress.IPv4Network(network.subnet).netmask)
    return {"address": node.given.address, "mask": mask, "gateway": network.gateway}


def _server(text: str, port: int) -> dict[str, Any]:
    host, colon, given = text.partition(":")
    return {"host": host, "port": int(given) if colon else port}


def _put(whole: dict[str, Any], path: tuple[str, ...], value: SecretStr) -> None:
    for key in path[:-1]:
        whole[key] = dict(whole[key])
        whole = whole[key]
    whole[path[-1]] = value.get_secret_value()


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _number(value: float) -> float | int:
    """Whole numbers without a point, as people would write them."""
    return int(value) if value == int(value) else value


def _sensor(node: NodeOf, sensor: SensorOf) -> dict[str, Any]:
    kind = sensor.chip["kind"]
    common = {"kind": kind, "name": sensor.name, "chip": sensor.given.chip}
    if kind == "current":
        return {**common, **_converter(sensor)}
    bus = _bus(sensor.bus, sensor)
    if kind == "temperature":
        return {**common, "bus": bus, "channels": list(sensor.channels)}
    asset, shaft_hz = sensor.asset, sensor.shaft_hz
    machine = None
    if asset is not None and asset.group is not None:
        machine = {"group": asset.group, "support": asset.support}
    return {
        **common,
        "range_g": round(sensor.given.range or 0),
        "bus": bus,
        "int1": sensor.given.int1,
        "channels": list(sensor.channels),
        "gravity": sensor.point.gravity if sensor.point is not None else None,
        "machine": machine,
        "shaft_hz": None if shaft_hz is None else _number(round(shaft_hz, 6)),
        "shaft_error_pct": _number(asset.speed_error) if asset and shaft_hz is not None else None,
        "tacho": _tacho(sensor),
        "motor": _motor(node, sensor),
        "bearing": None if sensor.bearing is None else bearings.orders(sensor.bearing),
    }


def _converter(sensor: SensorOf) -> dict[str, Any]:
    given = sensor.given
    motor = None
    if given.motor is not None:
        motor = {
            "on_a": _number(given.motor.on),
            "off_a": given.motor.off,
            "rated_a": given.motor.rated,
            "pole_pairs": given.motor.pole_pairs,
            "neg_seq_pct": _number(given.motor.neg_seq),
        }
    return {
        "bus": None if sensor.bus is None else _bus(sensor.bus, sensor),
        "full_scale_v": given.full_scale,
        "bias_v": given.bias,
        "line_hz": given.line,
        "inputs": [
            {
                "channel": name,
                "input": one.input,
                "quantity": one.quantity,
                "per_volt": _number(one.per_volt),
                "phase_deg": _number(one.phase),
                "noise": one.noise,
            }
            for name, one in given.inputs.items()
        ],
        "motor": motor,
    }


def _motor(node: NodeOf, sensor: SensorOf) -> str | None:
    """The clamps at the motor of the same machine, if this node has them."""
    for other in node.sensors:
        if other.given.motor is not None and other.asset is sensor.asset is not None:
            return other.name
    return None


def _tacho(sensor: SensorOf) -> dict[str, int] | None:
    if sensor.given.tacho is None:
        return None
    return {"pin": sensor.given.tacho, "pulses": sensor.given.tacho_pulses}


def _bus(bus: BusOf | None, sensor: SensorOf) -> dict[str, Any]:
    assert bus is not None, "check passes no sensor without a bus"
    if bus.kind == "onewire":
        return {"kind": "onewire", "pin": bus.pins["pin"], "rom": sensor.given.rom}
    settings: dict[str, Any] = {"kind": bus.kind, "id": bus.id, **bus.pins}
    settings |= {"address": sensor.address} if bus.kind == "i2c" else {"cs": sensor.cs}
    return {**settings, "rate_hz": bus.rate_hz}


def _set(name: str, sensor: SensorOf, given: Set) -> dict[str, Any]:
    common = {"kind": given.kind, "name": name, "sensor": sensor.name}
    features, schedule = list(given.features), _schedule(given)
    if given.kind == "value":
        return {**common, "features": features, "schedule": schedule}
    if given.kind == "current":
        rate_hz = _number(round(given.rate or 0.0, 6))
        record = {"rate_hz": rate_hz, "samples": given.samples}
        return {**common, **record, "features": features, "schedule": schedule}
    rate = next((one for one in sensor.chip["rates_hz"] if one == given.rate), given.rate)
    return {
        **common,
        "odr_hz": rate,
        "samples": given.samples,
        "decimate": given.decimate,
        "blocks": given.blocks,
        "features": features,
        "bands": [{"low_hz": _number(a), "high_hz": _number(b)} for a, b in given.bands],
        "envelope_band": given.envelope_band,
        "spectrum": given.spectrum,
        "schedule": schedule,
    }


def _schedule(given: Set) -> dict[str, Any]:
    if given.every is not None:
        return {"kind": "interval", "interval_ms": _ms(given.every)}
    if given.start is not None:
        return {"kind": "start", "threshold_a": _number(round(given.start, 6))}
    if given.motion is not None:
        return {
            "kind": "motion",
            "threshold_g": _number(round(given.motion, 6)),
            "least_ms": _ms(given.rest),
        }
    return {"kind": "demand"}
