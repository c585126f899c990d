"""What tools/accuracy.py compares: analytic signals of 16 and of 24 bits, and recordings."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from nodewright.offline import Block


@dataclass(frozen=True)
class Case:
    """One block and where it is from."""

    name: str
    block: Block
    shaft_hz: float

    @property
    def wide(self) -> bool:
        """Whether its digits have 24 bits."""
        return self.block.digits.itemsize == 4


def _case(
    name: str, x: NDArray[np.float64], rate_hz: float, shaft_hz: float, g: float = 0.0039
) -> Case:
    digits = np.clip(np.round(x), -32768, 32767).astype(np.int16)
    return Case(f"{name} {len(x)}@{rate_hz:g}", Block(digits, g, rate_hz), shaft_hz)


def wide(cases: Iterable[Case], bits: int = 8) -> Iterator[Case]:
    """Cases of 24 bits: the same in finer digits, with what 16 bits would have rounded away."""
    noise = np.random.default_rng(24)
    for case in cases:
        block = case.block
        fine = block.digits.astype(np.int32) << bits
        if np.ptp(fine):
            fine += noise.integers(0, 1 << bits, len(fine), dtype=np.int32)
        g_per_digit = block.g_per_digit / (1 << bits)
        name = f"24 bits: {case.name}"
        digits = cast("NDArray[np.int16]", fine)  # no node has blocks of these
        yield replace(
            case, name=name, block=replace(block, digits=digits, g_per_digit=g_per_digit)
        )


def analytic(lengths: Sequence[int] = (1024, 4096), rate_hz: float = 3200.0) -> Iterator[Case]:
    """Signals that try the number formats: levels, places between bins, pairs far apart."""
    noise = np.random.default_rng(20816)
    for count in lengths:
        n = np.arange(count)
        turn = 2 * np.pi * n / count
        shaft_hz = 8.3 * max(rate_hz / count, 3.0)
        one = 2 * np.pi * n * shaft_hz / rate_hz
        for tenth in range(0, 10, 2):
            place = 37 + tenth / 10
            yield _case(f"tone at bin {place}", 9000 * np.sin(place * turn + 1), rate_hz, shaft_hz)
        pair = np.sin(one) + 0.01 * np.sin(0.31 * count * turn)
        yield _case("1x and a line 40 dB below", 20000 * pair, rate_hz, shaft_hz)
        for below_db in (56, 62, 80, 100):
            pair = np.sin(one) + 10 ** (-below_db / 20) * np.sin(0.31 * count * turn)
            yield _case(f"1x and a line {below_db} dB below", 32000 * pair, rate_hz, shaft_hz)
            pair = np.sin(0.31 * count * turn) + 10 ** (-below_db / 20) * np.sin(one)
            yield _case(f"a line and 1x {below_db} dB below", 32000 * pair, rate_hz, shaft_hz)
        pair = 5 * np.sin(0.4003 * count * turn) + 0.02 * np.sin(one + 0.5)
        yield _case("20 mg 1x under 5 g", pair / 0.0039, rate_hz, shaft_hz)
        pair = 5 * np.sin(0.4003 * count * turn) + 0.02 * np.sin(one + 0.5)
        yield _case("the same, 16 g in 16 bits", pair / 0.00049, rate_hz, shaft_hz, 0.00049)
        yield _case("full scale", 32767.4 * np.sign(np.sin(one)), rate_hz, shaft_hz)
        yield _case("one digit", (n // 7 % 2).astype(float), rate_hz, shaft_hz)
        yield _case("DC at the rail", 32600 + 160 * np.sin(one), rate_hz, shaft_hz)
        yield _case("silence", np.full(count, -32768.0), rate_hz, shaft_hz)
        yield _case("noise", 4000 * noise.normal(size=count), rate_hz, shaft_hz)
        yield _case("faint noise", 1.5 * noise.normal(size=count), rate_hz, shaft_hz)
        bursts = noise.normal(size=count) * np.exp(-(n % (count // 9)) / 6.0)
        yield _case("bursts", 9000 * bursts, rate_hz, shaft_hz)
        # Its spectrum is flat: there is no line in it to compare.
        spike = np.where(n == count // 3, 32767.0, -32768.0)
        yield _case("one spike", spike, rate_hz, shaft_hz)


def recordings(folder: Path, lengths: Sequence[int], blocks: int) -> Iterator[Case]:
    """Blocks of each channel of each recording in g, at its own rate and as if at 3200 Hz."""
    for manifest in sorted(folder.glob("*/manifest.json")):
        for entry in json.loads(manifest.read_text()):
            if entry.get("unit") != "g":
                continue
            samples = np.load(manifest.parent / entry["file"], mmap_mode="r")
            samples = samples.reshape(len(samples), -1)
            rate_hz, shaft_hz = float(entry["fs_hz"]), float(entry.get("shaft_hz") or 25.0)
            for count in lengths:
                starts = np.linspace(0, len(samples) - count, blocks).astype(int)
                for start in starts:
                    for channel in range(samples.shape[1]):
                        digits = np.array(samples[start : start + count, channel], np.int16)
                        name = f"{manifest.parent.name}/{entry['file']}[{start},{channel}]"
                        for rate, shaft in ((rate_hz, shaft_hz), (3200.0, 25.0)):
                            block = Block(digits, float(entry["scale"]), rate)
                            yield Case(f"{name} {count}@{rate:g}", block, shaft)
