"""The bearing of a set: whose speed counts and how sure it is; channels together or in turn."""

import sys
from array import array

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from envelope_truth import bearing, noise

from node import dsp
from node.bearing import Bearing
from node.envelope import KEYS, Envelope
from node.health import Health
from node.turns import lengths, turns_of
from node.workspace import Workspace

SAMPLES, RATE_HZ, SCALE, TURNS = 1024, 12800.0, 0.001, 2.6
SHAFT_HZ = TURNS * RATE_HZ / SAMPLES
ORDERS = {"bpfo": 3.585, "bpfi": 5.415, "bsf": 2.357, "ftf": 0.398}
CHANNELS = ("x", "y", "z")
BLOCKS = [bearing(SAMPLES, TURNS, ORDERS["bpfo"], seed) for seed in (1, 2)]
OTHERS = [array("h", noise(SAMPLES, 500, seed)) for seed in (3, 4)]
SET = {"kind": "waveform", "name": "fast", "samples": SAMPLES, "envelope_band": 0}


def measured(blocks, features=("bearing_fault",), samples=SAMPLES):
    return dict(SET, blocks=blocks, features=features, samples=samples)


def made(module, shaft_hz=SHAFT_HZ, error_pct=None, share=None, spent=None):
    sensor = {
        "channels": CHANNELS,
        "bearing": ORDERS,
        "shaft_hz": shaft_hz,
        "shaft_error_pct": error_pct,
    }
    return Bearing(module, measured(2), sensor, KEYS, share, Health(), spent)


def told(found, index=0, timed=None, estimated=None, rate_ppm=0):
    values, withheld, marked = {}, {}, {}
    found.finish(index, SCALE, RATE_HZ, rate_ppm, timed, estimated, values, withheld, marked)
    return values, withheld, marked


def test_finish__an_estimated_speed__withheld_by_its_own_uncertainty():
    module = dsp.backend("viper")
    found = made(module, None)
    found.begin()
    for block in BLOCKS:
        found.add(block, 0)
    _, withheld, _ = told(found)
    assert withheld["bearing_fault"] == "no_speed"
    assert found.speed is None
    for source in ("slip", "spectrum"):
        values, withheld, _ = told(found, estimated=(SHAFT_HZ, 0.0051, source))
        assert withheld["bearing_fault"] == "uncertain_speed" and not values
        assert found.speed == [SHAFT_HZ, 100 * 0.0051, source]
        values, _, marked = told(found, estimated=(SHAFT_HZ, 0.0049, source))
        assert values["bearing_fault"] == 1.0 and "bearing_fault" in marked
    values, _, marked = told(found, estimated=(SHAFT_HZ, None, "slip"))
    assert values["bearing_fault"] == 1.0


def test_finish__a_spectrums_speed__lines_have_to_confirm_it():
    module = dsp.backend("viper")
    found = made(module, None)
    found.begin()
    for block in OTHERS:  # noise
        found.add(block, 0)
    for source, reason in (("slip", "few_blocks"), ("spectrum", "speed_unproven")):
        values, _, marked = told(found, estimated=(SHAFT_HZ, 0.001, source))
        assert values["bearing_fault"] == 0.0 and marked["bearing_fault"] == reason, source


def test_finish__an_uncertain_rate__withholds_as_an_uncertain_speed_does():
    module = dsp.backend("viper")
    # What is set, its error in %, timed, estimated, ppm of the rate: what is said of the speed
    for shaft_hz, error_pct, timed, estimated, ppm, pct in (
        (SHAFT_HZ, 0.5, None, None, 0, 0.5),
        (SHAFT_HZ, 0.5, None, None, 10, 0.5),  # of a machine by default, and a crystal
        (SHAFT_HZ, 0.5, None, None, 1000, 0.5),
        (SHAFT_HZ, 0.5, None, None, 4900, 0.5),
        (SHAFT_HZ, 0.51, None, None, 0, 0.51),
        (SHAFT_HZ, 0.3, None, None, 4900, 0.49),
        (SHAFT_HZ, 0.3, None, None, 5100, 0.51),
        (SHAFT_HZ, None, None, None, 4900, None),
        (SHAFT_HZ, None, None, None, 5100, 0.51),
        (None, None, (SHAFT_HZ, 0.001), None, 4500, 0.45),
        (None, None, (SHAFT_HZ, 0.001), None, 5500, 0.55),
        (None, None, None, (SHAFT_HZ, 0.001, "slip"), 5500, 0.55),
        (None, None, None, (SHAFT_HZ, 0.001, "spectrum"), 5500, 0.1),  # of bins, as the lines
    ):
        found = made(module, shaft_hz, error_pct)
        found.begin()
        for block in BLOCKS:
            found.add(block, 0)
        values, withheld, _ = told(found, 0, timed, estimated, ppm)
        case = (error_pct, timed, estimated, ppm, found.speed)
        if pct is None:
            assert found.speed[1] is None, case
        else:
            assert abs(found.speed[1] - pct) < 1e-4, case
        if pct is not None and pct > 0.5:
            assert withheld["bearing_fault"] == "uncertain_speed", case
        else:
            assert values["bearing_fault"] == 1.0, case


