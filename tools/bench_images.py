"""How long images take: one and a hundred, with modules compiled anew and with those kept.

    python tools/bench_images.py [--nodes 100] [--board BOARD]... [--runtime FILE]

The goals are those of docs/decisions/0016-images.md: one within 2 s, 100 on two cores within 60 s,
each as the command that a person types, its start and the check of the fleet with it. Beside each
stands the time of a core that it took: the clock on the wall tells of other work, too.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from nodewright import provision
from nodewright.fleet import template
from nodewright.fleet.load import FILE
from nodewright.fleet.secret import Secrets
from nodewright.pki.create import create_ca

_ONE_S, _HUNDRED_S = 2.0, 60.0
_BOARDS = ("virtual", "pico_w", "pico2_w", "esp32")


def make_fleet(folder: Path, count: int, board: str) -> None:
    """A fleet of so many nodes, all provisioned."""
    template.create(folder, "bench", lambda at: create_ca(at, "bench"))
    path = folder / FILE
    text = path.read_text(encoding="utf-8").replace('board = "virtual"', f'board = "{board}"')
    node = text[text.index("[nodes.pump-1]") :]
    more = (node.replace("nodes.pump-1", f"nodes.pump-{n}") for n in range(2, count + 1))
    path.write_text("\n".join([text, *more]), encoding="utf-8")
    for number in range(1, count + 1):
        provision.provision(folder, f"pump-{number}", Secrets(folder))


def timed(fleet: Path, home: Path, *words: str) -> tuple[float, float]:
    """Seconds by the clock and of CPU that a `nodewright image` takes, in an empty home."""
    environment = {
        **os.environ,
        "NODEWRIGHT_CACHE": str(home / "cache"),
        "NODEWRIGHT_HOME": str(home / "data"),
    }
    begin_s, before_s = time.perf_counter(), _children_s()
    subprocess.run(
        [sys.executable, "-m", "nodewright", "image", *words, "--fleet", str(fleet), "--json"],
        env=environment,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - begin_s, _children_s() - before_s


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(board: str, nodes: int, runtime: str) -> bool:
    """Print the lines of a board; whether it missed a goal."""
    with tempfile.TemporaryDirectory(prefix="bench-images-") as name:
        home = Path(name)
        fleet = home / "fleet"
        make_fleet(fleet, nodes, board)
        more = ["--runtime", runtime]
        one = ["pump-1", "-o", str(home / "one"), *more]
        anew = timed(fleet, home, *one)
        kept = timed(fleet, home, *one)
        whole = timed(fleet, home, "--all", "-o", str(home / "all"), *more)
        size = sum(path.stat().st_size for path in (home / "all").iterdir())
    goal_s = _HUNDRED_S * nodes / 100
    print(f"{board}, {size >> 20} MB in all, load {os.getloadavg()[0]:.1f}")
    for what, (wall_s, cpu_s), most_s in (
        ("one, everything compiled", anew, _ONE_S),
        ("one, modules kept", kept, _ONE_S),
        (f"{nodes}, modules kept", whole, goal_s),
    ):
        print(f"  {what:26}{wall_s:6.2f} s   goal {most_s:g} s   CPU {cpu_s:.2f} s", flush=True)
    return anew[0] > _ONE_S or kept[0] > _ONE_S or whole[0] > goal_s


def main() -> int:
    """Print what each board takes; 1 where a goal was missed."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--nodes", type=int, default=100)
    asked.add_argument("--board", action="append", help=f"else {', '.join(_BOARDS)}")
    asked.add_argument("--runtime", default="none", help="a MicroPython for that board")
    given = asked.parse_args()
    missed = [measure(board, given.nodes, given.runtime) for board in given.board or _BOARDS]
    return int(any(missed))


if __name__ == "__main__":
    sys.exit(main())
