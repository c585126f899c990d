"""The node's decimator against the one from the definition: two that share no code."""

from array import array

import numpy as np
import pytest

from node.dsp.decimator import Decimator, design
from nodewright.decimated import decimate, raw_samples, taps


def on_node(digits: np.ndarray, factor: int) -> np.ndarray:
    """What the node's kernels make of int16[samples, 3], 128 at a time."""
    decimator = Decimator(factor, 128)
    blocks = tuple(array("h", bytes(2 * len(digits))) for _ in range(3))
    done = 0
    for begin in range(0, len(digits), 128):
        chunk = digits[begin : begin + 128]
        for axis in range(3):
            line = decimator.lines[axis]
            line[decimator.kept : decimator.kept + len(chunk)] = array(
                "h", chunk[:, axis].tolist()
            )
            if len(line) != len(decimator.lines[0]):
                raise AssertionError("a line has grown")
        decimator.offset(len(chunk))
        done += decimator.filter(len(chunk), blocks, done)
    return np.array([block[:done] for block in blocks], dtype=np.int16).T


@pytest.mark.parametrize("factor", range(2, 17))
def test_design__every_factor__the_same_taps(factor: int) -> None:
    half = [tap - 32768 for tap in design(factor)]
    assert [*half, *half[::-1]] == (taps(factor) * 32768).tolist()


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_decimate__noise_to_the_rails__the_same_digits(factor: int) -> None:
    noise = np.random.default_rng(factor).normal(0, 12_000, (raw_samples(64, factor), 3))
    digits = np.clip(np.round(noise), -32768, 32767).astype(np.int16)
    expected = decimate(digits, factor)
    assert expected.shape == (64, 3)
    assert np.array_equal(on_node(digits, factor), expected)


def test_decimate__factor_1_and_too_few() -> None:
    digits = np.zeros((5, 3), dtype=np.int16)
    assert decimate(digits, 1) is digits and raw_samples(5, 1) == 5
    with pytest.raises(ValueError, match="fewer than 20"):
        decimate(digits, 2)
