"""`nodewright demo --report`: the page beside the JSON of the same run, and refusals in time."""

from pathlib import Path

import pytest

from host.page_rig import parse
from system.demo_rig import command


def test_report__with_json__both_say_the_same(tmp_path: Path) -> None:
    page = tmp_path / "demo.html"
    (tmp_path / "scratch").mkdir()
    words = ("demo", "--nodes", "2", "--cycles", "1", "--json", "--report", str(page))
    with command(tmp_path / "scratch", *words) as running:
        code, told = running.json()
    assert code == 0
    tree = parse(page.read_text(encoding="utf-8"))
    for node in told["nodes"]:
        section = tree.by_id(f"node-{node['node']}")
        shown = [float(data.attributes["value"]) for data in section.all("data")]
        last = max((point["boot"], point["seq"]) for point in node["points"])
        expected = [
            point[name]
            for point in node["points"]
            if (point["boot"], point["seq"]) == last
            for name in ("value", "reference", "deviation", "tolerance")
        ]
        assert shown[: len(expected)] == expected
        assert f"Received{node['received']}" in section.text
    assert told["broker"]["version"] in tree.by_id("made-with").text


@pytest.mark.parametrize("name", ["missing/demo.html", "notes.html"])
def test_report__a_place_that_cannot_be__refused_before_anything_runs(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "notes.html").write_text("mine")
    (tmp_path / "scratch").mkdir()
    with command(tmp_path / "scratch", "demo", "--report", str(tmp_path / name)) as running:
        code, out, err = running.end()
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert f"--report {tmp_path / name}" in err
    assert (tmp_path / "notes.html").read_text() == "mine"
