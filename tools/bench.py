"""`make bench`: every bench of tools/ in turn, each beside what it is compared with.

    python tools/bench.py [NAME ...]

NAME is one of node, mqtt, dsp, decimator, pico_dsp, capture, pico, memory, return, fleet,
fleet_check, images.

Figures are of this machine and this hour: compare within one run, not across two.
"""

import argparse
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).parent
NAMES = (
    *("node", "mqtt", "dsp", "decimator", "pico_dsp", "capture", "pico"),
    *("memory", "return", "fleet", "fleet_check", "images"),
)


def main() -> int:
    """Run the benches asked for; 1 where one failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    names = parser.parse_args().names or NAMES
    for name in names:
        if name not in NAMES:
            parser.error(f"{name!r} is not one of {', '.join(NAMES)}")
    worst = 0
    for name in names:
        print(f"\n== {name}", flush=True)
        worst = max(worst, subprocess.call([sys.executable, _HERE / f"bench_{name}.py"]))
    return min(worst, 1)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
