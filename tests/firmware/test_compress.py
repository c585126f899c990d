"""The spectrum in few bytes, and in full."""

import math
from array import array

from node import compress
from node.dsp import backend
from node.vibration import Vibration


def spectrum_of(block):
    vibration = Vibration(backend("viper"), len(block))
    vibration.compute(block, 0.001, 3200.0, ("hf_rms_g",), {}, {})
    return vibration.kernels


def raised(call, *arguments):
    try:
        call(*arguments)
    except ValueError as error:
        return str(error)
    return ""


def test_edges__any_count__rising_from_2_to_half():
    for samples in (64, 256, 4096):
        for count in (1, 2, 16, 30, samples // 2 - 2):
            bounds = compress.edges(samples, count)
            assert len(bounds) == count + 1
            assert bounds[0] == 2 and bounds[-1] == samples // 2
            assert all(bounds[i] < bounds[i + 1] for i in range(count)), (samples, count)
    for count in (0, 31):
        assert "1 to 30" in raised(compress.edges, 64, count)


def test_edges__wide_bins__of_one_ratio():
    bounds = compress.edges(4096, 40)
    ratios = [bounds[i + 1] / bounds[i] for i in range(20, 40)]
    assert max(ratios) < 1.06 * min(ratios)


def test_codes__every_level__within_four_percent():
    for code in range(256):
        assert compress.encode(compress.decode(code)) == code
    for i in range(200):
        g = 1.2e-6 * 1.09**i
        if g < 90:
            assert abs(compress.decode(compress.encode(g)) / g - 1) < 0.037
    assert compress.encode(0.0) == 0 and compress.encode(1e9) == 255


def test_log_bins__one_tone__its_rms_in_its_bin():
    block = array(
        "h", [round(4000 * math.sin(2 * math.pi * 100.3 * i / 1024)) for i in range(1024)]
    )
    kernels = spectrum_of(block)
    bounds, out = compress.edges(1024, 24), bytearray(24)
    compress.log_bins(kernels, 0.001, bounds, out)
    at = max(range(24), key=lambda i: out[i])
    assert bounds[at] <= 100 < bounds[at + 1]
    total = math.sqrt(sum(compress.decode(code) ** 2 for code in out))
    assert abs(total / (4.0 / math.sqrt(2)) - 1) < 0.04
    assert "24 bytes for 8" in raised(compress.log_bins, kernels, 0.001, bounds[:9], out)


def test_amplitudes__one_tone__peak_in_g():
    block = array("h", [round(4000 * math.sin(2 * math.pi * 20 * i / 256)) for i in range(256)])
    kernels, out = spectrum_of(block), array("f", bytes(4 * 128))
    compress.amplitudes(kernels, 0.001, out)
    assert abs(out[20] - 4.0) < 0.002 and abs(out[19] - 2.0) < 0.002 and out[30] < 0.001
    assert "128 bins" in raised(compress.amplitudes, kernels, 0.001, array("f", [0.0]))
