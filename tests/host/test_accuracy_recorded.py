"""Recordings through the twins of converters: what the tool that prints the tables finds."""

import os
from pathlib import Path
from types import ModuleType

import pytest

from runner import tools

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("NODEWRIGHT_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    return tools.load("accuracy_recorded")


@pytest.mark.skipif(not (DATA / "mains_plaid").is_dir(), reason="no recordings here")
def test_mains__through_a_picos_converter__what_its_filter_leaves(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool, "MAINS", tool.MAINS[:1])
    worst = {name: found for name, _, found in tool.mains(DATA, tmp_path)}
    assert len(worst) == 4
    for name, found in worst.items():
        lamp = name == "plaid_0707.npy"  # peaks of half a millisecond: the filter rounds them
        assert abs(found["cur_rms_a"]) < (1.0 if lamp else 0.1), (name, found)
        assert abs(found["cur_thd_pct"]) < (1.0 if lamp else 0.2), (name, found)
        assert abs(found["cur_power_w"]) < 0.5, (name, found)
        assert abs(found["cur_crest"]) < (10 if lamp else 1.0), (name, found)


@pytest.mark.skipif(not (DATA / "motor_current_itsc").is_dir(), reason="no recordings here")
def test_phases__through_three_converters__unbalance_of_shorted_turns(
    tool: ModuleType, tmp_path: Path
) -> None:
    errors, classes = tool.phases(DATA, tmp_path, every=6)
    assert set(errors) == {chip.title for chip in tool.PHASES}
    for title, worst in errors.items():
        assert worst["cur_unbalance_pct"] < 0.2 and worst["cur_neg_seq_pct"] < 0.2, (title, worst)
    assert len(classes) >= 3
