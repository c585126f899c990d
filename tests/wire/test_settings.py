from wire import settings


def good():
    return {
        "version": 1,
        "fleet": "demo",
        "node": "pump-1",
        "board": "virtual",
        "network": {"kind": "wifi", "ssid": "plant", "password": "not shown"},
        "mqtt": {"host": "127.0.0.1", "port": 1883, "keepalive_s": 15},
        "report": {"interval_ms": 8000, "outbox_reports": 64},
        "watchdog_ms": 8000,
        "dsp": {"backend": "viper"},
        "sensors": [
            {
                "name": "acc",
                "chip": "adxl345",
                "odr_hz": 800,
                "range_g": 16,
                "samples": 1024,
                "bus": {
                    "kind": "i2c",
                    "id": 0,
                    "sda": 4,
                    "scl": 5,
                    "rate_hz": 400000,
                    "address": 83,
                },
                "int1": 6,
                "channels": ["x", "y", "z"],
                "gravity": "-z",
                "features": ["acc_rms_g", "band2_g"],
                "bands": [
                    {"low_hz": 10, "high_hz": 100},
                    {"low_hz": 99.5, "high_hz": 400},
                ],
                "shaft_hz": 24.5,
                "machine": {"group": 2, "support": "rigid"},
                "spectrum": "compressed",
            },
            {
                "name": "far",
                "chip": "adxl345",
                "odr_hz": 3200,
                "range_g": 2,
                "samples": 4096,
                "bus": {
                    "kind": "spi",
                    "id": 0,
                    "sck": 18,
                    "mosi": 19,
                    "miso": 16,
                    "cs": 17,
                    "rate_hz": 5000000,
                },
                "int1": None,
                "channels": ["axial"],
                "gravity": None,
                "features": ["vel_rms_mm_s"],
                "bands": [],
                "shaft_hz": None,
                "machine": None,
                "spectrum": "full",
            },
        ],
    }


def changed(path, value):
    """Good settings with the value at a path of keys and indices replaced."""
    tree = good()
    at = tree
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return tree


# path in the object, bad value, path in the error
BAD = (
    (("version",), 2, "version"),
    (("version",), "1", "version"),
    (("version",), True, "version"),
    (("fleet",), "Demo", "fleet"),
    (("node",), "", "node"),
    (("node",), "../etc", "node"),
    (("board",), 7, "board"),
    (("network",), "plant", "network.kind"),
    (("network", "kind"), "lte", "network.kind"),
    (("network", "kind"), ["wifi"], "network.kind"),
    (("network", "ssid"), "x" * 33, "network.ssid"),
    (("mqtt", "host"), "", "mqtt.host"),
    (("mqtt", "host"), "broker.plant", "mqtt.host"),
    (("mqtt", "host"), "127.0.0", "mqtt.host"),
    (("mqtt", "host"), "127.0.0.256", "mqtt.host"),
    (("mqtt", "host"), "127.0.0.01", "mqtt.host"),
    (("mqtt", "host"), "127.0.0.", "mqtt.host"),
    (("mqtt", "host"), 2130706433, "mqtt.host"),
    (("mqtt", "port"), 0, "mqtt.port"),
    (("mqtt", "port"), 65536, "mqtt.port"),
    (("mqtt", "keepalive_s"), 1.5, "mqtt.keepalive_s"),
    (("report",), None, "report"),
    (("report", "interval_ms"), 0, "report.interval_ms"),
    (("report", "interval_ms"), 2000, "report.interval_ms"),
    (("report", "outbox_reports"), 0, "report.outbox_reports"),
    (("watchdog_ms",), 9000, "watchdog_ms"),
    (("dsp", "backend"), "numpy", "dsp.backend"),
    (("sensors",), [], "sensors"),
    (("sensors", 0, "gravity"), "up", "sensors[0].gravity"),
    (("sensors",), {}, "sensors"),
    (("sensors", 0), None, "sensors[0]"),
    (("sensors", 0, "chip"), "adxl999", "sensors[0].chip"),
    (("sensors", 0, "samples"), 1000, "sensors[0].samples"),
    (("sensors", 0, "samples"), 4096, "sensors[0].samples"),
    (("sensors", 0, "odr_hz"), 0, "sensors[0].odr_hz"),
    (("sensors", 0, "int1"), -1, "sensors[0].int1"),
    (("sensors", 0, "channels"), ["x", "x", "z"], "sensors[0].channels"),
    (("sensors", 0, "channels"), [], "sensors[0].channels"),
    (("sensors", 0, "features"), [], "sensors[0].features"),
    (("sensors", 0, "features", 1), "rms", "sensors[0].features[1]"),
    (("sensors", 0, "features", 0), "band3_g", "sensors[0].features"),
    (("sensors", 0, "bands", 0, "low_hz"), 100, "sensors[0].bands[0]"),
    (("sensors", 0, "bands", 1, "high_hz"), 401, "sensors[0].bands[1]"),
    (("sensors", 0, "bands", 1, "high_hz"), float("nan"), "sensors[0].bands[1].high_hz"),
    (("sensors", 0, "shaft_hz"), 0, "sensors[0].shaft_hz"),
    (("sensors", 0, "machine", "group"), 3, "sensors[0].machine.group"),
    (("sensors", 0, "spectrum"), "waterfall", "sensors[0].spectrum"),
    (("sensors", 0, "bus", "kind"), "can", "sensors[0].bus.kind"),
    (("sensors", 0, "bus", "address"), 0x78, "sensors[0].bus.address"),
    (("sensors", 1, "bus", "cs"), "17", "sensors[1].bus.cs"),
    (("sensors", 1, "name"), "acc", "sensors[1].name"),
)


def test_check__good_settings__no_error():
    assert settings.check(good()) == []


def test_check__one_bad_value__names_its_path_and_what_is_allowed():
    for path, value, where in BAD:
        errors = settings.check(changed(path, value))
        assert len(errors) == 1, (path, errors)
        assert errors[0][0] == where, (path, errors)
        assert errors[0][2], errors


def test_check__several_bad_values__names_all():
    tree = changed(("node",), "A")
    tree["mqtt"]["port"] = 0
    del tree["watchdog_ms"]
    paths = sorted([error[0] for error in settings.check(tree)])
    assert paths == ["mqtt.port", "node", "watchdog_ms"], paths


def test_check__missing_key__named_with_what_is_allowed():
    for key in settings.SCHEMA:
        tree = good()
        del tree[key]
        errors = settings.check(tree)
        assert [(error[0], error[1]) for error in errors] == [(key, settings.MISSING)], errors


def test_check__unknown_key__named():
    tree = good()
    tree["sensors"][0]["odr"] = 800
    assert [error[0] for error in settings.check(tree)] == ["sensors[0].odr"]


def test_check__bad_secret_or_mistyped_key_of_one__value_not_shown():
    for key, value in (("password", ["geheim"]), ("passwrod", "geheim")):
        tree = good()
        tree["network"][key] = value
        errors = settings.check(tree)
        assert len(errors) == 1, errors
        assert "geheim" not in settings.error_text(errors[0]), errors


def test_check__no_object_at_all__one_error():
    for tree in (None, [], "x", 3):
        assert len(settings.check(tree)) == 1, tree


def test_error_text__long_value__cut():
    text = settings.error_text(("a.b", "x" * 500, "less"))
    assert text.startswith("a.b: 'xxx") and text.endswith("allowed: less"), text
    assert len(text) < 120, len(text)
