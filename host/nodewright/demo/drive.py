"""The demo's motor with three clamps: what befalls it, its settings.  Data.

It stands, starts, runs with its load, loses a phase, and is stopped; then its node's power is cut.
"""

import json
import math

from nodewright.demo.machines import Instrument, Machine

NAME = "drive"
CLAMPS, SET = "clamps", "currents"
PINS = (26, 27, 28)
PER_VOLT, BIAS_V, FULL_SCALE_V, LINE_HZ = 40.0, 1.65, 3.3, 50
RATE_HZ, SAMPLES, EVERY_MS = 2000, 1024, 540
AMPS, RATED_A, INRUSH, INRUSH_S = 5.0, 7.0, 6.0, 0.2
HARMONICS = ((5, 3.0, 20.0), (7, 2.0, -40.0))  # number, % of the fundamental, degrees
BALANCE = (1.0, 0.97, 1.02)
LOST = 1  # the phase that it loses
# Records follow one another every 0.512 s: it stands in the first, starts in the second.
START_S, LOST_S, STOP_S = 0.58, 2.04, 3.06
TIMELINE = ((0.0, "off"), (START_S, "start"), (LOST_S, f"lost{LOST}"), (STOP_S, "off"))
FEATURES = (
    *("cur_rms_a", "cur_peak_a", "cur_crest", "cur_freq_hz", "cur_fund_a", "cur_thd_pct"),
    *("cur_unbalance_pct", "cur_neg_seq_pct", "cur_phase_order", "cur_inrush_a", "cur_inrush_ms"),
    *("cur_running", "cur_starts", "cur_run_h", "cur_load_pct"),
)
NOISE_A = 0.033  # of the converter, 0.97 digits RMS of 0.8 mV; and of half a digit's rounding
MACHINE = Machine(
    NAME,
    "three-phase motor that loses a phase",
    Instrument("adc", "adc", 0, RATE_HZ, 0),
    0,
    LINE_HZ / 2,
    "it starts, runs, loses a phase at full load, and is stopped",
    (),
)
_TEXT = """
[assets.{name}]
title = "{title}"

[assets.{name}.points.cabinet]
title = "Outgoing cable"

[sets.{set}]
kind = "current"
rate = "{rate}Hz"
samples = {samples}
every = "{every:.10g}s"
features = {features}

[nodes.{name}]
board = "{board}"

[nodes.{name}.sensors.{sensor}]
chip = "adc"
full_scale = "{full_scale}V"
bias = "{bias}V"
{inputs}motor = {{ on = "1A", rated = "{rated}A", pole_pairs = 2 }}
sets = ["{set}"]
"""


def text(board: str) -> str:
    """What stands of it in fleet.toml.  board: its name."""
    rows = "".join(
        f"inputs.l{phase} = {{ input = {pin}, per_volt = {PER_VOLT}, noise = {NOISE_A} }}\n"
        for phase, pin in enumerate(PINS, 1)
    )
    return _TEXT.format(
        name=NAME,
        title=MACHINE.title,
        set=SET,
        rate=RATE_HZ,
        samples=SAMPLES,
        every=EVERY_MS / 1000,
        features=json.dumps(FEATURES),
        board=board,
        sensor=CLAMPS,
        full_scale=FULL_SCALE_V,
        bias=BIAS_V,
        inputs=rows,
        rated=RATED_A,
    )


def running_a(phase: int) -> float:
    """RMS of a phase while it runs."""
    shares = math.sqrt(1 + sum((part / 100) ** 2 for _, part, _ in HARMONICS))
    return AMPS * BALANCE[phase] * shares


def lost_a() -> float:
    """RMS of the two that are left: one current, of no harmonics."""
    return AMPS * BALANCE[(LOST + 1) % 3] * math.sqrt(3)


def inrush_a() -> float:
    """The first peak of the start, of a phase at balance 1, about; harmonics are left out."""
    return AMPS * INRUSH * math.sqrt(2)
