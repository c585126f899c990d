"""The node's side of `tools/bench_dsp.py --envelope`: one block of 4096, one axis, five bands.

`envelope_bench_node.py FOLDER` with the compiled firmware in FOLDER.  On a board: copy firmware
and this file, then `import envelope_bench_node; envelope_bench_node.on_node()`.  Plain ulab, the
same definitions as one writes them in ulab's calls, is timed band by band: a Pico has not the
memory for 4096 samples in one piece.
"""

import sys

if __name__ == "__main__" and sys.argv[1:]:
    # Before any other import: the folder comes from the launcher; a board has no arguments.
    sys.path[:] = [".frozen"]
    sys.path.extend(sys.argv[1:2])

import gc
import json
import math
import time
from array import array

SAMPLES = 4096
RATE_HZ, SCALE, SHAFT_HZ = 20000.0, 0.001, 30.0
ORDERS = {"bpfo": 3.0516, "bpfi": 4.9484, "bsf": 1.9903, "ftf": 0.38145}
BANDS = ((512, 1024), (1024, 1024), (256, 512), (768, 512), (1280, 512))


def signal(samples, seed=1):
    """A bearing whose inner race rings at 4 kHz, over noise, int16[samples]."""
    block, ring = array("h", bytes(2 * samples)), 0.0
    each = RATE_HZ / (ORDERS["bpfi"] * SHAFT_HZ)
    for i in range(samples):
        seed = (seed * 1103515245 + 12345) % 2147483648
        ring = 4000.0 if i % each < 1 else ring * 0.97
        x = ring * math.sin(1.25663706 * i) + 2000 * math.sin(0.0094248 * i)
        block[i] = int(x + (seed >> 8) % 1601 - 800)
    return block


def best_us(call, times):
    """The shortest of so many calls, after one that warms up; the collector is left out."""
    call()
    least = None
    for _ in range(times):
        gc.collect()
        start = time.ticks_us()
        call()
        spent = time.ticks_diff(time.ticks_us(), start)
        least = spent if least is None else min(least, spent)
    return least


def hann(np, count):
    return 0.5 - 0.5 * np.cos(np.arange(count) * (2 * math.pi / count))


def of_band(np, spectrum, samples, window, first, count, amplitude):
    """Plain: (|E|**2 of the log envelope, A**2 of the envelope or None) of one band."""
    e = np.fft.ifft(spectrum[first : first + count])
    real, imag = e.real, e.imag
    e = np.sqrt(real * real + imag * imag) * (2.0 * count / samples)
    real = imag = None
    mean = np.mean(e)
    found = None
    if amplitude:
        found = np.fft.fft((e - mean) * window)
        real, imag = found.real, found.imag
        found = (real * real + imag * imag) * (16.0 / count / count)
    e = np.log(np.maximum(e, mean / 64))
    e = np.fft.fft((e - np.mean(e)) * window)
    real, imag = e.real, e.imag
    return real * real + imag * imag, found


def plain_us(np, read, samples, times):
    """Microseconds of each part of a block in plain ulab calls."""
    found = {}

    def transform():
        x = read()
        return np.fft.fft(x - np.mean(x))

    try:
        found["FFT"] = best_us(transform, times)
    except MemoryError:
        found["FFT"] = None
    for name, part, amplitude in (
        ("first band", 4, True),
        ("band of 1024", 4, False),
        ("band of 512", 8, False),
    ):
        gc.collect()
        count = samples // part
        few = np.fft.fft(read(count))
        window = hann(np, count)
        sums = np.zeros(count // 2)

        def band(few=few, window=window, count=count, amplitude=amplitude, sums=sums):
            log, _ = of_band(np, few, samples, window, 0, count, amplitude)
            sums += log[: count // 2]

        found[name] = best_us(band, times)
        few = window = sums = band = None
    return found


def measured(name, block, times):
    """Times and memory of one backend."""
    from node import dsp
    from node.envelope import KEYS, Envelope

    module = dsp.backend(name)
    dsp.envelope(name)  # its code is no work space
    out, withheld, marked = {}, {}, {}
    found = {}
    for axes in (1, 3):
        gc.collect()
        before = gc.mem_alloc()
        envelope = Envelope(module, SAMPLES, ORDERS, 0, axes)
        gc.collect()
        found[f"bytes, {axes} axes"] = gc.mem_alloc() - before
        if axes == 1:
            found["add_us"] = best_us(lambda envelope=envelope: envelope.add(block), times)

            def finish(envelope=envelope):
                envelope.finish(SCALE, RATE_HZ, SHAFT_HZ, None, KEYS, out, withheld, marked)

            found["finish_us"] = best_us(finish, 1)
            finish = None  # it holds the envelope
            found["fault"] = out.get("bearing_fault")
            found["scores"] = dict(envelope.scores)
        envelope = None
    return found


def on_node(times=3):
    """Print one JSON object a line, the last with "done"."""
    block = signal(SAMPLES)
    for name in ("viper", "ulab"):
        gc.collect()
        try:
            found = measured(name, block, times)
        except (ValueError, MemoryError) as error:
            found = {"missing": repr(error)}
        print(json.dumps({"backend": name, "found": found}))
    try:
        import ulab
    except ImportError:
        pass
    else:
        gc.collect()

        def read(count=SAMPLES):
            return ulab.utils.from_int16_buffer(memoryview(block)[:count])

        found = plain_us(ulab.numpy, read, SAMPLES, times)
        print(json.dumps({"backend": "plain ulab", "found": found}))
    print(json.dumps({"done": True}))


if __name__ == "__main__":
    on_node()
