"""Files laid out as MicroPython's binaries are, without MicroPython in them.

RP2: pico-sdk, pico_binary_info/{defs,structure}.h.  ESP32: ESP-IDF's "App image format" and
"Partition tables".
"""

import hashlib
import struct
from collections.abc import Sequence
from pathlib import Path

FLASH = 0x10000000
RP2040, RP2350, ABSOLUTE = 0xE48BFF56, 0xE48BFF59, 0xE48BFF57
PLACES = {
    "pico": (0xA0000, 0x160000),
    "pico_w": (0x12C000, 0xD4000),
    "pico2_w": (0x180000, 0x280000),
}
CHIP_IDS = {"esp32": 0, "esp32s2": 2, "esp32c3": 5, "esp32s3": 9}
LOADERS = {"esp32": 0x1000, "esp32s2": 0x1000, "esp32c3": 0, "esp32s3": 0}
VERSION = "1.29.0"


def banner(version: str = VERSION, ulab: bool = False) -> bytes:
    """What every MicroPython has in it: sys.version, and names of modules."""
    names = b"\0numpy\0ulab\0" if ulab else b"\0numbers\0"
    return names + f"3.4.0; MicroPython v{version} on 2026-07-01\0".encode()


def rp2_code(
    board: str = "pico_w",
    version: str = VERSION,
    ulab: bool = False,
    name: str = "MicroPython",
    place: tuple[int, int] | None = None,
    size: int = 10_000,
) -> bytes:
    """The flash of an RP2 from its begin: binary information at 0x1d4, as in MicroPython."""
    offset, length = place or PLACES.get(board, PLACES["pico_w"])
    code = bytearray(b"\x5a" * size)
    at = 0x400
    texts = {}
    for text in (name, board, version, "MicroPython"):
        texts[text] = at
        code[at : at + len(text) + 1] = text.encode() + b"\0"
        at += len(text) + 1
    entries = [
        struct.pack("<HHII", 6, 0x5052, 0x02031C86, FLASH + texts[name]),
        struct.pack("<HHII", 6, 0x5052, 0x11A9BC3A, FLASH + texts[version]),
        struct.pack("<HHII", 6, 0x5052, 0xB63CFFBB, FLASH + texts[board]),
        struct.pack(
            *("<HHIIIIH", 7, 0x504D, FLASH + texts["MicroPython"]),
            *(FLASH + offset, length, 0, 3),
        ),
    ]
    pointers = []
    at = 0x600
    for entry in entries:
        pointers.append(FLASH + at)
        code[at : at + len(entry)] = entry
        at += 32
    code[0x800 : 0x800 + 16] = struct.pack("<4I", *pointers)
    head = (0x7188EBF2, FLASH + 0x800, FLASH + 0x810, FLASH + 0x900, 0xE71AA390)
    code[0x1D4 : 0x1D4 + 20] = struct.pack("<5I", *head)
    text = banner(version, ulab)
    code[0x1000 : 0x1000 + len(text)] = text
    return bytes(code)


def block(address: int, data: bytes, index: int, count: int, family: int, flags: int = 0) -> bytes:
    """A block by the format's own description."""
    head = (0x0A324655, 0x9E5D5157, 0x2000 | flags, address, len(data), index, count, family)
    return struct.pack("<8I", *head) + data.ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30)


def uf2_of(code: bytes, family: int = RP2040, front: bool = False) -> bytes:
    """A UF2 as picotool writes it; front: with the block for the RP2350's erratum E10."""
    code += bytes(-len(code) % 256)
    count = len(code) // 256
    blocks = [
        block(FLASH + 256 * n, code[256 * n : 256 * n + 256], n, count, family)
        for n in range(count)
    ]
    if front:
        blocks.insert(0, block(0x10FFFF00, b"\xef" * 256, 0, 2, ABSOLUTE, 0x8000))
    return b"".join(blocks)


def rp2(board: str = "pico_w", **facts: object) -> bytes:
    """MicroPython for one of the Picos."""
    code = rp2_code(board, **facts)  # type: ignore[arg-type]
    return uf2_of(code, RP2350, True) if board == "pico2_w" else uf2_of(code)


def read_uf2(data: bytes) -> dict[int, dict[int, bytes]]:
    """{family: {address: data}}, read by the description of the format, each block looked at."""
    assert len(data) % 512 == 0
    found: dict[int, dict[int, bytes]] = {}
    numbers: dict[int, list[tuple[int, int]]] = {}
    for at in range(0, len(data), 512):
        one = data[at : at + 512]
        assert one[:4] == b"UF2\n" and one[4:8] == b"\x57\x51\x5d\x9e"
        assert one[508:] == b"\x30\x6f\xb1\x0a"
        flags, address, size, index, count, family = struct.unpack("<6I", one[8:32])
        assert flags & 0x2000 and size == 256 and address % 256 == 0
        pages = found.setdefault(family, {})
        assert address not in pages, hex(address)
        pages[address] = one[32 : 32 + size]
        numbers.setdefault(family, []).append((index, count))
    for family, pairs in numbers.items():
        if family != ABSOLUTE or len(pairs) > 1:
            assert pairs == [(index, len(pairs)) for index in range(len(pairs))]
    return found


