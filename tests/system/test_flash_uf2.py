"""UF2 images onto the drives of boot loaders; entering one from MicroPython."""

from dataclasses import replace

import pytest

from nodewright import boards
from nodewright.flash import uf2_drive
from nodewright.flash.errors import FlashFailed, WrongBoard
from nodewright.image.filesystem import unpack
from nodewright.image.node import NodeImage
from nodewright.image.whole import assemble
from nodewright.link.errors import Interrupted
from system.flash_rig import Heard, bare, fleet, job, made_for_virtual
from system.uf2_drive_twin import Uf2DriveTwin
from system.virtual_rig import facts


@pytest.fixture(scope="module")
def pump(tmp_path_factory: pytest.TempPathFactory) -> NodeImage:
    return made_for_virtual(fleet(tmp_path_factory.mktemp("flash") / "f"))


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


def test_program__a_port_with_micropython__enters_the_boot_loader_and_reads_back(
    pump, tmp_path, monkeypatch
) -> None:
    """The board at the port is a virtual one: its files are those of the node already."""
    from nodewright.flash import raw_repl

    made = on(pump, "pico_w")
    monkeypatch.setenv(uf2_drive.VARIABLE, str(tmp_path))
    monkeypatch.setattr(uf2_drive, "_LOOK_S", 0.05)
    with bare() as virtual:
        facts(virtual)
        heard = Heard()
        raw_repl.program(job(pump, virtual.port), heard, heard.asked)
        twin = Uf2DriveTwin(tmp_path)
        entered = []

        def enter(port: str) -> None:
            entered.append(port)
            twin.__enter__()

        monkeypatch.setattr(uf2_drive, "enter_boot_loader", enter)
        try:
            outcome = uf2_drive.program(job(made, virtual.port), heard, heard.asked)
        finally:
            twin.__exit__()
        assert entered == [virtual.port]
        assert twin.restarted.is_set()
        assert outcome.boot is not None
        assert outcome.notes == ("all files hashed on the board",)


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
