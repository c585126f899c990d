"""The spectrum in few bytes, and in full."""

import math
from array import array

from node import compress
from node.dsp import backend
from node.vibration import Vibration
from wire import spectrum


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


def test_log_bins__one_tone__its_rms_in_its_bin():
    block = array(
        "h", [round(4000 * math.sin(2 * math.pi * 100.3 * i / 1024)) for i in range(1024)]
    )
    kernels = spectrum_of(block)
    bounds, out = compress.edges(1024, 24), bytearray(24)
    compress.log_bins(kernels, 0.001, bounds, out)
    at = max(range(24), key=lambda i: out[i])
    assert bounds[at] <= 100 < bounds[at + 1]
    total = math.sqrt(sum(spectrum.value_g(code) ** 2 for code in out))
    assert abs(total / (4.0 / math.sqrt(2)) - 1) < 0.04
    assert "24 bytes for 8" in raised(compress.log_bins, kernels, 0.001, bounds[:9], out)


def test_amplitudes__one_tone__peak_in_g():
    block = array("h", [round(4000 * math.sin(2 * math.pi * 20 * i / 256)) for i in range(256)])
    kernels, out = spectrum_of(block), array("f", bytes(4 * 128))
    compress.amplitudes(kernels, 0.001, out)
    assert abs(out[20] - 4.0) < 0.002 and abs(out[19] - 2.0) < 0.002 and out[30] < 0.001
    assert "128 bins" in raised(compress.amplitudes, kernels, 0.001, array("f", [0.0]))


def test_levels__one_tone__its_amplitudes_in_two_bytes():
    block = array("h", [round(4000 * math.sin(2 * math.pi * 20 * i / 256)) for i in range(256)])
    kernels, out, exact = spectrum_of(block), bytearray(256), array("f", bytes(4 * 128))
    compress.levels(kernels, 0.001, out)
    compress.amplitudes(kernels, 0.001, exact)
    for k in range(128):
        code = out[2 * k] | out[2 * k + 1] << 8
        g = spectrum.value_g(code, 16)
        assert abs(g - exact[k]) <= max(2e-4 * exact[k], 1.01e-6), (k, code, g, exact[k])
        # As the contract has it, but for a rounding between two codes.
        assert abs(code - spectrum.level(exact[k] * exact[k], 16)) <= 1, (k, code)
    assert abs(spectrum.value_g(out[40] | out[41] << 8, 16) - 4.0) < 0.003
    assert "100 bytes" in raised(compress.levels, kernels, 0.001, bytearray(100))
    # Silence is the least level.
    compress.levels(spectrum_of(array("h", [7] * 256)), 0.001, out)
    assert set(out) == {0}
