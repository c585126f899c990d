"""Files for boards: MicroPython and file system where boot ROMs, esptool and MicroPython look."""

import hashlib
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from host import runtime_rig as rig
from nodewright import boards
from nodewright.image import contents, pack
from nodewright.image.errors import NoFileSystem, NoImage, RuntimeUnfit
from nodewright.image.filesystem import unpack
from nodewright.image.whole import Flashable, assemble
from nodewright.runtimes import registry

FILES = {"/settings.json": b'{"board":"%s"}\n', "/version.json": b"{}\n", "/node/a": b"a" * 5000}
PICOS = {"pico": rig.RP2040, "pico_w": rig.RP2040, "pico2_w": rig.RP2350}
FAMILIES = {rig.RP2040: "RP2040", rig.RP2350: "RP2350_ARM_S", rig.ABSOLUTE: "RP2XXX_ABSOLUTE"}
ESPS = {"esp32": "esp32", "esp32_s3": "esp32s3", "esp32_c3": "esp32c3"}


def files_of(name: str) -> dict[str, bytes]:
    return {**FILES, "/settings.json": FILES["/settings.json"] % name.encode()}


def made(name: str, binary: bytes | None) -> tuple[Flashable, bytes]:
    board = boards.load(name)
    data = pack(board, files_of(name))
    runtime = None if binary is None else registry.identify(binary)
    return assemble(board, data, runtime), data


