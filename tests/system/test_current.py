"""Clamps behind the real firmware: a node with three of them tells what flows, or what ails it."""

from math import sqrt
from typing import Any

from nodewright import broker
from system import clamps_rig
from system.node_rig import NodeRig, listen, reports


def _reports(rig: NodeRig, count: int) -> list[dict[str, Any]]:
    with broker.start() as hub:
        rig.settings["mqtt"]["port"] = hub.port
        with listen(hub) as heard, rig.board():
            return [event.message for event in reports(heard, count)]


def test_node__three_clamps__tells_what_flows() -> None:
    rig = clamps_rig.node(1883, {"amps": 10.0, "balance": [1.0, 0.9, 1.1], "line_hz": 49.9})
    for message in _reports(rig, 3):
        assert message["faults"] == [], message
        record = message["record"]
        assert record["valid"] and record["chip"] == "adc" and record["rate_hz"] == 8000
        for channel, amps in zip("abc", (10.0, 9.0, 11.0), strict=True):
            values = message["channels"][channel]
            rms_a = amps * sqrt(1 + 0.03**2 + 0.02**2)
            assert abs(values["cur_rms_a"] / rms_a - 1) < 0.002, message
            assert abs(values["cur_freq_hz"] - 49.9) < 0.02, message
            assert abs(values["cur_thd_pct"] - 100 * sqrt(0.03**2 + 0.02**2)) < 0.2, message
        assert abs(message["channels"]["a"]["cur_unbalance_pct"] - 10) < 0.2, message
        assert message["channels"]["a"]["cur_phase_order"] == 1, message
