"""MicroPython binaries: what is read from the file, what is refused, what is kept."""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host import runtime_rig as rig
from nodewright import boards, uf2
from nodewright.errors import BadInput
from nodewright.image.errors import RuntimeUnfit
from nodewright.runtimes import registry
from nodewright.runtimes.binary import NotMicroPython
from nodewright.runtimes.registry import SeveralRuntimes, UnknownRuntime

BOARDS: dict[str, Callable[..., bytes]] = {
    **{name: lambda name=name, **facts: rig.rp2(name, **facts) for name in rig.PLACES},
    "esp32": lambda **facts: rig.esp("esp32", **facts),
    "esp32_s3": lambda **facts: rig.esp("esp32s3", **facts),
    "esp32_c3": lambda **facts: rig.esp("esp32c3", **facts),
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NODEWRIGHT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.parametrize("name", BOARDS)
@pytest.mark.parametrize("ulab", [False, True])
def test_identify__binary_of_each_board__told_from_its_bytes(name: str, ulab: bool) -> None:
    board = boards.load(name)
    found = registry.identify(BOARDS[name](version="1.28.3", ulab=ulab))
    assert (found.chip, found.arch) == (board.chip, board.arch)
    assert (found.version, found.mpy, found.built) == ("1.28.3", "6.3", "2026-07-01")
    assert found.kind == ("ulab" if ulab else "stock")
    assert registry.boards_of(found) == [name]


def test_identify__preview_build__its_whole_version() -> None:
    found = registry.identify(rig.rp2(version="1.29.0-preview.585.gaf47daf3b0"))
    assert found.version == "1.29.0-preview.585.gaf47daf3b0"


def test_identify__esp32__board_as_the_binary_names_it() -> None:
    assert registry.identify(rig.esp(about="Generic ESP32 module")).about == "Generic ESP32 module"


@pytest.mark.parametrize("chip", ["esp32", "esp32s3", "esp32c3"])
def test_rig__image_of_each_chip__is_valid_to_esptool(tmp_path: Path, chip: str) -> None:
    for offset, part in rig.esp_parts(chip).items():
        if offset == 0x8000:
            continue
        path = rig.write(tmp_path, f"{offset:x}.bin", part)
        said = esptool("--chip", chip, "image-info", path)
        assert "Checksum: 0x" in said and "(valid)" in said and "invalid" not in said
        assert said.count("(valid)") == 2


def esptool(*words: object) -> str:
    """What esptool says.  Its own module: the command may not be on PATH."""
    ran = subprocess.run(
        [sys.executable, "-m", "esptool", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "neither a .uf2"),
        (b"\x7fELF" + bytes(5000), "neither a .uf2"),
        (b"import machine\n" * 100, "neither a .uf2"),
        (rig.uf2_of(rig.rp2_code(), 0x68ED2B88), "it is for samd21; nodes run on rp2040"),
        (rig.uf2_of(rig.rp2_code(), 0xE48BFF5A), "it is for rp2350-riscv"),
        (rig.uf2_of(rig.rp2_code(), 0x12345678), "it is for 0x12345678"),
        (rig.rp2() + rig.uf2_of(b"x" * 256, rig.RP2350), "rp2040, rp2350-arm-s"),
        (rig.rp2(name="blink"), "it is 'blink'"),
        (rig.uf2_of(b"x" * 9000), "tells nothing of itself"),
        (rig.rp2(version="1.11.0"), "1.11.0 is older than any that runs nodes"),
        (rig.rp2(version="none"), "no version of MicroPython"),
        (rig.esp("esp32s2"), "it is for esp32s2; nodes run on esp32, esp32s3, esp32c3"),
        (rig.esp_app("esp32"), "the application alone"),
        (rig.esp()[:-40], "the application is cut off"),
        (rig.esp()[:0x7000], "no partition table is at 0x8000"),
        (rig.esp()[:0x8000], "no application for esp32 is at 0x10000"),
        (rig.esp(rows=rig.ROWS[:2]), "no application"),
    ],
)
def test_identify__not_for_a_node__says_what_it_is(data: bytes, reason: str) -> None:
    with pytest.raises(NotMicroPython) as caught:
        registry.identify(data)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (100, "the boot loader is damaged: its checksum"),
        (0x7000 + 30, "its partition table is damaged: its MD5"),
        (0xF000 + 3000, "the application is damaged: its checksum"),
        (-1, "the application is damaged: its SHA-256"),
    ],
)
def test_identify__esp32_with_a_byte_changed__says_which_part_is_damaged(
    at: int, reason: str
) -> None:
    data = bytearray(rig.esp())
    data[at] ^= 1
    with pytest.raises(NotMicroPython, match=reason):
        registry.identify(bytes(data))


_ESP, _RP2 = rig.esp(), rig.rp2(size=6000)


@settings(max_examples=200)
@given(data=st.data())
def test_identify__any_bytes_changed_or_cut__binary_or_bad_input(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from([_ESP, _RP2])))
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(raw)))
    try:
        registry.identify(bytes(raw[:end]))
    except BadInput as error:
        assert str(error)


