from wire import rules, settings


def good():
    return {
        "version": 1,
        "fleet": "demo",
        "node": "pump-1",
        "board": "virtual",
        "network": {
            "kind": "wifi",
            "ssid": "plant",
            "password": "not shown",
            "static": {"address": "10.0.0.7", "mask": "255.255.255.0", "gateway": "10.0.0.1"},
            "dns": None,
        },
        "mqtt": {
            "host": "127.0.0.1",
            "port": 1883,
            "keepalive_s": 15,
            "spread_ms": 3000,
            "tls": False,
            "others": [{"host": "broker-2.plant", "port": 8883}],
        },
        "clock": {"servers": ["192.168.1.1", "time.plant:1123"]},
        "report": {"outbox_reports": 64},
        "watchdog_ms": 8000,
        "dsp": {"backend": "viper"},
        "sensors": [
            {
                "kind": "accelerometer",
                "name": "acc",
                "chip": "adxl345",
                "range_g": 16,
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
                "machine": {"group": 2, "support": "rigid"},
                "shaft_hz": 24.5,
                "shaft_error_pct": 0.2,
                "tacho": {"pin": 20, "pulses": 1},
                "motor": None,
                "bearing": {"bpfo": 3.58, "bpfi": 5.42, "bsf": 2.36, "ftf": 0.398},
            },
            {
                "kind": "accelerometer",
                "name": "far",
                "chip": "adxl345",
                "range_g": 2,
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
                "machine": None,
                "shaft_hz": None,
                "shaft_error_pct": None,
                "tacho": None,
                "motor": None,
                "bearing": None,
            },
            {
                "kind": "temperature",
                "name": "t1",
                "chip": "ds18b20",
                "bus": {"kind": "onewire", "pin": 22, "rom": "28ff641d8fdf18c1"},
                "channels": ["housing"],
            },
        ],
        "sets": [
            {
                "kind": "waveform",
                "name": "slow",
                "sensor": "acc",
                "odr_hz": 800,
                "samples": 1024,
                "decimate": 1,
                "blocks": 1,
                "features": ["acc_rms_g", "band2_g"],
                "bands": [
                    {"low_hz": 10, "high_hz": 100},
                    {"low_hz": 99.5, "high_hz": 400},
                ],
                "envelope_band": 0,
                "spectrum": "compressed",
                "schedule": {"kind": "interval", "interval_ms": 8000},
            },
            {
                "kind": "waveform",
                "name": "fast",
                "sensor": "far",
                "odr_hz": 3200,
                "samples": 4096,
                "decimate": 1,
                "blocks": 4,
                "features": ["vel_rms_mm_s"],
                "bands": [],
                "envelope_band": 4,
                "spectrum": "full",
                "schedule": {"kind": "demand"},
            },
            {
                "kind": "waveform",
                "name": "moved",
                "sensor": "far",
                "odr_hz": 3200,
                "samples": 256,
                "decimate": 2,
                "blocks": 1,
                "features": ["acc_peak_g"],
                "bands": [],
                "envelope_band": 0,
                "spectrum": "none",
                "schedule": {"kind": "motion", "threshold_g": 0.5, "least_ms": 60000},
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
    (("mqtt", "host"), "broker_plant", "mqtt.host"),
    (("mqtt", "host"), "broker..plant", "mqtt.host"),
    (("mqtt", "host"), "broker.plant.", "mqtt.host"),
    (("mqtt", "host"), "-broker", "mqtt.host"),
    (("mqtt", "host"), "b" * 64, "mqtt.host"),
    (("mqtt", "host"), "broker:8883", "mqtt.host"),
    (("mqtt", "tls"), 1, "mqtt.tls"),
    (("mqtt", "others"), None, "mqtt.others"),
    (("mqtt", "others"), [{"host": "", "port": 1}], "mqtt.others[0].host"),
    (("clock",), {"servers": []}, "clock.servers"),
    (("clock",), {"servers": ["time.plant:0"]}, "clock.servers[0]"),
    (("clock",), {"servers": ["time.plant:"]}, "clock.servers[0]"),
    (("clock",), {"servers": ["1.2.3.4:65536"]}, "clock.servers[0]"),
    (("network", "dns"), ["dns.plant"], "network.dns[0]"),
    (("network", "dns"), [], "network.dns"),
    (("network", "static", "mask"), "/24", "network.static.mask"),
    (("mqtt", "host"), "127.0.0", "mqtt.host"),
    (("mqtt", "host"), "127.0.0.256", "mqtt.host"),
    (("mqtt", "host"), "127.0.0.01", "mqtt.host"),
    (("mqtt", "host"), "127.0.0.", "mqtt.host"),
    (("mqtt", "host"), 2130706433, "mqtt.host"),
    (("mqtt", "port"), 0, "mqtt.port"),
    (("mqtt", "port"), 65536, "mqtt.port"),
    (("mqtt", "keepalive_s"), 1.5, "mqtt.keepalive_s"),
    (("mqtt", "spread_ms"), 249, "mqtt.spread_ms"),
    (("report",), None, "report"),
    (("report", "outbox_reports"), 0, "report.outbox_reports"),
    (("watchdog_ms",), 9000, "watchdog_ms"),
    (("dsp", "backend"), "numpy", "dsp.backend"),
    (("sensors",), [], "sensors"),
    (("sensors", 0, "gravity"), "up", "sensors[0].gravity"),
    (("sensors",), {}, "sensors"),
    (("sensors", 0), None, "sensors[0].kind"),
    (("sensors", 0, "chip"), "adxl999", "sensors[0].chip"),
    (("sensors", 0, "int1"), -1, "sensors[0].int1"),
    (("sensors", 0, "channels"), ["x", "x", "z"], "sensors[0].channels"),
    (("sensors", 0, "channels"), [], "sensors[0].channels"),
    (("sensors", 0, "shaft_hz"), 0, "sensors[0].shaft_hz"),
    (("sensors", 0, "machine", "group"), 3, "sensors[0].machine.group"),
    (("sensors", 0, "shaft_error_pct"), -1, "sensors[0].shaft_error_pct"),
    (("sensors", 0, "bearing", "ftf"), 0, "sensors[0].bearing.ftf"),
    (("sensors", 0, "bearing", "bpfi"), 50.5, "sensors[0].bearing.bpfi"),
    (("sensors", 0, "motor"), "far", "sensors[0].motor"),
    (("sensors", 0, "tacho", "pulses"), 0, "sensors[0].tacho.pulses"),
    (("sensors", 0, "kind"), "clamp", "sensors[0].kind"),
    (("sensors", 2, "bus", "rom"), "28FF641D8FDF18C1", "sensors[2].bus.rom"),
    (("sensors", 2, "bus", "rom"), "28ff", "sensors[2].bus.rom"),
    (("sensors", 2, "chip"), "adxl345", "sensors[2].chip"),
    (("sensors", 2, "bus"), {"kind": "spi"}, "sensors[2].bus.kind"),
    (("sensors", 0, "bus", "kind"), "can", "sensors[0].bus.kind"),
    (("sensors", 0, "bus", "address"), 0x78, "sensors[0].bus.address"),
    (("sensors", 1, "bus", "cs"), "17", "sensors[1].bus.cs"),
    (("sensors", 2, "name"), "acc", "sensors[2].name"),
    (("sets",), [], "sets"),
    (("sets", 0, "kind"), "photo", "sets[0].kind"),
    (("sets", 0, "samples"), 1000, "sets[0].samples"),
    (("sets", 0, "samples"), 4096, "sets[0].samples"),
    (("sets", 0, "decimate"), 3, "sets[0].decimate"),
    (("sets", 0, "decimate"), 2, "sets[0].bands[1]"),
    (("sets", 0, "blocks"), 0, "sets[0].blocks"),
    (("sets", 0, "blocks"), 7, "sets[0].schedule.interval_ms"),
    (("sets", 0, "odr_hz"), 0, "sets[0].odr_hz"),
    (("sets", 0, "features"), [], "sets[0].features"),
    (("sets", 0, "features", 1), "rms", "sets[0].features[1]"),
    (("sets", 0, "features", 0), "band3_g", "sets[0].features"),
    (("sets", 0, "bands", 0, "low_hz"), 100, "sets[0].bands[0]"),
    (("sets", 0, "bands", 1, "high_hz"), 401, "sets[0].bands[1]"),
    (("sets", 0, "bands", 1, "high_hz"), 99.6, "sets[0].bands[1]"),  # between two bins
    (("sets", 0, "bands", 1, "high_hz"), float("nan"), "sets[0].bands[1].high_hz"),
    (("sets", 0, "envelope_band"), 5, "sets[0].envelope_band"),
    (("sets", 0, "spectrum"), "waterfall", "sets[0].spectrum"),
    (("sets", 0, "schedule", "interval_ms"), 0, "sets[0].schedule.interval_ms"),
    (("sets", 0, "schedule", "interval_ms"), 1200, "sets[0].schedule.interval_ms"),
    (("sets", 0, "schedule", "kind"), "cron", "sets[0].schedule.kind"),
    (("sets", 0, "sensor"), "t1", "sets[0].sensor"),
    (("sets", 1, "sensor"), "nothing", "sets[1].sensor"),
    (("sets", 1, "name"), "slow", "sets[1].name"),
    (("sets", 2, "schedule", "threshold_g"), 0, "sets[2].schedule.threshold_g"),
    (("sets", 2, "schedule"), {"kind": "interval", "interval_ms": 170}, "sets"),
)


def test_check__good_settings__no_error():
    assert settings.check(good()) == []


def test_check__one_bad_value__names_its_path_and_what_is_allowed():
    for path, value, where in BAD:
        errors = settings.check(changed(path, value))
        assert len(errors) == 1, (path, errors)
        assert errors[0][0] == where, (path, errors)
        assert errors[0][2], errors


def test_check__order_that_the_rate_does_not_reach__says_how_far_it_does():
    # 800 Hz, 1024 samples: three bins below 400 Hz, less 1.5 bins, less 1 %.
    for shaft_hz, wrong in ((130.8, []), (131.0, ["order3_mm_s"]), (400.0, None)):
        given = changed(("sensors", 0, "shaft_hz"), shaft_hz)
        orders = ["order1_mm_s", "order2_mm_s", "order3_mm_s"]
        given["sets"][0]["features"] = orders
        errors = settings.check(given)
        assert [value for _, value, _ in errors] == (orders if wrong is None else wrong), errors
        for where, _, allowed in errors:
            assert where == "sets[0].features" and "392.6 Hz" in allowed, (where, allowed)


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
        assert [(error[0], error[1]) for error in errors] == [(key, rules.MISSING)], errors


def test_check__unknown_key__named():
    tree = good()
    tree["sets"][0]["odr"] = 800
    assert [error[0] for error in settings.check(tree)] == ["sets[0].odr"]


def test_sensor_of__set__the_sensor_it_names():
    tree = good()
    assert [settings.sensor_of(tree, measured)["name"] for measured in tree["sets"]] == [
        "acc",
        "far",
        "far",
    ]


def test_check__bad_secret_or_mistyped_key_of_one__value_not_shown():
    for key, value in (("password", ["geheim"]), ("passwrod", "geheim")):
        tree = good()
        tree["network"][key] = value
        errors = settings.check(tree)
        assert len(errors) == 1, errors
        assert "geheim" not in rules.error_text(errors[0]), errors


def test_check__no_object_at_all__one_error():
    for tree in (None, [], "x", 3):
        assert len(settings.check(tree)) == 1, tree


def test_error_text__long_value__cut():
    text = rules.error_text(("a.b", "x" * 500, "less"))
    assert text.startswith("a.b: 'xxx") and text.endswith("allowed: less"), text
    assert len(text) < 120, len(text)
