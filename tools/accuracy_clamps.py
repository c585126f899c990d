"""How far currents are off that go through a converter's twin, with its noise and non-linearity.

`python tools/accuracy_clamps.py`: of each converter the worst of RMS, frequency, THD and unbalance
over lines from 45 to 65 Hz, phases of the window, and currents from a tenth of the range to all of
it.  docs/performance.md has the table.
"""

import importlib
import sys
from math import sqrt
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "firmware")]


def load(name: str) -> Any:
    """A module of the firmware, which has type checks of its own."""
    return importlib.import_module(name)


load("sim.cpython").install()
analogue, rp2, wiring = load("sim.analogue"), load("sim.rp2"), load("sim.wiring")
I2C, SPI, Pin = load("sim.i2c").I2C, load("sim.spi").SPI, load("sim.pin").Pin
World = load("sim.world").World
drivers = load("node.drivers")
bus_module, frames_module = load("node.drivers.bus"), load("node.drivers.frames")
inputs_module, current_module = load("node.drivers.inputs"), load("node.current")
backend = load("node.dsp").backend("viper")

RANGE_A = 20.0  # RMS that fills a range of 3.3 V
LINES_HZ = (45.0, 49.9, 50.0, 54.3, 60.0, 65.0)
NEAR_50_HZ = (49.5, 49.9, 50.0, 50.5)  # of a rate so chosen that no harmonic passes for 50 Hz
SHARES = (0.1, 0.3, 1.0)
BALANCE = (1.0, 0.93, 1.06)
HARMONICS = ((5, 6.0, 20.0), (7, 4.0, -40.0), (11, 1.5, 0.0))
ADC_BUS: dict[str, Any] = {"kind": "adc"}
SPI_BUS: dict[str, Any] = {"kind": "spi", "id": 0, "sck": 18, "mosi": 19, "miso": 16, "cs": 17}
I2C_BUS: dict[str, Any] = {"kind": "i2c", "id": 0, "sda": 4, "scl": 5}


class Clock:
    """ticks_us, ticks_diff and sleep_us of a world."""

    def __init__(self, world: Any) -> None:
        self._world = world

    def ticks_us(self) -> int:
        now_us: int = self._world.now_us()
        return now_us

    def ticks_diff(self, a: int, b: int) -> int:
        return a - b

    def sleep_us(self, us: int) -> None:
        self._world.advance_us(us)


def open_file(path: str, mode: str) -> Any:
    """As a world's twins open files of the host."""
    return Path(path).open(mode, buffering=0)


def converter(
    chip: str,
    numbers: tuple[int, ...],
    source: dict[str, Any],
    wired: list[dict[str, Any]] | None = None,
) -> tuple[Any, Any]:
    """The driver of a chip, wired to its twin, and the world of it.

    wired: what stands at its inputs, as sim/clamps.py has it; None: a clamp of each phase.
    """
    world = World({}, open_file)
    clock = Clock(world)
    bias_v = 1.65
    rows = [
        {"input": number, "phase": phase, "per_volt": RANGE_A * sqrt(2) / 1.6, "bias_v": bias_v}
        for phase, number in enumerate(numbers)
    ]
    given: dict[str, Any] = {
        "chip": chip,
        "name": "clamps",
        "inputs": wired or rows,
        "address": 72,
        "cs": 17,
    }
    given["source"] = {"kind": "motor", **source}
    bus = {"rp2_adc": ADC_BUS, "mcp3208": SPI_BUS, "ads1115": I2C_BUS}[chip] | {"chips": [given]}
    Pin.world = SPI.world = I2C.world = world
    buses = wiring.build_buses({"buses": [bus]}, world)
    if chip == "rp2_adc":
        analogue.attach(world, buses)
        rp2.attach(world)
        port = SimpleNamespace(
            ADC=analogue.ADC,
            DMA=rp2.DMA,
            mem32=analogue.mem32,
            adc_base=0x4004_C000,
            adc_dreq=36,
            wide_codes=True,
        )
        return drivers.load("adc")(port, clock), world
    if chip == "mcp3208":
        SPI.buses = buses
        spi = SPI(0, 2_000_000, sck=Pin(18), mosi=Pin(19), miso=Pin(16))
        return drivers.load(chip)(
            frames_module.SPIFrames(spi, Pin(17, Pin.OUT, value=1), 2_000_000), clock
        ), world
    I2C.buses = buses
    i2c = I2C(0, sda=Pin(4), scl=Pin(5), freq=400_000)
    return drivers.load(chip)(bus_module.I2CRegisters(i2c, 72, 400_000), clock), world


