"""Boards and ports that are not as they should be, on real MicroPython: each said, none harmed."""

import errno
import io
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from mpremote.transport_serial import SerialTransport
from rich.console import Console

from nodewright import boards
from nodewright.cli import flash_view, many_view
from nodewright.flash import choose, facts, raw_repl, several
from nodewright.flash.errors import AS_BEFORE, FlashFailed, OtherNode, WrongBoard
from nodewright.flash.facts import Facts
from nodewright.flash.job import Job, Progress
from nodewright.flash.judge import judge
from nodewright.image.node import NodeImage
from nodewright.link import repl as repl_module
from nodewright.link.errors import BoardSilent, PortDenied, PortGone, PortMissing
from nodewright.link.repl import Repl, why_closed
from system.flash_rig import Heard, bare, fleet, job, made_for_virtual
from system.virtual_rig import facts as done

pytestmark = pytest.mark.skipif(os.name != "posix", reason="virtual boards have ports on POSIX")
_SHOUTING = """
import asyncio, sys
print("nodewright: done")
async def shout():
    while True:
        sys.stdout.buffer.write(b"\\xff\\xfe\\x04\\x01OK>>> \\xc3\\xbc raw REPL")
        sys.stdout.buffer.write(b" \\xf0\\x9f\\x98\\x80\\r\\n")
        await asyncio.sleep_ms(2)
asyncio.run(shout())
"""
_STUBBORN = """
import asyncio
print("nodewright: done")
caught = 0
async def idle():
    while True:
        await asyncio.sleep_ms(20)
while caught < {most}:
    try:
        asyncio.run(idle())
    except KeyboardInterrupt:
        caught += 1
"""


@pytest.fixture(scope="module")
def north(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fleet(tmp_path_factory.mktemp("flash") / "f")


@pytest.fixture(scope="module")
def pump(north: Path) -> NodeImage:
    return made_for_virtual(north)


@pytest.mark.parametrize(
    "program", [_SHOUTING, _STUBBORN.format(most=3)], ids=["noise", "catches Ctrl-C"]
)
def test_flash__a_program_that_disturbs__the_board_becomes_the_node(pump, program) -> None:
    with bare(files={"main.py": program}) as virtual:
        done(virtual)
        heard = Heard()
        assert raw_repl.program(job(pump, virtual.port), heard, heard.asked).boot == 1


def test_flash__a_board_that_hears_nobody__said_with_its_cure(pump, monkeypatch) -> None:
    monkeypatch.setattr(repl_module, "ANSWER_S", 1.0)
    with bare(files={"main.py": _STUBBORN.format(most=999)}) as virtual:
        done(virtual)
        with pytest.raises(BoardSilent, match="Reset the board and try again"):
            raw_repl.program(job(pump, virtual.port), Heard(), threading.Event())


def at_bytes(count: int, act: Callable[[], object]) -> Callable[[Progress], None]:
    """Does something once so many bytes were sent."""
    left = [act]

    def say(step: Progress) -> None:
        if step.stage == "send" and step.done >= count and left:
            left.pop()()

    return say


@pytest.mark.parametrize("how", ["reset", "cut_power"])
def test_flash__a_board_that_starts_anew_in_the_middle__as_it_was_and_completes_when_run_again(
    pump, how
) -> None:
    with bare() as virtual:
        done(virtual)
        act = getattr(virtual, how)
        with pytest.raises((FlashFailed, BoardSilent, PortGone)) as failed:
            raw_repl.program(job(pump, virtual.port), at_bytes(100_000, act), threading.Event())
        if isinstance(failed.value, FlashFailed):
            assert failed.value.state == AS_BEFORE
        heard = Heard()
        outcome = raw_repl.program(job(pump, virtual.port), heard, heard.asked)
        assert outcome.boot == 1
        assert outcome.sent_bytes < sum(map(len, pump.files.values())) - 50_000


def test_flash__a_port_that_vanishes__said(pump) -> None:
    with bare() as virtual:
        done(virtual)
        port = virtual.port
        with pytest.raises((FlashFailed, BoardSilent, PortGone)) as failed:
            raw_repl.program(job(pump, port), at_bytes(50_000, virtual.stop), threading.Event())
    assert "Traceback" not in str(failed.value)
    assert port in str(failed.value)


def test_port__without_permission__the_group_that_may_is_named(monkeypatch) -> None:
    with bare() as virtual:
        done(virtual)
        with monkeypatch.context() as patch:
            patch.setattr(os, "access", lambda _path, _mode: False)
            patch.setattr(repl_module, "_group_of", lambda _port: "dialout")
            denied = why_closed(virtual.port)
    assert isinstance(denied, PortDenied)
    assert "sudo usermod -aG dialout $USER" in str(denied)
    with pytest.raises(PortMissing, match="one that carries data"):
        Repl("/dev/no-such-port")


def of_board(name: str, **more: object) -> Facts:
    """What a board of that kind says, with a MicroPython that fits."""
    board = boards.load(name)
    told = Facts(
        machine=board.title,
        release=(1, 29, 0),
        arch=board.arch,
        mpy="6.3",
        chip=board.chip,
        unique_id="e6614c311b7e6f2a",
        fleet=None,
        node=None,
        board=None,
        version=None,
        fs_bytes=board.flash.fs_bytes,
        free_bytes=board.flash.fs_bytes,
        unfinished=False,
        crash=None,
    )
    return replace(told, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "error", "said"),
    [
        ({"mpy": "5.1", "release": (1, 18, 0)}, WrongBoard, "1.18.0 loads .mpy 5.1, not 6.3"),
        ({"arch": "xtensawin"}, WrongBoard, "its code is for armv6m, the board runs xtensawin"),
        ({"arch": "xtensawin"}, WrongBoard, "right port (nodewright ports lists all), and pico_w"),
        ({"arch": ""}, WrongBoard, "runs no native code"),
        ({"chip": "rp2350"}, WrongBoard, "pico_w has an rp2040, this is an rp2350"),
        ({"fs_bytes": None}, WrongBoard, "--format makes one"),
        ({"fs_bytes": 8192}, WrongBoard, "do not fit its 8192, of which a pico_w has 868352"),
        ({"fs_bytes": 8192}, WrongBoard, "nodewright erase P --format makes its file system anew"),
        ({"node": "pump-1", "fleet": "south"}, OtherNode, "pump-1 of fleet south, not pump-1 of"),
        ({"node": "pump-9", "fleet": "north"}, OtherNode, "pump-9 of fleet north"),
    ],
)
def test_judge__a_board_that_the_image_is_not_for__refused(pump, found, error, said) -> None:
    made = replace(pump, board=boards.load("pico_w"), arch="armv6m")
    judge(Job(made, "P"), of_board("pico_w"))
    with pytest.raises(error) as refused:
        judge(Job(made, "P"), of_board("pico_w", **found))
    assert said in str(refused.value)
    forced = Job(made, "P", force=True)
    if error is OtherNode:
        judge(forced, of_board("pico_w", **found))
    else:
        with pytest.raises(error):
            judge(forced, of_board("pico_w", **found))


