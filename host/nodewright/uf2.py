"""UF2: flash contents in blocks of 512 bytes, each with its address, as boot loaders take them.

Source: github.com/microsoft/uf2, README.md ("File format"); the RP2 chips' own rules are in the
RP2040 datasheet, 2.8.4.2, and the RP2350 datasheet, 5.5.2.
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nodewright.errors import BadInput

RP2040 = 0xE48BFF56
ABSOLUTE = 0xE48BFF57  # RP2350: addresses of the flash itself, whatever its partition table says
RP2350_ARM_S = 0xE48BFF59
# pico-sdk, boot_uf2_headers/include/boot/uf2.h; microsoft/uf2, utils/uf2families.json
FAMILIES = {
    RP2040: "rp2040",
    ABSOLUTE: "absolute",
    0xE48BFF58: "data",
    RP2350_ARM_S: "rp2350-arm-s",
    0xE48BFF5A: "rp2350-riscv",
    0xE48BFF5B: "rp2350-arm-ns",
    0x68ED2B88: "samd21",
    0x55114460: "samd51",
    0xADA52840: "nrf52840",
    0xBFDD4EEE: "esp32s2",
    0xC47E5767: "esp32s3",
    0x57755A57: "stm32f4",
}

BLOCK_BYTES = 512
PAGE_BYTES = 256  # of flash in a block: what the RP2 boot loaders take
_HEAD = struct.Struct("<8I")
_MAGIC = (0x0A324655, 0x9E5D5157)
_END = struct.pack("<I", 0x0AB16F30)
_MOST_PAYLOAD = 476
_NOT_MAIN_FLASH = 0x0001
_HAS_FAMILY = 0x2000
_REST = bytes(_MOST_PAYLOAD - PAGE_BYTES) + _END


class NotUf2(BadInput):
    """Data is no UF2.  reason: what it is, or where it goes wrong."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"no UF2: {reason}")


@dataclass(frozen=True)
class Block:
    """One block: data for a flash address; family: None where it names none.

    raw: its 512 bytes.
    """

    address: int
    data: bytes
    family: int | None
    index: int
    count: int
    raw: bytes


def family_name(family: int | None) -> str:
    """What people call a family of chips."""
    if family is None:
        return "no family"
    return FAMILIES.get(family, f"0x{family:08x}")


def is_uf2(data: bytes) -> bool:
    """Whether data begins as a UF2 does."""
    return len(data) >= BLOCK_BYTES and _HEAD.unpack_from(data)[:2] == _MAGIC


def read(data: bytes) -> list[Block]:
    """The blocks that are for the main flash, in the order of the file.

    Raises NotUf2, also where blocks of a family are missing or come twice.
    """
    if not is_uf2(data):
        raise NotUf2("it does not begin as one")
    if len(data) % BLOCK_BYTES:
        raise NotUf2(f"it was cut off: {len(data)} bytes are no multiple of {BLOCK_BYTES}")
    blocks = []
    for at in range(0, len(data), BLOCK_BYTES):
        start0, start1, flags, address, size, index, count, family = _HEAD.unpack_from(data, at)
        raw = data[at : at + BLOCK_BYTES]
        if (start0, start1) != _MAGIC or raw[-4:] != _END:
            raise NotUf2(f"the block at byte {at} is none")
        if not 0 < size <= _MOST_PAYLOAD or index >= count or address + size > 1 << 32:
            raise NotUf2(f"the block at byte {at} contradicts itself")
        if flags & _NOT_MAIN_FLASH:
            continue
        known = family if flags & _HAS_FAMILY else None
        head = _HEAD.size
        blocks.append(Block(address, raw[head : head + size], known, index, count, raw))
    _check_whole(blocks)
    return blocks


def _check_whole(blocks: list[Block]) -> None:
    seen: dict[int | None, set[int]] = {}
    counts: dict[int | None, int] = {}
    for block in blocks:
        name = family_name(block.family)
        if counts.setdefault(block.family, block.count) != block.count:
            raise NotUf2(f"its blocks for {name} do not agree on how many they are")
        indices = seen.setdefault(block.family, set())
        if block.index in indices:
            raise NotUf2(f"block {block.index} for {name} comes twice")
        indices.add(block.index)
    for family, indices in seen.items():
        # What goes in front for the RP2350's erratum E10 is a block 0 of 2, alone.
        if family != ABSOLUTE and len(indices) != counts[family]:
            missing = counts[family] - len(indices)
            raise NotUf2(f"{missing} of {counts[family]} blocks for {family_name(family)} lack")


def flat(blocks: Iterable[Block], family: int) -> tuple[int, bytes]:
    """What the blocks of a family put into the flash: the first address, and all from there on.

    What no block writes reads 0xFF.  Raises NotUf2 for none, or for blocks 64 MB apart.
    """
    chosen = [block for block in blocks if block.family == family]
    if not chosen:
        raise NotUf2(f"it has no blocks for {family_name(family)}")
    least = min(block.address for block in chosen)
    most = max(block.address + len(block.data) for block in chosen)
    if most - least > 64 << 20:
        raise NotUf2("its addresses are too far apart for a flash")
    memory = bytearray(b"\xff") * (most - least)
    for block in chosen:
        memory[block.address - least : block.address - least + len(block.data)] = block.data
    return least, bytes(memory)


def write(pages: Mapping[int, bytes], family: int) -> bytes:
    """A UF2 of these pages.

    pages: {address: 256 bytes}; in the file they come by their addresses.
    """
    parts = []
    count = len(pages)
    for index, (address, page) in enumerate(sorted(pages.items())):
        assert len(page) == PAGE_BYTES and address % PAGE_BYTES == 0, hex(address)
        head = (*_MAGIC, _HAS_FAMILY, address, PAGE_BYTES, index, count, family)
        parts += [_HEAD.pack(*head), page, _REST]
    return b"".join(parts)
