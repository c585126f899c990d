"""Drivers and capture, unchanged, on an emulated Pico: rates without loss, buses, CPU.

    PICO_UF2=... PICO_BOOTROM=... PICO_RP2040JS=... python tools/bench_pico.py [CHIP ...]

Without these (tools/pico/board.py says what they are) it says in one line what is missing, and
ends well.  Every accelerometer at each of its buses, and the thermometers, are twins on the host:
the bits on the wire take their time, and sample for sample comes when the chip makes it.  Capture
polls (`int1` null), which costs more than interrupts.  rp2040js has no misses of the flash's
cache: a chip is slower by these.

Rates are tried from the highest that the bus carries until three records of 1024 x 3 lose nothing.
CPU: all but sleeping, so the time of the bus belongs to it.
"""

import argparse
import json
import sys
import tempfile
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from pico.board import BOARD, LINE, PicoBoard, Tools, find

from nodewright import boards
from nodewright.image.compiler import compile_files
from wire import chips

_TONE_SAMPLES = 997
_SETTLE_MS = 700  # the console is heard from then on

_START = """
import gc, json, time
time.sleep_ms({settle_ms})
from machine import I2C, SPI, Pin
from node import drivers
from node.drivers.bus import I2CRegisters, SPIRegisters
def say(**facts):
    print("bench", json.dumps(facts))
def registers(chip, kind, address, rate_hz):
    if kind == "i2c":
        return I2CRegisters(I2C(0, sda=Pin(4), scl=Pin(5), freq=rate_hz), address, rate_hz)
    mode = drivers.CHIPS[chip][2]
    pins = dict(sck=Pin(18), mosi=Pin(19), miso=Pin(16))
    cs = Pin(17, Pin.OUT, value=1)
    spi = SPI(0, baudrate=rate_hz, polarity=mode >> 1, phase=mode & 1, **pins)
    return SPIRegisters(spi, cs, rate_hz)
"""

_ACCELEROMETER = """
from node.capture import Capture
class Clock:
    slept_us = 0
    ticks_us, ticks_diff = time.ticks_us, time.ticks_diff
    def sleep_us(self, us):
        begin = time.ticks_us()
        time.sleep_us(us)
        self.slept_us += time.ticks_diff(time.ticks_us(), begin)
clock = Clock()
clock.ticks_us, clock.ticks_diff = time.ticks_us, time.ticks_diff
sensor = drivers.load({chip!r})(registers({chip!r}, {kind!r}, {address!r}, {rate_hz!r}))
capture = Capture(1024, None, clock)
for odr_hz in {rates!r}:
    sensor.configure(odr_hz, sensor.range_g)
    capture.record(sensor)
    lost = us = clock.slept_us = 0
    known = True
    say(begin=odr_hz)
    for _ in range(3):
        gc.collect()
        begin = time.ticks_us()
        record = capture.record(sensor)
        us += time.ticks_diff(time.ticks_us(), begin)
        lost += record.overruns + record.gaps
        known = known and record.rate_known
    busy_us = us - clock.slept_us
    say(end=odr_hz, lost=lost, known=known, hz=record.measured_hz, us=us, busy_us=busy_us)
    if not lost:
        break
say(done=1)
"""

_THERMOMETER = """
def spent(what):
    begin = time.ticks_us()
    value = what()
    return time.ticks_diff(time.ticks_us(), begin), value
if {chip!r} == "ds18b20":
    import _onewire
    from node.drivers.onewire import OneWire, OneWireDevice
    line = OneWire(_onewire, Pin({line!r}, Pin.OPEN_DRAIN, Pin.PULL_UP))
    make = lambda: drivers.load({chip!r})(OneWireDevice(line))
else:
    make = lambda: drivers.load({chip!r})(registers({chip!r}, {kind!r}, {address!r}, {rate_hz!r}))
found_us, sensor = spent(make)
begin_us, _ = spent(sensor.begin)
time.sleep_us(sensor.wait_us)
read_us, celsius = spent(sensor.read_c)
say(found_us=found_us, begin_us=begin_us, wait_us=sensor.wait_us, read_us=read_us, c=celsius)
say(done=1)
"""


@dataclass(frozen=True)
class Result:
    """Of one rate of one chip."""

    odr_hz: float
    lost: int
    hz: float  # as capture has measured it
    busy: float  # share of the CPU
    bus: float  # share of the bus


def _files(main: str, cache: Path) -> dict[str, bytes]:
    compiled = compile_files(boards.load(BOARD).arch, ("wire", "node"), cache)
    return {**compiled, "/main.py": main.encode()}


def _told(board: PicoBoard) -> Any:
    """(line, facts) of each thing that the program says; ends with it."""
    for line in board.lines():
        if line.text.startswith("bench "):
            facts = json.loads(line.text[6:])
            if "done" in facts:
                return
            yield line, facts
        elif line.text:
            print(f"  board: {line.text}", file=sys.stderr)
    raise RuntimeError("the emulator has ended by itself")


