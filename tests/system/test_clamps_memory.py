"""An accelerometer of 2048 samples and three clamps of 1024 on one node, within a Pico W."""

import pytest

from nodewright import boards, broker
from nodewright.demo.fleet_folder import CHANNELS
from nodewright.demo.judge import judge
from nodewright.served import ServedSamples
from system import clamps_rig
from system.node_rig import NodeRig, listen

SAMPLES = 2048
# Arrays, which do not grow with the word: blocks and kernels of the accelerometer (5600 + 6.2
# bytes a sample, docs/performance.md), in which clamps work, too, and the little of their own.
BUFFERS = 3 * 2 * SAMPLES + 18_300 + 1_600
OUTBOX = 3  # of what is free once all is made it takes a third (node/app.py)
# After a collection. Garbage is in the lowest: a smaller heap is collected sooner. It does not
# show the code of the kernels, which is beside the heap here (docs/performance.md).
LEAST_FREE = 8_000
WAIT_S = 60.0


def _rig(port: int) -> NodeRig:
    """index 2: on SPI, at 3200 Hz."""
    rig = NodeRig(port, index=2)
    rig.every_ms(2000)
    rig.measured["samples"] = SAMPLES
    rig.settings["sensors"].append(clamps_rig.sensor(motor=clamps_rig.MOTOR))
    currents = clamps_rig.measured()
    currents["features"] = [*currents["features"], "cur_running", "cur_starts", "cur_run_h"]
    currents["schedule"]["interval_ms"] = 2000
    rig.settings["sets"].append(currents)
    twin = clamps_rig.twin({"amps": 10.0, "balance": [1.0, 0.9, 1.1]})
    rig.buses.append({"kind": "adc", "chips": [twin]})
    return rig


@pytest.mark.parametrize("first", ["accelerometer", "clamps"])
def test_node__accelerometer_and_clamps__right_and_within_a_pico_w(first: str) -> None:
    with broker.start() as hub:
        rig = _rig(hub.port)
        if first == "clamps":
            rig.settings["sets"].reverse()
        with listen(hub) as heard, rig.board() as board:
            served = ServedSamples(board.samples_dir)
            seen = {"vibration": 0, "currents": 0}
            free = 0
            while min(seen.values()) < 3:
                event = heard.get(WAIT_S)
                assert event is not None, seen
                message = event.message
                if event.kind == "health":
                    free = message["heap_free_bytes"]
                if event.kind != "report" or event.double:
                    continue
                assert not message["faults"] and message["record"]["valid"], message
                seen[message["record"]["set"]] += 1
                if message["record"]["set"] == "vibration":
                    plan = rig.plan
                    scale = plan.g_per_digit, plan.bandwidth_hz
                    verdict = judge(message, served, CHANNELS, *scale)
                    assert verdict.points and verdict.ok, verdict.failures
                    continue
                for channel, amps in zip("abc", (10.0, 9.0, 11.0), strict=True):
                    found = message["channels"][channel]["cur_rms_a"]
                    assert abs(found / (amps * 1.00065) - 1) < 0.002, message
    outbox = free // (OUTBOX - 1)
    board_free = (free + outbox - BUFFERS) // 2
    print(f"free on the board it stands for: {board_free} bytes")
    assert boards.load("virtual").heap_bytes == boards.load("pico_w").heap_bytes
    assert board_free > LEAST_FREE, board_free
