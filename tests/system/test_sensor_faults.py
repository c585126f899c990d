"""Faults of a sensor and its bus on a schedule: what the node says of each, and that it lives."""

import random
from statistics import median
from typing import Any

import pytest

from nodewright import broker, reference
from nodewright.demo.fleet_folder import CHANNELS
from nodewright.served import ServedSamples
from nodewright.watch import Collector
from system.node_rig import NodeRig, listen, reports

Message = dict[str, Any]

WAIT_S = 90.0
G_PER_DIGIT = 1 / 256  # ADXL345
FEATURES = ("acc_rms_g", "acc_peak_g", "acc_p2p_g", "crest", "mean_g")  # none depends on length

# Cycles begin at 0, 400, 800 … ms and take 256 samples at 800 Hz each, 0.33 s.


@pytest.fixture
def hub():
    with broker.start() as started:
        yield started


def make(port: int, index: int = 0) -> NodeRig:
    """A node whose values bear no mark where there is no fault; index: as of NodeRig."""
    rig = NodeRig(port, index)
    rig.measured["features"] = list(FEATURES)
    return rig


def run(rig: NodeRig, hub, count: int, *faults: dict[str, Any]) -> list[Message]:
    """The first reports of a node that meets these faults of its first sensor."""
    rig.faults += [{"chip": "acc", **fault} for fault in faults]
    with listen(hub) as heard, rig.board():
        return [event.message for event in reports(heard, count, WAIT_S)]


def run_to_health(rig: NodeRig, hub, count: int, *faults: dict[str, Any]) -> tuple[Any, Any]:
    """The first reports, and the counts of errors after them."""
    rig.faults += [{"chip": "acc", **fault} for fault in faults]
    with listen(hub) as heard, rig.board():
        return gather(heard, count)


def gather(heard: Collector, count: int) -> tuple[list[Message], dict[str, int]]:
    """The first reports, and the health that was told after just as many; others left out."""
    got: list[Message] = []
    while True:
        event = heard.get(WAIT_S)
        assert event is not None, f"{len(got)} of {count} reports, and their health"
        if event.kind == "report" and not event.double and event.message["seq"] < count:
            got.append(event.message)
        if event.kind == "health" and event.message["sent"] >= count:
            assert len(got) == count
            return sorted(got, key=lambda message: message["seq"]), event.message["errors"]


def said(messages: list[Message]) -> list[str]:
    """The fault of each report, "" for none."""
    return [" ".join(fault["fault"] for fault in message["faults"]) for message in messages]


def marks(message: Message) -> set[str]:
    """Why the values of a report are marked; "" among it when one is not."""
    return {
        message["marked"][channel].get(key, "")
        for channel, values in message["channels"].items()
        for key in values
    }


def passed(messages: list[Message]) -> list[bool]:
    """Whether each report passes for good: a valid record, and no mark on any value."""
    return [
        message["record"] is not None and message["record"]["valid"] and marks(message) == {""}
        for message in messages
    ]


def second_sensor(rig: NodeRig, port: int) -> None:
    """Give the node of an I2C sensor one on SPI too; cycles begin at 0, 800, 1600 … ms."""
    rig.every_ms(800)
    other = make(port, index=2)
    other.sensor["name"] = "far"
    other.sensor["int1"] = other.chip["int1"] = 22
    other.chip["name"] = "far"
    other.measured.update(name="far", sensor="far", schedule=rig.measured["schedule"])
    rig.settings["sensors"].append(other.sensor)
    rig.settings["sets"].append(other.measured)
    rig.buses.append(other.buses[0])


def test_node__sensor_unplugged_and_back__says_so_and_measures_again(hub):
    fault = {"kind": "unplugged", "from_ms": 900, "to_ms": 1900}
    got, errors = run_to_health(make(hub.port), hub, 7, fault)
    assert said(got) == ["", "", "bus_error", "no_answer", "no_answer", "", ""]
    assert passed(got) == [True, True, False, False, False, True, True]
    assert errors == {"bus_error": 1, "no_answer": 2}


def test_node__contact_lost_for_a_moment_in_mid_record__no_record_and_next_is_good(hub):
    # Between two readings: nobody sees the chip missing, only that its registers are lost.
    fault = {"kind": "unplugged", "from_ms": 900, "to_ms": 900.5}
    got = run(make(hub.port), hub, 4, fault)
    assert said(got) == ["", "", "timeout", ""]
    assert passed(got) == [True, True, False, True]