class Case(NamedTuple):
    """One converter with clamps at its inputs; raw: its non-linearity is left as it is."""

    title: str
    chip: str
    numbers: tuple[int, ...]
    rate_hz: float
    samples: int
    full_scale_v: float
    raw: bool = False


def worst(case: Case) -> dict[str, float]:
    """The greatest error of each value: RMS in %, Hz, points of THD, points of unbalance."""
    _, chip, numbers, rate_hz, samples, full_scale_v, raw = case
    found = dict.fromkeys(("rms", "freq", "thd", "unbalance"), 0.0)
    thd_pct = sqrt(sum(part**2 for _, part, _ in HARMONICS))
    for share in SHARES:
        for line_hz in LINES_HZ if rate_hz > 1000 else NEAR_50_HZ:
            amps = RANGE_A * share / (1 + thd_pct / 100)
            source = {
                "amps": amps,
                "line_hz": line_hz,
                "balance": BALANCE,
                "harmonics": HARMONICS,
            }
            driver, world = converter(chip, numbers, source)
            if raw:
                driver._wide = 0
            driver.configure(rate_hz, samples, numbers, full_scale_v, 50)
            blocks, take = (
                inputs_module.make_blocks(len(numbers), samples),
                inputs_module.Take(len(numbers)),
            )
            current = current_module.Current(
                backend, samples, len(numbers), delays_us=take.skew_us
            )
            for _ in range(4):
                driver.begin()
                world.advance_us(driver.left_us())
                driver.finish(blocks, take)
                per_volt = RANGE_A * sqrt(2) / 1.6
                digits = [driver.per_digit(number) * per_volt for number in numbers]
                out: list[dict[str, float]] = [{} for _ in numbers]
                rate = (take.rate_hz, take.rate_ppm)
                current.compute(blocks, digits, *rate, current_module.KEYS, out, [{}, {}, {}])
                world.advance_us(7_345)  # another phase of the window
                for phase, values in enumerate(out):
                    true_a = amps * BALANCE[phase] * sqrt(1 + (thd_pct / 100) ** 2)
                    tell(found, "rms", 100 * (values.get("cur_rms_a", true_a) / true_a - 1))
                    tell(found, "freq", values.get("cur_freq_hz", line_hz) - line_hz)
                    tell(found, "thd", values.get("cur_thd_pct", thd_pct) - thd_pct)
                unbalance = 100 * (max(BALANCE) * 3 / sum(BALANCE) - 1)
                unbalance = max(unbalance, 100 * (1 - min(BALANCE) * 3 / sum(BALANCE)))
                tell(found, "unbalance", out[0].get("cur_unbalance_pct", unbalance) - unbalance)
    return found


def tell(found: dict[str, float], key: str, error: float) -> None:
    found[key] = max(found[key], abs(error))


def main() -> None:
    pins = (26, 27, 28)
    cases = (
        Case("RP2040, 3 x 8 kS/s", "rp2_adc", pins, 8000, 1024, 3.3),
        Case("the same, its wide codes left", "rp2_adc", pins, 8000, 1024, 3.3, True),
        Case("MCP3208, 3 x 3.2 kS/s", "mcp3208", (0, 1, 2), 3200, 1024, 3.3),
        Case("ADS1115, 1 x 520 S/s, 49.5 to 50.5 Hz", "ads1115", (0,), 520, 256, 4.096),
    )
    print("| converter | RMS, % | frequency, mHz | THD, points | unbalance, points |")
    print("| --- | --- | --- | --- | --- |")
    for case in cases:
        found = worst(case)
        cells = [f"{found['rms']:.2f}"] + ["-"] * 3
        if len(case.numbers) == 3:
            cells[1:] = [f"{1000 * found['freq']:.0f}"]
            cells += [f"{found['thd']:.2f}", f"{found['unbalance']:.2f}"]
        shown = [case.title, *cells]
        print("| " + " | ".join(shown) + " |")


if __name__ == "__main__":
    main()
