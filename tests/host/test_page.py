"""The page of a demo: complete, true to the result, closed against what strangers wrote."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from host.page_rig import (
    MADE_AT,
    RECORDING,
    Element,
    digits_of,
    fault_of,
    hostile,
    page_of,
    parse,
    report_of,
    result_of,
)
from nodewright.demo.judge import Verdict
from nodewright.demo.machines import MACHINES
from nodewright.demo.result import DemoResult
from sim.bearing import orders
from sim.machines import PRESETS


@pytest.fixture(scope="module")
def result() -> DemoResult:
    return result_of()


@pytest.fixture(scope="module")
def tree(result: DemoResult) -> Element:
    return parse(page_of(result))


def section(tree: Element, node: str) -> Element:
    return tree.by_id(f"node-{node}")


def values(tree: Element, node: str) -> list[float]:
    """The numbers of the table of values, with all their digits."""
    return [float(data.attributes["value"]) for data in section(tree, node).all("data")]


def test_page__same_data__same_text(result: DemoResult) -> None:
    assert page_of(result) == page_of(result)


def test_page__three_nodes__is_small(result: DemoResult) -> None:
    assert len(page_of(result).encode()) < 300_000


def test_page__long_records__stay_small() -> None:
    assert len(page_of(result_of(1, samples=16_384)).encode()) < 300_000


def test_page__addresses__none_but_its_own(tree: Element) -> None:
    linked = {"src", "href", "srcset", "data", "action", "poster", "background", "xlink:href"}
    found = {value for e in tree.all() for key, value in e.attributes.items() if key in linked}
    assert found == {"data:,", "#node-pump-1", "#node-fan-1", "#node-motor-1"}
    assert not {"script", "iframe", "object", "img"} & {e.name for e in tree.all()}
    style = tree.first("style").text
    assert "url(" not in style
    assert "@import" not in style


def test_page__ids__unique_and_every_link_leads_somewhere(tree: Element) -> None:
    ids = [e.attributes["id"] for e in tree.all() if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    links = {e.attributes["href"] for e in tree.all("a")}
    assert links == {f"#{key}" for key in ids if key.startswith("node-")}


def test_page__headings__skip_no_level(tree: Element) -> None:
    levels = [int(e.name[1]) for e in tree.all() if re.fullmatch(r"h[1-6]", e.name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_page__tables__every_row_is_complete_and_headed(tree: Element) -> None:
    tables = tree.all("table")
    assert len(tables) == 1 + 3 * 2
    for table in tables:
        width = len(table.first("thead").all("th"))
        assert table.first("caption").text
        for row in table.first("tbody").all("tr"):
            cells = [e for e in row.children if isinstance(e, Element)]
            assert sum(int(c.attributes.get("colspan", "1")) for c in cells) == width
            assert cells[0].name == "th"
        assert all(th.attributes["scope"] for th in table.all("th"))


def test_page__drawings__have_words_for_who_cannot_see_them(tree: Element) -> None:
    drawings = tree.all("svg")
    assert len(drawings) == 3 * 3 * 2
    labels = [svg.attributes["aria-label"] for svg in drawings]
    assert len(labels) == len(set(labels))
    assert all(svg.attributes["role"] == "img" for svg in drawings)


def test_page__values__are_those_of_the_last_report(result: DemoResult, tree: Element) -> None:
    for tally in result.tallies:
        expected = [
            number
            for point in tally.verdicts[tally.sent[-1]].points
            for number in (point.value, point.reference, point.deviation, point.tolerance)
        ]
        assert len(expected) >= 3 * 5 * 4
        assert values(tree, tally.plan.name) == expected


def test_page__curve__goes_through_the_samples(result: DemoResult, tree: Element) -> None:
    svg = section(tree, "pump-1").first("svg")
    (path,) = [p for p in svg.all("path") if p.attributes["class"] == "curve"]
    start, _, steps = path.attributes["d"].removeprefix("M").partition("l")
    numbers = np.array([float(word) for word in (start + " " + steps).split()]).reshape(-1, 2)
    rows = np.cumsum(numbers, axis=0)[:, 1]
    digits = result.kept["pump-1"].digits
    assert digits is not None
    samples = digits[:, 0]
    assert len(rows) == len(samples)
    assert np.corrcoef(-rows, samples)[0, 1] > 0.9999
    assert 0 <= rows.min() < rows.max() <= 1000


def test_page__all_well__says_so_in_one_line(result: DemoResult, tree: Element) -> None:
    many = sum(len(tally.points) for tally in result.tallies)
    assert tree.first("h1").text == (
        f"All 3 nodes measured right: 6 of 6 reports arrived, all {many} values within tolerance."
    )
    assert "Nothing was made to go wrong" in tree.by_id("faults").text


def test_page__a_value_is_off__says_which(result: DemoResult) -> None:
    bad = result_of(2)
    tally = bad.tallies[1]
    verdict = tally.verdicts[1, 1]
    point = replace(verdict.points[0], value=9.0, deviation=8.9, ok=False)
    tally.verdicts[1, 1] = Verdict([point, *verdict.points[1:]], [], [])
    tree = parse(page_of(bad))
    many = sum(len(t.points) for t in bad.tallies)
    assert tree.first("h1").text == (
        f"1 of 2 nodes failed (fan-1): 4 of 4 reports arrived, {many - 1} of {many} values "
        "within tolerance."
    )
    (row,) = [r for r in section(tree, "fan-1").all("tr") if r.attributes.get("class") == "out"]
    assert "✗ out" in row.text
    assert "Why it failed" in section(tree, "fan-1").text
    assert "✗ failed" in tree.by_id("nodes").text


def test_page__a_node_without_a_report__is_there_all_the_same(result: DemoResult) -> None:
    silent = result_of(1)
    silent.tallies[0].verdicts.clear()
    silent.tallies[0]._copies.clear()
    kept = silent.kept["pump-1"]
    kept.reports.clear()
    kept.last = kept.digits = kept.health = kept.image = None
    tree = parse(page_of(silent))
    assert "No record arrived" in section(tree, "pump-1").text
    assert "report 1:0 was lost" in section(tree, "pump-1").text
    assert tree.first("h1").attributes["class"] == "bad"


def test_page__a_marked_value__is_shown_and_not_called_good() -> None:
    clipped = result_of(1)
    (tally,), kept = clipped.tallies, clipped.kept["pump-1"]
    digits = digits_of()
    report = report_of(tally.plan, digits, 1, clipped=7, valid=False)
    report["marked"]["x"] = {"acc_rms_g": "clipped"}
    kept.reports[1, 1] = report
    good = tally.verdicts[1, 1].points
    tally.verdicts[1, 1] = Verdict(good[1:], [], ["report 1:1: not valid"])
    part = section(parse(page_of(clipped)), "pump-1")
    (row,) = [r for r in part.all("tr") if "– clipped" in r.text]
    assert "x: Acceleration, RMS" in row.text
    assert float(row.first("data").attributes["value"]) == report["channels"]["x"]["acc_rms_g"]
    assert "✓" not in row.text
    assert "To be noted" in part.text


def test_page__faults__each_with_what_the_node_said() -> None:
    frozen = {"title": "link frozen", "node": "", "clock": "host", "to": None, "said": []}
    faults = [fault_of(), fault_of(**frozen, ok=False, failures=["never came back"])]
    result = replace(result_of(2), faults=faults, fault_failures=["link frozen: never came back"])
    tree = parse(page_of(result))
    rows = [
        [c.text for c in row.children if isinstance(c, Element)]
        for row in tree.by_id("faults").first("tbody").all("tr")
    ]
    good = "good again after 1 report"
    assert rows == [
        ["sensor unplugged", "✓ yes", "fan-1", "4.2 to 5.5", "no_answer in 1 report", good],
        [
            "link frozen",
            "✗ no",
            "all",
            "4.2 to – (host)",
            "nothing",
            "not survived: never came back",
        ],
    ]
    assert tree.first("h1").text.startswith("All 2 nodes passed, not the demo: 4 of 4 reports")
    assert tree.first("h1").text.endswith("1 of 2 faults survived.")


def test_page__a_recording__is_named_and_no_machine_is_claimed() -> None:
    tree = parse(page_of(result_of(1, about=RECORDING)))
    part = section(tree, "pump-1")
    assert "bearing.npy" in part.text
    assert "ef" * 32 in part.text
    assert "simulated" not in part.text
    assert not [e for e in part.all("path") if e.attributes["class"] == "shaft"]
    assert "a recording" in tree.first("header").text


def test_page__evidence__names_what_the_record_says(tree: Element) -> None:
    text = section(tree, "motor-1").text
    for words in ("3299.2 Hz, +3.10 % of nominal", "9f86d081", "Overruns0", "1, 4", "ab" * 32):
        assert words in text, words
    for words in ("mosquitto 2.0.11", "a host", "nodewright 0."):
        assert words in tree.by_id("made-with").text
    assert tree.first("time").attributes["datetime"] == MADE_AT.isoformat()


def test_page__hostile_texts__stay_text() -> None:
    html = page_of(hostile())
    html.encode()  # half a surrogate pair would not
    tree = parse(html)
    assert not {"script", "img"} & {e.name for e in tree.all()}
    assert not [k for e in tree.all() for k in e.attributes if k.startswith("on")]
    assert html.count("alert(1)") >= 2 * 15
    assert "\x00" not in html
    assert "\u202e" not in html
    assert "\\u202e&amp;amp;\\ud800" in html


def test_machines__lines_and_speeds__are_those_of_the_presets() -> None:
    for machine in MACHINES:
        preset = PRESETS[machine.kind]
        assert machine.speed_hz == preset["speed_hz"]
        for name, order in machine.lines:
            known = orders(preset["bearing"])["outer"] if name == "BPFO" else None
            assert order == pytest.approx(known or preset["passing_count"], abs=1e-4)
