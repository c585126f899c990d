"""The faults of a demo: what is asked for, when it comes, and what of it counts as survived."""

from collections.abc import Iterable
from typing import Any

import pytest

from nodewright import boards
from nodewright.demo.fault_case import Case
from nodewright.demo.fault_outage import OutageCase
from nodewright.demo.fault_reboot import RebootCase
from nodewright.demo.fault_round import FaultRound
from nodewright.demo.fault_sensor import SensorCase
from nodewright.demo.faults import FAULTS, NAMES, Fault, Planned, assign, parse, record_ms
from nodewright.demo.judge import Verdict
from nodewright.demo.plan import NodePlan, make_plans
from nodewright.demo.tally import Tally
from nodewright.errors import BadInput

BY_NAME = {fault.name: fault for fault in FAULTS}
RECORD_MS, INTERVAL_MS = 1280.0, 2000


def plans(count: int = 3, interval_s: float = 2.0) -> list[NodePlan]:
    return make_plans(boards.load("virtual"), count, interval_s, 1883)


def report(
    seq: int,
    *,
    boot: int = 1,
    faults: Iterable[str] = (),
    reason: str | None = None,
    bare: int = 0,
    valid: bool | None = None,
) -> dict[str, Any]:
    """What a node says of its record `seq`: faults and no record, or three values.

    reason: all of them bear it but `bare` of them.
    """
    entries = [{"sensor": "acc", "fault": name} for name in faults]
    values = {} if entries else dict.fromkeys(("acc_rms_g", "crest", "mean_g"), 1.0)
    marked = {} if reason is None else dict.fromkeys(list(values)[bare:], reason)
    good = reason in (None, "mounting") if valid is None else valid
    return {
        "boot": boot,
        "seq": seq,
        "uptime_ms": seq * INTERVAL_MS,
        "record": None if entries else {"valid": good},
        "channels": {"x": values} if values else {},
        "withheld": {},
        "marked": {"x": marked} if marked else {},
        "faults": entries,
    }


class Hands:
    """Notes what is asked of it."""

    def __init__(self, cut: tuple[int, int] = (3, 300)) -> None:
        self.done: list[str] = []
        self._cut = cut

    def reset(self, node: str) -> None:
        self.done.append(f"reset {node}")

    def cut_power(self, node: str) -> None:
        self.done.append(f"cut {node}")

    def cut_at(self, node: str) -> tuple[int, int]:
        return self._cut

    def begin_outage(self, name: str) -> None:
        self.done.append(f"begin {name}")

    def end_outage(self, name: str) -> None:
        self.done.append(f"end {name}")


# The list


def test_parse__all__every_fault_once() -> None:
    assert [fault.name for fault in parse("all")] == list(NAMES)
    assert len(set(NAMES)) == len(NAMES) == 11


def test_parse__some__in_the_catalogues_order() -> None:
    assert [fault.name for fault in parse("link, unplugged,link")] == ["unplugged", "link"]


@pytest.mark.parametrize("text", ["", "unplugged,", "wrong", "all,wrong", "unplugged;stuck"])
def test_parse__unknown_name__names_it_and_the_known_ones(text: str) -> None:
    with pytest.raises(BadInput, match=r"is not known: unplugged, identity, .* power, .*, or all"):
        parse(text)


def test_parse__no_gravity__mounting_cannot_be_shown() -> None:
    assert "mounting" not in [fault.name for fault in parse("all", gravity=False)]
    with pytest.raises(BadInput, match="gravity"):
        parse("mounting", gravity=False)


# The plan


@pytest.mark.parametrize("count", [1, 2, 3, 7])
@pytest.mark.parametrize("interval_s", [1.5, 2.0, 60.0])
def test_assign__all_faults__each_apart_from_its_nodes_others(
    count: int, interval_s: float
) -> None:
    fleet = plans(count, interval_s)
    planned = assign(parse("all"), fleet)
    assert [plan.fault.name for plan in planned] == list(NAMES)
    for node in fleet:
        length_ms, spoiled = record_ms(node), []
        for plan in planned:
            if plan.node == node.name and plan.fault.scope == "sensor":
                # What a record k of k * interval to its end has in common with the fault.
                under = [
                    k
                    for k in range(100)
                    if k * interval_s * 1000 < plan.to_ms
                    and k * interval_s * 1000 + length_ms > plan.from_ms
                ]
                assert under == list(range(plan.first, plan.first + plan.fault.records))
                spoiled += under
        assert 0 not in spoiled
        # Between two faults one good record at least.
        starts = [k for k in spoiled if k - 1 not in spoiled]
        assert len(starts) == sum(
            plan.node == node.name and plan.fault.scope == "sensor" for plan in planned
        )


