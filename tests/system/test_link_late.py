"""A busy board pauses before a line and within one: that is no line lost and no error."""

import os
import pty
import threading
import tty
from collections.abc import Iterator

import pytest

from nodewright.link.repl import Repl


@pytest.fixture
def ends() -> Iterator[tuple[int, Repl]]:
    """Our end of a port, and the other one as a board's."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    repl = Repl(os.ttyname(theirs), silent_s=1.5)
    try:
        yield ours, repl
    finally:
        repl.close()
        os.close(ours)
        os.close(theirs)


def test_take_line__pauses_of_a_busy_board__heard_to_its_end(ends) -> None:
    ours, repl = ends

    def say() -> None:
        os.write(ours, b"nodewright: bo")
        threading.Event().wait(0.7)
        os.write(ours, b"ot boot=1\r\nnext")

    talker = threading.Timer(0.7, say)
    talker.start()
    try:
        assert repl.take_line(0.2) == b"nodewright: boot boot=1"
        assert repl.take_line(0.2) == b"next"
        assert repl.take_line(0.2) == b""
    finally:
        talker.join()
