"""The mock of ulab is as poor as ulab: float32, its functions only, its errors."""

from array import array

import pytest

from sim.cpython import ulab
from sim.cpython.ulab import numpy as np


def test_ulab__functions_of_numpy_that_it_lacks__missing() -> None:
    for name in (
        "abs",
        "hypot",
        "hanning",
        "rfft",
        "float32",
        "float64",
        "square",
        "power",
        "pad",
    ):
        assert not hasattr(np, name), name
    for name in ("fft2", "rfft", "irfft", "fftfreq"):
        assert not hasattr(np.fft, name), name
    for name in ("astype", "sum", "mean", "max", "conj", "fill"):
        assert not hasattr(np.zeros(4), name), name
    assert not hasattr(ulab, "scipy")


def test_array__floats__rounded_to_24_bits() -> None:
    assert np.array([0.1])[0] != 0.1
    assert (np.array([16777216.0]) + 1)[0] == 16777216.0


def test_sum__many_small_terms__one_after_the_other() -> None:
    many = np.zeros(4097)
    many[0] = 16777216.0
    many[1:] = 1.0
    assert np.sum(many) == 16777216.0


def test_operators__lists_and_text__type_error() -> None:
    for other in ([1.0], "1", None):
        with pytest.raises(TypeError):
            np.zeros(1) + other


def test_slices__views_of_the_same_data() -> None:
    x = np.zeros(8)
    x[1:4] = np.array([1, 2, 3])
    part = x[1:4]
    part *= 2
    x[:4:-1] = x[1:4]
    assert list(x) == [0.0, 2.0, 4.0, 6.0, 0.0, 6.0, 4.0, 2.0]


def test_parts_of_a_complex_array__copies() -> None:
    spectrum = np.fft.fft(np.array([1.0, 2.0, 3.0, 4.0]))
    real = spectrum.real
    real *= 0
    assert list(spectrum.real) == [10.0, -2.0, -2.0, -2.0]


def test_fft__length_of_no_power_of_two__value_error() -> None:
    with pytest.raises(ValueError, match="power of 2"):
        np.fft.fft(np.zeros(12))


def test_argmax__empty__value_error() -> None:
    with pytest.raises(ValueError, match="empty"):
        np.argmax(np.zeros(4)[2:2])
    assert np.sum(np.zeros(4)[2:2]) == 0.0


def test_buffers__of_both_widths__as_floats() -> None:
    assert list(ulab.utils.from_int16_buffer(array("h", [-32768, 5]))) == [-32768.0, 5.0]
    assert list(ulab.utils.from_int32_buffer(array("i", [-8388608, 5]))) == [-8388608.0, 5.0]


def test_log_and_maximum__arrays_and_numbers__in_float32() -> None:
    bounded = np.maximum(np.array([0.25, 4.0]), 1.0)
    assert list(bounded) == [1.0, 4.0]
    assert list(np.log(bounded)) == [0.0, np.log(np.array([4.0]))[0]]
    assert abs(np.log(np.array([4.0]))[0] - 1.3862944) < 1e-7
    assert np.mean(np.array([1.0, 2.0, 6.0])) == 3.0
