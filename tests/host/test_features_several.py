"""Several blocks as one: medians, spread, shared lines, mean spectra, zones."""

import numpy as np
import pytest

from host.study_rig import RATE_HZ, SCALE, machine, study_of
from nodewright import several
from nodewright.asked import Asked
from nodewright.examine import Channel, Point
from nodewright.spectra import ChannelSpectrum, csv_text, decoded
from wire import features, iso20816

RIGID = Asked(machine=(2, "rigid"))


def point(key: str, value: float | None, **more: object) -> Point:
    given = {"reference": value, "deviation": 0.0, "tolerance": 1.0, "ok": True, **more}
    return Point(key=key, unit="1", value=value, **given)  # type: ignore[arg-type]


def combined(key: str, *points: Point) -> tuple[Point, Channel]:
    blocks = [Channel("x", (256 * at,), 0.1, (one,)) for at, one in enumerate(points)]
    channel = several.combine(blocks, np.zeros(128), 1.0)
    assert channel.starts == tuple(range(0, 256 * len(points), 256))
    return channel.points[0], channel


def test_combine__values__median_and_its_interval() -> None:
    found, channel = combined("crest", *(point("crest", float(v)) for v in (1, 9, 2, 3, 4)))
    assert found.value == found.reference == 3.0 and found.ok
    spread = channel.spreads["crest"]
    assert (spread.low, spread.high, spread.n) == pytest.approx((1.64, 5.8, 5))


def test_combine__one_block_wrong__not_ok_with_that_deviation() -> None:
    bad = point("crest", 3.0, deviation=-2.0, ok=False, note="why")
    found, channel = combined("crest", point("crest", 1.0), bad, point("crest", 2.0))
    assert found.ok is False and found.deviation == -2.0 and found.note == "why"
    assert not channel.ok


def test_combine__some_blocks_withhold__the_others_count() -> None:
    none = point("crest", None, reference=None, withheld="silent")
    found, channel = combined("crest", none, point("crest", 2.0), none)
    assert found.value == 2.0 and found.note == "in 1 of 3 blocks" and found.withheld is None
    assert channel.spreads["crest"].n == 1
    found, channel = combined("crest", none, none)
    assert found.value is None and found.withheld == "silent" and not channel.spreads


def test_combine__zones__the_worse_middle_one_never_between() -> None:
    found, channel = combined("zone", *(point("zone", v) for v in (0.0, 1.0, 2.0, 3.0)))
    assert found.value == 2.0
    assert {channel.spreads["zone"].low, channel.spreads["zone"].high} <= {0.0, 1.0, 2.0, 3.0}


def test_averaged__two_spectra__mean_of_the_power() -> None:
    mean = several.averaged([np.float32([3.0, 0.0]), np.float32([4.0, 2.0])])
    assert mean == pytest.approx([np.sqrt(12.5), np.sqrt(2.0)])


def test_study__ranks_that_swap__lines_put_together_by_frequency() -> None:
    t = np.arange(1024) / RATE_HZ
    parts = []
    for strong, weak in ((1.0, 0.9), (0.9, 1.0), (1.0, 0.9), (0.9, 1.0)):
        wave = strong * np.sin(2 * np.pi * 250.0 * t) + weak * np.sin(2 * np.pi * 700.0 * t)
        parts.append(np.rint(wave / SCALE).astype(np.int16))
    (channel,) = study_of(np.concatenate(parts)).channels
    values = {found.key: found.value for found in channel.points}
    frequencies = {values["line1_hz"], values["line2_hz"]}
    assert sorted(frequencies) == pytest.approx([250.0, 700.0], abs=0.05)
    for key in ("line1_g", "line2_g"):
        assert values[key] == pytest.approx(0.95, abs=0.002)
        spread = channel.spreads[key]
        assert spread.n == 4 and spread.low < 0.91 and spread.high > 0.99
    for key in ("line1_hz", "line2_hz"):
        assert channel.spreads[key].high - channel.spreads[key].low < 0.1