def test_several__one_of_them_fails__the_others_are_done_and_the_screen_says_both(
    north, pump, monkeypatch
) -> None:
    text = io.StringIO()
    screen = Console(file=text, force_terminal=True, width=100)
    monkeypatch.setattr(many_view, "err", lambda: screen)
    with bare() as one:
        done(one)
        targets = [
            choose.Target("pump-1", one.port),
            choose.Target("pump-2", "/dev/no-such-port"),
        ]
        view = flash_view.Screen(targets)
        with view:
            results = several.run(
                targets, lambda _n, _v: pump, view.say, threading.Event(), view.done
            )
    assert [result.error is None for result in results] == [True, False]
    assert isinstance(results[1].error, PortMissing)
    shown = text.getvalue()
    assert f"pump-1 at {one.port}" in shown
    assert "kB/s" in shown and "s left" in shown
    assert "failed" in shown


def test_speed__of_a_stage__bytes_a_second_and_time_left(monkeypatch) -> None:
    now_s = [10.0]
    monkeypatch.setattr(several.time, "monotonic", lambda: now_s[0])
    speed = several.Speed()
    assert speed.of(Progress("send", 0, 1000)) == (None, None)
    now_s[0] += 2
    assert speed.of(Progress("send", 400, 1000)) == (200, 3)
    assert speed.of(Progress("verify")) == (None, None)


def test_errors__of_a_board__are_told_with_what_helps(pump) -> None:
    for code, said in (
        (errno.ENOSPC, "its file system is full"),
        (errno.EIO, "--format makes"),
        (84, "its file system is damaged"),
    ):
        with bare() as virtual:
            done(virtual)
            with Repl(virtual.port) as repl:
                found = facts.read(repl)
                repl.ask(f"def _nw_put(path, size):\n raise OSError({code})")
                with pytest.raises(FlashFailed, match=said):
                    raw_repl.program(
                        job(pump, virtual.port), Heard(), threading.Event(), repl, found
                    )


class _Noise:
    """A serial port at which something comes all the time, on a clock of its own.

    gone_after_s: then it is no more, and even its timeout cannot be set.
    """

    def __init__(self, clock: list[float], gone_after_s: float = 1e9) -> None:
        self._clock, self._gone_s = clock, clock[0] + gone_after_s
        self.__dict__["timeout"] = 2.0

    def __setattr__(self, name: str, value: object) -> None:
        if name == "timeout" and self._clock[0] > self._gone_s:
            raise OSError(5, "gone")
        object.__setattr__(self, name, value)

    @property
    def in_waiting(self) -> int:
        if self._clock[0] > self._gone_s:
            raise OSError(5, "gone")
        return 1

    def read(self, size: int = 1) -> bytes:
        self._clock[0] += 0.01
        return b"~" * size

    def write(self, data: bytes) -> int:
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


def at_noise(monkeypatch: pytest.MonkeyPatch, noise: _Noise, clock: list[float]) -> Repl:
    line = object.__new__(SerialTransport)
    line.serial, line.is_pty, line.in_raw_repl = noise, True, False
    monkeypatch.setattr(repl_module, "_open", lambda _port, _baud, _silent_s: line)
    monkeypatch.setattr(repl_module.time, "monotonic", lambda: clock[0])
    return Repl("P")


def test_repl__noise_without_end__given_up_within_one_answers_time(monkeypatch) -> None:
    """mpremote looks at its time only when nothing comes."""
    clock = [100.0]
    noise = _Noise(clock)
    repl = at_noise(monkeypatch, noise, clock)
    with pytest.raises(BoardSilent, match="it never stops talking"):
        repl.__enter__()
    assert clock[0] - 100.0 < 1.1 * repl_module.ANSWER_S
    assert noise.timeout == 2.0


def test_repl__a_port_that_vanishes_as_it_is_greeted__said_and_nothing_else(monkeypatch) -> None:
    clock = [100.0]
    repl = at_noise(monkeypatch, _Noise(clock, gone_after_s=0.5), clock)
    with pytest.raises(PortGone, match="run the same again"):
        repl.__enter__()
