"""How long images take: one and a hundred, with modules compiled anew and with those kept.

    python tools/bench_images.py --nodes 100 --board pico_w --runtime FILE

The goals are those of docs/decisions/0016-images.md: one within 2 s, 100 on two cores within 60 s,
each as the command that a person types, its start and the check of the fleet with it.
"""

import argparse
import os
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


def timed(fleet: Path, home: Path, *words: str) -> float:
    """Seconds that a `nodewright image` takes, with its own cache and no data of the user's."""
    environment = {
        **os.environ,
        "NODEWRIGHT_CACHE": str(home / "cache"),
        "NODEWRIGHT_HOME": str(home / "data"),
    }
    begin_s = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "nodewright", "image", *words, "--fleet", str(fleet), "--json"],
        env=environment,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - begin_s


def main() -> int:
    """Print a line a measurement; 1 where a goal was missed."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--nodes", type=int, default=100)
    asked.add_argument("--board", default="pico_w")
    asked.add_argument("--runtime", default="none", help="a MicroPython for that board")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-images-") as name:
        home = Path(name)
        fleet = home / "fleet"
        make_fleet(fleet, given.nodes, given.board)
        more = ["--runtime", given.runtime]
        one = ["pump-1", "-o", str(home / "one"), *more]
        every = ["--all", "-o", str(home / "all"), *more]
        anew = timed(fleet, home, *one)
        kept = timed(fleet, home, *one)
        whole = timed(fleet, home, *every)
        size = sum(path.stat().st_size for path in (home / "all").iterdir())
    goal_s = _HUNDRED_S * given.nodes / 100
    print(f"one, everything compiled   {anew:6.2f} s")
    print(f"one, modules kept          {kept:6.2f} s   goal {_ONE_S:g} s")
    print(f"{given.nodes}, modules kept{whole:18.2f} s   goal {goal_s:g} s, {size >> 20} MB")
    return int(anew > _ONE_S or kept > _ONE_S or whole > goal_s)


if __name__ == "__main__":
    sys.exit(main())
