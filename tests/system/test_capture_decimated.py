"""A decimated set of the real firmware: its report leads to the samples and what they make."""

import pytest

from nodewright import broker, reference
from nodewright.decimated import decimate, raw_samples
from nodewright.served import ServedSamples
from system.node_rig import NodeRig, listen, reports

ODR_HZ, FACTOR, SAMPLES, RANGE_G = 26_667, 8, 256, 16


@pytest.fixture
def hub():
    with broker.start() as started:
        yield started


def test_node__iis3dwb_by_8__reports_what_the_decimator_makes_of_what_was_served(hub):
    rig = NodeRig(hub.port, 2)
    rig.sensor.update(chip="iis3dwb", range_g=RANGE_G)
    rig.chip.update(chip="iis3dwb")
    rig.measured.update(odr_hz=ODR_HZ, samples=SAMPLES, decimate=FACTOR)
    rig.every_ms(2000)
    with listen(hub) as heard, rig.board() as board:
        (event,) = reports(heard, 1)
        record = event.message["record"]
        assert record is not None, event.message["faults"]
        raw = ServedSamples(board.samples_dir).samples(
            "acc", 1, record["run"], record["first"], raw_samples(SAMPLES, FACTOR)
        )
    assert record["valid"] and (record["samples"], record["decimate"]) == (SAMPLES, FACTOR)
    clock_hz = ODR_HZ * (1 + rig.chip["clock_error_ppm"] * 1e-6)
    assert abs(record["rate_hz"] * FACTOR / clock_hz - 1) < 0.001
    assert abs(record["nominal_hz"] - ODR_HZ / FACTOR) < 0.01
    g = decimate(raw, FACTOR) * (RANGE_G / 32768)
    for axis, channel in enumerate("xyz"):
        values = event.message["channels"][channel]
        expected = reference.compute(g[:, axis], record["rate_hz"]).values
        for key in ("acc_rms_g", "acc_peak_g", "mean_g", "kurtosis"):
            bound = reference.tolerance(key, expected, g_per_digit=RANGE_G / 32768)
            assert abs(values[key] - expected[key]) <= bound, (channel, key)
    # Nobody takes the sensor's own samples for it.
    assert abs(values["acc_rms_g"] / (raw[:, 2] * RANGE_G / 32768).std() - 1) > 0.02
