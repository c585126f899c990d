"""The reference's envelope and verdict against signals whose faults are known by construction."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from nodewright.reference.bearing import Bearing, bearing, threshold_of
from nodewright.reference.envelope import (
    BANDS,
    Envelope,
    envelope_of,
    harmonic,
    lines,
    score,
    search_range,
)
from nodewright.reference.result import WithheldError

RATE_HZ, SAMPLES, BLOCKS = 20_000.0, 4096, 8
SECONDS = SAMPLES / RATE_HZ
SHAFT_HZ = 31.7
ORDERS = {"bpfo": 3.58, "bpfi": 5.42, "bsf": 2.36, "ftf": 0.398}
CAGE_SHAFT_HZ = 61.2  # 5 turns of the cage in a block
Floats = NDArray[np.float64]


def noise(seed: int, blocks: int = BLOCKS, g: float = 1.0, samples: int = SAMPLES) -> Floats:
    return g * np.random.default_rng(seed).normal(size=(blocks, samples))


def impacts(
    order: float,
    *,
    seed: int = 1,
    blocks: int = BLOCKS,
    shaft_hz: float = SHAFT_HZ,
    resonance_hz: float = 4300.0,
    g: float = 10.0,
    rate_hz: float = RATE_HZ,
) -> Floats:
    """Impacts at an order, 0.5 % of slip, each ringing at a resonance, in noise of 1 g RMS."""
    chance = np.random.default_rng(seed)
    at_s = np.arange(blocks * SAMPLES) / rate_hz
    wave = np.zeros(blocks * SAMPLES)
    hit_s = 0.0
    while hit_s < at_s[-1]:
        since_s = at_s - hit_s
        near = (since_s >= 0.0) & (since_s < 0.01)
        ring = np.exp(-since_s[near] / 3e-4)
        wave[near] += g * ring * np.sin(2 * np.pi * resonance_hz * since_s[near])
        hit_s += (1.0 + 0.005 * chance.normal()) / (order * shaft_hz)
    return (wave + chance.normal(size=len(wave))).reshape(blocks, SAMPLES)


def judged(blocks: Floats, shaft_hz: float | None = SHAFT_HZ, **more: float | None) -> Bearing:
    return bearing(blocks, RATE_HZ, shaft_hz, ORDERS, **more)  # type: ignore[arg-type]


def modulated(carrier_bin: int, line_bin: int, g: float = 2.0, depth: float = 0.5) -> Floats:
    """A tone whose amplitude swings, both on bins of a block."""
    turn = 2 * np.pi * np.arange(SAMPLES) / SAMPLES
    return np.asarray(g * (1 + depth * np.cos(line_bin * turn)) * np.cos(carrier_bin * turn))[None]


@pytest.mark.parametrize(("order", "race"), [(3.58, "bpfo"), (5.42, "bpfi")])
def test_verdict__impacts_at_a_race__that_race_and_not_the_other(order: float, race: str) -> None:
    found = judged(impacts(order))
    assert found.named == race
    assert found.verdicts == {"bpfo": race == "bpfo", "bpfi": race == "bpfi"}
    assert found.scores[race] > 1.2 * found.threshold
    assert found.values[f"env_{race}_snr"] == pytest.approx(math.exp(found.scores[race]))
    assert found.withheld.keys() == {"env_ftf_g", "env_ftf_snr"}


def test_verdict__both_races_stand_out__the_larger_one_alone() -> None:
    for outer_g, inner_g in ((10.0, 20.0), (30.0, 10.0)):
        found = judged(impacts(3.58, g=outer_g) + impacts(5.42, seed=2, g=inner_g))
        assert min(found.scores["bpfo"], found.scores["bpfi"]) > found.threshold
        assert found.verdicts == {"bpfo": outer_g > inner_g, "bpfi": inner_g > outer_g}


def test_verdict__healthy_noise__nobody_accused() -> None:
    scores: list[float] = []
    for seed in range(20):
        found = judged(noise(seed))
        assert found.named is None and found.verdicts == {"bpfo": False, "bpfi": False}
        scores += found.scores.values()
    # A bin or two against the median of twenty: about 0, and far from the threshold of 0.64.
    assert abs(np.mean(scores)) < 0.05 and max(scores) < 0.3


def test_verdict__fewer_blocks__higher_threshold() -> None:
    assert [threshold_of(k) for k in (1, 4, 16)] == pytest.approx([0.9, 0.7, 0.6])
    # What one's own healthy records need counts where it is more.
    assert threshold_of(4, 0.65) == pytest.approx(0.7) and threshold_of(4, 0.75) == 0.75
    found = judged(impacts(3.58))
    high = judged(impacts(3.58), learned=found.scores["bpfo"])
    assert high.threshold == found.scores["bpfo"] and high.named is None


@pytest.mark.parametrize(
    ("carrier", "seen"),
    [
        (400, {2}),
        (600, {0, 2}),
        (800, {0, 3}),
        (900, {0, 3}),
        (1150, {0, 1, 3}),
        (1400, {0, 1, 4}),
        (1700, {1, 4}),
        (1900, {1}),
    ],
)
def test_bands__a_modulated_tone__seen_in_the_bands_that_hold_it(
    carrier: int, seen: set[int]
) -> None:
    line = 40
    envelope = envelope_of(modulated(carrier, line) + noise(3, 1, 0.01), RATE_HZ)
    heights = [math.log(harmonic(spectrum, line).peak) for spectrum in envelope.logs]
    stands_out = {
        band
        for band, spectrum in enumerate(envelope.logs)
        if harmonic(spectrum, line).peak > 30 * harmonic(spectrum, line).floor
    }
    assert stands_out == seen, heights
    assert [len(spectrum) for spectrum in envelope.logs] == [width // 2 for _, width in BANDS]


def test_amplitude__modulated_tone__carrier_times_depth() -> None:
    orders = {**ORDERS, "bpfo": 24 / (SHAFT_HZ * SECONDS)}
    one = modulated(1000, 24, 2.0, 0.5) + noise(2, 1, 0.02)
    found = bearing(one, RATE_HZ, SHAFT_HZ, orders)
    assert found.values["env_bpfo_g"] == pytest.approx(1.0, rel=2e-3)
    # Of blocks the root of the mean square; another band's is another's.
    both = np.concatenate((one, modulated(1000, 24, 2.0, 0.2) + noise(3, 1, 0.02)))
    found = bearing(both, RATE_HZ, SHAFT_HZ, orders)
    assert found.values["env_bpfo_g"] == pytest.approx(math.sqrt((1.0 + 0.16) / 2), rel=2e-3)
    elsewhere = bearing(both, RATE_HZ, SHAFT_HZ, orders, band=2)
    assert elsewhere.values["env_bpfo_g"] < 2e-3
    told = [{**each.values, **each.withheld}["env_bpfo_snr"] for each in (elsewhere, found)]
    assert told[0] == told[1]


def test_withheld__what_rounding_would_decide__below_floor() -> None:
    orders = {**ORDERS, "bpfo": 24 / (SHAFT_HZ * SECONDS)}
    # No noise at all: a height, and nothing that it could stand out of.
    found = bearing(modulated(1000, 24), RATE_HZ, SHAFT_HZ, orders)
    assert found.values["env_bpfo_g"] == pytest.approx(1.0, rel=1e-9)
    assert found.withheld["env_bpfo_snr"] == found.withheld["bpfo"] == "below_floor"
    assert found.withheld["env_bpfi_g"] == "below_floor" and found.verdicts == {}
    # In every band there is something, but nothing but steady tones.
    steady = sum(modulated(carrier, 24) for carrier in (400, 800, 1400, 1900))
    found = bearing(np.asarray(steady), RATE_HZ, SHAFT_HZ, orders)
    assert found.withheld["env_bpfi_snr"] == found.withheld["bpfi"] == "below_floor"
    # Noise of a thousandth and less under a tone below all bands.
    at = np.arange(SAMPLES)
    tone = np.sin(2 * np.pi * 0.01 * at)[None] * 1000.0
    assert bearing(tone * 10 + noise(4, 1), RATE_HZ, SHAFT_HZ, ORDERS).verdicts == {}
    assert bearing(tone * 0.1 + noise(4, 1), RATE_HZ, SHAFT_HZ, ORDERS).verdicts
    # Impacts without any noise are no steady tone.
    clean = impacts(3.58) - impacts(3.58, g=0.0)
    assert judged(clean).named == "bpfo"


def test_search__a_line_off_its_place__found_within_its_reach_only() -> None:
    assert search_range(12.0, 512) == (12, 12)  # 0.6 bins
    assert search_range(12.5, 512) == (12, 13)
    assert search_range(150.0, 512) == (149, 151)  # 1 %
    assert search_range(1.9, 512) == (2, 2)
    spectrum = np.ones(512)
    spectrum[151] = 7.0
    assert harmonic(spectrum, 150.0).peak == 7.0
    assert harmonic(spectrum, 149.0).peak == 1.0
    with pytest.raises(WithheldError, match="bandwidth"):
        search_range(511.0, 512)


def test_floor__ten_bins_on_each_side__one_bin_left_out() -> None:
    spectrum = np.arange(512.0)
    spectrum[[38, 42]] = 1e9  # in the gaps
    spectrum[[27, 53]] = 1e9  # beyond
    found = harmonic(spectrum, 40.0)
    assert (found.first, found.last, found.peak) == (40, 40, 40.0)
    spectrum[[39, 41]] = spectrum[[38, 42]]  # the gap is of one bin: 38 and 42 belong to the floor
    low, high = [*range(29, 38), 1e9], [*range(43, 52), 1e9]
    assert harmonic(spectrum, 40.0).floor == pytest.approx(np.median([*low, *high]))
    # At the lower end bins 0 and 1 belong to the mean.
    edge = np.arange(512.0)
    assert harmonic(edge, 5.0).floor == pytest.approx(np.median([2, 3, *range(7, 17)]))


def test_score__five_bands_and_three_harmonics__mean_of_all_logs() -> None:
    place = 24.0

    def scored(heights: dict[int, float], bands: range) -> float:
        logs = [np.ones(width // 2) for _, width in BANDS]
        for band in bands:
            for number, height in heights.items():
                logs[band][int(number * place)] = math.exp(height)
        envelope = Envelope(
            SAMPLES, 4, RATE_HZ, 0, tuple(logs), np.ones(512), np.ones(2048), 1.0, (1.0,) * 5
        )
        return score(lines(envelope, place / SECONDS))

    assert scored({1: 3.0}, range(5)) == pytest.approx(1.0)
    assert scored({1: 1.0, 2: 2.0, 3: 3.0}, range(5)) == pytest.approx(2.0)
    assert scored({1: 1.0, 2: 2.0, 3: 3.0, 4: 9.0}, range(1)) == pytest.approx(0.4)


def test_log__one_blow_from_outside__does_not_hide_the_fault() -> None:
    blocks = impacts(5.42)
    calm = judged(blocks).scores["bpfi"]
    at = np.arange(400)
    for row in range(BLOCKS):
        blow = 400.0 * np.exp(-at / 60.0) * np.sin(2 * np.pi * 0.2 * at)
        blocks[row, 900 + 100 * row : 1300 + 100 * row] += blow
    found = judged(blocks)
    assert found.named == "bpfi" and found.scores["bpfi"] > 0.7 * calm


def test_score__blocks__spectra_averaged_and_not_scores() -> None:
    one = impacts(3.58, seed=4)
    assert judged(one).scores != judged(one[:1]).scores
    twice = np.concatenate((one[:1], one[:1]))
    assert judged(twice).scores == pytest.approx(judged(one[:1]).scores)
    # Power averages: a block a hundred times as loud has the same log envelope.
    louder = np.concatenate((one[:1], 100.0 * one[:1]))
    assert judged(louder).scores == pytest.approx(judged(twice).scores)


@pytest.mark.parametrize(
    ("reason", "more"),
    [
        ("no_speed", {"shaft_hz": None}),
        ("uncertain_speed", {"uncertainty": 0.0051}),
        ("too_short", {"shaft_hz": 1.99 / SECONDS}),
        ("bandwidth", {"shaft_hz": 0.05 * RATE_HZ / 3 / ORDERS["bpfi"] * 1.001}),
    ],
)
def test_withheld__a_rule_broken__every_verdict_with_its_reason(
    reason: str, more: dict[str, float | None]
) -> None:
    found = judged(impacts(3.58), **more)
    assert found.verdicts == {} and found.marks == {} and found.speed is None
    assert found.withheld["bpfo"] == found.withheld["bpfi"] == reason
    assert "env_bpfi_snr" not in found.values
    assert found.withheld["env_bpfi_snr"] == reason


def test_withheld__rate_under_10_khz__values_but_no_verdict() -> None:
    found = bearing(impacts(3.58, rate_hz=9999.0), 9999.0, SHAFT_HZ * 0.9, ORDERS)
    assert found.withheld["bpfo"] == found.withheld["bpfi"] == "bandwidth"
    assert found.values["env_bpfo_g"] > 0.0 and found.verdicts == {}
    assert bearing(impacts(3.58, rate_hz=1e4), 1e4, SHAFT_HZ * 0.9, ORDERS).verdicts


def test_withheld__silence_or_no_bearing__said() -> None:
    blocks = impacts(3.58)
    blocks[3] = 0.5
    assert set(judged(blocks).withheld.values()) == {"silent"}
    found = bearing(impacts(3.58), RATE_HZ, SHAFT_HZ, None)
    assert set(found.withheld.values()) == {"no_bearing"} and len(found.withheld) == 10
    partly = bearing(impacts(3.58), RATE_HZ, SHAFT_HZ, {"bpfo": 3.58, "bsf": 2.36})
    assert partly.withheld["bpfo"] == partly.withheld["env_bpfi_g"] == "no_bearing"
    assert partly.values["env_bpfo_snr"] > 1.0 and "env_bsf_snr" in partly.values


def test_cage__enough_turns_in_a_block__value_and_no_verdict() -> None:
    assert judged(impacts(3.58)).withheld["env_ftf_snr"] == "too_short"
    found = judged(impacts(3.58, shaft_hz=CAGE_SHAFT_HZ), CAGE_SHAFT_HZ)
    assert found.values["env_ftf_snr"] > 0.0
    assert set(found.verdicts) == {"bpfo", "bpfi"}


@pytest.mark.parametrize("wrong", [0.98, 1.02])
@pytest.mark.parametrize("order", [3.58, 5.42])
def test_speed__off_by_2_percent__told_by_the_faults_own_lines(wrong: float, order: float) -> None:
    blocks = impacts(order)
    right = judged(blocks)
    assert right.speed is not None and right.speed.state == "confirmed"
    assert "speed_off" not in right.marks["bpfo"]
    found = judged(blocks, SHAFT_HZ * wrong)
    assert found.speed is not None and found.speed.state == "off"
    assert found.speed.fault == pytest.approx(1 / wrong - 1, abs=0.006)
    assert found.marks["bpfo"][0] == found.marks["bpfi"][0] == "speed_off"


@pytest.mark.parametrize("wrong", [0.98, 1.0, 1.02])
def test_speed__healthy_machine__told_by_the_shafts_orders(wrong: float) -> None:
    at_s = np.arange(BLOCKS * SAMPLES) / RATE_HZ
    orders = sum(np.sin(2 * np.pi * n * SHAFT_HZ * at_s + n) for n in range(1, 9))
    blocks = noise(6) + 0.3 * np.reshape(orders, (BLOCKS, SAMPLES))
    found = judged(blocks, SHAFT_HZ * wrong)
    assert found.named is None and found.speed is not None and found.speed.fault is None
    assert found.speed.state == ("confirmed" if wrong == 1.0 else "off")
    assert found.speed.shaft == pytest.approx(1 / wrong - 1, abs=0.004)


def test_speed__nothing_to_tell_it_by__marked_unless_somebody_vouches() -> None:
    found = judged(noise(8))
    assert found.speed is not None and found.speed.state == "unproven"
    assert found.marks["bpfo"][0] == "speed_unproven"
    assert "speed_unproven" not in judged(noise(8), uncertainty=0.005).marks["bpfo"]


def test_marks__each_reservation__the_gravest_first() -> None:
    orders = {**ORDERS, "bpfo": 3.05, "bpfi": 4.95}
    found = bearing(noise(8, 3), RATE_HZ, SHAFT_HZ, orders)
    assert found.marks["bpfo"] == (
        "speed_unproven",
        "few_blocks",
        "near_shaft",
        "threshold_unproven",
    )
    assert found.near == {"bpfo": 3, "bpfi": 5}
    near = bearing(noise(8), RATE_HZ, 5.0 / SECONDS, {**ORDERS, "bpfo": 3.2, "bpfi": 4.8})
    assert near.near == {"bpfo": 3, "bpfi": 5}
    # 0.2 of an order are 1.6 bins in a block of 8 turns.
    orders = {**ORDERS, "bpfo": 3.2, "bpfi": 4.8}
    far = bearing(noise(8), RATE_HZ, 8.0 / SECONDS, orders, learned=0.1)
    assert far.near == {} and far.marks["bpfi"] == ("speed_unproven",)


def test_check__what_can_never_work__refused() -> None:
    for shaft_hz in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="shaft_hz"):
            judged(noise(1), shaft_hz)
    with pytest.raises(ValueError, match="power of two"):
        envelope_of(np.ones((2, 1000)), RATE_HZ)
    with pytest.raises(ValueError, match="rate_hz"):
        envelope_of(noise(1, 1), 0.0)
    with pytest.raises(ValueError, match="band"):
        envelope_of(noise(1, 1), RATE_HZ, 5)
    with pytest.raises(ValueError, match="finite"):
        envelope_of(np.full((1, 4096), np.nan), RATE_HZ)


def test_log__two_equal_tones__no_deeper_than_a_64th_of_the_mean() -> None:
    turn = 2 * np.pi * np.arange(SAMPLES) / SAMPLES
    blocks = (np.cos(1000 * turn) + np.cos(1010 * turn) + 1e-7 * noise(3, 1))[:1]
    at = np.arange(BANDS[0][1]) / BANDS[0][1]
    beat = 2.0 * np.abs(np.cos(10 * np.pi * at))  # of the two, which passes through zero
    level = np.log(np.maximum(beat, 4 / np.pi / 64))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * at)
    expected = np.abs(np.fft.rfft(window * (level - level.mean())))
    found = envelope_of(blocks, RATE_HZ).logs[0]
    for k in (10, 20, 30, 40):
        assert found[k] == pytest.approx(expected[k], rel=0.01), k
