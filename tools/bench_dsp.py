"""How long the vibration features take: `tools/bench_dsp.py [--interpreter COMMAND] [--json]`.

Runs tests/system/dsp_bench_node.py over the compiled firmware on a MicroPython (the packaged one,
or any other by --interpreter): all features of one and of three axes on each backend there, kernel
by kernel, beside the same definitions in plain ulab calls (where ulab is) and a part of them in
plain Python.  Times are the best of some runs, in microseconds.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from nodewright.image import compile_tree
from nodewright.interpreter import find_interpreter

_NODE = Path(__file__).resolve().parent.parent / "tests" / "system" / "dsp_bench_node.py"


def main() -> int:
    """Run and show; exit code 1 if the node's side failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--interpreter", help="command of another MicroPython")
    parser.add_argument("--json", action="store_true", help="lines of JSON instead of a table")
    given = parser.parse_args()
    interpreter = find_interpreter(given.interpreter)
    with tempfile.TemporaryDirectory(prefix="nodewright-bench-") as folder:
        compile_tree(interpreter.mpy_arch, Path(folder))
        command = [*interpreter.command, str(_NODE), folder]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        print(done.stdout, done.stderr, sep="", file=sys.stderr)
        return 1
    if given.json:
        print(done.stdout, end="")
        return 0
    print(interpreter)
    for line in (json.loads(text) for text in done.stdout.splitlines()[:-1]):
        print(f"\n{line['samples']} samples")
        for name, spent in line["us"].items():
            print(f"  {name:36} {'no memory' if spent is None else spent:>9} us")
        for name, steps in line["kernels_us"].items():
            for step, spent in steps.items():
                print(f"  {name + ': ' + step:36} {spent:9} us")
    return 0


if __name__ == "__main__":
    sys.exit(main())
