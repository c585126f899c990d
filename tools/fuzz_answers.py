"""Damaged answers of name servers, and noise in the shape of a time server's, read on MicroPython.

    python tools/fuzz_answers.py [--count 200000] [--seed 1]

Each is taken for an answer or refused by name; anything else ends it with a traceback.  An answer
has addresses, a time to live and a code that can be, a date lies within 30 years of this
firmware's.  Its short form is tests/system/test_answers_fuzz.py.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from nodewright.data import firmware_dir
from nodewright.interpreter import find_interpreter

_NODE = Path(__file__).parent.parent / "tests" / "system" / "answers_fuzz_node.py"


def run(count: int, seed: int, limit_s: float = 3600) -> str:
    """What the script on the node prints.  Raises CalledProcessError where it failed."""
    ran = subprocess.run(
        [*find_interpreter().command, str(_NODE), str(count), str(seed)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=limit_s,
        env={**os.environ, "MICROPYPATH": f"{firmware_dir()}:.frozen"},
    )
    return ran.stdout


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--count", type=int, default=200_000)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    print(run(asked.count, asked.seed), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
