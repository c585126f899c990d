"""UF2: written as the format is described, read only where it is whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.runtime_rig import FLASH, RP2040, RP2350, block, read_uf2, uf2_of
from nodewright import uf2

PAGES = st.dictionaries(
    st.integers(0, 4096).map(lambda n: FLASH + 256 * n),
    st.binary(min_size=256, max_size=256),
    min_size=1,
    max_size=20,
)


@given(pages=PAGES, family=st.sampled_from([RP2040, RP2350]))
def test_write__any_pages__read_by_the_formats_own_description(
    pages: dict[int, bytes], family: int
) -> None:
    data = uf2.write(pages, family)
    assert read_uf2(data) == {family: pages}
    blocks = uf2.read(data)
    assert {one.address: one.data for one in blocks} == pages
    assert {one.family for one in blocks} == {family}
    least, memory = uf2.flat(blocks, family)
    assert least == min(pages)
    for address, page in pages.items():
        assert memory[address - least : address - least + 256] == page


def test_flat__gap_between_blocks__reads_as_an_empty_flash() -> None:
    blocks = uf2.read(uf2.write({FLASH: b"a" * 256, FLASH + 1024: b"b" * 256}, RP2040))
    assert uf2.flat(blocks, RP2040) == (FLASH, b"a" * 256 + b"\xff" * 768 + b"b" * 256)


def test_read__block_in_front_for_erratum_e10__kept_apart() -> None:
    blocks = uf2.read(uf2_of(b"x" * 1000, RP2350, front=True))
    assert [one.family for one in blocks] == [uf2.ABSOLUTE] + [RP2350] * 4
    assert uf2.flat(blocks, RP2350)[0] == FLASH


def test_read__block_that_is_not_for_the_flash__left_out() -> None:
    other = block(0, b"c" * 256, 0, 1, RP2350, flags=1)
    assert len(uf2.read(other + uf2_of(b"x" * 256))) == 1


GOOD = uf2_of(b"x" * 1024)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "does not begin"),
        (b"\x7fELF" + bytes(600), "does not begin"),
        (GOOD[:-1], "cut off"),
        (GOOD[:-512], "1 of 4 blocks for rp2040 lack"),
        (GOOD + GOOD[:512], "block 0 for rp2040 comes twice"),
        (GOOD[:1024] + bytes(512) + GOOD[1536:], "block at byte 1024 is none"),
        (GOOD[:-4] + bytes(4), "block at byte 1536 is none"),
        (GOOD[:512] + block(FLASH, b"x" * 256, 1, 9, RP2040), "do not agree"),
        (block(FLASH, b"x" * 256, 3, 2, RP2040), "contradicts itself"),
        (block(FLASH, b"", 0, 1, RP2040), "contradicts itself"),
    ],
)
def test_read__not_whole__says_what_is_wrong(data: bytes, reason: str) -> None:
    with pytest.raises(uf2.NotUf2, match=reason):
        uf2.read(data)


def test_flat__family_that_is_not_there_or_too_far_apart__refused() -> None:
    with pytest.raises(uf2.NotUf2, match="no blocks for rp2350-arm-s"):
        uf2.flat(uf2.read(GOOD), RP2350)
    far = uf2.read(uf2.write({0: b"a" * 256, 1 << 30: b"b" * 256}, RP2040))
    with pytest.raises(uf2.NotUf2, match="too far apart"):
        uf2.flat(far, RP2040)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_read__any_byte_changed__blocks_or_not_uf2(at: int, value: int) -> None:
    data = bytearray(GOOD)
    data[at] = value
    try:
        uf2.read(bytes(data))
    except uf2.NotUf2 as error:
        assert error.reason
