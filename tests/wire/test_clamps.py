from wire import clamps, settings


def _input(channel, number, **changed):
    row = {
        "channel": channel,
        "input": number,
        "quantity": "current",
        "per_volt": 30.0,
        "phase_deg": 1.5,
        "noise": None,
    }
    row.update(changed)
    return row


def sensor(**changed):
    good = {
        "kind": "current",
        "name": "clamps",
        "chip": "adc",
        "bus": None,
        "full_scale_v": 3.3,
        "bias_v": 1.65,
        "line_hz": 50,
        "inputs": [
            _input("a", 26),
            _input("b", 27, noise=0.02),
            _input("va", 28, quantity="voltage", per_volt=-350),
        ],
        "motor": {"on_a": 2, "off_a": None, "rated_a": 11.5, "pole_pairs": 2, "neg_seq_pct": 7},
    }
    good.update(changed)
    return good


def measured(**changed):
    good = {
        "kind": "current",
        "name": "currents",
        "sensor": "clamps",
        "rate_hz": 8000,
        "samples": 1024,
        "features": ["cur_rms_a", "cur_running"],
        "schedule": {"kind": "interval", "interval_ms": 1000},
    }
    good.update(changed)
    return good


I2C = {"kind": "i2c", "id": 0, "sda": 4, "scl": 5, "rate_hz": 400000, "address": 72}
SPI = {"kind": "spi", "id": 0, "sck": 18, "mosi": 19, "miso": 16, "cs": 17, "rate_hz": 2000000}


def _errors(of_sensor, of_set):
    """Of the tables, and if there are none, of the whole."""
    from wire import rules

    errors = []
    rules.check("s", of_sensor, settings.CURRENT, errors)
    rules.check("m", of_set, settings.CURRENTS, errors)
    if not errors:
        clamps.check_sensor("s", of_sensor, errors)
        clamps.check_set("m", of_set, of_sensor, errors)
    return errors


def test_check__good_settings_of_each_chip__no_error():
    two = [_input("a", 0), _input("b", 1)]
    assert _errors(sensor(), measured()) == []
    ads = sensor(chip="ads1115", bus=I2C, full_scale_v=4.096, inputs=two)
    assert _errors(ads, measured(rate_hz=260)) == []
    assert _errors(sensor(chip="mcp3208", bus=SPI, inputs=two), measured(rate_hz=3200)) == []
    supply = [_input("dc", 0), _input("v", 1, quantity="voltage", per_volt=1)]
    ina = sensor(chip="ina226", bus=I2C, full_scale_v=0.08192, inputs=supply, motor=None)
    assert _errors(ina, measured(rate_hz=400, features=["cur_dc_a", "cur_dc_w"])) == []


def test_check__one_bad_value__named_with_what_is_allowed():
    a, b = _input("a", 26), _input("b", 27)
    volt = {"quantity": "voltage"}
    for changed, where in (
        ({"bus": I2C}, "s.bus"),
        ({"chip": "ads1115", "full_scale_v": 4.096, "inputs": [_input("a", 0)]}, "s.bus"),
        ({"chip": "ads1115", "bus": I2C, "inputs": [_input("a", 0)]}, "s.full_scale_v"),
        ({"chip": "mcp3208", "bus": SPI, "inputs": [_input("a", 8)]}, "s.inputs[0].input"),
        ({"inputs": [a, _input("a", 27)]}, "s.inputs[1].channel"),
        ({"inputs": [a, _input("b", 26)]}, "s.inputs[1].input"),
        ({"inputs": [_input("a", 26, per_volt=0)]}, "s.inputs[0].per_volt"),
        ({"inputs": [_input("a", 26, phase_deg=91)]}, "s.inputs[0].phase_deg"),
        ({"inputs": [_input("v", 26, **volt)]}, "s.inputs"),
        ({"inputs": [a, _input("v", 27, **volt), _input("w", 28, **volt)]}, "s.inputs"),
        ({"inputs": [a, b, _input("c", 28), _input("d", 29)]}, "s.inputs"),
        ({"line_hz": 55}, "s.line_hz"),
        ({"full_scale_v": 0}, "s.full_scale_v"),
        (
            {
                "motor": {
                    "on_a": 2,
                    "off_a": 3,
                    "rated_a": None,
                    "pole_pairs": None,
                    "neg_seq_pct": 7,
                }
            },
            "s.motor.off_a",
        ),
        ({"motor": None}, "m.features"),
    ):
        rate_hz = 260 if changed.get("chip") == "ads1115" else 8000
        errors = _errors(sensor(**changed), measured(rate_hz=rate_hz))
        assert len(errors) == 1, (where, errors)
        assert errors[0][0] == where and errors[0][2], errors
    for changed, where in (
        ({"rate_hz": 80_000}, "m.rate_hz"),
        ({"rate_hz": 400}, "m.rate_hz"),
        ({"samples": 1000}, "m.samples"),
        ({"features": ["acc_rms_g"]}, "m.features[0]"),
        ({"features": ["cur_dc_a"]}, "m.features"),
        ({"schedule": {"kind": "motion", "threshold_g": 1, "least_ms": 500}}, "m.schedule.kind"),
    ):
        errors = _errors(sensor(), measured(**changed))
        assert len(errors) == 1, (where, errors)
        assert errors[0][0] == where and errors[0][2], errors


