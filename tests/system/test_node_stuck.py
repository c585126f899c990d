"""A node that stands still or falls over: watchdog, note on flash, pause, report."""

import time

import pytest

from nodewright import broker
from nodewright.watch import Event
from system.node_rig import WAIT_S, NodeRig, listen

# In place of /main.py: in its first boot one of the node's own parts is replaced.
_MAIN = """
import asyncio
import os

from node import start

try:
    os.stat("/state/boot")
except OSError:
    {spoil}

start.main()
"""


def spoilt(lines: str) -> dict[str, bytes]:
    """The program of a node that is spoilt in its first boot, and only there."""
    return {"/main.py": _MAIN.format(spoil=lines.replace("\n", "\n    ")).encode()}


_HANG = """
async def hang(*_):
    while True:
        await asyncio.sleep_ms(50)
"""


@pytest.fixture
def hub():
    with broker.start() as started:
        yield started


def health_of_second_boot(heard) -> Event:
    deadline_s = time.monotonic() + WAIT_S
    while time.monotonic() < deadline_s:
        event = heard.get(deadline_s - time.monotonic())
        if event is not None and event.kind == "health" and event.message["boot"] == 2:
            return event
    raise AssertionError(f"no health of boot 2 within {WAIT_S} s")


@pytest.mark.parametrize(
    ("task", "spoil"),
    [
        ("pump", "from node.uplink.pump import Pump\nPump.run = hang"),
        ("announce", "from node.app import Node\nNode._announce = hang"),
    ],
    ids=["pump", "announce"],
)
def test_node__task_stands_still__watchdog_resets_and_health_says_who(hub, task, spoil):
    rig = NodeRig(hub.port)
    rig.settings["watchdog_ms"] = 1000
    with listen(hub) as heard, rig.board(spoilt(_HANG + spoil)) as board:
        assert board.wait_for("stuck", WAIT_S).facts["task"] == task
        health = health_of_second_boot(heard).message
    assert health["reset_cause"] == "watchdog"
    assert health["crash"] == {"boot": 1, "count": 1, "error": f"stuck: {task}"}


def test_node__error_nobody_catches__reset_and_health_says_which(hub):
    rig = NodeRig(hub.port)
    spoil = (
        "from node.uplink.pump import Pump\n"
        "async def run(*_):\n    raise IndexError('of the pump')\n"
        "Pump.run = run"
    )
    with listen(hub) as heard, rig.board(spoilt(spoil)) as board:
        health = health_of_second_boot(heard).message
        assert board.wait_for("after_crash", WAIT_S).facts["wait_s"] == "1"
    assert health["reset_cause"] == "hard"
    assert health["crash"]["boot"] == health["crash"]["count"] == 1
    assert "of the pump" in health["crash"]["error"]


def test_node__falls_over_at_each_boot__waits_longer_each_time_and_counts_few_boots(hub):
    rig = NodeRig(hub.port)
    always = (
        b"from node import start\nfrom node import app\n"
        b"raises = None\napp.dsp.backend = raises\nstart.main()\n"
    )
    with rig.board({"/main.py": always}) as board:
        board.wait_for("after_crash", WAIT_S, lambda event: event.facts["count"] == "3")
        waits = [line.split("wait_s=")[1] for line in board.lines if ": after_crash" in line]
        assert waits == ["1", "2", "4"]
        assert board.boots == 4


def test_node__sensor_code_falls_over__reported_and_the_node_goes_on(hub):
    rig = NodeRig(hub.port)
    spoil = (
        "from node.waveform import Waveform\n"
        "async def run(*_):\n    raise ZeroDivisionError('of the sums')\n"
        "Waveform.run = run"
    )
    with listen(hub) as heard, rig.board(spoilt(spoil)) as board:
        events = []
        while len(events) < 2:
            event = heard.get(WAIT_S)
            assert event is not None
            if event.kind == "report":
                events.append(event.message)
        assert board.boots == 1
    for message in events:
        (fault,) = message["faults"]
        assert (fault["sensor"], fault["fault"]) == ("acc", "program")
        assert "of the sums" in fault["error"]
        assert message["record"] is None
