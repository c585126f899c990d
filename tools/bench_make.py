"""How long `nodewright make` takes: from nothing to a certificate, and four nodes side by side.

    python tools/bench_make.py

The first figure is of an empty folder and an empty cache of compiled modules, with `new`, `make`
and `verify` as processes of their own, as a user has them.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS, NODES = 3, 4
LIKE = """
[nodes.pump-{n}]
like = "pump-1"
sensors.acc.point = "pump-{n}/drive-end"

[assets.pump-{n}]
like = "pump-1"
title = "Cooling water pump {n}"
"""


def run(folder: Path, *words: str) -> float:
    """Seconds that a command took; it must do what it was asked."""
    begun_s = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "nodewright", *words],
        cwd=folder,
        env={**os.environ, "XDG_CACHE_HOME": str(folder.parent / "cache")},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.monotonic() - begun_s


def main() -> None:
    whole, again, one, four, verify = [], [], [], [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            top = Path(folder) / "work"
            top.mkdir()
            began = run(top, "new", "f")
            made = run(top / "f", "make", "pump-1", "--virtual")
            verify.append(run(top / "f", "verify", "validation/pump-1.html"))
            whole.append(began + made)
            again.append(run(top / "f", "make", "pump-1", "--virtual"))
            with (top / "f" / "fleet.toml").open("a") as file:
                file.write("".join(LIKE.format(n=n) for n in range(2, NODES + 1)))
            one.append(run(top / "f", "make", "pump-2", "--virtual"))
            names = [f"pump-{n}" for n in range(1, NODES + 1)]
            four.append(run(top / "f", "make", *names, "--virtual"))
    for what, seconds in (
        ("new and make --virtual, from nothing", whole),
        ("make again", again),
        ("verify", verify),
        ("make of one more", one),
        (f"make of {NODES} at once", four),
    ):
        spread = f"{min(seconds):.1f} to {max(seconds):.1f}"
        print(f"{what}: {statistics.median(seconds):.1f} s ({spread})")
    print(f"{NODES} at once take {statistics.median(four) / statistics.median(one):.2f} x one")
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
