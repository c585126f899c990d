"""Flashing a board at a port through the boot loader of its chip: of an ESP32, of an RP2.

On a board of another kind they are skipped. What the board had before is overwritten.
"""

import threading
from dataclasses import replace

import pytest

from nodewright.flash import esp, uf2_drive
from nodewright.flash.errors import FlashFailed, WrongBoard
from nodewright.flash.job import Job, Progress
from nodewright.flash.look import look
from nodewright.image.node import NodeImage
from nodewright.link.errors import Interrupted

_BOOT_S = 60.0


def quiet(_step: Progress) -> None:
    pass


@pytest.fixture
def by_esptool(made: NodeImage) -> NodeImage:
    if made.board.programmer != "esptool":
        pytest.skip(f"{made.board.name} is not written by esptool")
    return made


@pytest.fixture
def by_uf2(made: NodeImage) -> NodeImage:
    if made.flash.form != "uf2":
        pytest.skip("no UF2 of this image: its MicroPython is not registered, or has none")
    return made


def starts(port: str, made: NodeImage) -> None:
    (seen,) = look([port])
    assert seen.facts is not None
    assert (seen.facts.node, seen.facts.unfinished) == (made.node, False)


def test_esptool__the_board__is_the_node_and_starts(port: str, by_esptool: NodeImage) -> None:
    outcome = esp.program(Job(by_esptool, port, boot_s=_BOOT_S), quiet, threading.Event())
    assert outcome.boot is not None
    starts(port, by_esptool)


def test_esptool__interrupted_as_it_writes__completes_when_run_again(
    port: str, by_esptool: NodeImage
) -> None:
    asked = threading.Event()

    def stop(step: Progress) -> None:
        if step.stage == "send" and step.done > step.total // 4:
            asked.set()

    # All of it differs: so there is something to write.
    data = bytes(byte ^ 0x5A for byte in by_esptool.flash.data)
    other = replace(by_esptool, flash=replace(by_esptool.flash, data=data))
    with pytest.raises(Interrupted, match="in part"):
        esp.program(Job(other, port, boot_s=0), stop, asked)
    outcome = esp.program(Job(by_esptool, port, boot_s=_BOOT_S), quiet, threading.Event())
    assert outcome.boot is not None
    starts(port, by_esptool)


def test_esptool__the_image_of_another_chip__refused_and_the_board_as_it_was(
    port: str, by_esptool: NodeImage
) -> None:
    esp.program(Job(by_esptool, port, boot_s=_BOOT_S), quiet, threading.Event())
    chip = "esp32s3" if by_esptool.board.chip != "esp32s3" else "esp32c3"
    other = replace(by_esptool, board=replace(by_esptool.board, chip=chip))
    with pytest.raises(WrongBoard):
        esp.program(Job(other, port, boot_s=0), quiet, threading.Event())
    starts(port, by_esptool)


def test_esptool__a_rate_that_the_line_does_not_carry__taken_slower(
    port: str, by_esptool: NodeImage
) -> None:
    """Or carried: then it was as fast as that."""
    fast = Job(by_esptool, port, boot_s=_BOOT_S, baud=2_000_000)
    assert esp.program(fast, quiet, threading.Event()).boot is not None


def test_uf2__the_board__is_the_node_and_starts(port: str, by_uf2: NodeImage) -> None:
    outcome = uf2_drive.program(Job(by_uf2, port, boot_s=_BOOT_S), quiet, threading.Event())
    assert "all files hashed on the board" in outcome.notes
    starts(outcome.back_at or port, by_uf2)


def test_uf2__the_image_of_another_chip__refused_and_the_board_as_it_was(
    port: str, by_uf2: NodeImage
) -> None:
    chip = "rp2350" if by_uf2.board.chip == "rp2040" else "rp2040"
    other = replace(by_uf2, board=replace(by_uf2.board, chip=chip))
    with pytest.raises((WrongBoard, FlashFailed)):
        uf2_drive.program(Job(other, port, boot_s=0), quiet, threading.Event())
    starts(port, by_uf2)
