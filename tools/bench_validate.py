"""How long validations take: one node, four at once, and what of it is work.

    tools/bench_validate.py [--at-once N] [--rounds N] [--runtime cpython]
    tools/bench_validate.py --baud 115200 [--at-once N] [--rounds N]

A fleet of its own, in a folder for temporary files, on virtual boards of this computer.

An outage lasts a second, whatever else is done: "without its rest" is what the slowest validation
of a round took but for the time in which nothing but the end of that second was waited for.

--baud: boards at their ports instead, each behind a line of that rate, with the fleet's broker
running.  Such a board is bound by its line as a real one is by its own processor, where virtual
boards share the cores of this computer: what counts is whether the host serves four as one.
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
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from nodewright import broker
from nodewright.flash import raw_repl
from nodewright.flash.job import Job
from nodewright.fleet import template
from nodewright.fleet.load import FILE
from nodewright.fleet.secret import Secrets
from nodewright.offline import choose_runtime
from nodewright.pki.create import create_ca
from nodewright.provision import provision
from nodewright.validate.result import Validation
from nodewright.validate.run import validate
from system import make_rig
from system.slow_line import SlowLine

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


def without_rest_s(found: list[Validation]) -> float:
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


def at_ports(count: int, rounds: int, baud: int) -> int:
    """One board behind its line, then several at once."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        hub = broker.start("auto", None)
        stack.callback(hub.stop)
        folder = make_rig.fleet(Path(name) / "north", hub.port, count)
        ports = []
        for number in range(1, count + 1):
            node, chip = f"pump-{number}", f"e6614c311b7e6f{number:02x}"
            board = stack.enter_context(make_rig.at_port(folder, node, chip))
            made = Job(make_rig.image_of(folder, node), board.port, boot_s=0)
            raw_repl.program(made, lambda _: None, threading.Event())
            ports.append(stack.enter_context(SlowLine(board.port, baud)).port)

        def one(number: int) -> Validation:
            return validate(
                *(folder, f"pump-{number + 1}", ports[number]),
                say=lambda *_: None,
                asked=threading.Event(),
            )

        medians = []
        for several in (1, count):
            took = []
            for _ in range(rounds):
                begun_s = time.monotonic()
                with ThreadPoolExecutor(several) as pool:
                    found = list(pool.map(one, range(several)))
                took.append(time.monotonic() - begun_s)
                bad = [case.case for one in found for case in one.cases if case.verdict == "fail"]
                if bad:
                    print(f"failed: {bad}")
                    return 1
            medians.append(statistics.median(took))
            print(
                f"{several} at ports of {baud} baud: {medians[-1]:.2f} s (of {rounds}: "
                f"{min(took):.2f} to {max(took):.2f})"
            )
    print(f"{count} at once take {medians[1] / medians[0]:.2f} times one")
    print(f"load {os.getloadavg()[0]:.1f}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--at-once", type=int, default=4, help="how many side by side (4)")
    parser.add_argument("--rounds", type=int, default=3, help="of each, the median counts (3)")
    parser.add_argument("--runtime", help="micropython or cpython")
    parser.add_argument("--baud", type=int, help="boards at ports of that rate")
    given = parser.parse_args()
    if given.baud:
        return at_ports(given.at_once, given.rounds, given.baud)
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
                without.append(without_rest_s(found))
                bad = [case.case for one in found for case in one.cases if case.verdict == "fail"]
                if bad:
                    print(f"failed: {bad}")
                    return 1
            medians.append((statistics.median(took), statistics.median(without)))
            print(
                f"{count} at once: {medians[-1][0]:.2f} s (of {given.rounds}: {min(took):.2f} to "
                f"{max(took):.2f}), {statistics.median(work) / count:.2f} s of work each; without "
                f"its rest {medians[-1][1]:.2f} s ({min(without):.2f} to {max(without):.2f})"
            )
            if count == 1:
                cases = sorted(found[0].cases, key=lambda case: -case.seconds)
                for case in cases[:_LONGEST]:
                    print(f"  {case.case:24} {case.seconds:.2f} s")
        whole, rest = (medians[1][at] / medians[0][at] for at in (0, 1))
        print(f"{given.at_once} at once take {whole:.2f} times one, {rest:.2f} without its rest")
        print(f"load {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
