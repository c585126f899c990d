"""The plan of the demo's node with clamps: its twins, and how their codes become amperes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodewright.demo import drive
from nodewright.demo.plan import NodePlan
from nodewright.served import Samples

# RP2040-E11: the codes 512, 1536, 2560 and 3584 are wide, as drivers/rp2_adc.py has it.
_WIDE_CODES, _WIDE_BY = (512, 1536, 2560, 3584), 9.0
_CODES, _ADC_HZ, _CRYSTAL_PPM = 4096, 48_000_000, 30.0


@dataclass(frozen=True)
class DrivePlan(NodePlan):
    """A node with three clamps around one motor's cables."""

    leading = "cur_rms_a"
    unit = "A"
    played = False  # recordings are of vibration

    @property
    def sensor_text(self) -> str:
        return f"three clamps at the board's own converter, {drive.RATE_HZ} Hz each"

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(row["channel"] for row in self.sensor["inputs"])

    @property
    def sensor_facts(self) -> dict[str, Any]:
        return {
            "chip": self.sensor["chip"],
            "bus": None,
            "odr_hz": self.measured["rate_hz"],
            "inputs": len(self.sensor["inputs"]),
            "samples": self.measured["samples"],
        }

    @property
    def delays_us(self) -> list[float]:
        """Of each input behind the first: its turn in the round robin."""
        cycles = round(_ADC_HZ / (drive.RATE_HZ * len(drive.PINS)))
        return [place * cycles * 1e6 / _ADC_HZ for place in range(len(drive.PINS))]

    @property
    def digit_a(self) -> float:
        """A by a code of the converter, whose range is wider by its wide codes."""
        return drive.FULL_SCALE_V * drive.PER_VOLT / (_CODES + len(_WIDE_CODES) * _WIDE_BY)

    @property
    def noise_a(self) -> float:
        """A RMS of an open clamp, as in the settings."""
        return drive.NOISE_A

    @property
    def rate_ppm(self) -> float:
        """By how much the converter's crystal may be off."""
        return _CRYSTAL_PPM

    def machine_source(self) -> dict[str, Any]:
        return {
            "kind": "motor",
            "amps": drive.AMPS,
            "line_hz": drive.LINE_HZ,
            "harmonics": drive.HARMONICS,
            "balance": drive.BALANCE,
            "inrush": drive.INRUSH,
            "inrush_s": drive.INRUSH_S,
            "timeline": drive.TIMELINE,
        }

    def twins(self, source: Mapping[str, Any]) -> dict[str, Any]:
        inputs = [
            {"input": pin, "phase": phase, "per_volt": drive.PER_VOLT, "bias_v": drive.BIAS_V}
            for phase, pin in enumerate(drive.PINS)
        ]
        chip = {"chip": "rp2_adc", "name": drive.CLAMPS, "inputs": inputs, "source": dict(source)}
        return {"kind": "adc", "chips": [chip | {"seed": self.seed}]}

    def digits_of(
        self, served: Samples, boot: int, record: Mapping[str, Any]
    ) -> NDArray[np.int16]:
        """int16[N, 3]: the converter's codes, which its twin logs one after the other."""
        count = len(drive.PINS) * record["samples"]
        return served.samples(record["sensor"], boot, record["run"], 0, count).reshape(
            -1, len(drive.PINS)
        )

    def physical(self, digits: NDArray[np.int16]) -> NDArray[np.float64]:
        """A, with the bias."""
        codes = digits.astype(np.float64)
        even = codes.copy()
        for wide in _WIDE_CODES:
            even += _WIDE_BY * (codes > wide) + 0.5 * _WIDE_BY * (codes == wide)
        return even * self.digit_a
