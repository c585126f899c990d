"""Which node each board that is plugged in becomes."""

from dataclasses import replace
from pathlib import Path

import pytest

from host.pki_rig import CHIP, OTHER_CHIP, kept, make
from nodewright.errors import BadInput
from nodewright.flash.esp import Found
from nodewright.flash.facts import Facts
from nodewright.flash.look import Seen
from nodewright.fleet.load import FILE
from nodewright.image.node import ImageMaker
from nodewright.link.usb import Plugged
from nodewright.make.assign import Assigned, assign
from nodewright.provision import provision

BLANK = Facts(
    machine="Raspberry Pi Pico W with RP2040",
    release=(1, 29, 0),
    arch="armv6m",
    mpy="6.3",
    chip="rp2040",
    unique_id="",
    fleet=None,
    node=None,
    board=None,
    version=None,
    fs_bytes=868352,
    free_bytes=860000,
    unfinished=False,
    crash=None,
)


def at(port: str, **facts: object) -> Seen:
    """A board with a MicroPython."""
    found = replace(BLANK, **facts)  # type: ignore[arg-type]
    return Seen(Plugged(port, "2e8a:0005", "Pico", ("pico", "pico_w"), ""), "micropython", found)


def silent(port: str, *boards: str) -> Seen:
    return Seen(Plugged(port, "10c4:ea60", "bridge", boards, ""), "silent")


@pytest.fixture
def north(tmp_path: Path) -> Path:
    """pump-1 and pump-2 on a Pico W, pump-3 on an ESP32; pump-1 is bound."""
    folder = make(tmp_path / "north", nodes=3)
    text = (folder / FILE).read_text().replace('board = "virtual"', 'board = "pico_w"')
    start = text.index("[nodes.pump-3]")
    third = text[start:].replace('"pico_w"', '"esp32"').replace("int1 = 15", "int1 = 4")
    (folder / FILE).write_text(text[:start] + third)
    provision(folder, "pump-1", kept(folder), CHIP)
    return folder


def became(folder: Path, *seen: Seen, wanted: tuple[str, ...] = ()) -> dict[str, str | None]:
    return {t.node: t.port for t in found(folder, *seen, wanted=wanted).targets}


def found(folder: Path, *seen: Seen, wanted: tuple[str, ...] = ()) -> Assigned:
    return assign(folder, ImageMaker(folder, kept(folder)), wanted, seen)


def test_assign__a_node_of_the_fleet_or_its_chip__stays_that_node(north) -> None:
    told = at("a", node="pump-2", fleet="north", unique_id=OTHER_CHIP)
    bound = at("b", unique_id=CHIP)
    assert became(north, told, bound) == {"pump-2": "a", "pump-1": "b"}


def test_assign__boards_that_are_nobodys__free_nodes_of_their_kind_in_the_files_order(
    north,
) -> None:
    # pump-1 is bound to a chip that is not here; pump-3 is no Pico.
    assert became(north, at("a"), at("b")) == {"pump-2": "a"}
    assert found(north, at("a"), at("b")).left == (
        "b: left out, no node of north without a board is one",
    )
    assert became(north, silent("c", "esp32"), at("a")) == {"pump-3": "c", "pump-2": "a"}
    assert became(north, silent("c", "esp32s3")) == {}


def test_assign__a_boot_loaders_drive__by_its_chip(north, tmp_path) -> None:
    drive = tmp_path / "RPI-RP2"
    drive.mkdir()
    (drive / "INFO_UF2.TXT").write_text("Board-ID: RPI-RP2\r\n")
    seen = Seen(Plugged(str(drive), "", "boot loader", (), ""), "boot loader")
    assert became(north, seen) == {"pump-2": str(drive)}
    (drive / "INFO_UF2.TXT").write_text("Board-ID: RP2350\r\n")
    assert became(north, seen) == {}


def test_assign__an_esp32_in_its_boot_loader__by_its_chip_and_the_node_that_has_it(north) -> None:
    def waits(port: str, chip: str, mac: str) -> Seen:
        plugged = Plugged(port, "10c4:ea60", "bridge", ("esp32", "esp32_s3"), "")
        return Seen(plugged, "boot loader", loader=Found(chip, 0, 4 << 20, mac))

    assert became(north, waits("e", "esp32", "240ac4123456")) == {"pump-3": "e"}
    assert became(north, waits("e", "esp32s3", "240ac4123456")) == {}
    assert became(north, waits("e", "esp32", "")) == {"pump-3": "e"}
    provision(north, "pump-3", kept(north), "240ac4123456")
    assert became(north, waits("e", "esp32", "240ac4123456")) == {"pump-3": "e"}
    assert became(north, waits("e", "esp32", "240ac4999999")) == {}


def test_assign__other_fleets_and_what_is_no_board__left_alone_and_named(north) -> None:
    other = at("a", node="pump-2", fleet="south")
    modem = Seen(Plugged("m", "1234:5678", "modem", (), ""), "silent")
    closed = Seen(Plugged("d", "2e8a:0005", "", ("pico_w",), ""), "closed", problem="is in use")
    done = found(north, other, modem, closed)
    assert done.targets == ()
    assert done.left == (
        "a: left out, it is pump-2 of fleet south",
        "m: left out, no board that is known",
        "d: left out, is in use",
    )


def test_assign__names_given__only_those(north) -> None:
    told = at("a", node="pump-1", fleet="north")
    done = found(north, told, at("b"), silent("c", "esp32"), wanted=("pump-3",))
    assert [t.node for t in done.targets] == ["pump-3"]
    assert "it is pump-1, which was not asked for" in done.left[0]
    with pytest.raises(BadInput, match="pump-9"):
        found(north, wanted=("pump-9",))


def test_assign__a_name_given_twice__is_one_node(north) -> None:
    done = found(north, at("a"), at("b"), wanted=("pump-2", "pump-2"))
    assert {target.node: target.port for target in done.targets} == {"pump-2": "a"}
    assert done.left == ("b: left out, no node of north without a board is one",)


def test_assign__two_boards_of_one_node__refused(north) -> None:
    twice = (at("a", node="pump-1", fleet="north"), at("b", unique_id=CHIP))
    with pytest.raises(BadInput, match="a and b both are pump-1: unplug one"):
        found(north, *twice)