def _bus(chip: str, kind: str, address: int, folder: Path) -> dict[str, Any]:
    """The bus of a description, with one twin that feels a tone, or 21.5 degC."""
    twin: dict[str, Any] = {"chip": chip, "name": chip, "seed": 1, "source": 21.5}
    if chips.ROWS[chip]["kind"] == "accelerometer":
        tone = [
            (i * 7919 + axis * 31) % 401 - 200 for i in range(_TONE_SAMPLES) for axis in range(3)
        ]
        source = folder / "tone.bin"
        source.write_bytes(array("i", tone).tobytes())
        play = {"kind": "samples", "path": str(source), "channels": 3, "scale_g": 0.001}
        twin["source"] = {**play, "rate_hz": 4000}
        twin["clock_error_ppm"] = 4000
    if kind == "onewire":
        return {"kind": kind, "pin": LINE, "chips": [{**twin, "rom": _rom()}]}
    if kind == "i2c":
        return {"kind": kind, "id": 0, "sda": 4, "scl": 5, "chips": [{**twin, "address": address}]}
    pins = {"sck": 18, "mosi": 19, "miso": 16, "cs": 17}
    return {"kind": kind, "id": 0, **pins, "chips": [twin]}


def _rom() -> str:
    """A DS18B20's ROM code, with its CRC."""
    from sim.onewire import crc8

    code = bytes.fromhex("2879a216030000")
    return (code + bytes((crc8(code),))).hex()


def measure(tools: Tools, chip: str, kind: str, folder: Path) -> list[Result]:
    """Each rate that was tried of an accelerometer, the last without loss, if any was."""
    row = chips.ROWS[chip]
    rate_hz, address = row["most_hz"][kind], (row["address"] or (0,))[0]
    rates = chips.carried_hz(chip, rate_hz)
    text = _START.format(settle_ms=_SETTLE_MS) + _ACCELEROMETER.format(
        chip=chip, kind=kind, address=address, rate_hz=rate_hz, rates=rates
    )
    found = []
    with PicoBoard(
        tools, _files(text, folder), _bus(chip, kind, address, folder), folder
    ) as board:
        begun = None
        for line, facts in _told(board):
            if "begin" in facts:
                begun = line
                continue
            assert begun is not None
            bus = (line.busy_us - begun.busy_us) / facts["us"]
            busy = facts["busy_us"] / facts["us"]
            found.append(Result(facts["end"], facts["lost"], facts["hz"], busy, bus))
    return found


def temperature(tools: Tools, chip: str, folder: Path) -> Mapping[str, float]:
    """What a thermometer's driver takes of the CPU, us, and what it reads."""
    row = chips.ROWS[chip]
    kind = row["buses"][0]
    address = (row["address"] or (0,))[0]
    text = _START.format(settle_ms=_SETTLE_MS) + _THERMOMETER.format(
        chip=chip, kind=kind, address=address, rate_hz=row["most_hz"].get(kind), line=LINE
    )
    files = _files(text, folder)
    with PicoBoard(tools, files, _bus(chip, kind, address, folder), folder) as board:
        (told,) = _told(board)
    facts: Mapping[str, float] = told[1]
    return facts


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    every = [*chips.of_kind("accelerometer"), *chips.of_kind("temperature")]
    parser.add_argument("chips", nargs="*", metavar="CHIP", help="; ".join(every))
    given = parser.parse_args()
    tools = find()
    if isinstance(tools, str):
        print(tools)
        return 0
    wanted = given.chips or every
    with tempfile.TemporaryDirectory(prefix="nodewright-pico-") as name:
        folder = Path(name)
        head = (
            "chip      bus           its most  bus carries  no loss  share    CPU    bus  measured"
        )
        print(head)
        for chip in chips.of_kind("accelerometer"):
            for kind in chips.ROWS[chip]["buses"] if chip in wanted else ():
                _print(chip, kind, measure(tools, chip, kind, folder))
        for chip in chips.of_kind("temperature"):
            if chip in wanted:
                facts = temperature(tools, chip, folder)
                print(
                    f"{chip:9} found {facts['found_us']} us, begin() {facts['begin_us']} us, ",
                    end="",
                )
                print(
                    f"conversion {facts['wait_us']} us, read_c() {facts['read_us']} us: ", end=""
                )
                print(f"{facts['c']:.4f} degC", flush=True)
    return 0


def _print(chip: str, kind: str, tried: list[Result]) -> None:
    row = chips.ROWS[chip]
    most_hz, best = row["rates_hz"][0], tried[-1]
    best_hz = 0.0 if best.lost else best.odr_hz
    clock = f"{kind} {row['most_hz'][kind] / 1e6:g} MHz"
    print(f"{chip:9} {clock:13} {most_hz:8g} {tried[0].odr_hz:12g} {best_hz:8g} ", end="")
    print(f"{best_hz / most_hz:6.0%} {best.busy:6.0%} {best.bus:6.0%}  {best.hz:g} Hz", flush=True)


if __name__ == "__main__":
    sys.exit(main())
