"""For one seed a record has the same samples, whatever the network does meanwhile."""

from nodewright import broker
from nodewright.virtual import VirtualBoard
from system.node_rig import WAIT_S, NodeRig

_RECORDS = 6


def served(board: VirtualBoard) -> bytes:
    """What the twin of the first boot served over the bus, from the node's first sample on."""
    (log,) = board.samples_dir.glob("samples-*-1.bin")
    return log.read_bytes()


def run_until(board: VirtualBoard, seq: int) -> bytes:
    board.wait_for("report", WAIT_S, lambda event: event.facts["seq"] == str(seq))
    return served(board)


def test_node__broker_there_or_absent_or_back_late__same_samples():
    with broker.start() as hub:
        with NodeRig(hub.port).board() as board:
            board.wait_for("acked", WAIT_S)
            with_broker = run_until(board, _RECORDS)
        hub.kill()
        with NodeRig(hub.port).board() as board:
            without = run_until(board, _RECORDS)
        with NodeRig(hub.port).board() as board:
            run_until(board, _RECORDS // 2)
            hub.restart()
            late = run_until(board, _RECORDS)
            board.wait_for("acked", WAIT_S)
    # Each was read in mid-run, so that one may hold more than another.
    common = min(len(with_broker), len(without), len(late))
    samples = NodeRig(1).measured["samples"]
    assert common > _RECORDS * samples * 3 * 2
    assert with_broker[:common] == without[:common] == late[:common]


def test_node__another_seed__other_samples():
    logs = []
    for seed in (1, 2):
        rig = NodeRig(1)
        rig.chip["seed"] = seed
        with rig.board() as board:
            logs.append(run_until(board, 0))
    common = min(map(len, logs))
    assert logs[0][:common] != logs[1][:common]
