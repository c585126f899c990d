"""A recording at the sensor's own clock: what stays, what must not come back as an alias."""

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nodewright.demo.record import open_record
from nodewright.playback import AXES, Playback, close_loop, play, resample
from nodewright.records import Recording, RecordingError, Source

# (recording's rate, sensor's own rate)
CLOCKS = ((20_000.0, 803.217), (12_000.0, 3187.3), (48_828.0, 800.0), (12_000.0, 26_667.0))


def recording(samples: NDArray[np.float64], rate_hz: float, unit: str = "g") -> Recording:
    table = samples.reshape(len(samples), -1)
    source = Source(Path("machine.npy"), "npy", 1, "00", None, 1.0, 0, ())
    names = tuple(str(index) for index in range(table.shape[1]))
    return Recording(table, rate_hz, names, unit, source)


def tone(frequency_hz: float, rate_hz: float, seconds: float = 1.0) -> NDArray[np.float64]:
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    samples: NDArray[np.float64] = np.sin(2 * np.pi * frequency_hz * time_s + 0.3)
    return samples


def fitted(samples: NDArray[np.float64], rate_hz: float, guess_hz: float) -> tuple[float, float]:
    """(frequency, amplitude) of the one tone in the samples, by least squares about a guess."""
    n = np.arange(len(samples)) / rate_hz
    frequency_hz = guess_hz
    for _ in range(4):
        angle = 2 * np.pi * frequency_hz * n
        basis = np.stack([np.cos(angle), np.sin(angle), n * np.cos(angle), n * np.sin(angle)])
        a, b, c, d = np.linalg.lstsq(basis.T, samples, rcond=None)[0]
        frequency_hz += (a * d - b * c) / (a * a + b * b) / (2 * np.pi)
    return frequency_hz, math.hypot(a, b)


def frames_of(playback: Playback) -> NDArray[np.float64]:
    raw = np.fromfile(playback.path, "<i4").reshape(-1, playback.axes)
    assert len(raw) == playback.frames
    return raw * playback.scale_g


def test_resample__tone_in_the_pass_band__keeps_frequency_and_amplitude() -> None:
    for from_hz, to_hz in CLOCKS:
        slower = min(from_hz, to_hz)
        for share in (0.01, 0.1, 0.25, 0.39, 0.4):
            frequency_hz = share * slower
            played = resample(recording(tone(frequency_hz, from_hz), from_hz), to_hz)[:, 0]
            found_hz, amplitude = fitted(played, to_hz, frequency_hz)
            assert found_hz == pytest.approx(frequency_hz, rel=1e-5)
            assert amplitude == pytest.approx(1.0, rel=1e-3)


def test_resample__tone_beyond_half_the_rate__leaves_no_alias() -> None:
    for from_hz, to_hz in CLOCKS[:3]:
        for share in (0.5, 0.51, 0.6, 0.75, 1.0, 1.37):
            samples = tone(min(share * to_hz, 0.49 * from_hz), from_hz)
            played = resample(recording(samples, from_hz), to_hz)
            assert np.sqrt(2 * np.mean(played**2)) < 1e-3


def test_resample__upwards__adds_no_image() -> None:
    played = resample(recording(tone(4000.0, 12_000.0), 12_000.0), 26_667.0)[:, 0]
    spectrum = np.abs(np.fft.rfft(played * np.hanning(len(played)))) / len(played) * 4
    beyond = np.fft.rfftfreq(len(played), 1 / 26_667.0) > 6000.0
    assert spectrum[beyond].max() < 1e-3


def test_resample__constant__stays_the_same_constant() -> None:
    played = resample(recording(np.full(8000, 0.987), 8000.0), 803.2)
    assert np.allclose(played, 0.987, rtol=1e-3)


def test_close_loop__tone_of_any_length__has_neither_click_nor_dip() -> None:
    for frequency_hz in np.linspace(15.0, 111.0, 30).tolist():
        samples = tone(frequency_hz, 800.0, 2.0)[:, None]
        loop = close_loop(samples, 80)[:, 0]
        twice = np.concatenate([loop, loop])
        assert np.abs(np.diff(twice)).max() < 1.05 * np.abs(np.diff(samples[:, 0])).max()
        period = 800.0 / frequency_hz
        middle = twice[len(loop) + 40 - round(period) : len(loop) + 40 + round(period)]
        assert np.sqrt(2 * np.mean(middle**2)) > 0.95
        assert len(loop) >= len(samples) - 3 * 80


