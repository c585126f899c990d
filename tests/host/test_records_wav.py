"""WAV files of other makers: sizes left open, RF64, real numbers, chunks about anything."""

import struct
from pathlib import Path

import numpy as np
import pytest

from nodewright.records import RecordingError, read

DIGITS = np.round(20_000 * np.sin(np.arange(600) / 7)).astype("<i2")
RAW = DIGITS.tobytes()
UNKNOWN = 0xFFFFFFFF


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    size = len(body) if size is None else size
    return name + struct.pack("<I", size) + body + bytes(len(body) & 1)


def fmt(tag: int = 1, bits: int = 16, extensible: bool = False) -> bytes:
    frame = bits // 8
    body = struct.pack("<HHIIHH", 0xFFFE if extensible else tag, 1, 800, 800 * frame, frame, bits)
    if extensible:
        body += struct.pack("<HHIH", 22, bits, 0, tag) + bytes.fromhex(
            "000000001000800000aa00389b71"
        )
    return chunk(b"fmt ", body)


def written(folder: Path, *chunks: bytes, form: bytes = b"RIFF") -> Path:
    path = folder / "a.wav"
    body = b"WAVE" + b"".join(chunks)
    path.write_bytes(form + struct.pack("<I", len(body) if form == b"RIFF" else UNKNOWN) + body)
    return path


def ds64(data_bytes: int) -> bytes:
    return chunk(b"ds64", struct.pack("<QQQI", 0, data_bytes, len(DIGITS), 0))


def test_wav__size_that_a_pipe_left_open__read_to_the_end_with_a_note(tmp_path: Path) -> None:
    for torn in (b"", b"\1"):
        path = written(tmp_path, fmt(), chunk(b"data", RAW + torn, UNKNOWN))
        path.write_bytes(path.read_bytes()[: 44 + len(RAW + torn)])
        got = read(path, scale=32768.0, unit="A")
        assert np.array_equal(got.samples[:, 0], DIGITS)
        assert got.source.notes == ("the size of its data is not stated: read to its end",)


def test_wav__rf64__read_by_its_own_sizes(tmp_path: Path) -> None:
    about = chunk(b"LIST", b"INFO")
    data = chunk(b"data", RAW, UNKNOWN)
    got = read(
        written(tmp_path, ds64(len(RAW)), fmt(), data, about, form=b"RF64"),
        scale=32768.0,
        unit="A",
    )
    assert np.array_equal(got.samples[:, 0], DIGITS)
    assert got.source.notes == ()
    path = written(tmp_path, ds64(2**40), fmt(), data, form=b"RF64")
    with pytest.raises(RecordingError, match="announces 1099511627776 bytes and 1200 follow"):
        read(path, scale=1.0)
    # The long sizes count in RF64 only.
    path = written(tmp_path, ds64(8), fmt(), data)
    assert len(read(path, scale=1.0).samples) == len(DIGITS)


@pytest.mark.parametrize("extensible", [False, True])
def test_wav__real_numbers__need_a_scale(tmp_path: Path, extensible: bool) -> None:
    values = (DIGITS / 32768).astype("<f4")
    path = written(tmp_path, fmt(3, 32, extensible), chunk(b"data", values.tobytes()))
    with pytest.raises(RecordingError, match=r"mostly parts of full scale, ±1; .*--scale"):
        read(path)
    assert np.array_equal(read(path, scale=1.0).samples[:, 0], values)


def test_wav__chunks_about_anything__are_passed_over(tmp_path: Path) -> None:
    before = chunk(b"JUNK", bytes(27)), chunk(b"bext", bytes(603))
    after = chunk(b"LIST", b"INFOIART" + bytes(5)), b"id3 \xff\xff\xff\x7f"
    path = written(tmp_path, *before, fmt(), chunk(b"fact", bytes(4)), chunk(b"data", RAW), *after)
    assert np.array_equal(read(path, scale=32768.0, unit="A").samples[:, 0], DIGITS)
