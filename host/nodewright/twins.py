"""The twins around a node whose settings are given: a machine that it feels, its wiring.

Beside the settings nothing is known of the machine: it is one of the presets of
firmware/sim/machines.py at the speed that the settings have, mounted as they say.
"""

import hashlib
import zlib
from collections.abc import Mapping
from typing import Any

from nodewright.data import firmware_dir
from nodewright.errors import BadInput

MACHINES = ("pump", "fan", "motor")
_HOUSING_C = 41.5
_CHIPS = {"adc": "rp2_adc"}  # twins that are called otherwise than what they are of
_AMPS = 10.0
# A motor of three phases starts, runs, loses one, and stops, s since the boot.
_TIMELINE = [[0, "off"], [5, "start"], [40, "lost1"], [50, "off"], [60, "start"]]
_CONNECT_MS = 300
_MOST_PPM = 20_000  # so far off are the oscillators of twins, each its own
# Turned about another axis until the one that gravity pulls at looks down.
_TURNED = {"-x": "-x-yz", "-y": "-x-yz", "-z": "x-y-z"}


class NoTwin(BadInput):
    """A sensor has no twin.  sensor, chip: which."""

    def __init__(self, sensor: str, chip: str) -> None:
        self.sensor, self.chip = sensor, chip
        super().__init__(f"{sensor}: there is no twin of {chip}, so no virtual board can have one")


def unique_id(node: str) -> str:
    """The chip's id of a virtual board that is bound to none: the node's own, always the same."""
    return hashlib.sha256(node.encode()).hexdigest()[:16]


def around(settings: Mapping[str, Any], machine: str) -> dict[str, Any]:
    """Name, seed, network and buses of a virtual board's description (docs/architecture.md).

    settings: good by wire/settings, with their secrets; machine: one of MACHINES.
    Raises NoTwin, BadInput.
    """
    if machine not in MACHINES:
        raise BadInput(f"--machine {machine!r} cannot be: {', '.join(MACHINES)}")
    node = settings["node"]
    seed = zlib.crc32(node.encode()) % 100_000 + 1
    buses: dict[str, dict[str, Any]] = {}
    for index, sensor in enumerate(settings["sensors"]):
        wires, place = _wires(sensor["bus"])
        bus = buses.setdefault(repr(sorted(wires.items())), {**wires, "chips": []})
        bus["chips"].append(_chip(sensor, place, machine, seed, index))
    return {
        "name": node,
        "seed": seed,
        "network": {"ssids": _ssids(settings["network"]), "connect_ms": _CONNECT_MS},
        "buses": list(buses.values()),
    }


def _ssids(network: Mapping[str, Any]) -> dict[str, str]:
    """The networks in reach, with their passwords: that of the node; none of a board without."""
    if network["kind"] == "none":
        return {}
    return {network["ssid"]: network["password"] or ""}


def _wires(bus: Mapping[str, Any] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """A bus as its twin has it, and where on it the chip is."""
    if bus is None:
        return {"kind": "adc"}, {}
    place = {key: bus[key] for key in ("address", "cs", "rom") if key in bus}
    return {key: bus[key] for key in bus if key not in place and key != "rate_hz"}, place


def _chip(
    sensor: Mapping[str, Any], place: dict[str, Any], machine: str, seed: int, index: int
) -> dict[str, Any]:
    name, chip = sensor["name"], sensor["chip"]
    chip = _CHIPS.get(chip, chip)
    if not (firmware_dir() / "sim" / "chips" / f"{chip}.py").is_file():
        raise NoTwin(name, chip)
    common = {"chip": chip, "name": name, **place}
    if sensor["kind"] == "temperature":
        if "rom" in place:
            common["rom"] = place["rom"] or _rom(seed + index)
        return {**common, "source": _HOUSING_C}
    if sensor["kind"] == "current":
        return {**common, **_clamps(sensor), "seed": seed + index}
    if sensor["kind"] != "accelerometer":
        raise NoTwin(name, chip)
    gravity = sensor["gravity"]
    facts: dict[str, Any] = {"preset": machine, "gravity": gravity.lstrip("-") if gravity else ""}
    if sensor["shaft_hz"] is not None:
        facts |= {"speed_hz": sensor["shaft_hz"], "rated_hz": sensor["shaft_hz"]}
    return {
        **common,
        "int1": sensor["int1"],
        "clock_error_ppm": (seed * 7919 + index * 1009) % (2 * _MOST_PPM) - _MOST_PPM,
        "noise": True,
        "seed": seed + index,
        "orientation": _TURNED.get(gravity, "xyz"),
        "source": {"kind": "machine", "machine": facts, "seed": seed},
    }


def _clamps(sensor: Mapping[str, Any]) -> dict[str, Any]:
    """A motor at the rated current of the settings, and what is clamped around its cables."""
    motor, bias_v = sensor["motor"], sensor["bias_v"] or 0.0
    if sensor["chip"] == "ina226":
        rows = [
            {"constant": 1.0 if row["quantity"] == "current" else 24.0} for row in _rows(sensor)
        ]
    else:
        rows = [{"signal": row["quantity"], "bias_v": bias_v} for row in _rows(sensor)]
    phases = {"current": 0, "voltage": 0}
    inputs = []
    for row, given in zip(rows, sensor["inputs"], strict=True):
        quantity = given["quantity"]
        place = {"phase": phases[quantity], "phase_deg": given["phase_deg"]}
        phases[quantity] += 1
        inputs.append(row | place | {"input": given["input"], "per_volt": given["per_volt"]})
    amps = (motor or {}).get("rated_a") or _AMPS
    source = {
        "kind": "motor",
        "amps": 0.8 * amps,
        "line_hz": sensor["line_hz"],
        "phases": 3 if phases["current"] == 3 else 1,
        "timeline": _TIMELINE,
    }
    if phases["current"] < 3:
        source["timeline"] = [step for step in _TIMELINE if not str(step[1]).startswith("lost")]
    return {"inputs": inputs, "source": source}


def _rows(sensor: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = sensor["inputs"]
    return rows


def _rom(number: int) -> str:
    """A ROM code of a DS18B20: family 0x28, 48 bits, CRC.  Source: DS18B20, 64-bit ROM code."""
    body = b"\x28" + number.to_bytes(6, "little")
    crc = 0
    for byte in body:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8C if crc & 1 else 0)
    return (body + bytes((crc,))).hex()
