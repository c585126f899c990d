"""The node's side of tools/bench_dsp.py and bench_pico_dsp.py: times the vibration features.

`dsp_bench_node.py FOLDER [SAMPLES ...]` with the compiled firmware in FOLDER. On a board: copy
firmware and this file, then `import dsp_bench_node; dsp_bench_node.on_node()`, or after a reset
for each, as memory wants it, `dsp_bench_node.on_board("viper", 1024)`. Prints lines of JSON.
"""

import sys

if __name__ == "__main__" and sys.argv[1:]:
    # Before any other import: the folder comes from the launcher; a board has no arguments.
    sys.path[:] = [".frozen"]
    sys.path.extend(sys.argv[1:2])

import json
import math
import time
from array import array

RATE_HZ = 3200.0
SCALE = 0.0039
LENGTHS = (256, 512, 1024, 2048, 4096)
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
GROUPS = (
    ("time values", KEYS[:7]),
    ("velocity, displacement", KEYS[7:9]),
    ("high frequency", KEYS[9:10]),
    ("three lines", KEYS[10:16]),
    ("three orders", KEYS[16:]),
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


def features(module, samples, block, keys=KEYS):
    """(a call that computes features of one axis, its values)."""
    from node.vibration import Vibration

    vibration = Vibration(module, samples, shaft_hz=25.3)
    out, withheld = {}, {}
    return lambda: vibration.compute(block, SCALE, RATE_HZ, keys, out, withheld), out


def in_ulab(samples, block):
    """A call that computes the same definitions as one writes them in ulab."""
    import ulab

    return in_arrays(ulab.numpy, lambda: ulab.utils.from_int16_buffer(block), samples)


def in_arrays(np, read, samples):
    """The same definitions in calls that ulab and NumPy share; read(): the samples in digits.

    Arrays are let go where they are done with: else 4096 samples do not fit into a Pico.
    """
    half, bin_hz = samples // 2, RATE_HZ / samples
    window = np.arange(samples) * (2 * math.pi / samples)
    window = np.cos(window)
    window = 0.5 - 0.5 * window
    omega = np.arange(half) * (2 * math.pi * bin_hz)
    omega[0] = 1

    def compute():
        d = read() * SCALE
        mean = np.mean(d)
        d = d - mean
        square = d * d
        m2 = np.mean(square)
        m3 = np.mean(square * d)
        square = square * square
        m4 = np.mean(square)
        square = None
        values = time_values(m2, m3, m4, max(np.max(d), -np.min(d)), np.max(d) - np.min(d), mean)
        d = d * window
        bins = np.fft.fft(d)
        d = None
        real, imag = bins.real[:half], bins.imag[:half]
        bins = None
        power = (real * real + imag * imag) * (16 / 3 / samples / samples)
        real = imag = None
        low, high = severity_bins(samples)
        weighted = power[low:high] / (omega[low:high] * omega[low:high])
        values.append(9806.65 * math.sqrt(np.sum(weighted)))
        weighted = weighted / (omega[low:high] * omega[low:high])
        values.append(9.80665e6 * math.sqrt(np.sum(weighted)))
        values.append(math.sqrt(np.sum(power[round(1000 / bin_hz) :])))
        amplitude = np.sqrt(power * 3)
        middle = amplitude[3 : half - 2]
        peaks = middle * (middle > amplitude[2 : half - 3]) * (middle >= amplitude[4 : half - 1])
        for _ in range(3):
            at = int(np.argmax(peaks))
            values += line(amplitude, at + 3, bin_hz)
            peaks[max(0, at - 3) : at + 4] = 0
        return values + orders(amplitude, bin_hz, lambda part: int(np.argmax(part)))

    return compute


def time_values(m2, m3, m4, peak, p2p, mean):
    rms = math.sqrt(m2)
    return [rms, peak, p2p, peak / rms, mean, m4 / (m2 * m2), m3 / (m2 * rms)]


def severity_bins(samples):
    bin_hz = RATE_HZ / samples
    low = max(2, int(10 / bin_hz + 0.5) - 1)
    return low, min(samples // 2 - 1, int(1000 / bin_hz + 0.5) + 1) + 1


def line(amplitude, k, bin_hz):
    side = 1 if amplitude[k + 1] > amplitude[k - 1] else -1
    ratio = min(1, max(0.5, amplitude[k + side] / amplitude[k]))
    d = (2 * ratio - 1) / (1 + ratio)
    gain = math.pi * d * (1 - d * d) / math.sin(math.pi * d) if d else 1
    return [(k + side * d) * bin_hz, amplitude[k] * gain]


def orders(amplitude, bin_hz, greatest):
    values = [25.3]
    for n in (1, 2, 3):
        place = n * 25.3 / bin_hz
        reach = max(1.5, 0.01 * place)
        start, end = math.ceil(place - reach), math.floor(place + reach) + 1
        if start < 3:
            values.append(None)  # the record is too short
            continue
        hertz, g = line(amplitude, start + greatest(amplitude[start:end]), bin_hz)
        values.append(g * 9806.65 / math.sqrt(2) / (2 * math.pi * hertz))
    return values


def in_python(samples, block):
    """The same definitions in plain Python, its FFT by two in place."""
    half, bin_hz = samples // 2, RATE_HZ / samples
    turn = [
        complex(math.cos(2 * math.pi * i / samples), -math.sin(2 * math.pi * i / samples))
        for i in range(half)
    ]
    window = [0.5 - 0.5 * math.cos(2 * math.pi * i / samples) for i in range(samples)]

    def transform(x):
        at = 0
        for i in range(1, samples):
            bit = samples >> 1
            while at & bit:
                at ^= bit
                bit >>= 1
            at |= bit
            if i < at:
                x[i], x[at] = x[at], x[i]
        span = 1
        while span < samples:
            step = half // span
            for start in range(0, samples, 2 * span):
                for k in range(span):
                    a, b = x[start + k], x[start + k + span] * turn[k * step]
                    x[start + k], x[start + k + span] = a + b, a - b
            span *= 2

    def compute():
        mean = sum(block) / samples
        d = [(x - mean) * SCALE for x in block]
        m2 = m3 = m4 = 0.0
        for x in d:
            square = x * x
            m2 += square
            m3 += square * x
            m4 += square * square
        peak, p2p = max(max(d), -min(d)), max(d) - min(d)
        values = time_values(m2 / samples, m3 / samples, m4 / samples, peak, p2p, mean * SCALE)
        bins = [complex(d[i] * window[i], 0.0) for i in range(samples)]
        transform(bins)
        scale = 16 / 3 / samples / samples
        power = [scale * (z.real * z.real + z.imag * z.imag) for z in bins[:half]]
        low, high = severity_bins(samples)
        once = twice = 0.0
        for k in range(low, high):
            omega = 2 * math.pi * bin_hz * k
            once += power[k] / (omega * omega)
            twice += power[k] / (omega * omega * omega * omega)
        values += [9806.65 * math.sqrt(once), 9.80665e6 * math.sqrt(twice)]
        values.append(math.sqrt(sum(power[round(1000 / bin_hz) :])))
        amplitude = [math.sqrt(3 * p) for p in power]
        taken = []
        for _ in range(3):
            best = at = 0
            for k in range(3, half - 2):
                a = amplitude[k]
                peak = a > best and amplitude[k - 1] < a >= amplitude[k + 1]
                if peak and all(abs(k - other) >= 4 for other in taken):
                    best, at = a, k
            taken.append(at)
            values += line(amplitude, at, bin_hz)
        return values + orders(amplitude, bin_hz, lambda part: part.index(max(part)))

    return compute


def check(name, values, out, part=0.01):
    """Raise ValueError where values are not those of out: then times would mean nothing."""
    for i in range(len(KEYS)):
        key, value = KEYS[i], values[i]
        if key in ("mean_g", "skewness"):  # near zero in this signal
            continue
        if key in out and value is not None and abs(value - out[key]) > part * abs(out[key]):
            raise ValueError(name, key, value, out[key])


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


def on_node(times=3, lengths=LENGTHS, python=True):
    """Print one JSON object a line, the last with "done"."""
    for samples in lengths:
        print(json.dumps(measured(samples, times, python)))
    print(json.dumps({"done": True}))


def measured(samples, times, python):
    """Times of one record length, in microseconds; None where memory did not do."""
    import gc

    from node.dsp import backend

    block, right = signal(samples), {}
    found = {"samples": samples, "us": {}, "groups_us": {}, "kernels_us": {}}
    for name in ("viper", "ulab"):
        gc.collect()
        try:
            module = backend(name)
        except ValueError:
            continue  # this interpreter has no ulab
        try:
            call, out = features(module, samples, block)
            call()
            right = right or out
            found["us"][name] = best_us(call, times)
            found["us"][name + ", 3 axes"] = best_us(call, times, 3)
            call = None
            gc.collect()
            if name == "viper":
                found["groups_us"] = groups_us(module, samples, block, times)
                gc.collect()
            found["kernels_us"][name] = kernels_us(module.Kernels(samples), block, times)
        except MemoryError:
            found["us"].setdefault(name, None)
        call = None
    for name, make in (("plain ulab", in_ulab), ("plain Python", in_python)):
        if make is in_python and not python:
            continue
        gc.collect()
        try:
            call = make(samples, block)
            check(name, call(), right)
            found["us"][name] = best_us(call, times)
        except ImportError:
            pass
        except MemoryError:
            found["us"][name] = None
        call = None
    return found


def on_board(way, samples, block=None, times=2):
    """Print the times and the memory of one way alone, on a board that was just reset.

    way: viper, ulab or plain ulab; block: int16[samples], else the signal is made here.
    """
    found = {"way": way, "samples": samples}
    try:
        alone(found, way, samples, signal(samples) if block is None else block, times)
    except MemoryError as error:
        found["missing"] = repr(error)
    print(json.dumps(found))


def alone(found, way, samples, block, times):
    """Fill found: values, us of one axis and of three, bytes of code, work space and garbage."""
    import gc

    gc.collect()
    before = gc.mem_alloc()
    if way == "plain ulab":
        gc.collect()
        call = in_ulab(samples, block)
        found["values"] = call()
    else:
        from node.dsp import backend

        module = backend(way)
        features(module, 64, array("h", bytes(128)))[0]()  # loads all code
        gc.collect()
        found["code_bytes"] = gc.mem_alloc() - before
        before = gc.mem_alloc()
        call, out = features(module, samples, block)
        call()
        found["values"] = [out.get(key) for key in KEYS]
    gc.collect()
    found["work_bytes"] = gc.mem_alloc() - before
    found["us"] = best_us(call, times)
    found["us, 3 axes"] = best_us(call, 1, 3)
    if way == "viper":
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        call()
        found["garbage_bytes"] = gc.mem_alloc() - before
        gc.enable()
        if samples == 1024:
            call = None
            gc.collect()
            found["groups_us"] = groups_us(module, samples, block, times)
            found["kernels_us"] = kernels_us(module.Kernels(samples), block, times)


def groups_us(module, samples, block, times):
    """Groups of features, each as if asked for alone."""
    found = {}
    for name, keys in GROUPS:
        call, _ = features(module, samples, block, keys)
        call()
        found[name] = best_us(call, times)
    return found


if __name__ == "__main__":
    on_node(lengths=[int(text) for text in sys.argv[2:]] or LENGTHS)
