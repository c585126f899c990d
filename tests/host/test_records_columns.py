"""Text files of other makers: where the time stands, and in which unit the values are."""

from pathlib import Path

import numpy as np
import pytest
import scipy.io

from nodewright.records import Recording, RecordingError, read

N = 400
AT = np.arange(N) / 3200
X = np.sin(2 * np.pi * 50 * AT)
Y = 0.5 * np.sin(2 * np.pi * 100 * AT)


def written(folder: Path, head: str, *columns: object, suffix: str = "csv") -> Path:
    """A file of these columns, comma between them; each a list of texts or of numbers."""
    path = folder / f"a.{suffix}"
    texts = [
        [cell if isinstance(cell, str) else f"{cell:.7f}" for cell in column]  # type: ignore[attr-defined]
        for column in columns
    ]
    path.write_text(head + "".join(",".join(row) + "\n" for row in zip(*texts, strict=True)))
    return path


def is_the_wave(got: Recording, factor: float = 1.0) -> bool:
    return bool(
        got.samples.shape[1] == 1
        and abs(got.rate_hz - 3200.0) < 0.1
        and np.allclose(got.samples[:, 0], factor * X, atol=1e-6)
    )


def refused(path: Path, words: str, **options: object) -> None:
    with pytest.raises(RecordingError, match=words):
        read(path, **options)  # type: ignore[arg-type]


def test_csv__times_in_any_column__are_no_channel(tmp_path: Path) -> None:
    assert is_the_wave(read(written(tmp_path, "x,time (s)\n", X, AT)))
    assert is_the_wave(read(written(tmp_path, "sample,Time [ms],x\n", range(N), AT * 1e3, X)))
    assert is_the_wave(read(written(tmp_path, "X_Value,acc\n", AT, X)))
    assert is_the_wave(read(written(tmp_path, "TIME(S),acc\n", AT, X)))
    assert is_the_wave(read(written(tmp_path, "millis,acc\n", AT * 1e3, X)))
    both = read(written(tmp_path, "Time (s),a,Time (s),b\n", AT, X, AT, Y))
    assert both.channels == ("a", "b")
    assert both.rate_hz == pytest.approx(3200.0)


def test_csv__a_temperature_called_t__stays_a_channel(tmp_path: Path) -> None:
    path = written(tmp_path, "time_s,x,T\n", AT, X, 20.0 - AT)
    assert read(path).channels == ("x", "T")


def test_csv__units_in_a_line_below_the_names__belong_to_them(tmp_path: Path) -> None:
    head = "Time,Channel A\n(ms),(g)\n\n"
    got = read(written(tmp_path, head, AT * 1e3, X))
    assert got.channels == ("Channel A (g)",)
    assert is_the_wave(got)
    got = read(written(tmp_path, "Time,A\nms,m/s²\n", AT * 1e3, X))
    assert got.channels == ("A [m/s²]",)
    assert is_the_wave(got, 1 / 9.80665)


def test_csv__header_without_the_last_delimiter__is_still_the_header(tmp_path: Path) -> None:
    path = written(tmp_path, "Time (ms),x\n", AT * 1e3, X, [""] * N)
    assert is_the_wave(read(path))
    path = written(tmp_path, "Time (ms),x,,\n", AT * 1e3, X)
    assert is_the_wave(read(path))


def test_csv__times_without_a_unit__are_seconds_with_a_note(tmp_path: Path) -> None:
    got = read(written(tmp_path, "time,x\n", AT, X))
    assert is_the_wave(got)
    assert got.source.notes == ("times 'time' have no unit: read as seconds, 3200 Hz",)
    got = read(written(tmp_path, "", AT, X))
    assert "read as times in seconds, 3200 Hz" in got.source.notes[0]
    assert read(written(tmp_path, "time [s],x\n", AT, X)).source.notes == ()


def test_csv__whole_times_without_a_unit__give_no_rate(tmp_path: Path) -> None:
    epoch_ms = [str(1_700_000_000_000 + 5 * i) for i in range(N)]
    refused(written(tmp_path, "timestamp,x\n", epoch_ms, X), "whole numbers without a unit.*rate")
    refused(written(tmp_path, "", [str(312 * i) for i in range(N)], X), "without a unit.*rate-hz")
    got = read(written(tmp_path, "timestamp,x\n", epoch_ms, X), rate_hz=3200.0)
    assert is_the_wave(got)
    assert is_the_wave(read(written(tmp_path, "time [us],x\n", AT * 1e6, X)))


def test_csv__times_in_an_unknown_unit__give_no_rate(tmp_path: Path) -> None:
    refused(written(tmp_path, "time [rev],x\n", AT, X), r"'time \[rev\]', are in no unit of time")


