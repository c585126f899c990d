"""Vibration features of known signals, on each backend that this interpreter has."""

import math
from array import array

from node.dsp import backend
from node.vibration import Vibration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

TIME_KEYS = ("acc_rms_g", "acc_peak_g", "acc_p2p_g", "crest", "mean_g", "kurtosis", "skewness")
SCALE = 0.0039


def backends() -> "Iterator[ModuleType]":
    yield backend("viper")
    try:
        yield backend("ulab")
    except ValueError:
        pass  # this interpreter has no ulab


def compute(module, block, keys=TIME_KEYS, rate_hz=3200.0, scale=SCALE):
    out, withheld = {}, {}
    Vibration(module, len(block)).compute(block, scale, rate_hz, keys, out, withheld)
    assert set(out) | set(withheld) == set(keys)
    for key in out:
        assert -1e30 < out[key] < 1e30, (module.NAME, key, out[key])
    return out, withheld


def truth(block):
    """RMS, peak, peak to peak, mean in digits: exact integers, divided at the end.

    So it is right where floats have 24 bits, too.
    """
    count, total = len(block), sum(block)
    squares = sum((count * x - total) * (count * x - total) for x in block)
    peak = max(count * max(block) - total, total - count * min(block))
    variance = (squares // count) / count / count
    return math.sqrt(variance), peak / count, max(block) - min(block), total / count


def shape(block):
    """Kurtosis and skewness, summed in units of the deviation."""
    rms, _, _, _ = truth(block)
    count, total = len(block), sum(block)
    third = fourth = 0.0
    for x in block:
        away = (count * x - total) / count / rms
        third += away * away * away
        fourth += away * away * away * away
    return fourth / count, third / count


def check(name, block):
    rms, peak, p2p, mean = truth(block)
    for module in backends():
        out, withheld = compute(module, block)
        where = (name, module.NAME, out, rms, peak, p2p, mean)
        assert abs(out["acc_rms_g"] / SCALE - rms) <= 0.0001 * rms, where
        assert abs(out["acc_peak_g"] / SCALE - peak) <= 0.0001 * peak, where
        assert abs(out["acc_p2p_g"] / SCALE - p2p) <= 0.0001 * p2p, where
        allowed = max(0.0001 * max(abs(mean), rms), 0.01)
        assert abs(out["mean_g"] / SCALE - mean) <= allowed, where
        assert not withheld
        assert abs(out["crest"] - peak / rms) <= 0.0002 * peak / rms, where
        kurtosis, skewness = shape(block)
        where = (name, module.NAME, out, kurtosis, skewness)
        assert abs(out["kurtosis"] - kurtosis) <= 0.001 * kurtosis, where
        assert abs(out["skewness"] - skewness) <= max(0.001 * abs(skewness), 0.0003), where


def tone(samples, amplitude, cycles, offset=0, phase=0.3):
    turn = 2 * math.pi * cycles / samples
    return array(
        "h", [offset + round(amplitude * math.sin(turn * i + phase)) for i in range(samples)]
    )


def test_time_values__tone_between_bins__within_tolerance():
    for samples in (256, 1024, 4096):
        check("tone", tone(samples, 8000, 37.37))


def test_time_values__tone_on_dc_near_the_rail__within_tolerance():
    check("high", tone(1024, 200, 11.1, 32567))
    check("low", tone(1024, 200, 11.1, -32568))


def test_time_values__full_scale_square__within_tolerance():
    check("square", array("h", [32767 if i // 8 % 2 else -32768 for i in range(1024)]))


def test_time_values__one_digit__within_tolerance():
    check("alternating", array("h", [i % 2 for i in range(1024)]))
    check("negative", array("h", [-(i % 3 == 0) for i in range(1024)]))
    check("single", array("h", [int(i == 5) for i in range(4096)]))
    check("single at the rail", array("h", [32767 - int(i == 5) for i in range(4096)]))


def test_time_values__one_spike_of_full_scale__within_tolerance():
    check("up", array("h", [32767 if i == 77 else -32768 for i in range(4096)]))
    check("down", array("h", [-32768 if i == 77 else 32767 for i in range(4096)]))


def test_time_values__silence__zero_and_crest_withheld():
    for level in (0, 1, -1, 32767, -32768):
        for module in backends():
            out, withheld = compute(module, array("h", [level] * 1024))
            assert withheld == {"crest": "silent", "kurtosis": "silent", "skewness": "silent"}
            assert out["acc_rms_g"] == out["acc_peak_g"] == out["acc_p2p_g"] == 0.0, (level, out)
            assert abs(out["mean_g"] - level * SCALE) <= 1e-6 * abs(level), (level, out)


def test_compute__second_block__leaves_nothing_of_the_first():
    loud, quiet = tone(256, 30000, 9.5), tone(256, 30, 9.5)
    for module in backends():
        vibration, out, withheld = Vibration(module, 256), {}, {}
        vibration.compute(array("h", [7] * 256), SCALE, 3200.0, TIME_KEYS, out, withheld)
        vibration.compute(loud, SCALE, 3200.0, TIME_KEYS, out, withheld)
        vibration.compute(quiet, SCALE, 3200.0, TIME_KEYS, out, withheld)
        assert (out, withheld) == compute(module, quiet), module.NAME


def raised(call, *arguments):
    try:
        call(*arguments)
    except ValueError as error:
        return str(error)
    return ""


def test_vibration__impossible_input__value_error_names_it():
    for module in backends():
        for samples in (0, -1024, 63, 1000, 8192):
            assert "samples" in raised(Vibration, module, samples), samples
        vibration = Vibration(module, 256)
        good = tone(256, 100, 9.5)
        cases = (
            ("block", (tone(128, 100, 9.5), SCALE, 3200.0, TIME_KEYS)),
            ("g_per_digit", (good, 0.0, 3200.0, TIME_KEYS)),
            ("rate_hz", (good, SCALE, 0.0, TIME_KEYS)),
            ("rate_hz", (good, SCALE, float("nan"), TIME_KEYS)),
            ("volume", (good, SCALE, 3200.0, ("volume",))),
        )
        for named, (block, scale, rate_hz, keys) in cases:
            out = {"kept": 1.0}
            text = raised(vibration.compute, block, scale, rate_hz, keys, out, {})
            assert named in text, (named, text)
            assert out == {"kept": 1.0}


def test_backend__unknown__value_error_names_the_known():
    assert "viper, ulab" in raised(backend, "fpga")
