"""How fast boards are flashed: through the REPL beside mpremote's own copy, four at once, esptool.

python tools/bench_flash.py [--bytes N]
"""

import argparse
import base64
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from nodewright import boards
from nodewright.flash import agent, esp, raw_repl
from nodewright.image.filesystem import pack
from nodewright.image.node import NodeImage
from nodewright.image.whole import assemble
from nodewright.link.repl import Repl
from nodewright.virtual import VirtualBoard
from system.esp_rom_twin import EspRomTwin
from system.flash_rig import Heard, bare, fleet, job, made_for_virtual
from system.slow_line import SlowLine
from system.virtual_rig import facts

_ROUNDS = 5
_WHOLE_BYTES = 2_000_000  # of MicroPython 1.29 for an ESP32, 1.7 MB, and the files behind it


def _seconds(what: Callable[[], object]) -> float:
    begun_s = time.monotonic()
    what()
    return time.monotonic() - begun_s


def _repl(count: int) -> None:
    """The same bytes through our agent and through mpremote's, on one port."""
    data = os.urandom(count)
    with bare() as virtual:
        facts(virtual)
        with Repl(virtual.port, answer_s=60) as repl:
            repl.ask(agent.CODE)

            def ours() -> None:
                repl.begin(agent.call("put", "/bench.bin", len(data)))
                for at in range(0, len(data), agent.CHUNK_BYTES):
                    assert repl.take(1) == b"."
                    repl.send(base64.b64encode(data[at : at + agent.CHUNK_BYTES]) + b"\n")
                repl.finish()

            def theirs() -> None:
                repl._serial.deadline_s = time.monotonic() + 60
                repl._line.fs_writefile("/bench.bin", data)

            ours_s = min(_seconds(ours) for _ in range(3))
            theirs_s = min(_seconds(theirs) for _ in range(3))
    print(f"raw REPL, {count} bytes: {count / ours_s / 1000:.0f} kB/s, each byte hashed;", end=" ")
    print(f"mpremote fs cp {count / theirs_s / 1000:.0f} kB/s: {theirs_s / ours_s:.1f} x")


def _whole(folder: Path) -> None:
    """A whole node, alone and four at once, each time on boards that are new; then unchanged.

    The first round warms up and does not count.
    """
    made = made_for_virtual(folder)

    def one(port: str) -> None:
        raw_repl.program(job(made, port, boot_s=0), Heard(), threading.Event())

    alone_s, four_s, again_s, host_s = [], [], [], []
    for _ in range(_ROUNDS + 1):
        with _boards(5) as virtuals:
            first = virtuals[0]
            host = time.process_time()
            alone_s.append(_seconds(partial(one, first.port)))
            host_s.append(time.process_time() - host)
            four_s.append(_at_once(one, [virtual.port for virtual in virtuals[1:]]))
            again_s.append(_seconds(partial(one, first.port)))
    alone, four, again, host = (median(took[1:]) for took in (alone_s, four_s, again_s, host_s))
    size = sum(map(len, made.files.values()))
    print(f"node of {len(made.files)} files, {size} bytes: {alone:.2f} s (median of", end=" ")
    print(f"{_ROUNDS}), of CPU here {host:.2f} s;", end=" ")
    print(f"four at once {four:.2f} s, {four / alone:.2f} x, on {os.cpu_count()} cores;", end=" ")
    print(f"unchanged {again:.2f} s")


@contextmanager
def _boards(count: int) -> Iterator[list[VirtualBoard]]:
    """So many that have started."""
    with ExitStack() as stack:
        virtuals = [
            stack.enter_context(bare(unique_id=f"e6614c311b7e6f{n:02x}")) for n in range(count)
        ]
        for virtual in virtuals:
            facts(virtual)
        yield virtuals


def _at_once(one: Callable[[str], None], ports: list[str]) -> float:
    with ThreadPoolExecutor(len(ports)) as pool:
        return _seconds(lambda: list(pool.map(one, ports)))


def _paced(folder: Path, baud: int) -> None:
    """A whole node over a line with a pace of its own, alone and four at once.

    Boards that are no processes of this machine are bound by their lines and their flash, not by
    its cores: what counts is whether the host serves four as it serves one.
    """
    made = made_for_virtual(folder)

    def one(port: str) -> None:
        raw_repl.program(job(made, port, boot_s=0), Heard(), threading.Event())

    with _boards(5) as virtuals, ExitStack() as stack:
        ports = [stack.enter_context(SlowLine(virtual.port, baud)).port for virtual in virtuals]
        alone_s = _seconds(lambda: one(ports[0]))
        host = time.process_time()
        four_s = _at_once(one, ports[1:])
        host = time.process_time() - host
    print(f"node over a line of {baud} baud: {alone_s:.1f} s; four at once", end=" ")
    print(f"{four_s:.1f} s, {four_s / alone_s:.2f} x; {host:.1f} s of CPU here, lines too")


def _slow(folder: Path) -> None:
    """A whole node over a UART of 115200 baud to a board without `deflate`."""
    made = made_for_virtual(folder)
    raw_repl._SLOW_BYTES_A_S = 0
    with bare() as virtual:
        facts(virtual)
        with SlowLine(virtual.port) as line:
            say = Heard()
            begin = job(made, line.port, boot_s=0)
            took_s = _seconds(lambda: raw_repl.program(begin, say, say.asked))
    print(f"the same at 115200 baud, not deflated: {took_s:.1f} s")


def _esptool(folder: Path) -> None:
    """All files of a node through esptool, at the line's own pace; alone, and four at once.

    Then as much as MicroPython and the files are together: bytes that deflate to a half.
    """
    made = made_for_virtual(folder)
    board = boards.load("esp32")
    data = pack(board, made.files)
    made = replace(made, board=board, flash=assemble(board, data, runtime=None))

    whole = os.urandom(_WHOLE_BYTES // 2).hex().encode()
    as_whole = replace(made, flash=replace(made.flash, data=whole, offset_bytes=0))

    def one(baud: int, what: NodeImage = made) -> tuple[int, float, float]:
        with EspRomTwin() as twin:
            outcome = esp.program(
                job(what, twin.port, boot_s=0, baud=baud), Heard(), threading.Event()
            )
        return outcome.sent_bytes, outcome.seconds, outcome.wire_s or 0.0

    for baud, what in ((460_800, as_whole), (115_200, made), (460_800, made)):
        sent, took_s, wire_s = one(baud, what)
        print(f"esptool, {sent / 1000:.0f} kB deflated at {baud} baud: {took_s:.1f} s,", end=" ")
        print(f"the line alone {wire_s:.1f} s (+{(took_s / wire_s - 1) * 100:.0f} %)")
    with ThreadPoolExecutor() as pool:
        four_s = _seconds(lambda: list(pool.map(one, [460_800] * 4)))
    print(f"esptool, four at once: {four_s:.1f} s, {four_s / took_s:.2f} x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=int, default=200_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nodewright-bench-") as folder:
        north = fleet(Path(folder) / "f")
        _repl(given.bytes)
        _whole(north)
        for baud in (1_000_000, 115_200):
            _paced(north, baud)
        _slow(north)
        _esptool(north)


if __name__ == "__main__":
    main()
