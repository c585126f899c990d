"""Clamps behind the real firmware: a node with three of them tells what flows, or what ails it."""

import datetime
from math import sqrt
from typing import Any

import pytest

from nodewright import broker, calibrate
from system import clamps_rig
from system.clamps_rig import PER_VOLT
from system.node_rig import NodeRig, listen, reports

RMS = sqrt(1 + 0.03**2 + 0.02**2)  # of a current whose fundamental is 1
I2C = {"kind": "i2c", "id": 1, "sda": 2, "scl": 3, "rate_hz": 400_000}
SPI = {"kind": "spi", "id": 1, "sck": 10, "mosi": 11, "miso": 12, "cs": 13, "rate_hz": 2_000_000}


def _reports(rig: NodeRig, count: int) -> list[dict[str, Any]]:
    with broker.start() as hub:
        rig.settings["mqtt"]["port"] = hub.port
        with listen(hub) as heard, rig.board():
            return [event.message for event in reports(heard, count)]


def test_node__three_clamps__tells_what_flows() -> None:
    source = {"amps": 10.0, "balance": [1.0, 0.9, 1.1], "line_hz": 49.9}
    # 5.8 % of negative sequence
    rig = clamps_rig.node(1883, source, motor=clamps_rig.MOTOR | {"neg_seq_pct": 5})
    rig.settings["sets"][0]["features"] = [*clamps_rig.FEATURES, "cur_turns_hint"]
    for message in _reports(rig, 3):
        assert message["faults"] == [], message
        record = message["record"]
        assert record["valid"] and record["chip"] == "adc" and record["rate_hz"] == 8000
        for channel, amps in zip("abc", (10.0, 9.0, 11.0), strict=True):
            values = message["channels"][channel]
            assert abs(values["cur_rms_a"] / (amps * RMS) - 1) < 0.002, message
            assert abs(values["cur_freq_hz"] - 49.9) < 0.02, message
            assert abs(values["cur_thd_pct"] - 100 * sqrt(0.03**2 + 0.02**2)) < 0.2, message
        assert abs(message["channels"]["a"]["cur_unbalance_pct"] - 10) < 0.2, message
        assert message["channels"]["a"]["cur_phase_order"] == 1, message
        assert message["channels"]["a"]["cur_turns_hint"] == 1, message
        assert "cur_neg_seq_pct" not in message["channels"]["a"], message  # nobody asked for it
        assert message["marked"] == {"a": {"cur_turns_hint": "no_voltage"}, "b": {}, "c": {}}
        assert not any(message["withheld"].values()), message


def test_node__current_and_voltage_through_round_robin__power_without_its_skew() -> None:
    rig = clamps_rig.node(1883, {"amps": 5.0, "lag_deg": 72.5, "harmonics": []})
    inputs = rig.settings["sensors"][0]["inputs"]
    del inputs[2]
    # The clamp leads by 2 degrees: at a power factor of 0.3 that would be 11 % of the power.
    inputs[0]["phase_deg"] = 2
    inputs[1] |= {"channel": "va", "quantity": "voltage", "per_volt": 300.0, "noise": None}
    rig.settings["sets"][0]["features"] = ["cur_power_w", "cur_power_factor", "cur_volt_v"]
    twin = rig.buses[0]["chips"][0]
    twin["source"]["volts_harmonics"] = []
    twin["inputs"][0]["phase_deg"] = 2
    twin["inputs"][1] |= {"signal": "voltage", "phase": 0, "per_volt": 300.0}
    (message,) = _reports(rig, 1)
    values = message["channels"]["a"]
    assert list(message["channels"]) == ["a"]
    assert abs(values["cur_volt_v"] / 230 - 1) < 0.003, message
    assert abs(values["cur_power_factor"] - 0.3007) < 0.0015, message
    assert abs(values["cur_power_w"] / (230 * 5 * 0.3007) - 1) < 0.005, message


FAULTS = (
    ("clamp_off", {"input": 27}, {"b": "clamp_off"}),
    ("clamp_reversed", {"input": 26}, {"a": "clamp_reversed"}),
    ("clipping", {"factor": 3.5}, dict.fromkeys("abc", "clipped")),
    ("stuck", {}, dict.fromkeys("abc", "stuck")),
    ("reference", {"factor": 0.95}, dict.fromkeys("abc", "reference")),
    ("overrun", {}, None),
)
UNTRUE = ("stuck", "reference")  # withheld, where the others are marked


