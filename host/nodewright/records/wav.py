"""RIFF WAVE, and RF64 beyond 4 GiB: whole numbers of 8 to 32 bits, and real ones.

Own code since sizes and rates in the header are claims to be checked, and not to be trusted.
Source: Multimedia Programming Interface and Data Specifications 1.0 (IBM, Microsoft 1991), ch. 3;
WAVE_FORMAT_EXTENSIBLE from Microsoft's mmreg.h; RF64 and its chunk ds64 from EBU Tech 3306.
"""

import struct
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from nodewright.records.recording import (
    MOST_CHANNELS,
    RecordingError,
    Table,
    count_values,
    default_names,
)

_FORMAT = struct.Struct("<HHIIHH")  # tag, channels, rate, bytes/s, bytes/frame, bits
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_SUBFORMAT_AT = 24
_UNKNOWN = 0xFFFFFFFF  # as a size: by ds64, or of a writer to a pipe, which cannot go back to it
_DS64_DATA_AT = 8  # after the size of RIFF, 64 bits as well
_READABLE = ((_PCM, 8), (_PCM, 16), (_PCM, 24), (_PCM, 32), (_FLOAT, 32), (_FLOAT, 64))


def read_wav(path: Path, stream: IO[bytes], variable: str | None) -> Table:
    """Whole numbers become parts of full scale, ±1; real ones stay.  Raises RecordingError.

    A scale is needed for both: real ones, too, are parts of full scale with most makers.
    """
    if variable is not None:
        raise RecordingError(path, "a wav file has no variables", "leave --variable out")
    found, notes = _chunks(path, stream)
    tag, channels, rate_hz, frame_bytes, bits = _format(path, found.get(b"fmt ", b""))
    if b"data" not in found:
        raise RecordingError(path, "no data chunk", "the file is cut off; copy it again")
    raw = found[b"data"]
    if notes:
        raw = raw[: len(raw) // frame_bytes * frame_bytes]
    if len(raw) % frame_bytes:
        raise RecordingError(path, "the last frame is torn", "copy the file again")
    count_values(path, "the data chunk", (len(raw) // frame_bytes, channels))
    values = _decode(raw, tag, bits).reshape(-1, channels)
    full_scale = "the values are parts of full scale, ±1"
    if tag == _FLOAT:
        full_scale = "the values are real numbers, mostly parts of full scale, ±1"
    return Table(
        values,
        default_names(channels),
        rate_hz=float(rate_hz),
        needs_scale=full_scale,
        notes=notes,
    )


def _chunks(path: Path, stream: IO[bytes]) -> tuple[dict[bytes, bytes], tuple[str, ...]]:
    """The chunks fmt and data, the first of a name, and notes where their size is not stated."""
    size = stream.seek(0, 2)
    stream.seek(0)
    form = stream.read(4)
    if form not in (b"RIFF", b"RF64") or len(stream.read(4)) < 4 or stream.read(4) != b"WAVE":
        raise RecordingError(path, "no RIFF WAVE header", "save it as 16-bit PCM wav")
    found: dict[bytes, bytes] = {}
    notes: tuple[str, ...] = ()
    long_bytes = _UNKNOWN
    while len(head := stream.read(8)) == 8:
        name, length = head[:4], int.from_bytes(head[4:], "little")
        held = size - stream.tell()
        if name == b"data" and length == _UNKNOWN:
            length = long_bytes
            if length == _UNKNOWN:
                length, notes = held, ("the size of its data is not stated: read to its end",)
        if name == b"data" and length == 0 < held:
            raise RecordingError(
                path,
                f"its header announces 0 samples and {held} bytes follow",
                "the recorder did not finish it; repair it, as sox --ignore-length does",
            )
        if name in (b"fmt ", b"data", b"ds64") and length > held:
            raise RecordingError(
                path,
                f"chunk {name.decode()!r} announces {length} bytes and {held} follow",
                "the file is cut off or its header wrong; save it again",
            )
        if name in (b"fmt ", b"data") and name not in found:
            found[name] = stream.read(length)
            stream.seek(length & 1, 1)
        elif name == b"ds64" and form == b"RF64":
            sizes = stream.read(length)
            long_bytes = int.from_bytes(sizes[_DS64_DATA_AT : _DS64_DATA_AT + 8], "little")
            stream.seek(length & 1, 1)
        else:
            stream.seek(min(length + (length & 1), held), 1)
    return found, notes


def _format(path: Path, raw: bytes) -> tuple[int, int, int, int, int]:
    if len(raw) < _FORMAT.size:
        raise RecordingError(path, "no whole fmt chunk", "save it as 16-bit PCM wav")
    tag, channels, rate_hz, _, frame_bytes, bits = _FORMAT.unpack_from(raw)
    if tag == _EXTENSIBLE and len(raw) >= _SUBFORMAT_AT + 2:
        tag = int.from_bytes(raw[_SUBFORMAT_AT : _SUBFORMAT_AT + 2], "little")
    if (tag, bits) not in _READABLE:
        raise RecordingError(path, f"format {tag} of {bits} bits", "save it as 16-bit PCM wav")
    if not 1 <= channels <= MOST_CHANNELS or frame_bytes != channels * bits // 8:
        raise RecordingError(
            path,
            f"{channels} channels of {bits} bits in frames of {frame_bytes} bytes cannot be",
            "save it again",
        )
    return tag, channels, rate_hz, frame_bytes, bits


def _decode(raw: bytes, tag: int, bits: int) -> NDArray[np.float64]:
    if tag == _FLOAT:
        return np.frombuffer(raw, f"<f{bits // 8}").astype(np.float64)
    if bits == 8:  # the only unsigned one, 128 in the middle
        return (np.frombuffer(raw, np.uint8).astype(np.float64) - 128.0) / 128.0
    if bits == 24:
        wide = np.zeros((len(raw) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        return wide.view("<i4")[:, 0].astype(np.float64) / 2.0**31
    return np.frombuffer(raw, f"<i{bits // 8}").astype(np.float64) / 2.0 ** (bits - 1)
