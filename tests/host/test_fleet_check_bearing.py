"""What cannot be judged of a bearing is said before a node is made; and what fits a Pico W."""

import pytest

from host.fleet_rig import judged
from nodewright.fleet import memory

SPI = """chip = "kx134"
bus = "spi0"
int1 = 15
range = "64g"
"""
OLD = """chip = "adxl345"
bus = "i2c0"
address = 0x53
int1 = 15                  # its interrupt; without one it is polled
range = "16g"
"""
CLAMPS = """
[sets.currents]
kind = "current"
rate = "8kHz"
samples = 1024
every = "10s"
features = ["cur_rms_a", "cur_running"]

[nodes.pump-1.sensors.clamps]
chip = "adc"
point = "pump-1/drive-end"
full_scale = "3.3V"
bias = "1.65V"
inputs.l1 = { input = 26, per_volt = 100 }
motor = { on = "2A", pole_pairs = 2 }
sets = ["currents"]
"""
VALUES = ["env_bpfo_g", "env_bpfo_snr", "env_bpfi_g", "env_bpfi_snr", "bearing_fault"]


def fast(samples: int = 4096, blocks: int = 8, rate: str = "12800Hz", more: str = "") -> str:
    keys = ", ".join(f'"{key}"' for key in VALUES)
    return (
        f'\n[sets.fast]\nrate = "{rate}"\nsamples = {samples}\nblocks = {blocks}\n'
        f'every = "60s"\nfeatures = [{keys}{more}]\n'
    )


def bearing(folder, *changes, end=None, board="pico_w"):
    """The example with a fast sensor, which measures its bearing and nothing else."""
    return judged(
        folder,
        (OLD, SPI),
        ('sets = ["severity", "on-demand"]', 'sets = ["fast"]'),
        ('board = "virtual"', f'board = "{board}"'),
        *changes,
        end=fast() if end is None else end,
    )


def named(found, path):
    return [f"{one.value} {one.allowed} {one.cure}" for one in found.errors if one.name == path]


def test_check__fast_record_of_three_axes_with_envelopes__fits_all_but_a_pico_w(tmp_path) -> None:
    # docs/decisions/0028-heap.md: 203 KB on the emulated chip, of the 190 of a Pico W
    (told,) = named(bearing(tmp_path / "w"), "nodes.pump-1.board")
    assert "190 KB, which pico_w has" in told
    assert bearing(tmp_path / "v", board="virtual").errors == []
    found = bearing(tmp_path / "f", board="pico2_w")
    assert found.errors == [], [str(one) for one in found.errors]
    parts = memory.estimate(found.nodes["pump-1"]).parts
    # Sums of one axis; of the kernels' 34 KB not the data, which is in two blocks.
    assert parts["envelope"] == 34_000 + round(1.7 * 4096)
    assert parts["work space"] == round(5_600 + 3.0 * 4096) - 9_000


def test_check__what_does_not_fit__refused_with_the_cure(tmp_path) -> None:
    one_block = bearing(tmp_path / "f", end=fast(blocks=1))
    (told,) = named(one_block, "nodes.pump-1.board")
    assert "blocks = 8" in told and "190 KB" in told
    beside = (
        ('sets = ["fast"]', 'sets = ["fast", "severity"]'),
        ("samples = 1024", "samples = 4096"),
    )
    both = bearing(tmp_path / "g", *beside, ('every = "10s"', 'every = "20s"'))
    assert any(one.name == "nodes.pump-1.board" for one in both.errors)


def test_check__channels_in_turn__take_the_time_of_all_of_them(tmp_path) -> None:
    # 8 * 4096 / 12800 are 2.56 s: three axes 7.68 s.
    for seconds, good in ((7, False), (8, True)):
        found = bearing(tmp_path / str(seconds), end=fast().replace("60s", f"{seconds}s"))
        assert (named(found, "sets.fast.every") == []) == good
    (told,) = named(bearing(tmp_path / "h", end=fast().replace("60s", "7s")), "sets.fast.every")
    assert "7.68 s" in told


