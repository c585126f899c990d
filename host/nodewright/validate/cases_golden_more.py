"""Golden waveforms of clamps and of bearings: drawn, and judged by the reference."""

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodewright import offline_current, reference, study_envelope
from nodewright.examine import Point
from nodewright.offline import Block, Values
from nodewright.offline_envelope import KEYS as BEARING_KEYS
from nodewright.offline_envelope import Record, Told
from nodewright.validate.case import Case, Found
from nodewright.validate.cases_golden import judged, put, values_of
from nodewright.validate.context import Context
from wire import chips, features

_COMPUTE_S = 60.0
_RATE_PPM = 50.0
_PHASES = 2 * math.pi / 3
_MOST_BLOCKS = 4
_SHAFT_HZ, _SHAFT_ERROR = 24.7, 0.005  # where nothing is known of the machine
_NOT_JUDGED = ("cur_noise_a",)  # as the settings have it: there is nothing to compute


def cases(ctx: Context) -> Iterator[Case]:
    """One a set of clamps of alternating current, one a set that judges a bearing."""
    sensors = {row["name"]: row for row in ctx.settings["sensors"]}
    for measured in ctx.settings["sets"]:
        row, name = sensors[measured["sensor"]], measured["name"]
        if measured["kind"] == "current" and row["chip"] != "ina226":
            title = "Drawn currents through the code for clamps"
            yield Case(f"golden.currents.{name}", title, partial(_current, ctx, row, measured))
        bearing = any(key in BEARING_KEYS for key in measured["features"])
        if measured["kind"] == "waveform" and row["bearing"] is not None and bearing:
            title = "Drawn impacts through the code for bearings"
            yield Case(f"golden.bearing.{name}", title, partial(_bearing, ctx, row, measured))


def _current(ctx: Context, row: Mapping[str, Any], measured: Mapping[str, Any]) -> Found:
    """One to three phases with harmonics, noise and unbalance; voltages are left out."""
    count = min(3, sum(given["quantity"] == "current" for given in row["inputs"]))
    samples, rate_hz = measured["samples"], float(measured["rate_hz"])
    draw = np.random.default_rng([ctx.seed, samples, count])
    digits = _phases(draw, samples, rate_hz, row["line_hz"], count)
    scale = float(draw.uniform(0.001, 0.02))
    agents = ctx.agents
    agents.alone("golden_more")
    noise = [2 * scale] * count
    options = {"voltages": 0, "noise_a": noise, "delays_us": [0.0] * count, "pole_pairs": None}
    backend = ctx.settings["dsp"]["backend"]
    agents.call("golden_more", "make_current", backend, samples, count, options)
    for channel in range(count):
        put(agents, "golden_more", channel, digits[channel])
    keys = [key for key in offline_current.KEYS if key not in _NOT_JUDGED]
    given = ([scale] * count, rate_hz, _RATE_PPM, keys)
    told = agents.call("golden_more", "currents", *given, within_s=_COMPUTE_S)
    expected = reference.currents(
        list(digits.astype(np.float64) * scale),
        rate_hz,
        noise_a=noise,
        digits=[scale] * count,
        rate_ppm=_RATE_PPM,
        delays_us=[0.0] * count,
    )
    points = [
        _point(key, values_of(said, ctx.bench.prompt.port), right, rate_hz / samples)
        for said, right in zip(told, expected, strict=True)
        for key in keys
    ]
    phases = [f"phase {phase}" for phase in range(1, count + 1) for _ in keys]
    return judged(Block(digits[0], scale, rate_hz), points, phases)


def _phases(
    draw: np.random.Generator, samples: int, rate_hz: float, line_hz: float, count: int
) -> NDArray[np.int16]:
    hertz = line_hz * (1 + draw.uniform(-0.004, 0.004))
    turn = 2 * np.pi * hertz * np.arange(samples) / rate_hz
    size = draw.uniform(6000, 16_000)
    rows = []
    for phase in range(count):
        wave = draw.uniform(0.9, 1.1) * np.sin(turn - phase * _PHASES)
        for order in (5, 7):
            wave += draw.uniform(0.02, 0.06) * np.sin(order * (turn - phase * _PHASES))
        rows.append(size * wave + draw.normal(0, 2.0, samples))
    return np.clip(np.rint(rows), -32_768, 32_767).astype(np.int16)


def _point(key: str, said: Values, right: reference.Result, bin_hz: float) -> Point:
    unit = features.row(key)[2]
    value, should = said.values.get(key), right.values.get(key)
    why, reason = said.withheld.get(key), right.withheld.get(key)
    if value is None or should is None:
        agreed = value is None and should is None and key not in said.wrong
        return Point(key, unit, value, should, None, None, agreed, why, reason)
    bound = reference.tolerance(key, {key: should}, bin_hz=bin_hz)
    away = value - should
    return Point(key, unit, value, should, away, bound, abs(away) <= bound)


def _bearing(ctx: Context, row: Mapping[str, Any], measured: Mapping[str, Any]) -> Found:
    """Impacts of the outer race in noise, over some blocks of one axis."""
    samples, blocks = measured["samples"], min(measured["blocks"], _MOST_BLOCKS)
    rate_hz = measured["odr_hz"] / measured["decimate"]
    scale = chips.g_per_digit(row["chip"], row["range_g"])
    shaft_hz = float(row["shaft_hz"] or _SHAFT_HZ)
    error = (row["shaft_error_pct"] or 100 * _SHAFT_ERROR) / 100
    orders, band = dict(row["bearing"]), measured["envelope_band"]
    draw = np.random.default_rng([ctx.seed, samples, blocks])
    digits = _impacts(draw, samples * blocks, rate_hz, orders["bpfo"] * shaft_hz)
    digits = digits.reshape(blocks, samples)
    agents, keys = ctx.agents, list(BEARING_KEYS)
    agents.alone("golden_more")
    backend = ctx.settings["dsp"]["backend"]
    agents.call("golden_more", "make_envelope", backend, samples, orders, band)
    for block in digits:
        put(agents, "golden_more", 0, block)
        agents.call("golden_more", "add", within_s=_COMPUTE_S)
    given = (scale, rate_hz, shaft_hz, error, keys)
    told = agents.call("golden_more", "bearing", *given, within_s=_COMPUTE_S)
    said = values_of(told, ctx.bench.prompt.port)
    record = Record(digits, scale, rate_hz, shaft_hz, orders, error, band)
    points = study_envelope.judge(
        record, Told(said.values, said.withheld, said.marked, said.wrong)
    )
    return judged(Block(digits[0], scale, rate_hz), points)


def _impacts(
    draw: np.random.Generator, samples: int, rate_hz: float, every_hz: float
) -> NDArray[np.int16]:
    n = np.arange(samples)
    since = (n / rate_hz * every_hz + draw.uniform()) % 1 / every_hz * rate_hz
    ring = np.exp(-since / draw.uniform(6, 14)) * np.sin(2 * np.pi * draw.uniform(0.15, 0.3) * n)
    wave = draw.uniform(300, 1500) * ring + draw.normal(0, draw.uniform(20, 120), samples)
    digits: NDArray[np.int16] = np.clip(np.rint(wave), -32_768, 32_767).astype(np.int16)
    return digits