def test_study__blocks__values_and_reference_agree_and_are_told_where_from() -> None:
    found = study_of(machine(4 * 1024), RIGID)
    assert found.ok and found.blocks == 4
    told = found.as_dict(with_spectra=True)
    assert told["record"]["starts"] == [0, 1024, 2048, 3072]
    assert told["spread"] == "16 to 84 %"
    (channel,) = told["channels"]
    assert set(channel["spread"]) == set(channel["features"])
    assert channel["spread"]["acc_rms_g"]["n"] == 4
    assert set(channel["features"]) | set(channel["withheld"]) == set(channel["units"])
    assert channel["spectrum"]["blocks"] == 4 and len(channel["spectrum"]["amplitude_g"]) == 512
    assert "spread" not in study_of(machine(1024)).as_dict(with_spectra=False)


def test_study__zone__worst_direction_decides() -> None:
    table = np.stack([machine(2048, 1, 0.03), machine(2048, 2, 0.1)], axis=1)
    found = study_of(table, RIGID, window=2048)
    velocities = [
        next(p.value for p in channel.points if p.key == "vel_rms_mm_s")
        for channel in found.channels
    ]
    limits = iso20816.limits(2, "rigid")
    assert velocities[0] is not None and velocities[1] is not None
    letters = [iso20816.ZONES[iso20816.zone(v, limits)] for v in velocities if v is not None]
    assert letters[0] < letters[1]
    assert found.zone == (letters[1], "y", velocities[1])
    judged = [p for channel in found.channels for p in channel.points if p.key == "zone"]
    assert [p.ok for p in judged] == [True, True]


def test_study__bands__beside_their_reference() -> None:
    given = Asked(bands=((10.0, 100.0), (300.0, 500.0)))
    (channel,) = study_of(machine(1024), given).channels
    values = {p.key: p for p in channel.points}
    assert {"band1_g", "band2_g"} <= set(values) and "band3_g" not in values
    assert values["band2_g"].ok and values["band2_g"].value == pytest.approx(
        0.08 / np.sqrt(2), rel=0.05
    )


def test_spectrum__of_the_nodes_code__is_that_of_numpy() -> None:
    digits = machine(1024)
    (spectrum,) = study_of(digits).spectra
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
    centred = digits * SCALE - np.mean(digits * SCALE)
    expected = 2 * np.abs(np.fft.rfft(window * centred))[:512] / window.sum()
    assert spectrum.amplitude_g == pytest.approx(expected, abs=1e-4 * expected.max())


@pytest.mark.parametrize("blocks", [1, 3])
def test_spectrum__compressed__is_the_whole_one_in_log_bins(blocks: int) -> None:
    (spectrum,) = study_of(machine(blocks * 1024)).spectra
    bounds, half = spectrum.log_bounds, 512
    assert len(spectrum.log_rms_g) == 32 and (bounds[0], bounds[-1]) == (2, half)
    assert spectrum.edges_hz[0] == 1.5 * RATE_HZ / 1024
    power = np.add.reduceat(spectrum.amplitude_g**2 / 3.0, bounds[:-1])
    # A code is within 3.7 %.
    assert spectrum.log_rms_g == pytest.approx(np.sqrt(power), rel=0.038)


def test_decoded__codes__as_defined() -> None:
    assert decoded([0, 1, 192, 255]) == pytest.approx([0.0, 1.0746e-6, 1.0, 93.06], rel=1e-4)


def test_csv__two_channels__a_row_a_bin() -> None:
    spectra = [
        ChannelSpectrum(name, 0.5, np.arange(4.0), 1, (), np.zeros(0)) for name in ("x", 'a,"b')
    ]
    lines = csv_text(spectra).splitlines()
    assert lines[0] == "frequency_hz,x_g,a  b_g" and lines[2] == "0.5,1,1" and len(lines) == 5


def test_reasons__every_reason__one_sentence() -> None:
    from nodewright.reasons import SENTENCES

    assert tuple(SENTENCES) == features.REASONS
    assert all(text.endswith(".") and len(text) < 100 for text in SENTENCES.values())
