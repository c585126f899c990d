"""How long validations take: one node, four at once, and what of it is work.

    tools/bench_validate.py [--at-once N] [--rounds N] [--runtime cpython]

A fleet of its own, in a folder for temporary files, on virtual boards of this computer.

In an outage a node waits for 0 to 3 s, at random, before it calls again.  Four at once wait for
the longest of four such pauses, so this wait is told apart: "without" is what the slowest
validation of a round took but for the time in which nothing but that call was waited for.
"""

import argparse
import gc
import os
import resource
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nodewright.fleet import template
from nodewright.fleet.load import FILE
from nodewright.fleet.secret import Secrets
from nodewright.offline import choose_runtime
from nodewright.pki.create import create_ca
from nodewright.provision import provision
from nodewright.validate.result import Validation
from nodewright.validate.run import validate

_LONGEST = 8


def make(folder: Path, nodes: int) -> Path:
    """The example's fleet with so many nodes, each with its identity."""
    template.create(folder, "bench", lambda at: create_ca(at, "bench"))
    text = (folder / FILE).read_text(encoding="utf-8")
    node = text[text.index("[nodes.pump-1]") :]
    more = (node.replace("nodes.pump-1", f"nodes.pump-{n}") for n in range(2, nodes + 1))
    (folder / FILE).write_text("\n".join([text, *more]), encoding="utf-8")
    for number in range(1, nodes + 1):
        provision(folder, f"pump-{number}", Secrets(folder))
    return folder


def at_once(folder: Path, count: int, runtime: str | None) -> tuple[float, list[Validation]]:
    """Seconds that so many side by side take, and what they came to."""
    runs = choose_runtime(runtime)

    def one(number: int) -> Validation:
        return validate(
            *(folder, f"pump-{number}", None),
            say=lambda *_: None,
            asked=threading.Event(),
            runtime=runs,
        )

    begun_s = time.monotonic()
    with ThreadPoolExecutor(count) as pool:
        found = list(pool.map(one, range(1, count + 1)))
    return time.monotonic() - begun_s, found


def without_pause_s(found: list[Validation]) -> float:
    """Seconds of the slowest, but for its wait for the node's next call."""
    return max(
        one.seconds - float(case.details.get("paused_s", 0.0))
        for one in found
        for case in one.cases
        if case.case == "uplink.outage"
    )


def _cpu_s() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--at-once", type=int, default=4, help="how many side by side (4)")
    parser.add_argument("--rounds", type=int, default=3, help="of each, the median counts (3)")
    parser.add_argument("--runtime", help="micropython or cpython")
    given = parser.parse_args()
    gc.freeze()  # as the program does
    with tempfile.TemporaryDirectory() as name:
        folder = make(Path(name) / "bench", given.at_once)
        at_once(folder, 1, given.runtime)  # what is compiled once is no part of it
        medians: list[tuple[float, float]] = []
        for count in (1, given.at_once):
            took, work, without = [], [], []
            for _ in range(given.rounds):
                cpu_s = _cpu_s()
                seconds, found = at_once(folder, count, given.runtime)
                took.append(seconds)
                work.append(_cpu_s() - cpu_s)
                without.append(without_pause_s(found))
                bad = [case.case for one in found for case in one.cases if case.verdict == "fail"]
                if bad:
                    print(f"failed: {bad}")
                    return 1
            medians.append((statistics.median(took), statistics.median(without)))
            print(
                f"{count} at once: {medians[-1][0]:.2f} s (of {given.rounds}: {min(took):.2f} to "
                f"{max(took):.2f}), {statistics.median(work) / count:.2f} s of work each; without "
                f"the pause {medians[-1][1]:.2f} s ({min(without):.2f} to {max(without):.2f})"
            )
            if count == 1:
                cases = sorted(found[0].cases, key=lambda case: -case.seconds)
                for case in cases[:_LONGEST]:
                    print(f"  {case.case:24} {case.seconds:.2f} s")
        whole, rest = (medians[1][at] / medians[0][at] for at in (0, 1))
        print(f"{given.at_once} at once take {whole:.2f} times one, {rest:.2f} without the pause")
        print(f"load {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
