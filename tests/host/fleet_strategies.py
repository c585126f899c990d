"""Fleets of parts that there are, put together by chance: what people write on a bad day.

Pins are mostly free ones of the board, rates mostly those of the chip, windows mostly ones that
the board has room for: a third of the nodes is accepted, and each rule is met from both sides.
"""

import json
from typing import Any

from hypothesis import strategies as st

from nodewright import boards
from wire import chips, features
from wire import settings as node_settings

Tree = dict[str, Any]
ACCELEROMETERS = chips.of_kind("accelerometer")
THERMOMETERS = chips.of_kind("temperature")
CONVERTERS = chips.of_kind("current")
EASY = ("acc_rms_g", "acc_peak_g", "crest", "kurtosis", "mean_g")
HARD = ("vel_rms_mm_s", "disp_rms_um", "hf_rms_g", "zone", "order1_mm_s", "env_bpfo_g", "band1_g")
CURRENTS = ("cur_rms_a", "cur_crest", "cur_freq_hz", "cur_thd_pct", "cur_unbalance_pct")
MOTORS = ("cur_running", "cur_starts", "cur_inrush_a", "cur_load_pct")


class Rest:
    """What of a board is still free while its node is put together."""

    def __init__(self, draw: Any, board: boards.Board) -> None:
        self.draw, self.board = draw, board
        default = {bus.sda for bus in board.i2c} | {bus.scl for bus in board.i2c}
        for bus in board.spi:
            default |= {bus.sck, bus.mosi, bus.miso, bus.cs}
        self.pins = [pin for pin in board.pins if pin not in default | set(board.adc.pins)]
        self.inputs = list(board.adc.pins)

    def pin(self) -> int:
        """Mostly a free one; now and then one that is taken, or that the board lacks."""
        if self.pins and not self.draw(SELDOM):
            return self.pins.pop(0)
        return int(self.draw(st.integers(0, 50)))

    def bus(self, kinds: tuple[Any, ...]) -> str:
        fits = [f"i2c{bus.id}" for bus in self.board.i2c if "i2c" in kinds]
        fits += [f"spi{bus.id}" for bus in self.board.spi if "spi" in kinds]
        if not fits or self.draw(SELDOM):
            fits = ["i2c0", "i2c1", "spi0", "spi1", "nowhere"]
        return str(self.draw(st.sampled_from(fits)))


SELDOM = st.sampled_from((False,) * 29 + (True,))
AT_TIMES = st.sampled_from((False,) * 4 + (True,))


def often(draw: Any, usual: Any, odd: st.SearchStrategy[Any]) -> Any:
    """The usual, but for one in thirty."""
    return draw(odd) if draw(SELDOM) else usual


def text(tree: Tree, path: tuple[str, ...] = ()) -> str:
    """A tree as TOML, as people write it: a table a header."""
    plain = [f"{key} = {_plain(value)}" for key, value in tree.items() if type(value) is not dict]
    head = [f"[{'.'.join(path)}]"] if path else []
    parts = [text(one, (*path, key)) for key, one in tree.items() if type(one) is dict]
    return "\n".join([*head, *plain, *parts])


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@st.composite
def fleets(draw: Any) -> Tree:
    """A fleet.toml as a tree: one or two networks, brokers and machines, one to four nodes."""
    tree: Tree = {
        "fleet": {"name": "north", "owner": "Plant"},
        "sites": {"hall": {"title": "Hall"}},
        "networks": {
            name: _network(draw) for name in ("plant", "yard")[: draw(st.integers(1, 2))]
        },
        "brokers": {name: _broker(draw) for name in ("main", "next")[: draw(st.integers(1, 2))]},
        "bearings": {
            "de": often(draw, draw(st.sampled_from(BEARINGS[:3])), st.sampled_from(BEARINGS))
        },
        "assets": {name: _asset(draw) for name in ("pump", "fan")[: draw(st.integers(1, 2))]},
        "sets": {},
        "nodes": {},
    }
    for number in range(draw(st.integers(1, 4))):
        tree["nodes"][f"node-{number}"] = _node(draw, tree, number)
    if draw(st.booleans()):
        tree["nodes"]["copy"] = {"like": "node-0"}
    if any(node.get("uplink") == "lorawan" for node in tree["nodes"].values()):
        tree["lorawan"] = {"region": draw(st.sampled_from(["EU868", "US915", "AS923-2", "MARS"]))}
    return tree


BEARINGS: list[Tree] = [
    {"type": "6205"},
    {"balls": 8, "ball": "6.746mm", "pitch": "28.499mm", "angle": "0deg"},
    {"bpfo": 3.05, "bpfi": 4.95, "bsf": 1.99, "ftf": 0.38},
    {"bpfo": 3.0},
    {"type": "nobody's"},
]


