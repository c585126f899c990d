import os

import paths

from node import state


def folder(name):
    return paths.SCRATCH + "/" + name


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def test_next_boot__fresh_flash__counts_from_one():
    there = folder("fresh")
    assert [state.next_boot(there) for _ in range(3)] == [1, 2, 3]


def test_next_boot__cut_before_the_rename__number_not_given_twice():
    there = folder("cut")
    state.next_boot(there)
    write(there + "/boot.new", "2\n")  # boot 2 got this far: perhaps it had reported already
    assert state.next_boot(there) == 3


def test_next_boot__counter_unreadable__counts_on_from_the_other_copy():
    for text in ("", "x", "-5", "\x00\x00"):
        there = folder("torn%d" % len(text))
        state.next_boot(there)
        write(there + "/boot", text)
        write(there + "/boot.new", "7\n")
        assert state.next_boot(there) == 8, text


def test_next_boot__folder_cannot_be_made__raises():
    write(folder("file"), "in the way")
    try:
        state.next_boot(folder("file") + "/state")
    except OSError:
        return
    raise AssertionError("no OSError")


def test_next_boot__leaves_no_other_file():
    there = folder("clean")
    state.next_boot(there)
    assert os.listdir(there) == ["boot"]