def memory_of(pages: dict[int, bytes], address: int, size: int) -> bytes:
    """What pages put into the flash from an address on; every page of it must be there."""
    return b"".join(pages[at] for at in range(address, address + size, 256))


def esp_image(chip: str, segments: Sequence[tuple[int, bytes]]) -> bytes:
    """An image as the boot ROM takes it, with its checksum and SHA-256."""
    # Mode DIO; 40 MHz, 4 MB; entry; WP pin 0xEE; drive strengths; chip; revisions; hash appended.
    head = struct.pack("<BBBBI", 0xE9, len(segments), 2, 0x20, segments[0][0] + 32)
    head += struct.pack("<B3BHBHH4xB", 0xEE, 0, 0, 0, CHIP_IDS[chip], 0, 0, 0xFFFF, 1)
    body, checksum = b"", 0xEF
    for address, data in segments:
        body += struct.pack("<II", address, len(data)) + data
        for byte in data:
            checksum ^= byte
    image = head + body
    image += bytes(15 - len(image) % 16) + bytes((checksum,))
    return image + hashlib.sha256(image).digest()


# Where each chip has data in its flash and code in its memory, for esptool's eyes.
_DROM = {"esp32": 0x3F400020, "esp32s2": 0x3F000020, "esp32s3": 0x3C000020, "esp32c3": 0x3C000020}
_IRAM = {"esp32": 0x40080000, "esp32s2": 0x40024000, "esp32s3": 0x40374000, "esp32c3": 0x40380000}


def esp_app(
    chip: str, version: str = VERSION, ulab: bool = False, about: str = "Generic module"
) -> bytes:
    """An application with its description, and what MicroPython says of itself."""
    description = struct.pack(
        "<II8x32s32s16s16s32s32s", 0xABCD5432, 0, b"", b"", b"", b"", b"", b""
    )
    description = description.ljust(256, b"\0")
    machine = f"\0{about} with {chip.upper().replace('32S', '32-S').replace('32C', '32-C')}\0"
    data = description + banner(version, ulab) + machine.encode()
    data += b"\xa5" * (4000 - len(data) % 4)
    data += bytes(-len(data) % 4)
    return esp_image(chip, [(_DROM[chip], data), (_IRAM[chip], b"\x12\x34\x56\x78" * 64)])


def esp_table(rows: Sequence[tuple[int, int, int, int, bytes]]) -> bytes:
    """A partition table of (type, subtype, offset, size, label), with its MD5."""
    table = b"".join(
        struct.pack("<HBBII16sI", 0x50AA, kind, subtype, offset, size, label, 0)
        for kind, subtype, offset, size, label in rows
    )
    md5 = hashlib.md5(table, usedforsecurity=False).digest()
    return (table + b"\xeb\xeb" + b"\xff" * 14 + md5).ljust(0xC00, b"\xff")


# MicroPython 1.29, ports/esp32/partitions-4MiBplus.csv; before 1.28 or so with a row "vfs".
ROWS = (
    (1, 2, 0x9000, 0x6000, b"nvs"),
    (1, 1, 0xF000, 0x1000, b"phy_init"),
    (0, 0, 0x10000, 0x1F0000, b"factory"),
)
VFS_ROW = (1, 0x81, 0x200000, 0x200000, b"vfs")


def esp_parts(
    chip: str = "esp32",
    *,
    rows: Sequence[tuple[int, int, int, int, bytes]] = ROWS,
    **facts: object,
) -> dict[int, bytes]:
    """{flash offset: boot loader, partition table, application}."""
    loader = esp_image(chip, [(_IRAM[chip], b"\x11\x22\x33\x44" * 200)])
    app = esp_app(chip, **facts)  # type: ignore[arg-type]
    return {LOADERS[chip]: loader, 0x8000: esp_table(rows), 0x10000: app}


def esp(chip: str = "esp32", **facts: object) -> bytes:
    """MicroPython's .bin: the three with 0xFF between them, from the boot loader on."""
    parts = esp_parts(chip, **facts)  # type: ignore[arg-type]
    data, at = b"", LOADERS[chip]
    for offset, part in sorted(parts.items()):
        data += b"\xff" * (offset - at - len(data)) + part
    return data


def write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path
