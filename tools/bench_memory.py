"""The heap that a whole node takes on an emulated Pico, by what it measures.

    PICO_UF2=... PICO_BOOTROM=... PICO_RP2040JS=... python tools/bench_memory.py

Without these (tools/pico/board.py says what they are) it says in one line what is missing, and
ends well.  The node is the demo's on SPI (an ADXL345 and seven features, a KX134 and verdicts),
without TLS, up to where its tasks would start; what stands for `network` and `socket`, which a
Pico without a radio lacks, takes 1 KB.  The outbox, which takes a share of what is left, is not
counted.
"""

import copy
import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from pico.board import BOARD, PicoBoard, Tools, find

from nodewright import boards
from nodewright.demo.plan import make_plans
from nodewright.image.compiler import compile_files

_FAST = {
    "odr_hz": 25_600,
    "samples": 4096,
    "blocks": 8,
    "features": ["env_bpfo_snr", "env_bpfi_snr", "env_bsf_snr", "env_ftf_snr", "bearing_fault"],
}
_BEARING = {"bpfo": 3.58, "bpfi": 5.42, "bsf": 2.36, "ftf": 0.398}
# what, what the sensor has of it, what the set has
NODES: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    *((f"3 x {samples}", {}, {"samples": samples}) for samples in (256, 512, 1024, 2048, 4096)),
    ("8 x 4096, envelopes", {"chip": "kx134", "shaft_hz": 25.0, "bearing": _BEARING}, _FAST),
)
_BOARDS = ("pico_w", "pico", "pico2_w")
_INDEX = 2  # of the demo's nodes: its sensor is on SPI

_MAIN = b"""
import gc, json, time
time.sleep_ms(700)
def taken(what):
    gc.collect()
    print("memory", json.dumps([what, gc.mem_alloc()]))
taken("boot")
from node import start, state
state.next_boot = lambda: 1  # the emulated flash is not written
from node.app import Node
checked, settings_hash = start.load()
taken("code")
node = Node(checked, settings_hash, None)
node._outbox._memory = None
taken("node")
print("memory", json.dumps(["done", 0]))
"""
_STAND_INS = {
    "/network.py": b"STA_IF = 0\nclass WLAN:\n    def __init__(self, interface):\n        pass\n",
    "/socket.py": b"AF_INET, SOCK_STREAM, SOCK_DGRAM, IPPROTO_TCP, SOL_SOCKET = 2, 1, 2, 6, 1\n",
}


def measure(tools: Tools, sensor: dict[str, Any], measured: dict[str, Any]) -> dict[str, int]:
    """Bytes of heap after boot, with the code loaded, and with the node made."""
    settings: dict[str, Any] = copy.deepcopy(
        make_plans(boards.load("virtual"), 3, 2.0, 1)[_INDEX].settings
    )
    settings["sensors"][0].update(sensor)
    settings["sets"][0].update(measured)
    text = json.dumps(settings).encode()
    found: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="nodewright-") as folder:
        files = {
            **compile_files(boards.load(BOARD).arch, ("wire", "node")),
            **_STAND_INS,
            "/main.py": _MAIN,
            "/settings.json": text,
            "/settings.sha256": hashlib.sha256(text).hexdigest().encode(),
        }
        bus = {"kind": "spi", "id": 0, "sck": 18, "mosi": 19, "miso": 16, "chips": []}
        with PicoBoard(tools, files, bus, Path(folder)) as board:
            for line in board.lines():
                if not line.text.startswith("memory "):
                    if not line.text.startswith("nodewright: boot"):
                        print(f"  board: {line.text}", file=sys.stderr)
                    continue
                what, held = json.loads(line.text[7:])
                if what == "done":
                    return found
                found[what] = held
    raise RuntimeError("the emulator has ended by itself")


def main() -> int:
    tools = find()
    if isinstance(tools, str):
        print(tools)
        return 0
    heaps = {name: boards.load(name).heap_bytes for name in _BOARDS}
    print(
        "| record | all but the outbox | of it code | "
        + " | ".join(f"left on {n}" for n in heaps)
        + " |"
    )
    print("| --- " * (3 + len(heaps)) + "|")
    for what, sensor, measured in NODES:
        found = measure(tools, sensor, measured)
        left = [f"{(heap - found['node']) / 1000:.1f} KB" for heap in heaps.values()]
        cells = [what, f"{found['node'] / 1000:.1f} KB", f"{found['code'] / 1000:.1f} KB"]
        print("| " + " | ".join(cells + left) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
