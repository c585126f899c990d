import os

import paths

from node import crash


def folder(name):
    return paths.SCRATCH + "/crash-" + name


def test_note__fresh_flash__kept_and_counted_from_one():
    there = folder("fresh")
    assert crash.last(there) is None
    assert crash.note(7, "OSError(5,)", there) == 1
    assert crash.last(there) == {"boot": 7, "count": 1, "error": "OSError(5,)"}
    assert os.listdir(there) == ["crash"]


def test_note__boot_after_boot__counts_on_and_keeps_the_last():
    there = folder("row")
    assert [crash.note(boot, "e%d" % boot, there) for boot in (1, 2, 3)] == [1, 2, 3]
    assert crash.last(there) == {"boot": 3, "count": 3, "error": "e3"}


def test_note__twice_in_one_boot__counts_once():
    there = folder("twice")
    crash.note(4, "stuck: pump", there)
    assert crash.note(4, "OSError(5,)", there) == 1


def test_note__before_boots_are_counted__each_counts():
    there = folder("uncounted")
    assert [crash.note(0, "e", there) for _ in range(3)] == [1, 2, 3]


def test_note__endless_error__bounded():
    there = folder("long")
    crash.note(1, "x" * 5000, there)
    assert len(crash.last(there)["error"]) == 120


def test_forget__next_crash_is_the_first_again():
    there = folder("forgotten")
    crash.note(1, "e", there)
    crash.forget(there)
    assert crash.last(there) is None
    assert crash.note(2, "e", there) == 1


def test_last__damaged_note__none():
    there = folder("damaged")
    crash.note(1, "e", there)
    for text in ("", "{", "[]", "3", '{"boot": 1}', '{"boot": "x", "count": 1, "error": ""}'):
        with open(there + "/crash", "w") as file:
            file.write(text)
        assert crash.last(there) is None, text
        assert crash.note(2, "e", there) == 1


def test_pause__more_crashes__longer_up_to_five_minutes():
    assert [crash.pause_s(count) for count in range(6)] == [0, 1, 2, 4, 8, 16]
    assert crash.pause_s(9) == 256
    for count in (10, 16, 17, 1000, 10**9):
        assert crash.pause_s(count) == 300, count
