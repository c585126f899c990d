"""A recording as digits, and the node's values held against the reference."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nodewright import examine, offline, reference
from nodewright.errors import BadInput
from nodewright.records import Recording, Source
from wire import features

Values = dict[str, float]
TIME = ("acc_rms_g", "acc_peak_g", "acc_p2p_g", "mean_g", "crest")
RATE_HZ = 3200.0


def recording(
    samples: NDArray[np.float64], scale: float = 1.0, kind: str = "npy", unit: str = "g"
) -> Recording:
    table = samples.reshape(len(samples), -1)
    names = tuple(str(axis) for axis in range(table.shape[1]))
    source = Source(Path("run.npy"), kind, 1, "", None, scale, 0, ())
    return Recording(table, RATE_HZ, names, unit, source)


def noise(samples: int = 1024, seed: int = 1) -> NDArray[np.int16]:
    return np.random.default_rng(seed).normal(50.0, 2000.0, samples).round().astype(np.int16)


# --- windows


def test_largest_window__any_length__largest_power_of_two_that_fits() -> None:
    lengths = {256: 256, 511: 256, 512: 512, 4095: 2048, 4096: 4096, 10**6: 4096}
    assert {length: examine.largest_window(length) for length in lengths} == lengths
    with pytest.raises(BadInput, match="256"):
        examine.largest_window(255)


@pytest.mark.parametrize("window", [-1, 0, 128, 1000, 8192])
def test_check_window__length_of_no_node__bad_input(window: int) -> None:
    with pytest.raises(BadInput, match="power of two from 256 to 4096"):
        examine.check_window(window)


# --- digits


@pytest.mark.parametrize("scale", [1.9596011230811393e-05, 0.0039, 0.1, 1 / 3])
def test_to_digits__whole_numbers_with_a_scale__are_the_digits(scale: float) -> None:
    stored = noise()
    stored[:4] = (-32768, 32767, 0, -1)
    found = examine.to_digits(recording(stored * scale, scale))
    assert found.stored and found.g_per_digit == (scale,)
    assert np.array_equal(found.digits[:, 0], stored)


def test_to_digits__every_int16__comes_back_as_it_was() -> None:
    stored = np.arange(-32768, 32768).astype(np.int16)
    for scale in (5.307261876284054e-05, 0.001403053987243263, 0.999):
        found = examine.to_digits(recording(stored * scale, scale))
        assert found.stored and np.array_equal(found.digits[:, 0], stored)


def test_to_digits__whole_numbers_in_mg__scale_in_g() -> None:
    stored = noise()
    found = examine.to_digits(recording(stored * (3.9 * 1e-3), 3.9), "mg")
    assert found.stored and found.g_per_digit == (3.9 * 1e-3,)
    assert np.array_equal(found.digits[:, 0], stored)


def test_to_digits__wav_of_16_bits__are_the_digits() -> None:
    stored = noise()
    found = examine.to_digits(recording(stored / 32768.0 * 50.0, 50.0, "wav"))
    assert found.stored and found.g_per_digit == (50.0 / 32768.0,)
    assert np.array_equal(found.digits[:, 0], stored)


@pytest.mark.parametrize("scale", [1.0, -0.0039, 2.5])
def test_to_digits__other_scales__scaled_to_int16(scale: float) -> None:
    values_g = noise() * scale
    found = examine.to_digits(recording(values_g, scale))
    assert not found.stored
    assert np.allclose(
        found.digits[:, 0] * found.g_per_digit[0], values_g, rtol=0, atol=abs(scale)
    )


@given(
    st.floats(1e-4, 1e3),
    st.floats(-1.0, 1.0),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=50, deadline=None)
def test_to_digits__real_numbers__within_half_a_digit_and_off_the_rails(
    size_g: float, offset: float, seed: int
) -> None:
    values = size_g * np.random.default_rng(seed).normal(size=(256, 2))
    values += size_g * np.array([offset, 10 * offset])
    found = examine.to_digits(recording(values))
    assert not found.stored
    assert np.abs(found.digits.astype(int)).max() < 32000
    assert np.abs(found.digits.astype(int)).max(axis=0).min() > 27000
    error = np.abs(found.digits * np.array(found.g_per_digit) - values)
    assert np.all(error <= 0.501 * np.array(found.g_per_digit))


def test_to_digits__silence__silent_digits() -> None:
    for values in (np.zeros(256), np.full(256, 1e-320)):
        found = examine.to_digits(recording(values))
        assert not found.digits.any() and 0 < found.g_per_digit[0] < 1
    stored = examine.to_digits(recording(np.zeros(256), 0.0039))
    assert stored.stored and stored.g_per_digit == (0.0039,)


def test_to_digits__a_peak_of_no_accelerometer__bad_input() -> None:
    with pytest.raises(BadInput, match="check scale and unit"):
        examine.to_digits(recording(np.linspace(-1e5, 1e5, 256)))


def test_cut__two_starts__all_channels_of_each() -> None:
    digits = np.arange(2 * 512, dtype=np.int16).reshape(512, 2)
    blocks = examine.cut(examine.Digits(digits, (0.1, 0.2), True), RATE_HZ, 256, (0, 256))
    assert [block.g_per_digit for block in blocks] == [0.1, 0.2, 0.1, 0.2]
    assert [int(block.digits[0]) for block in blocks] == [0, 1, 512, 513]
    assert all(block.digits.shape == (256,) and block.rate_hz == RATE_HZ for block in blocks)


# --- against the reference


def truth(block: offline.Block, keys: tuple[str, ...] = TIME) -> reference.Result:
    return reference.compute(block.digits * block.g_per_digit, block.rate_hz, keys)


def judged(change: Callable[[Values], object], keys: tuple[str, ...] = TIME) -> dict[str, bool]:
    """The verdicts on the reference's own values after a change."""
    block = offline.Block(noise(), 0.0039, RATE_HZ)
    values = dict(truth(block, keys).values)
    change(values)
    points = examine.judge(block, offline.Values(values), keys)
    return {point.key: point.ok for point in points if point.ok is not None}


