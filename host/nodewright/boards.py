"""What a board is: data from boards/<name>/board.toml, checked once, then immutable."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from nodewright.data import boards_dir
from nodewright.errors import BadInput
from nodewright.table import Table, read_toml

# Those mpy-cross 1.29 can emit native code for, and "host": the one of the interpreter that runs.
ARCHES = (
    "host",
    "x86",
    "x64",
    "armv6",
    "armv6m",
    "armv7m",
    "armv7em",
    "armv7emsp",
    "armv7emdp",
    "xtensa",
    "xtensawin",
    "rv32imc",
    "rv64imc",
)
BACKENDS = ("ulab", "viper")
CHIPS = ("twin", "rp2040", "rp2350", "esp32", "esp32s3", "esp32c3")
PROGRAMMERS = ("virtual", "uf2", "esptool")
TLS_HEAPS = ("micropython", "system")


class UnknownBoard(BadInput):
    """No board has this name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name, self.known = name, known
        super().__init__(f"no board is named {name!r}; there are: {', '.join(known)}")


@dataclass(frozen=True)
class Flash:
    """The file system's part of the flash, and LittleFS's parameters as the port mounts it.

    loader_offset_bytes: where boot loader and MicroPython's binary begin; 0 but on an ESP32.
    """

    total_bytes: int
    fs_offset_bytes: int
    fs_bytes: int
    block_bytes: int
    prog_bytes: int
    read_bytes: int
    lookahead_bytes: int
    loader_offset_bytes: int = 0

    @property
    def blocks(self) -> int:
        return self.fs_bytes // self.block_bytes

    @property
    def cache_bytes(self) -> int:
        """As the port computes it: MicroPython extmod/vfs_lfsx.c, init_config.

        LittleFS stores a file inline up to this size: with the same, the host lays files out as
        the board itself would.
        """
        return min(self.block_bytes, 4 * max(self.read_bytes, self.prog_bytes))


@dataclass(frozen=True)
class I2CBus:
    """One I2C peripheral: its default pins, and all that it can have."""

    id: int
    sda: int
    scl: int
    max_rate_hz: int
    sda_pins: tuple[int, ...]
    scl_pins: tuple[int, ...]


@dataclass(frozen=True)
class SPIBus:
    """One SPI peripheral: its default pins, and all that it can have."""

    id: int
    sck: int
    mosi: int
    miso: int
    cs: int
    max_rate_hz: int
    sck_pins: tuple[int, ...]
    mosi_pins: tuple[int, ...]
    miso_pins: tuple[int, ...]


@dataclass(frozen=True)
class Adc:
    """The analogue inputs that work beside the radio, and what they can measure."""

    pins: tuple[int, ...]
    bits: int
    least_mv: int
    most_mv: int
    samples_hz: int  # that the firmware takes of all inputs together
    runs_on: bool  # into memory by itself, so that a record can begin before a start


@dataclass(frozen=True)
class Power:
    """The supply that a board takes.

    wifi_send_ma: while it sends, the most by the maker's table; deep_sleep_ua: with its timer;
    None where the maker states none.
    """

    supply_least_mv: int
    supply_most_mv: int
    wifi_send_ma: int | None
    deep_sleep_ua: int | None


@dataclass(frozen=True)
class Limits:
    """What a validation asks of the board: bytes free at its prompt, of heap and file system, and
    by how much its date may be off."""

    heap_free_bytes: int
    flash_free_bytes: int
    clock_off_s: int


@dataclass(frozen=True)
class UsbId:
    """What the board's serial port says of itself."""

    vid: int
    pid: int
    what: str


@dataclass(frozen=True)
class Board:
    """A kind of board.

    chip: what a binary of MicroPython must be built for; "twin" for none; least_revision: of the
    chip, 100 × major + minor; tls_heap: whose heap its TLS takes, "micropython" or "system".
    """

    name: str
    title: str
    mcu: str
    chip: str
    arch: str
    clock_hz: int
    least_revision: int
    heap_bytes: int
    tls_heap: str
    dsp_backend: str
    programmer: str
    fpu: bool
    wifi: bool
    bluetooth: bool
    pins: tuple[int, ...]
    input_only: tuple[int, ...]
    flash: Flash
    i2c: tuple[I2CBus, ...]
    spi: tuple[SPIBus, ...]
    adc: Adc
    power: Power
    validate: Limits
    usb: tuple[UsbId, ...]


def _flash(table: Table) -> Flash:
    total = table.whole("total_bytes", 1 << 16, 1 << 28)
    block = table.whole("block_bytes", 128, 1 << 16)
    flash = Flash(
        total_bytes=total,
        fs_offset_bytes=table.whole("fs_offset_bytes", 0, total - block),
        fs_bytes=table.whole("fs_bytes", 2 * block, total),
        block_bytes=block,
        prog_bytes=table.whole("prog_bytes", 1, block),
        read_bytes=table.whole("read_bytes", 1, block),
        lookahead_bytes=table.whole("lookahead_bytes", 8, 4096),
        loader_offset_bytes=_whole_or(table, "loader_offset_bytes", 0, 1 << 16) or 0,
    )
    table.end()
    for key, value in (("fs_bytes", flash.fs_bytes), ("fs_offset_bytes", flash.fs_offset_bytes)):
        if value % block:
            raise table.fail(key, value, f"a multiple of block_bytes, {block}")
    for key, value in (("prog_bytes", flash.prog_bytes), ("read_bytes", flash.read_bytes)):
        if flash.cache_bytes % value or block % flash.cache_bytes:
            raise table.fail(key, value, f"a power of two, at most block_bytes / 4, {block // 4}")
    if flash.lookahead_bytes % 8:
        raise table.fail("lookahead_bytes", flash.lookahead_bytes, "a multiple of 8")
    if flash.fs_offset_bytes + flash.fs_bytes > total:
        end = flash.fs_offset_bytes + flash.fs_bytes
        raise table.fail("fs_bytes", flash.fs_bytes, f"an end, {end}, within {total}")
    return flash