def test_close_loop__noise__is_continuous_and_otherwise_untouched() -> None:
    noise = np.random.default_rng(3).normal(size=(1000, 3))
    loop = close_loop(noise, 50)
    assert np.array_equal(loop[50:], noise[50 : len(loop)])
    # What follows the loop's end is what followed it in the recording, almost.
    assert np.allclose(loop[0], noise[len(loop)], atol=0.01)
    assert np.array_equal(close_loop(noise[:100], 50), noise[:100])


def test_play__three_channels__become_x_y_z_at_the_sensors_clock(tmp_path: Path) -> None:
    samples = np.stack([tone(f, 20_000.0, 2.0) * a for f, a in ((25, 1), (50, 2), (75, 4))], 1)
    done = play(
        recording(samples, 20_000.0),
        tmp_path / "source.bin",
        odr_hz=800,
        clock_error_ppm=4000,
        record_samples=1024,
    )
    assert done.rate_hz == pytest.approx(803.2)
    assert done.pass_band_hz == pytest.approx(0.4 * 803.2)
    assert done.source == {
        "kind": "samples",
        "path": str(tmp_path / "source.bin"),
        "rate_hz": done.rate_hz,
        "channels": 3,
        "scale_g": done.scale_g,
    }
    frames = frames_of(done)
    for at, (frequency_hz, amplitude) in enumerate(((25, 1), (50, 2), (75, 4))):
        found_hz, found = fitted(frames[100:-100, at], done.rate_hz, frequency_hz)
        assert found_hz == pytest.approx(frequency_hz, rel=1e-3)
        assert found == pytest.approx(amplitude, rel=1e-3)


def test_play__one_channel__goes_to_the_axes_named(tmp_path: Path) -> None:
    for axis in (*AXES, "all"):
        done = play(
            recording(tone(20.0, 800.0, 2.0), 800.0),
            tmp_path / axis,
            odr_hz=800,
            record_samples=1024,
            axis=axis,
        )
        sounding = {
            name for name, level in zip(AXES, np.ptp(frames_of(done), 0), strict=True) if level
        }
        assert sounding == (set(AXES) if axis == "all" else {axis})


def test_play__too_short__says_how_long_it_must_be_and_that_length_does(tmp_path: Path) -> None:
    def attempt(seconds: float, repeat_short: bool = False) -> Playback:
        return play(
            recording(tone(30.0, 20_000.0, seconds), 20_000.0),
            tmp_path / "source.bin",
            odr_hz=800,
            clock_error_ppm=-3000,
            record_samples=1024,
            repeat_short=repeat_short,
        )

    for seconds in (0.1, 0.5, 1.0, 1.28, 1.4):
        with pytest.raises(RecordingError, match=r"too short for a record of 1024") as caught:
            attempt(seconds)
        needed_s = float(caught.value.cure.split()[-2])
        assert attempt(needed_s).frames >= 1024
        assert needed_s < 2.0
    short = attempt(0.5, repeat_short=True)
    assert 0 < short.frames < 1024
    assert "repeated within each record" in short.notes[-1]
    with pytest.raises(RecordingError, match="anti-alias filter"):
        attempt(0.01, repeat_short=True)


def test_play__what_cannot_be__is_named(tmp_path: Path) -> None:
    good = recording(tone(30.0, 800.0, 2.0), 800.0)
    out = tmp_path / "source.bin"
    with pytest.raises(RecordingError, match="it is in A"):
        play(recording(good.samples, 800.0, "A"), out, odr_hz=800, record_samples=256)
    with pytest.raises(RecordingError, match="4 channels for three axes"):
        four = np.hstack([good.samples] * 4)
        play(recording(four, 800.0), out, odr_hz=800, record_samples=256)
    with pytest.raises(RecordingError, match="too far from"):
        play(recording(good.samples, 0.001), out, odr_hz=800, record_samples=256)
    with pytest.raises(ValueError, match="axis"):
        play(good, out, odr_hz=800, record_samples=256, axis="w")
    for odr_hz, count in ((0.0, 256), (math.nan, 256), (800.0, 0)):
        with pytest.raises(ValueError, match=r"odr_hz|record_samples"):
            play(good, out, odr_hz=odr_hz, record_samples=count)
    assert not out.exists()


def test_play__silence__is_silence(tmp_path: Path) -> None:
    done = play(recording(np.zeros(2000), 800.0), tmp_path / "s", odr_hz=800, record_samples=256)
    assert not frames_of(done).any()


def test_open_record__amperes_by_the_header__refused(tmp_path: Path) -> None:
    rows = "".join(f"{i / 800:.6f},{np.sin(i):.6f}\n" for i in range(256))
    (tmp_path / "a.csv").write_text("time_s,x [A]\n" + rows)
    with pytest.raises(RecordingError, match="its header says A, and accelerometers feel g"):
        open_record(tmp_path / "a.csv")