def test_assign__bus_held__goes_to_a_node_on_i2c_only() -> None:
    fleet = plans(3)
    motor = [plan for plan in fleet if plan.sensor["bus"]["kind"] == "spi"]
    (planned,) = assign([BY_NAME["bus-held"]], fleet)
    assert planned.node not in [plan.name for plan in motor]
    (moved,) = assign([BY_NAME["bus-held"]], [*motor, fleet[1]])
    assert moved.node == fleet[1].name
    with pytest.raises(BadInput, match="bus-held needs a node with its sensor on i2c"):
        assign([BY_NAME["bus-held"]], motor)


def test_round__schedule__is_what_the_twins_take() -> None:
    fleet = plans()
    entries = [
        entry for plan in fleet for entry in FaultRound(parse("all"), fleet).schedule(plan.name)
    ]
    assert sorted(entry["kind"] for entry in entries) == sorted(
        fault.kind for fault in FAULTS if fault.scope == "sensor"
    )
    for entry in entries:
        assert entry["chip"] == "acc" and entry["boot"] == 1
        assert 0 < entry["from_ms"] < entry["to_ms"]
    (clipping,) = [entry for entry in entries if entry["kind"] == "clipping"]
    assert clipping["factor"] > 1


# A fault of the sensor

SAYS: dict[str, list[dict[str, Any]]] = {
    "unplugged": [{"faults": ["bus_error"]}, {"faults": ["no_answer"]}],
    "identity": [{"faults": ["wrong_identity"]}] * 2,
    "stuck": [{"reason": "stuck"}],
    "bus-held": [{"faults": ["bus_held"]}],
    "overrun": [{"reason": "overrun"}],
    "clipping": [{"reason": "clipped"}],
    "mounting": [{"reason": "mounting"}],
}


def sensor_case(name: str, first: int = 1) -> SensorCase:
    fault = BY_NAME[name]
    from_ms = first * INTERVAL_MS + (640 if fault.begin == "within" else -300)
    to_ms = (first + fault.records) * INTERVAL_MS - 300
    return SensorCase(Planned(fault, "pump-1", from_ms, to_ms, first), RECORD_MS)


def play(case: Case, reports: Iterable[dict[str, Any]]) -> Case:
    for message in reports:
        case.on_report("pump-1", message)
    return case


