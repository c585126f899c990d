"""Settings and twins of clamps, for a node of tests/system/node_rig.py."""

from typing import Any

from system.node_rig import NodeRig

PER_VOLT, BIAS_V = 20.0, 1.65
CHANNELS = ("a", "b", "c")
PINS = (26, 27, 28)
MOTOR = {"on_a": 2.0, "off_a": 1.0, "rated_a": 10.0, "pole_pairs": 2, "neg_seq_pct": 7}
FEATURES = [
    "cur_rms_a",
    "cur_peak_a",
    "cur_crest",
    "cur_freq_hz",
    "cur_fund_a",
    "cur_thd_pct",
    "cur_unbalance_pct",
    "cur_phase_order",
]


def sensor(chip: str = "adc", inputs: tuple[int, ...] = PINS, **changed: Any) -> dict[str, Any]:
    """A clamp of each phase at the inputs given."""
    rows = [
        {
            "channel": channel,
            "input": number,
            "quantity": "current",
            "per_volt": PER_VOLT,
            "phase_deg": 0,
            "noise": 0.01,
        }
        for channel, number in zip(CHANNELS, inputs, strict=False)
    ]
    settings: dict[str, Any] = {
        "kind": "current",
        "name": "clamps",
        "chip": chip,
        "bus": None,
        "full_scale_v": 3.3,
        "bias_v": BIAS_V,
        "line_hz": 50,
        "inputs": rows,
        "motor": None,
    }
    return settings | changed


def measured(**changed: Any) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "kind": "current",
        "name": "currents",
        "sensor": "clamps",
        "rate_hz": 8000,
        "samples": 1024,
        "features": FEATURES,
        "schedule": {"kind": "interval", "interval_ms": 500},
    }
    return settings | changed


def twin(source: dict[str, Any], inputs: tuple[int, ...] = PINS, **changed: Any) -> dict[str, Any]:
    rows = [
        {"input": number, "phase": phase, "per_volt": PER_VOLT, "bias_v": BIAS_V}
        for phase, number in enumerate(inputs)
    ]
    config: dict[str, Any] = {"chip": "rp2_adc", "name": "clamps", "inputs": rows}
    return config | {"source": {"kind": "motor"} | source} | changed


def node(port: int, source: dict[str, Any], **changed: Any) -> NodeRig:
    """A node with nothing but three clamps at its own converter."""
    rig = NodeRig(port)
    rig.settings["sensors"] = [sensor(**changed)]
    rig.settings["sets"] = [measured()]
    rig.buses[:] = [{"kind": "adc", "chips": [twin(source)]}]
    return rig
