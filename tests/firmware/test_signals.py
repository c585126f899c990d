"""What the twins feel: the physics of the machines, and recordings played in."""

import math
from array import array

from paths import SCRATCH

from sim.bearing import orders
from sim.machines import PRESETS
from sim.noise import NORMAL, mix, uniform
from sim.signals import source

RATE_HZ = 800.0

# Seed 7, samples 12345 and 12346 at 800 Hz: x, y, z in g
GOLDEN = {
    "fan": (-0.1332757, -0.0535565, 0.7911909, 0.0225389, -0.0017143, 0.9334621),
    "motor": (0.3350173, 0.1376068, 1.5471550, -0.3283353, -0.1569514, 0.5776688),
    "pump": (-0.0561636, -0.0124454, 0.9470269, 0.0014936, 0.0033715, 0.9914100),
}
# Floats of 24 bits hold 15 s to 1 us: of the ringing of a bearing at some kHz that is 1e-3.
GOLDEN_WITHIN = 1e-6 if 1.0 + 1e-10 != 1.0 else 1e-3


def _machine(seed=1, **config):
    return source({"kind": "machine", "machine": config, "seed": seed}, None)


def _block(signal, count, start=0, rate_hz=RATE_HZ):
    """x, y, z of count samples in g."""
    out = array("d", bytes(8 * 3 * count))
    signal.fill(start, count, rate_hz, out)
    return [[out[i] for i in range(axis, 3 * count, 3)] for axis in range(3)]


def _tone(block, frequency_hz, rate_hz=RATE_HZ):
    """Amplitude and phase (turns) of a line, by a Hann-weighted sum."""
    count = len(block)
    mean = sum(block) / count
    re = im = weights = 0.0
    for i in range(count):
        weight = 0.5 - 0.5 * math.cos(2 * math.pi * i / count)
        angle = 2 * math.pi * frequency_hz * i / rate_hz
        re += weight * (block[i] - mean) * math.cos(angle)
        im -= weight * (block[i] - mean) * math.sin(angle)
        weights += weight
    return 2 * math.sqrt(re * re + im * im) / weights, math.atan2(im, re) / (2 * math.pi)


def _velocity_mm_s(block, frequency_hz, rate_hz=RATE_HZ):
    amplitude_g = _tone(block, frequency_hz, rate_hz)[0]
    return amplitude_g * 9806.65 / (2 * math.pi * frequency_hz) / math.sqrt(2)


def _refusal(call):
    try:
        call()
    except ValueError as error:
        return error.args
    raise AssertionError("accepted")


QUIET = {"noise_ug_rt_hz": 0, "wander": 0, "misalignment_mm_s": 0, "passing_mm_s": 0}


def test_mix__counted_keys__are_evenly_spread_and_independent():
    bits = [0] * 32
    together = 0
    for key in range(4000):
        value = mix(key)
        assert 0 <= value < 1 << 32
        for bit in range(32):
            bits[bit] += value >> bit & 1
        together += (value ^ mix(key + 1)) >> 7 & 1
    for count in bits:
        assert abs(count - 2000) < 150
    assert abs(together - 2000) < 150
    assert 0 <= uniform(5) < 1


def test_normal__sum_of_two_bytes__has_the_moments():
    count, power, fourth = 6000, 0.0, 0.0
    for key in range(count):
        value = mix(key)
        sample = NORMAL[value & 0xFF] + NORMAL[value >> 8 & 0xFF]
        power += sample**2
        fourth += sample**4
    assert abs(power / count - 1) < 0.06
    assert 2.6 < fourth / count / (power / count) ** 2 < 3.3


def test_machine__golden_samples__are_the_same_on_every_interpreter():
    for preset in sorted(GOLDEN):
        x, y, z = _block(_machine(7, preset=preset), 2, 12345)
        got = (x[0], y[0], z[0], x[1], y[1], z[1])
        for k in range(6):
            assert abs(got[k] - GOLDEN[preset][k]) < GOLDEN_WITHIN, (preset, got)