def under(name: str, changed: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """A good report, those under the fault (the first of them changed), and a good one."""
    told = [dict(words) for words in SAYS[name]]
    told[0] |= changed or {}
    middle = [report(1 + index, **words) for index, words in enumerate(told)]
    return [report(0), *middle, report(1 + len(middle))]


@pytest.mark.parametrize("name", sorted(SAYS))
def test_sensor_case__told_as_it_should_be__survived(name: str) -> None:
    case = play(sensor_case(name), under(name))
    assert case.ok, case.failures
    assert case.recovered == 1
    assert case.spoiled == {("pump-1", (1, 1 + i)) for i in range(len(SAYS[name]))}
    assert case.marked == (3 if "reason" in SAYS[name][0] else 0)
    assert any("begins" in line for line in case.news)
    assert f"measured again from 1:{1 + len(SAYS[name])}" in case.proof()


@pytest.mark.parametrize("name", sorted(SAYS))
def test_sensor_case__nothing_said__fails(name: str) -> None:
    case = play(sensor_case(name), under(name, {"faults": (), "reason": None}))
    assert not case.ok
    assert "report 1:1 under it says nothing" in case.failures
    assert "report 1:1 under it: 3 values passed unmarked" in case.failures


@pytest.mark.parametrize("name", sorted(SAYS))
def test_sensor_case__something_else_said__fails(name: str) -> None:
    case = play(sensor_case(name), under(name, {"faults": ["bad_setting"], "reason": None}))
    assert case.failures[0] == "report 1:1 under it says bad_setting"


@pytest.mark.parametrize("name", ["stuck", "overrun", "clipping", "mounting"])
def test_sensor_case__one_value_unmarked__fails(name: str) -> None:
    case = play(sensor_case(name), under(name, {"bare": 1}))
    assert case.failures == ["report 1:1 under it: 1 value passed unmarked"]


def test_sensor_case__report_under_it_is_missing__fails() -> None:
    case = play(sensor_case("unplugged"), [*under("unplugged")[:2], report(3)])
    assert case.failures == ["2 reports under it should have come, 1 did"]


def test_sensor_case__good_again_later__says_after_how_many() -> None:
    late = [report(2, reason="stuck", valid=False), report(3)]
    case = play(sensor_case("stuck"), [report(0), report(1, reason="stuck"), *late])
    assert case.ok and case.recovered == 2


@pytest.mark.parametrize(
    "after", [{"faults": ["no_answer"]}, {"reason": "stuck"}, {"reason": "mounting"}]
)
def test_sensor_case__never_good_again__fails(after: dict[str, Any]) -> None:
    spoilt = [report(2 + index, **after) for index in range(4)]
    case = play(sensor_case("stuck"), [report(0), report(1, reason="stuck"), *spoilt, report(6)])
    assert case.over and not case.ok
    assert case.failures == ["not good again 4 reports after its end"]


def test_sensor_case__health__what_it_counted_is_said() -> None:
    case = sensor_case("stuck")
    case.on_health("pump-1", {"errors": {"clipped": 2}})
    case.on_report("pump-1", report(1, reason="stuck"))
    case.on_health("pump-1", {"errors": {"clipped": 2, "stuck": 1}})
    case.on_report("pump-1", report(2))
    assert "health counts stuck 1" in case.said


def test_sensor_case__another_node_or_boot__is_not_its_business() -> None:
    case = sensor_case("stuck")
    case.on_report("fan-1", report(1))
    case.on_report("pump-1", report(1, boot=2))
    assert case.state == "waiting"


# Reset and power cut


def reboot_case(name: str) -> RebootCase:
    return RebootCase(Planned(BY_NAME[name], "pump-1"), 1024)


def reboot(case: Case, hands: Hands, boot: str, cause: str) -> None:
    """Calm, begun, booted, one report, looked at."""
    case.on_console("pump-1", "boot", {"boot": "1", "reset": "power_on"})
    case.step(hands)
    assert hands.done == []  # nothing is acknowledged yet
    case.on_console("pump-1", "acked", {"boot": "1", "seq": "0"})
    case.step(hands)
    case.step(hands)
    case.on_console("pump-1", "boot", {"boot": boot, "reset": cause})
    case.on_report("pump-1", report(0, boot=int(boot)))
    case.step(hands)


@pytest.mark.parametrize(
    ("name", "cause", "done"),
    [("reset", "hard", "reset pump-1"), ("power", "power_on", "cut pump-1")],
)
def test_reboot_case__next_boot_and_right_cause__survived(
    name: str, cause: str, done: str
) -> None:
    hands, case = Hands(), reboot_case(name)
    reboot(case, hands, "2", cause)
    assert case.ok, case.failures
    assert hands.done == [done]
    assert f"boot 2 follows 1, cause {cause}" in case.said
    assert ("cut after 300 of 1024 samples of run 3" in case.said) == (name == "power")


def test_reboot_case__report_begun_meanwhile__waits_for_its_acknowledgement() -> None:
    hands, case = Hands(), reboot_case("reset")
    case.on_console("pump-1", "acked", {"boot": "1", "seq": "0"})
    case.on_console("pump-1", "report", {"boot": "1", "seq": "1"})
    case.step(hands)
    assert hands.done == []


@pytest.mark.parametrize(
    ("boot", "cause", "failure"),
    [
        ("2", "watchdog", "the cause is watchdog, not hard"),
        ("3", "hard", "boot 3 cannot follow 1"),
        ("1", "hard", "boot 1 cannot follow 1"),
    ],
)
def test_reboot_case__wrong_boot_or_cause__fails(boot: str, cause: str, failure: str) -> None:
    case = reboot_case("reset")
    reboot(case, Hands(), boot, cause)
    assert case.over and case.failures == [failure]


@pytest.mark.parametrize("count", [0, 1024])
def test_reboot_case__cut_between_records__fails(count: int) -> None:
    case = reboot_case("power")
    reboot(case, Hands((3, count)), "2", "power_on")
    assert case.failures == [f"not cut in mid-record: {count} samples of run 3 had been read"]


def test_reboot_case__never_back__is_given_up() -> None:
    hands, case = Hands(), reboot_case("reset")
    case.on_console("pump-1", "acked", {})
    case.step(hands)
    case.now_s = 31.0
    case.step(hands)
    assert case.over and case.failures == ["no good report in 30 s"]


# Broker and link

FLEET = ("pump-1", "fan-1")


def outage_case(hands: Hands) -> OutageCase:
    """Under way, both nodes with one connection so far."""
    case = OutageCase(Planned(BY_NAME["broker"]), FLEET, 2.5)
    case.on_report("pump-1", report(0))
    case.step(hands)
    assert hands.done == []  # fan-1 has not been heard yet
    case.on_report("fan-1", report(0))
    for node in FLEET:
        case.on_health(node, {"connects": 1, "errors": {"mqtt_eof": 1}})
    case.step(hands)
    assert hands.done == ["begin broker"]
    return case


def end_outage(case: OutageCase, hands: Hands) -> None:
    case.now_s = 2.4
    case.step(hands)
    assert case.state == "under"
    case.now_s = 2.6
    case.step(hands)
    assert hands.done == ["begin broker", "end broker"]


def come_back(case: OutageCase, *nodes: str) -> None:
    for node in nodes:
        case.on_console(node, "connected", {})
        case.on_health(node, {"connects": 2, "errors": {"mqtt_eof": 2, "mqtt_refused": 3}})


def test_outage_case__all_back_and_all_came__survived() -> None:
    hands = Hands()
    case = outage_case(hands)
    case.on_console("fan-1", "report", {"boot": "1", "seq": "1"})
    end_outage(case, hands)
    come_back(case, *FLEET)
    case.step(hands)
    assert not case.over  # the report of meanwhile is not here yet
    case.on_report("fan-1", report(1))
    case.step(hands)
    assert case.ok
    assert "all 1 report measured meanwhile came" in case.said
    assert "fan-1 reports mqtt_eof 1, mqtt_refused 3" in case.said


def test_outage_case__console_read_after_the_report_came__owes_nothing() -> None:
    hands = Hands()
    case = outage_case(hands)
    case.on_report("fan-1", report(1))  # over the broker, just before it died
    case.on_console("fan-1", "report", {"boot": "1", "seq": "1"})
    end_outage(case, hands)
    come_back(case, *FLEET)
    case.step(hands)
    assert case.ok, case.failures
    assert "all 0 reports measured meanwhile came" in case.said


@pytest.mark.parametrize("what", ["report", "node", "health"])
def test_outage_case__something_does_not_come__fails_and_says_what(what: str) -> None:
    hands = Hands()
    case = outage_case(hands)
    case.on_console("fan-1", "report", {"boot": "1", "seq": "1"})
    end_outage(case, hands)
    come_back(case, "pump-1")
    if what != "node":
        case.on_console("fan-1", "connected", {})
    if what == "report":
        come_back(case, "fan-1")
    else:
        case.on_report("fan-1", report(1))
    case.now_s = 50.0
    case.step(hands)
    expected = {
        "report": "fan-1: 1 report did not come",
        "node": "fan-1 did not connect again, or did not say so",
        "health": "fan-1 did not connect again, or did not say so",
    }
    assert case.over and case.failures == [expected[what]]


def test_outage_case__connected_before_its_end__does_not_count() -> None:
    hands = Hands()
    case = outage_case(hands)
    come_back(case, *FLEET)
    end_outage(case, hands)
    case.step(hands)
    assert not case.over


# All of them


def faults(*names: str) -> list[Fault]:
    return [BY_NAME[name] for name in names]


def test_round__fleets_faults__come_when_all_nodes_are_through() -> None:
    hands, each = Hands(), FaultRound(faults("reset", "broker"), plans(1))
    for seq in range(2):
        each.on_message("pump-1", "report", report(seq))
        each.step(1.0, hands)
    assert hands.done == []
    each.on_console("pump-1", "boot", {"boot": "1", "reset": "power_on"})
    each.on_console("pump-1", "acked", {})
    each.step(2.0, hands)
    each.on_console("pump-1", "boot", {"boot": "2", "reset": "hard"})
    each.step(3.0, hands)
    assert hands.done == ["reset pump-1"]
    each.on_message("pump-1", "report", report(0, boot=2))
    each.step(4.0, hands)
    each.step(4.1, hands)
    assert hands.done == ["reset pump-1", "begin broker"]
    assert not each.over


def test_round__report_under_a_fault__is_explained_and_no_other() -> None:
    each = FaultRound(faults("unplugged"), plans(1))
    incident = "report 1:1: fault bus_error of acc"
    verdict = Verdict([], [incident, "another thing"], [], (incident,))
    each.on_message("pump-1", "report", report(1, faults=["bus_error"]))
    told = each.explain("pump-1", (1, 1), verdict)
    assert told.failures == ["another thing"]
    assert told.notes == [f"{incident} (sensor unplugged)"]
    assert each.explain("pump-1", (1, 0), verdict) is verdict
    assert each.explain("fan-1", (1, 1), verdict) is verdict


def test_round__ends_too_early__what_was_not_over_failed() -> None:
    each = FaultRound(faults("stuck", "link"), plans(1))
    each.close()
    assert each.over
    assert [text.split(":")[0] for text in each.failures] == [
        "fault stuck (pump-1)",
        "fault link (all)",
    ]
    assert [outcome["ok"] for outcome in each.outcomes()] == [False, False]


def test_round__no_faults__is_over_and_has_nothing_to_say() -> None:
    each = FaultRound((), plans())
    each.step(1.0, Hands())
    assert each.over and each.outcomes() == [] and each.failures == [] and each.most_s() == 0


def test_round__link__shortens_the_keepalive_to_less_than_the_outage() -> None:
    fleet = plans()
    FaultRound(faults("link"), fleet)
    keepalives = {plan.settings["mqtt"]["keepalive_s"] for plan in fleet}
    assert keepalives == {3}
    case = FaultRound(faults("link"), fleet).cases[0]
    assert isinstance(case, OutageCase)
    assert case.lasts_s > 1.5 * 3


# What a reset may take with it


def test_tally__unacknowledged_before_a_restart__is_destroyed_not_lost() -> None:
    tally = Tally(plans(1)[0], 3, restarts=1)
    tally.on_console("boot", {"boot": "1"})
    for seq in ("0", "1"):
        tally.on_console("report", {"boot": "1", "seq": seq})
    tally.on_console("acked", {"boot": "1", "seq": "0"})
    tally.on_console("boot", {"boot": "2"})
    tally.on_console("report", {"boot": "2", "seq": "0"})
    for boot in (1, 2):
        message = {"boot": boot, "seq": 0}
        assert tally.on_report(message)
        tally.on_verdict(message, Verdict([], [], []))
    assert tally.destroyed == [(1, 1)]
    assert tally.complete and tally.failures == [] and tally.lost == 0


def test_tally__acknowledged_before_a_restart_and_gone__is_lost() -> None:
    tally = Tally(plans(1)[0], 1, restarts=1)
    tally.on_console("boot", {"boot": "1"})
    tally.on_console("report", {"boot": "1", "seq": "0"})
    tally.on_console("acked", {"boot": "1", "seq": "0"})
    tally.on_console("boot", {"boot": "2"})
    assert tally.failures == ["report 1:0 was lost"]


def test_tally__more_restarts_than_were_made__fails() -> None:
    tally = Tally(plans(1)[0], 0, restarts=1)
    for number in ("1", "2", "3"):
        tally.on_console("boot", {"boot": number})
    assert tally.failures == ["booted 3 times"]
