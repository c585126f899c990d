"""How long the vibration features take: `tools/bench_dsp.py [--interpreter COMMAND] [--json]`.

Runs tests/system/dsp_bench_node.py over the compiled firmware on a MicroPython (the packaged one,
or any other by --interpreter): twenty features of an axis on each backend there, group by group
and kernel by kernel, beside the same definitions in plain ulab calls (where ulab is), in plain
Python on the same interpreter, and in NumPy on this one.  Each round measures all of them, one
after the other; times are the medians of the rounds, ratios the medians of each round's own.
On a board: copy the compiled firmware and that file, then `import dsp_bench_node` and
`dsp_bench_node.on_node(2, (1024,), False)`.
With --envelope it is tests/system/envelope_bench_node.py: one block of 4096 of the bearing's
envelope, beside plain ulab calls, and the work space; `envelope_bench_node.on_node()` on a board.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from types import ModuleType
from typing import Any

import numpy as np

from nodewright.image import compile_tree
from nodewright.interpreter import Interpreter, find_interpreter

_SYSTEM = Path(__file__).resolve().parent.parent / "tests" / "system"
NODE, _ENVELOPE_NODE = _SYSTEM / "dsp_bench_node.py", _SYSTEM / "envelope_bench_node.py"
_ROUNDS = 3


def node_module() -> ModuleType:
    """The node's side, for the host: its signal, its keys, its comparison."""
    spec = importlib.util.spec_from_file_location("dsp_bench_node", NODE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _numpy_us(module: ModuleType, samples: int, times: int = 20) -> float:
    block = np.array(module.signal(samples), np.int16)
    call = module.in_arrays(np, lambda: block.astype(np.float64), samples)
    call()
    spent = []
    for _ in range(times):
        start = perf_counter()
        call()
        spent.append(perf_counter() - start)
    return 1e6 * min(spent)


def _on_node(
    interpreter: Interpreter, program: Path, folder: str, *lengths: str
) -> list[dict[str, Any]]:
    """Its lines of JSON.  Raises RuntimeError with what a node's side that failed has said."""
    done = subprocess.run(
        [*interpreter.command, str(program), folder, *lengths],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    lines = [json.loads(text) for text in done.stdout.splitlines() if text.startswith("{")]
    if done.returncode or not lines or "done" not in lines[-1]:
        raise RuntimeError(done.stdout + done.stderr)
    return lines[:-1]


def _round(
    interpreter: Interpreter, folder: str, module: ModuleType, lengths: list[str]
) -> list[dict[str, Any]]:
    """Each length once.  Raises RuntimeError as _on_node does."""
    lines = _on_node(interpreter, NODE, folder, *lengths)
    for line in lines:
        line["us"]["NumPy"] = _numpy_us(module, line["samples"])
    return lines


def _envelope(interpreter: Interpreter, folder: str, as_json: bool) -> None:
    """The envelope's block, once.  Raises RuntimeError as _on_node does."""
    for line in _on_node(interpreter, _ENVELOPE_NODE, folder):
        if as_json:
            print(json.dumps(line))
            continue
        print(f"\n{line['backend']}")
        for name, value in line["found"].items():
            print(f"  {name:36} {value}")


def _combined(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The medians of one length."""

    def medians(tables: list[dict[str, float | None]]) -> dict[str, float | None]:
        columns = {name: [table[name] for table in tables] for name in tables[0]}
        return {
            name: None if None in found else median(value for value in found if value is not None)
            for name, found in columns.items()
        }

    times = [line["us"] for line in rounds]
    ratios = {
        name: median(table[name] / table["viper"] for table in times)
        for name in times[0]
        if name != "viper" and "axes" not in name and times[0][name] is not None
    }
    return {
        "samples": rounds[0]["samples"],
        "us": medians(times),
        "times_viper": ratios,
        "groups_us": medians([line["groups_us"] for line in rounds]),
        "kernels_us": {
            name: medians([line["kernels_us"][name] for line in rounds])
            for name in rounds[0]["kernels_us"]
        },
    }


def _show(found: dict[str, Any]) -> None:
    print(f"\n{found['samples']} samples")
    for name, spent in found["us"].items():
        ratio = found["times_viper"].get(name)
        beside = "" if ratio is None else f"  {ratio:8.2f} x viper"
        print(f"  {name:36} {'no memory' if spent is None else f'{spent:9.0f} us'}{beside}")
    for name, spent in found["groups_us"].items():
        print(f"  {'viper, alone: ' + name:36} {spent:9.0f} us")
    for name, steps in found["kernels_us"].items():
        for step, spent in steps.items():
            print(f"  {name + ': ' + step:36} {spent:9.0f} us")


def main() -> int:
    """Run and show; exit code 1 if the node's side failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--interpreter", help="command of another MicroPython")
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help=f"runs ({_ROUNDS})")
    parser.add_argument("--lengths", nargs="+", default=[], metavar="N", help="256 ... 4096 (all)")
    parser.add_argument("--envelope", action="store_true", help="a block of the envelope")
    parser.add_argument("--json", action="store_true", help="lines of JSON instead of a table")
    given = parser.parse_args()
    interpreter, module = find_interpreter(given.interpreter), node_module()
    with tempfile.TemporaryDirectory(prefix="nodewright-bench-") as folder:
        compile_tree(interpreter.mpy_arch, Path(folder))
        try:
            if given.envelope:
                _envelope(interpreter, folder, given.json)
                return 0
            rounds = [
                _round(interpreter, folder, module, given.lengths)
                for _ in range(max(1, given.rounds))
            ]
        except RuntimeError as error:
            print(error, file=sys.stderr)
            return 1
    if not given.json:
        print(f"{interpreter}; NumPy {np.__version__}")
    for lines in zip(*rounds, strict=True):
        found = _combined(list(lines))
        print(json.dumps(found)) if given.json else _show(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