def _network(draw: Any) -> Tree:
    made: Tree = {"ssid": often(draw, "Halle 3 – Süd", st.text("xü", max_size=33))}
    if draw(st.booleans()):
        made["secret"] = "wifi-plant"
    if draw(st.booleans()):
        made |= {"subnet": "192.168.1.0/24", "gateway": "192.168.1.1"}
    if draw(st.booleans()):
        servers = ["192.168.1.1", "time.plant:123", "pool.ntp.org"]
        made["ntp"] = draw(st.lists(st.sampled_from(servers), max_size=4, unique=True))
    if draw(st.booleans()):
        made["dns"] = draw(
            st.lists(st.sampled_from(["192.168.1.1", "8.8.8.8"]), max_size=2, unique=True)
        )
    return made


def _broker(draw: Any) -> Tree:
    made: Tree = {"host": draw(st.sampled_from(["127.0.0.1", "broker.plant", "192.168.1.20"]))}
    made["tls"] = draw(st.booleans())
    made["port"] = often(draw, 8883 if made["tls"] else 1883, st.integers(-1, 70_000))
    made["keepalive"] = draw(st.sampled_from(["2s", "15s", "1h"]))
    made["spread"] = draw(st.sampled_from(["250ms", "3s", "10min"]))
    spares = st.sampled_from(["b-2", "10.0.0.7:8883", "b-3.plant:1883"])
    made["spares"] = draw(st.lists(spares, max_size=3, unique=True))
    return made


def _asset(draw: Any) -> Tree:
    made: Tree = {"title": "A machine", "points": {"de": {"title": "Drive end"}}}
    if draw(st.booleans()):
        made |= {"group": draw(st.sampled_from([1, 2])), "support": "rigid"}
    if draw(st.booleans()):
        made["speed"] = often(draw, "1480rpm", st.sampled_from(["6rpm", "24.7Hz", "60000rpm"]))
    if draw(st.booleans()):
        made["bearing"] = often(draw, "de", st.just("none"))
    point = made["points"]["de"]
    if draw(st.booleans()):
        point["gravity"] = draw(st.sampled_from(["z", "-x", "y"]))
    point["mounting"] = draw(st.sampled_from(["stud", "magnet", "adhesive", "clamp"]))
    return made


def _node(draw: Any, tree: Tree, number: int) -> Tree:
    name = draw(st.sampled_from(boards.names()))
    rest = Rest(draw, boards.load(name))
    made: Tree = {"board": name, "sensors": {}, "buses": {}}
    if len(tree["networks"]) > 1 or draw(st.booleans()):
        made["network"] = draw(st.sampled_from(list(tree["networks"])))
    if len(tree["brokers"]) > 1:
        made["broker"] = draw(st.sampled_from(list(tree["brokers"])))
    network = tree["networks"][made.get("network", "plant")]
    if draw(AT_TIMES) and ("subnet" in network or draw(SELDOM)):
        made["address"] = f"192.168.{often(draw, 1, st.just(2))}.{20 + number}"
    if draw(SELDOM):
        made["uplink"] = "lorawan"
    made["outbox"] = draw(st.sampled_from([2, 64, 400]))
    for index in range(draw(st.sampled_from((1, 1, 2, 3)))):
        make = draw(st.sampled_from([_accelerometer, _accelerometer, _thermometer, _clamps]))
        sensor = make(draw, tree, made, rest, f"{number}-{index}")
        made["sensors"][f"s-{index}"] = sensor
    return made


def _schedule(draw: Any) -> Tree:
    every = st.sampled_from(["1s", "10s", "10min", "1d"])
    return {"demand": True} if draw(AT_TIMES) else {"every": often(draw, "1min", every)}


def _at(draw: Any, tree: Tree) -> Tree:
    point = often(draw, f"{draw(st.sampled_from(list(tree['assets'])))}/de", st.just("pump/nde"))
    return {"point": point} if draw(st.booleans()) else {}


