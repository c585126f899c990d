"""What a board says on a port that goes, comes back, or stays away."""

import threading
from collections.abc import Callable

import pytest

from nodewright.console import parse_event
from nodewright.link.console import Line
from nodewright.link.errors import PortMissing
from nodewright.validate import console
from nodewright.validate.console import Console

LINE = "nodewright: boot boot=3"


def test_console__port_that_is_away_for_a_reset__is_heard_again(monkeypatch) -> None:
    monkeypatch.setattr(console, "_AWAY_S", 60.0)
    tries = []

    def hear(take: Callable[[Line], None], ended: threading.Event) -> None:
        tries.append(1)
        if len(tries) < 4:
            raise PortMissing("ttyACM0")
        take(Line(0.0, LINE, parse_event(LINE)))
        ended.wait()

    with Console(hear, threading.Event()) as heard:
        found = heard.wait_for(("connected", "boot"), 20.0)
    assert found is not None
    assert (found[0].name, found[1]) == ("boot", 1)


def test_console__port_that_stays_away__ends_every_wait(monkeypatch) -> None:
    monkeypatch.setattr(console, "_AWAY_S", 0.2)

    def hear(take: Callable[[Line], None], _ended: threading.Event) -> None:
        raise PortMissing("ttyACM0")

    with Console(hear, threading.Event()) as heard:
        with pytest.raises(PortMissing):
            heard.wait_for("boot", 60.0)
        with pytest.raises(PortMissing):
            heard.crash()