def geometry(balls: int, ball: str) -> tuple[str, str]:
    return 'type = "6205"', f'balls = {balls}\nball = "{ball}"\npitch = "39mm"'


def orders(bpfo: float, bpfi: float) -> tuple[str, str]:
    return 'type = "6205"', f"bpfo = {bpfo}\nbpfi = {bpfi}\nbsf = 2.36\nftf = 0.398"


def speed(rpm: int) -> tuple[str, str]:
    return 'speed = "1480rpm"', f'speed = "{rpm}rpm"'


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        (geometry(9, "14mm"), "bearings.drive-end.ball", "at most"),
        (geometry(99, "1mm"), "bearings.drive-end.ball", "bpfi 50.7"),  # no node measures it
        (geometry(2, "7mm"), "bearings.drive-end.balls", "3"),
        (orders(3.58, 99), "bearings.drive-end.bpfi", "50"),
        (orders(5.42, 3.58), "bearings.drive-end.bpfo", "above bpfo"),
        (speed(0), "assets.pump-1.speed", "rpm"),
        (speed(300), "sets.fast.samples", "turns"),
        (speed(2900), "sets.fast.rate", "third harmonic"),
    ],
)
def test_check__bearing_that_cannot_be_judged__said_at_its_place(
    tmp_path, change, path, said
) -> None:
    found = bearing(tmp_path / "f", change)
    told = named(found, path)
    assert any(said in text for text in told), [str(one) for one in found.findings]


def test_check__rate_under_10_khz__said(tmp_path) -> None:
    found = bearing(tmp_path / "f", end=fast(rate="6400Hz"))
    assert any("10" in text for text in named(found, "sets.fast.rate")), found.findings


def test_check__no_speed_for_a_bearing__said_with_both_cures(tmp_path) -> None:
    unknown = ('speed = "1480rpm"', "")
    (told,) = named(bearing(tmp_path / "f", unknown), "sets.fast.features")
    assert "always withheld" in told and 'add "shaft_hz"' in told and "its speed" in told
    # Each of these tells it: the spectrum of the set, a tachometer.
    by_spectrum = bearing(tmp_path / "g", unknown, end=fast(more=', "shaft_hz"'))
    by_tacho = bearing(tmp_path / "h", unknown, ("int1 = 15", "int1 = 15\ntacho = 16"))
    for found in (by_spectrum, by_tacho):
        assert named(found, "sets.fast.features") == []
    for motor, good in (("pole_pairs = 2", True), ('rated = "11A"', False)):
        clamps = CLAMPS.replace("pole_pairs = 2", motor)
        by_slip = bearing(tmp_path / f"s{good}", unknown, end=fast() + clamps)
        assert (named(by_slip, "sets.fast.features") == []) == good, by_slip.findings


def test_check__clamps_at_the_machine_of_a_sensor__its_motor(tmp_path) -> None:
    clamps = CLAMPS.replace('every = "10s"', 'every = "60s"')
    found = bearing(tmp_path, board="pico2_w", end=fast(samples=2048) + clamps)
    assert found.errors == [], [str(one) for one in found.errors]
    sensor = found.compiled["pump-1"].settings["sensors"][0]
    assert (sensor["kind"], sensor["motor"]) == ("accelerometer", "clamps")
    # Whether it runs is known before the first verdict on it.
    assert found.compiled["pump-1"].settings["sets"][0]["kind"] == "current"


def test_check__speed_error_of_a_fleet_that_says_nothing_else__is_sure_enough(tmp_path) -> None:
    asset = 'speed_error = "0.5%"'
    for change, good in ((asset, True), ("", True), ('speed_error = "0.6%"', False)):
        found = bearing(tmp_path / f"f{len(change)}", (asset, change))
        assert (named(found, "sets.fast.samples") == []) == good, change