def test_node__faults_of_clamps_and_converter__each_told_and_gone_after() -> None:
    rig = clamps_rig.node(1883, {"amps": 10.0})
    rig.every_ms(300)
    rig.settings["sets"][0]["features"] = ["cur_rms_a"]  # phases are judged all the same
    for place, (kind, facts, _) in enumerate(FAULTS):
        from_ms = 600 + 900 * place
        rig.faults.append(
            {"kind": kind, "chip": "clamps", "from_ms": from_ms, "to_ms": from_ms + 600} | facts
        )
    heard = _reports(rig, 20)
    for place, (kind, _, told) in enumerate(FAULTS):
        from_ms = 600 + 900 * place
        during = [
            message
            for message in heard
            if from_ms <= message["uptime_ms"] and message["uptime_ms"] + 130 < from_ms + 600
        ]
        after = [
            message
            for message in heard
            if from_ms + 600 <= message["uptime_ms"] < from_ms + 900 - 130
        ]
        assert during and after, (kind, [message["uptime_ms"] for message in heard])
        for message in during:
            if told is None:  # nothing comes through: no record
                assert [fault["fault"] for fault in message["faults"]] == ["timeout"], message
                continue
            marks = {
                channel: set(reasons.values())
                for channel, reasons in message["withheld" if kind in UNTRUE else "marked"].items()
                if reasons
            }
            assert marks == {channel: {reason} for channel, reason in told.items()}, (kind, marks)
            assert message["record"]["valid"] == (kind not in ("clipping", *UNTRUE))
        for message in after:
            assert not message["faults"] and not any(message["marked"].values()), (kind, message)
            assert not any(message["withheld"].values()), (kind, message)


def test_node__motor_that_loses_a_phase__all_three_say_so_and_unbalance_is_told() -> None:
    timeline = [[0, "off"], [0.4, "start"], [2.0, "lost1"], [3.0, "off"]]
    rig = clamps_rig.node(1883, {"amps": 3.0, "timeline": timeline}, motor=clamps_rig.MOTOR)
    rig.settings["sets"][0]["features"] = [*clamps_rig.FEATURES, "cur_turns_hint"]
    heard = {message["uptime_ms"]: message for message in _reports(rig, 8)}
    rms = {at: message["channels"]["a"].get("cur_rms_a", 0.0) for at, message in heard.items()}
    assert rms[0] < 0.05 and rms[500] > 15 and abs(rms[1500] / (3 * RMS) - 1) < 0.01, rms
    for at in (0, 3500):  # nothing flows, and nothing is said of phases
        assert not any(heard[at]["marked"].values()), heard[at]
        assert heard[at]["withheld"]["a"]["cur_turns_hint"] == "standing", heard[at]
    assert heard[1500]["channels"]["a"]["cur_turns_hint"] == 0, heard[1500]
    lost = heard[2000]
    assert lost["withheld"]["a"]["cur_turns_hint"] == "phase_lost", lost
    for channel in "abc":
        assert set(lost["marked"][channel].values()) == {"phase_lost"}, lost
    assert abs(lost["channels"]["a"]["cur_rms_a"] / (3 * sqrt(3)) - 1) < 0.01, lost
    assert rms[3500] < 0.05


