"""Recordings of every format come back as the samples that were written."""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.io.wavfile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from nodewright.records import UNITS, Channel, RecordingError, read

TABLES = hnp.arrays(
    st.sampled_from([np.int8, np.int16, np.uint16, np.int32, np.float32, np.float64]),
    st.tuples(st.integers(32, 60), st.integers(1, 4)),
    elements=st.integers(0, 100),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all of hypothesis' examples; each writes its file anew."""
    return tmp_path_factory.mktemp("recordings")


def waves(count: int = 200, channels: int = 3) -> NDArray[np.float64]:
    n = np.arange(count)[:, None]
    samples: NDArray[np.float64] = np.sin(0.3 * n + np.arange(channels)).round(4)
    return samples


@settings(max_examples=40, deadline=None)
@given(table=TABLES, fortran=st.booleans(), swapped=st.booleans())
def test_npy__any_table__round_trips(
    folder: Path, table: NDArray[np.generic], fortran: bool, swapped: bool
) -> None:
    stored = table.astype(table.dtype.newbyteorder()) if swapped else table
    np.save(folder / "a.npy", np.asfortranarray(stored) if fortran else stored)
    got = read(folder / "a.npy", rate_hz=1000.0, scale=0.25)
    assert got.samples.dtype == np.float64
    assert np.array_equal(got.samples, table.astype(np.float64) * 0.25)
    assert got.rate_hz == 1000.0


def test_npy__facts_of_the_source__are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "pump.npy"
    np.save(path, waves())
    source = read(path, rate_hz=800.0, start=5).source
    assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (source.file_bytes, source.format, source.start) == (path.stat().st_size, "npy", 5)


def test_npy__channels_along_the_first_axis__are_turned_with_a_note(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", waves().T)
    got = read(tmp_path / "a.npy", rate_hz=800.0)
    assert np.array_equal(got.samples, waves())
    assert "channels × samples" in got.source.notes[0]


def test_npy__whole_numbers_without_a_scale__are_not_taken_for_g(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(50, dtype=np.int16))
    with pytest.raises(RecordingError, match=r"whole numbers \(int16\); .*--scale"):
        read(tmp_path / "a.npy", rate_hz=800.0)
    assert read(tmp_path / "a.npy", rate_hz=800.0, scale=0.5).samples[-1, 0] == 24.5


def test_read__channels_by_name_and_index__in_the_order_asked(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", waves())
    asked: tuple[tuple[Channel | Sequence[Channel] | None, list[int]], ...] = (
        (None, [0, 1, 2]),
        ("y", [1]),
        (2, [2]),
        ("2", [2]),
        (["z", 0], [2, 0]),
    )
    for channel, columns in asked:
        got = read(tmp_path / "a.npy", rate_hz=800.0, channel=channel)
        assert np.array_equal(got.samples, waves()[:, columns])
        assert got.channels == tuple("xyz"[column] for column in columns)


def test_read__start_and_count__cut_the_recording(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", waves())
    got = read(tmp_path / "a.npy", rate_hz=800.0, start=30, count=100)
    assert np.array_equal(got.samples, waves()[30:130])
    assert got.seconds == pytest.approx(0.125)


def test_read__units__become_g_or_ampere(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.full(20, 9.80665))
    for unit, kept, value in (
        ("g", "g", 9.80665),
        ("mg", "g", 0.00980665),
        ("m/s2", "g", 1.0),
        ("A", "A", 9.80665),
        ("mA", "A", 0.00980665),
    ):
        got = read(tmp_path / "a.npy", rate_hz=800.0, unit=unit)
        assert got.unit == kept
        assert got.samples[0, 0] == pytest.approx(value, rel=1e-12)
    assert set(UNITS) == {"g", "mg", "m/s2", "A", "mA"}


@settings(max_examples=20, deadline=None)
@given(table=TABLES, packed=st.booleans())
def test_npz__any_table__round_trips(
    folder: Path, table: NDArray[np.generic], packed: bool
) -> None:
    save = np.savez_compressed if packed else np.savez
    save(folder / "a.npz", acc=table, rpm=np.float64(1800), note=np.array("words"))
    got = read(folder / "a.npz", rate_hz=1000.0, scale=2.0)
    assert np.array_equal(got.samples, table.astype(np.float64) * 2.0)
    assert got.source.variable == "acc"


def test_npz__several_waveforms__are_listed_and_one_is_asked_for(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", de=waves(), fe=waves(100, 1), rpm=np.array([1797]))
    with pytest.raises(
        RecordingError, match=r"2 variables.*--variable: de \[200, 3\], fe \[100, 1\]"
    ):
        read(tmp_path / "a.npz", rate_hz=800.0)
    got = read(tmp_path / "a.npz", rate_hz=800.0, variable="fe")
    assert np.array_equal(got.samples, waves(100, 1))
    with pytest.raises(RecordingError, match=r"no variable 'be' of numbers; it has: de"):
        read(tmp_path / "a.npz", rate_hz=800.0, variable="be")


@settings(max_examples=40, deadline=None)
@given(
    table=hnp.arrays(
        np.float64,
        st.tuples(st.integers(2, 30), st.integers(2, 4)),
        elements=st.floats(-1e6, 1e6, allow_subnormal=False),
    ),
    layout=st.sampled_from(
        [(",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ","), (" ", ".")]
    ),
    header=st.booleans(),
    timed=st.booleans(),
    newline=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
)
def test_csv__any_layout__round_trips(
    folder: Path,
    table: NDArray[np.float64],
    layout: tuple[str, str],
    header: bool,
    timed: bool,
    newline: str,
    encoding: str,
) -> None:
    delimiter, point = layout
    rows = [[f"{value:.6e}" for value in row] for row in table]
    names = [f"kanal_ä{column}" for column in range(table.shape[1])]
    timed = timed and header
    if timed:
        rows = [[f"{index / 8000:.7f}", *row] for index, row in enumerate(rows)]
        names = ["time_s", *names]
    lines = [delimiter.join(field.replace(".", point) for field in row) for row in rows]
    if header:
        lines.insert(0, delimiter.join(names))
    (folder / "a.csv").write_bytes((newline.join(lines) + newline).encode(encoding))
    got = read(folder / "a.csv", rate_hz=None if timed else 8000.0)
    assert np.allclose(got.samples, table, rtol=1e-6, atol=0)
    assert got.rate_hz == pytest.approx(8000.0, rel=1e-4)
    if header:
        assert got.channels == tuple(names[1:] if timed else names)


def test_csv__preamble_comments_and_blank_lines__are_passed_over(tmp_path: Path) -> None:
    text = "Recorder 7\nserial;4711\n# cal 2024\n\nTime (ms);X [g];Y [g]\n\n" + "".join(
        f"{index * 0.5:.1f};{index};-{index}\n" for index in range(50)
    )
    (tmp_path / "a.txt").write_text(text + "\n# end\n")
    got = read(tmp_path / "a.txt")
    assert got.rate_hz == pytest.approx(2000.0)
    assert got.channels == ("X [g]", "Y [g]")
    assert np.array_equal(got.samples[:, 0], np.arange(50))


def test_csv__dates_and_words__give_the_rate_and_a_note(tmp_path: Path) -> None:
    lines = [f'"2024-03-09 10:00:{i // 4:02d}.{i % 4 * 25:02d}",{i}.5,ok' for i in range(40)]
    (tmp_path / "a.csv").write_text("when,acc,state\n" + "\n".join(lines))
    got = read(tmp_path / "a.csv")
    assert got.rate_hz == pytest.approx(4.0)
    assert got.channels == ("acc",)
    assert "column state of text is left out" in got.source.notes


def test_csv__no_header__first_column_in_even_steps_is_time(tmp_path: Path) -> None:
    values = waves(100, 1)[:, 0]
    for step, rate_hz in ((0.001, 1000.0), (1, None)):
        rows = "".join(f"{index * step},{value}\n" for index, value in enumerate(values))
        (tmp_path / "a.csv").write_text(rows)
        if rate_hz is None:  # a mere count says nothing about the rate
            with pytest.raises(RecordingError, match="does not say its sample rate"):
                read(tmp_path / "a.csv")
        got = read(tmp_path / "a.csv", rate_hz=rate_hz or 50.0)
        assert np.allclose(got.samples[:, 0], values)


def test_csv__times_with_a_gap__give_no_rate(tmp_path: Path) -> None:
    for lost in (1, 50, 98):
        rows = [f"{i / 1000:.4f},0.5" for i in range(100) if i != lost]
        (tmp_path / "a.csv").write_text("\n".join(["time,a", *rows]))
        said = rf"no rate: sample {lost} is 0.002 s after .* 0.001 s are usual: a gap.*--rate-hz"
        with pytest.raises(RecordingError, match=said):
            read(tmp_path / "a.csv")
        assert read(tmp_path / "a.csv", rate_hz=1000.0).samples.shape == (99, 1)


def test_csv__times_with_a_long_gap__told_by_its_length_where_it_is(tmp_path: Path) -> None:
    times = [f"{i / 1000 + (7.25 if i >= 60 else 0.0):.4f},0.5" for i in range(100)]
    (tmp_path / "a.csv").write_text("\n".join(["time,a", *times]))
    with pytest.raises(RecordingError, match=r"sample 60 is 7.251 s after the one before"):
        read(tmp_path / "a.csv")


def test_csv__times_that_drift__no_gap(tmp_path: Path) -> None:
    times = [f"{i / 1000 * (1 + i / 1000):.6f},0.5" for i in range(100)]
    (tmp_path / "a.csv").write_text("\n".join(["time,a", *times]))
    with pytest.raises(RecordingError, match=r"sample \d+ is \d+\.\d steps off an even grid"):
        read(tmp_path / "a.csv")


def test_csv__one_column_with_commas__is_not_guessed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,5\n2,5\n" * 10)
    with pytest.raises(RecordingError, match="may be one number or two"):
        read(tmp_path / "a.csv", rate_hz=1.0)
    (tmp_path / "a.csv").write_text("acc\n" + "1,5\n2,5\n" * 10)
    assert read(tmp_path / "a.csv", rate_hz=1.0).samples[0, 0] == 1.5


@settings(max_examples=20, deadline=None)
@given(
    table=hnp.arrays(np.int32, st.tuples(st.integers(17, 50), st.integers(1, 3))),
    kind=st.sampled_from(["u1", "<i2", "<i4", "<f4", "<f8"]),
)
def test_wav__any_table__round_trips(folder: Path, table: NDArray[np.int32], kind: str) -> None:
    bits = 8 * int(kind[-1])
    stored = (table >> (32 - bits)) + 128 if kind == "u1" else table >> max(0, 32 - bits)
    if kind[1] == "f":
        stored, parts = table, table.astype(kind).astype(float)
    else:
        parts = (stored - (128 if kind == "u1" else 0)) / 2.0 ** (bits - 1)
    scipy.io.wavfile.write(folder / "a.wav", 12_000, stored.astype(kind))
    got = read(folder / "a.wav", scale=4.0)
    assert got.rate_hz == 12_000.0
    assert np.array_equal(got.samples, parts * 4.0)


def test_wav__24_bits__are_what_they_are(tmp_path: Path) -> None:
    digits = (0, 1, -1, 2**23 - 1, -(2**23), 0x123456) * 5
    data = b"".join(digit.to_bytes(3, "little", signed=True) for digit in digits)
    (tmp_path / "a.wav").write_bytes(wav(data, bits=24))
    got = read(tmp_path / "a.wav", scale=2.0**23)
    assert np.array_equal(got.samples[:, 0], digits)


def test_wav__rate_given_beside_its_own__is_used_and_noted(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav(bytes(100)))
    got = read(tmp_path / "a.wav", scale=1.0, rate_hz=7999.0)
    assert got.rate_hz == 7999.0
    assert got.source.notes == ("the file says 12000 Hz; 7999 Hz is used",)
    with pytest.raises(RecordingError, match=r"full scale, ±1; .*--scale"):
        read(tmp_path / "a.wav")


def wav(data: bytes, bits: int = 16, channels: int = 1, rate_hz: int = 12_000) -> bytes:
    frame = channels * bits // 8
    chunk = np.array([1 | channels << 16, rate_hz, rate_hz * frame, frame | bits << 16], "<u4")
    body = b"WAVEfmt " + (16).to_bytes(4, "little") + chunk.tobytes()
    body += b"LIST" + (3).to_bytes(4, "little") + b"abc\0"
    body += b"data" + len(data).to_bytes(4, "little") + data
    return b"RIFF" + len(body).to_bytes(4, "little") + body


@settings(max_examples=30, deadline=None)
@given(table=TABLES, packed=st.booleans(), nested=st.booleans())
def test_mat__any_table__is_what_loadmat_reads(
    folder: Path, table: NDArray[np.generic], packed: bool, nested: bool
) -> None:
    variables = {"gs": table, "sr": 97656.0, "note": "words", "c": 1j * np.ones(40)}
    path = folder / "a.mat"
    scipy.io.savemat(path, {"bearing": variables} if nested else variables, do_compression=packed)
    loaded = scipy.io.loadmat(path, simplify_cells=True)
    expected = np.asarray(loaded["bearing"]["gs"] if nested else loaded["gs"])
    got = read(path, rate_hz=1000.0, scale=1.0)
    assert got.source.variable == ("bearing.gs" if nested else "gs")
    assert np.array_equal(got.samples, expected.reshape(table.shape).astype(np.float64))


def test_mat__several_waveforms__are_listed_and_one_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "97.mat"
    de, fe = waves(300, 1), waves(300, 1) * 2
    scipy.io.savemat(path, {"X097_DE_time": de, "X097_FE_time": fe, "X097RPM": 1797.0})
    with pytest.raises(RecordingError, match=r"X097_DE_time \[300, 1\], X097_FE_time"):
        read(path, rate_hz=12_000.0)
    got = read(path, rate_hz=12_000.0, variable="X097_FE_time")
    assert np.array_equal(got.samples, fe)


def test_read__the_same_samples_in_every_format__are_the_same(tmp_path: Path) -> None:
    samples = waves()
    np.save(tmp_path / "a.npy", samples)
    np.savez(tmp_path / "a.npz", samples)
    np.savetxt(tmp_path / "a.csv", samples, delimiter=",")
    scipy.io.wavfile.write(tmp_path / "a.wav", 800, samples)
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {"a": samples})
    (tmp_path / "a.mat").write_bytes(buffer.getvalue())
    for suffix in ("npy", "npz", "csv", "wav", "mat"):
        scale = 1.0 if suffix == "wav" else None
        got = read(tmp_path / f"a.{suffix}", rate_hz=800.0, scale=scale)
        assert np.array_equal(got.samples, samples)
        assert got.channels == ("x", "y", "z")


def test_read__channel_that_one_channel_does_not_have__said_shortly(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(400))
    with pytest.raises(RecordingError, match=r"no channel 7; it has one, 0$"):
        read(tmp_path / "a.npy", rate_hz=8.0, channel=7)
