"""Nodes and machines of a fleet as plain data, for tables and JSON.  No secret is in it."""

from typing import Any

from nodewright.fleet import memory
from nodewright.fleet.compiled import Compiled
from nodewright.fleet.model import FleetFile
from nodewright.fleet.resolve import NodeOf, SensorOf, the_one
from wire import settings as rules


def assets(fleet: FleetFile, nodes: dict[str, NodeOf]) -> list[dict[str, Any]]:
    """The machines, their points, and the sensors at them (node/sensor)."""
    at: dict[str, list[str]] = {}
    for node in nodes.values():
        for sensor in node.sensors:
            if sensor.given.point is not None:
                at.setdefault(sensor.given.point, []).append(f"{node.name}/{sensor.name}")
    return [
        {
            "name": name,
            "title": asset.title,
            "site": asset.site,
            "group": asset.group,
            "support": asset.support,
            "power_kw": asset.power,
            "speed_hz": asset.speed,
            "load_pct": asset.load,
            "points": [
                {
                    "name": key,
                    "title": point.title,
                    "mounting": point.mounting,
                    "axes": dict(point.axes),
                    "sensors": at.get(f"{name}/{key}", []),
                }
                for key, point in asset.points.items()
            ],
        }
        for name, asset in fleet.assets.items()
    ]


def nodes(fleet: FleetFile, resolved: dict[str, NodeOf]) -> list[dict[str, Any]]:
    """The nodes, each with its sensors and what it takes of its heap."""
    found = []
    for node in resolved.values():
        need = memory.estimate(node)
        found.append(
            {
                "name": node.name,
                "board": node.board.name,
                "site": node.given.site,
                "uplink": node.given.uplink,
                "retired": node.given.retired,
                "network": _of_mqtt(node, node.given.network, fleet.networks),
                "broker": _of_mqtt(node, node.given.broker, fleet.brokers),
                "heap_needed_bytes": need.total_bytes,
                "heap_bytes": need.heap_bytes,
                "sensors": [_sensor(sensor) for sensor in node.sensors],
            }
        )
    return found


def _of_mqtt(node: NodeOf, given: str | None, table: dict[str, Any]) -> str | None:
    return None if node.by_lorawan else the_one(given, table)


def node(node: NodeOf, compiled: Compiled) -> dict[str, Any]:
    """All that is known of one node, with its settings (null where a secret goes)."""
    need = memory.estimate(node)
    network, broker = compiled.settings["network"], compiled.settings["mqtt"]
    lorawan = compiled.settings.get("lorawan")
    return {
        "name": node.name,
        "title": node.given.title,
        "board": node.board.name,
        "site": node.given.site,
        "network": f"{network['ssid']} (Wi-Fi)" if network["kind"] == "wifi" else "none",
        "broker": f"{broker['host']}:{broker['port']}" if broker else "none",
        "retired": node.given.retired,
        "uplink": f"LoRaWAN, {lorawan['region']}" if lorawan else "MQTT",
        "memory": {
            "needed_bytes": need.total_bytes,
            "heap_bytes": need.heap_bytes,
            "parts": need.parts,
        },
        "secrets": sorted(set(compiled.secrets.values())),
        "pins": _pins(node),
        "sensors": [_sensor(sensor) for sensor in node.sensors],
        "sets": [_set(given, compiled.settings) for given in compiled.settings["sets"]],
        "settings": compiled.settings,
    }


def _sensor(sensor: SensorOf) -> dict[str, Any]:
    bus = sensor.bus
    place = ""
    if bus is not None and sensor.address is not None:
        place = f" 0x{sensor.address:02X}"
    return {
        "name": sensor.name,
        "chip": sensor.given.chip,
        "bus": (bus.name if bus is not None else sensor.given.bus or "own") + place,
        "point": sensor.given.point,
        "channels": list(sensor.channels),
        "sets": list(sensor.given.sets),
    }


def _pins(node: NodeOf) -> list[dict[str, Any]]:
    """Each pin that is used, by its number."""
    found: dict[int, dict[str, Any]] = {}
    for sensor in node.sensors:
        bus = sensor.bus
        for key, pin in bus.pins.items() if bus is not None else ():
            found[pin] = {"pin": pin, "of": bus.name if bus is not None else "", "is": key}
        for key, pin in sensor.pins():
            found[pin] = {"pin": pin, "of": sensor.name, "is": key}
        for channel, pin in sensor.analogue_pins():
            found[pin] = {"pin": pin, "of": sensor.name, "is": channel}
    return [found[pin] for pin in sorted(found)]


def _set(settings: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    record = "one value"
    if settings["kind"] == "waveform":
        rate_hz = settings["odr_hz"] / settings["decimate"]
        blocks = f"{settings['blocks']} × " if settings["blocks"] > 1 else ""
        channels = len(rules.channels_of(rules.sensor_of(whole, settings)))
        seconds = settings["samples"] * rules.blocks_of(settings, channels) / rate_hz
        record = f"{blocks}{settings['samples']} at {rate_hz:g} Hz, {seconds:.3g} s"
    elif settings["kind"] == "current":
        seconds = settings["samples"] / settings["rate_hz"]
        record = f"{settings['samples']} at {settings['rate_hz']:g} Hz, {seconds:.3g} s"
    schedule = settings["schedule"]
    known = {"demand": "on demand", "motion": "when it moves", "start": "when it starts"}
    when = known.get(schedule["kind"])
    if when is None:
        when = f"every {schedule['interval_ms'] / 1000:g} s"
    return {
        "name": settings["name"],
        "sensor": settings["sensor"],
        "record": record,
        "when": when,
        "features": settings["features"],
    }
