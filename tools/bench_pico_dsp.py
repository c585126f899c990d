"""Vibration features on an emulated Pico at 125 MHz, beside plain ulab calls: times and memory.

    PICO_UF2=... PICO_BOOTROM=... PICO_RP2040JS=... python tools/bench_pico_dsp.py

Without these (tools/pico/board.py says what they are; the UF2 has ulab in it) it says in one line
what is missing, and ends well.  Twenty features of an axis (tests/system/dsp_bench_node.py) by the
node's two backends and by the same definitions in plain ulab calls, each alone on a board that was
just reset; values are compared before times are told.  rp2040js has no misses of the flash's
cache: a chip is slower by these, ratios hold.  Exit code 1 where a goal is missed.
"""

import json
import sys
import tempfile
from array import array
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from bench_dsp import NODE, node_module
from pico.board import BOARD, PicoBoard, Tools, find

from nodewright import boards
from nodewright.image.compiler import compile_files, compile_source

_BUS: dict[str, Any] = {"kind": "i2c", "id": 0, "sda": 4, "scl": 5, "chips": []}  # nobody there
WAYS = ("viper", "plain ulab", "ulab")
# samples: most ms of three axes, most bytes beside the record
GOALS = {1024: (80.0, 24_000), 4096: (400.0, 60_000)}
LEAST_RATIO = 5.0  # plain ulab over viper

_MAIN = """
import time
time.sleep_ms(700)  # the console is heard from then on
from array import array
import dsp_bench_node
block = array("h")
with open("/block.bin", "rb") as file:
    block.extend(array("h", file.read()))
dsp_bench_node.on_board({way!r}, {samples}, block)
"""


def measure(tools: Tools, way: str, samples: int, block: "array[int]") -> dict[str, Any]:
    """What one way alone says of itself on a board that was just reset."""
    arch = boards.load(BOARD).arch
    files = {
        **compile_files(arch, ("wire", "node")),
        "/dsp_bench_node.mpy": compile_source(NODE, "dsp_bench_node.py", arch),
        "/block.bin": block.tobytes(),
        "/main.py": _MAIN.format(way=way, samples=samples).encode(),
    }
    with (
        tempfile.TemporaryDirectory(prefix="nodewright-pico-") as folder,
        PicoBoard(tools, files, _BUS, Path(folder)) as board,
    ):
        for line in board.lines():
            if line.text.startswith("{"):
                found: dict[str, Any] = json.loads(line.text)
                return found
            if line.text:
                print(f"  board: {line.text}", file=sys.stderr)
    raise RuntimeError("the emulator has ended by itself")


def missed(found: dict[str, dict[str, Any]], samples: int) -> list[str]:
    """The goals that one record length does not reach."""
    viper, plain = found["viper"], found["plain ulab"]
    most_ms, most_bytes = GOALS[samples]
    spent_ms, held = viper["us, 3 axes"] / 1000, viper["work_bytes"] + viper["garbage_bytes"]
    wrong = []
    if spent_ms > most_ms:
        wrong.append(f"3 x {samples} take {spent_ms:.1f} ms, not {most_ms:g}")
    if held > most_bytes:
        wrong.append(f"{samples} take {held} bytes beside the record, not {most_bytes}")
    ratios = {key: plain[key] / viper[key] for key in ("us", "us, 3 axes") if key in plain}
    few = {key: ratio for key, ratio in ratios.items() if ratio < LEAST_RATIO}
    return wrong + [f"{key} of {samples}: {few[key]:.2f} times as fast only" for key in few]


def _cell(line: dict[str, Any], key: str) -> str:
    return f"{line[key] / 1000:.1f} ms" if key in line else "out of memory"


def show(found: dict[str, dict[str, Any]], samples: int) -> None:
    """Rows of the tables of docs/performance.md, of one record length."""
    viper, plain = found["viper"], found["plain ulab"]
    for axes, key in ((1, "us"), (3, "us, 3 axes")):
        goal = f" (goal: {GOALS[samples][0]:g} ms, {LEAST_RATIO:g} x)" if axes == 3 else ""
        ratio = f"{plain[key] / viper[key]:.1f}" if key in plain else "-"
        cells = [_cell(found[way], key) for way in WAYS]
        print(f"| {axes} x {samples}{goal} | {cells[0]} | {cells[1]} | {ratio} | {cells[2]} |")
    work, garbage = viper["work_bytes"], viper["garbage_bytes"]
    print(
        f"  viper, beside the record of {samples}: work space {work} bytes, garbage {garbage}, "
        f"together {work + garbage} (goal {GOALS[samples][1]}); code {viper['code_bytes']}"
    )
    for table in ("groups_us", "kernels_us"):
        for name, spent in viper.get(table, {}).items():
            print(f"  viper, {samples}: {name:24} {spent / 1000:6.1f} ms", flush=True)


def main() -> int:
    """Measure and show; exit code 1 where a goal is missed."""
    tools = find()
    if isinstance(tools, str):
        print(tools)
        return 0
    module, wrong = node_module(), []
    print("| record | viper | plain ulab | ratio | ulab backend |\n" + "| --- " * 5 + "|")
    for samples in GOALS:
        block = module.signal(samples)
        found = {way: measure(tools, way, samples, block) for way in WAYS}
        right = dict(zip(module.KEYS, found["viper"]["values"], strict=True))
        right = {key: value for key, value in right.items() if value is not None}
        for way in WAYS[1:]:
            if "values" in found[way]:
                module.check(way, found[way]["values"], right)
        show(found, samples)
        wrong += missed(found, samples)
    for text in wrong:
        print(text, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
