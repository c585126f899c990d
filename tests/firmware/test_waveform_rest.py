import sys

try:
    import network
except ImportError:  # here: the unix port has none, boards and CPython's mocks have
    from sim import machine, network

    sys.modules["machine"], sys.modules["network"] = machine, network

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
