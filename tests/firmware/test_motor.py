"""Starts, hours and load of a motor, by its current, over resets and torn files."""

import json
from time import ticks_add

import paths

from node.motor import KEYS, Motor

MINUTE = 60_000


def fresh(name):
    return paths.SCRATCH + "/" + name + "/motor-press"


def values(motor, keys=KEYS):
    out, withheld = {}, {}
    motor.values(keys, out, withheld)
    assert set(out) | set(withheld) == set(keys) and not set(out) & set(withheld)
    return out, withheld


def near(value, right, away):
    assert abs(value - right) <= away, (value, right)


def test_motor__nothing_seen__unknown():
    motor = Motor(fresh("none"), 2.0, 1.5, 10.0)
    assert motor.running() is None
    out, withheld = values(motor)
    assert withheld == {"cur_running": "not_seen", "cur_load_pct": "standing"}
    assert out == {"cur_starts": 0.0, "cur_run_h": 0.0}


def test_motor__between_its_limits__stays_as_it_was():
    motor = Motor(fresh("hysteresis"), 2.0, 1.5)
    told = [
        motor.update(rms, i * 1000) for i, rms in enumerate((1.9, 2.0, 1.6, 1.9, 1.5, 1.49, 1.9))
    ]
    assert told == [None, "started", None, None, None, "stopped", None]
    assert motor.running() is False and motor.starts == 1
    motor.update(2.1, 9000)
    assert motor.starts == 2 and values(motor, ("cur_running",))[0] == {"cur_running": 1.0}


def test_motor__no_lower_limit__four_fifths():
    motor = Motor(fresh("default"), 2.0)
    motor.update(2.0, 0)
    motor.update(1.61, 1000)
    assert motor.running()
    motor.update(1.59, 2000)
    assert motor.running() is False


def test_motor__runs__hours_and_load_over_a_wrap_of_ticks():
    motor = Motor(fresh("hours"), 1.0, None, 8.0)
    ticks = ticks_add(0, -10 * MINUTE)
    for minute in range(61):
        motor.update(6.0 if minute % 2 else 2.0, ticks_add(ticks, minute * MINUTE))
    out, _ = values(motor)
    near(out["cur_run_h"], 1.0, 1e-6)
    near(out["cur_load_pct"], 50.0, 0.01)
    assert out["cur_starts"] == 1.0


def test_motor__standing_or_too_long_a_gap__no_hours():
    motor = Motor(fresh("gap"), 1.0, None, 8.0)
    motor.update(0.1, 0)
    motor.update(5.0, 30 * MINUTE)
    motor.update(5.0, 31 * MINUTE)
    motor.update(5.0, 92 * MINUTE)  # more than an hour: nobody knows
    motor.update(0.1, 93 * MINUTE)
    motor.update(0.1, 120 * MINUTE)
    near(values(motor)[0]["cur_run_h"], 2 / 60, 1e-6)


def test_motor__withheld_current__changes_nothing_and_time_goes_on():
    motor = Motor(fresh("withheld"), 1.0)
    motor.update(5.0, 0)
    for rms in (None, float("nan"), float("inf"), -1.0):
        assert motor.update(rms, MINUTE) is None and motor.running()
    motor.update(5.0, 2 * MINUTE)
    near(values(motor)[0]["cur_run_h"], 2 / 60, 1e-6)


def test_motor__short_spans__lose_no_time():
    motor = Motor(fresh("spans"), 1.0, None, 1.0)
    for i in range(4001):
        motor.update(1.0, i * 333)
    near(values(motor)[0]["cur_run_h"], 4000 * 0.333 / 3600, 0.001)
    near(values(motor)[0]["cur_load_pct"], 100.0, 0.2)