def test_csv__times_of_day__give_the_rate(tmp_path: Path) -> None:
    clocks = [f"10:00:{at:09.6f}" for at in AT]
    assert is_the_wave(read(written(tmp_path, "time,x\n", clocks, X)))
    days = ["2024-03-31"] * N
    assert is_the_wave(read(written(tmp_path, "date,time,x\n", days, clocks, X)))
    german = [f"09.03.2024 {clock}" for clock in clocks]
    refused(written(tmp_path, "Datum,x\n", german, X), "column Datum is text and no time.*rate-hz")


def test_csv__a_channel_that_rises_evenly__is_told(tmp_path: Path) -> None:
    got = read(written(tmp_path, "angle,x\n", AT, X), rate_hz=3200.0)
    assert "channel angle rises in even steps" in got.source.notes[0]


def test_csv__unit_in_the_header__is_the_unit(tmp_path: Path) -> None:
    for name, factor in (
        ("x [m/s2]", 1 / 9.80665),
        ("x (m/s²)", 1 / 9.80665),
        ("x [m/s^2]", 1 / 9.80665),
        ("x_m_s2", 1 / 9.80665),
        ("x (mg)", 1e-3),
        ("x_mg", 1e-3),
        ("x [g]", 1.0),
        ("x (G)", 1.0),
        ("x [axis 1]", 1.0),
    ):
        path = written(tmp_path, f"time_s,{name}\n", AT, X)
        got = read(path)
        assert is_the_wave(got, factor), name
        assert bool(got.source.notes) == (factor != 1.0), name
        assert is_the_wave(read(path, scale=2.0), 2.0), name
    got = read(written(tmp_path, "time_s,i1 [mA]\n", AT, X))
    assert (got.unit, got.source.unit) == ("A", "mA")


def test_csv__unit_that_is_another__is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "time_s,x [m/s2]\n", AT, X)
    refused(path, "in m/s2 by their header, and --unit says g; leave --unit out", unit="g")
    for name in ("CH1 [mV]", "v (mm/s)", "raw [counts]"):
        path = written(tmp_path, f"time_s,{name}\n", AT, X)
        refused(path, "by its header; choose others with --channel, or give --scale")
        assert is_the_wave(read(path, scale=1.0))
    path = written(tmp_path, "time_s,x [m/s2],y [g]\n", AT, X, Y)
    refused(path, "channels are in g, m/s2 by their header; choose")
    assert is_the_wave(read(path, channel=0), 1 / 9.80665)


def test_csv__whole_numbers_without_a_unit__need_a_scale(tmp_path: Path) -> None:
    counts = [str(round(2048 * x)) for x in X]
    path = written(tmp_path, "time_s,x\n", AT, counts)
    refused(path, "whole numbers, and no header states their unit; give their scale with --scale")
    assert np.allclose(read(path, scale=1 / 2048).samples[:, 0], X, atol=1e-3)
    assert read(written(tmp_path, "time_s,x [mg]\n", AT, counts)).samples.max() == 2.048


def test_csv__decimal_comma_in_quotes__is_one_number(tmp_path: Path) -> None:
    rows = "".join(f'"{at:.7f}","{x:.7f}"\n' for at, x in zip(AT, X, strict=True))
    path = tmp_path / "a.csv"
    path.write_text('"Zeit, s","x, g"\n' + rows.replace(".", ","))
    got = read(path)
    assert is_the_wave(got)
    assert got.channels == ("x, g",)


def test_csv__decimal_comma_that_the_last_line_lacks__is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("".join(f"{i / 4:.2f};{i / 8:.3f}\n" for i in range(40)).replace(".", ","))
    path.write_text(path.read_text() + "10;5\n")
    assert read(path).samples[-1, 0] == 5.0
    assert read(path).rate_hz == pytest.approx(4.0)


def test_recording__first__lets_the_rest_go(tmp_path: Path) -> None:
    got = read(written(tmp_path, "time_s,x\n", AT, X))
    part = got.first(100)
    assert np.array_equal(part.samples, got.samples[:100])
    assert part.samples.base is None
    assert (part.rate_hz, part.source) == (got.rate_hz, got.source)


