"""The serial boot loader in the ROM of an ESP32, ESP32-S3 or ESP32-C3, behind a pseudo-terminal.

Written from Espressif's "Serial Protocol" (docs.espressif.com, esptool, advanced topics): SLIP
frames, commands, the differences between ROM and stub. Registers: the technical reference manuals
(SPI1's user commands, the magic word at 0x40001000). It is as fast as its line: a byte takes ten
bits at the rate that was agreed, and where host and chip disagree on the rate, bytes are garbled.
"""

import hashlib
import os
import random
import select
import struct
import termios
import threading
import time
import tty
import zlib
from dataclasses import dataclass, field
from typing import Any, Literal, Self

_END, _ESC, _ESC_END, _ESC_ESC = 0xC0, 0xDB, 0xDC, 0xDD
_SYNC_DATA = b"\x07\x07\x12\x20" + b"\x55" * 32
_SYNC_VALUE = 0x20120707
_MAGIC_AT = 0x40001000
_USR = 1 << 18
_READ_ID = 0x9F
_CHECKSUM_SEED = 0xEF
_ROM_BAUD = 115_200
_DRIVER_BYTES = 4096  # that a host's driver holds for its line
# ROM errors, "Status bytes"
_BAD_MESSAGE, _FAILED, _BAD_CRC, _WRITE_FAILED = 0x05, 0x06, 0x07, 0x08
_SPEEDS = {
    getattr(termios, name): int(name[1:])
    for name in dir(termios)
    if name[:1] == "B" and name[1:].isdigit()
}


@dataclass(frozen=True)
class Chip:
    """security_id: of GET_SECURITY_INFO, None where the ROM has no such command."""

    magic: int
    security_id: int | None
    spi: int
    usr2: int
    w0: int
    clock_divider: int
    begin_bytes: int
    mac: int  # fuses: the lower four bytes of the MAC address, the upper two behind them


CHIPS = {
    "esp32": Chip(0x00F01D83, None, 0x3FF42000, 0x24, 0x80, 0x3FF40014, 16, 0x3FF5A004),
    "esp32s3": Chip(0x00000009, 9, 0x60002000, 0x20, 0x58, 0x60000014, 20, 0x60007044),
    "esp32c3": Chip(0x6921506F, 5, 0x60002000, 0x20, 0x58, 0x60000014, 20, 0x60008844),
}


@dataclass
class Line:
    """What is wrong with it.  garbled_above: a rate from which on bytes arrive garbled; lose_at,
    garble_at: the count of received bytes at which one is lost, or garbled, once."""

    garbled_above: int | None = None
    lose_at: int | None = None
    garble_at: int | None = None
    unplug_at: int | None = None


