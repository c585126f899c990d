"""Every accelerometer behind the real firmware: what it reports is what its twin served."""

import pytest

from nodewright import broker, reference
from nodewright.served import ServedSamples
from system.node_rig import NodeRig, listen, reports

# chip: bus of the rig (0: I2C, 2: SPI), address, odr_hz, range_g, g per digit of the data sheet
CHIPS = {
    "adxl345": (0, 0x53, 800, 16, 1 / 256),
    "adxl355": (2, None, 4000, 8, 250e-6),  # 20 bits cut to 16
    "iis3dwb": (2, None, 26667, 16, 0.488e-3),
    "kx134": (2, None, 25600, 16, 1 / 2048),
    "lis2dw12": (0, 0x19, 1600, 16, 16 / 32768),
    "mpu6050": (0, 0x68, 1000, 16, 1 / 2048),
    "mpu6500": (2, None, 4000, 16, 1 / 2048),
    "lis3dh": (0, 0x19, 1344, 2, 62.5e-6),
}


@pytest.mark.parametrize("chip", sorted(CHIPS))
def test_node__each_sensor__reports_what_its_twin_served(chip):
    index, address, odr_hz, range_g, g_per_digit = CHIPS[chip]
    with broker.start() as hub:
        rig = NodeRig(hub.port, index)
        rig.sensor.update(chip=chip, range_g=range_g)
        rig.measured.update(odr_hz=odr_hz, samples=1024)
        rig.chip.update(chip=chip)
        if chip == "mpu6500":
            rig.sensor["bus"]["rate_hz"] = 1_000_000  # the most that it takes
        if address is not None:
            rig.sensor["bus"]["address"] = rig.chip["address"] = address
        rig.every_ms(2000)
        with listen(hub) as heard, rig.board() as board:
            (event,) = reports(heard, 1)
            record = event.message["record"]
            assert record is not None, event.message["faults"]
            digits = ServedSamples(board.samples_dir).samples(
                "acc", 1, record["run"], record["first"], 1024
            )
    assert record["chip"] == chip and record["valid"]
    clock_hz = odr_hz * (1 + rig.chip["clock_error_ppm"] * 1e-6)
    assert abs(record["rate_hz"] / clock_hz - 1) < 0.001
    for axis, channel in enumerate("xyz"):
        values = event.message["channels"][channel]
        expected = reference.compute(digits[:, axis] * g_per_digit, record["rate_hz"]).values
        for key in ("acc_rms_g", "acc_peak_g", "mean_g", "kurtosis"):
            bound = reference.tolerance(key, expected, g_per_digit=g_per_digit)
            assert abs(values[key] - expected[key]) <= bound, (channel, key)
