"""What stands at the inputs of an analogue-to-digital converter: clamps, transformers, a shunt.

A converter's configuration: `"source"`: `{"kind": "motor", …}` (sim/motors.py) or `{"kind":
"samples", …}` (sim/played.py); `"inputs"`: each
`{"input", "signal": "current" | "voltage", "phase", "per_volt", "bias_v", "noise_v", "phase_deg",
"clamp": "on" | "off" | "reversed"}`, or `"constant"` (A, V) in place of the source's; `"seed"`.
"""

from array import array

from sim.motors import Motor
from sim.noise import NORMAL, mix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.world import World

CLAMPS = ("on", "off", "reversed")
FAULTS = ("clamp_off", "clamp_reversed", "stuck", "clipping", "reference")


class Inputs:
    """The voltages at a converter's inputs.  Raises ValueError(key, value, allowed)."""

    def __init__(self, config: "dict[str, Any]", world: "World") -> None:
        source = dict(config.get("source", {"kind": "motor"}))
        kind = source.pop("kind", None)
        self._motor: "Any" = None
        if kind == "motor":
            self._motor = Motor(source)
        elif kind == "samples":
            from sim.played import Played

            self._motor = Played(source, world.open_file)
        else:
            raise ValueError("source.kind", kind, ("motor", "samples"))
        self._seed: int = config.get("seed", 1)
        self._rows: "dict[int, dict[str, Any]]" = {}
        self._clamps: "dict[int, str]" = {}  # how each is when nothing befalls it
        for row in config["inputs"]:
            if row.get("clamp", "on") not in CLAMPS:
                raise ValueError("inputs.clamp", row["clamp"], CLAMPS)
            self._rows[row["input"]] = dict(row)
            self._clamps[row["input"]] = row.get("clamp", "on")
        self._factor = 1.0
        self._reference = 1.0
        self._stuck = False
        self._one = array("d", [0.0])

    @property
    def stuck(self) -> bool:
        """The converter repeats its last result."""
        return self._stuck

    @property
    def reference(self) -> float:
        """What the converter's reference is, as a part of what it should be."""
        return self._reference

    def inject(self, kind: str, fault: "dict[str, Any] | None") -> None:
        """A fault begins, as the schedule says, or ends: None (docs/architecture.md)."""
        if kind in ("clamp_off", "clamp_reversed"):
            for number in self._rows:
                row = self._rows[number]
                if fault is None:
                    row["clamp"] = self._clamps[number]
                elif number == fault["input"]:
                    row["clamp"] = kind[6:]
        elif kind == "stuck":
            self._stuck = fault is not None
        elif kind == "clipping":
            self._factor = 1.0 if fault is None else fault["factor"]
        elif kind == "reference":
            self._reference = 1.0 if fault is None else fault["factor"]

    def volts(self, number: int, at_s: float, index: int) -> float:
        """The voltage at an input; index: of the conversion, for its noise."""
        self.fill(number, at_s, 0.0, index, self._one)
        return self._one[0]

    def fill(
        self, number: int, from_s: float, step_s: float, index: int, out: "array[float]"
    ) -> None:
        """The voltages at an input at from_s, from_s + step_s, … into all of out.

        index: of the first conversion, counted over all inputs of the converter.
        """
        row = self._rows.get(number)
        if row is None:  # nothing is wired: what it picks up is no signal
            for i in range(len(out)):
                out[i] = 0.0
            return
        for i in range(len(out)):
            out[i] = row.get("constant", 0.0)
        clamp = row.get("clamp", "on")
        if clamp != "off" and "constant" not in row:
            # What the clamp leads by
            from_s += row.get("phase_deg", 0.0) / 360 / self._motor.line_hz
            what = self._motor.volts if row.get("signal") == "voltage" else self._motor.amps
            what(row.get("phase", 0), from_s, step_s, out)
        scale = self._factor / row["per_volt"] * (-1 if clamp == "reversed" else 1)
        bias_v, noise_v = row.get("bias_v", 0.0), row.get("noise_v", 0.0)
        key = self._seed * 7919 + number * 104729
        for i in range(len(out)):
            out[i] = bias_v + scale * out[i]
            if noise_v:
                bits = mix(key + index + i & 0xFFFFFFFF)
                out[i] += noise_v * (NORMAL[bits & 0xFF] + NORMAL[bits >> 8 & 0xFF])