def _accelerometer(draw: Any, tree: Tree, node: Tree, rest: Rest, name: str) -> Tree:
    chip = draw(st.sampled_from(ACCELEROMETERS))
    row = chips.ROWS[chip]
    sets = [f"w-{name}-{index}" for index in range(draw(st.integers(1, 2)))]
    for one in sets:
        keys = [draw(st.sampled_from(EASY))]
        if draw(st.booleans()):
            keys.append(draw(st.sampled_from(HARD)))
        rate = often(draw, draw(st.sampled_from(row["rates_hz"][:6])), st.floats(0.1, 30_000))
        window_s = draw(st.sampled_from([0.4, 1.6]))
        most = next((n for n in node_settings.SAMPLES if n >= window_s * rate), 4096)
        made = tree["sets"][one] = {
            "rate": f"{rate}Hz",
            "samples": often(draw, most, st.sampled_from(node_settings.SAMPLES)),
            "decimate": often(draw, 1, st.sampled_from(node_settings.DECIMATIONS)),
            "blocks": often(draw, 1, st.integers(1, 17)),
            "features": keys,
            "spectrum": often(draw, "none", st.sampled_from(["compressed", "full"])),
        } | _schedule(draw)
        if "band1_g" in keys:
            made["bands"] = [draw(st.sampled_from(["10Hz..100Hz", "50Hz..20kHz"]))]
        if draw(AT_TIMES):
            made.pop("every", made.pop("demand", None))
            made["motion"] = draw(st.sampled_from(["100mg", "1g", "16g"]))
    sensor = {
        "chip": chip,
        "bus": rest.bus(row["buses"]),
        "range": f"{often(draw, draw(st.sampled_from(row['ranges_g'])), st.integers(1, 64))}g",
        "sets": sets,
    } | _at(draw, tree)
    if row["interrupt"] and draw(st.booleans()):
        sensor["int1"] = rest.pin()
    if sensor["bus"].startswith("i2c") and draw(st.booleans()):
        sensor["address"] = often(draw, (row["address"] or (8,))[-1], st.integers(0, 130))
    if sensor["bus"].startswith("spi") and draw(st.booleans()):
        sensor["cs"] = rest.pin()
    if "point" in sensor and draw(AT_TIMES):
        sensor |= {"tacho": rest.pin(), "tacho_pulses": draw(st.integers(1, 60))}
    return sensor


def _thermometer(draw: Any, tree: Tree, node: Tree, rest: Rest, name: str) -> Tree:
    chip = draw(st.sampled_from(THERMOMETERS))
    tree["sets"][f"t-{name}"] = {"kind": "value", "features": ["temp_c"]} | _schedule(draw)
    sensor: Tree = {"chip": chip, "sets": [f"t-{name}"], "channels": [f"housing-{name}"]}
    if chip != "ds18b20":
        return sensor | {"bus": rest.bus(chips.ROWS[chip]["buses"])}
    if "wire" not in node["buses"]:
        node["buses"]["wire"] = {"kind": "onewire", "pin": rest.pin()}
    if draw(st.booleans()):
        sensor["rom"] = "28" + draw(st.text("0123456789abcdef", min_size=14, max_size=14))
    return sensor | {"bus": "wire"}


def _clamps(draw: Any, tree: Tree, node: Tree, rest: Rest, name: str) -> Tree:
    chip = draw(st.sampled_from(CONVERTERS))
    row = chips.ROWS[chip]
    direct = chip == "ina226"
    count = draw(st.integers(1, 2 if direct else 3))
    numbers = rest.inputs if chip == "adc" else list(row["inputs"])
    inputs: Tree = {}
    for index in range(count):
        number = numbers[index] if index < len(numbers) else index
        inputs[f"l{index}"] = {
            "input": often(draw, number, st.integers(0, 48)),
            "per_volt": draw(st.sampled_from([100, -30.3, 0.5])),
        }
        if draw(st.booleans()):
            inputs[f"l{index}"]["noise"] = 0.02
    if draw(st.booleans()) and count > 1:
        inputs["l1"]["quantity"] = "voltage"
    scales = row["full_scale_v"] or (3.3, 5.0)
    sensor: Tree = {
        "chip": chip,
        "inputs": inputs,
        "full_scale": f"{draw(st.sampled_from(scales))}V",
    }
    if chip != "adc":
        sensor["bus"] = rest.bus(row["buses"])
    if draw(st.booleans()):
        sensor["bias"] = f"{float(sensor['full_scale'][:-1]) / 2}V"
    keys = ["cur_dc_a"] if direct else [draw(st.sampled_from(CURRENTS))]
    if draw(st.booleans()):
        sensor["motor"] = {"on": "2A", "rated": "11.5A", "pole_pairs": 2}
        keys.append(draw(st.sampled_from(MOTORS)))
    rates = ["8kHz", "4kHz", "1kHz"] if row["samples_hz"] > 5000 else ["500Hz", "300Hz", "190Hz"]
    tree["sets"][f"c-{name}"] = {
        "kind": "current",
        "rate": often(draw, draw(st.sampled_from(rates)), st.just("100Hz")),
        "samples": draw(st.sampled_from(node_settings.SAMPLES[2:4])),
        "features": keys,
    } | _schedule(draw)
    return sensor | {"sets": [f"c-{name}"]} | (_at(draw, tree) if draw(SELDOM) else {})


assert set(EASY + HARD + CURRENTS + MOTORS) <= set(features.KEYS) | {"zone"}
