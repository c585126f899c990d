"""The board a node is bound to: its chip's unique id, and the LoRaWAN DevEUI that follows."""

import re

from nodewright.errors import BadInput
from nodewright.link.errors import (
    BoardFailed,
    BoardSilent,
    PortBusy,
    PortDenied,
    PortGone,
    PortMissing,
)
from nodewright.link.repl import Repl
from nodewright.pki.errors import ChipSilent

# `machine.unique_id()` gives six bytes on an ESP32 (its MAC address), eight on an RP2040 or
# RP2350 (of its flash or its one-time memory): MicroPython 1.28, ports/*/modmachine.c.
LENGTHS = (6, 8)
_ALLOWED = "12 or 16 hex digits, as machine.unique_id().hex() prints them on the board"
_ANSWER_S = 10
_SILENT_S = 2  # without one, mpremote waits for single bytes for ever
_LOCAL, _GROUP = 0x02, 0x01  # IEEE 802c, clause 8.2: the U/L and I/G bits of the first byte
_QUESTION = "import machine, binascii\nprint(binascii.hexlify(machine.unique_id()).decode())\n"


class NoChipId(BadInput):
    """What is given cannot be the id of a chip."""


def parse(text: object) -> str:
    """A chip's unique id as lower-case hex digits.  Raises NoChipId.

    text: may have colons, dashes or spaces between its bytes.
    """
    plain = re.sub(r"[:\s-]", "", text).lower() if isinstance(text, str) else ""
    if not re.fullmatch("[0-9a-f]+", plain) or len(plain) not in [2 * n for n in LENGTHS]:
        raise NoChipId(f"unique id {str(text)[:60]!r} cannot be: {_ALLOWED}")
    if len(set(plain)) == 1:
        raise NoChipId(f"unique id {plain} is what an empty memory reads, and no chip's own")
    return plain


def read(port: str) -> str:
    """The unique id of the board at a serial port, asked of the MicroPython on it.

    Its program is interrupted for that and started anew after it.  Raises ChipSilent.
    """
    try:
        with Repl(port, answer_s=_ANSWER_S, silent_s=_SILENT_S) as repl:
            told = repl.ask(_QUESTION)
    except BoardSilent:
        raise ChipSilent(port, "nothing that is understood comes back") from None
    except (PortMissing, PortDenied, PortBusy, PortGone) as error:
        # What is no serial port at all, as a plain file, opens and fails then.
        what = "it cannot be opened" if not isinstance(error, PortGone) else error.reason
        raise ChipSilent(port, what) from None
    except BoardFailed as error:
        raise ChipSilent(port, error.error) from None
    try:
        return parse(told.decode("ascii", "replace").strip())
    except BadInput as error:
        raise ChipSilent(port, str(error)) from None


def dev_eui(unique_id: str) -> str:
    """The LoRaWAN DevEUI of a chip: 16 hex digits, the same for the same chip.

    An ESP32's MAC address is an EUI-48 of its maker: FF FE in its middle makes it an EUI-64
    (IEEE, Guidelines for Use of EUI, OUI and CID, 2017).  An RP2040's id is nobody's: with the
    bit for local assignment set and that for groups clear it cannot meet an EUI of a maker.
    """
    data = bytes.fromhex(unique_id)
    if len(data) == 6:
        return (data[:3] + b"\xff\xfe" + data[3:]).hex()
    return bytes([(data[0] | _LOCAL) & ~_GROUP & 0xFF, *data[1:]]).hex()
