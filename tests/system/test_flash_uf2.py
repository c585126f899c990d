"""UF2 images onto the drives of boot loaders; entering one from MicroPython."""

import errno
import json
import os
import subprocess
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Self

import pytest
from serial.tools import list_ports

from nodewright import boards
from nodewright.console import Event
from nodewright.flash import back, choose, several, turns, uf2_drive
from nodewright.flash.errors import FlashFailed, OtherNode, WrongBoard
from nodewright.flash.job import Job
from nodewright.flash.turns import turn
from nodewright.fleet import lock
from nodewright.fleet.secret import Secrets
from nodewright.image.filesystem import unpack
from nodewright.image.node import NodeImage
from nodewright.image.whole import assemble
from nodewright.link import repl as repl_module
from nodewright.link.errors import Interrupted, PortBusy
from nodewright.link.repl import Repl
from nodewright.make.job import Options, Target
from nodewright.make.node import Maker
from nodewright.virtual import VirtualBoard
from system.flash_rig import BLOCKS, IDLE, Heard, bare, fleet, job, made_for_virtual
from system.uf2_drive_twin import Uf2DriveTwin
from system.virtual_rig import board, image

CHIP = "e6614c311b7e6f2a"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Another test's board that went astray, in another process, is none of this one's.
    monkeypatch.setenv("NODEWRIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(turns, "_LOOK_S", 0.05)
    # Names of ports come again: that of a board which another test sent into its boot loader, too.
    monkeypatch.setattr(back, "_left", set())
    monkeypatch.setattr(uf2_drive, "_PORT_S", 0.1)
    monkeypatch.setattr(uf2_drive, "_LOOK_S", 0.05)
    monkeypatch.setattr(back, "_LOOK_S", 0.05)
    monkeypatch.setattr(list_ports, "comports", list)


@pytest.fixture(scope="module")
def north(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fleet(tmp_path_factory.mktemp("flash") / "f")


@pytest.fixture(scope="module")
def pump(north: Path) -> NodeImage:
    return made_for_virtual(north)


def on(made: NodeImage, board: str) -> NodeImage:
    """The files of the image on another board."""
    from nodewright.image.filesystem import pack

    hardware = boards.load(board)
    data = pack(hardware, made.files)
    return replace(
        made, board=hardware, file_system=data, flash=assemble(hardware, data, runtime=None)
    )


@pytest.mark.parametrize(("board", "chip"), [("pico_w", "rp2040"), ("pico2_w", "rp2350")])
def test_drive__an_image_of_its_chip__in_the_flash_and_the_board_restarts(
    pump, tmp_path, board, chip
) -> None:
    made = on(pump, board)
    with Uf2DriveTwin(tmp_path, chip, made.board.flash.total_bytes) as twin:
        drive = uf2_drive.drive_at(twin.path)
        assert drive is not None
        assert drive.chip == chip
        heard = Heard()
        outcome = uf2_drive.program(job(made, str(twin.path)), heard, heard.asked, drive)
        assert twin.restarted.is_set()
    flash = made.board.flash
    written = bytes(twin.flash[flash.fs_offset_bytes : flash.fs_offset_bytes + flash.fs_bytes])
    assert unpack(flash, written) == pump.files
    assert outcome.by == "uf2"
    assert outcome.sent_bytes == len(made.flash.data)


def test_drive__of_another_chip__refused_before_a_byte(pump, tmp_path) -> None:
    with Uf2DriveTwin(tmp_path, "rp2350") as twin:
        heard = Heard()
        with pytest.raises(WrongBoard, match="has an rp2040, the drive: RP2350"):
            uf2_drive.program(
                job(on(pump, "pico_w"), str(twin.path)),
                heard,
                heard.asked,
                uf2_drive.drive_at(twin.path),
            )
        assert twin.blocks == twin.passed_over == 0


def test_drive__stopped_in_the_middle__says_what_the_board_is_and_a_second_run_completes(
    pump, tmp_path
) -> None:
    made = on(pump, "pico_w")
    with Uf2DriveTwin(tmp_path) as twin:
        heard = Heard(stop_at_bytes=100_000)
        drive = uf2_drive.drive_at(twin.path)
        with pytest.raises(Interrupted, match="part of the image"):
            uf2_drive.program(job(made, str(twin.path)), heard, heard.asked, drive)
        assert not twin.restarted.is_set()
        (twin.path / "nodewright.uf2").unlink()
        again = Heard()
        uf2_drive.program(job(made, str(twin.path)), again, again.asked, drive)
        assert twin.restarted.is_set()


def test_drive__that_takes_nothing__not_reported_as_written(pump, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(uf2_drive, "_WAIT_S", 0.5)
    made = on(pump, "pico_w")
    with Uf2DriveTwin(tmp_path) as twin:
        twin.families.clear()
        heard = Heard()
        drive = uf2_drive.drive_at(twin.path)
        with pytest.raises(FlashFailed, match="did not take all of it"):
            uf2_drive.program(job(made, str(twin.path)), heard, heard.asked, drive)


class Board:
    """A Pico with what boots on it, at one port: a virtual board in front of which a drive comes.

    A link in a folder is the port, as a serial port keeps its name over a restart.
    """

    def __init__(self, folder: Path, made: NodeImage, program: str, unique_id: str = CHIP) -> None:
        folder.mkdir(exist_ok=True)
        self.made, self._unique_id = made, unique_id
        self.port = str(folder / "port")
        self.twin = Uf2DriveTwin(folder / "drives", on_restart=self._restart)
        self.entered = 0
        self._virtual: VirtualBoard | None = None
        self._flash = image({"main.py": program}, BLOCKS)

    def __enter__(self) -> Self:
        self._boot()
        return self

    def __exit__(self, *_what: object) -> None:
        if self.entered:
            self.twin.__exit__()
        if self._virtual is not None:
            self._virtual.stop()

    def _boot(self) -> None:
        self._virtual = board(
            "", flash=self._flash, unique_id=self._unique_id, on_event=self._on_event
        )
        self._virtual.start()
        link = Path(self.port)
        link.unlink(missing_ok=True)
        link.symlink_to(self._virtual.port)

    def _on_event(self, event: Event) -> None:
        if event.name == "bootloader" and not self.entered:
            self.enter()

    def enter(self) -> None:
        self.entered += 1
        self.twin.__enter__()

    def _restart(self) -> None:
        """What was written boots."""
        assert self._virtual is not None
        Path(self.port).unlink()  # the terminal's number may be another board's at once
        self._virtual.stop()
        flash = self.made.board.flash
        begin = flash.fs_offset_bytes
        self._flash = bytes(self.twin.flash[begin : begin + flash.fs_bytes])
        self._boot()


# The boot loader's own name on such a board; what answers there shows a drive.
WITH_LOADER = (
    """
import machine
def bootloader():
    print("\\nnodewright: bootloader")
machine.bootloader = bootloader
"""
    + IDLE
)


def test_program__a_port_with_micropython__enters_the_boot_loader_binds_and_boots_what_it_wrote(
    pump, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv(uf2_drive.VARIABLE, str(tmp_path / "drives"))
    made, bound = on(pump, "pico_w"), []

    def bind(made: NodeImage, unique_id: str) -> NodeImage:
        bound.append(unique_id)
        return replace(made, identity=replace(made.identity, unique_id=unique_id))

    with Board(tmp_path, made, WITH_LOADER) as there:
        heard = Heard()
        outcome = uf2_drive.program(job(made, there.port, bind=bind), heard, heard.asked)
    assert there.entered == 1
    assert there.twin.restarted.is_set()
    assert bound == [CHIP]
    assert outcome.boot in (1, 2)  # it boots by itself before it is asked
    assert outcome.notes == ("all files hashed on the board", f"bound to chip {CHIP}")


def test_program__another_node_or_chip_at_the_port__its_boot_loader_is_not_entered(
    pump, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv(uf2_drive.VARIABLE, str(tmp_path / "drives"))
    made = on(pump, "pico_w")
    other = replace(made, identity=replace(made.identity, unique_id="e6614c311b7e6f2b"))
    with Board(tmp_path, made, WITH_LOADER) as there:
        heard = Heard()
        with pytest.raises(OtherNode, match=f"chip {CHIP}, not chip e6614c311b7e6f2b"):
            uf2_drive.program(job(other, there.port), heard, heard.asked)
        with Repl(there.port) as repl:
            repl.ask("f = open('/settings.json', 'w')")
            repl.ask('f.write(\'{"fleet": "south", "node": "fan-9"}\')\nf.close()')
        with pytest.raises(OtherNode, match="fan-9 of fleet south"):
            uf2_drive.program(job(made, there.port), heard, heard.asked)
        assert there.entered == 0
        outcome = uf2_drive.program(job(other, there.port, force=True), heard, heard.asked)
    assert "nodewright renew pump-1 --unique-id" in outcome.notes[1]


def test_program__a_program_that_hears_nobody__touched_at_1200_baud(
    pump, tmp_path, monkeypatch
) -> None:
    """The port of a Pico whose program swallows every Ctrl-C: its USB sees the rate alone."""
    drives = tmp_path / "drives"
    monkeypatch.setenv(uf2_drive.VARIABLE, str(drives))
    monkeypatch.setattr(repl_module, "ANSWER_S", 0.6)
    made = on(pump, "pico_w")
    twin = Uf2DriveTwin(drives)
    with touched(twin.__enter__) as (port, rates):
        heard = Heard()
        monkeypatch.setattr(uf2_drive, "_WAIT_S", 3.0)
        with pytest.raises(FlashFailed, match="written, but no MicroPython came back"):
            uf2_drive.program(job(made, port), heard, heard.asked)
        twin.__exit__()
    assert 1200 in rates
    assert twin.restarted.is_set()
    flash = made.board.flash
    written = bytes(twin.flash[flash.fs_offset_bytes : flash.fs_offset_bytes + flash.fs_bytes])
    assert unpack(flash, written) == pump.files


@contextmanager
def touched(enter: Callable[[], object]) -> Iterator[tuple[str, list[int]]]:
    """A port that says nothing; at 1200 baud its board is sent into its boot loader."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    os.set_blocking(ours, False)
    stop, rates = threading.Event(), [0]

    def watch() -> None:
        while not stop.wait(0.005):
            with suppress(BlockingIOError):
                os.read(ours, 4096)
            rate = 1200 if termios.tcgetattr(ours)[5] == termios.B1200 else 0
            if rate != rates[-1]:
                rates.append(rate)
                enter()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield os.ttyname(theirs), rates
    finally:
        stop.set()
        thread.join(5)
        os.close(ours)
        os.close(theirs)


def test_drive__a_new_port_of_usb_after_it__asked_for_every_file_and_bound(
    pump, tmp_path, monkeypatch
) -> None:
    """First flash of a Pico with its button held: the port that comes is its own."""
    made, bound = on(pump, "pico_w"), []

    def bind(made: NodeImage, unique_id: str) -> NodeImage:
        bound.append(unique_id)
        return made

    with Board(tmp_path, made, IDLE) as there:
        there.enter()
        port = SimpleNamespace(device=there.port, vid=0x2E8A, pid=5, product="", serial_number="")
        monkeypatch.setattr(
            list_ports, "comports", lambda: [port] if there.twin.restarted.is_set() else []
        )
        monkeypatch.setattr(uf2_drive, "_PORT_S", 10.0)
        heard = Heard()
        outcome = uf2_drive.program(
            job(made, str(there.twin.path), bind=bind),
            heard,
            heard.asked,
            uf2_drive.drive_at(there.twin.path),
        )
    assert bound == [CHIP]
    assert outcome.boot in (1, 2)  # it boots by itself before it is asked
    assert "all files hashed on the board" in outcome.notes
    with Board(tmp_path / "b", made, IDLE) as there:
        there.enter()
        other = replace(made, identity=replace(made.identity, unique_id="e6614c311b7e6f2b"))
        port.device = there.port
        with pytest.raises(FlashFailed, match=r"which pump-1 is bound to.*its image is on the"):
            uf2_drive.program(
                job(other, str(there.twin.path)),
                heard,
                heard.asked,
                uf2_drive.drive_at(there.twin.path),
            )


@pytest.fixture
def usb(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ports of Picos that are plugged in, changed as a test goes on."""
    here: list[str] = []
    monkeypatch.setattr(list_ports, "comports", lambda: picos(here))
    return here


def picos(ports: list[str]) -> list[SimpleNamespace]:
    ids = {"vid": 0x2E8A, "pid": 5, "product": "", "serial_number": ""}
    return [SimpleNamespace(device=port, **ids) for port in ports]


def with_node(node: str, **more: object) -> VirtualBoard:
    """A board that says whose it is."""
    settings = json.dumps({"fleet": "north", "node": node})
    return bare(files={"settings.json": settings}, **more)


def test_back__another_node_comes_first__asked_once_and_its_own_is_found(
    pump, monkeypatch, usb
) -> None:
    """Two Picos were in their boot loaders: the neighbour's is back while this one is awaited."""
    opened: list[str] = []
    made = on(pump, "pico_w")
    with with_node("pump-2") as other, with_node("pump-1") as own, bare() as nobodys:
        usb += [other.port, "/dev/no-such-port", nobodys.port]

        def opens(port: str, **more: float) -> Repl:
            opened.append(port)
            if len(opened) == 6:  # once round, and the one that does not open again and again
                usb.insert(0, own.port)
            return Repl(port, **more)

        monkeypatch.setattr(back, "Repl", opens)
        found = back.find(made, (), threading.Event(), 30.0)
        assert found is not None
        with found.repl:
            assert (found.repl.port, found.facts.node) == (own.port, "pump-1")
        assert (opened.count(other.port), opened.count(nobodys.port)) == (1, 1)
        # It is held until it is let go: whoever looks for another board leaves it alone.
        usb[:], opened[:] = [own.port], []
        pump_2 = replace(made, node="pump-2")
        assert back.find(pump_2, (), threading.Event(), 0.1) is None
        assert opened == []
        back.let_go("pump-1")
        assert back.find(pump_2, (), threading.Event(), 0.1) is None
        assert opened == [own.port]


def test_back__a_port_that_is_busy_or_was_there_before__waited_for_and_left_alone(
    pump, monkeypatch, usb
) -> None:
    opened: list[str] = []
    made = on(pump, "pico_w")
    with with_node("pump-1") as own, with_node("pump-1") as before:
        usb += [before.port, own.port]

        def opens(port: str, **more: float) -> Repl:
            opened.append(port)
            if len(opened) < 3:
                raise PortBusy(port)
            return Repl(port, **more)

        monkeypatch.setattr(back, "Repl", opens)
        found = back.find(made, {before.port}, threading.Event(), 30.0)
        assert found is not None
        found.repl.close()
        back.let_go("pump-1")
        assert opened == [own.port] * 3
        # A board that went into its boot loader meanwhile may be back by another's name.
        back.leaves(before.port)
        usb.remove(own.port)
        found = back.find(made, {before.port}, threading.Event(), 30.0)
        assert found is not None
        found.repl.close()
        back.let_go("pump-1")
        assert found.repl.port == before.port


def test_flash__two_drives_at_once__each_reads_back_its_own_board(
    north, tmp_path, monkeypatch
) -> None:
    """The second board's port comes first, and no other until it was asked."""
    images = {node: on(made_for_virtual(north, node), "pico_w") for node in ("pump-1", "pump-2")}
    monkeypatch.setattr(uf2_drive, "_PORT_S", 20.0)
    first, second = (
        Board(tmp_path / node, made, IDLE, unique_id=f"e6614c311b7e6f{number}a")
        for number, (node, made) in enumerate(images.items(), 2)
    )
    asked_for: list[str] = []

    def plugged_in() -> list[SimpleNamespace]:
        there = [second.port] if second.twin.restarted.is_set() else []
        if first.twin.restarted.is_set() and second.port in asked_for:
            there.append(first.port)
        return picos(there)

    def opens(port: str, **more: float) -> Repl:
        asked_for.append(port)
        return Repl(port, **more)

    monkeypatch.setattr(list_ports, "comports", plugged_in)
    monkeypatch.setattr(back, "Repl", opens)
    with first, second:
        for one in (first, second):
            one.enter()
        targets = [
            choose.Target("pump-1", str(first.twin.path), boot_s=20.0),
            choose.Target("pump-2", str(second.twin.path), boot_s=20.0),
        ]
        results = several.run(
            *(targets, lambda node, _virtual: images[node], lambda _target, _step: None),
            *(threading.Event(), lambda _result: None),
        )
    assert [result.error for result in results] == [None, None]
    found = [result.outcome.back_at for result in results if result.outcome is not None]
    assert found == [first.port, second.port]


def test_enter__two_boards_at_once__the_second_only_once_the_first_ones_drive_is_there(
    pump, tmp_path, monkeypatch
) -> None:
    """The first one's drive is slow: one that came meanwhile would be taken for it."""
    monkeypatch.setenv(uf2_drive.VARIABLE, str(tmp_path))
    entered, second = threading.Event(), threading.Event()

    def mount(name: str) -> None:
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / uf2_drive.INFO).write_text("Board-ID: RPI-RP2\n")
        (tmp_path / "new").rename(tmp_path / name)

    def late() -> None:
        second.wait(0.5)
        mount("RPI-RP2")

    def enter(job: Job) -> tuple[Job, str]:
        if job.port == "second":
            mount("RPI-RP21")
            second.set()
        else:
            entered.set()
            threading.Thread(target=late).start()
        return job, ""

    monkeypatch.setattr(uf2_drive, "enter_boot_loader", enter)
    made = on(pump, "pico_w")
    with ThreadPoolExecutor() as pool:
        one = pool.submit(uf2_drive._enter_in_turn, job(made, "first"), threading.Event())
        assert entered.wait(10)
        two = pool.submit(uf2_drive._enter_in_turn, job(made, "second"), threading.Event())
    assert [taken.result()[2].path.name for taken in (one, two)] == ["RPI-RP2", "RPI-RP21"]


def test_enter__the_drive_of_one_does_not_come__who_waited_is_not_sent_after_it(
    pump, tmp_path, monkeypatch
) -> None:
    """It may come yet, and would then be taken for the other's."""
    monkeypatch.setenv(uf2_drive.VARIABLE, str(tmp_path))
    monkeypatch.setattr(uf2_drive, "_WAIT_S", 0.3)
    sent: list[str] = []
    entered, waits = threading.Event(), threading.Event()

    def enter(job: Job) -> tuple[Job, str]:
        sent.append(job.port)
        entered.set()
        assert waits.wait(10)
        return job, ""

    class Waited(threading.Event):
        def is_set(self) -> bool:  # asked while it waits for its turn
            waits.set()
            return super().is_set()

    monkeypatch.setattr(uf2_drive, "enter_boot_loader", enter)
    made = on(pump, "pico_w")
    with ThreadPoolExecutor() as pool:
        one = pool.submit(uf2_drive._enter_in_turn, job(made, "first"), threading.Event())
        assert entered.wait(10)
        two = pool.submit(uf2_drive._enter_in_turn, job(made, "second"), Waited())
    with pytest.raises(FlashFailed, match="no drive of an rp2040 came"):
        one.result()
    with pytest.raises(FlashFailed, match=r"second: the drive of first may still come.*one at a"):
        two.result()
    assert sent == ["first"]
    # Who comes later is served: nobody knows how long that drive is on its way.
    with pytest.raises(uf2_drive.NoDrive, match="third: no drive"):
        uf2_drive._enter_in_turn(job(made, "third"), threading.Event())


_ANOTHER = """
import sys, threading
from nodewright.errors import NodewrightError
from nodewright.flash.turns import turn

with turn("first", threading.Event()) as sent:
    print("within", flush=True)
    told = sys.stdin.readline().strip()
    if told == "astray":
        sent()
    if told:
        raise NodewrightError("it did not work")
"""


@pytest.mark.parametrize("told", ["", "refused", "astray"])
def test_turn__of_another_program__waited_for_and_told_where_its_board_went_astray(told) -> None:
    """A board that was refused never left its program: no drive of it will come."""

    class Waited(threading.Event):
        def is_set(self) -> bool:
            if waits.is_set():
                return super().is_set()
            waits.set()
            assert other.stdin is not None
            other.stdin.write(f"{told}\n")
            other.stdin.flush()
            return False

    waits = threading.Event()
    command = [sys.executable, "-c", _ANOTHER]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == "within\n"
        if told == "astray":
            with (
                pytest.raises(FlashFailed, match="drive of first may still come"),
                turn("second", Waited()),
            ):
                pass
        else:
            with turn("second", Waited()):
                pass
    assert waits.is_set()


@pytest.mark.parametrize("what", ["no folder", "no locks"])
def test_turn__where_no_file_can_be_locked__threads_take_turns_all_the_same(
    tmp_path, monkeypatch, what
) -> None:
    def no_locks(_handle: int) -> None:
        raise OSError(errno.ENOLCK, "as on some network's folder")

    if what == "no folder":
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("NODEWRIGHT_HOME", str(tmp_path / "file"))
    else:
        monkeypatch.setattr(lock, "take", no_locks)
    asked = threading.Event()
    with turn("first", threading.Event()):
        asked.set()
        with pytest.raises(Interrupted), turn("second", asked):
            pass
    with turn("third", asked):
        pass


def test_program__a_board_that_is_another_node_goes_first__the_one_that_waited_is_sent(
    pump, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv(uf2_drive.VARIABLE, str(tmp_path))
    within, waits = threading.Event(), threading.Event()

    class Waited(threading.Event):
        def is_set(self) -> bool:
            waits.set()
            return super().is_set()

    def enter(job: Job) -> tuple[Job, str]:
        if job.port == "first":
            within.set()
            assert waits.wait(10)
            raise OtherNode("first", "fan-9 of fleet south", "pump-1")
        (tmp_path / "RPI-RP2").mkdir()
        (tmp_path / "RPI-RP2" / uf2_drive.INFO).write_text("Board-ID: RPI-RP2\n")
        return job, ""

    monkeypatch.setattr(uf2_drive, "enter_boot_loader", enter)
    made = on(pump, "pico_w")
    with ThreadPoolExecutor() as pool:
        one = pool.submit(uf2_drive._enter_in_turn, job(made, "first"), threading.Event())
        assert within.wait(10)
        two = pool.submit(uf2_drive._enter_in_turn, job(made, "second"), Waited())
    with pytest.raises(OtherNode):
        one.result()
    assert two.result()[2].path.name == "RPI-RP2"


def test_make__a_board_that_shows_no_port_after_its_drive__says_how_to_go_on(north, pump) -> None:
    maker = Maker(north, Secrets(north), Options(after_s=0.1))
    with pytest.raises(FlashFailed, match=r"RPI-RP2.*no serial port.*make pump-1 --port THAT"):
        maker._port_after(Target("pump-1", "/media/RPI-RP2"), pump, set(), threading.Event())


def test_drives__where_they_are_mounted__found_by_their_info(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv(uf2_drive.VARIABLE, str(tmp_path))
    (tmp_path / "stick").mkdir()
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "INFO_UF2.TXT").write_bytes(b"\xff\x00\x1b[2J:\nBoard-ID: \x1b[2Jx\n" * 99)
    with Uf2DriveTwin(tmp_path) as twin:
        found = {drive.path: drive for drive in uf2_drive.drives()}
        assert found[twin.path].chip == "rp2040"
        assert found[tmp_path / "odd"].chip == ""
        assert "\x1b" not in found[tmp_path / "odd"].board_id
        assert tmp_path / "stick" not in found
