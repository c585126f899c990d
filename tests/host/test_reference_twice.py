"""The reference against a second reading of the same definitions: sums over samples and bins.

Nothing of the package is used here but `compute`: no FFT, no array arithmetic over bins, one loop
a definition.  Inputs are recordings where they exist, and anything hypothesis thinks of.
"""

import json
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from nodewright.reference import compute

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def rnd(value: float) -> int:
    return math.floor(value + 0.5)


@cache
def turns(count: int) -> NDArray[np.complex128]:
    """e^(-2 pi j k n / N) for k = 0 … N/2, the phase reduced before it is taken."""
    k, n = np.arange(count // 2 + 1)[:, None], np.arange(count)[None, :]
    matrix: NDArray[np.complex128] = np.exp(-2j * np.pi * ((k * n) % count) / count)
    return matrix


def hann(n: int, count: int) -> float:
    return 0.5 - 0.5 * math.cos(2 * math.pi * n / count)


class Naive:
    def __init__(self, samples: NDArray[np.float64], rate_hz: float) -> None:
        self.x, self.fs, self.count = samples.tolist(), rate_hz, len(samples)
        self.m = math.fsum(self.x) / self.count
        window = [hann(n, self.count) for n in range(self.count)]
        weighted = np.array([w * (x - self.m) for w, x in zip(window, self.x, strict=True)])
        bins = [abs(complex(row @ weighted)) for row in turns(self.count)]
        w1, w2 = math.fsum(window), math.fsum(w * w for w in window)
        self.a = [2 * b / w1 for b in bins]
        self.p = [2 * b * b / (self.count * w2) for b in bins]

    def moment(self, order: int) -> float:
        return math.fsum((x - self.m) ** order for x in self.x) / self.count

    def time_values(self) -> dict[str, float]:
        peak = max(abs(x - self.m) for x in self.x)
        rms = math.sqrt(self.moment(2))
        return {
            "acc_rms_g": rms,
            "acc_peak_g": peak,
            "acc_p2p_g": max(self.x) - min(self.x),
            "mean_g": self.m,
            "crest": peak / rms,
            "kurtosis": self.moment(4) / self.moment(2) ** 2,
            "skewness": self.moment(3) / self.moment(2) ** 1.5,
        }

    def integrated(self, factor: float, power: int, bandwidth_hz: float) -> float:
        top = min(1000.0, bandwidth_hz, 0.4 * self.fs)
        total = 0.0
        first = max(2, rnd(10 * self.count / self.fs) - 1)
        last = min(rnd(self.count / 2) - 1, rnd(top * self.count / self.fs) + 1)
        for k in range(first, last + 1):
            total += self.p[k] / (2 * math.pi * k * self.fs / self.count) ** power
        return factor * math.sqrt(total)

    def band(self, low_hz: float, high_hz: float) -> float:
        first, end = (rnd(edge * self.count / self.fs) for edge in (low_hz, high_hz))
        return math.sqrt(math.fsum(self.p[first:end]))

    def refined(self, k: int) -> tuple[float, float]:
        s = 1 if self.a[k + 1] >= self.a[k - 1] else -1
        r = max(0.5, min(1.0, self.a[k + s] / self.a[k]))
        d = (2 * r - 1) / (1 + r)
        gain = 1.0 if d == 0 else math.pi * d * (1 - d * d) / math.sin(math.pi * d)
        return (k + s * d) * self.fs / self.count, self.a[k] * gain

    def lines(self) -> Iterator[tuple[float, float]]:
        rest = {
            k
            for k in range(3, rnd(self.count / 2) - 2)
            if self.a[k - 1] < self.a[k] >= self.a[k + 1]
        }
        while rest:
            k = max(rest, key=lambda k: self.a[k])
            rest -= set(range(k - 3, k + 4))
            f, g = self.refined(k)
            if f * self.count / self.fs >= 4:
                yield f, g

    def order(self, n: int, shaft_hz: float) -> float:
        place = n * shaft_hz * self.count / self.fs
        near = [k for k in range(self.count // 2) if abs(k - place) <= max(1.5, 0.01 * place)]
        f, g = self.refined(max(near, key=lambda k: self.a[k]))
        return g * 9806.65 / math.sqrt(2) / (2 * math.pi * f)


def compare(samples: NDArray[np.float64], rate_hz: float, shaft_hz: float | None) -> None:
    naive = Naive(samples, rate_hz)
    bandwidth_hz, bands = 0.3 * rate_hz, [(0.0, rate_hz / 7), (rate_hz / 7, rate_hz / 2)]
    result = compute(
        samples, rate_hz, shaft_hz=shaft_hz, bands=bands, sensor_bandwidth_hz=bandwidth_hz
    )
    expected = naive.time_values()
    expected["vel_rms_mm_s"] = naive.integrated(9806.65, 2, bandwidth_hz)
    expected["disp_rms_um"] = naive.integrated(9806650.0, 4, bandwidth_hz)
    expected["disp_p2p_um"] = expected["disp_rms_um"] * math.sqrt(8)
    for rank, (low_hz, high_hz) in enumerate(bands, start=1):
        expected[f"band{rank}_g"] = naive.band(low_hz, high_hz)
    if rnd(1000 * naive.count / rate_hz) < rnd(naive.count / 2):
        expected["hf_rms_g"] = naive.band(1000.0, rate_hz / 2)
    for rank, (f, g) in zip((1, 2, 3), naive.lines(), strict=False):
        expected[f"line{rank}_hz"], expected[f"line{rank}_g"] = f, g
    for order in (1, 2, 3) if shaft_hz else ():
        expected[f"order{order}_mm_s"] = naive.order(order, shaft_hz or 0.0)
    floor = expected["acc_peak_g"] * 1e-12
    for key, value in result.values.items():
        if key != "shaft_hz":
            scale = floor * (1e6 if key.startswith(("vel", "disp", "order")) else 1.0)
            assert value == pytest.approx(expected[key], rel=1e-9, abs=scale), key
    given = {key for key in expected if key not in result.withheld}
    assert given == set(result.values) - {"shaft_hz"}


def recordings() -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for folder in ("adi_adxl356", "cwru", "mfpt"):
        manifest = DATA / folder / "manifest.json"
        if manifest.is_file():
            entries = json.loads(manifest.read_text())
            found += [(folder, index) for index in range(len(entries))]
    return found


@pytest.mark.skipif(not DATA.is_dir(), reason="the recordings lie outside the repository")
def test_compute__every_recording__agrees_with_the_sums() -> None:
    checked = 0
    for folder, index in recordings():
        entry = json.loads((DATA / folder / "manifest.json").read_text())[index]
        digits = np.load(DATA / folder / entry["file"]).reshape(entry["shape"][0], -1)
        axis = index % digits.shape[1]
        start = 997 * index % (len(digits) - 1024)
        samples = digits[start : start + 1024, axis] * float(entry["scale"])
        # As if taken at a node's own rate: 1024 samples must hold four periods of the shaft.
        rate_hz = 5.0 * entry["shaft_hz"] + 2560.0
        compare(samples, rate_hz, entry["shaft_hz"])
        checked += 1
    assert checked > 50


@settings(max_examples=60, deadline=None)
@given(
    digits=hnp.arrays(
        np.int16, st.sampled_from([64, 250, 256]), elements=st.integers(-4096, 4096)
    ),
    rate_hz=st.floats(100.0, 30_000.0),
)
def test_compute__anything__agrees_with_the_sums(
    digits: NDArray[np.int16], rate_hz: float
) -> None:
    if np.ptp(digits) > 0:
        spread = digits + np.random.default_rng(1).normal(size=len(digits))
        compare(spread * 0.0039, rate_hz, None)
