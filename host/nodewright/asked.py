"""What is asked of a recording: bands, machine, speed, blocks; checked before all computing.

Each check names the option, what it was given and what would do.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nodewright.errors import BadInput
from nodewright.examine import LEAST_WINDOW, check_window, largest_window
from wire import iso20816

MOST_BANDS = 4
_MOST_SHAFT_HZ = 1000.0
_MOST_RATE_HZ = 1e6
_BEYOND_BINS = 4.5  # an order is searched within 1.5 bins or 1 %, up to three bins below the end
_NUMBER = r"\+?(\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_BAND = re.compile(rf"({_NUMBER}):({_NUMBER})")

Band = tuple[float, float]
Machine = tuple[int, str]


@dataclass(frozen=True)
class Asked:
    """Settings of the feature code, as a node would have them.

    bands: (low, high) in Hz of band1_g and so on; machine: group and support of ISO 20816-3;
    shaft_hz: None to have it estimated.
    """

    bands: tuple[Band, ...] = ()
    machine: Machine | None = None
    shaft_hz: float | None = None

    def options(self) -> dict[str, Any]:
        """As `offline.run` takes them."""
        given = {"bands": self.bands, "machine": self.machine, "shaft_hz": self.shaft_hz}
        return {name: value for name, value in given.items() if value}

    def check(self, rate_hz: float, window: int) -> None:
        """Raises BadInput for what cannot be at this rate (Hz) and length (samples)."""
        if not 0.0 < rate_hz < _MOST_RATE_HZ:
            raise BadInput(f"--rate-hz {rate_hz:g} cannot be: above 0, below {_MOST_RATE_HZ:g}")
        half_hz, bin_hz = rate_hz / 2, rate_hz / window
        for low_hz, high_hz in self.bands:
            name = f"--band {low_hz:g}:{high_hz:g}"
            if high_hz > half_hz:
                raise BadInput(
                    f"{name} cannot be: half of the rate is {half_hz:g} Hz, up to which a "
                    "band may reach"
                )
            if math.floor(low_hz / bin_hz + 0.5) >= math.floor(high_hz / bin_hz + 0.5):
                raise BadInput(
                    f"{name} cannot be: {window} samples at {rate_hz:g} Hz resolve {bin_hz:.3g} "
                    "Hz; a wider band or a longer window is needed"
                )
        if self.shaft_hz is not None:
            most_hz = (half_hz - _BEYOND_BINS * bin_hz) / 1.01
            if self.shaft_hz > most_hz:
                raise BadInput(
                    f"--shaft-hz {self.shaft_hz:g} cannot be: at {rate_hz:g} Hz and {window} "
                    f"samples its first order must lie below {most_hz:.6g} Hz"
                )


def asked(
    bands: Sequence[str] = (), machine: str | None = None, shaft_hz: float | None = None
) -> Asked:
    """From the texts of the options.  Raises BadInput."""
    if len(bands) > MOST_BANDS:
        raise BadInput(f"--band is given {len(bands)} times: a node has {MOST_BANDS} at most")
    if shaft_hz is not None and not 0.0 < shaft_hz < _MOST_SHAFT_HZ:
        raise BadInput(
            f"--shaft-hz {shaft_hz:g} cannot be: revolutions a second, above 0, below "
            f"{_MOST_SHAFT_HZ:g} (1500 rpm are 25)"
        )
    parsed = tuple(parse_band(text) for text in bands)
    return Asked(parsed, None if machine is None else parse_machine(machine), shaft_hz)


def parse_band(text: str) -> Band:
    """(low, high) in Hz of `10:100`.  Raises BadInput."""
    found = _BAND.fullmatch(text.strip())
    if found:
        low_hz, high_hz = (float(part) for part in text.split(":"))
        if low_hz < high_hz < math.inf:
            return low_hz, high_hz
    raise BadInput(f"--band {text!r} cannot be: LOW:HIGH in Hz, low below high, as 10:100")


def parse_machine(text: str) -> Machine:
    """(group, support) of `2,rigid`.  Raises BadInput."""
    known = {f"{group},{support}": (group, support) for group, support, _ in iso20816.LIMITS}
    machine = known.get(text.replace(" ", "").lower())
    if machine is None:
        raise BadInput(f"--machine {text!r} cannot be: one of {' '.join(known)}")
    return machine


def parse_blocks(text: str | None) -> int | None:
    """How many; None for all that fit; 1 where nothing is said.  Raises BadInput."""
    if text == "all":
        return None
    if text is None:
        return 1
    if not re.fullmatch(r"\d{1,7}", text) or not int(text):
        raise BadInput(f"--blocks {text!r} cannot be: a number from 1, or all")
    return int(text)


def plan_blocks(length: int, blocks: int | None, window: int | None) -> tuple[int, int]:
    """(blocks, samples of each) one after the other in so many samples.

    blocks: None for all that fit; window: None for the longest with which they fit.  Raises
    BadInput.
    """
    if window is None:
        share = length // (blocks or 1)
        if share < LEAST_WINDOW:
            raise BadInput(
                f"{blocks} blocks of {LEAST_WINDOW} samples, the least, do not fit in {length}: "
                f"take at most {length // LEAST_WINDOW}, or all"
            )
        window = largest_window(share)
    check_window(window)
    fit = length // window
    if fit < (blocks or 1):
        raise BadInput(
            f"{blocks or 1} blocks of {window} samples do not fit in {length}: "
            f"{fit} do, or take a shorter --window"
        )
    return blocks or fit, window