@dataclass
class EspRomTwin:
    """A chip in its boot loader.  port: where it is, within `with`; flash: what is in it."""

    chip: str = "esp32"
    flash_bytes: int = 4 << 20
    stub: Literal["runs", "silent", "refused"] = "runs"  # what becomes of an uploaded one
    line: Line = field(default_factory=Line)
    mac: str = "240ac4123456"
    revision: int = 4  # minor; of an ESP32-C3 alone, where it is in a fuse
    paced: bool = True
    rotten: tuple[int, ...] = ()  # addresses whose bits stay as they are
    locked: bool = False  # in secure download mode, which the ESP32 does not have
    encrypted: bool = False  # its flash; of an ESP32
    sized: bool = True  # its flash tells its size

    port: str = ""
    commands: list[int] = field(default_factory=list)
    bauds: list[int] = field(default_factory=list)
    received_bytes: int = 0
    stub_bytes: int = 0  # that came into its RAM

    def __post_init__(self) -> None:
        self.flash = bytearray(b"\xff") * self.flash_bytes
        self._facts = CHIPS[self.chip]
        self._stop = threading.Event()
        self._random = random.Random(1)
        self._reset()

    def _reset(self) -> None:
        self._baud = _ROM_BAUD
        self._in_stub = self._crashed = False
        self._frame: bytearray | None = None
        self._escaped = False
        self._registers = {
            _MAGIC_AT: self._facts.magic,
            self._facts.clock_divider: 40_000_000 // _ROM_BAUD,
            # ESP32 technical reference, RTC_CALI_VALUE and EFUSE_CK8M_FREQ: a crystal of 40 MHz
            0x3FF5F06C: 12_800 << 7,
            0x3FF5A010: 8,
        }
        high, low = struct.unpack(">HI", bytes.fromhex(self.mac))
        self._registers |= {self._facts.mac: low, self._facts.mac + 4: high}
        if self.encrypted:
            # ESP32 technical reference, EFUSE_BLK0_RDATA0: FLASH_CRYPT_CNT, an odd count of bits
            self._registers[0x3FF5A000] = 1 << 20
        if self.chip == "esp32c3":
            # ESP32-C3 technical reference, EFUSE_RD_MAC_SPI_SYS_3: WAFER_VERSION_MINOR_LO
            self._registers[self._facts.mac + 12] = self.revision << 18
        self._at = 0
        self._inflate: Any = None
        self._synced = False

    def __enter__(self) -> Self:
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.port = os.ttyname(self._theirs)
        self._due_s = time.monotonic()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_what: object) -> None:
        self._stop.set()
        self._thread.join(5)
        for end in (self._ours, self._theirs):
            if end >= 0:
                os.close(end)

    # --- the line

    def _serve(self) -> None:
        while not self._stop.is_set():
            waiting = bool(select.select([self._ours], [], [], 0)[0])
            if not waiting and not select.select([self._ours], [], [], 0.05)[0]:
                continue
            # A driver's buffer, which the line empties while the host fills the terminal's again.
            data = os.read(self._ours, _DRIVER_BYTES)
            self._pace(len(data), waiting)
            if self._baud != _ROM_BAUD and self._host_baud() == _ROM_BAUD:
                # A pseudo-terminal has no RTS and DTR, by which a host resets a chip: one that
                # comes back at the ROM's own rate has done so.
                self._reset()
            for byte in data:
                self.received_bytes += 1
                if self._heard_wrong():
                    byte ^= 0x5A
                if self.received_bytes == self.line.lose_at:
                    continue
                if self.line.unplug_at is not None and self.received_bytes >= self.line.unplug_at:
                    self._unplug()
                    return
                self._take(byte)

    def _unplug(self) -> None:
        theirs, self._theirs = self._theirs, -1
        os.close(theirs)
        ours, self._ours = self._ours, -1
        os.close(ours)

    def _heard_wrong(self) -> bool:
        above = self.line.garbled_above
        if self.received_bytes == self.line.garble_at:
            return True
        if self._host_baud() not in (None, self._baud):
            return self._random.random() < 0.5
        return above is not None and self._baud > above and self._random.random() < 0.01

    def _host_baud(self) -> int | None:
        return _SPEEDS.get(termios.tcgetattr(self._ours)[5])

    def _pace(self, count: int, waiting: bool = False) -> None:
        """waiting: the bytes were there before the last ones were taken, so the line has gone on
        meanwhile; what this thread overslept, up to a driver's 4 KB, is the line's all the same.
        """
        if not self.paced:
            return
        now_s = time.monotonic()
        most_s = _DRIVER_BYTES * 10 / self._baud if waiting else 0.0
        self._due_s = max(self._due_s, now_s - most_s) + count * 10 / self._baud
        if self._due_s > now_s:
            time.sleep(self._due_s - now_s)

    def _take(self, byte: int) -> None:
        if byte == _END:
            frame, self._frame = self._frame, bytearray()
            if frame:
                self._frame = None
                self._command(bytes(frame))
        elif self._frame is None:
            return
        elif self._escaped:
            self._escaped = False
            self._frame.append({_ESC_END: _END, _ESC_ESC: _ESC}.get(byte, byte))
        elif byte == _ESC:
            self._escaped = True
        else:
            self._frame.append(byte)

    def _send(self, payload: bytes) -> None:
        text = payload.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
        frame = b"\xc0" + text + b"\xc0"
        self._pace(len(frame))
        os.write(self._ours, frame)

    # --- commands

    def _command(self, frame: bytes) -> None:
        if len(frame) < 8 or frame[0] != 0:
            return
        _, number, size, checksum = struct.unpack_from("<BBHI", frame)
        data = frame[8:]
        self.commands.append(number)
        if self._crashed:
            if number != 0x08:
                return
            self._crashed = False  # the host has reset it: see _serve
        if number == 0x08:  # SYNC: eight answers; of a host that begins anew, too
            if data == _SYNC_DATA:
                for _ in range(8):
                    # By the value esptool tells a ROM from a stub, which answers 0.
                    self._answer(number, 0 if self._in_stub else _SYNC_VALUE)
            return
        if len(data) != size:
            self._answer(number, error=_BAD_MESSAGE)
            return
        handler = {
            0x02: self._begin,
            0x03: self._data,
            0x04: self._nothing,
            0x05: self._mem_begin,
            0x07: self._mem_data,
            0x06: self._mem_end,
            0x09: self._write_reg,
            0x0A: self._read_reg,
            0x0B: self._nothing,
            0x0D: self._nothing,
            0x0F: self._change_baud,
            0x10: self._deflate_begin,
            0x11: self._deflate_data,
            0x12: self._nothing,
            0x13: self._md5,
            0x14: self._security,
            0xD0: self._erase,
            0xD2: self._read_flash,
        }.get(number)
        stub_only = number >= 0xD0 and not self._in_stub
        if handler is None or stub_only:
            self._answer(number, error=_BAD_MESSAGE)
            return
        handler(number, data, checksum)

    def _answer(self, number: int, value: int = 0, data: bytes = b"", error: int = 0) -> None:
        status = bytes([1 if error else 0, error])
        if not self._in_stub:
            status += b"\0\0"
        body = data + status
        self._send(struct.pack("<BBHI", 1, number, len(body), value) + body)

    def _nothing(self, number: int, _data: bytes, _sum: int) -> None:
        self._answer(number)

    def _mem_begin(self, number: int, _data: bytes, _sum: int) -> None:
        self._answer(number, error=_FAILED if self.stub == "refused" else 0)

    def _mem_data(self, number: int, data: bytes, _sum: int) -> None:
        self.stub_bytes += len(data) - 16
        self._answer(number)

    def _mem_end(self, number: int, data: bytes, _sum: int) -> None:
        no_entry, _entry = struct.unpack("<II", data)
        self._answer(number)
        if no_entry:
            return
        if self.stub == "silent":
            self._crashed = True
            return
        self._in_stub = True
        self._send(b"OHAI")

    def _write_reg(self, number: int, data: bytes, _sum: int) -> None:
        chip = self._facts
        for at in range(0, len(data) - 15, 16):
            address, value, mask, _delay = struct.unpack_from("<IIII", data, at)
            self._registers[address] = value & mask
            if address == chip.spi and value & _USR:
                self._registers[address] = 0
                if self._registers.get(chip.spi + chip.usr2, 0) & 0xFF == _READ_ID:
                    # maker, type, log2 of the size: JEDEC JESD216
                    size = self.flash_bytes.bit_length() - 1 if self.sized else 0xFE
                    self._registers[chip.spi + chip.w0] = 0xEF | 0x40 << 8 | size << 16
        self._answer(number)

    def _read_reg(self, number: int, data: bytes, _sum: int) -> None:
        (address,) = struct.unpack("<I", data)
        self._answer(number, self._registers.get(address, 0))

    def _change_baud(self, number: int, data: bytes, _sum: int) -> None:
        baud, _old = struct.unpack("<II", data)
        before = self._host_baud()
        self._answer(number)
        termios.tcdrain(self._ours)
        # The host changes its own after the answer; a UART has no bytes in flight by then.
        deadline_s = time.monotonic() + 1
        while time.monotonic() < deadline_s:
            if self._host_baud() != before:
                break
            time.sleep(0.002)
        self._baud = min(_SPEEDS.values(), key=lambda known: abs(known - baud))
        self.bauds.append(self._baud)

    def _begin(self, number: int, data: bytes, _sum: int) -> None:
        size, _blocks, self._block, self._at = struct.unpack_from("<IIII", data)
        self._inflate = None
        self._clear(size)
        self._answer(number)

    def _deflate_begin(self, number: int, data: bytes, _sum: int) -> None:
        self._begin(number, data, _sum)
        self._inflate = zlib.decompressobj()

    def _clear(self, size: int) -> None:
        end = self._at + -(-size // 4096) * 4096
        self._put(self._at, b"\xff" * (end - self._at))

    def _data(self, number: int, data: bytes, checksum: int) -> None:
        size, _seq, _, _ = struct.unpack_from("<IIII", data)
        body = data[16:]
        total = _CHECKSUM_SEED
        for byte in body:
            total ^= byte
        if len(body) != size or total != checksum & 0xFF:
            self._answer(number, error=_BAD_CRC)
            return
        if self._inflate is not None:
            try:
                body = self._inflate.decompress(body)
            except zlib.error:
                self._answer(number, error=_FAILED)
                return
        self._put(self._at, body)
        self._at += len(body)
        self._answer(number)

    _deflate_data = _data

    def _put(self, at: int, data: bytes) -> None:
        if at + len(data) > self.flash_bytes:
            data = data[: self.flash_bytes - at]
        kept = {address: self.flash[address] for address in self.rotten}
        self.flash[at : at + len(data)] = data
        for address, value in kept.items():
            self.flash[address] = value

    def _md5(self, number: int, data: bytes, _sum: int) -> None:
        at, size, _, _ = struct.unpack("<IIII", data)
        digest = hashlib.md5(self.flash[at : at + size])
        told = digest.digest() if self._in_stub else digest.hexdigest().encode()
        self._answer(number, data=told)

    def _security(self, number: int, _data: bytes, _sum: int) -> None:
        if self._facts.security_id is None:
            self._answer(number, error=_BAD_MESSAGE)
            return
        flags = 1 << 2 if self.locked else 0  # SECURE_DOWNLOAD_ENABLE
        told = struct.pack("<IB7sII", flags, 0, bytes(7), self._facts.security_id, 0)
        self._answer(number, data=told)

    def _erase(self, number: int, _data: bytes, _sum: int) -> None:
        self._put(0, b"\xff" * self.flash_bytes)
        self._answer(number)

    def _read_flash(self, number: int, data: bytes, _sum: int) -> None:
        at, size, block, _inflight = struct.unpack("<IIII", data)
        self._answer(number)
        for begin in range(at, at + size, block):
            self._send(bytes(self.flash[begin : min(begin + block, at + size)]))
        self._send(hashlib.md5(self.flash[at : at + size]).digest())