def test_add__file__kept_under_its_hash_and_listed(tmp_path: Path, home: Path) -> None:
    assert registry.entries() == []
    path = rig.write(tmp_path, "a.uf2", rig.rp2())
    binary, fits = registry.add(path)
    assert fits == ["pico_w"]
    assert registry.add(path) == (binary, fits)
    path.unlink()
    assert [one.name for one in (home / "runtimes").iterdir()] == [binary.sha256 + ".uf2"]
    entry = registry.entries()[0]
    assert entry.binary == binary
    assert registry.remove(binary.sha256[:8]).sha256 == binary.sha256
    assert registry.entries() == []
    with pytest.raises(UnknownRuntime):
        registry.remove(binary.sha256[:8])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (rig.rp2("pimoroni_tiny2040"), r"pimoroni_tiny2040 \(rp2040\) fits no board"),
        (rig.rp2("pico_w", place=(0x100000, 0x100000)), "fits no board"),
        (rig.rp2(version="1.22.2"), "fits no board"),
        (rig.esp(version="1.22.2"), r"1\.22\.2 loads \.mpy 6\.2, and mpy-cross makes 6\.3"),
    ],
)
def test_add__of_another_board_or_mpy__refused_and_not_kept(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    with pytest.raises(NotMicroPython, match=reason):
        registry.add(rig.write(tmp_path, "a", data))
    assert registry.entries() == []


def test_add__refused__names_the_file(tmp_path: Path) -> None:
    for name, data in (
        ("a.bin", b"no"),
        ("b.uf2", rig.rp2()[:500]),
        ("c.uf2", rig.rp2(version="1.22.2")),
    ):
        with pytest.raises(BadInput, match=re.escape(str(tmp_path / name))):
            registry.add(rig.write(tmp_path, name, data))


def test_add__no_file__says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.uf2 cannot be read: No such file"):
        registry.add(tmp_path / "none.uf2")


def test_choose__one_that_fits__taken(tmp_path: Path) -> None:
    pico_w = boards.load("pico_w")
    assert registry.choose(pico_w) is None
    registry.add(rig.write(tmp_path, "a", rig.rp2("pico_w")))
    registry.add(rig.write(tmp_path, "b", rig.rp2("pico")))
    chosen = registry.choose(pico_w)
    assert chosen is not None and chosen.board == "pico_w"
    assert registry.choose(pico_w, "none") is None
    assert registry.choose(boards.load("esp32")) is None


def test_choose__several_that_fit__asks_which(tmp_path: Path) -> None:
    board = boards.load("pico_w")
    stock, _ = registry.add(rig.write(tmp_path, "a", rig.rp2()))
    with_ulab, _ = registry.add(rig.write(tmp_path, "b", rig.rp2(ulab=True)))
    with pytest.raises(SeveralRuntimes, match=with_ulab.sha256[:12]):
        registry.choose(board)
    assert registry.choose(board, stock.sha256[:10]) == stock
    assert registry.choose(board, str(tmp_path / "b")) == with_ulab
    with pytest.raises(UnknownRuntime):
        registry.choose(board, "abc")


def test_choose__of_another_board__refused_by_both_names(tmp_path: Path) -> None:
    path = rig.write(tmp_path, "a.uf2", rig.rp2("pico"))
    with pytest.raises(RuntimeUnfit, match="does not fit pico_w: it is built for the board pico"):
        registry.choose(boards.load("pico_w"), str(path))
    with pytest.raises(RuntimeUnfit, match="for the chip rp2040, and esp32 has esp32"):
        registry.choose(boards.load("esp32"), str(path))


def test_unfit__board_that_computes_with_ulab__takes_no_stock_binary() -> None:
    board = replace(boards.load("pico_w"), dsp_backend="ulab")
    assert "has no ulab" in registry.unfit(registry.identify(rig.rp2()), board)
    assert registry.unfit(registry.identify(rig.rp2(ulab=True)), board) == ""


def test_entries__file_changed_on_the_disk__damaged_and_not_taken(
    tmp_path: Path, home: Path
) -> None:
    binary, _ = registry.add(rig.write(tmp_path, "a", rig.rp2()))
    path = home / "runtimes" / (binary.sha256 + ".uf2")
    path.write_bytes(rig.rp2(ulab=True))
    assert registry.entries()[0].binary is None
    assert registry.choose(boards.load("pico_w")) is None
    with pytest.raises(BadInput, match="is damaged"):
        registry.choose(boards.load("pico_w"), binary.sha256[:12])
    registry.add(rig.write(tmp_path, "a", rig.rp2()))
    assert registry.choose(boards.load("pico_w")) == binary


def test_families__names__as_the_sdk_has_them() -> None:
    assert (uf2.RP2040, uf2.RP2350_ARM_S, uf2.ABSOLUTE) == (0xE48BFF56, 0xE48BFF59, 0xE48BFF57)
