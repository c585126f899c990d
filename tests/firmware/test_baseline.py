"""The threshold that a point's own healthy records need."""

import os

import paths

from node.baseline import LEAST_RECORDS, Baseline, least_threshold

SCORES = [(0.30, 0.10), (0.50, 0.20), (0.42, 0.05), (0.38, 0.31), (0.44, 0.2), (0.35, 0.1)]
SCORES += [(0.47, 0.15), (0.41, 0.22)]


def fresh(name):
    """A path without a file: a run before may have left one."""
    path = paths.SCRATCH + "/" + name + "/envelope"
    for left in (path, path + ".new"):
        try:
            os.remove(left)
        except OSError:
            pass
    return path


def learned(path, times=1):
    baseline = Baseline(path)
    for outer, inner in SCORES:
        assert baseline.learn({"bpfo": times * outer, "bpfi": times * inner}, 8)
    return baseline


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def test_threshold__nothing_learned__the_least():
    baseline = Baseline(fresh("none"))
    assert baseline.state == "empty" and not baseline.proven
    for blocks in (1, 4, 8, 100):
        assert baseline.threshold("bpfo", blocks) == 0.5 + 0.4 / blocks**0.5
    assert least_threshold(4) == 0.7


def test_threshold__while_learning__the_least():
    baseline = learned(fresh("learning"), 5)
    assert baseline.state == "learning" and not baseline.proven
    assert baseline.threshold("bpfo", 4) == 0.7


def test_threshold__quiet_point_frozen__still_the_least():
    baseline = learned(fresh("quiet"), 0.1)
    baseline.freeze()
    assert baseline.proven and baseline.state == "frozen"
    assert baseline.threshold("bpfo", 8) == least_threshold(8)


def test_threshold__loud_point_frozen__mean_and_four_deviations():
    baseline = learned(fresh("loud"), 3)
    baseline.freeze()
    outer = [3 * a for a, _ in SCORES]
    mean = sum(outer) / len(outer)
    scatter = (sum([(x - mean) * (x - mean) for x in outer]) / (len(outer) - 1)) ** 0.5
    assert abs(baseline.threshold("bpfo", 8) - (mean + 4 * scatter)) < 1e-4
    # Fewer blocks scatter more: it goes with the least threshold.
    ratio = baseline.threshold("bpfo", 1) / baseline.threshold("bpfo", 8)
    assert abs(ratio - least_threshold(1) / least_threshold(8)) < 1e-6
    assert baseline.threshold("bpfo", 8) > max(outer)


def test_threshold__one_outlier_among_many__is_still_below():
    baseline = Baseline(fresh("outlier"))
    for i in range(60):
        baseline.learn({"bpfo": 2.5 if i == 30 else 0.3, "bpfi": 0.1}, 8)
    baseline.freeze()
    assert baseline.threshold("bpfo", 8) > 2.5


def test_freeze__too_few__value_error_and_learning_goes_on():
    baseline = Baseline(fresh("few"))
    for _ in range(LEAST_RECORDS - 1):
        baseline.learn({"bpfo": 0.2, "bpfi": 0.2}, 8)
    try:
        baseline.freeze()
    except ValueError:
        pass
    else:
        raise AssertionError("no ValueError")
    assert baseline.state == "learning"


def test_learn__frozen_or_no_score__not_taken():
    baseline = learned(fresh("closed"))
    for scores in ({}, {"bpfo": 0.2}, {"bpfo": 0.2, "bpfi": None}, {"bpfo": 1e9, "bpfi": 0.1}):
        assert not baseline.learn(scores, 8), scores
    assert not baseline.learn({"bpfo": float("nan"), "bpfi": 0.1}, 8)
    assert baseline.count == len(SCORES)
    baseline.freeze()
    assert not baseline.learn({"bpfo": 0.2, "bpfi": 0.2}, 8)
    assert baseline.count == len(SCORES)


def test_baseline__after_a_reset__as_it_was():
    path = fresh("kept")
    baseline = learned(path, 3)
    again = Baseline(path)
    assert again.state == "learning" and again.count == baseline.count
    baseline.freeze()
    again = Baseline(path)
    assert again.proven
    assert abs(again.threshold("bpfi", 8) - baseline.threshold("bpfi", 8)) < 1e-4
    again.forget()
    assert Baseline(path).state == "empty"


def test_baseline__torn_foreign_or_impossible_file__nothing_learned():
    path = fresh("torn")
    baseline = learned(path, 3)
    baseline.freeze()
    with open(path) as file:
        whole = file.read()
    assert len(whole) < 250
    for cut in range(0, len(whole) - 1, 7):
        write(path, whole[:cut])
        assert Baseline(path).state == "empty", cut
    write(path, whole.replace("[1, 8, 1", "[1, 9, 1"))
    assert Baseline(path).state == "empty"
    for text in ("null", "{}", "[]", "5", "[1, 2]", "[" * 400, '["a"]', whole * 3):
        write(path, text)
        assert Baseline(path).state == "empty", text


def test_learn__cut_before_the_rename__the_file_before_counts():
    path = fresh("cut")
    learned(path)
    write(path + ".new", "[1, 99")
    assert Baseline(path).count == len(SCORES)
