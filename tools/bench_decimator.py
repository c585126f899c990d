"""What the streaming decimator does to a spectrum: `tools/bench_decimator.py`, a row a factor.

Droop and alias are those of its rounded taps, at every 1/400 of the new rate; the delay is read
from tones that ran through the node's own kernels.  Exit code 1 where a promise is broken: droop
under 1 % to 0.3 of the new rate (1 kHz of 3.33), alias below -60 dB there.
"""

import importlib
import math
import sys
from array import array
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "firmware"))

from sim import cpython

cpython.install()
decimator = importlib.import_module("node.dsp.decimator")  # under the wrapper that checks int32

FACTORS = range(2, 17)
USED = 0.3  # of the new rate: what lies above is not looked at
MOST_DROOP, MOST_ALIAS_DB = 0.01, -60.0
_STEPS = 400  # of the new rate
_RESULTS, _SIZE = 64, 12_000


def gains(factor: int, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the taps leave of tones; places: in parts of the new rate."""
    half = np.array(decimator.design(factor), np.float64) - 32768.0
    at = np.arange(len(half)) - len(half) + 0.5
    turns = np.cos(2.0 * np.pi * np.outer(places / factor, at))
    found: NDArray[np.float64] = turns @ half * 2.0 / 32768.0
    return found


def droop(factor: int) -> float:
    """The greatest loss or gain from 0 to 0.3 of the new rate."""
    places = np.arange(int(USED * _STEPS) + 1) / _STEPS
    return float(np.max(np.abs(1.0 - gains(factor, places))))


def alias_db(factor: int) -> float:
    """The strongest of what folds into 0 to 0.3 of the new rate: from 0.7 of it on."""
    first = round((1.0 - USED) * _STEPS)
    places = np.arange(first, factor * _STEPS // 2 + 1) / _STEPS
    return 20.0 * math.log10(float(np.max(np.abs(gains(factor, places)))))


def delay(factor: int) -> float:
    """Between a sample and its result, in old samples, as a tone that ran through it tells."""
    most = (_RESULTS - 1) * factor + 10 * factor
    filtered = decimator.Decimator(factor, most)
    step = 2.0 * np.pi * 0.02 / factor  # of so slow a tone no turn can be missed
    tone = np.round(_SIZE * np.sin(step * np.arange(most))).astype(np.int16)
    for line in filtered.lines:
        line[:most] = array("h", tone.tolist())
    blocks = tuple(array("h", bytes(2 * _RESULTS)) for _ in filtered.lines)
    filtered.offset(most)
    count = filtered.filter(most, blocks, 0)
    turns = step * factor * np.arange(count)
    wanted = np.stack([np.sin(turns), np.cos(turns)], axis=1)
    sine, cosine = np.linalg.lstsq(wanted, np.array(blocks[0][:count], float), rcond=None)[0]
    return float(math.atan2(cosine, sine) / step)


def main() -> int:
    """Print the table of docs/performance.md; 1 where a promise is broken."""
    print("| factor | droop to 0.3 | strongest alias | delay, old samples | by its taps |")
    print("| --- " * 5 + "|")
    broken = False
    for factor in FACTORS:
        lost, folded, late = droop(factor), alias_db(factor), delay(factor)
        exact = (10 * factor - 1) / 2
        print(f"| {factor} | {lost:.3%} | {folded:.1f} dB | {late:.2f} | {exact:g} |")
        broken = broken or lost > MOST_DROOP or folded > MOST_ALIAS_DB or abs(late - exact) > 0.05
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
