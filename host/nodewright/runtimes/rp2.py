"""MicroPython for RP2040 and RP2350: a UF2 with the SDK's binary information in it.

Source: pico-sdk, src/common/pico_binary_info/include/pico/binary_info/{defs,structure}.h.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from nodewright import uf2
from nodewright.runtimes.binary import Binary, NotMicroPython, digest, tell

FLASH_BASE = 0x10000000  # RP2040 datasheet, 2.2; RP2350 datasheet, 2.2: XIP
FLASH_END = 0x11000000
CHIPS = {uf2.RP2040: ("rp2040", "armv6m"), uf2.RP2350_ARM_S: ("rp2350", "armv7emsp")}

_MARKER = struct.pack("<I", 0x7188EBF2)
_MARKER_END = 0xE71AA390
_SEARCHED_BYTES = 4096  # RP2350: within the first 4 KB, RP2040: within the first 512 bytes
_RASPBERRY_PI = 0x5052  # "RP", the tag of what the SDK itself tells
_TEXT, _BLOCK_DEVICE = 6, 7
_NAME, _BOARD = 0x02031C86, 0xB63CFFBB
_MOST_ENTRIES = 1000


@dataclass
class _Info:
    texts: dict[int, str] = field(default_factory=dict)
    devices: dict[str, tuple[int, int]] = field(default_factory=dict)


def identify(data: bytes) -> Binary:
    """What a UF2 is.  Raises NotUf2, NotMicroPython."""
    blocks = uf2.read(data)
    families = {block.family for block in blocks} - {uf2.ABSOLUTE}
    known = families & CHIPS.keys()
    if len(families) != 1 or len(known) != 1:
        named = ", ".join(sorted(uf2.family_name(family) for family in families)) or "no chip"
        raise NotMicroPython(f"it is for {named}; nodes run on rp2040 and rp2350-arm-s")
    family = known.pop()
    assert family is not None
    chip, arch = CHIPS[family]
    base, code = uf2.flat(blocks, family)
    if base != FLASH_BASE or base + len(code) > FLASH_END:
        raise NotMicroPython(f"it begins at 0x{base:08x}, the flash at 0x{FLASH_BASE:08x}")
    info = _read_info(code)
    if info.texts.get(_NAME) != "MicroPython":
        name = info.texts.get(_NAME, "a program without a name")
        raise NotMicroPython(f"it is {name[:60]!r}")
    told = tell(code)
    device = info.devices.get("MicroPython")
    if device is None:
        raise NotMicroPython("it has no place for files in the flash")
    board = info.texts.get(_BOARD, "a board without a name")
    return Binary(
        format="uf2",
        chip=chip,
        arch=arch,
        about=board,
        board=board,
        version=told.version,
        mpy=told.mpy,
        built=told.built,
        ulab=told.ulab,
        file_system=(device[0] - FLASH_BASE, device[1]),
        sha256=digest(data),
        data=data,
    )


def _read_info(code: bytes) -> _Info:
    """The binary information: an array of pointers to what the program tells of itself."""
    info = _Info()
    at = code.find(_MARKER, 0, _SEARCHED_BYTES)
    if at < 0 or at % 4 or at + 20 > len(code):
        raise NotMicroPython("it tells nothing of itself (no binary information)")
    start, end, _mapping, marker = struct.unpack_from("<4I", code, at + 4)
    if marker != _MARKER_END or not 0 <= end - start <= 4 * _MOST_ENTRIES:
        raise NotMicroPython("its binary information is damaged")
    for pointer in _words(code, start, end):
        kind, tag = _unpack(code, "<2H", pointer)
        if kind == _TEXT and tag == _RASPBERRY_PI:
            name, text = _unpack(code, "<2I", pointer + 4)
            info.texts.setdefault(name, _text(code, text))
        elif kind == _BLOCK_DEVICE:
            text, address, size = _unpack(code, "<3I", pointer + 4)
            info.devices[_text(code, text)] = (address, size)
    return info


def _words(code: bytes, start: int, end: int) -> Iterator[int]:
    for address in range(start, end, 4):
        yield _unpack(code, "<I", address)[0]


def _unpack(code: bytes, form: str, address: int) -> tuple[int, ...]:
    at = address - FLASH_BASE
    if not 0 <= at <= len(code) - struct.calcsize(form):
        raise NotMicroPython("its binary information points out of the file")
    return struct.unpack_from(form, code, at)


def _text(code: bytes, address: int) -> str:
    at = address - FLASH_BASE
    if not 0 <= at < len(code):
        return ""
    return code[at : at + 200].split(b"\0", 1)[0].decode("utf-8", "replace")