@pytest.mark.parametrize(
    ("kind", "to_ms", "name"),
    [
        ("unplugged", 1000.5, "sensor_reset"),  # all that it leaves is a chip without settings
        ("nack", 2200, "bus_error"),
        ("wrong_identity", 2200, "wrong_identity"),
        ("bus_held", 1001, "bus_held"),
    ],
)
def test_node__fault_between_two_records__is_told_by_itself_and_costs_none(hub, kind, to_ms, name):
    rig = make(hub.port)
    rig.every_ms(2500)
    fault = {"kind": kind, "from_ms": 1000, "to_ms": to_ms}
    got, errors = run_to_health(rig, hub, 3, fault)
    assert said(got) == ["", name, ""]
    assert passed(got) == [True, False, True]
    assert errors.pop(name) == 1 and set(errors) <= {"bus_recovered"}


def test_node__sensor_on_spi_unplugged__says_so_and_measures_again(hub):
    fault = {"kind": "unplugged", "from_ms": 900, "to_ms": 1500}
    rig = make(hub.port, index=2)
    rig.measured["samples"] = 1024  # at 3200 Hz as long as 256 at 800
    rig.faults.append({"chip": "acc", **fault})
    got = run(rig, hub, 5)
    assert said(got) == ["", "", "timeout", "wrong_identity", ""]
    assert passed(got) == [True, True, False, False, True]


def test_node__another_chip_answers_for_a_while__wrong_identity_and_measures_again(hub):
    fault = {"kind": "wrong_identity", "from_ms": 700, "to_ms": 1500}
    got, errors = run_to_health(make(hub.port), hub, 5, fault)
    assert said(got) == ["", "", "wrong_identity", "wrong_identity", ""]
    assert got[2]["faults"][0] == {
        "sensor": "acc",
        "fault": "wrong_identity",
        "expected": 0xE5,
        "got": 0,
    }
    assert passed(got) == [True, True, False, False, True]
    assert errors == {"wrong_identity": 2}


def test_node__bus_held_low__clocked_out_and_measures_again(hub):
    rig = make(hub.port)
    second_sensor(rig, hub.port)
    fault = {"kind": "bus_held", "from_ms": 1700, "to_ms": 1701}
    got, errors = run_to_health(rig, hub, 10, fault)
    near, far = got[0::2], got[1::2]
    assert said(near) == ["", "", "bus_held", "", ""]
    assert near[2]["faults"][0]["recovered"] is True
    assert passed(near) == [True, True, False, True, True]
    assert passed(far) == [True] * 5
    assert errors == {"bus_held": 1, "bus_recovered": 1}


@pytest.mark.parametrize(
    ("fault", "reason", "valid"),
    [
        ({"kind": "stuck"}, "stuck", False),
        ({"kind": "overrun"}, "overrun", False),
        ({"kind": "clipping", "factor": 40}, "clipped", False),
        ({"kind": "mounting", "orientation": "xzy"}, "mounting", True),
        ({"kind": "mounting", "orientation": "xy-z"}, "mounting", True),
    ],
    ids=["stuck", "overrun", "clipping", "mounting", "upside down"],
)
def test_node__record_under_a_fault__marked_and_the_other_sensor_goes_on(
    hub, fault, reason, valid
):
    rig = make(hub.port)
    second_sensor(rig, hub.port)
    got, errors = run_to_health(rig, hub, 10, {**fault, "from_ms": 1590, "to_ms": 3190})
    near, far = got[0::2], got[1::2]
    assert said(got) == [""] * 10
    assert passed(near) == [True, True, False, False, True]
    assert passed(far) == [True] * 5
    for message in near[2:4]:
        record = message["record"]
        assert record["valid"] == valid
        assert marks(message) == {reason}
        assert bool(record["overruns"]) == (reason == "overrun")
        assert bool(record["clipped"]) == (reason == "clipped")
        if reason == "stuck":
            assert {held["crest"] for held in message["withheld"].values()} == {"stuck"}
    assert errors[reason] == 2


def test_node__frozen_in_mid_record__marked_too(hub):
    fault = {"kind": "stuck", "from_ms": 900, "to_ms": 1000}  # 80 of 256 samples
    got = run(make(hub.port), hub, 4, fault)
    assert passed(got) == [True, True, False, True]
    assert marks(got[2]) == {"stuck"}