def test_machine__damaged_bearing__pushes_nothing_away_in_the_mean():
    for race in ("outer", "inner", "ball"):
        fault = dict(PRESETS["motor"]["fault"])
        fault["race"] = race
        x, y, _ = _block(_machine(fault=fault, preset="motor"), 8192, rate_hz=3200.0)
        for axis in (x, y):
            assert abs(sum(axis) / len(axis)) < 0.02, (race, sum(axis) / len(axis))


def test_machine__any_order_of_asking__gives_the_same_samples():
    for preset in PRESETS:
        whole = _block(_machine(preset=preset), 64, 1000)
        other = _machine(preset=preset)
        later = _block(other, 16, 1048)
        earlier = _block(other, 48, 1000)
        for axis in range(3):
            assert earlier[axis] + later[axis] == whole[axis]
        assert _block(_machine(2, preset=preset), 64, 1000) != whole


def test_machine__unbalance__is_a_turning_force_that_grows_with_the_square_of_the_speed():
    slow = _block(_machine(speed_hz=20, rated_hz=20, unbalance_mm_s=4, **QUIET), 800)
    fast = _block(_machine(speed_hz=40, rated_hz=20, unbalance_mm_s=4, **QUIET), 800)
    assert abs(_velocity_mm_s(slow[0], 20) - 4) < 0.05
    assert abs(_tone(fast[0], 40)[0] / _tone(slow[0], 20)[0] - 4) < 0.05  # acceleration
    ahead = (_tone(slow[0], 20)[1] - _tone(slow[2], 20)[1]) % 1
    assert abs(ahead - 0.25) < 0.01


def test_machine__causes__show_at_their_orders():
    quiet = dict(QUIET)
    quiet.update({"speed_hz": 20, "rated_hz": 20, "unbalance_mm_s": 0})
    for change, axis, lines in (
        ({"misalignment_mm_s": 3}, 1, ((40, 3.0), (20, 1.5), (60, 0))),
        ({"looseness_mm_s": 2}, 2, ((10, 1.2), (30, 0.8), (60, 1.6), (20, 0))),
        ({"passing_mm_s": 2, "passing_count": 5}, 2, ((100, 2), (20, 0))),
        ({"hum_mm_s": 2, "mains_hz": 50}, 2, ((100, 2), (50, 0))),
    ):
        config = dict(quiet)
        config.update(change)
        block = _block(_machine(**config), 800)[axis]
        for frequency_hz, velocity_mm_s in lines:
            # The sensor's filter takes what is near its bandwidth: 0.2 % at 100 of 400 Hz.
            got = _velocity_mm_s(block, frequency_hz)
            assert abs(got - velocity_mm_s) < 0.02 * velocity_mm_s + 0.02, (
                change,
                frequency_hz,
                got,
            )


def test_machine__gravity__stands_on_its_axis():
    for axis, name in enumerate("xyz"):
        block = _block(_machine(unbalance_mm_s=0, gravity=name, **QUIET), 8)
        assert [round(channel[3], 9) for channel in block] == [axis == 0, axis == 1, axis == 2]


def test_machine__wander__moves_the_speed_within_its_part():
    machine = _machine(speed_hz=25, wander=0.004)
    speeds = [(machine.turns(t + 0.05) - machine.turns(t)) / 0.05 for t in range(60)]
    assert 25 * 1.001 < max(speeds) <= 25 * 1.004 + 1e-6
    assert 25 * 0.996 - 1e-6 <= min(speeds) < 25 * 0.999
    assert abs(machine.turns(600.0) / 600 / 25 - 1) < 1e-3


def test_machine__presets__have_the_levels_of_their_condition():
    for preset, frequency_hz, low, high in (("pump", 24.67, 0.5, 0.8), ("fan", 16.33, 7, 9)):
        x = _block(_machine(preset=preset, noise_ug_rt_hz=0), 1600)[0]
        assert low < _velocity_mm_s(x, frequency_hz) < high, preset
    for preset in PRESETS:
        for rate_hz in (800.0, 3200.0):
            for channel in _block(_machine(preset=preset), 800, 0, rate_hz):
                assert min(channel) > -15 and max(channel) < 15