def test_csv__columns_numbered_by_pandas__are_no_sample(tmp_path: Path) -> None:
    got = read(written(tmp_path, "0,1\n", X, Y), rate_hz=3200.0)
    assert got.channels == ("0", "1")
    assert np.allclose(got.samples, np.stack([X, Y], 1), atol=1e-6)
    got = read(written(tmp_path, ",0,1\n", map(str, range(N)), X, Y), rate_hz=3200.0)
    assert got.channels == ("0", "1")
    assert np.allclose(got.samples, np.stack([X, Y], 1), atol=1e-6)
    # Where whole numbers follow it may be the first sample.
    whole = ["5", "3"] * (N // 2)
    got = read(written(tmp_path, "0,1,2\n", whole, whole, whole), rate_hz=8.0, scale=1.0)
    assert got.samples[0].tolist() == [0.0, 1.0, 2.0]


def test_csv__lines_of_facts_before_the_data__are_no_names(tmp_path: Path) -> None:
    head = "Sample Interval,0.001\nRecord Length,1000\n\n"
    assert is_the_wave(read(written(tmp_path, head, AT, X)))
    assert read(written(tmp_path, head, AT, X)).channels == ("0",)


def test_lvm__header_of_labview__times_and_names(tmp_path: Path) -> None:
    facts = "Samples,400,400\nY_Unit_Label,g,g\nDelta_X,0.000313,0.000313\n***End_of_Header***\n"
    text = facts + "X_Value,Acc,Acc 2,Comment\n"
    path = written(tmp_path, text, AT, X, Y, suffix="lvm")
    path.write_text(path.read_text().replace(",", "\t"))
    got = read(path)
    assert got.channels == ("Acc", "Acc 2")
    assert got.rate_hz == pytest.approx(3200.0, rel=1e-4)


def test_csv__blanks_within_names_between_blanks__are_no_columns(tmp_path: Path) -> None:
    for between in ("  ", "\t "):
        path = written(tmp_path, "", AT * 1e3, X, suffix="txt")
        path.write_text(f"Time (ms){between}Acc (mg)\n" + path.read_text().replace(",", between))
        got = read(path)
        assert got.channels == ("Acc (mg)",)
        assert is_the_wave(got, 1e-3)


def test_csv__line_above_the_data_that_fits_no_columns__is_told(tmp_path: Path) -> None:
    got = read(written(tmp_path, "time,acc x,mg\n", AT, X))
    assert (
        "the line 'time,acc x,mg' above the data does not fit its columns" in got.source.notes[0]
    )


def test_npy_and_mat__first_column_of_times__gives_the_rate(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.stack([AT, X], axis=1))
    np.save(tmp_path / "b.npy", np.stack([AT, X]))
    scipy.io.savemat(tmp_path / "a.mat", {"data": np.stack([AT, X], axis=1)})
    for name in ("a.npy", "b.npy", "a.mat"):
        got = read(tmp_path / name)
        assert is_the_wave(got)
        assert "read as times in seconds, 3200 Hz" in got.source.notes[-1]
    counted = np.stack([np.arange(N), np.round(1000 * X)], axis=1).astype(np.int16)
    np.save(tmp_path / "a.npy", counted)
    refused(tmp_path / "a.npy", "does not say its sample rate", scale=1e-3)
    got = read(tmp_path / "a.npy", scale=1e-3, rate_hz=3200.0)
    assert got.samples.shape == (N, 1)
    assert got.source.notes == ("column 0 counts: it is left out",)


def test_read__more_than_machines_shake__is_told(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", 1000 * X)
    got = read(tmp_path / "a.npy", rate_hz=8.0)
    assert got.source.notes == (
        "a peak of 1000 g is more than machines shake: check scale and unit",
    )
    for option in ({"unit": "mg"}, {"scale": 0.3}, {"unit": "A"}):
        assert read(tmp_path / "a.npy", rate_hz=8.0, **option).source.notes == ()


def test_npy_and_mat__counts_stored_as_real_numbers__need_a_scale(tmp_path: Path) -> None:
    counts = np.round(2048 * X)
    np.save(tmp_path / "a.npy", counts)
    scipy.io.savemat(tmp_path / "a.mat", {"data": counts})
    for name in ("a.npy", "a.mat"):
        refused(tmp_path / name, "whole numbers, stored as .*f.*--scale", rate_hz=3200.0)
        assert is_the_wave(read(tmp_path / name, rate_hz=3200.0, scale=1.0), 1.0) is False
        assert read(tmp_path / name, rate_hz=3200.0, scale=1.0).samples.max() == 2048.0
    np.save(tmp_path / "a.npy", np.ones(N))  # a sensor at rest may read 1 g
    assert read(tmp_path / "a.npy", rate_hz=3200.0).samples[0, 0] == 1.0


def test_csv__times_too_coarse_for_their_rate__are_told_as_such(tmp_path: Path) -> None:
    path = written(tmp_path, "time_s,x\n", np.floor(AT * 1000) / 1000, X)
    refused(path, r"no rate: \d+ of them repeat the one before: they are too coarse")


def test_csv__values_with_a_unit_behind_each__are_no_channel(tmp_path: Path) -> None:
    for texts in ([f"{x:+.4f}g" for x in X], ["1'234.5"] * N):
        path = written(tmp_path, "time_s,acc\n", AT, texts)
        refused(path, "column acc is text, and none of numbers is left", rate_hz=3200.0)


def test_csv__end_mark_of_dos__is_no_line(tmp_path: Path) -> None:
    path = written(tmp_path, "time_s,x\n", AT, X)
    path.write_text(path.read_text() + "\x1a")
    assert is_the_wave(read(path))
