"""When bearing values are withheld or marked, and that no block whatever breaks them."""

import math
import sys
from array import array

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from envelope_truth import bearing, noise

from node import dsp
from node.envelope import KEYS, ORDERS, Envelope
from node.lines import searched

SAMPLES, RATE_HZ, SCALE = 1024, 12800.0, 0.001
BEARING = {"bpfo": 3.585, "bpfi": 5.415, "bsf": 2.357, "ftf": 0.398}


class Healthy:
    """A baseline of the rest of the world."""

    def __init__(self, value, proven=True):
        self.value, self.proven = value, proven

    def threshold(self, kind, blocks):
        return self.value


def backends():
    found = [dsp.backend("viper")]
    try:
        found.append(dsp.backend("ulab"))
    except ValueError:
        pass  # this interpreter has no ulab
    return found


def told(
    blocks=None, turns=2.6, rate_hz=RATE_HZ, orders=BEARING, error=None, shaft_hz=0.0, **more
):
    """(withheld, marked, envelope, out) of blocks, on the viper backend."""
    blocks = blocks or [array("h", noise(SAMPLES, 500))]
    envelope = Envelope(dsp.backend("viper"), len(blocks[0]), orders)
    for block in blocks:
        envelope.add(block)
    if shaft_hz is not None:
        shaft_hz = shaft_hz or turns * rate_hz / len(blocks[0])
    out, withheld, marked = {}, {}, {}
    envelope.finish(SCALE, rate_hz, shaft_hz, error, KEYS, out, withheld, marked, **more)
    assert set(out) | set(withheld) == set(KEYS) and not set(out) & set(withheld)
    return withheld, marked, envelope, out


def all_withheld(reason, **given):
    withheld, marked, envelope, out = told(**given)
    assert not out and not marked and not envelope.verdicts, (given, out)
    assert set(withheld.values()) == {reason}, (given, withheld)


def test_finish__no_speed_or_one_that_is_none__no_speed():
    for shaft_hz in (None, -3.0, 1e4, float("nan")):
        all_withheld("no_speed", shaft_hz=shaft_hz)


def test_finish__no_orders__no_bearing():
    all_withheld("no_bearing", orders=None)
    withheld, _, _, out = told(orders={"bpfi": 5.415})
    assert withheld["bearing_fault"] == withheld["env_bpfo_g"] == "no_bearing"
    assert "env_bpfi_snr" in out


def test_finish__uncertain_speed__withheld_from_half_a_percent_on():
    all_withheld("uncertain_speed", error=0.0051)
    withheld, _, _, _ = told(error=0.0049)
    assert "uncertain_speed" not in withheld.values()


def test_finish__under_two_turns__too_short():
    all_withheld("too_short", turns=1.99)
    withheld, _, _, _ = told(turns=2.01)
    assert withheld == {"env_ftf_g": "too_short", "env_ftf_snr": "too_short"}


def test_finish__cage__needs_five_of_its_turns():
    blocks = [array("h", noise(4096, 500))]
    for turns, expected in ((12.4, "too_short"), (12.6, None)):
        withheld, _, _, _ = told(blocks=blocks, turns=turns)
        assert withheld.get("env_ftf_snr") == expected, turns


def test_finish__third_harmonic_beyond_the_narrowest_band__bandwidth():
    # 3 * 5.415 * turns reaches 0.05 * 1024 bins at 3.1517 turns.
    withheld, _, _, out = told(turns=3.152)
    for key in ("env_bpfi_g", "env_bpfi_snr", "bearing_fault"):
        assert withheld[key] == "bandwidth", withheld
    assert "env_bpfo_g" in out
    withheld, _, _, _ = told(turns=3.151)
    assert "bandwidth" not in withheld.values()


def test_finish__rate_under_10_khz__no_verdict_but_values():
    withheld, _, _, out = told(rate_hz=9999.0)
    assert withheld["bearing_fault"] == "bandwidth" and "env_bpfo_snr" in out
    withheld, _, _, _ = told(rate_hz=10000.0)
    assert "bearing_fault" not in withheld


