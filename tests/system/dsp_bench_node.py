"""The node's side of tools/bench_dsp.py: times the vibration features, one JSON object a line.

`dsp_bench_node.py FOLDER` with the compiled firmware in FOLDER. On a board: copy the firmware and
this file, then `import dsp_bench_node; dsp_bench_node.on_node()`.
"""

import sys

if sys.argv[1:]:
    # Before any other import: the folder comes from the launcher; a board has no arguments.
    sys.path[:] = [".frozen"]
    sys.path.extend(sys.argv[1:2])

import json
import math
import time
from array import array

RATE_HZ = 3200.0
SCALE = 0.0039
LENGTHS = (1024, 4096)
KEYS = (
    "acc_rms_g",
    "acc_peak_g",
    "acc_p2p_g",
    "crest",
    "mean_g",
    "kurtosis",
    "skewness",
    "vel_rms_mm_s",
    "disp_rms_um",
    "hf_rms_g",
    "line1_hz",
    "line1_g",
    "line2_hz",
    "line2_g",
    "line3_hz",
    "line3_g",
    "shaft_hz",
    "order1_mm_s",
    "order2_mm_s",
    "order3_mm_s",
)


def signal(samples):
    """A machine of 25 Hz with three orders, a resonance and some noise, int16[samples]."""
    block, seed = array("h", bytes(2 * samples)), 1
    for i in range(samples):
        seed = (seed * 1103515245 + 12345) % 2147483648
        t = 2 * math.pi * i / RATE_HZ
        x = 2000 * math.sin(25.3 * t) + 800 * math.sin(50.6 * t) + 300 * math.sin(75.9 * t)
        block[i] = int(x + 3000 * math.sin(911.7 * t) + (seed >> 8) % 401 - 200)
    return block


def best_us(call, times, repeat=1):
    """The least time of `repeat` calls, in microseconds."""
    least = None
    for _ in range(times):
        start = time.ticks_us()
        for _ in range(repeat):
            call()
        spent = time.ticks_diff(time.ticks_us(), start)
        least = spent if least is None else min(least, spent)
    return least


def all_features(module, samples, block):
    """A call that computes all features of one axis."""
    from node.vibration import Vibration

    vibration = Vibration(module, samples, shaft_hz=25.3)
    out, withheld = {}, {}
    return lambda: vibration.compute(block, SCALE, RATE_HZ, KEYS, out, withheld)


def plain_ulab(samples, block):
    """A call that computes the same definitions as one writes them in ulab."""
    import ulab
    from ulab import numpy as np

    window = np.array([0.5 - 0.5 * math.cos(2 * math.pi * i / samples) for i in range(samples)])
    half, bin_hz = samples // 2, RATE_HZ / samples
    omega = np.arange(half) * (2 * math.pi * bin_hz)
    omega[0] = 1

    def line(amplitude, k):
        side = 1 if amplitude[k + 1] > amplitude[k - 1] else -1
        ratio = min(1, max(0.5, amplitude[k + side] / amplitude[k]))
        d = (2 * ratio - 1) / (1 + ratio)
        gain = math.pi * d * (1 - d * d) / math.sin(math.pi * d) if d else 1
        return (k + side * d) * bin_hz, amplitude[k] * gain

    def compute():
        x = ulab.utils.from_int16_buffer(block) * SCALE
        mean = np.mean(x)
        d = x - mean
        square = d * d
        m2 = np.mean(square)
        rms = math.sqrt(m2)
        peak = max(np.max(d), -np.min(d))
        values = [rms, peak, np.max(d) - np.min(d), peak / rms, mean]
        values += [np.mean(square * square) / (m2 * m2), np.mean(square * d) / (m2 * rms)]
        bins = np.fft.fft(d * window)
        real, imag = bins.real[:half], bins.imag[:half]
        square = real * real + imag * imag
        power = square * (16 / 3 / samples / samples)
        low = max(2, round(10 / bin_hz) - 1)
        high = min(half - 1, round(1000 / bin_hz) + 1) + 1
        weighted = power[low:high] / (omega[low:high] * omega[low:high])
        values.append(9806.65 * math.sqrt(np.sum(weighted)))
        weighted = weighted / (omega[low:high] * omega[low:high])
        values.append(9.80665e6 * math.sqrt(np.sum(weighted)))
        values.append(math.sqrt(np.sum(power[round(1000 / bin_hz) :])))
        amplitude = np.sqrt(square) * (4 / samples)
        middle = amplitude[3 : half - 2]
        peaks = middle * (middle > amplitude[2 : half - 3]) * (middle >= amplitude[4 : half - 1])
        for _ in range(3):
            at = np.argmax(peaks)
            values += line(amplitude, at + 3)
            peaks[max(0, at - 3) : at + 4] = 0
        for n in (1, 2, 3):
            place = n * 25.3 / bin_hz
            start = math.ceil(place - 1.5)
            hertz, g = line(amplitude, start + np.argmax(amplitude[start : start + 3]))
            values.append(g * 9806.65 / math.sqrt(2) / (2 * math.pi * hertz))
        return values

    return compute


def plain_python(samples, block):
    """A call that computes RMS and kurtosis of one axis as one writes them in Python."""

    def compute():
        mean = sum(block) / samples
        m2 = m4 = 0.0
        for x in block:
            square = (x - mean) * (x - mean)
            m2 += square
            m4 += square * square
        return math.sqrt(m2 / samples) * SCALE, m4 * samples / m2 / m2

    return compute


def kernels_us(kernels, block, times):
    """Each step of a backend's kernels, in the order of use."""
    found, taken = {}, array("H", bytes(6))
    half = kernels.samples // 2
    steps = (
        ("load", lambda: kernels.load(block)),
        ("moments", kernels.moments),
        ("transform", kernels.transform),
        ("band sum", lambda: kernels.power_sum(3, half)),
        ("integrals", lambda: kernels.integrals(3, half)),
        ("three lines", lambda: kernels.lines(3, half - 2, taken, 3)),
    )
    for name, call in steps:
        # A transform uses its samples up; the others may be repeated.
        found[name] = best_us(call, 1 if name == "transform" else times)
    return found


def on_node(times=3):
    """Print one JSON object a line, the last with "done"."""
    import gc

    from node.dsp import backend

    for samples in LENGTHS:
        block = signal(samples)
        gc.collect()
        line = {"samples": samples, "us": {}, "kernels_us": {}}
        for name in ("viper", "ulab"):
            try:
                module = backend(name)
                call = all_features(module, samples, block)
                call()
            except (ValueError, MemoryError):
                continue
            line["us"][name] = best_us(call, times)
            line["us"][name + ", 3 axes"] = best_us(call, times, 3)
            call = None
            gc.collect()
            line["kernels_us"][name] = kernels_us(module.Kernels(samples), block, times)
            gc.collect()
        try:
            call = plain_ulab(samples, block)
            call()
            line["us"]["plain ulab"] = best_us(call, times)
            line["us"]["plain ulab, 3 axes"] = best_us(call, times, 3)
        except ImportError:
            pass
        except MemoryError:
            line["us"]["plain ulab"] = None
        call = plain_python(samples, block)
        line["us"]["plain Python, RMS and kurtosis only"] = best_us(call, times)
        print(json.dumps(line))
    print(json.dumps({"done": True}))


if __name__ == "__main__":
    on_node()