def test_orders__6205__are_those_of_the_catalogue():
    found = orders({"balls": 9, "ball_mm": 7.94, "pitch_mm": 39.04, "angle_deg": 0})
    for name, wanted in (("outer", 3.585), ("inner", 5.415), ("ball", 2.357), ("cage", 0.398)):
        assert abs(found[name] - wanted) < 0.002, name


def test_fault__each_race__knocks_at_its_own_rate():
    for race, order in (("outer", 3.585), ("inner", 5.415), ("ball", 2 * 2.357)):
        fault = {"race": race, "impact_g": 3.0, "slip": 0.01, "modes": ((1150, 0.05, 1.0),)}
        machine = _machine(speed_hz=40, unbalance_mm_s=0, fault=fault, **QUIET)
        count = 3200
        z = [abs(value - 1) for value in _block(machine, count, 0, 3200.0)[2]]
        # A line of the envelope, against its neighbourhood
        line = max([_tone(z, order * 40 * k, 3200.0)[0] for k in (0.998, 1.0, 1.002)])
        beside = [_tone(z, order * 40 + d, 3200.0)[0] for d in (-23, -17, -11, 11, 17, 23)]
        assert line > 4 * sum(beside) / len(beside), (race, line, beside)


def test_fault__inner_race__is_modulated_by_the_shaft():
    lines = {}
    for race in ("inner", "outer"):
        fault = {"race": race, "impact_g": 3.0, "slip": 0.005, "modes": ((1150, 0.05, 1.0),)}
        machine = _machine(speed_hz=40, unbalance_mm_s=0, fault=fault, **QUIET)
        z = [abs(value - 1) for value in _block(machine, 3200, 0, 3200.0)[2]]
        lines[race] = _tone(z, 40.0, 3200.0)[0]
    assert lines["inner"] > 4 * lines["outer"], lines


def test_source__bad_configuration__names_key_value_and_allowed():
    assert _refusal(lambda: source({"kind": "tape"}, None))[:2] == ("kind", "tape")
    assert _refusal(lambda: _machine(preset="mill")) == (
        "preset",
        "mill",
        ["fan", "motor", "pump"],
    )
    assert _refusal(lambda: _machine(sped_hz=3))[:2] == ("sped_hz", 3)
    fault = {"race": "middle", "impact_g": 1, "slip": 0, "modes": ()}
    assert _refusal(lambda: _machine(fault=fault))[:2] == ("race", "middle")


def _recording(frames, channels, **config):
    path = SCRATCH + "/recording-%d-%d.bin" % (frames, channels)
    values = array("i", [1000 * (i // channels) + i % channels for i in range(frames * channels)])
    with open(path, "wb") as file:
        file.write(values)
    given = {"kind": "samples", "path": path, "rate_hz": 800, "channels": channels, "scale_g": 0.5}
    given.update(config)
    return source(given, open)


def test_recording__its_own_rate__is_played_as_it_is_and_in_a_loop():
    signal = _recording(100, 3)
    x, y, z = _block(signal, 40, 80)
    frames = [k % 100 for k in range(80, 120)]
    assert x == [500.0 * k for k in frames]
    assert y == [500.0 * k + 0.5 for k in frames]
    assert z == [500.0 * k + 1.0 for k in frames]
    assert _block(signal, 3, 1_000_000_007)[0] == [500.0 * k for k in (7, 8, 9)]
    assert _block(signal, 5, 2)[0] == [500.0 * k for k in (2, 3, 4, 5, 6)]


def test_recording__fewer_channels__repeats_them():
    x, y, z = _block(_recording(50, 1), 4)
    assert x == y == z == [0, 500.0, 1000.0, 1500.0]
    x, y, z = _block(_recording(50, 2), 4)
    assert x == z and y[1] == 500.5


def test_recording__other_rate__is_interpolated():
    x = _block(_recording(100, 3), 9, 0, 1600.0)[0]
    assert x == [250.0 * k for k in range(9)]
    x = _block(_recording(100, 3), 9, 0, 400.0)[0]
    assert x == [1000.0 * k for k in range(9)]


def test_recording__without_a_frame__is_refused():
    assert _refusal(lambda: _recording(0, 3))[0] == "path"
