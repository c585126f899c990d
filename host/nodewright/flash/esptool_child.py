"""esptool at work on one board: a process of its own, which takes an order a line.

Run by its path by `esptool.py`, with a mark that no board knows; it imports nothing of ours. An
order is a JSON object: "do", a method of _Board, and what that takes. What esptool prints goes
out as it comes; then a line with the mark and what the order came to, None where it failed.

One connection serves all orders: a second one costs another reset, and each of a chip's registers
that esptool reads at its ROM's rate takes 4 ms.
"""

import hashlib
import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import esptool.loader  # type: ignore[import-untyped]
import serial
from esptool import cmds
from esptool.reset import HardReset  # type: ignore[import-untyped]
from esptool.util import FatalError, flash_size_bytes  # type: ignore[import-untyped]

# Some of a flash's own 64 KB blocks: to ask takes up to 16 ms each where a bridge waits so long
# for more to send (FTDI's latency timer).
BLOCK_BYTES = 1 << 17
CHANGES = "From here on the flash changes."  # the line before anything is erased or written
_CHANGING = ("flash_begin", "flash_defl_begin", "erase_flash")
_SENDING = ("flash_block", "flash_defl_block")

if hasattr(esptool.loader, "HexFormatter"):
    # esptool 5.6 writes out as hex what it would trace, each packet twice, though it does not
    # trace: on a PC 45 ms of each 16 KB, while the line stands still.
    esptool.loader.HexFormatter.__str__ = lambda _self: ""


class _Board:
    """A chip, from `connect` on in its boot loader."""

    def __init__(self) -> None:
        self._chip: Any = None
        self._resets = True
        self._changed = False
        self._sent_bytes = 0

    def connect(self, port: str, resets: bool) -> dict[str, Any]:
        """Reset it into its boot loader, or only ask whether it is there.

        chip; revision (100 × major + minor) and mac, None where it has none; locked: in secure
        download mode, where it tells nothing of its flash; encrypted: its flash.
        """
        how = {} if resets else {"before": "no-reset", "connect_attempts": 1}
        self._resets = resets
        self._chip = chip = cmds.connect_esp(port, **how)
        locked = bool(chip.secure_download_mode)
        mac = None if locked else _or_none(lambda: chip.read_mac("BASE_MAC"))
        return {
            "chip": chip.CHIP_NAME,
            "revision": None if locked else _or_none(chip.get_chip_revision),
            "mac": None if mac is None else bytes(mac).hex(),
            "locked": locked,
            "encrypted": not locked and bool(_or_none(chip.get_flash_encryption_enabled)),
        }

    def prepare(self, baud: int, stub: bool) -> dict[str, Any]:
        """Make it ready to be written to at a rate.  stub_bytes: sent to its RAM at the rate of
        its ROM; flash_bytes: None where that could not be told."""
        rom, stub_bytes = self._chip, 0
        if stub:
            self._chip = cmds.run_stub(rom)
            if self._chip.IS_STUB and not rom.sync_stub_detected:
                sent = esptool.loader.StubFlasher(rom)
                stub_bytes = len(sent.text) + len(sent.data or b"")
        for method in _CHANGING + _SENDING:
            self._watch(method)
        if baud > rom.ESP_ROM_BAUD:
            self._chip.change_baud(baud)
        cmds.attach_flash(self._chip)
        size = None if rom.secure_download_mode else cmds.detect_flash_size(self._chip)
        return {
            "stub_bytes": stub_bytes,
            "flash_bytes": None if size is None else flash_size_bytes(size),
        }

    def _watch(self, method: str) -> None:
        """Tell of the first change; count what is sent, which esptool tells in words alone."""
        does = getattr(self._chip, method)

        def watched(*given: Any, **more: Any) -> Any:
            if method in _SENDING:
                self._sent_bytes += len(given[0])
            elif not self._changed:
                self._changed = True
                print(f"\n{CHANGES}", flush=True)
            return does(*given, **more)

        setattr(self._chip, method, watched)

    def write(self, offset: int, path: str) -> dict[str, Any]:
        """Write what differs, by the chip's own MD5 of each block.  sent_bytes: of it, deflated
        where the chip inflates; same_bytes: were there already."""
        data = Path(path).read_bytes()
        runs = self._differing(offset, data)
        if runs:
            cmds.write_flash(self._chip, runs)
        same = len(data) - sum(len(run) for _, run in runs)
        return {"sent_bytes": self._sent_bytes, "same_bytes": same}

    def _differing(self, offset: int, data: bytes) -> list[tuple[int, bytes]]:
        """Where to write what, so that all of the data is there."""
        runs: list[tuple[int, bytes]] = []
        first = 0
        while first < len(data):
            end = (offset + first) // BLOCK_BYTES * BLOCK_BYTES + BLOCK_BYTES - offset
            block = data[first:end]
            there = self._chip.flash_md5sum(offset + first, len(block))
            if there != hashlib.md5(block, usedforsecurity=False).hexdigest():
                if runs and runs[-1][0] + len(runs[-1][1]) == offset + first:
                    begin, run = runs.pop()
                    runs.append((begin, run + block))
                else:
                    runs.append((offset + first, block))
            first = end
        return runs

    def erase(self) -> dict[str, Any]:
        """Erase all of its flash."""
        cmds.erase_flash(self._chip)
        return {}

    def leave(self) -> dict[str, Any]:
        """Let it start, if it was reset, and let go of its port."""
        if self._resets:
            restart(self._chip)
        self._chip._port.close()
        return {}

    def free(self, port: str) -> dict[str, Any]:
        """Let a chip start that was left in its boot loader, whatever it is at."""
        with serial.Serial(port, exclusive=True) as line:
            HardReset(line)()
        return {}


def restart(chip: Any) -> None:
    """Let a chip start that is in its boot loader.

    The pulse that RTS gives over USB-Serial/JTAG resets its core alone: it would not look again
    at the pin that was held low by hand (esptool's documentation, "Leaving Download Mode in
    USB-Serial/JTAG Mode"; its issue 970).
    """
    by_hand = not chip.secure_download_mode and chip.uses_usb_jtag_serial()
    if not by_hand or not chip.WATCHDOG_RESET_SUPPORTED:
        cmds.reset_chip(chip)
        return
    forced = getattr(chip, "RTC_CNTL_FORCE_DOWNLOAD_BOOT_MASK", None)
    if forced is not None:  # as esptool's own pulse for an ESP32-S3
        chip.write_reg(chip.RTC_CNTL_OPTION1_REG, 0, forced)
    cmds.reset_chip(chip, "watchdog-reset")


def _or_none(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except FatalError:
        return None


def _carried_out(board: _Board, order: dict[str, Any]) -> dict[str, Any] | None:
    try:
        told: dict[str, Any] = getattr(board, order.pop("do"))(**order)
        return told
    except (FatalError, serial.SerialException) as error:
        print(f"\nA fatal error occurred: {error}")
    except StopIteration:
        print("\nA fatal error occurred: The chip stopped responding.")
    except Exception:
        traceback.print_exc(file=sys.stdout)
    return None


def main(mark: str) -> None:
    """Take orders until there are no more."""
    board = _Board()
    for line in sys.stdin:
        told = _carried_out(board, json.loads(line))
        print(f"\n{mark} {json.dumps(told)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
