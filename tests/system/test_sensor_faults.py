"""Faults of a sensor and of its bus on a schedule: what the node says of each, and that it lives."""

import pytest

from nodewright import broker
from system.node_rig import NodeRig, listen, reports


@pytest.fixture
def hub():
    with broker.start() as started:
        yield started


def run(rig: NodeRig, hub, count: int, *faults: dict) -> list[dict]:
    """The first reports of a node that meets these faults, each of the sensor's chip."""
    rig.faults += [{"chip": rig.sensor["name"], **fault} for fault in faults]
    with listen(hub) as heard, rig.board():
        return [event.message for event in reports(heard, count)]


def said(messages: list[dict]) -> list[str]:
    """The fault of each report, "" for none."""
    return [" ".join(fault["fault"] for fault in message["faults"]) for message in messages]


def test_node__sensor_unplugged_and_back__says_so_and_measures_again(hub):
    # Cycles at 0, 400, 800 … ms take 256 samples of 800 Hz, 0.32 s each.
    fault = {"kind": "unplugged", "from_ms": 900, "to_ms": 1900}
    got = run(NodeRig(hub.port), hub, 7, fault)
    assert said(got) == ["", "", "bus_error", "no_answer", "no_answer", "", ""]


def test_node__another_chip_answers_for_a_while__wrong_identity_and_measures_again(hub):
    fault = {"kind": "wrong_identity", "from_ms": 700, "to_ms": 1500}
    got = run(NodeRig(hub.port), hub, 5, fault)
    assert said(got) == ["", "", "wrong_identity", "wrong_identity", ""]
