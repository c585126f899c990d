"""What capture by ADC and DMA does on a Pico, beside the features of the record before.

On a board: copy the compiled firmware and this file, then `import clamps_bench_node;
clamps_bench_node.on_node()`.  Prints one JSON object a line: what each record says, how long the
CPU was held for what, and whether anything was allocated while the converter ran.
"""

import asyncio
import gc
import json
import time

from micropython import heap_lock, heap_unlock

from node import dsp
from node.clamps import Clamps
from node.current_set import CurrentSet
from node.drivers.inputs import Take, make_blocks
from node.health import Health
from node.workspace import Workspace

PINS = (26, 27, 28)
RATE_HZ, SAMPLES = 8000, 1024
PER_VOLT, BIAS_V, LINE_HZ, FULL_SCALE_V = 20.0, 1.65, 50, 3.3
FEATURES = [
    "cur_rms_a",
    "cur_peak_a",
    "cur_crest",
    "cur_freq_hz",
    "cur_fund_a",
    "cur_thd_pct",
    "cur_thd_floor_pct",
    "cur_unbalance_pct",
    "cur_neg_seq_pct",
    "cur_phase_order",
]


def settings(samples, rate_hz):
    """Three clamps at the board's own converter, and a set without a pause between records."""
    inputs = [
        {
            "channel": "abc"[place],
            "input": pin,
            "quantity": "current",
            "per_volt": PER_VOLT,
            "phase_deg": 0,
            "noise": 0.01,
        }
        for place, pin in enumerate(PINS)
    ]
    sensor = {
        "kind": "current",
        "name": "clamps",
        "chip": "adc",
        "bus": None,
        "full_scale_v": FULL_SCALE_V,
        "bias_v": BIAS_V,
        "line_hz": LINE_HZ,
        "inputs": inputs,
        "motor": None,
    }
    measured = {
        "name": "currents",
        "sensor": "clamps",
        "rate_hz": rate_hz,
        "samples": samples,
        "features": FEATURES,
        "schedule": {"kind": "interval", "interval_ms": samples * 1000 // rate_hz},
    }
    return sensor, measured


def driver_alone(device, samples):
    """Begin to end with the heap locked: what is held up, and that nothing is allocated."""
    blocks, take = make_blocks(len(PINS), samples), Take(len(PINS))
    begin_us = record_us = finish_us = before = after = 0  # microseconds, bytes
    for _ in range(2):  # the first one warms up
        gc.collect()
        before = gc.mem_alloc()
        heap_lock()
        try:
            began_ticks = time.ticks_us()
            device.begin()
            begin_us = time.ticks_diff(time.ticks_us(), began_ticks)
            while device.left_us():
                pass
            record_us = time.ticks_diff(time.ticks_us(), began_ticks)
            done_ticks = time.ticks_us()
            device.finish(blocks, take)
            finish_us = time.ticks_diff(time.ticks_us(), done_ticks)
        finally:
            heap_unlock()
        after = gc.mem_alloc()
    return {
        "begin_us": begin_us,
        "record_us": record_us,
        "finish_us": finish_us,
        "allocated_bytes": after - before,
        "rate_hz": take.rate_hz,
        "seen_hz": 1e6 * samples / record_us,
        "overruns": take.overruns,
    }


async def in_a_row(measured, health, count):
    """Records one after the other, another task beside them: who waits for whom."""
    turns = [0, 0]

    async def other():
        last = time.ticks_us()
        while True:
            await asyncio.sleep_ms(5)
            now = time.ticks_us()
            turns[0] += 1
            turns[1] = max(turns[1], time.ticks_diff(now, last))
            last = now

    task = asyncio.create_task(other())
    lines = []
    for _ in range(count):
        health.stages_us.clear()
        began = time.ticks_us()
        await measured.run()
        spent = time.ticks_diff(time.ticks_us(), began)
        result = measured.result
        lines.append(
            {
                "run_us": spent,
                "stages_us": dict(health.stages_us),
                "record": result.record,
                "channels": {name: dict(result.channels[name]) for name in result.channels},
                "withheld": {name: dict(result.withheld[name]) for name in result.withheld},
                "marked": {name: dict(result.marked[name]) for name in result.marked},
                "faults": list(result.faults),
            }
        )
    task.cancel()
    return lines, {"other_turns": turns[0], "other_waited_us": turns[1]}


def waiting(rate_hz=2000, samples=1024):
    """Round and round for some laps, then a record of it: what a look takes, and whether the
    record has a seam."""
    from node import hal
    from node.drivers.rp2_ring import RP2Ring

    ring = RP2Ring(hal.Analogue())
    ring.configure(rate_hz, samples, PINS, FULL_SCALE_V, LINE_HZ)
    lap_ms, look_us, risen = samples * 1000 // rate_hz, 0, False
    ring.watch()
    for _ in range(9):
        time.sleep_ms(lap_ms // 4)
        began_ticks = time.ticks_us()
        risen = ring.risen((100, 100, 100)) or risen
        look_us = max(look_us, time.ticks_diff(time.ticks_us(), began_ticks))
    ring._was_low = True  # as if what flows had not flowed yet
    time.sleep_ms(lap_ms // 4)
    seen = ring.risen((100, 100, 100))
    left_us = ring.left_us()
    blocks, take = make_blocks(len(PINS), samples), Take(len(PINS))
    began_ticks = time.ticks_us()
    ring.finish(blocks, take)
    took_us = time.ticks_diff(time.ticks_us(), began_ticks)
    middle = sum(blocks[0]) / samples
    rms = (sum([(x - middle) ** 2 for x in blocks[0]]) / samples) ** 0.5
    step = max([abs(blocks[0][i] - blocks[0][i - 1]) for i in range(1, samples)])
    return {
        "risen_early": risen,
        "risen": seen,
        "look_us": look_us,
        "left_us": left_us,
        "finish_us": took_us - left_us,
        "overruns": take.overruns,
        "rms_a": rms * ring.per_digit(0) * PER_VOLT,
        # Of a sine between two samples, over what it can be: more is a seam
        "step": step / (rms * 1.4142 * 2 * 3.1416 * LINE_HZ / rate_hz),
    }


def on_node(records=5, samples=SAMPLES, rate_hz=RATE_HZ):
    """Print one JSON object a line, the last with "done"."""
    sensor, wanted = settings(samples, rate_hz)
    health = Health()
    clamps = Clamps(sensor, "sensors[0]", health)
    measured = CurrentSet(wanted, "sets[0]", clamps, Workspace(dsp.backend("viper")), health)
    print(json.dumps(driver_alone(clamps.converter(rate_hz, samples), samples)))
    lines, beside = asyncio.run(in_a_row(measured, health, records))
    for line in lines:
        print(json.dumps(line))
    beside["errors"] = health.errors
    print(json.dumps(beside))
    del measured, lines
    clamps.converter(rate_hz, samples).stop()
    gc.collect()
    print(json.dumps(waiting()))
    gc.collect()
    print(json.dumps({"done": True, "free": gc.mem_free()}))
