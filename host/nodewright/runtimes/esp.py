"""MicroPython for the ESP32 family: boot loader, partition table and application in one .bin.

Sources: ESP-IDF programming guide, "App image format" (esp_image_header_t, esp_app_desc_t) and
"Partition tables"; esptool documentation, "Firmware image format"; MicroPython,
ports/esp32/makeimg.py for the order of the three.
"""

import hashlib
import re
import struct
from dataclasses import dataclass

import numpy as np

from nodewright.runtimes.binary import Binary, NotMicroPython, digest, tell

TABLE_OFFSET = 0x8000  # ports/esp32/makeimg.py: OFFSET_PARTITIONS_DEFAULT
TABLE_BYTES = 0xC00
# esp_chip_id_t: name as esptool has it; arch and the boot loader's offset of those we run on.
CHIPS = {
    0: "esp32",
    2: "esp32s2",
    5: "esp32c3",
    9: "esp32s3",
    12: "esp32c2",
    13: "esp32c6",
    16: "esp32h2",
    18: "esp32p4",
    20: "esp32c61",
    23: "esp32c5",
}
_OURS = {"esp32": ("xtensawin", 0x1000), "esp32s3": ("xtensawin", 0), "esp32c3": ("rv32imc", 0)}

_IMAGE = 0xE9
_HEAD = struct.Struct("<BBBBIB3xHBHH4xB")  # 24 bytes; chip id at 12, "hash appended" at 23
_SEGMENT = struct.Struct("<II")
_MOST_SEGMENTS = 16
_SEED = 0xEF
_DESCRIPTION = struct.pack("<I", 0xABCD5432)
_ENTRY = struct.Struct("<HBBII16sI")  # magic, type, subtype, offset, size, label, flags
_ENTRY_MAGIC, _MD5_MAGIC = 0x50AA, 0xEBEB
_APP, _DATA, _FAT = 0x00, 0x01, 0x81
# ports/esp32/boards/*/mpconfigboard.h: the board's name, then that of its chip.
_MACHINE = re.compile(rb"([ -~]{1,60}) with ESP32")


@dataclass(frozen=True)
class Partition:
    """A row of the partition table."""

    label: str
    kind: int
    subtype: int
    offset: int
    size: int


def is_esp(data: bytes) -> bool:
    """Whether data begins as an image of the ESP32 family does."""
    return len(data) > _HEAD.size and data[0] == _IMAGE and 0 < data[1] <= _MOST_SEGMENTS


def identify(data: bytes) -> Binary:
    """What a .bin is.  Raises NotMicroPython."""
    chip = chip_of(data)
    if chip not in _OURS:
        raise NotMicroPython(f"it is for {chip}; nodes run on {', '.join(_OURS)}")
    arch, loader_offset = _OURS[chip]
    if data[32:36] == _DESCRIPTION:
        raise NotMicroPython(
            "it is the application alone, as for updates: take the .bin with the boot loader"
        )
    check_image(data, "the boot loader")
    partitions = read_table(data, TABLE_OFFSET - loader_offset)
    app = next((part for part in partitions if part.kind == _APP), None)
    if app is None:
        raise NotMicroPython("its partition table has no application")
    at = app.offset - loader_offset
    code = data[at : at + app.size]
    if not is_esp(code) or chip_of(code) != chip:
        raise NotMicroPython(f"no application for {chip} is at 0x{app.offset:x}")
    length = check_image(code, "the application")
    if code[32:36] != _DESCRIPTION:
        raise NotMicroPython("its application does not describe itself")
    told = tell(code[:length])
    machine = _MACHINE.search(code, 0, length)
    files = next((part for part in partitions if part.label == "vfs"), None)
    about = machine.group(1).decode().split("; ")[-1] if machine else chip
    return Binary(
        format="esp",
        chip=chip,
        arch=arch,
        about=about,
        board=None,
        version=told.version,
        mpy=told.mpy,
        built=told.built,
        ulab=told.ulab,
        file_system=None if files is None else (files.offset, files.size),
        sha256=digest(data),
        data=data,
    )


def chip_of(image: bytes) -> str:
    """The chip that an image is for.  Raises NotMicroPython."""
    if not is_esp(image):
        raise NotMicroPython("it is no image of the ESP32 family")
    number = _HEAD.unpack_from(image)[6]
    return CHIPS.get(number, f"an ESP32 of the unknown number {number}")


def check_image(image: bytes, what: str) -> int:
    """How long an image is.  Raises NotMicroPython where checksum or hash are not its own."""
    head = _HEAD.unpack_from(image)
    at, checksum = _HEAD.size, _SEED
    for _ in range(head[1]):
        if at + _SEGMENT.size > len(image):
            raise NotMicroPython(f"{what} is cut off")
        size = _SEGMENT.unpack_from(image, at)[1]
        at += _SEGMENT.size
        if size > len(image) - at:
            raise NotMicroPython(f"{what} is cut off")
        checksum ^= int(np.bitwise_xor.reduce(np.frombuffer(image, np.uint8, size, at), initial=0))
        at += size
    end = (at | 15) + 1  # the checksum is the last byte of a line of 16
    hashed = bool(head[-1])
    if end + 32 * hashed > len(image):
        raise NotMicroPython(f"{what} is cut off")
    if image[end - 1] != checksum:
        raise NotMicroPython(f"{what} is damaged: its checksum is another")
    if hashed and hashlib.sha256(image[:end]).digest() != image[end : end + 32]:
        raise NotMicroPython(f"{what} is damaged: its SHA-256 is another")
    return end + 32 * hashed


def read_table(data: bytes, at: int) -> list[Partition]:
    """The partition table at a place.  Raises NotMicroPython."""
    partitions: list[Partition] = []
    for row in range(at, at + TABLE_BYTES, _ENTRY.size):
        entry = data[row : row + _ENTRY.size]
        if len(entry) < _ENTRY.size:
            break
        magic, kind, subtype, offset, size, label, _flags = _ENTRY.unpack(entry)
        if magic == _MD5_MAGIC:
            if hashlib.md5(data[at:row], usedforsecurity=False).digest() != entry[16:]:
                raise NotMicroPython("its partition table is damaged: its MD5 is another")
            return partitions
        if magic != _ENTRY_MAGIC:
            break
        name = label.split(b"\0", 1)[0].decode("ascii", "replace")
        partitions.append(Partition(name, kind, subtype, offset, size))
    raise NotMicroPython(f"no partition table is at 0x{TABLE_OFFSET:x}")


def with_file_system(table: bytes, offset: int, size: int) -> bytes:
    """The table with a row "vfs" at its end, as MicroPython looks for it; its MD5 anew.

    table: its TABLE_BYTES bytes, good by `read_table`.
    """
    rows = len(read_table(table, 0)) * _ENTRY.size
    row = _ENTRY.pack(_ENTRY_MAGIC, _DATA, _FAT, offset, size, b"vfs", 0)
    whole = table[:rows] + row
    md5 = hashlib.md5(whole, usedforsecurity=False).digest()
    whole += struct.pack("<H", _MD5_MAGIC) + b"\xff" * 14 + md5
    return whole + b"\xff" * (len(table) - len(whole))
