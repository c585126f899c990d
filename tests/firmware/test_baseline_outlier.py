"""A point whose healthy records hold one that is far louder than the rest."""

import math

from paths import SCRATCH

from node.baseline import Baseline, least_threshold


def test_threshold__one_outlier_of_thirty__a_deviation_above_it():
    baseline = Baseline(SCRATCH + "/outlier/baseline.json")
    baseline.forget()  # what a run before has left
    least = least_threshold(8)
    parts = [1.0] * 29 + [3.0]  # of the least threshold
    for part in parts:
        assert baseline.learn({"bpfo": part * least, "bpfi": 0.1}, 8)
    baseline.freeze()
    mean = sum(parts) / 30
    scatter = math.sqrt(sum([(part - mean) ** 2 for part in parts]) / 29)
    assert mean + 4 * scatter < 3.0 + scatter
    right = (3.0 + scatter) * least
    assert abs(baseline.threshold("bpfo", 8) - right) < 1e-3 * right