@pytest.mark.parametrize("name", PICOS)
def test_assemble__pico_with_micropython__both_where_the_boot_rom_puts_them(name: str) -> None:
    flash, data = made(name, rig.rp2(name))
    found = rig.read_uf2(flash.data)
    offset, size = rig.PLACES[name]
    pages = found[PICOS[name]]
    assert rig.memory_of(pages, rig.FLASH + offset, size) == data
    code = rig.rp2_code(name)
    there = rig.memory_of(pages, rig.FLASH, len(code) // 256 * 256)
    assert there == code[: len(there)]
    # RP2040 datasheet, erratum E14: sectors of 4096 bytes, each written wholly.
    sectors = {address // 4096 for address in pages}
    assert len(pages) == 16 * len(sectors)
    assert flash.form == "uf2"
    assert flash.note == ""
    if name == "pico2_w":
        assert found[rig.ABSOLUTE] == {0x10FFFF00: b"\xef" * 256}
        assert flash.data[:512] == rig.rp2(name)[:512]
    else:
        assert set(found) == {rig.RP2040}


@pytest.mark.parametrize("name", PICOS)
@pytest.mark.parametrize("stock", [True, False], ids=["with_micropython", "files_alone"])
def test_assemble__pico__microsofts_converter_reads_the_same_flash(
    tmp_path: Path, name: str, stock: bool
) -> None:
    flash, data = made(name, rig.rp2(name) if stock else None)
    path = rig.write(tmp_path, "node.uf2", flash.data)
    offset, size = rig.PLACES[name]
    family = PICOS[name] if stock or name != "pico2_w" else rig.ABSOLUTE
    told = uf2conv("--info", path)
    # Of each kind of block the family by its name, and the least address.
    assert f"Family ID is {FAMILIES[family]}, hex value is {family:#010x}" in told
    assert f"Target Address is {rig.FLASH + (0 if stock else offset):#010x}" in told
    uf2conv("--family", hex(family), "--output", tmp_path / "flat.bin", path)
    flat = (tmp_path / "flat.bin").read_bytes()
    begin = offset if stock else 0
    assert flat[begin : begin + size] == data
    assert len(flat) == begin + size
    if stock:
        code = rig.rp2_code(name)
        assert flat[: len(code)] == code


def uf2conv(*words: object) -> str:
    """The converter that the format's authors wrote, as Adafruit packs it."""
    command = [sys.executable, "-m", "adafruit_uf2.uf2conv", *map(str, words)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.parametrize("name", PICOS)
def test_assemble__pico_without_micropython__the_file_system_alone_and_a_note(name: str) -> None:
    flash, data = made(name, None)
    family = rig.RP2040 if name != "pico2_w" else rig.ABSOLUTE
    offset, size = rig.PLACES[name]
    pages = rig.read_uf2(flash.data)[family]
    assert len(pages) == size // 256
    assert rig.memory_of(pages, rig.FLASH + offset, size) == data
    assert "without MicroPython" in flash.note


@pytest.mark.parametrize("name", ESPS)
def test_assemble__esp32_with_micropython__as_esptool_merges_the_parts(
    tmp_path: Path, name: str
) -> None:
    chip = ESPS[name]
    flash, data = made(name, rig.esp(chip))
    assert (flash.form, flash.offset_bytes, len(flash.data)) == ("esp", 0, 4 << 20)
    # The same by Espressif's own tool, with the table that MicroPython's own build would have had.
    parts = {
        **rig.esp_parts(chip),
        0x200000: data,
        0x8000: rig.esp_table((*rig.ROWS, rig.VFS_ROW)),
    }
    words: list[object] = ["--chip", chip, "merge-bin", "-o", tmp_path / "merged.bin"]
    for offset, part in parts.items():
        words += [hex(offset), rig.write(tmp_path, f"{offset:x}.bin", part)]
    esptool(*words)
    assert (tmp_path / "merged.bin").read_bytes() == flash.data
    app = rig.write(tmp_path, "app.bin", flash.data[0x10000:0x200000])
    assert esptool("--chip", chip, "image-info", app).count("(valid)") == 2


def esptool(*words: object) -> str:
    command = [sys.executable, "-m", "esptool", *map(str, words)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_assemble__partition_table_with_a_file_system__left_as_it_is() -> None:
    rows = (*rig.ROWS, rig.VFS_ROW)
    flash, _ = made("esp32", rig.esp(rows=rows))
    assert flash.data[0x8000:0x8C00] == rig.esp_table(rows)


def test_assemble__partition_table_without__micropython_finds_it_by_its_label() -> None:
    """ports/esp32/modules/flashbdev.py: Partition.find(TYPE_DATA, label="vfs")."""
    flash, _ = made("esp32", rig.esp())
    row = flash.data[0x8000 + 3 * 32 : 0x8000 + 4 * 32]
    magic, kind, _, offset, size, label, _ = struct.unpack("<HBBII16sI", row)
    assert (magic, kind, label.rstrip(b"\0")) == (0x50AA, 1, b"vfs")
    assert (offset, size) == (0x200000, 0x200000)
    md5 = hashlib.md5(flash.data[0x8000 : 0x8000 + 4 * 32], usedforsecurity=False).digest()
    assert flash.data[0x8000 + 4 * 32 + 16 : 0x8000 + 5 * 32] == md5


def test_assemble__esp32_without_micropython__file_system_and_where_it_goes() -> None:
    flash, data = made("esp32", None)
    assert (flash.form, flash.offset_bytes, flash.data) == ("littlefs", 0x200000, data)
    assert "0x200000" in flash.note


def test_assemble__virtual__its_file_system_and_no_note() -> None:
    flash, data = made("virtual", None)
    assert (flash.form, flash.data, flash.note) == ("littlefs", data, "")


@pytest.mark.parametrize(
    ("name", "binary", "reason"),
    [
        ("pico_w", rig.rp2("pico_w", size=0x12C001), "1228800 are free"),
        ("pico_w", rig.rp2("pico"), "built for the board pico"),
        ("pico_w", rig.rp2("pico2_w"), "for the chip rp2350, and pico_w has rp2040"),
        ("esp32", rig.esp("esp32c3"), "for the chip esp32c3, and esp32 has esp32"),
        (
            "esp32",
            rig.esp(rows=(*rig.ROWS, (1, 0x81, 0x290000, 0x170000, b"vfs"))),
            "it has its files at 0x290000, 0x170000 bytes, and esp32 at 0x200000",
        ),
        (
            "esp32",
            rig.esp(rows=(*rig.ROWS[:2], (0, 0, 0x10000, 0x240000, b"factory"))),
            "it reaches to 0x250000, files begin at 0x200000",
        ),
        ("pico_w", rig.rp2("pico_w", version="1.22.0"), "loads .mpy 6.2"),
    ],
)
def test_assemble__micropython_that_does_not_fit__refused_with_the_reason(
    name: str, binary: bytes, reason: str
) -> None:
    with pytest.raises(RuntimeUnfit) as caught:
        made(name, binary)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("name", "binary"),
    [
        ("virtual", None),
        *((name, None) for name in [*PICOS, *ESPS]),
        *((name, rig.rp2(name)) for name in PICOS),
        *((name, rig.esp(chip)) for name, chip in ESPS.items()),
    ],
)
def test_read__image_of_each_board_and_form__board_files_and_micropython(
    tmp_path: Path, name: str, binary: bytes | None
) -> None:
    flash, _ = made(name, binary)
    found = contents.read(rig.write(tmp_path, "image", flash.data))
    assert found.board.name == name
    assert found.files == files_of(name)
    assert (found.runtime is None) == (binary is None)
    if found.runtime is not None:
        assert (found.runtime.version, found.runtime.chip) == ("1.29.0", boards.load(name).chip)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "its 0 bytes are no flash"),
        (b"hello", "its 5 bytes are no flash"),
        (bytes(868_352), "no LittleFS begins there"),
        (rig.rp2(), "it is MicroPython 1.29.0 (stock) for pico_w, without a node's files"),
        (rig.rp2()[:-100], "cut off"),
        (rig.esp(), "for Generic module, without a node's files"),
        (pack(boards.load("virtual"), {"/main.py": b"print(1)"}), "no settings and version"),
    ],
)
def test_read__foreign_file__no_image_and_why(tmp_path: Path, data: bytes, reason: str) -> None:
    path = rig.write(tmp_path, "foreign", data)
    with pytest.raises(NoImage) as caught:
        contents.read(path)
    assert str(path) in str(caught.value)
    assert reason in str(caught.value)


def test_read__no_file_or_a_folder__no_image(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(NoImage):
            contents.read(path)


def test_unpack__file_system_with_bytes_changed__files_or_no_file_system() -> None:
    """Whatever is wrong with it, our process lives: each 397th byte of the blocks in use."""
    board = boards.load("virtual")
    good = pack(board, files_of("virtual"))
    used = len(good.rstrip(b"\xff"))
    for at in range(0, used, 397):
        data = bytearray(good)
        data[at] ^= 0xFF
        try:
            unpack(board.flash, bytes(data))
        except NoFileSystem as error:
            assert error.reason
