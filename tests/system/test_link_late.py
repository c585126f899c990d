"""A busy board pauses before a line and within one: that is no line lost and no error."""

import os
import pty
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from nodewright.link.repl import Repl


@contextmanager
def ends(silent_s: float) -> Iterator[tuple[int, Repl]]:
    """Our end of a port, and the other one as a board's."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    repl = Repl(os.ttyname(theirs), silent_s=silent_s)
    try:
        yield ours, repl
    finally:
        repl.close()
        os.close(ours)
        os.close(theirs)


def test_take_line__pauses_of_a_busy_board__heard_to_its_end() -> None:
    with ends(silent_s=20.0) as (ours, repl):

        def say() -> None:
            os.write(ours, b"nodewright: bo")
            threading.Event().wait(0.3)
            os.write(ours, b"ot boot=1\r\nnext\r\n")

        talker = threading.Timer(0.3, say)
        talker.start()
        try:
            assert repl.take_line() == b"nodewright: boot boot=1"
            assert repl.take_line() == b"next"
        finally:
            talker.join()


def test_take_line__no_more_comes__what_came_so_far() -> None:
    with ends(silent_s=0.1) as (ours, repl):
        os.write(ours, b"whole\r\nin pa")
        assert repl.take_line() == b"whole"
        assert repl.take_line() == b"in pa"
        assert repl.take_line() == b""
