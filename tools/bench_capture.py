"""Per accelerometer: the highest rate without loss, in real time, on this machine.

    python tools/bench_capture.py [CHIP ...] [--records 3]

The firmware's own driver and capture on a virtual board on the wall clock, each chip at its best
bus; its rates are tried from the highest that the bus carries, until no record loses a sample.
Chip and bus are twins in the same process, and the CPU's share contains them: they are most of it.
What an RP2040 does at these rates, tools/bench_pico.py measures.
"""

import argparse
import os
import sys
import tempfile
from array import array
from dataclasses import dataclass
from pathlib import Path

from nodewright import boards
from nodewright.console import Event
from nodewright.demo.plan import NodePlan, make_plans, network_spec
from nodewright.image import image_files, pack
from nodewright.interpreter import find_interpreter
from nodewright.virtual import VirtualBoard
from wire import chips

_WAIT_S = 60.0
_TRIES = 3  # of a rate, before it is called too high: the host has other work
_TICKS = os.sysconf("SC_CLK_TCK")
_PORT = 1883  # of no broker: the program below talks to none
_TONE_SAMPLES = 997

_MAIN = """
import time
from node import drivers, hal
from node.capture import Capture
from node.console import event
chip, bus, int1, range_g, rates, records, tries = {arguments!r}
sensor = drivers.load(chip)(hal.registers(bus, drivers.CHIPS[chip][2]))
irq = hal.interrupt_pin(int1)
number, lost = 0, 1
for odr_hz in rates:
    sensor.configure(odr_hz, range_g)
    capture = Capture(4096 if odr_hz > 3000 else 1024, irq)
    for _ in range(tries):
        event("begin", number=number)
        capture.record(sensor)
        lost = 0
        begin = time.ticks_us()
        for _ in range(records):
            record = capture.record(sensor)
            lost += record.overruns + record.gaps
        us = time.ticks_diff(time.ticks_us(), begin)
        event("end", number=number, odr=odr_hz, lost=lost, us=us)
        number += 1
        if not lost:
            break
    capture = record = None
    if not lost:
        break
event("done")
"""


@dataclass(frozen=True)
class Result:
    """Of one rate of one chip."""

    odr_hz: float
    lost: int
    cpu: float  # of one core, twins included


def cpu_s(pid: int) -> float:
    """CPU time of a process so far; Linux only, else 0."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def carried_hz(plan: NodePlan) -> list[float]:
    """The chip's rates that its bus carries, the highest first."""
    return chips.carried_hz(plan.instrument.chip, plan.instrument.bus_rate_hz)


def measure(plan: NodePlan, records: int, folder: Path) -> list[Result]:
    """Each rate that was tried, the last without loss, if any was."""
    hardware, interpreter = boards.load("virtual"), find_interpreter()
    sensor, chip = plan.sensor, plan.instrument.chip
    rates = carried_hz(plan)
    source = folder / f"{chip}.bin"
    tone = [(i * 7919 + axis * 31) % 401 - 200 for i in range(_TONE_SAMPLES) for axis in range(3)]
    source.write_bytes(array("i", tone).tobytes())
    twins = plan.twins(
        {
            "kind": "samples",
            "path": str(source),
            "rate_hz": rates[0],
            "channels": 3,
            "scale_g": 0.001,
        }
    )
    twins["chips"][0].update(clock_error_ppm=0)
    arguments = (chip, sensor["bus"], sensor["int1"], sensor["range_g"], rates, records, _TRIES)
    files = image_files(hardware, plan.settings, arch=interpreter.mpy_arch or None)
    files["/main.py"] = _MAIN.format(arguments=arguments).encode()
    flash = hardware.flash
    spec = {
        "name": chip,
        "unique_id": f"{plan.seed:016x}",
        "seed": plan.seed,
        "realtime": True,
        "flash": {
            "block_bytes": flash.block_bytes,
            "prog_bytes": flash.prog_bytes,
            "read_bytes": flash.read_bytes,
            "lookahead_bytes": flash.lookahead_bytes,
        },
        "network": network_spec(),
        "buses": [twins],
    }
    found: list[Result] = []
    with VirtualBoard(pack(hardware, files), spec, interpreter, hardware.heap_bytes) as board:
        for number in range(_TRIES * len(rates)):

            def this(event: Event, number: int = number) -> bool:
                return event.facts["number"] == str(number)

            board.wait_for("begin", _WAIT_S, this)
            before_s = cpu_s(board.pid)
            facts = board.wait_for("end", _WAIT_S, this).facts
            # The record before the timed ones is in it, too.
            share = (cpu_s(board.pid) - before_s) / (int(facts["us"]) * 1e-6)
            share *= records / (records + 1)
            found.append(Result(float(facts["odr"]), int(facts["lost"]), share))
            if not found[-1].lost:
                break
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("chips", nargs="*", metavar="CHIP", help="; ".join(of_all()))
    parser.add_argument("--records", type=int, default=3, help="in a row without a loss")
    given = parser.parse_args()
    *plans, _ = make_plans(boards.load("virtual"), 0, 10.0, _PORT, every_sensor=True)
    print(f"{'chip':9} {'bus':>12} {'its most':>9} {'bus carries':>11} ", end="")
    print(f"{'no loss':>8} {'share':>6} {'CPU':>5}")
    with tempfile.TemporaryDirectory(prefix="nodewright-bench-") as folder:
        for plan in plans:
            instrument = plan.instrument
            if given.chips and instrument.chip not in given.chips:
                continue
            most_hz, bus_hz = chips.ROWS[instrument.chip]["rates_hz"][0], carried_hz(plan)[0]
            tried = measure(plan, given.records, Path(folder))
            best = tried[-1]
            best_hz = 0.0 if best.lost else best.odr_hz
            clock = f"{instrument.bus} {instrument.bus_rate_hz / 1e6:g} MHz"
            print(f"{instrument.chip:9} {clock:>12} {most_hz:9g} {bus_hz:11g} ", end="")
            print(f"{best_hz:8g} {best_hz / most_hz:6.0%} {best.cpu:5.0%}", flush=True)
    return 0


def of_all() -> list[str]:
    """The accelerometers."""
    return list(chips.of_kind("accelerometer"))


if __name__ == "__main__":
    sys.exit(main())