def test_node__mounted_wrongly_where_nobody_knows_how_it_should_be__not_marked(hub):
    rig = make(hub.port)
    rig.sensor["gravity"] = None
    fault = {"kind": "mounting", "orientation": "xzy", "from_ms": 0, "to_ms": 10_000}
    assert passed(run(rig, hub, 2, fault)) == [True, True]


def test_node__several_faults_at_once__the_gravest_is_the_mark(hub):
    turned = {"kind": "mounting", "orientation": "xzy", "from_ms": 0, "to_ms": 2790}
    frozen = {"kind": "stuck", "from_ms": 390, "to_ms": 1190}
    loud = {"kind": "clipping", "factor": 99, "from_ms": 1190, "to_ms": 2790}
    late = {"kind": "overrun", "from_ms": 1990, "to_ms": 2790}
    got = run(make(hub.port), hub, 7, turned, frozen, loud, late)
    assert [marks(message) for message in got] == [
        {"mounting"},
        {"stuck"},
        {"stuck"},
        {"clipped"},
        {"clipped"},
        {"overrun"},
        {"overrun"},
    ]


def random_faults(chance: random.Random, until_ms: float) -> list[dict[str, Any]]:
    """Faults of one chip, one after the other, until then."""
    found: list[dict[str, Any]] = []
    at_ms = 500.0
    while True:
        at_ms += chance.uniform(100, 900)
        kind = chance.choice(
            ("unplugged", "nack", "overrun", "stuck", "wrong_identity", "bus_held")
        )
        end_ms = at_ms + chance.choice((1, 10, 100, 1000)) * chance.uniform(0.5, 1.5)
        if end_ms > until_ms:
            return found
        found.append({"chip": "acc", "kind": kind, "from_ms": at_ms, "to_ms": end_ms})
        at_ms = end_ms


def wrong_values(message: Message, served: ServedSamples) -> list[str]:
    """Unmarked values that are not those of the samples which the twin served."""
    record = message["record"]
    digits = served.samples("acc", 1, record["run"], record["first"], record["samples"])
    found = []
    for axis, channel in enumerate(CHANNELS):
        right = reference.compute(
            digits[:, axis] * G_PER_DIGIT, record["rate_hz"], FEATURES
        ).values
        for key, value in message["channels"][channel].items():
            bound = reference.tolerance(key, right, g_per_digit=G_PER_DIGIT)
            if key not in message["marked"][channel] and abs(value - right[key]) > bound:
                found.append(f"{channel} {key}: {value}, not {right[key]}")
    return found


def test_node__a_minute_of_random_faults__each_counted_and_no_wrong_value_passes(hub):
    rig = make(hub.port)
    rig.faults = random_faults(random.Random(1), 58_000)
    assert len(rig.faults) > 30
    with listen(hub) as heard, rig.board() as board:
        got, errors = gather(heard, 145)
        served = ServedSamples(board.samples_dir)
        wrong = [text for m in got if m["record"] for text in wrong_values(m, served)]
    assert not wrong

    # What was counted is what was reported, name by name.
    counted: dict[str, int] = {}
    for message in got:
        names = {fault["fault"] for fault in message["faults"]} | marks(message) - {""}
        assert bool(names) != passed([message])[0]
        for name in names:
            counted[name] = counted.get(name, 0) + 1
    counted["bus_recovered"] = counted["bus_held"]
    # One of several marks is told, all are counted; and a stall may make a cycle too long.
    for name, count in counted.items():
        assert count <= errors[name] <= count + 2, name
    assert set(errors) <= set(counted) | {"stuck", "gap", "rate", "cycle_missed"}

    # No fault that lasted for a whole cycle has passed unseen.
    bad_ms = [m["uptime_ms"] for m, good in zip(got, passed(got), strict=True) if not good]
    for fault in rig.faults:
        if fault["to_ms"] - fault["from_ms"] > 850:
            assert any(fault["from_ms"] - 400 <= at <= fault["to_ms"] for at in bad_ms), fault

    # What passes for good is what this machine does, whatever the bus has said.
    for channel, mean_g in zip(CHANNELS, (0.0, 0.0, 1.0), strict=True):
        good = [m["channels"][channel] for m in got if passed([m])[0]]
        assert len(good) > 40
        usual = median(values["acc_rms_g"] for values in good)
        for values in good:
            assert 0.7 < values["acc_rms_g"] / usual < 1.4
            assert abs(values["mean_g"] - mean_g) < 0.02
