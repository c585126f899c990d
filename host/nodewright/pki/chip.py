"""The board a node is bound to: its chip's unique id, and the LoRaWAN DevEUI that follows."""

import io
import re
import struct
from contextlib import redirect_stdout, suppress

from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport
from serial import SerialException

from nodewright.errors import BadInput
from nodewright.pki.errors import ChipSilent

# `machine.unique_id()` gives six bytes on an ESP32 (its MAC address), eight on an RP2040 or
# RP2350 (of its flash or its one-time memory): MicroPython 1.28, ports/*/modmachine.c.
LENGTHS = (6, 8)
_ALLOWED = "12 or 16 hex digits, as machine.unique_id().hex() prints them on the board"
_ANSWER_S = 10
_SILENT_S = 2  # without one, mpremote waits for single bytes for ever
_SOFT_RESET = b"\x04"
_LOCAL, _GROUP = 0x02, 0x01  # IEEE 802c, clause 8.2: the U/L and I/G bits of the first byte
_QUESTION = b"import machine, binascii\nprint(binascii.hexlify(machine.unique_id()).decode())\n"


def parse(text: object) -> str:
    """A chip's unique id as lower-case hex digits.  Raises BadInput.

    text: may have colons, dashes or spaces between its bytes.
    """
    plain = re.sub(r"[:\s-]", "", text).lower() if isinstance(text, str) else ""
    if not re.fullmatch("[0-9a-f]+", plain) or len(plain) not in [2 * n for n in LENGTHS]:
        raise BadInput(f"unique id {str(text)[:60]!r} cannot be: {_ALLOWED}")
    if len(set(plain)) == 1:
        raise BadInput(f"unique id {plain} is what an empty memory reads, and no chip's own")
    return plain


def read(port: str) -> str:
    """The unique id of the board at a serial port, asked of the MicroPython on it.

    Its program is interrupted for that and started anew after it.  Raises ChipSilent.
    """
    # mpremote prints what it did not understand: our standard output is not the place.
    with redirect_stdout(io.StringIO()):
        told = _ask(port)
    try:
        return parse(told.decode("ascii", "replace").strip())
    except BadInput as error:
        raise ChipSilent(port, str(error)) from None


def _ask(port: str) -> bytes:
    try:
        line = SerialTransport(port, baudrate=115200, timeout=_SILENT_S)
    except (TransportError, SerialException, OSError, ValueError):
        raise ChipSilent(port, "it cannot be opened") from None
    try:
        try:
            line.enter_raw_repl(soft_reset=False, timeout_overall=_ANSWER_S)
            told: bytes = line.exec(_QUESTION)
        finally:
            # Also after an error: the program that ran is to run again.
            with suppress(TransportError, SerialException, OSError):
                line.exit_raw_repl()
                line.serial.write(_SOFT_RESET)
                line.serial.flush()
            with suppress(SerialException, OSError):
                line.close()
    except (TransportError, SerialException, OSError, struct.error):
        raise ChipSilent(port, "nothing that is understood comes back") from None
    return told


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
