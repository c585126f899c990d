"""Golden waveforms through the node's own feature code, on the node, against the reference."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodewright import examine
from nodewright.examine import Point
from nodewright.offline import Block, Values
from nodewright.validate.agents import Agents, StrangeAnswer
from nodewright.validate.case import Case, Found
from nodewright.validate.context import Context
from nodewright.validate.waves import Wave, drawn, fixed
from wire import chips

_AT_ONCE = 512  # samples in a line
_MOST_NAMED = 3
_COMPUTE_S = 30.0


def cases(ctx: Context) -> Iterator[Case]:
    """For each length of record that the node takes: the fixed ones, and one that is drawn."""
    sensors = {row["name"]: row for row in ctx.settings["sensors"]}
    lengths: dict[int, Mapping[str, Any]] = {}
    for found in ctx.settings["sets"]:
        if found["kind"] == "waveform":
            lengths.setdefault(found["samples"], found)
    for samples, measured in sorted(lengths.items()):
        row = sensors[measured["sensor"]]
        scale = chips.g_per_digit(row["chip"], row["range_g"])
        rate_hz = measured["odr_hz"] / measured["decimate"]
        golden = _Golden(ctx, row, measured)
        waves = fixed(samples, rate_hz, scale)
        for wave in [*waves, drawn(samples, rate_hz, scale, ctx.seed)]:
            yield Case(wave.name, wave.title, lambda wave=wave, run=golden.run: run(wave))  # type: ignore[misc]


class _Golden:
    """The waveforms of one length, as one set of the node would compute them."""

    def __init__(self, ctx: Context, row: Mapping[str, Any], measured: Mapping[str, Any]) -> None:
        self._ctx = ctx
        self._samples: int = measured["samples"]
        self._bands = [(band["low_hz"], band["high_hz"]) for band in measured["bands"]]
        self._shaft_hz: float | None = row["shaft_hz"]
        machine = row["machine"]
        self._machine = None if machine is None else (machine["group"], machine["support"])
        self._keys = examine.default_keys(len(self._bands))
        self._made_in: object = None
        self._fixed_passed = True

    def run(self, wave: Wave) -> Found:
        block, agents = wave.block, self._ctx.agents
        if self._made_in is not agents.session:
            self._ctx.left()
            agents.fresh()
            options = {
                "bands": tuple(self._bands),
                "shaft_hz": self._shaft_hz,
                "machine": self._machine,
            }
            backend = self._ctx.settings["dsp"]["backend"]
            agents.call("golden", "make", backend, self._samples, options)
            self._made_in = agents.session
        put(agents, "golden", 0, block.digits)
        told = agents.call(
            *("golden", "compute", block.g_per_digit, block.rate_hz, list(self._keys)),
            within_s=_COMPUTE_S,
        )
        values = values_of(told, self._ctx.bench.prompt.port)
        points = examine.judge(
            block, values, self._keys, self._shaft_hz, self._bands, self._machine
        )
        found = judged(block, points)
        return self._suspicious(wave, found)

    def _suspicious(self, wave: Wave, found: Found) -> Found:
        """Right on all that is known, wrong on what was drawn: the answers were stored."""
        if not wave.name.startswith("golden.drawn."):
            self._fixed_passed = self._fixed_passed and found.verdict == "pass"
            return found
        if found.verdict == "pass" or not self._fixed_passed:
            return found
        reason = (
            "right on every known waveform and wrong on the one drawn: it answers from a table; "
            + found.reason
        )
        return replace(found, reason=reason)


def put(agents: Agents, agent: str, channel: int, digits: NDArray[np.int16]) -> None:
    """Give an agent the digits of a channel."""
    for first in range(0, len(digits), _AT_ONCE):
        part = digits[first : first + _AT_ONCE].astype("<i2").tobytes()
        agents.call(agent, "put", channel, first, base64.b64encode(part).decode())


def values_of(told: Any, port: str) -> Values:
    """What an agent told.  Raises StrangeAnswer."""
    try:
        parts = {name: dict(told[name]) for name in ("values", "withheld", "marked", "wrong")}
        numbers = {str(key): float(value) for key, value in parts["values"].items()}
    except (TypeError, KeyError, ValueError):
        raise StrangeAnswer(port, "golden.compute") from None
    return Values(numbers, parts["withheld"], parts["marked"], parts["wrong"])


def judged(block: Block, points: Sequence[Point], of: Sequence[str] = ()) -> Found:
    """The worst deviation of all features, in % of its tolerance.

    of: which channel each point is of, where there are several.
    """
    names = [f"{channel} " for channel in of] or [""] * len(points)
    rows = list(zip(names, points, strict=True))
    share = {
        name + point.key: abs(point.deviation) / point.tolerance
        for name, point in rows
        if point.tolerance and point.deviation is not None and point.ok is not None
    }
    worst = max(share, key=lambda key: share[key], default="")
    wrong = [name + _told(point) for name, point in rows if point.ok is False]
    details: dict[str, Any] = {
        "samples": block.digits.tolist(),
        "g_per_digit": block.g_per_digit,
        "rate_hz": block.rate_hz,
        "worst": worst,
        "features": [{**_as_dict(point), "key": name + point.key} for name, point in rows],
    }
    value = 100 * share.get(worst, 0.0)
    limit, unit = "at most 100", "% of tolerance"
    if not wrong:
        return Found(value, unit, limit, 1 - value / 100, "pass", "", details)
    named = ", ".join(wrong[:_MOST_NAMED])
    more = f" and {len(wrong) - _MOST_NAMED} more" if len(wrong) > _MOST_NAMED else ""
    reason = f"a kernel computes wrong: {named}{more}; flash the firmware anew, else the board"
    return Found(value, unit, limit, min(1 - value / 100, 0.0), "fail", reason, details)


def _told(point: Point) -> str:
    if point.value is None or point.reference is None:
        node = point.withheld or point.note if point.value is None else f"{point.value:.4g}"
        should = point.reference_withheld if point.reference is None else f"{point.reference:.4g}"
        return f"{point.key} {node} instead of {should}"
    if not point.reference:
        return f"{point.key} {point.value:.4g} instead of 0"
    return f"{point.key} {100 * (point.value / point.reference - 1):+.2f} %"


def _as_dict(point: Point) -> dict[str, Any]:
    row = {
        "key": point.key,
        "unit": point.unit,
        "value": point.value,
        "reference": point.reference,
        "tolerance": point.tolerance,
        "ok": point.ok,
        "withheld": point.withheld,
        "reference_withheld": point.reference_withheld,
    }
    return {key: value for key, value in row.items() if value is not None}
