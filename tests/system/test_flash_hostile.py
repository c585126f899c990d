"""Boards that lie, hang or never stop talking: the host ends in time, with an error of its own."""

import os
import random
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nodewright.errors import NodewrightError
from nodewright.flash import facts, keep
from nodewright.link import repl as repl_module
from nodewright.link.errors import BoardSilent, PortGone
from nodewright.link.repl import Repl

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are of POSIX")
_BANNER = b"raw REPL; CTRL-B to exit\r\n>"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repl_module, "ANSWER_S", 0.6)


@contextmanager
def device(behave: Callable[[int, threading.Event], None]) -> Iterator[str]:
    """A port where somebody answers as given: behave(file descriptor, stop)."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    os.set_blocking(ours, False)
    stop = threading.Event()
    thread = threading.Thread(target=behave, args=(ours, stop), daemon=True)
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        stop.set()
        thread.join(5)
        os.close(ours)
        os.close(theirs)


def write(fd: int, data: bytes) -> None:
    try:
        os.write(fd, data)
    except BlockingIOError:
        time.sleep(0.001)


def read(fd: int) -> bytes:
    try:
        return os.read(fd, 4096)
    except BlockingIOError:
        time.sleep(0.001)
        return b""


def after_the_code(
    then: Callable[[int, threading.Event], None],
) -> Callable[[int, threading.Event], None]:
    """Something like a raw REPL, up to its answer to code, which `then` makes."""

    def behave(fd: int, stop: threading.Event) -> None:
        while not stop.is_set():
            data = read(fd)
            if data.endswith(b"\r\x01"):
                write(fd, _BANNER)
            elif b"\x05A\x01" in data:
                write(fd, b"R\x00")
            elif data.endswith(b"\x04"):
                write(fd, b"OK")
                then(fd, stop)

    return behave


def talker(answer: Callable[[], bytes]) -> Callable[[int, threading.Event], None]:
    """Something like a raw REPL whose programs print what `answer` gives."""
    return after_the_code(lambda fd, _stop: write(fd, answer() + b"\x04\x04>"))


def test_repl__noise_without_end__ends_in_time() -> None:
    chaos = random.Random(3)

    def behave(fd: int, stop: threading.Event) -> None:
        while not stop.is_set():
            read(fd)
            write(fd, chaos.randbytes(200))

    with device(behave) as port:
        begun_s = time.monotonic()
        with pytest.raises((BoardSilent, PortGone)), Repl(port, silent_s=0.2) as repl:
            facts.read(repl)
        assert time.monotonic() - begun_s < 20


def test_repl__nobody_reads__ends_in_time() -> None:
    with device(lambda _fd, stop: stop.wait() and None) as port:
        begun_s = time.monotonic()
        with pytest.raises((BoardSilent, PortGone)), Repl(port, silent_s=0.2):
            pass
        assert time.monotonic() - begun_s < 20


def test_repl__an_answer_that_trickles_without_end__given_up_in_its_time() -> None:
    def trickle(fd: int, stop: threading.Event) -> None:
        while not stop.wait(0.02):
            write(fd, b"x")

    with device(after_the_code(trickle)) as port, pytest.raises(BoardSilent, match="on and on"):
        ask(port)


def test_repl__an_answer_cut_off_before_its_error__is_none() -> None:
    def cut(fd: int, stop: threading.Event) -> None:
        write(fd, b"42\r\n\x04")
        stop.wait()

    with device(after_the_code(cut)) as port, pytest.raises(BoardSilent):
        ask(port)


def ask(port: str) -> bytes:
    with Repl(port) as repl:
        return repl.ask("print(6 * 7)", 0.6)


def test_repl__goes_silent_after_the_prompt__ends_in_time() -> None:
    def behave(fd: int, stop: threading.Event) -> None:
        while not stop.is_set():
            if read(fd).endswith(b"\r\x01"):
                write(fd, _BANNER)

    with device(behave) as port, pytest.raises(BoardSilent), Repl(port, silent_s=0.2) as repl:
        repl.ask("print(1)")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"{",
        b'{"mpy": "x", "release": 5, "fs": "no", "id": [1]}',
        b'{"mpy": -1, "release": [null], "fs": [-5, 1e999], "node": "\\u001b[2J"}',
        b"[" * 100_000,
        b'{"a": ' * 20_000,
        "ü\U0001f600".encode() * 50,
        b'["/a", 1, "zz"]\n' * 3000,
        b'["../../etc/passwd", 1, "' + b"0" * 64 + b'"]\n',
    ],
)
def test_facts__answers_that_make_no_sense__an_error_or_facts_without_harm(answer) -> None:
    with device(talker(lambda: answer)) as port:
        try:
            with Repl(port, silent_s=0.2) as repl:
                found = facts.read(repl)
                assert "\x1b" not in str(found.node)
                facts.files(repl)
        except NodewrightError as error:
            assert "\x1b" not in str(error)


def test_facts__random_answers__no_other_error() -> None:
    chaos = random.Random(7)
    good = b'{"mpy": 2822, "release": [1, 29, 0], "fs": [868352, 1], "id": "e6"}'

    def answer() -> bytes:
        data = bytearray(good)
        for _ in range(chaos.randrange(6)):
            data[chaos.randrange(len(data))] = chaos.randrange(5, 256)
        return bytes(data)

    with device(talker(answer)) as port:
        for _ in range(15):
            try:
                with Repl(port, silent_s=0.2) as repl:
                    facts.read(repl)
                    facts.files(repl)
            except NodewrightError:
                pass


@pytest.mark.parametrize(
    "path",
    ["/../x", "/a/../../x", "/", "/a/./../../b", "/a\\..\\b", "/c:evil", "/a\x00b", "/\x1b"],
)
def test_backup__a_path_that_would_leave_its_folder__refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(BoardSilent):
        keep.local(tmp_path, path, "P")


def test_backup__a_plain_path__in_its_folder(tmp_path: Path) -> None:
    assert keep.local(tmp_path, "/state/boot", "P") == tmp_path / "state" / "boot"