def test_finish__several_speeds__the_tachometers_before_the_set_one_before_an_estimate():
    module = dsp.backend("viper")
    found = made(module, SHAFT_HZ, 0.3)
    found.begin()
    for block in BLOCKS:
        found.add(block, 0)
    _, withheld, _ = told(found, timed=(SHAFT_HZ, 0.02), estimated=(SHAFT_HZ, 0.001, "slip"))
    assert withheld["bearing_fault"] == "uncertain_speed" and found.speed[2] == "tacho"
    values, _, _ = told(found, estimated=(2 * SHAFT_HZ, 0.02, "slip"))
    assert values["bearing_fault"] == 1.0 and found.speed[2] == "settings"


def test_add__a_band_of_the_settings__amplitudes_are_of_that_band():
    module = dsp.backend("viper")
    sensor = {"channels": ("x",), "bearing": ORDERS, "shaft_hz": SHAFT_HZ, "shaft_error_pct": 0.1}
    told_g = []
    for band in range(5):
        found = Bearing(
            module, dict(measured(2), envelope_band=band), sensor, KEYS, None, Health()
        )
        alone = Envelope(module, SAMPLES, ORDERS, band)
        for each in (found, alone):
            each.begin()
        for block in BLOCKS:
            found.add(block, 0)
            alone.add(block)
        out = {}
        alone.finish(SCALE, RATE_HZ, SHAFT_HZ, 0.001, ("env_bpfo_g",), out, {})
        told_g.append(out["env_bpfo_g"])
        assert told(found)[0]["env_bpfo_g"] == told_g[-1], band
    assert len(set(told_g)) == 5


def test_turns__set_of_several_blocks_of_a_bearing__one_channel_after_the_other():
    assert turns_of(measured(8), 3) == ((0,), (1,), (2,))
    assert turns_of(measured(1), 3) == ((0, 1, 2),)
    assert turns_of(measured(8, ("acc_rms_g",)), 2) == ((0, 1),)
    one, other = measured(8), measured(1, ("acc_rms_g",), 256)
    assert lengths([one, other, {"kind": "value"}]) == (SAMPLES,)
    assert lengths([one, measured(1)]) == ()


def test_workspace__channels_in_turn__as_with_memory_of_its_own():
    module = dsp.backend("viper")
    workspace = Workspace(module, (SAMPLES,))
    blocks = workspace.blocks(SAMPLES)
    kernels = workspace.Kernels(SAMPLES, False)
    turned = made(module, share=kernels, spent=blocks[0])
    apart = made(module, share=module.Kernels(SAMPLES))
    apart.begin()
    for index, record in enumerate((BLOCKS, OTHERS)):
        turned.begin()
        for block in record:
            for slot in blocks:  # the sensor fills all three
                for i in range(SAMPLES):
                    slot[i] = block[i]
            turned.add(blocks[0], index)
            apart.add(block, index)
        assert told(turned, index) == told(apart, index)
    # Two blocks and the kernels' data are one and the same memory: neither is what came in.
    assert list(blocks[1]) != list(record[-1]) and list(blocks[2]) != list(record[-1])


def test_kernels__lent_data__the_same_powers():
    module = dsp.backend("viper")
    lent, own = (
        module.Kernels(SAMPLES, False, array("h", bytes(4 * SAMPLES))),
        module.Kernels(SAMPLES),
    )
    for kernels in (lent, own):
        kernels.load(BLOCKS[0])
        kernels.transform()
    assert [lent.power(k) for k in range(1, 500)] == [own.power(k) for k in range(1, 500)]
    assert lent.power_sum(3, 400) == own.power_sum(3, 400)
    try:
        module.Kernels(SAMPLES, False, array("h", bytes(2 * SAMPLES)))
        raise AssertionError("half of the memory was taken")
    except ValueError as error:
        assert "2048" in str(error)
