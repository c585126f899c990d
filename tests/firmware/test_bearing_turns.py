"""The bearing of a set: whose speed counts and how sure it is; channels together or in turn."""

import sys
from array import array

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from envelope_truth import bearing, noise

from node import dsp
from node.bearing import Bearing
from node.envelope import KEYS
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


def told(found, index=0, timed=None, estimated=None):
    values, withheld, marked = {}, {}, {}
    found.finish(index, SCALE, RATE_HZ, timed, estimated, values, withheld, marked)
    return values, withheld, marked


def test_finish__an_estimated_speed__withheld_by_its_own_uncertainty():
    module = dsp.backend("viper")
    found = made(module, None)
    found.begin()
    for block in BLOCKS:
        found.add(block, 0)
    _, withheld, _ = told(found)
    assert withheld["bearing_fault"] == "no_speed"
    values, withheld, _ = told(found, estimated=(SHAFT_HZ, 0.0051))
    assert withheld["bearing_fault"] == "uncertain_speed" and not values
    values, _, marked = told(found, estimated=(SHAFT_HZ, 0.0049))
    assert values["bearing_fault"] == 1.0 and marked["bearing_fault"] != "speed_unproven"
    values, _, marked = told(found, estimated=(SHAFT_HZ, None))
    assert values["bearing_fault"] == 1.0


def test_finish__several_speeds__the_tachometers_before_the_set_one_before_an_estimate():
    module = dsp.backend("viper")
    found = made(module, SHAFT_HZ, 0.3)
    found.begin()
    for block in BLOCKS:
        found.add(block, 0)
    _, withheld, _ = told(found, timed=(SHAFT_HZ, 0.02), estimated=(SHAFT_HZ, 0.001))
    assert withheld["bearing_fault"] == "uncertain_speed"
    values, _, _ = told(found, estimated=(2 * SHAFT_HZ, 0.02))
    assert values["bearing_fault"] == 1.0


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
    # Two blocks and the kernels' data are one and the same memory.
    assert blocks[1][0] != record[-1][0] or blocks[2][7] != record[-1][7]


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