def test_judge__values_of_the_reference__all_ok() -> None:
    assert judged(lambda values: None) == dict.fromkeys(TIME, True)


@pytest.mark.parametrize(
    ("key", "promised"), [("acc_rms_g", 1e-3), ("acc_peak_g", 1e-3), ("crest", 2e-3)]
)
def test_judge__value_off_by_a_little_more_than_promised__not_ok(
    key: str, promised: float
) -> None:
    def off(by: float) -> dict[str, bool]:
        return judged(lambda values: values.update({key: values[key] * (1 + by * promised)}))

    assert off(0.99) == off(-0.99) == dict.fromkeys(TIME, True)
    assert off(1.01) == off(-1.01) == {**dict.fromkeys(TIME, True), key: False}


def test_judge__value_that_is_missing__not_ok() -> None:
    assert judged(lambda values: values.pop("mean_g"))["mean_g"] is False


def test_judge__value_that_is_no_number__not_ok_and_named() -> None:
    block = offline.Block(noise(), 0.0039, RATE_HZ)
    (point,) = examine.judge(block, offline.Values({}, wrong={"crest": "nan"}), ("crest",))
    assert point.ok is False and point.note is not None and "nan" in point.note


def test_judge__withheld_by_one_alone__not_ok() -> None:
    block = offline.Block(noise(), 0.0039, RATE_HZ)
    (by_node,) = examine.judge(block, offline.Values({}, {"crest": "silent"}), ("crest",))
    assert by_node.ok is False and by_node.withheld == "silent" and by_node.reference is not None
    silent = offline.Block(np.zeros(1024, np.int16), 0.0039, RATE_HZ)
    (given,) = examine.judge(silent, offline.Values({"crest": 3.0}), ("crest",))
    assert given.ok is False and given.reference_withheld == "silent" and given.value == 3.0


def test_judge__withheld_by_both__ok_with_the_reason() -> None:
    silent = offline.Block(np.zeros(1024, np.int16), 0.0039, RATE_HZ)
    (point,) = examine.judge(silent, offline.Values({}, {"crest": "silent"}), ("crest",))
    assert point.ok is True and point.withheld == "silent" and point.value is None


# --- lines, where the catalogue has them

LINES = ("line1_hz", "line1_g", "line2_hz", "line2_g")
lines = pytest.mark.skipif(
    not set(LINES) <= set(features.KEYS), reason="the catalogue has no lines"
)


def tones(*tones_of: tuple[float, float]) -> offline.Block:
    t = np.arange(1024) / RATE_HZ
    wave = sum(g * np.sin(2 * np.pi * hz * t + hz) for hz, g in tones_of)
    return offline.Block(np.rint(wave / 0.001).astype(np.int16), 0.001, RATE_HZ)


def verdicts(block: offline.Block, values: Values) -> list[bool | None]:
    points = examine.judge(block, offline.Values(values), LINES)
    return [point.ok for point in points]


@lines
def test_judge__lines_in_another_rank__compared_by_frequency() -> None:
    block = tones((100.0, 4.0), (333.3, 3.99))
    found = truth(block, LINES).values
    swapped = {key: found[key.translate(str.maketrans("12", "21"))] for key in LINES}
    assert verdicts(block, found) == verdicts(block, swapped) == [True] * 4


@lines
def test_judge__line_off_in_frequency_or_height__not_ok() -> None:
    block = tones((100.0, 4.0), (333.3, 3.0))
    found = truth(block, LINES).values
    bin_hz = RATE_HZ / 1024
    off = {**found, "line2_hz": found["line2_hz"] + 0.06 * bin_hz}
    assert verdicts(block, off) == [True, True, False, True]
    assert verdicts(block, {**found, "line1_g": found["line1_g"] * 1.011})[1] is False


@lines
def test_judge__line_far_below_the_strongest__nothing_promised() -> None:
    block = tones((100.0, 10.0), (400.0, 0.05))
    found = truth(block, LINES).values
    spoilt = {**found, "line2_g": found["line2_g"] * 1.5}
    assert verdicts(block, spoilt) == [True, True, None, None]


@lines
@pytest.mark.parametrize("periods", [3.9999, 4.0, 4.0001])
def test_judge__line_of_just_four_periods__counts_where_the_node_has_it(periods: float) -> None:
    edge_hz = periods * RATE_HZ / 1024
    block = tones((edge_hz, 4.0), (333.3, 1.0))
    both = {"line1_hz": edge_hz, "line1_g": 4.0, "line2_hz": 333.3, "line2_g": 1.0}
    assert verdicts(block, both) == [True] * 4
    assert verdicts(block, {**both, "line1_g": 4.1})[1] is False
    one = {"line1_hz": 333.3, "line1_g": 1.0}
    none = offline.Values(one, {"line2_hz": "no_line", "line2_g": "no_line"})
    assert all(point.ok for point in examine.judge(block, none, LINES))


@lines
def test_judge__line_of_clearly_four_periods__must_be_there() -> None:
    block = tones((4.1 * RATE_HZ / 1024, 4.0), (333.3, 1.0))
    one = offline.Values(
        {"line1_hz": 333.3, "line1_g": 1.0}, {"line2_hz": "no_line", "line2_g": "no_line"}
    )
    assert any(point.ok is False for point in examine.judge(block, one, LINES))
