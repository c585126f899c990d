"""The longest window, 4096 of three axes with every feature, within the memory of a Pico W."""

import pytest

from nodewright import boards, broker
from system.node_rig import NodeRig, listen

SAMPLES = 4096
BLOCKS = 3 * 2 * SAMPLES
# Work space of the kernels beside the block: docs/performance.md, measured on an RP2040.
WORK = 30_900
# Of what is free once all is made, the outbox has taken a third (node/app.py); here more than on
# a board, as there is more.
OUTBOX = 3
# Garbage is in the lowest: that much of it was never needed. TLS, whose records take 16 + 4 KB,
# does not fit beside this window any more: `nodewright check` counts it (docs/performance.md).
LEAST_LOW, LEAST_FREE = 1_500, 10_000
WAIT_S = 60.0


@pytest.fixture
def hub():
    with broker.start() as started:
        yield started


def test_node__three_axes_of_4096__leaves_room_on_a_board_of_32_bits(hub):
    rig = NodeRig(hub.port, index=2)
    rig.every_ms(2000)
    rig.measured["samples"] = SAMPLES
    with listen(hub) as heard, rig.board():
        low = free = seen = 0
        while seen < 2:
            event = heard.get(WAIT_S)
            assert event is not None
            if event.kind == "report" and not event.double:
                assert event.message["record"]["samples"] == SAMPLES
                assert event.message["record"]["valid"]
            if event.kind == "health":
                low, free = event.message["heap_low_bytes"], event.message["heap_free_bytes"]
                seen += 1
    # Here words are twice as long and the heap, too; buffers are not: of 2 h bytes 2 o + b are
    # taken, there o + b of h.
    outbox = free // (OUTBOX - 1)
    board_low, board_free = [(here + outbox - BLOCKS - WORK) // 2 for here in (low, free)]
    print(f"free on the board it stands for: {board_free} bytes, lowest {board_low}")
    assert boards.load("virtual").heap_bytes == boards.load("pico_w").heap_bytes
    assert board_low > LEAST_LOW and board_free > LEAST_FREE, (board_low, board_free)