@pytest.mark.parametrize(
    ("chip", "bus", "full_scale_v", "rate_hz", "samples"),
    [("mcp3208", SPI, 3.3, 3200, 512), ("ads1115", I2C | {"address": 72}, 4.096, 180, 256)],
)
def test_node__external_converter__tells_what_its_rate_allows(
    chip: str, bus: dict[str, Any], full_scale_v: float, rate_hz: float, samples: int
) -> None:
    numbers = (0, 1, 2)
    changed = {"chip": chip, "bus": bus, "full_scale_v": full_scale_v, "inputs": numbers}
    rig = clamps_rig.node(1883, {"amps": 10.0}, **changed)
    rig.settings["sets"][0] |= {"rate_hz": rate_hz, "samples": samples}
    rig.every_ms(3000)
    twin = clamps_rig.twin({"amps": 10.0}, numbers, chip=chip) | {"address": 72, "cs": 13}
    rig.buses[:] = [bus | {"chips": [twin]}]
    rig.faults = [{"kind": "unplugged", "chip": "clamps", "from_ms": 2500, "to_ms": 5500}]
    first, second, third = _reports(rig, 3)
    for message in (first, third):
        assert message["faults"] == [] and message["record"]["valid"], message
        for channel in "abc":
            assert abs(message["channels"][channel]["cur_rms_a"] / (10 * RMS) - 1) < 0.004
        told = "cur_thd_pct" in message["channels"]["a"]
        assert told == (chip == "mcp3208"), message
        if not told:
            assert message["withheld"]["a"]["cur_thd_pct"] == "bandwidth"
    assert second["record"] is None, second
    (fault,) = second["faults"]
    assert fault["fault"] == ("no_answer" if chip == "mcp3208" else "bus_error")


@pytest.mark.parametrize(
    ("chip", "known"), [("adc", None), ("ads1115", None), ("ads1115", 0.0399)]
)
def test_node__clamp_open_beside_a_machine_that_runs__its_noise_can_be_calibrated(
    chip: str, known: float | None
) -> None:
    noise_v = 0.04 / PER_VOLT  # 40 mA
    rig = clamps_rig.node(1883, {"amps": 10.0})
    rig.every_ms(300)
    if chip == "ads1115":
        rig = _slow({"amps": 10.0})
        noise_v *= sqrt(8)  # its twin's samples are means of eight
    rig.buses[0]["chips"][0]["inputs"][0] |= {"clamp": "off", "noise_v": noise_v}
    rig.settings["sensors"][0]["inputs"][0]["noise"] = known
    rig.settings["sets"][0]["features"] = ["cur_rms_a"]
    heard = _reports(rig, 2)
    assert {message["marked"]["a"]["cur_rms_a"] for message in heard} == {"clamp_off"}, heard
    place = calibrate.Channel(
        "pump-1", "clamps", "a", "currents", PER_VOLT, 0.0, known or 0.0, 20.0
    )
    found = calibrate.read_open(lambda _: heard.pop(), place, 2)
    made = calibrate.noise(place, found, datetime.datetime.now(datetime.UTC))
    assert 0.03 < made.after < 0.05, made


def _slow(source: dict[str, Any]) -> NodeRig:
    """Three clamps behind an ADS1115."""
    bus, numbers = I2C | {"address": 72}, (0, 1, 2)
    changed = {"chip": "ads1115", "bus": bus, "full_scale_v": 4.096, "inputs": numbers}
    rig = clamps_rig.node(1883, source, **changed)
    rig.settings["sets"][0] |= {"rate_hz": 180, "samples": 256, "features": ["cur_rms_a"]}
    twin = clamps_rig.twin(source, numbers, chip="ads1115") | {"address": 72}
    rig.buses[:] = [bus | {"chips": [twin]}]
    rig.every_ms(1500)
    return rig


def test_node__motor_that_stands_behind_a_converter_that_averages__no_mark() -> None:
    rig = _slow({"amps": 10.0, "timeline": [[0, "off"]]})
    for row in rig.buses[0]["chips"][0]["inputs"]:
        row["noise_v"] = 0.001  # some digits of the chip
    for given in rig.settings["sensors"][0]["inputs"]:
        given["noise"] = None  # as before its calibration
    for message in _reports(rig, 2):
        assert message["record"]["valid"] and not any(message["marked"].values()), message
        assert 0 <= message["channels"]["a"]["cur_rms_a"] < 0.02, message


