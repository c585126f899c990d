"""The drive that the boot ROM of an RP2040 or RP2350 shows, as a folder.

As the RP2040 datasheet has it in 2.8.4: blocks of another family are passed over, the flash is
written as blocks come, and with the last one of a file the drive is gone and the board restarts.
A folder is looked at, where a ROM is written to: a file is taken block by block as it grows.
"""

import shutil
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

INFO = "UF2 Bootloader v3.0\r\nModel: {model}\r\nBoard-ID: {board}\r\n"
_BOARDS = {
    "rp2040": ("Raspberry Pi RP2", "RPI-RP2", {0xE48BFF56}),
    "rp2350": ("Raspberry Pi RP2350", "RP2350", {0xE48BFF57, 0xE48BFF58, 0xE48BFF59}),
}
_HEAD = struct.Struct("<8I")
_BASE = 0x10000000
_LOOK_S = 0.01


class Uf2DriveTwin:
    """A drive, mounted below a folder within `with`.

    flash: what was written, by address from the flash's begin; on_restart: called when the drive
    has gone; cut_at: the block at which the supply is taken away.
    """

    def __init__(
        self,
        folder: Path,
        chip: str = "rp2040",
        flash_bytes: int = 2 << 20,
        on_restart: Callable[[], None] = lambda: None,
        cut_at: int | None = None,
    ) -> None:
        model, board, families = _BOARDS[chip]
        self.families = set(families)
        self.path = folder / board
        self._info = INFO.format(model=model, board=board)
        self.flash = bytearray(b"\xff") * flash_bytes
        self.blocks = 0
        self.passed_over = 0
        self._on_restart, self._cut_at = on_restart, cut_at
        self._stop, self.restarted = threading.Event(), threading.Event()

    def __enter__(self) -> Self:
        self.path.mkdir(parents=True)
        (self.path / "INFO_UF2.TXT").write_text(self._info)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_what: object) -> None:
        self._stop.set()
        self._thread.join(5)
        shutil.rmtree(self.path, ignore_errors=True)

    def _serve(self) -> None:
        at: dict[Path, int] = {}
        seen: dict[int, set[int]] = {}
        while not self._stop.wait(_LOOK_S):
            for file in self.path.glob("*.[uU][fF]2"):
                with file.open("rb") as opened:
                    opened.seek(at.get(file, 0))
                    while len(block := opened.read(512)) == 512:
                        at[file] = opened.tell()
                        if self._take(block, seen):
                            self._leave()
                            return

    def _take(self, block: bytes, seen: dict[int, set[int]]) -> bool:
        """Whether this was the last of all blocks of a family, or the supply is gone."""
        first, second, flags, address, size, index, count, family = _HEAD.unpack_from(block)
        whole = (first, second) == (0x0A324655, 0x9E5D5157) and block[-4:] == b"\x30\x6f\xb1\x0a"
        if not whole or not flags & 0x2000 or family not in self.families or size != 256:
            self.passed_over += 1
            return False
        self.blocks += 1
        if self.blocks == self._cut_at:
            self._on_restart = lambda: None
            return True
        offset = address - _BASE
        if 0 <= offset <= len(self.flash) - size:
            self.flash[offset : offset + size] = block[32 : 32 + size]
        indices = seen.setdefault(family, set())
        indices.add(index)
        return len(indices) == count

    def _leave(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        self.restarted.set()
        self._on_restart()