def _i2c(table: Table, pins: tuple[int, ...]) -> I2CBus:
    sda, scl = table.pins("sda_pins", pins), table.pins("scl_pins", pins)
    bus = I2CBus(
        id=table.whole("id", 0, 7),
        sda=table.pin("sda", sda),
        scl=table.pin("scl", scl),
        max_rate_hz=table.whole("max_rate_hz", 10_000, 5_000_000),
        sda_pins=sda,
        scl_pins=scl,
    )
    table.end()
    return bus


def _spi(table: Table, pins: tuple[int, ...]) -> SPIBus:
    sck, mosi = table.pins("sck_pins", pins), table.pins("mosi_pins", pins)
    miso = table.pins("miso_pins", pins)
    bus = SPIBus(
        id=table.whole("id", 0, 7),
        sck=table.pin("sck", sck),
        mosi=table.pin("mosi", mosi),
        miso=table.pin("miso", miso),
        cs=table.pin("cs", pins),
        max_rate_hz=table.whole("max_rate_hz", 100_000, 100_000_000),
        sck_pins=sck,
        mosi_pins=mosi,
        miso_pins=miso,
    )
    table.end()
    return bus


def _adc(table: Table, pins: tuple[int, ...]) -> Adc:
    adc = Adc(
        pins=table.pins("pins", pins),
        bits=table.whole("bits", 8, 24),
        least_mv=table.whole("least_mv", 0, 1000),
        most_mv=table.whole("most_mv", 1000, 5500),
        samples_hz=table.whole("samples_hz", 1, 1_000_000),
        runs_on=table.flag("runs_on"),
    )
    table.end()
    return adc


def _power(table: Table) -> Power:
    least_mv = table.whole("supply_least_mv", 1000, 60_000)
    power = Power(
        supply_least_mv=least_mv,
        supply_most_mv=table.whole("supply_most_mv", least_mv, 60_000),
        wifi_send_ma=_whole_or(table, "wifi_send_ma", 1, 2000),
        deep_sleep_ua=_whole_or(table, "deep_sleep_ua", 1, 100_000),
    )
    table.end()
    return power


def _limits(table: Table) -> Limits:
    limits = Limits(
        heap_free_bytes=table.whole("heap_free_bytes", 16 << 10, 64 << 20),
        flash_free_bytes=table.whole("flash_free_bytes", 1 << 12, 1 << 28),
        clock_off_s=table.whole("clock_off_s", 1, 3600),
    )
    table.end()
    return limits


def _whole_or(table: Table, key: str, least: int, most: int) -> int | None:
    return table.whole(key, least, most) if table.has(key) else None


def _usb(table: Table) -> UsbId:
    usb = UsbId(table.whole("vid", 1, 0xFFFF), table.whole("pid", 0, 0xFFFF), table.text("what"))
    table.end()
    return usb


def read(path: Path) -> Board:
    """The board of one board.toml.  Raises TableError; OSError when it cannot be read."""
    return parse(read_toml(path), path)


def parse(data: Mapping[str, Any], path: Path) -> Board:
    """The board of a table; path: of the file, whose folder names it.  Raises TableError."""
    top = Table(path, "", data)
    pins = top.pins("pins", None)
    inputs = top.pins("input_only", pins)
    outputs = tuple(pin for pin in pins if pin not in inputs)
    board = Board(
        name=path.parent.name,
        title=top.text("title"),
        mcu=top.text("mcu"),
        chip=top.text("chip", CHIPS),
        arch=top.text("arch", ARCHES),
        clock_hz=top.whole("clock_hz", 1_000_000, 1_000_000_000),
        least_revision=_whole_or(top, "least_revision", 0, 9999) or 0,
        heap_bytes=top.whole("heap_bytes", 32 << 10, 64 << 20),
        tls_heap=top.text("tls_heap", TLS_HEAPS),
        dsp_backend=top.text("dsp_backend", BACKENDS),
        programmer=top.text("programmer", PROGRAMMERS),
        fpu=top.flag("fpu"),
        wifi=top.flag("wifi"),
        bluetooth=top.flag("bluetooth"),
        pins=pins,
        input_only=inputs,
        flash=_flash(top.table("flash")),
        i2c=tuple(_i2c(row, outputs) for row in top.tables("i2c")),
        spi=tuple(_spi(row, pins) for row in top.tables("spi")),
        adc=_adc(top.table("adc"), pins),
        power=_power(top.table("power")),
        validate=_limits(top.table("validate")),
        usb=tuple(_usb(row) for row in top.tables("usb")),
    )
    top.end()
    return board


def names() -> tuple[str, ...]:
    """The names of all boards, sorted."""
    return tuple(sorted(path.parent.name for path in boards_dir().glob("*/board.toml")))


@cache
def load(name: str) -> Board:
    """The board of this name.  Raises UnknownBoard or TableError."""
    known = names()
    if name not in known:
        raise UnknownBoard(name, known)
    return read(boards_dir() / name / "board.toml")
