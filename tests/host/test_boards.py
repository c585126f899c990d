"""The boards' data: what is checked when they load, and facts that a wrong digit breaks."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodewright import boards
from nodewright.data import boards_dir
from nodewright.errors import BadInput
from nodewright.table import TableError

RP2 = ("pico", "pico_w", "pico2_w")


def _rp2_pins(kind: str, bus: int) -> set[int]:
    """Pins of a bus of the RP2 chips, after ports/rp2/machine_i2c.h and machine_spi.c."""
    fits = {
        "sda": lambda pin: pin % 2 == 0 and pin // 2 % 2 == bus,
        "scl": lambda pin: pin % 2 == 1 and pin // 2 % 2 == bus,
        "miso": lambda pin: pin % 4 == 0 and pin // 8 % 2 == bus,
        "sck": lambda pin: pin % 4 == 2 and pin // 8 % 2 == bus,
        "mosi": lambda pin: pin % 4 == 3 and pin // 8 % 2 == bus,
    }[kind]
    return {pin for pin in boards.load("pico_w").pins if fits(pin)}


def test_names__boards_of_the_repository__sorted() -> None:
    assert boards.names() == (
        *("esp32", "esp32_c3", "esp32_s3", "pico", "pico2_w", "pico_w", "virtual"),
    )


@pytest.mark.parametrize("name", boards.names())
def test_load__each_board__has_a_bus_and_a_flash_that_fits(name: str) -> None:
    board = boards.load(name)
    assert board.name == name
    assert board.i2c and board.spi
    flash = board.flash
    assert flash.blocks * flash.block_bytes == flash.fs_bytes
    assert flash.fs_offset_bytes + flash.fs_bytes <= flash.total_bytes
    for bus in board.i2c:
        assert not {*bus.sda_pins, *bus.scl_pins} & set(board.input_only)
        assert bus.sda != bus.scl
    for spi in board.spi:
        assert len({spi.sck, spi.mosi, spi.miso, spi.cs}) == 4
        assert not {*spi.sck_pins, *spi.mosi_pins, spi.cs} & set(board.input_only)
    assert set(board.adc.pins) <= set(board.pins)
    assert board.power.supply_least_mv < board.power.supply_most_mv


@pytest.mark.parametrize("name", RP2)
def test_load__each_pico__buses_as_the_ports_own_macros_say(name: str) -> None:
    board = boards.load(name)
    assert set(board.pins) == {*range(23), 26, 27, 28}
    assert board.adc.pins == (26, 27, 28)
    for bus in board.i2c:
        assert set(bus.sda_pins) == _rp2_pins("sda", bus.id)
        assert set(bus.scl_pins) == _rp2_pins("scl", bus.id)
    for spi in board.spi:
        assert set(spi.sck_pins) == _rp2_pins("sck", spi.id)
        assert set(spi.mosi_pins) == _rp2_pins("mosi", spi.id)
        assert set(spi.miso_pins) == _rp2_pins("miso", spi.id)


@pytest.mark.parametrize(
    # ports/rp2/boards/*/mpconfigboard.cmake: MICROPY_HW_FLASH_STORAGE_BYTES, by their comments
    ("name", "total_mb", "fs_kb"),
    [("pico", 2, 1408), ("pico_w", 2, 848), ("pico2_w", 4, 4096 - 1536)],
)
def test_load__each_pico__file_system_at_the_end_of_the_flash(
    name: str, total_mb: int, fs_kb: int
) -> None:
    flash = boards.load(name).flash
    assert flash.fs_bytes == fs_kb << 10
    assert flash.fs_offset_bytes + flash.fs_bytes == flash.total_bytes == total_mb << 20
    assert (flash.block_bytes, flash.prog_bytes, flash.cache_bytes) == (4096, 256, 1024)
    assert flash.loader_offset_bytes == 0


@pytest.mark.parametrize(("name", "loader"), [("esp32", 0x1000), ("esp32_s3", 0), ("esp32_c3", 0)])
def test_load__each_esp32__file_system_behind_the_application(name: str, loader: int) -> None:
    # ports/esp32/partitions-4MiBplus.csv: factory, 0x10000, 0x1F0000; then the file system.
    flash = boards.load(name).flash
    assert flash.fs_offset_bytes == 0x10000 + 0x1F0000
    assert flash.loader_offset_bytes == loader
    assert (flash.block_bytes, flash.prog_bytes, flash.cache_bytes) == (4096, 32, 128)


def test_load__chips__arch_and_fpu_as_their_cores_have_them() -> None:
    found = {board.chip: (board.arch, board.fpu) for board in map(boards.load, boards.names())}
    assert found == {
        "twin": ("host", False),
        "rp2040": ("armv6m", False),
        "rp2350": ("armv7emsp", True),
        "esp32": ("xtensawin", True),
        "esp32s3": ("xtensawin", True),
        "esp32c3": ("rv32imc", False),
    }


def test_load__virtual__stands_for_a_pico_w() -> None:
    virtual, pico = boards.load("virtual"), boards.load("pico_w")
    assert virtual.flash == pico.flash
    assert virtual.heap_bytes == pico.heap_bytes
    assert (virtual.i2c, virtual.spi, virtual.pins) == (pico.i2c, pico.spi, pico.pins)
    assert (virtual.adc, virtual.power) == (pico.adc, pico.power)


def test_load__unknown_name__says_which_there_are() -> None:
    with pytest.raises(boards.UnknownBoard, match=r"'pico_x'; there are: esp32, esp32_c3, .*"):
        boards.load("pico_x")
    assert issubclass(boards.UnknownBoard, BadInput)


@pytest.mark.parametrize(
    ("old", "new", "key", "value", "allowed"),
    [
        ('arch = "armv6m"', 'arch = "arm"', "arch", "arm", "armv6m"),
        ('dsp_backend = "viper"', 'dsp_backend = "c"', "dsp_backend", "c", "ulab, viper"),
        ('mcu = "RP2040"', "mcu = 2040", "mcu", 2040, "a text"),
        ("heap_bytes = 189_952", "heap_bytes = 10", "heap_bytes", 10, "32768.."),
        ("heap_bytes = 189_952", "heap_bytes = true", "heap_bytes", True, "32768.."),
        ("fpu = false", "fpu = 0", "fpu", 0, "true or false"),
        ("wifi = true", "wifi = true\nwlan = 1", "wlan", 1, "no such key"),
        ("input_only = []", "input_only = [99]", "input_only", [99], "pins of the board"),
        ("input_only = []", "input_only = [1, 1]", "input_only", [1, 1], "each pin once"),
        ("input_only = []", 'input_only = "1"', "input_only", "1", "a list of pin numbers"),
        ("sda = 4 ", "sda = 5 ", "i2c[0].sda", 5, "one of (0, 4,"),
        ("cs = 17", "cs = 25", "spi[0].cs", 25, "one of (0, 1,"),
        ("fs_bytes = 868_352", "fs_bytes = 868_353", "flash.fs_bytes", 868_353, "multiple"),
        ("fs_bytes = 868_352", "fs_bytes = 1_048_576", "flash.fs_bytes", 1_048_576, "an end"),
        ("prog_bytes = 256", "prog_bytes = 100", "flash.prog_bytes", 100, "power of two"),
        ("lookahead_bytes = 32", "lookahead_bytes = 33", "flash.lookahead_bytes", 33, "8"),
        ("bits = 12", "bits = 0", "adc.bits", 0, "8..24"),
        ("pins = [26,", "pins = [29,", "adc.pins", [29], "pins of the board"),
        ("most_mv = 5500", "most_mv = 1500", "power.supply_most_mv", 1500, "1800.."),
        ('chip = "rp2040"', 'chip = "rp2041"', "chip", "rp2041", "rp2040"),
        ("vid = 0x2E8A", "vid = 0x12E8A", "usb[0].vid", 0x12E8A, "1..65535"),
        ("title =", "# title =", "title", None, "the key is missing"),
        ("[flash]", "[flush]", "flash", None, "the key is missing"),
    ],
)
def test_read__one_wrong_value__names_file_key_value_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, key: str, value: object, allowed: str
) -> None:
    text = (boards_dir() / "pico_w" / "board.toml").read_text()
    assert old in text
    path = tmp_path / "board.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(TableError) as caught:
        boards.read(path)
    assert (caught.value.key, caught.value.value) == (key, value)
    assert allowed in caught.value.allowed
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("data", [b"title = ", b"\xff\xfe", b"[[", b""])
def test_read__no_board__table_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "board.toml"
    path.write_bytes(data)
    with pytest.raises(TableError, match=r"board\.toml: "):
        boards.read(path)


_VALUES = st.one_of(
    st.integers(), st.floats(), st.text(), st.booleans(), st.lists(st.integers()), st.just({})
)


@given(data=st.data())
def test_read__any_value_in_the_place_of_another__board_or_table_error(
    data: st.DataObject,
) -> None:
    text = (boards_dir() / "esp32" / "board.toml").read_text()
    table = tomllib.loads(text)
    key = data.draw(st.sampled_from(sorted(table)))
    table[key] = data.draw(_VALUES)
    try:
        board = boards.parse(table, Path("x/board.toml"))
    except TableError as error:
        assert error.key.startswith(key) or key in ("pins", "input_only")
    else:
        assert isinstance(board, boards.Board)