def test_passes_for_line__by_the_odd_harmonics_themselves__agrees():
    for tenths in range(40, 200):
        rate_hz = (tenths + 0.3) / 10 * 50
        found = False
        for rates in (1, 2):
            for harmonic in range(3, 42, 2):
                alias_hz = abs(harmonic * 50 - rates * rate_hz)
                found = found or abs(alias_hz - 50) < 5
        assert clamps.passes_for_line(rate_hz, 50) == found, (rate_hz, found)
    assert not clamps.passes_for_line(8000, 50) and not clamps.passes_for_line(1000, 50)


def test_channels_of__clamps__those_of_their_currents():
    assert settings.channels_of(sensor()) == ["a", "b"]
    assert settings.block_ms(measured()) == 128


START = {"kind": "start", "threshold_a": 5}
DEMAND = {"kind": "demand"}


def test_check_set__inrush_of_too_few_samples_a_cycle__the_rate_that_is_enough():
    for key in clamps.INRUSH_KEYS:
        for rate_hz, line_hz, allowed in ((370, 50, "400"), (390, 50, "400"), (470, 60, "480")):
            errors = _errors(sensor(line_hz=line_hz), measured(rate_hz=rate_hz, features=[key]))
            assert [error[0] for error in errors] == ["m.rate_hz"], errors
            assert errors[0][2].startswith("at least %s for %s" % (allowed, key)), errors
        assert _errors(sensor(), measured(rate_hz=480, features=[key])) == []
    assert _errors(sensor(), measured(rate_hz=370)) == []


def _together(*sets):
    errors = []
    clamps.check_together(sets, errors)
    return [error[:2] for error in errors]


def test_check_together__two_sets_that_wait_for_a_start_of_one_sensor__both_refused():
    inrush = measured(features=["cur_inrush_a"], schedule=START)
    assert _together(inrush, measured(name="b")) == []
    refused = [("sets[%d].schedule.kind" % index, "start") for index in (0, 1)]
    assert _together(inrush, inrush) == refused
    assert (
        _together(inrush, measured(sensor="others", features=["cur_rms_a"], schedule=START)) == []
    )


def test_check_together__state_of_a_motor_that_nothing_sees_stop__refused():
    for key in clamps.MOTOR_KEYS:
        waits = measured(features=["cur_inrush_a", key], schedule=START)
        assert _together(waits) == [("sets[0].features", key)]
        assert _together(waits, measured(sensor="others")) == [("sets[0].features", key)]
        assert _together(waits, measured(features=["cur_rms_a"])) == []
        asked = _together(measured(features=[key], schedule=DEMAND))
        assert asked == ([] if key == "cur_running" else [("sets[0].features", key)])
    waveform = {"kind": "waveform", "sensor": "acc", "features": [], "schedule": DEMAND}
    assert _together(waveform) == []