def test_motor__after_a_reset__goes_on_and_is_not_started_again():
    path = fresh("kept")
    motor = Motor(path, 1.0, None, 8.0)
    for minute in range(8 * 60 + 56):
        motor.update(4.0, minute * MINUTE)
        motor.save_if_due(minute * MINUTE)
    again = Motor(path, 1.0, None, 8.0)
    assert again.running() is None and again.starts == 1
    # What is lost is less than ten minutes.
    ran_h = 8 + 55 / 60
    assert ran_h - 10 / 60 <= values(again)[0]["cur_run_h"] <= ran_h
    near(values(again)[0]["cur_load_pct"], 50.0, 0.01)
    assert again.update(0.9, 0) is None and again.running()  # between its limits: as it was
    assert again.starts == 1
    assert again.update(0.1, 1000) == "stopped"
    assert again.update(4.0, 2000) == "started" and again.starts == 2


def test_motor__reset_while_it_stands__the_next_start_counts():
    path = fresh("stood")
    motor = Motor(path, 1.0)
    motor.update(4.0, 0)
    motor.update(0.0, 1000)
    assert motor.save_if_due(1000)
    again = Motor(path, 1.0)
    assert again.update(4.0, 0) == "started" and again.starts == 2


def test_save__start_and_stop__both_at_once():
    path = fresh("both")
    motor = Motor(path, 1.0)
    motor.update(4.0, 0)
    assert motor.save_if_due(0)
    motor.update(4.0, 90_000)
    assert not motor.save_if_due(90_000)
    motor.update(0.0, 100_000)
    assert motor.save_if_due(100_000)
    for kept in (motor, Motor(path, 1.0)):
        out, _ = values(kept, ("cur_starts", "cur_run_h"))
        assert out == {"cur_starts": 1.0, "cur_run_h": 100 / 3600}, out


def test_save__starts_in_a_row__each_ten_minutes():
    path = fresh("wear")
    motor, written = Motor(path, 1.0), 0
    for minute in range(24 * 60):
        motor.update(4.0 if minute % 2 else 0.0, minute * MINUTE)
        written += motor.save_if_due(minute * MINUTE)
    assert 144 <= written <= 147, written
    assert motor.starts == 720


def test_save__standing_for_ten_days__the_start_is_written_at_once():
    motor = Motor(fresh("days"), 1.0)
    motor.update(4.0, 0)
    motor.update(0.0, 1000)
    assert motor.save_if_due(1000)
    ticks = 1000
    for _ in range(240):
        ticks = ticks_add(ticks, 60 * MINUTE)
        motor.update(0.0, ticks)
        assert not motor.save_if_due(ticks)
    motor.update(4.0, ticks)
    assert motor.save_if_due(ticks)


def test_load__torn_foreign_or_impossible_file__a_motor_that_never_ran():
    path = fresh("torn")
    motor = Motor(path, 1.0)
    motor.update(4.0, 0)
    motor.update(4.0, 30 * MINUTE)
    assert motor.save_if_due(30 * MINUTE)
    with open(path) as file:
        whole = file.read()
    assert len(whole) < 150 and Motor(path, 1.0).starts == 1
    changed = json.loads(whole)
    changed[1] = 7
    texts = [whole[:cut] for cut in range(0, len(whole) - 1, 3)]
    texts += [json.dumps(changed), "null", "{}", "[]", "7", '["a"]', "[" * 300, whole * 2]
    for text in texts:
        with open(path, "w") as file:
            file.write(text)
        assert Motor(path, 1.0).starts == 0, text


def test_load__cut_before_the_rename__the_file_before_counts():
    path = fresh("cut")
    motor = Motor(path, 1.0)
    motor.update(4.0, 0)
    assert motor.save_if_due(0)
    with open(path + ".new", "w") as file:
        file.write("[1, 99")
    assert Motor(path, 1.0).starts == 1


def test_motor__limits_that_cannot_be__value_error():
    for limits in ((0.0,), (1.0, 1.1), (1.0, -1.0), (float("nan"),), (1.0, 0.5, 0.0)):
        try:
            Motor(fresh("limits"), *limits)
        except ValueError:
            continue
        raise AssertionError(limits)
    try:
        values(Motor(fresh("limits"), 1.0), ("cur_rms_a",))
    except ValueError:
        return
    raise AssertionError("no ValueError")
