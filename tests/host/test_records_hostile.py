"""Files that are no recordings, by accident or on purpose: one clear line, bounded memory."""

import io
import os
import pickle
import resource
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

from nodewright.records import MOST_VALUES, RecordingError, read

SAMPLES = np.sin(np.arange(400)).reshape(200, 2)


class Bomb:
    """Unpickling it leaves a file behind."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("unpickled",)


def refused(path: Path, words: str, **options: object) -> str:
    """The one line that reading the file fails with; it names the file and a cure."""
    with pytest.raises(RecordingError, match=words) as caught:
        read(path, **{"rate_hz": 800.0, "scale": 1.0, **options})  # type: ignore[arg-type]
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert "\n" not in line
    assert caught.value.wrong
    assert caught.value.cure
    return line


def npy_header(shape: str, dtype: str = "<f8", version: int = 1) -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H", len(text)) + text


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_read__no_regular_file__is_refused_without_waiting(tmp_path: Path) -> None:
    refused(tmp_path / "missing.npy", "cannot be opened .No such file")
    (tmp_path / "folder.npy").mkdir()
    refused(tmp_path / "folder.npy", r"no regular file|cannot be opened")
    os.mkfifo(tmp_path / "pipe.wav")
    refused(tmp_path / "pipe.wav", "no regular file")
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    refused(tmp_path / "zero.csv", "no regular file")
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    refused(tmp_path / "loop.csv", "cannot be opened")


def test_read__symlink_to_a_recording__is_read(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", SAMPLES)
    (tmp_path / "b.npy").symlink_to(tmp_path / "a.npy")
    assert read(tmp_path / "b.npy", rate_hz=800.0).samples.shape == (200, 2)


def test_read__empty_or_unknown__says_so(tmp_path: Path) -> None:
    for suffix in ("npy", "npz", "csv", "wav", "mat"):
        refused(written(tmp_path, f"a.{suffix}", b""), "empty")
    refused(written(tmp_path, "a.xlsx", b"PK"), r"format '\.xlsx' is unknown; save .*csv")
    refused(written(tmp_path, "a.exe", b"MZ"), r"format '\.exe' is unknown; use .*csv")
    for suffix, cure in (
        ("tdms", "npTDMS"),
        ("uff", "pyuff"),
        ("h5", "h5py"),
        ("parquet", "to_csv"),
        ("FLAC", "ffmpeg as wav"),
        ("gz", "unpack it"),
    ):
        refused(written(tmp_path, f"a.{suffix}", b"1"), f"is unknown; .*{cure}.*, then read that")
    refused(written(tmp_path, "recording", b"1"), "without suffix")


def test_read__too_large_a_file__is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.touch()
    os.truncate(path, 2**40)
    refused(path, "1099511627776 bytes long")


def test_read__options_that_cannot_be__are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, SAMPLES)
    options: tuple[tuple[dict[str, object], str], ...] = (
        ({"rate_hz": None}, "does not say its sample rate"),
        ({"rate_hz": 0.0}, "sample rate of 0.0 Hz"),
        ({"rate_hz": -5.0}, "sample rate of -5.0 Hz"),
        ({"rate_hz": float("nan")}, "sample rate of nan Hz"),
        ({"rate_hz": 1e12}, "sample rate"),
        ({"scale": 0.0}, "scale 0.0"),
        ({"scale": float("inf")}, "scale inf"),
        ({"scale": 1e308}, "is "),
        ({"unit": "furlong"}, "unit 'furlong' is unknown; use one of g"),
        ({"channel": "q"}, "no channel 'q'; it has 0, 1"),
        ({"channel": 2}, "no channel 2; it has 0 to 1$"),
        ({"channel": -1}, "no channel -1"),
        ({"channel": []}, "no channel is asked for"),
        ({"start": 190, "least": 16}, "10 samples from 190 on, of 200; 16 are needed"),
        ({"start": 999}, "0 samples from 999 on"),
        ({"start": -1}, "start -1; the first sample is 0"),
        ({"count": 0}, "count 0"),
        ({"count": 201}, "201 are needed"),
        ({"variable": "a"}, "no variables"),
    )
    big = np.full((200, 2), 10.0)
    np.save(path, big)
    for option, words in options:
        refused(path, words, **option)


def test_read__not_finite__says_where(tmp_path: Path) -> None:
    samples = SAMPLES.copy()
    samples[7, 1], samples[9, 0] = np.nan, np.inf
    np.save(tmp_path / "a.npy", samples)
    refused(tmp_path / "a.npy", r"sample 7 of channel 1 is nan \(2 such in all\)")
    assert len(read(tmp_path / "a.npy", rate_hz=8.0, start=10).samples) == 190
    np.savetxt(tmp_path / "a.csv", samples, delimiter=",")
    refused(tmp_path / "a.csv", "sample 7 of channel 1 is nan")


def test_npy__pickles__are_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    objects = np.array([Bomb()] * 20, dtype=object)
    np.save(tmp_path / "a.npy", objects, allow_pickle=True)
    refused(tmp_path / "a.npy", "holds .O; .*no pickle is opened")
    np.savez(tmp_path / "a.npz", a=objects, b=SAMPLES)
    assert read(tmp_path / "a.npz", rate_hz=800.0).source.variable == "b"
    refused(tmp_path / "a.npz", "no variable 'a' of numbers", variable="a")
    refused(written(tmp_path, "b.npy", pickle.dumps(Bomb())), "no npy header")
    assert not (tmp_path / "unpickled").exists()


def test_npy__headers_that_lie__are_refused_before_memory_is_taken(tmp_path: Path) -> None:
    for shape, words in (
        ("(10000000000,)", "announces 10000000000 values"),
        ("(1099511627776, 1099511627776)", "announces 1208925819614629174706176 values"),
        (f"({MOST_VALUES},)", "announces 536870912 bytes of samples and holds 80"),
        ("(-5,)", "shape"),
        ("(11,)", "announces 88 bytes of samples and holds 80"),
        ("(2, 5, 1, 1)", ""),
    ):
        path = written(tmp_path, "a.npy", npy_header(shape) + bytes(80))
        if words:
            refused(path, words)
        else:
            assert read(path, rate_hz=8.0).samples.shape == (5, 2)
    wide = npy_header("(5,)" + " " * 20_000)
    refused(written(tmp_path, "a.npy", wide + bytes(80)), r"cannot be read .20\d+ bytes long")
    cases = ("<c16", "|O", "<U4", "<M8[s]", "|V8", "<f16", "|b1")
    for dtype in cases:
        refused(written(tmp_path, "a.npy", npy_header("(2,)", dtype) + bytes(80)), "holds")
    for header in (
        npy_header("(((((((((("),
        npy_header("open('x')"),
        npy_header("(5,)", version=9),
        npy_header("(" + "9" * 9000 + ",)"),
        b"\x93NUMPY\x01\0",
        b"\x93NUMPY\x02\0\xff\xff\xff\xff{}",
    ):
        refused(written(tmp_path, "a.npy", header), "header|shape|values")


def test_npz__bombs_and_damage__are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    zeros = io.BytesIO()
    with zipfile.ZipFile(zeros, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", npy_header("(40000000000,)") + bytes(2**20))
    refused(written(tmp_path, "a.npz", zeros.getvalue()), "announces 40000000000 values")
    np.savez_compressed(path, a=SAMPLES)
    whole = path.read_bytes()
    refused(written(tmp_path, "b.npz", whole[:-30]), "no directory")
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xFF
    refused(written(tmp_path, "b.npz", bytes(damaged)), "damaged archive")
    lying = whole.replace(struct.pack("<I", whole.find(b"PK\1\2")), b"\xff\xff\xff\x7f")
    refused(written(tmp_path, "b.npz", lying), "archive|directory")
    huge = bytearray(whole)
    struct.pack_into("<L", huge, whole.rfind(b"PK\5\6") + 12, 2**30)
    refused(written(tmp_path, "b.npz", bytes(huge)), "directory is too large")


def test_csv__lines_that_do_not_fit__are_numbered(tmp_path: Path) -> None:
    good = "1.5,2.5\n" * 300
    for odd, words in (
        ("1.5\n", "line 302 has 1 fields and not 2"),
        ("1.5,2.5,3.5\n", "line 302 has 3 fields"),
        ("1.5,\n", "line 302 lacks a number"),
        ("1.5,oil\n", "could not convert string 'oil'"),
        ("1.5,inf\n", "sample 300 of channel 1 is inf"),
    ):
        refused(written(tmp_path, "a.csv", ("a,b\n" + good + odd + good).encode()), words)
    few = "1.5,2.5\n" * 5
    for odd, words in (
        ("1.5\n", "line 7 does not fit"),
        ("1.5,2.5,3.5\n", "line 7 does not fit"),
        ("1.5,\n", "line 7 lacks a number"),
        ("1.5,oil\n", "line 7 does not fit"),
        ("a,b\n", "line 7 does not fit"),
        ("1.5,nan\n", "sample 5 of channel 1 is nan"),
    ):
        refused(written(tmp_path, "a.csv", ("a,b\n" + few + odd + few).encode()), words)
    refused(written(tmp_path, "a.csv", b"only,words\nin,here\n"), "line 2 has no number")
    refused(written(tmp_path, "a.csv", b"# nothing\n\n"), "no line of data")
    refused(written(tmp_path, "a.csv", b"\0" * 100_000), "no text of short lines")
    refused(written(tmp_path, "a.csv", b"1," * 100_000), "no text of short lines")
    refused(written(tmp_path, "a.csv", b"1,2\n" + bytes(range(256)) * 9), "short lines|number")


def test_csv__control_characters__never_reach_a_terminal(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b"time,\x1b[2Jx\n" + b"0.1,1\n0.2,2\n0.3,3\n")
    assert read(path, scale=1.0).channels == ("?[2Jx",)
    assert "\x1b" not in refused(path, "no channel", channel="\x1b[31m")


def test_wav__headers_that_lie__are_refused(tmp_path: Path) -> None:
    def wav(tag: int, channels: int, rate: int, frame: int, bits: int, size: int) -> Path:
        chunk = struct.pack("<HHIIHH", tag, channels, rate, 0, frame, bits)
        body = b"WAVEfmt " + struct.pack("<I", 16) + chunk + b"data" + struct.pack("<I", size)
        return written(tmp_path, "a.wav", b"RIFF\xff\xff\xff\xff" + body + bytes(120))

    assert read(wav(1, 1, 800, 2, 16, 120), scale=1.0).samples.shape == (60, 1)
    for facts, words in (
        ((1, 1, 800, 2, 16, 0xFFFFFFFE), "announces 4294967294 bytes and 120 follow"),
        ((1, 1, 800, 2, 16, 121), "announces 121 bytes"),
        ((1, 1, 800, 2, 16, 119), "last frame is torn"),
        ((1, 1, 800, 2, 16, 0), "announces 0 samples and 120 bytes follow; .* did not finish"),
        ((1, 0, 800, 0, 16, 120), "0 channels"),
        ((1, 1, 800, 0, 16, 120), "frames of 0 bytes"),
        ((1, 65535, 800, 2, 16, 120), "65535 channels"),
        ((1, 1, 800, 2, 12, 120), "format 1 of 12 bits"),
        ((85, 1, 800, 2, 16, 120), "format 85"),
    ):
        refused(wav(*facts), words)
    refused(wav(1, 1, 0, 2, 16, 120), "sample rate of 0.0 Hz", rate_hz=None)
    refused(written(tmp_path, "a.wav", b"RIFX" + bytes(40)), "no RIFF WAVE header")
    refused(written(tmp_path, "a.wav", b"RIFF\0\0\0\0WAVE"), "no whole fmt chunk")


def mat(*elements: bytes) -> bytes:
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + b"".join(elements)


def tagged(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def matrix(shape: tuple[int, ...], data: bytes, array_class: int = 6) -> bytes:
    return tagged(
        14,
        tagged(6, struct.pack("<II", array_class, 0))
        + tagged(5, struct.pack(f"<{len(shape)}i", *shape))
        + tagged(1, b"a")
        + data,
    )


def test_mat__sizes_that_lie__are_refused(tmp_path: Path) -> None:
    real = tagged(9, bytes(8 * 40))
    path = written(tmp_path, "a.mat", mat(matrix((40, 1), real)))
    assert read(path, rate_hz=8.0).samples.shape == (40, 1)
    for content, words in (
        (matrix((2**31 - 1, 2**31 - 1), real), "announces 4611686014132420609 values"),
        (matrix((-40, -1), real), "shape"),
        (matrix((41, 1), real), "announces 41 values and holds 320 bytes"),
        (matrix((40, 1), struct.pack("<II", 9, 2**31)), "announces 2147483648 bytes"),
        (struct.pack("<II", 14, 2**32 - 1), "announces 4294967295 bytes"),
        (struct.pack("<II", 14, 4000), "cut off after 0"),
        (tagged(15, b"no zlib"), "damaged"),
        (tagged(15, zlib.compress(b"abc")), "damaged"),
        (b"", "no variable"),
        (b"123", "damaged"),
    ):
        refused(written(tmp_path, "a.mat", mat(content)), words)
    refused(written(tmp_path, "a.mat", b"MATLAB 7.3 MAT-file".ljust(128)), "7.3 .HDF5.*-v7")
    refused(written(tmp_path, "a.mat", b"\x89HDF\r\n\x1a\n" + bytes(99)), "7.3 .HDF5.*-v7")
    refused(written(tmp_path, "a.mat", b"x" * 128), "no level 5")


def test_mat__zip_bombs__are_refused_in_bounded_memory(tmp_path: Path) -> None:
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for announced, words in ((2**31, "2147483648 bytes of numbers"), (64, "damaged|no variable")):
        deflater = zlib.compressobj(1)
        packed = deflater.compress(struct.pack("<II", 14, announced))
        block = bytes(2**22)
        packed += b"".join(deflater.compress(block) for _ in range(64)) + deflater.flush()
        path = written(tmp_path, "a.mat", mat(struct.pack("<II", 15, len(packed)) + packed))
        refused(path, words)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before_kib + 100 * 1024


def test_mat__texts_short_cells_and_deep_structs__are_passed_over(tmp_path: Path) -> None:
    deep: object = {"gs": SAMPLES}
    for _ in range(9):
        deep = {"in": deep}
    cells = np.empty(3, object)
    cells[:] = [SAMPLES[:7], "a" * 99, 1]
    scipy.io.savemat(tmp_path / "a.mat", {"deep": deep, "cells": cells, "text": "abc" * 99})
    refused(tmp_path / "a.mat", "no variable with 16 numbers")


def test_mat__cells_that_lie_about_their_number__are_refused(tmp_path: Path) -> None:
    inner = matrix((2, 2), tagged(9, bytes(32)))
    for shape, words in (
        ((2**31 - 1, 2**31 - 1), "damaged .a announces"),
        ((-1, 1), "damaged .a announces"),
        ((4097, 1), "damaged .a announces"),
        ((3, 1), "damaged"),
    ):
        content = mat(matrix(shape, inner + inner, array_class=1))
        refused(written(tmp_path, "a.mat", content), words)


def test_mat__thousands_of_variables__are_not_all_listed(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "a.mat", {f"v{i}": SAMPLES for i in range(50)})
    line = refused(tmp_path / "a.mat", r"v19 \[200, 2\], and 30 more$")
    assert "v20" not in line


def recordings() -> dict[str, bytes]:
    """One small good file of each format."""
    npy, npz, wav, matlab = io.BytesIO(), io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.save(npy, SAMPLES[:30])
    np.savez_compressed(npz, a=SAMPLES[:30])
    scipy.io.wavfile.write(wav, 800, SAMPLES[:30])
    scipy.io.savemat(matlab, {"s": {"a": SAMPLES[:30]}}, do_compression=False)
    text = "time;x\n" + "".join(f"{i / 100};{i}.5\n" for i in range(30))
    return {
        "npy": npy.getvalue(),
        "npz": npz.getvalue(),
        "wav": wav.getvalue(),
        "mat": matlab.getvalue(),
        "csv": text.encode(),
    }


GOOD = recordings()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzzed")


@settings(max_examples=300, deadline=None)
@given(
    suffix=st.sampled_from(sorted(GOOD)),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.floats(0, 1),
)
def test_read__any_damage__is_a_recording_or_one_line(
    folder: Path, suffix: str, changes: list[tuple[float, int]], cut: float
) -> None:
    data = bytearray(GOOD[suffix])
    for place, value in changes:
        data[int(place**2 * (len(data) - 1))] = value
    # Half of the files are cut, too.
    path = written(folder, f"a.{suffix}", bytes(data[: int(2 * cut * len(data)) + 1]))
    try:
        got = read(path, rate_hz=100.0, scale=1.0)
    except RecordingError as error:
        assert str(error).startswith(f"{path}: ")
        assert "\n" not in str(error)
    else:
        assert np.isfinite(got.samples).all()
        assert got.samples.shape == (len(got.samples), len(got.channels))


@settings(max_examples=150, deadline=None)
@given(suffix=st.sampled_from(sorted(GOOD)), data=st.binary(min_size=1, max_size=200))
def test_read__any_bytes__are_a_recording_or_one_line(
    folder: Path, suffix: str, data: bytes
) -> None:
    path = written(folder, f"b.{suffix}", data)
    try:
        assert np.isfinite(read(path, rate_hz=100.0, scale=1.0).samples).all()
    except RecordingError as error:
        assert str(error).startswith(f"{path}: ")
