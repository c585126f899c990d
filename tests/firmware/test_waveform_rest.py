import asyncio
import sys

try:
    import network
except ImportError:  # here: the unix port has none, boards and CPython's mocks have
    from sim import machine, network

    sys.modules["machine"], sys.modules["network"] = machine, network

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from clamps_rig import ADCRig

from node import dsp
from node.current_set import CurrentSet
from node.drivers.inputs import make_blocks
from node.drivers.rp2_adc import RP2ADC
from node.health import Health
from node.motor import Motor
from node.result import Result
from node.waveform import Waveform


class Clamps:
    """What they say of the motor: whether it stands, by a record that was sound."""

    def __init__(self, standing):
        self.standing = standing


class Measured:
    """A set after its record, as far as this rule looks at it."""

    _channels = ("x",)
    _at_rest = Waveform._at_rest

    def __init__(self, clamps):
        self._clamps = clamps
        self.result = Result()
        self.result.channels["x"] = {"zone": 2.0, "bearing_fault": 1.0, "vel_rms_mm_s": 4.0}
        self.result.withheld["x"] = {"crest": "silent"}
        self.result.marked["x"] = {"bearing_fault": "few_blocks", "vel_rms_mm_s": "short"}


def test_withhold_at_rest__motor_stands__no_verdict_and_every_other_value():
    measured = Measured(Clamps(True))
    Waveform._withhold_at_rest(measured)
    result = measured.result
    assert result.channels["x"] == {"vel_rms_mm_s": 4.0}
    assert result.marked["x"] == {"vel_rms_mm_s": "short"}
    assert result.withheld["x"] == {
        "crest": "silent",
        "zone": "standing",
        "bearing_fault": "standing",
    }


def test_withhold_at_rest__motor_runs_or_nobody_knows__nothing_changes():
    for clamps in (None, Clamps(False)):
        measured = Measured(clamps)
        Waveform._withhold_at_rest(measured)
        assert len(measured.result.channels["x"]) == 3
        assert measured.result.withheld["x"] == {"crest": "silent"}


class ClampsAtAMotor:
    """What node.clamps.Clamps is to a set, at a converter's twin."""

    name, currents, shaft_hz, shaft_error, standing = "clamps", 1, None, None, False

    def __init__(self, rig):
        row = {"channel": "a", "input": 26, "quantity": "current", "per_volt": 20.0}
        row.update(phase_deg=0, noise=0.02)
        self.rows = [row]
        self.settings = {"chip": "adc", "bias_v": 1.65, "line_hz": 50, "full_scale_v": 3.3}
        self.settings["motor"] = {"pole_pairs": None, "neg_seq_pct": 7}
        self.motor = Motor("/no-such-folder/motor", 2.0, 1.0)
        self._driver = RP2ADC(rig.port, rig.clock)

    def reserve(self, *room):
        pass

    def converter(self, rate_hz, samples):
        self._driver.configure(rate_hz, samples, (26,), 3.3, 50)
        return self._driver


class Room:
    backend = dsp.backend("viper")

    def views(self, samples, inputs):
        return make_blocks(inputs, samples)

    def spare(self):
        return None


def test_clamps__motor_that_stops__the_verdict_at_its_machine_goes_with_it():
    rig = ADCRig(source={"kind": "motor", "timeline": ((0, "run"), (0.14, "off"))})
    clamps = ClampsAtAMotor(rig)
    settings = {"name": "currents", "rate_hz": 2000, "samples": 256, "features": ["cur_running"]}
    settings["schedule"] = {"kind": "interval", "interval_ms": 1000}
    currents = CurrentSet(settings, "sets[0]", clamps, Room(), Health())
    for standing in (False, True):
        asyncio.run(currents.run())
        assert currents.result.record["valid"] and not currents.result.faults
        assert currents.result.channels["a"]["cur_running"] == (not standing)
        measured = Measured(clamps)
        Waveform._withhold_at_rest(measured)
        assert ("zone" in measured.result.channels["x"]) != standing
        rig.world.advance_us(100_000)
    # A record that says nothing of the motor leaves no verdict withheld for it
    rig.chip.inject("stuck", {})
    asyncio.run(currents.run())
    assert not currents.result.record["valid"] and not clamps.standing


def test_clamps__first_record_not_sound__where_its_inputs_rest_is_not_learned():
    rig = ADCRig(source={"kind": "motor", "timeline": ((0, "run"),)})
    clamps = ClampsAtAMotor(rig)
    clamps.settings = dict(clamps.settings)
    settings = {"name": "currents", "rate_hz": 2000, "samples": 256, "features": ["cur_fund_a"]}
    settings["schedule"] = {"kind": "interval", "interval_ms": 1000}
    currents = CurrentSet(settings, "sets[0]", clamps, Room(), Health())
    # 0.45 V off is beyond a tenth of the range
    for bias_v, learned in ((1.2, False), (1.65, True), (1.2, True)):
        clamps.settings["bias_v"] = bias_v
        asyncio.run(currents.run())
        told = currents.result.marked["a"]
        assert told == ({"cur_fund_a": "bias"} if bias_v < 1.6 else {})
        assert (currents._rests_v[0] is not None) == learned


def test_keep_surest__a_multiple_of_the_speed__no_surer_than_the_speed():
    class Report:
        _estimate = None
        keep = Waveform._keep_surest

    report = Report()
    for shaft_hz, error, kept_hz in (
        (25.0, None, None),
        (25.0, 0.004, 25.0),
        (75.0, 0.002, 25.0),  # 0.15 Hz
        (25.1, 0.003, 25.1),
        (50.2, 0.0014, 50.2),
    ):
        report.keep(shaft_hz, error)
        assert (report._estimate or (None,))[0] == kept_hz, (shaft_hz, report._estimate)