def test_node__dc_supply__its_current_voltage_and_power() -> None:
    bus = I2C | {"address": 0x40}
    rig = clamps_rig.node(1883, {}, chip="ina226", bus=bus, full_scale_v=0.08192, inputs=(0, 1))
    sensor = rig.settings["sensors"][0]
    sensor["bias_v"] = None
    sensor["inputs"][0] |= {"channel": "plc", "per_volt": 100, "noise": None}
    sensor["inputs"][1] |= {"channel": "u", "quantity": "voltage", "per_volt": 1, "noise": None}
    features = ["cur_dc_a", "cur_dc_v", "cur_dc_w"]
    rig.settings["sets"][0] |= {"rate_hz": 400, "samples": 256, "features": features}
    rig.every_ms(2000)
    inputs = [
        {"input": 0, "constant": 0.8, "per_volt": 100},
        {"input": 1, "constant": 24.1, "per_volt": 1},
    ]
    chip = {"chip": "ina226", "name": "clamps", "address": 0x40, "inputs": inputs}
    rig.buses[:] = [bus | {"chips": [chip]}]
    (message,) = _reports(rig, 1)
    values = message["channels"]["plc"]
    assert abs(values["cur_dc_a"] - 0.8) < 0.001 and abs(values["cur_dc_v"] - 24.1) < 0.01
    assert abs(values["cur_dc_w"] - 0.8 * 24.1) < 0.02, message


def test_node__port_without_dma__is_polled_and_says_how_well() -> None:
    rig = clamps_rig.node(1883, {"amps": 10.0})
    rig.settings["sets"][0]["rate_hz"] = 3000
    rig.extra = {"dma": False}
    (message,) = _reports(rig, 1)
    record = message["record"]
    assert record["valid"] and record["rate_ppm"] == 50, message
    assert abs(message["channels"]["c"]["cur_rms_a"] / (10 * RMS) - 1) < 0.005, message


def test_node__motor_that_starts__inrush_hours_and_starts_kept_over_a_power_cut() -> None:
    timeline = [[0, "off"], [1.6, "start"]]
    rig = clamps_rig.node(1883, {"amps": 3.0, "timeline": timeline}, motor=clamps_rig.MOTOR)
    rig.settings["sets"][0] |= {
        "rate_hz": 2000,
        "samples": 2048,
        "features": [
            *("cur_rms_a", "cur_inrush_a", "cur_inrush_ms"),
            *("cur_running", "cur_starts", "cur_run_h", "cur_load_pct"),
        ],
    }
    rig.every_ms(1050)  # one record after the other
    with broker.start() as hub:
        rig.settings["mqtt"]["port"] = hub.port
        with listen(hub) as heard, rig.board() as board:
            off, start, *_, running = [event.message for event in reports(heard, 4)]
            board.cut_power()
            (after,) = [event.message for event in reports(heard, 1)]
    assert off["channels"]["a"]["cur_running"] == off["channels"]["a"]["cur_starts"] == 0, off
    assert off["withheld"]["a"]["cur_inrush_a"] == "no_start", off
    values = start["channels"]["a"]
    assert abs(values["cur_inrush_a"] / (3 * 6 * sqrt(2)) - 1) < 0.1, start
    assert values["cur_running"] == values["cur_starts"] == 1, start
    assert running["channels"]["a"]["cur_run_h"] > 0, running
    assert 30 <= running["channels"]["a"]["cur_load_pct"] < 180, running  # with the start's
    assert after["boot"] == 2 and after["channels"]["a"]["cur_starts"] == 1, after


def test_node__waiting_for_a_start__a_record_that_begins_before_it_and_none_besides() -> None:
    timeline = [[0, "off"], [1.21, "start"], [2.4, "off"], [2.93, "start"]]
    rig = clamps_rig.node(1883, {"amps": 3.0, "timeline": timeline}, motor=clamps_rig.MOTOR)
    rig.settings["sets"][0] |= {
        "rate_hz": 2000,
        "samples": 2048,
        "features": ["cur_inrush_a", "cur_inrush_ms"],
        "schedule": {"kind": "start", "threshold_a": 3},
    }
    for place, message in enumerate(_reports(rig, 2)):
        values = message["channels"]["a"]
        assert abs(values["cur_inrush_a"] / (3 * 6 * sqrt(2)) - 1) < 0.1, message
        assert 400 < values["cur_inrush_ms"] < 600 and not message["faults"], message
        assert message["record"]["run"] == place + 1 and message["record"]["valid"], message
        # It is told at once: when the record is full
        since_ms = message["uptime_ms"] - 1000 * timeline[2 * place + 1][0]
        assert 0 <= since_ms < 1100, message
