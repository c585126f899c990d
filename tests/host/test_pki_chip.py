"""The fleet's CA, what it signs and what it takes back, judged by OpenSSL."""

import pytest

from host.pki_rig import (
    CHIP,
)
from nodewright.errors import BadInput
from nodewright.pki import chip


@pytest.mark.parametrize(
    ("unique_id", "eui"),
    [
        # An EUI-48 with FF FE in its middle: IEEE's guidelines, "mapping an EUI-48 to an EUI-64".
        ("240ac4123456", "240ac4fffe123456"),
        ("e6614c311b7e6f2a", "e6614c311b7e6f2a"),  # local by itself, as RP2040s with W25Q are
        ("dc645cb44f8a9d21", "de645cb44f8a9d21"),
        ("ff645cb44f8a9d21", "fe645cb44f8a9d21"),
    ],
)
def test_dev_eui__of_a_chip__a_makers_or_marked_as_local(unique_id, eui) -> None:
    assert chip.dev_eui(unique_id) == eui


@pytest.mark.parametrize("text", ["E6:61:4C:31:1B:7E:6F:2A", "e661-4c31-1b7e-6f2a", "\n" + CHIP])
def test_chip__ways_to_write_an_id__are_one(text) -> None:
    assert chip.parse(text) == CHIP


@pytest.mark.parametrize("text", ["", "e6", "xyz", CHIP + "00", "0" * 16, "f" * 12, "é" * 12, 6])
def test_chip__no_id__refused_with_what_would_be_one(text) -> None:
    with pytest.raises(BadInput, match=r"hex digits|empty memory"):
        chip.parse(text)
