"""The node's envelope against the float64 reference, which share no code: values and reasons."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from nodewright import offline, offline_envelope, reference

RATE_HZ, SHAFT_HZ, G_PER_DIGIT = 12800.0, 29.0, 0.0005
ORDERS = {"bpfo": 3.585, "bpfi": 5.415, "bsf": 2.357, "ftf": 0.398}
LENGTHS = (1024, 4096)
RUNS = (("micropython", "viper"), ("cpython", "viper"), ("cpython", "ulab"))
_LEAST_S, _LEAST_G = 0.04, 0.02  # what issue 6 asks for
# A line far below its floor is promised nothing: it only lowers S.
_DEEP = -1.0


def _signals(samples: int, blocks: int) -> Iterator[tuple[str, NDArray[np.int16]]]:
    random = np.random.default_rng(samples)
    t = np.arange(samples * blocks) / RATE_HZ
    noise = random.normal(0, 200, len(t))
    yield "noise", _cut(noise, samples)
    yield "quiet", _cut(noise / 150, samples)
    yield "clipped", _cut(noise * 300, samples)
    for name in ("bpfo", "bpfi", "bsf"):
        yield name, _cut(noise + _rings(t, ORDERS[name] * SHAFT_HZ), samples)
    far = 12000 * np.sin(2 * np.pi * SHAFT_HZ * t)
    yield "under a shaft", _cut(far + noise / 4 + _rings(t, 104.0) / 8, samples)
    yield "modulated", _cut((9000 + 900 * np.sin(2 * np.pi * 104 * t)) * _tone(t) + noise, samples)
    yield "tone", _cut(20000 * _tone(t), samples)
    # Some noise, as every sensor has: the kernels resolve what is 90 dB below a tone, not less.
    yield "slow tone", _cut(far * 2.5 + noise / 60, samples)
    yield "equal", np.full((blocks, samples), 77, np.int16)
    yield "a digit", _cut(np.where(np.arange(len(t)) % 3, 0.0, 1.0), samples)
    steps = _cut(np.where(np.arange(len(t)) % 2, -32768.0, 32767.0), samples)
    yield "rails", steps


def _tone(t: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sin(2 * np.pi * 3210.0 * t))


def _rings(t: NDArray[np.float64], rate_hz: float) -> NDArray[np.float64]:
    since = np.mod(t, 1.0 / rate_hz)
    return np.asarray(3000 * np.exp(-since * 2000) * np.sin(2 * np.pi * 5000 * since))


def _cut(values: NDArray[np.float64], samples: int) -> NDArray[np.int16]:
    digits = np.clip(np.round(values), -32768, 32767).astype(np.int16)
    return digits.reshape(-1, samples)


@pytest.mark.parametrize(("kind", "backend"), RUNS)
def test_envelope__signals_good_and_odd__values_and_reasons_of_the_reference(
    kind: str, backend: str
) -> None:
    runtime = offline.choose_runtime(kind)
    cases = [
        (f"{samples} {name}", digits)
        for samples in (LENGTHS if kind == "micropython" else LENGTHS[:1])
        for name, digits in _signals(samples, 3)
    ]
    records = [
        offline_envelope.Record(digits, G_PER_DIGIT, RATE_HZ, SHAFT_HZ, ORDERS)
        for _, digits in cases
    ]
    told = offline_envelope.run(records, runtime, backend=backend)
    compared = 0
    for (name, digits), said in zip(cases, told, strict=True):
        expected = reference.bearing(
            digits.astype(np.float64) * G_PER_DIGIT, RATE_HZ, SHAFT_HZ, ORDERS
        )
        assert not said.wrong, name
        assert set(said.values) - {"bearing_fault"} == set(expected.values), (name, said.withheld)
        for key, reason in expected.withheld.items():
            if key in said.withheld:
                assert said.withheld[key] == reason, (name, key)
        assert said.verdicts == expected.verdicts, (name, said.scores, expected.scores)
        assert {race: tuple(marks) for race, marks in said.marks.items()} == expected.marks, name
        for key, right in expected.values.items():
            compared += 1
            got = said.values[key]
            if key.endswith("_g"):
                assert abs(got - right) <= _LEAST_G * right, (name, key, got, right)
            elif np.log(right) > _DEEP:
                assert abs(np.log(got / right)) <= _LEAST_S, (name, key, got, right)
    assert compared >= 20


def test_envelope__speed_two_percent_off__said() -> None:
    random = np.random.default_rng(5)
    t = np.arange(8 * 4096) / RATE_HZ
    digits = _cut(random.normal(0, 200, len(t)) + _rings(t, ORDERS["bpfi"] * SHAFT_HZ), 4096)
    runtime = offline.choose_runtime()
    for share, said_off in ((1.0, False), (1.02, True), (0.98, True)):
        record = offline_envelope.Record(digits, G_PER_DIGIT, RATE_HZ, share * SHAFT_HZ, ORDERS)
        (told,) = offline_envelope.run([record], runtime)
        assert ("speed_off" in told.marks["bpfi"]) == said_off, (share, told)


@pytest.mark.parametrize(("kind", "backend"), RUNS)
def test_envelope__ramp_and_tones_without_noise__withheld_by_both(kind: str, backend: str) -> None:
    # What is beside a steady tone then is the rounding of its digits: it has lines, too, which
    # named the inner race in both of the pairs.
    at = np.arange(4 * 4096)
    signals = {"ramp": at % 4096 * 8 - 16_000.0}
    bpfi = ORDERS["bpfi"] * SHAFT_HZ / RATE_HZ
    for first, away, one, two in ((0.2, 0.003, 12_000, 12_000), (0.15, bpfi, 15_000, 10_000)):
        pair = one * np.sin(2 * np.pi * first * at)
        pair += two * np.sin(2 * np.pi * (first + away) * at + 1)
        signals[f"tones {away:.4f} apart"] = pair
    digits = {name: _cut(wave, 4096) for name, wave in signals.items()}
    records = [
        offline_envelope.Record(block, G_PER_DIGIT, RATE_HZ, SHAFT_HZ, ORDERS)
        for block in digits.values()
    ]
    told = offline_envelope.run(records, offline.choose_runtime(kind), backend=backend)
    for (name, block), said in zip(digits.items(), told, strict=True):
        expected = reference.bearing(block * G_PER_DIGIT, RATE_HZ, SHAFT_HZ, ORDERS)
        assert expected.verdicts == said.verdicts == {}, (name, said.scores)
        assert said.withheld["bearing_fault"] == "below_floor", name
        for race in ("bpfo", "bpfi"):
            assert expected.withheld[race] == "below_floor", name
            assert said.withheld[f"env_{race}_snr"] == "below_floor", (name, race)
