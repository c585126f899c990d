"""The demo's account: what was sent, lost, doubled, wrong; and a report held against samples."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nodewright import boards
from nodewright.demo.fleet_folder import CHANNELS
from nodewright.demo.judge import REQUIRED, Point, Verdict, judge
from nodewright.demo.plan import make_plans
from nodewright.demo.tally import Tally
from nodewright.errors import BadInput
from nodewright.served import ServedError
from wire import settings

PLAN = make_plans(boards.load("virtual"), 1, 2.0, 1883)[0]
G_PER_DIGIT = PLAN.g_per_digit
GOOD = Verdict([], [], [])


def point(ok: bool = True, **more: Any) -> Point:
    values: dict[str, Any] = {
        "boot": 1,
        "seq": 0,
        "channel": "x",
        "feature": "acc_rms_g",
        "unit": "g",
        "value": 1.1,
        "reference": 1.0,
        "deviation": 0.1,
        "tolerance": 0.001,
    }
    return Point(**(values | more), ok=ok)


def told(cycles: int, *seqs: int) -> Tally:
    """A node that booted and says that it sent these."""
    tally = Tally(PLAN, cycles)
    tally.on_console("boot", {"boot": "1", "version": "0.1.0"})
    for seq in seqs:
        tally.on_console("report", {"boot": "1", "seq": str(seq)})
    return tally


def hear(tally: Tally, *seqs: int, verdict: Verdict = GOOD) -> None:
    for seq in seqs:
        message = {"boot": 1, "seq": seq}
        if tally.on_report(message):
            tally.on_verdict(message, verdict)


def test_tally__all_sent_came__passes() -> None:
    tally = told(3, 0, 1, 2)
    hear(tally, 0, 1, 2)
    assert tally.complete
    assert (tally.received, tally.lost, tally.duplicates, tally.failures) == (3, 0, 0, [])


def test_tally__a_report_is_lost__says_which() -> None:
    tally = told(3, 0, 1, 2)
    hear(tally, 0, 2)
    assert not tally.complete
    assert (tally.received, tally.lost) == (2, 1)
    assert tally.failures == ["report 1:1 was lost"]


def test_tally__a_report_came_twice__is_a_double_and_passes() -> None:
    tally = told(2, 0, 1)
    hear(tally, 0, 1, 0, 0)
    assert (tally.received, tally.duplicates, tally.failures) == (2, 2, [])


def test_tally__more_than_its_cycles__do_not_count() -> None:
    tally = told(2, 0, 1, 2, 3)
    hear(tally, 0, 1, 2)
    assert (len(tally.sent), tally.received, tally.failures) == (2, 2, [])


def test_tally__too_few_sent__fails() -> None:
    tally = told(3, 0)
    hear(tally, 0)
    assert tally.failures == ["sent 1 of 3 reports"]


def test_tally__report_that_the_node_did_not_send__fails() -> None:
    tally = told(2, 0, 2)
    hear(tally, 0, 1, 2)
    assert tally.failures == ["report 1:1 came, but the node did not send it"]


def test_tally__no_boot__fails_with_what_it_said() -> None:
    tally = Tally(PLAN, 1)
    tally.on_console("settings", {"path": "mqtt.port", "value": "0", "allowed": "1"})
    assert tally.refuses
    assert tally.failures == ["did not boot", "settings path=mqtt.port value=0 allowed=1"]


def test_tally__second_boot_and_crash__fail() -> None:
    tally = told(1, 0)
    hear(tally, 0)
    tally.on_console("crash", {"error": "OSError(5,)"})
    tally.on_console("boot", {"boot": "2"})
    assert tally.failures == ["crash error=OSError(5,)", "booted 2 times"]


def test_tally__console_that_cannot_be_read__fails() -> None:
    tally = told(1)
    tally.on_console("report", {"boot": "x"})
    assert "cannot be read" in tally.failures[0]


def test_tally__values_out_of_tolerance__names_some_and_counts_all() -> None:
    tally = told(1, 0)
    hear(tally, 0, verdict=Verdict([point(), *[point(ok=False)] * 5], [], []))
    assert tally.failures[0] == (
        "report 1:0: acc_rms_g of x is 1.1, the reference 1, off by more than 0.001"
    )
    assert tally.failures[-1] == "2 more values out of tolerance"


# The judge


class Served:
    """Samples by hand, int16[1024, 3]."""

    def __init__(self, digits: NDArray[np.int16] | None) -> None:
        self.digits = digits
        self.asked: tuple[object, ...] = ()

    def samples(
        self, sensor: str, boot_index: int, run: int, first: int, count: int
    ) -> NDArray[np.int16]:
        self.asked = (sensor, boot_index, run, first, count)
        if self.digits is None:
            raise ServedError("samples 0..9 are missing")
        return self.digits


def sine_digits() -> NDArray[np.int16]:
    wave = np.round(500 * np.sin(2 * np.pi * 8 * np.arange(1024) / 1024))
    return np.stack([wave, wave / 2, np.full(1024, 256)], axis=1).astype(np.int16)


def right_report(**record: Any) -> dict[str, Any]:
    """What a perfect node says of `sine_digits`: a constant z has no crest."""
    channels: dict[str, dict[str, float]] = {}
    for axis, name in enumerate(CHANNELS):
        x = sine_digits()[:, axis] * G_PER_DIGIT
        rms, peak = float(np.std(x)), float(np.max(np.abs(x - x.mean())))
        channels[name] = {
            "acc_rms_g": rms,
            "acc_peak_g": peak,
            "acc_p2p_g": float(np.ptp(x)),
            "mean_g": float(x.mean()),
        }
        if rms:
            channels[name]["crest"] = peak / rms
    evidence = {"sensor": "acc", "run": 4, "first": 32, "samples": 1024, "rate_hz": 800.0}
    evidence |= {"overruns": 0, "gaps": 0, "clipped": 0, "valid": True}
    return {
        "boot": 1,
        "seq": 7,
        "record": evidence | record,
        "channels": channels,
        "withheld": {"z": {"crest": "silent"}},
        "marked": {},
        "faults": [],
    }


def verdict_on(report: dict[str, Any]) -> Verdict:
    return judge(report, Served(sine_digits()), CHANNELS, G_PER_DIGIT)


def test_judge__right_values__all_points_ok() -> None:
    served = Served(sine_digits())
    verdict = judge(right_report(), served, CHANNELS, G_PER_DIGIT)
    assert served.asked == ("acc", 1, 4, 32, 1024)
    assert verdict.ok
    assert len(verdict.points) == 3 * len(REQUIRED) - 1  # no crest of z


@pytest.mark.parametrize("key", ["acc_rms_g", "acc_peak_g", "acc_p2p_g", "crest"])
def test_judge__value_one_percent_off__is_out_of_tolerance(key: str) -> None:
    report = right_report()
    report["channels"]["y"][key] *= 1.01
    bad = [point for point in verdict_on(report).points if not point.ok]
    assert [(p.channel, p.feature, p.seq) for p in bad] == [("y", key, 7)]


def test_judge__value_left_out__is_not_ok() -> None:
    report = right_report()
    del report["channels"]["x"]["acc_rms_g"]
    report["withheld"]["x"] = {"acc_rms_g": "silent"}
    (bad,) = [point for point in verdict_on(report).points if not point.ok]
    assert (bad.value, bad.withheld, bad.feature) == (None, "silent", "acc_rms_g")


def test_judge__value_that_the_reference_withholds__is_not_ok() -> None:
    report = right_report()
    report["channels"]["z"]["crest"] = 1.0
    (bad,) = [point for point in verdict_on(report).points if not point.ok]
    assert (bad.channel, bad.feature, bad.reference) == ("z", "crest", None)


def test_judge__whole_channel_left_out__fails() -> None:
    report = right_report()
    del report["channels"]["y"]
    assert "report 1:7: no channel y" in verdict_on(report).failures


def marked_report(reason: str, **record: Any) -> dict[str, Any]:
    """The same of a record that is not valid, every value marked."""
    report = right_report(valid=False, **record)
    report["marked"] = {
        name: dict.fromkeys(values, reason) for name, values in report["channels"].items()
    }
    return report


@pytest.mark.parametrize("name", ["overruns", "gaps"])
def test_judge__record_with_a_gap__fails(name: str) -> None:
    verdict = verdict_on(marked_report(name[:-1], **{name: 2}))
    assert verdict.failures == [f"report 1:7: 2 {name}"]


def test_judge__gap_of_a_fault_made_on_purpose__is_explained() -> None:
    verdict = verdict_on(marked_report("gap", gaps=2)).explained("FIFO overrun")
    assert verdict.ok
    assert "report 1:7: 2 gaps (FIFO overrun)" in verdict.notes


def test_judge__clipped_record__is_marked_and_compared_with_nothing() -> None:
    report = marked_report("clipped", clipped=3)
    report["channels"]["x"]["acc_rms_g"] = 99.0
    verdict = verdict_on(report)
    assert verdict.ok
    assert not verdict.points
    assert verdict.notes == ["report 1:7: 14 values marked clipped"]
    assert verdict.marked == {"clipped": 14}


def test_judge__one_value_spoiled__only_the_others_are_compared() -> None:
    report = right_report()
    report["marked"] = {"x": {"crest": "mounting"}, "y": {"crest": "short"}}
    report["channels"]["x"]["crest"] = 99.0
    verdict = verdict_on(report)
    assert verdict.ok
    crests = [point.channel for point in verdict.points if point.feature == "crest"]
    assert crests == ["y"]  # a reservation that spoils nothing is no reason not to look
    assert len(verdict.points) == 3 * len(REQUIRED) - 2


def test_judge__invalid_record_with_a_value_unmarked__fails() -> None:
    report = marked_report("clipped", clipped=3)
    del report["marked"]["y"]["acc_rms_g"]
    verdict = verdict_on(report)
    assert "report 1:7: not valid, yet 1 values are not marked" in verdict.failures
    assert not verdict.explained("anything").ok


def test_judge__clipped_record_that_passes_for_good__fails() -> None:
    verdict = verdict_on(right_report(valid=True, clipped=3))
    assert "report 1:7: says it is valid, and is not" in verdict.failures


def test_judge__fault_instead_of_a_record__fails() -> None:
    report = right_report() | {"record": None, "channels": {}}
    report["faults"] = [{"sensor": "acc", "fault": "no_answer"}]
    assert verdict_on(report).failures == ["report 1:7: fault no_answer of acc"]


def test_judge__samples_that_nobody_served__fails() -> None:
    verdict = judge(right_report(), Served(None), CHANNELS, G_PER_DIGIT)
    assert verdict.failures == ["report 1:7: samples 0..9 are missing"]
    assert not verdict.points


# The plans


def test_make_plans__many_nodes__names_seeds_and_clocks_are_their_own() -> None:
    plans = make_plans(boards.load("virtual"), 7, 2.0, 1883)
    assert [plan.name for plan in plans] == [
        "pump-1",
        "fan-1",
        "motor-1",
        "pump-2",
        "fan-2",
        "motor-2",
        "pump-3",
    ]
    assert len({plan.seed for plan in plans}) == 7
    assert len({plan.clock_error_ppm for plan in plans}) == 7
    assert {plan.sensor["bus"]["kind"] for plan in plans} == {"i2c", "spi"}
    assert all(settings.check(plan.settings) == [] for plan in plans)


@pytest.mark.parametrize(
    ("nodes", "interval_s", "names"),
    [
        (0, 2.0, "--nodes 0"),
        (257, 2.0, "--nodes 257"),
        (3, 1.2, "--interval 1.2"),
        (3, float("nan"), "--interval nan"),
        (3, 1e9, "--interval"),
    ],
)
def test_make_plans__number_that_cannot_work__names_the_option(
    nodes: int, interval_s: float, names: str
) -> None:
    with pytest.raises(BadInput, match=names):
        make_plans(boards.load("virtual"), nodes, interval_s, 1883)
