"""Answers that are damaged or noise: the short form of tools/fuzz_answers.py."""

import importlib.util
import json
from pathlib import Path

_TOOL = Path(__file__).parents[2] / "tools" / "fuzz_answers.py"


def test_answers__thousands_damaged_or_noise__taken_or_refused_by_name() -> None:
    spec = importlib.util.spec_from_file_location("fuzz_answers", _TOOL)
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    found = json.loads(tool.run(4000, 9, 60))
    assert sum(found["names"].values()) == sum(found["times"].values()) == 4000
    assert found["names"]["malformed"] > 1000 and found["names"]["answer"] > 200
    # Of noise in a server's shape only dates that can be pass: a lie as good as the truth.
    assert {"unsynchronised", "insane", "kiss"} <= set(found["times"])
