"""Answers that are damaged or noise: the short form of tools/fuzz_answers.py."""

import json

from runner import tools


def test_answers__thousands_damaged_or_noise__taken_or_refused_by_name() -> None:
    found = json.loads(tools.load("fuzz_answers").run(4000, 9, 60))
    assert sum(found["names"].values()) == sum(found["times"].values()) == 4000
    assert found["names"]["malformed"] > 1000 and found["names"]["answer"] > 200
    # Of noise in a server's shape only dates that can be pass: a lie as good as the truth.
    assert {"unsynchronised", "insane", "kiss"} <= set(found["times"])
