"""A recording that stands at a converter's inputs."""

import os
import sys
from array import array
from math import pi, sin

import paths
from paths import TESTS

sys.path.append(TESTS + "/firmware")

from sim.played import Played

RATE_HZ = 10_000
LINE_HZ = 50


def _made(name, frames=2000):
    """Two currents and a voltage, whole cycles of them."""
    values = array("i")
    for i in range(frames):
        angle = 2 * pi * LINE_HZ * i / RATE_HZ
        for part in (1.0, 0.5, sin(1.0)):
            values.append(int(1e6 * part * sin(angle + part)))
    try:
        os.mkdir(paths.SCRATCH)
    except OSError:
        pass
    path = paths.SCRATCH + "/" + name
    with open(path, "wb") as file:
        file.write(values)
    config = {"path": path, "rate_hz": RATE_HZ, "currents": 2, "voltages": 1}
    config["scales"] = [1e-6, 2e-6, 3e-6]
    return Played(config, lambda path, mode: open(path, mode))


def test_played__each_column__between_its_frames_and_in_a_loop():
    recording = _made("played.i32")
    out = array("d", bytes(8 * 40))
    for play, column, part, scale in (
        (recording.amps, 0, 1.0, 1.0),
        (recording.amps, 1, 0.5, 2.0),
        (recording.volts, 0, sin(1.0), 3.0),
    ):
        for from_s in (0.01234, 0.19, 7.31):  # 0.2 s are recorded
            play(column, from_s, 1 / 7777, out)
            for i in range(len(out)):
                angle = 2 * pi * LINE_HZ * (from_s + i / 7777)
                assert abs(out[i] - scale * part * sin(angle + part)) < 1e-3, (column, i)


def test_played__nothing_or_too_few_scales__value_error():
    for frames, scales in ((1, [1, 1, 1]), (100, [1, 1])):
        try:
            recording = _made("short.i32", frames)
            Played(
                {
                    "path": paths.SCRATCH + "/short.i32",
                    "rate_hz": 1,
                    "currents": 3,
                    "scales": scales,
                },
                lambda path, mode: open(path, mode),
            )
        except ValueError as error:
            assert error.args[0] in ("path", "scales")
            continue
        raise AssertionError((frames, recording))
