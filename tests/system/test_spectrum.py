"""The spectra that a virtual board sends beside its reports, against the reference's."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nodewright.broker import Broker, start
from nodewright.reference.spectrum import spectrum_of
from nodewright.served import ServedSamples
from nodewright.virtual import VirtualBoard
from nodewright.watch import Collector, Event
from system.node_rig import WAIT_S, NodeRig, listen

G_PER_DIGIT = 1 / 256


@pytest.fixture
def hub() -> Iterator[Broker]:
    with start() as broker:
        yield broker


def spectra(collector: Collector, boot: int = 1) -> list[tuple[Event, list[Event]]]:
    """Three reports, each with the spectra of its three channels."""
    reports: dict[int, Event] = {}
    found: dict[int, list[Event]] = {}
    while True:
        event = collector.get(WAIT_S)
        assert event is not None, (len(reports), found.keys())
        if event.kind == "report":
            reports[event.message["seq"]] = event
        elif event.kind == "spectrum":
            assert event.message["boot"] == boot
            found.setdefault(event.message["seq"], []).append(event)
        whole = [seq for seq in reports if len(found.get(seq, ())) == 3]
        if len(whole) == 3:
            return [(reports[seq], found[seq]) for seq in whole]


def served(board: VirtualBoard, record: dict[str, Any], axis: int) -> NDArray[np.float64]:
    """The very samples of a record, in g."""
    log = ServedSamples(board.samples_dir)
    block = log.samples("acc", 1, record["run"], record["first"], record["samples"])
    return block[:, axis].astype(np.float64) * G_PER_DIGIT


@pytest.mark.parametrize(("kind", "samples"), [("compressed", 1024), ("full", 256)])
def test_node__spectrum_wanted__as_the_reference_has_it(
    hub: Broker, kind: str, samples: int
) -> None:
    rig = NodeRig(hub.port, index=2)
    rig.measured.update({"spectrum": kind, "samples": samples, "features": ["acc_rms_g"]})
    rig.every_ms(1000)
    with listen(hub) as collector, rig.board() as board:
        for report, events in spectra(collector):
            record = report.message["record"]
            assert {event.message["channel"] for event in events} == {"x", "y", "z"}
            for event in events:
                head = event.message
                assert head["kind"] == kind and head["samples"] == samples
                assert head["rate_hz"] == record["rate_hz"] and head["sensor"] == record["sensor"]
                axis = "xyz".index(head["channel"])
                exact = spectrum_of(served(board, record, axis), record["rate_hz"])
                if kind == "full":
                    expected, part = exact.amplitude_g[: samples // 2], 0.01
                else:
                    edges = head["edges"]
                    assert len(edges) == 65 and edges[-1] == samples // 2
                    power = np.add.reduceat(exact.power_g2[: samples // 2], edges[:-1])
                    expected, part = np.sqrt(power), 0.04
                strongest = expected.max()
                for got, should in zip(head["values_g"], expected, strict=True):
                    assert abs(got - should) <= max(part * should, 1e-4 * strongest)
        assert not collector.state.refused


def test_node__spectrum_without_a_link__dropped_counted_and_back(hub: Broker) -> None:
    rig = NodeRig(hub.port)
    rig.measured.update({"spectrum": "full"})
    with rig.board() as board:
        board.wait_for("acked", WAIT_S)
        hub.kill()
        board.wait_for("report", WAIT_S, lambda event: int(event.facts["seq"]) >= 8)
        hub.restart()
        with listen(hub) as collector:
            health = collector.get(WAIT_S)
            while health is not None and health.kind != "health":
                health = collector.get(WAIT_S)
            assert health is not None
            dropped = health.message["errors"].get("spectrum_dropped", 0)
            # Three channels a record; what waited or was on its way comes, the rest does not.
            assert dropped >= 6
            assert len(spectra(collector)) == 3
