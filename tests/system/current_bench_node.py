"""How long the features of currents take on a node: one JSON object a line.

`current_bench_node.py FOLDER` with the compiled firmware in FOLDER.  On a board: copy the firmware
and this file, then `import current_bench_node; current_bench_node.on_node()`.
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

RATE_HZ, LINE_HZ = 8000.0, 50.03
_OF_VOLTAGES = ("cur_volt_v", "cur_power_w", "cur_apparent_va", "cur_power_factor")


def phase(samples, place):
    """A current of a rectifier's harmonics, 12 bits."""
    block, begin = array("h", bytes(2 * samples)), -place * 2 * math.pi / 3
    for i in range(samples):
        t = 2 * math.pi * LINE_HZ * i / RATE_HZ + begin
        x = 1300 * math.sin(t) + 250 * math.sin(5 * t) + 120 * math.sin(7 * t)
        block[i] = 2048 + int(x + i * 7919 % 5 - 2)
    return block


def spent_us(call):
    begin = time.ticks_us()
    call()
    return time.ticks_diff(time.ticks_us(), begin)


def kernels_us(sums, block):
    """Each step of one channel."""
    found = array("f", bytes(4 * 32))
    steps = (
        ("weigh", lambda: sums.weigh(0, block)),
        ("line", lambda: sums.line(0, block, RATE_HZ)),
        ("harmonics", lambda: sums.harmonics(0, block, sums.turns, 15, found)),
        ("cross", lambda: sums.cross(0, block, 0, block)),
        ("crossings", lambda: sums.crossings(0, block)),
    )
    return {name: spent_us(call) for name, call in steps}


def measured(samples, voltages=0):
    from node.current import KEYS, Current
    from node.dsp import backend

    blocks = [phase(samples, place % 3) for place in range(3 + voltages)]
    gc.collect()
    before = gc.mem_alloc()
    current = Current(backend("viper"), samples, 3, voltages, None, [0.0] * (3 + voltages))
    gc.collect()
    space = gc.mem_alloc() - before
    told = [[{}, {}, {}] for _ in range(3)]
    keys = tuple([key for key in KEYS if voltages or key not in _OF_VOLTAGES])
    scales = [0.01] * (3 + voltages)

    def compute():
        current.compute(blocks, scales, RATE_HZ, 50.0, keys, *told)

    compute()
    times = []
    for _ in range(3):
        gc.collect()
        times.append(spent_us(compute))
    gc.collect()
    found = {"samples": samples, "voltages": voltages, "all_us": min(times), "space": space}
    found["kernels_us"] = kernels_us(current.sums, blocks[0])
    return found


def on_node():
    """Print one JSON object a line, the last with "done"."""
    for samples, voltages in ((1024, 0), (1024, 3), (4096, 0)):
        print(json.dumps(measured(samples, voltages)))
    print(json.dumps({"done": True}))


if __name__ == "__main__":
    on_node()
