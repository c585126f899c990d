from time import ticks_add

from node.schedule import Schedule

WRAP = (1 << 30) - 1000  # ticks wrap in the middle of the tests


def made(*schedules):
    sets = []
    for index, (kind, interval_ms) in enumerate(schedules):
        schedule = {"kind": kind}
        if interval_ms:
            schedule["interval_ms"] = interval_ms
        sets.append({"name": "s%d" % index, "schedule": schedule})
    return Schedule(sets, WRAP)


def test_due__intervals__each_in_its_turn_over_the_wrap():
    schedule = made(("interval", 1000), ("interval", 400))
    turns = []
    for ms in range(0, 2000, 100):
        now = ticks_add(WRAP, ms)
        while True:
            turn = schedule.due(now)
            if turn is None:
                break
            turns.append((ms, turn[0]))
            assert schedule.measured(turn[0], now) == 0
    assert turns == [(0, 0), (0, 1), (400, 1), (800, 1), (1000, 0), (1200, 1), (1600, 1)], turns


def test_due__one_is_later_than_another__the_latest_first():
    for intervals, latest in (((1000, 400), 1), ((400, 1000), 0)):
        schedule = made(("interval", intervals[0]), ("interval", intervals[1]))
        for index in (0, 1):
            schedule.measured(index, WRAP)
        now = ticks_add(WRAP, 1100)
        assert schedule.due(now) == (latest, None)
        assert schedule.measured(latest, now) == 1  # of 400 and 800, one is made up for
        assert schedule.due(now) == (1 - latest, None)


def test_left_ms__until_the_next__never_above_what_it_is():
    schedule = made(("interval", 1000), ("demand", 0))
    assert schedule.left_ms(WRAP) == 0
    schedule.measured(0, WRAP)
    assert schedule.left_ms(ticks_add(WRAP, 300)) == 700
    assert made(("demand", 0)).left_ms(WRAP) > 1000


def test_measured__turns_missed__counted_and_the_grid_kept():
    schedule = made(("interval", 1000))
    assert schedule.measured(0, ticks_add(WRAP, 3500)) == 3
    assert schedule.left_ms(ticks_add(WRAP, 3500)) == 500
    schedule = made(("interval", 1000))
    assert schedule.measured(0, ticks_add(WRAP, 1000)) == 0  # is due at this very moment
    assert schedule.due(ticks_add(WRAP, 1000)) == (0, None)


def test_ask__a_set_on_demand__once_before_all_others():
    schedule = made(("interval", 1000), ("demand", 0))
    request = {"id": "a"}
    assert schedule.ask("s1", request)
    assert schedule.due(WRAP) == (1, request)
    assert schedule.measured(1, WRAP) == 0
    assert schedule.due(WRAP) == (0, None)
    schedule.measured(0, WRAP)
    assert schedule.due(WRAP) is None


def test_ask__too_many__refused_and_none_lost():
    schedule = made(("demand", 0))
    for number in range(4):
        assert schedule.ask("s0", {"id": number})
    assert not schedule.ask("s0", {"id": 4})
    assert [schedule.due(WRAP)[1]["id"] for _ in range(4)] == [0, 1, 2, 3]
    assert schedule.due(WRAP) is None


def test_ask__no_such_set__value_error_names_those_there_are():
    try:
        made(("demand", 0)).ask("slow")
    except ValueError as error:
        assert "slow" in str(error) and "s0" in str(error)
        return
    raise AssertionError("taken")
