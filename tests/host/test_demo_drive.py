"""The demo's motor: what its story asks of a node, and what spoils it."""

from typing import Any

import pytest

from nodewright import boards
from nodewright.demo import drive
from nodewright.demo.drive_plan import DrivePlan
from nodewright.demo.drive_story import DriveStory
from nodewright.demo.plan import make_plans

CHANNELS = ("l1", "l2", "l3")


@pytest.fixture(scope="module")
def plan() -> DrivePlan:
    found = make_plans(boards.load("virtual"), 0, 10.0, 1883, every_sensor=True)[-1]
    assert isinstance(found, DrivePlan)
    return found


def _report(
    amps: list[float], first: dict[str, float], mark: str = "", boot: int = 1, seq: int = 0
) -> dict[str, Any]:
    channels = {name: {"cur_rms_a": a} for name, a in zip(CHANNELS, amps, strict=True)}
    channels["l1"] |= {"cur_running": 0.0, "cur_starts": 1.0, "cur_run_h": 0.0014} | first
    marked = {name: {"cur_rms_a": mark} if mark else {} for name in CHANNELS}
    return {"boot": boot, "seq": seq, "record": {}, "channels": channels, "marked": marked}


def _chapters() -> dict[str, dict[str, Any]]:
    off, running = [0.0] * 3, [drive.running_a(phase) for phase in range(3)]
    left = [0.0 if phase == drive.LOST else drive.lost_a() for phase in range(3)]
    start = _report([20.0] * 3, {"cur_running": 1.0})
    for name, part in zip(CHANNELS, drive.BALANCE, strict=True):
        start["channels"][name] |= {
            "cur_inrush_a": drive.inrush_a() * part,
            "cur_inrush_ms": 260.0,
        }
    lost = {"cur_running": 1.0, "cur_unbalance_pct": 100.0}
    return {
        "standing": _report(off, {"cur_starts": 0.0}),
        "starting": start,
        "running": _report(running, {"cur_running": 1.0}),
        "lost": _report(left, lost, "phase_lost"),
        "stopped": _report(off, {}, seq=9),
        "after": _report(off, {}, boot=2),
        "again": _report([20.0] * 3, {"cur_running": 1.0, "cur_starts": 2.0}, boot=2, seq=1),
    }


def _told(plan: DrivePlan, chapters: dict[str, dict[str, Any]]) -> DriveStory:
    story = DriveStory(plan)
    for name, report in chapters.items():
        story.on_report(report)
        if name == "stopped":
            story.on_console("acked", {"boot": "1", "seq": "8"})
            assert not story.cut_asked
            story.on_console("acked", {"boot": "1", "seq": "9"})
    return story


def test_story__all_of_it__over_and_told(plan: DrivePlan) -> None:
    story = _told(plan, _chapters())
    assert story.over and story.cut_asked and story.failures == []
    words = ["started", "running", "lost phase l2", "stopped", "power cut", "started again"]
    assert [told.split(":")[0].split(" at")[0] for told in story.said] == words


@pytest.mark.parametrize(
    ("chapter", "channel", "change", "word"),
    [
        ("standing", "l1", {"cur_rms_a": 3.0}, "no current"),
        ("starting", "l3", {"cur_inrush_a": 20.0}, "inrush"),
        ("starting", "l2", {"cur_inrush_ms": 100.0}, "lasts"),
        ("starting", "l1", {"cur_starts": 2.0}, "first start"),
        ("running", "l2", {"cur_rms_a": 5.3}, "A in l2"),
        ("lost", "l1", {"cur_rms_a": 5.0}, "A in l1"),
        ("lost", "l1", {"cur_unbalance_pct": 40.0}, "unbalance"),
        ("stopped", "l1", {"cur_run_h": 0.0}, "hours"),
        ("after", "l1", {"cur_run_h": 0.0013}, "before the power cut"),
        ("after", "l1", {"cur_starts": 0.0}, "before the power cut"),
        ("after", "l1", {"cur_running": 1.0}, "not running"),
    ],
)
def test_story__one_value_wrong__fails_and_says_which(
    plan: DrivePlan, chapter: str, channel: str, change: dict[str, float], word: str
) -> None:
    chapters = _chapters()
    chapters[chapter]["channels"][channel] |= change
    story = _told(plan, chapters)
    assert any(word in text for text in story.failures), story.failures


@pytest.mark.parametrize("chapter", ["standing", "starting", "running", "lost"])
def test_story__a_clamp_that_says_nothing__fails_and_goes_on(
    plan: DrivePlan, chapter: str
) -> None:
    chapters = _chapters()
    del chapters[chapter]["channels"]["l3"]
    story = _told(plan, chapters)
    assert story.over and story.failures


def test_story__phase_that_nobody_marks__fails(plan: DrivePlan) -> None:
    chapters = _chapters()
    for reasons in chapters["lost"]["marked"].values():
        reasons.clear()
    story = _told(plan, chapters)
    assert any("A in l2" in text for text in story.failures), story.failures


def test_story__acknowledged_on_the_console_before_the_report_is_heard__cut_all_the_same(
    plan: DrivePlan,
) -> None:
    chapters = _chapters()
    story = DriveStory(plan)
    for name in ("standing", "starting", "running", "lost"):
        story.on_report(chapters[name])
    story.on_console("acked", {"boot": "1", "seq": "9"})
    assert not story.cut_asked
    story.on_report(chapters["stopped"])
    assert story.cut_asked and story.failures == []


def test_story__ends_early__is_no_success(plan: DrivePlan) -> None:
    story = _told(plan, {"standing": _chapters()["standing"]})
    story.give_up()
    assert not story.over and "standing" in story.failures[0]


def test_plan__its_fleet__passes_check_and_its_rate_is_the_converters(plan: DrivePlan) -> None:
    (measured,) = plan.settings["sets"]
    assert measured["schedule"]["interval_ms"] == drive.EVERY_MS
    assert plan.sensor["motor"] == {
        "on_a": 1,
        "off_a": None,
        "rated_a": drive.RATED_A,
        "pole_pairs": 2,
        "neg_seq_pct": 7,
    }
    assert plan.delays_us == pytest.approx([0, 500 / 3, 1000 / 3])
