"""Thermometers behind the real firmware: it reports what they feel, or what ails them."""

from typing import Any

from nodewright import broker
from nodewright.sources import source_files
from nodewright.virtual import VirtualBoard
from system.node_rig import NodeRig, listen, reports
from system.virtual_rig import WAIT_S

ROM, OTHER = "2879a21603000075", "2801000000000029"


def _sensor(chip: str, bus: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "temperature",
        "name": chip,
        "chip": chip,
        "bus": bus,
        "channels": ["housing"],
    }


def _measured(chip: str, interval_ms: int) -> dict[str, Any]:
    return {
        "kind": "value",
        "name": f"{chip}-c",
        "sensor": chip,
        "features": ["temp_c"],
        "schedule": {"kind": "interval", "interval_ms": interval_ms},
    }


def _rig(port: int) -> NodeRig:
    """A node with a DS18B20, one of two on its line, and a TMP117 beside its accelerometer."""
    rig = NodeRig(port)
    rig.every_ms(10_000)
    i2c = rig.sensor["bus"] | {"address": 0x48}
    rig.settings["sensors"] += [
        _sensor("ds18b20", {"kind": "onewire", "pin": 22, "rom": ROM}),
        _sensor("tmp117", i2c),
    ]
    rig.settings["sets"] += [_measured("ds18b20", 1000), _measured("tmp117", 1000)]
    ramp = {"from_c": 40, "to_c": 60, "over_s": 20}
    rig.buses[0]["chips"].append(
        {"chip": "tmp117", "name": "tmp117", "address": 0x48, "source": ramp}
    )
    chips = [
        {"chip": "ds18b20", "name": "cold", "rom": OTHER, "source": -10},
        {"chip": "ds18b20", "name": "ds18b20", "rom": ROM, "source": 85},
    ]
    rig.buses.append({"kind": "onewire", "pin": 22, "chips": chips})
    return rig


def _values(rig: NodeRig, count: int) -> list[dict[str, Any]]:
    """The next reports of the thermometers."""
    found: list[dict[str, Any]] = []
    with broker.start() as hub:
        rig.settings["mqtt"]["port"] = hub.port
        with listen(hub) as heard, rig.board():
            while len(found) < count:
                (event,) = reports(heard, 1)
                message = event.message
                names = [fault["sensor"] for fault in message["faults"]]
                if message["record"] is not None:
                    names.append(message["record"]["sensor"])
                if names != ["acc"]:
                    found.append(message)
    return found


def test_node__two_thermometers__report_what_they_feel() -> None:
    heard = _values(_rig(1883), 5)
    warm = []
    for message in heard:
        record, value = message["record"], message["channels"]["housing"]["temp_c"]
        assert record["valid"] and record["set"] == record["chip"] + "-c", message
        if record["chip"] == "ds18b20":
            assert value == 85  # which is also what it shows after power-on
        else:
            warm.append((value, message["uptime_ms"]))
    assert len(warm) >= 2
    for value, uptime_ms in warm:
        assert abs(value - 40 - uptime_ms / 1000) < 0.5
    assert warm[-1][0] > warm[0][0] + 0.5


def test_node__thermometers_with_faults__say_so_and_tell_no_value() -> None:
    rig = _rig(1883)
    faults = (
        ("bad_crc", "ds18b20", 1.5, 3.5),
        ("line_low", "ds18b20", 3.5, 5.5),
        ("wrong_identity", "tmp117", 1.5, 3.5),
        ("unplugged", "tmp117", 3.5, 5.5),
    )
    rig.faults = [
        {"kind": kind, "chip": chip, "from_ms": from_s * 1000, "to_ms": to_s * 1000}
        for kind, chip, from_s, to_s in faults
    ]
    said: dict[str, list[str]] = {"ds18b20": [], "tmp117": []}
    for message in _values(rig, 14):
        if message["faults"]:
            (fault,) = message["faults"]
            assert message["record"] is None and not message["channels"]
            said[fault["sensor"]].append(fault["fault"])
        else:
            chip = message["record"]["chip"]
            value = message["channels"]["housing"]["temp_c"]
            assert value == 85 if chip == "ds18b20" else 40 < value < 50
            said[chip].append("")
    for heard in said.values():
        assert heard[0] == heard[-1] == "", said
    assert {"crc", "line_held"} <= set(said["ds18b20"]) <= {"", "crc", "line_held"}, said
    kinds = {"wrong_identity", "no_answer"}
    assert kinds <= set(said["tmp117"]) <= kinds | {"", "bus_error", "sensor_reset"}, said


def test_cpython__same_drivers_and_twins__same_temperatures() -> None:
    rig = _rig(1883)
    main = """
from time import sleep_us
from node import drivers, hal
bus = {"kind": "onewire", "pin": 22, "rom": None}
try:
    drivers.load("ds18b20")(hal.onewire(bus))
except ValueError as error:
    bus["rom"] = min(error.args[2])
sensor = drivers.load("ds18b20")(hal.onewire(bus))
sensor.begin()
sleep_us(sensor.wait_us)
print("nodewright: done rom=%s c=%.2f" % (bus["rom"], sensor.read_c()))
"""
    files = source_files(rig.settings) | {"/main.py": main.encode()}
    spec = {"name": "bench", "unique_id": "00" * 8, "seed": 1, "buses": rig.buses}
    with VirtualBoard(files, spec, None, 0) as board:
        assert board.wait_for("done", WAIT_S).facts == {"rom": OTHER, "c": "-10.00"}
