"""Flashing, backup and restarts on a board at a port."""

import threading
from pathlib import Path

import pytest

from nodewright.flash import keep, logs, raw_repl
from nodewright.flash.job import Job, Progress
from nodewright.flash.look import look
from nodewright.image.node import NodeImage
from nodewright.link.errors import Interrupted
from nodewright.link.repl import Repl


def quiet(_step: Progress) -> None:
    pass


def test_flash__the_board__is_the_node_and_starts(port: str, made: NodeImage) -> None:
    outcome = raw_repl.program(Job(made, port, force=True), quiet, threading.Event())
    assert outcome.boot is not None
    seen = look([port])[0]
    assert seen.facts is not None
    assert seen.facts.node == made.node
    assert not seen.facts.unfinished
    kept = logs.read(port)
    assert kept.node == made.node
    assert any(one.what == "boots" and one.values["boots"] >= 1 for one in kept.kept)


def test_flash__again__sends_nothing(port: str, made: NodeImage) -> None:
    raw_repl.program(Job(made, port, force=True), quiet, threading.Event())
    outcome = raw_repl.program(Job(made, port), quiet, threading.Event())
    assert outcome.sent_bytes == 0
    assert outcome.boot is not None


def test_flash__interrupted__completes_when_run_again(port: str, made: NodeImage) -> None:
    with Repl(port) as repl:
        repl.ask("f = open('/node/app.mpy', 'ab')\nf.write(b'x')\nf.close()")
    asked = threading.Event()

    def stop(step: Progress) -> None:
        if step.stage == "send":
            asked.set()

    with pytest.raises(Interrupted, match="had before"):
        raw_repl.program(Job(made, port, force=True), stop, asked)
    assert raw_repl.program(Job(made, port), quiet, threading.Event()).boot is not None


def test_backup__the_node__has_the_files_of_its_image(
    port: str, made: NodeImage, tmp_path: Path
) -> None:
    raw_repl.program(Job(made, port, force=True), quiet, threading.Event())
    kept = keep.backup(port, tmp_path / "kept", lambda _path, _size: None, threading.Event())
    for path, data in made.files.items():
        assert (tmp_path / "kept" / path[1:]).read_bytes() == data
    assert kept.node == made.node
