"""How long validations take: one node, four at once, and what of it is work.

    tools/bench_validate.py [--at-once N] [--rounds N] [--runtime cpython]

A fleet of its own, in a folder for temporary files, on virtual boards of this computer.
"""

import argparse
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


def _cpu_s() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--at-once", type=int, default=4, help="how many side by side (4)")
    parser.add_argument("--rounds", type=int, default=3, help="of each, the median counts (3)")
    parser.add_argument("--runtime", help="micropython or cpython")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = make(Path(name) / "bench", given.at_once)
        at_once(folder, 1, given.runtime)  # what is compiled once is no part of it
        medians = []
        for count in (1, given.at_once):
            took, work = [], []
            for _ in range(given.rounds):
                cpu_s = _cpu_s()
                seconds, found = at_once(folder, count, given.runtime)
                took.append(seconds)
                work.append(_cpu_s() - cpu_s)
                bad = [case.case for one in found for case in one.cases if case.verdict == "fail"]
                if bad:
                    print(f"failed: {bad}")
                    return 1
            medians.append(statistics.median(took))
            print(
                f"{count} at once: {medians[-1]:.2f} s (of {given.rounds}: {min(took):.2f} to "
                f"{max(took):.2f}), {statistics.median(work):.2f} s of work"
            )
            if count == 1:
                cases = sorted(found[0].cases, key=lambda case: -case.seconds)
                for case in cases[:_LONGEST]:
                    print(f"  {case.case:24} {case.seconds:.2f} s")
        print(f"{given.at_once} at once take {medians[1] / medians[0]:.2f} times one")
    return 0


if __name__ == "__main__":
    sys.exit(main())
