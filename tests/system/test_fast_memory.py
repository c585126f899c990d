"""A fast record, 8 × 4096 of three axes with envelopes, within the heap of a virtual board."""

import itertools

import pytest

from nodewright import boards, broker
from system.node_rig import NodeRig, listen

SAMPLES, BLOCKS = 4096, 8
FEATURES = [
    *(f"env_{order}_{kind}" for order in ("bpfo", "bpfi", "bsf", "ftf") for kind in ("g", "snr")),
    "bearing_fault",
]
# What there is of bytes in one piece, as long on a board as here: three blocks, of which two are
# the kernels' data; their tables of a turn and of reversed bits; sums of one axis; logarithms.
BUFFERS = 6 * SAMPLES + 2 * SAMPLES + SAMPLES + 6_836 + 772
# Garbage is in the lowest: that much of it was never needed (test_capture_memory.py).
LEAST_LOW, LEAST_FREE = 8_000, 20_000
WAIT_S = 350.0


@pytest.fixture
def hub():
    with broker.start() as started:
        yield started


@pytest.mark.timeout(400)  # 24 blocks of 4096 over SPI, through a twin
def test_node__fast_record_with_envelopes_of_three_axes__runs_whole_in_a_virtual_boards_heap(hub):
    rig = NodeRig(hub.port, index=2)  # a motor whose outer race is damaged
    orders = {"bpfo": 3.58, "bpfi": 4.42, "bsf": 2.36, "ftf": 0.398}
    rig.sensor.update(chip="kx134", shaft_hz=49.5, shaft_error_pct=0.1, bearing=orders)
    rig.chip["chip"] = "kx134"
    rig.measured.update(odr_hz=25600, samples=SAMPLES, blocks=BLOCKS, features=FEATURES)
    rig.every_ms(8000)
    assert rig.hardware.heap_bytes == boards.load("pico_w").heap_bytes
    reports, health = [], []
    with listen(hub) as heard, rig.board():
        while not (health and reports):
            event = heard.get(WAIT_S)
            assert event is not None
            if event.kind == "report" and not event.double:
                reports.append(event.message)
            if event.kind == "health":
                health.append(event.message)
    for message in reports:
        record = message["record"]
        assert not message["faults"] and record["valid"] and record["blocks"] == BLOCKS
        # One axis after the other: each begins where the one before has ended, at the earliest.
        begins = [record["turns"][axis] for axis in "xyz"]
        assert begins[0] == [record["run"], record["first"]]
        for before, after in itertools.pairwise(begins):
            assert after[0] > before[0] or after[1] - before[1] >= BLOCKS * SAMPLES
        for axis in "xyz":
            values, withheld = message["channels"][axis], message["withheld"][axis]
            assert values.keys() | withheld.keys() == set(FEATURES)
            assert set(withheld) <= {"env_ftf_g", "env_ftf_snr"}  # 0.4 fn T = 3.1
        named = [message["channels"][axis]["bearing_fault"] for axis in "xyz"]
        assert 1.0 in named and 2.0 not in named
    errors = health[-1]["errors"]
    assert "program" not in errors and "memory" not in errors, errors
    # Words are twice as long here, and so is the heap; buffers are not: of 2 h bytes 2 o + b are
    # taken, there o + b of h. The outbox has taken a third (node/app.py).
    free, low = health[-1]["heap_free_bytes"], health[-1]["heap_low_bytes"]
    board_free, board_low = [(here + free // 2 - BUFFERS) // 2 for here in (free, low)]
    print(f"free on the board it stands for: {board_free} bytes, lowest {board_low}")
    assert board_low > LEAST_LOW and board_free > LEAST_FREE, (board_low, board_free)