def test_finish__four_blocks__no_longer_few():
    blocks = [array("h", noise(SAMPLES, 500, seed)) for seed in range(1, 5)]
    for count, few in ((3, True), (4, False)):
        _, _, envelope, _ = told(blocks=blocks[:count])
        assert ("few_blocks" in envelope.marks["bpfo"]) == few


def test_finish__line_on_a_multiple_of_the_shafts__marked():
    # |3.585 - 4| * 2.6 = 1.08 bins, |5.415 - 5| the same; of 3.7 turns 1.54.
    for turns, near in ((2.6, True), (3.1, True)):
        _, _, envelope, _ = told(turns=turns)
        assert ("near_shaft" in envelope.marks["bpfo"]) == near, turns
    blocks = [array("h", noise(4096, 500))]
    for turns, near in ((3.6, True), (3.62, False)):
        _, _, envelope, _ = told(blocks=blocks, turns=turns)
        assert ("near_shaft" in envelope.marks["bpfo"]) == near, turns
    _, _, envelope, _ = told(blocks=blocks, turns=4.0, orders=dict(BEARING, bpfi=5.05))
    assert "near_shaft" in envelope.marks["bpfi"] and "near_shaft" not in envelope.marks["bpfo"]


def test_finish__learned_threshold__counts_and_proves():
    blocks = [bearing(SAMPLES, 2.6, BEARING["bpfi"], seed) for seed in (1, 2, 3, 4)]
    _, _, envelope, out = told(blocks=blocks)
    assert out["bearing_fault"] == 2.0 and "threshold_unproven" in envelope.marks["bpfi"]
    score = envelope.scores["bpfi"]
    for value, fault in ((score - 0.01, 2.0), (score + 0.01, 0.0)):
        _, _, envelope, out = told(blocks=blocks, baseline=Healthy(value))
        assert out["bearing_fault"] == fault
        assert "threshold_unproven" not in envelope.marks["bpfi"]
    _, _, envelope, _ = told(blocks=blocks, baseline=Healthy(0.7, proven=False))
    assert "threshold_unproven" in envelope.marks["bpfi"]


def test_finish__both_races_over_their_threshold__the_greater_named():
    for name, fault in (("bpfo", 1.0), ("bpfi", 2.0)):
        blocks = [bearing(SAMPLES, 2.6, BEARING[name], seed) for seed in (1, 2)]
        _, _, envelope, out = told(blocks=blocks, baseline=Healthy(-9.0))
        assert out["bearing_fault"] == fault
        assert envelope.verdicts == {"bpfo": name == "bpfo", "bpfi": name == "bpfi"}


def test_finish__no_block__withheld():
    envelope = Envelope(dsp.backend("viper"), SAMPLES, BEARING)
    withheld = {}
    envelope.finish(SCALE, RATE_HZ, 30.0, None, KEYS, {}, withheld)
    assert set(withheld) == set(KEYS)


def test_finish__one_block_of_equal_samples__silent():
    for module in backends():
        for level in (0, -32768, 32767):
            envelope = Envelope(module, SAMPLES, BEARING)
            envelope.add(array("h", noise(SAMPLES, 500)))
            envelope.add(array("h", [level] * SAMPLES))
            withheld = {}
            envelope.finish(SCALE, RATE_HZ, 32.5, None, KEYS, {}, withheld)
            assert set(withheld.values()) == {"silent"}, withheld


