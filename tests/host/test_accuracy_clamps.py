"""The tools behind docs/performance.md's tables of currents: they judge, and say what it says."""

import re
from pathlib import Path

import pytest

from runner import tools

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")


def rows(head: str) -> list[list[str]]:
    at = PAGE.index("| " + head)
    lines = PAGE[at:].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_converters__each_board_has_its_row_and_what_is_beyond_a_goal_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clamps = tools.load("accuracy_clamps")
    for name, few in (
        ("SHARES", (0.3,)),
        ("LINES_HZ", (49.9,)),
        ("NEAR_50_HZ", (49.9,)),
        ("LAGS_DEG", (72.54,)),
    ):
        monkeypatch.setattr(clamps, name, few)
    assert clamps.main() == 0
    told = re.findall(r"^\| (.*?) \|", capsys.readouterr().out, re.M)
    assert told[2:] == [row[0] for row in rows("converter | RMS, % | frequency")]
    monkeypatch.setitem(clamps.GOALS, "rms", 1e-4)
    assert clamps.main() == 1
    out = capsys.readouterr().out
    assert "beyond what is promised: MCP3208, 3 x 3.2 kS/s: rms" in out
    assert "beyond what is promised: ESP32" not in out, "nothing is promised of it"


def test_sketches__what_is_in_use_beside_ours__as_the_page_has_it() -> None:
    found = tools.load("accuracy_current").sketches(1)
    table = rows("% of the RMS | ours")
    assert len(found) == len(table) == 5
    for (_, *worst), row in zip(found, table, strict=True):
        for value, cell in zip(worst, row[1:], strict=True):
            assert abs(value - float(cell)) <= 0.02 * float(cell) + 0.01, (row, worst)
        assert worst[0] < min(worst[1:]), row