def hostile(samples):
    """Blocks that may hold nothing good."""
    yield [0] * (samples - 1) + [1]
    yield [32767] + [-32768] * (samples - 1)
    yield [32767 if i % 2 else -32768 for i in range(samples)]
    yield [i % 2 for i in range(samples)]
    yield [32767 if i % 7 < 3 else -32768 for i in range(samples)]
    yield [int(32767 * math.sin(math.pi * 0.5 * i)) for i in range(samples)]
    yield [int(32767 * math.sin(2 * math.pi * 3 * i / samples)) for i in range(samples)]
    yield [max(-32768, min(32767, 90 * x)) for x in noise(samples, 1000)]
    yield [i % 65536 - 32768 for i in range(0, 37 * samples, 37)]
    yield [32767 if i == samples // 2 else 0 for i in range(samples)]


def test_finish__hostile_blocks__finite_or_withheld():
    for module in backends():
        for samples in (256, 1024):
            for values in hostile(samples):
                envelope = Envelope(module, samples, dict.fromkeys(ORDERS, 1.0))
                for _ in range(3):
                    envelope.add(array("h", values))
                out, withheld = {}, {}
                rate_hz = 12.6 if samples == 1024 else 20000.0
                envelope.finish(SCALE, rate_hz, 4.1 * rate_hz / samples, None, KEYS, out, withheld)
                assert set(out) | set(withheld) == set(KEYS)
                for key in out:
                    assert -1e30 < out[key] < 1e30, (module.NAME, values[:5], key, out[key])


def test_envelope__what_cannot_work__value_error():
    viper = dsp.backend("viper")
    for given in (
        (100, BEARING),
        (128, BEARING),
        (8192, BEARING),
        (1024, {"bpfx": 3.0}),
        (1024, {"bpfo": 0.0}),
        (1024, {"bpfo": -3.0}),
        (1024, {"bpfo": 51.0}),
        (1024, {"bpfo": float("nan")}),
        (1024, BEARING, 5),
        (1024, BEARING, -1),
        (1024, BEARING, 0, 4),
        (1024, BEARING, 0, 0),
    ):
        try:
            Envelope(viper, *given)
        except ValueError:
            continue
        raise AssertionError(given)


def test_finish__what_cannot_work__value_error():
    envelope = Envelope(dsp.backend("viper"), SAMPLES, BEARING)
    for given in (
        (0.0, RATE_HZ, 30.0, None, KEYS),
        (float("nan"), RATE_HZ, 30.0, None, KEYS),
        (SCALE, 0.0, 30.0, None, KEYS),
        (SCALE, RATE_HZ, 30.0, None, ("acc_rms_g",)),
    ):
        try:
            envelope.finish(*given, {}, {})
        except ValueError:
            continue
        raise AssertionError(given)
    for module in backends():
        for block in (array("h", [0] * 1023), array("h", [0] * 2048)):
            try:
                Envelope(module, SAMPLES, BEARING).add(block)
            except ValueError:
                continue
            raise AssertionError(len(block))


def test_finish__a_tone_and_no_noise__below_the_floor_and_no_score():
    for module in backends():
        block = array(
            "h", [int(9000 * math.sin(2 * math.pi * 3 * i / SAMPLES)) for i in range(SAMPLES)]
        )
        envelope = Envelope(module, SAMPLES, BEARING)
        for _ in range(4):
            envelope.add(block)
        withheld = {}
        envelope.finish(SCALE, RATE_HZ, 32.5, None, KEYS, {}, withheld)
        for key in ("env_bpfo_g", "env_bpfo_snr", "env_bpfi_snr", "bearing_fault"):
            assert withheld[key] == "below_floor", (module.NAME, withheld)
        assert "bpfo" not in envelope.scores and not envelope.verdicts and not envelope.marks
        # Asked for alone, it is only known to be below once it has been worked out.
        out = {}
        envelope.finish(SCALE, RATE_HZ, 32.5, None, ("bearing_fault",), out, withheld)
        assert withheld == {"bearing_fault": "below_floor"} and not out
        assert not envelope.scores and not envelope.verdicts and not envelope.marks


def test_searched__near_and_far__bins_within_reach():
    assert searched(10.0) == (10, 10)
    assert searched(10.5) == (10, 11)
    assert searched(100.3) == (100, 101)
    assert searched(1.2) == (2, 1)  # below the bins that count
    assert searched(200.0) == (198, 202)
