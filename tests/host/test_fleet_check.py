"""A fleet judged as a whole: each error at its place, with value, what is allowed, cure."""

import re
from dataclasses import replace

import pytest

from host.fleet_rig import CANARY, SENSOR, judged, lines, make, many
from nodewright import boards, cli
from nodewright.fleet import check, listing, memory, resolve
from nodewright.fleet.finding import FleetErrors, FleetNotFound
from nodewright.fleet.load import FILE
from wire import settings as node_settings

EXAMPLE_BUS = """# [nodes.pump-1.buses.mine]
# kind = "i2c"
# sda = 8
# scl = 9
# rate = "400kHz"
"""
SECOND = """
[nodes.pump-1.sensors.second]
chip = "adxl345"
bus = "i2c0"
range = "2g"
sets = ["severity"]
"""
OTHER_NODE = '\n[nodes.pump-2]\nboard = "pico_w"\n[nodes.pump-2.sensors.acc]\n' + SENSOR
SLOW = '"800Hz"\nsamples = 1024'


def test_check__the_example__no_error_and_settings_that_the_node_takes(tmp_path) -> None:
    found = judged(tmp_path / "f")
    assert found.findings == ()
    settings = found.compiled["pump-1"].settings
    assert node_settings.check(settings) == []
    assert settings["sensors"][0]["shaft_hz"] == pytest.approx(1480 / 60, abs=1e-6)
    assert settings["sensors"][0]["bearing"]["bpfo"] == pytest.approx(3.5848, abs=1e-4)


# what is changed; path, what stands there in the file, words of the message
WRONG = [
    # units
    (('"10s"', "10"), "sets.severity.every", "10", 'write "10s" or "10ms"'),
    (('"10s"', '"10"'), "sets.severity.every", '"10"', 'write "10s" or "10ms"'),
    (('"10s"', '"10parsec"'), "sets.severity.every", '"10parsec"', "no unit of time"),
    (('"10s"', '"-10s"'), "sets.severity.every", '"-10s"', "0.1s to 1d"),
    (('"16g"', '"16G"'), "nodes.pump-1.sensors.acc.range", '"16G"', 'write "16g"'),
    (('"1480rpm"', '"nanrpm"'), "assets.pump-1.speed", '"nanrpm"', "rpm"),
    (('"1480rpm"', '"1e999rpm"'), "assets.pump-1.speed", '"1e999rpm"', "finite"),
    # names and keys
    (("int1 = 15", "int_1 = 15"), "nodes.pump-1.sensors.acc.int_1", "int_1", "did you mean int1?"),
    (("[sets.severity]", "[set.severity]"), "set", "[set", "did you mean sets?"),
    (("[nodes.pump-1]", "[nodes.Pump_1]"), "nodes.Pump_1", "[nodes.Pump_1]", "write pump-1"),
    (('name = "north"', 'name = "-"'), "fleet.name", '"-"', "a-z"),
    (('site = "hall-1"\n# W', 'site = "hal-1"\n# W'), "nodes.pump-1.site", '"hal', "hall-1?"),
    (
        ("pump-1/drive-end", "pump-1/driveend"),
        "nodes.pump-1.sensors.acc.point",
        '"pump-1/dri',
        "drive-end?",
    ),
    (
        ('"severity", "on', '"severty", "on'),
        "nodes.pump-1.sensors.acc.sets[0]",
        '"sev',
        "severity?",
    ),
    (
        ('"vel_rms_mm_s", "order1', '"vel_rms", "order1'),
        "sets.severity.features[4]",
        '"vel_rms"',
        "vel_rms_mm_s?",
    ),
    (('board = "virtual"', ""), "nodes.pump-1.board", "[nodes.pump-1]", "add board"),
    (('board = "virtual"', 'board = "picow"'), "nodes.pump-1.board", '"picow"', "pico_w?"),
    (
        ("[nodes.pump-1.sensors.acc]", "[nodes.pump-1]\nsensors = 3\n[x]"),
        "nodes.pump-1",
        "[nodes.pump-1]",
        "rename one",
    ),
    (
        ("[assets.pump-1.points.drive-end]", "points = 3\n[x]"),
        "assets.pump-1.points",
        "3",
        "a table",
    ),
    # pins and buses
    (("int1 = 15", "int1 = 23"), "nodes.pump-1.sensors.acc.int1", "23", "0-22, 26-28"),
    (("int1 = 15", "int1 = 4"), "nodes.pump-1.sensors.acc.int1", "4 ", "i2c0 sda has it"),
    (
        ("int1 = 15", "int1 = 15\ntacho = 15"),
        "nodes.pump-1.sensors.acc.tacho",
        "15",
        "acc int1 has",
    ),
    (("0x53", "0x54"), "nodes.pump-1.sensors.acc.address", "0x54", "0x53, 0x1D"),
    (('bus = "i2c0"', 'bus = "i2c7"'), "nodes.pump-1.sensors.acc.bus", '"i2c7"', "i2c0, i2c1"),
    (
        ('chip = "adxl345"', 'chip = "iis3dwb"'),
        "nodes.pump-1.sensors.acc.bus",
        '"i2c0"',
        "iis3dwb speaks: spi",
    ),
    (
        (EXAMPLE_BUS, '[nodes.pump-1.buses.b]\nkind = "i2c"\nsda = 8\nscl = 11\n'),
        "nodes.pump-1.buses.b.scl",
        "11",
        "scl of i2c1",
    ),
    (
        (EXAMPLE_BUS, '[nodes.pump-1.buses.b]\nkind = "spi"\nid = 2\n'),
        "nodes.pump-1.buses.b.id",
        "2",
        "0, 1",
    ),
    (
        (EXAMPLE_BUS, '[nodes.pump-1.buses.b]\nkind = "i2c"\nrate = "2MHz"\n'),
        "nodes.pump-1.buses.b.rate",
        '"2MHz"',
        "1000000 Hz",
    ),
    (
        (EXAMPLE_BUS, '[nodes.pump-1.buses.b]\nkind = "onewire"\n'),
        "nodes.pump-1.buses.b.pin",
        "[nodes.pump-1.buses.b]",
        "add pin",
    ),
    (
        ('"on-demand"]\n', '"on-demand"]\n' + SECOND),
        "nodes.pump-1.sensors.second.address",
        "[nodes.pump-1.sensors.second]",
        "0x1D",
    ),
    # what chips and buses can do
    (('"16g"', '"17g"'), "nodes.pump-1.sensors.acc.range", '"17g"', '"16g"'),
    ((SLOW, '"900Hz"\nsamples = 1024'), "sets.severity.rate", '"900Hz"', "800Hz"),
    (
        (SLOW, '"3200Hz"\nsamples = 2048'),
        "nodes.pump-1.sensors.acc.bus",
        '"i2c0"',
        "500 bits",
    ),
    # windows
    ((SLOW, '"1600Hz"\nsamples = 256'), "sets.severity.samples", "256", "samples = 512"),
    (('speed = "1480rpm"', 'speed = "100rpm"'), "sets.severity.samples", "1024", "2048"),
    ((SLOW, '"100Hz"\nsamples = 4096'), "sets.severity.samples", "4096", "half of the watchdog"),
    (('"vel_rms_mm_s", "o', '"zone", "o'), "sets.severity.rate", '"800Hz"', "2500 Hz"),
    (('"vel_rms_mm_s", "o', '"hf_rms_g", "o'), "sets.severity.rate", '"800Hz"', "above 2000 Hz"),
    (
        ('"vel_rms_mm_s", "o', '"band1_g", "o'),
        "sets.severity.features[4]",
        '"band1',
        "bands has 0",
    ),
    (
        ("demand = true", 'demand = true\nbands = ["10Hz..500Hz"]'),
        "sets.on-demand.bands[0]",
        '"10',
        "400",
    ),
    (
        ("demand = true", 'demand = true\nbands = ["10Hz..10.1Hz"]'),
        "sets.on-demand.bands[0]",
        '"10',
        "Hz apart",
    ),
    ((SLOW, '"12.5Hz"\nsamples = 256'), "sets.severity.rate", '"12.5Hz"', "above 25 Hz"),
    (('speed = "1480rpm"', 'speed = "12000rpm"'), "sets.severity.rate", '"800Hz"', "orders below"),
    (('every = "10s"', 'every = "1s"'), "sets.severity.every", '"1s"', "1.28 s"),
    (('every = "10s"', ""), "sets.severity.every", "[sets.severity]", "say once when"),
    # the rest
    (("ball = ", "# ball = "), "bearings.fan-end", "[bearings.fan-end]", "add ball"),
    (('"6205"', '"6999"'), "bearings.drive-end.type", '"6999"', "6203"),
    (('ball = "6.746mm"', 'ball = "40mm"'), "bearings.fan-end.ball", '"40mm"', "pitch"),
    (("group = 2\n", ""), "assets.pump-1.group", "[assets.pump-1]", "zones need both"),
    (('host = "127.0.0.1"', 'host = "a_b"'), "brokers.main.host", '"a_b"', "or a name"),
    (
        ('secret = "wifi-plant"', 'secret = "other"'),
        "networks.plant.secret",
        '"other"',
        "secrets set other",
    ),
    (
        ('network = "plant"\n', 'network = "plant"\naddress = "10.0.0.9"\n'),
        "nodes.pump-1.address",
        '"10.0.0.9"',
        "subnet",
    ),
]


@pytest.mark.parametrize(("change", "path", "there", "said"), WRONG, ids=lambda v: str(v)[:40])
def test_check__one_thing_wrong__said_at_its_place(tmp_path, change, path, there, said) -> None:
    folder = tmp_path / "f"
    found = judged(folder, change)
    about = [finding for finding in found.findings if finding.name == path]
    assert about, [str(finding) for finding in found.findings]
    assert any(said in f"{one.allowed} {one.cure} {one.value}" for one in about), about
    assert lines(about[0], folder).startswith(there)
    assert all(one.level == "error" or said == "samples = 512" for one in about)


BANDS = 'bands = [["10Hz", "20Hz"]]\nfeatures = ['
CURED = [
    (("samples = 1024", "samples = 16"), "sets.severity.samples", "the nearest is 256"),
    (("samples = 1024", "samples = 32768"), "sets.severity.samples", "the nearest is 4096"),
    (('"127.0.0.1"', '"bad host!"'), "brokers.main.host", 'as "broker.plant"'),
    (('every = "10s"', 'every = "1s"'), "sets.severity.every", 'every = "2s", or fewer samples'),
    (('every = "10s"', 'every = "-1s"'), "sets.severity.every", 'the nearest is "0.1s"'),
    (('every = "10s"', 'every = "9d"'), "sets.severity.every", 'the nearest is "1d"'),
    (("int1 = 15", "int1 = 24"), "nodes.pump-1.sensors.acc.int1", "the nearest is 22"),
    (("features = [", BANDS), "sets.severity.bands[0]", '"10Hz..100Hz"'),
    (
        ('# [lorawan]\n# region = "EU868"', '[lorawan]\nregion = "MARS"'),
        "lorawan.region",
        'as "EU868"',
    ),
    (('"16g"', '"15g"'), "nodes.pump-1.sensors.acc.range", 'the nearest is "16g"'),
    (('rate = "800Hz"', 'rate = "801Hz"'), "sets.severity.rate", 'the nearest is "800Hz"'),
    (("port = 1883", "port = 70000"), "brokers.main.port", "the nearest is 65535"),
]


@pytest.mark.parametrize(("change", "path", "cure"), CURED, ids=lambda v: str(v)[:40])
def test_check__one_value_wrong__the_cure_is_one_that_can_be(tmp_path, change, path, cure) -> None:
    found = judged(tmp_path / "f", change)
    cures = [finding.cure for finding in found.errors if finding.name == path]
    assert any(cure in one for one in cures), (cures, [str(one) for one in found.errors])


def test_check__all_things_wrong_together__all_said_at_once(tmp_path) -> None:
    changes = [('"10s"', "10"), ("int1 = 15", "int1 = 23"), ('"16g"', '"17g"')]
    changes += [('site = "hall-1"\n#', 'site = "no"\n#'), ('"6205"', '"6999"')]
    found = judged(tmp_path / "f", *changes)
    assert [finding.name for finding in found.errors] == [
        "bearings.drive-end.type",
        "sets.severity.every",
        "nodes.pump-1.site",
        "nodes.pump-1.sensors.acc.int1",
        "nodes.pump-1.sensors.acc.range",
    ]
    assert found.compiled == {}
    with pytest.raises(FleetErrors) as raised:
        _ = found.fleet
    assert len(raised.value.findings) == 5


def test_check__broken_node__the_others_are_compiled(tmp_path) -> None:
    end = OTHER_NODE + 'sets = ["severity"]\n'
    found = judged(tmp_path / "f", ('point = "pump-1/drive-end"', "point = 1"), end=end)
    assert [finding.name for finding in found.errors] == ["nodes.pump-1.sensors.acc.point"]
    assert list(found.compiled) == ["pump-2"]


def test_check__set_of_two_sensors__names_differ_and_the_node_takes_them(tmp_path) -> None:
    second = SECOND.replace('bus = "i2c0"', 'bus = "i2c1"')
    found = judged(tmp_path / "f", ('"on-demand"]\n', '"on-demand"]\n' + second))
    assert found.errors == []
    names = [one["name"] for one in found.compiled["pump-1"].settings["sets"]]
    assert names == ["severity-acc", "on-demand", "severity-second"]


def test_check__records_longer_than_all_time__said(tmp_path) -> None:
    second = SECOND.replace('bus = "i2c0"', 'bus = "i2c1"')
    change = ('every = "10s"', 'every = "2s"')
    found = judged(tmp_path / "f", change, ('"on-demand"]\n', '"on-demand"]\n' + second))
    assert [finding.name for finding in found.errors] == ["nodes.pump-1.sensors"]
    assert "1.28 of all time" in found.errors[0].value


def test_check__memory__more_than_the_board_has_said(tmp_path) -> None:
    longer = [("samples = 2048", "samples = 4096"), ('bus = "i2c0"', 'bus = "spi1"')]
    longer += [('rate = "800Hz"', 'rate = "1600Hz"'), ("samples = 1024", "samples = 2048")]
    longer += [("address = 0x53\n", "")]
    assert judged(tmp_path / "f", *longer).errors == []
    full = ('"compressed"', '"full"')
    found = judged(tmp_path / "f", *longer, full)
    [finding] = [one for one in found.errors if one.name == "nodes.pump-1.board"]
    assert "190 KB" in finding.allowed
    assert "4096 samples of set on-demand take the most: at most 2048 fit in" in finding.cure
    shorter = [(old, new.replace("4096", "2048")) for old, new in longer]
    assert judged(tmp_path / "f", *shorter, full).errors == []


def test_check__memory__of_an_esp32_warned_with_what_can_be_done(tmp_path) -> None:
    short = [("samples = 2048", "samples = 256"), ("samples = 1024", "samples = 256")]
    grows = judged(tmp_path / "f", *short, ('"virtual"', '"esp32"'))
    [finding] = [one for one in grows.warnings if one.name == "nodes.pump-1.board"]
    assert "111 KB, which esp32 has for certain: its heap grows" in finding.allowed
    assert "heap_free_bytes" in finding.cure
    assert "take the most" not in finding.cure  # there are no fewer than 256


def test_check__memory__show_and_check_count_in_one_unit(tmp_path, monkeypatch, capsys) -> None:
    folder = make(tmp_path / "f", ('"virtual"', '"esp32"'))
    found = check.check(folder)
    [told] = [one.value for one in found.warnings if one.name == "nodes.pump-1.board"]
    monkeypatch.setattr("sys.argv", ["nodewright", "show", "pump-1", "--dir", str(folder)])
    with pytest.raises(SystemExit, match="0"):
        cli.main()
    [needs] = re.findall(r"needs about (\d+) KB", told)
    assert f"{needs} of 111 KB" in " ".join(capsys.readouterr().out.split())


def test_check__memory__tls_names_and_the_date_are_counted_where_the_board_has_them(
    tmp_path,
) -> None:
    tls = ('host = "127.0.0.1"', 'host = "127.0.0.1"\ntls = true')
    named = ('host = "127.0.0.1"', 'host = "127.0.0.1"\nspares = ["broker.plant:8883"]')
    dated = ('# ntp = ["192.168.1.1"]', 'ntp = ["192.168.1.1:123"]')
    pico, esp = ('"virtual"', '"pico_w"'), ('"virtual"', '"esp32"')

    def parts(name, *changes):
        return memory.estimate(judged(tmp_path / name, *changes).nodes["pump-1"]).parts

    assert {parts("a", pico)[key] for key in ("TLS", "names", "date")} == {0}
    # docs/decisions/0028-heap.md: 39 KB at the height, of which 8 on an ESP32
    assert parts("b", pico, tls)["TLS"] == 39_000
    assert parts("c", esp, tls)["TLS"] == 8_000
    assert parts("d", pico, named)["names"] == 5_000
    assert parts("e", pico, dated)["names"] == 0
    assert parts("f", pico, dated)["date"] == 4_000


def test_check__memory__a_window_that_fits_without_tls_only__said(tmp_path) -> None:
    pico = ('"virtual"', '"pico_w"')
    assert judged(tmp_path / "f", pico).errors == []
    tls = ('host = "127.0.0.1"', 'host = "127.0.0.1"\ntls = true')
    short = [("samples = 2048", "samples = 512"), ("samples = 1024", "samples = 512")]
    assert judged(tmp_path / "h", pico, tls, *short).errors == []
    assert judged(tmp_path / "i", ('"virtual"', '"pico2_w"'), tls).errors == []
    # docs/decisions/0028-heap.md: on the emulated chip 148 KB without TLS, and 39 more with it
    found = judged(tmp_path / "g", pico, tls, ("samples = 2048", "samples = 1024"))
    [finding] = found.errors
    assert finding.name == "nodes.pump-1.board"
    assert "TLS takes 39 KB" in finding.cure
    assert "at most 512 fit" in finding.cure


def test_check__two_nodes_of_one_name__both_lines_said(tmp_path) -> None:
    folder = tmp_path / "f"
    found = judged(folder, end='\n[nodes.pump-1]\nboard = "pico_w"\n')
    [finding] = found.findings
    first = (folder / FILE).read_text().split("\n").index("[nodes.pump-1]") + 1
    assert finding.name == "nodes.pump-1"
    assert f"first in line {first}" in finding.value
    assert finding.place.line > first


def test_check__two_nodes_of_one_address__said(tmp_path) -> None:
    subnet = ('# subnet = "192.168.1.0/24"\n# gateway', 'subnet = "192.168.1.0/24"\ngateway')
    one = ('network = "plant"\n', 'network = "plant"\naddress = "192.168.1.7"\n')
    end = OTHER_NODE.replace('pico_w"\n', 'pico_w"\naddress = "192.168.1.7"\n')
    found = judged(tmp_path / "f", subnet, one, end=end + 'sets = ["severity"]\n')
    assert [finding.name for finding in found.errors] == ["nodes.pump-2.address"]
    assert "node pump-1" in found.errors[0].cure
    alone = judged(tmp_path / "g", subnet, one)
    static = alone.compiled["pump-1"].settings["network"]["static"]
    assert not alone.findings
    assert static == {"address": "192.168.1.7", "mask": "255.255.255.0", "gateway": "192.168.1.1"}


def test_check__tls_without_a_time_server__warned_and_compiled(tmp_path) -> None:
    tls = (
        'host = "127.0.0.1"',
        'host = "broker.plant"\nspread = "45s"\ntls = true\nspares = ["b-2:8884", "1.2.3.4"]',
    )
    found = judged(tmp_path / "f", tls)
    assert [one.name for one in found.warnings if "date" in one.allowed] == ["networks.plant.ntp"]
    settings = found.compiled["pump-1"].settings
    assert settings["clock"] is None and settings["network"]["dns"] is None
    port = settings["mqtt"]["port"]
    assert settings["mqtt"]["tls"] is True and settings["mqtt"]["host"] == "broker.plant"
    assert settings["mqtt"]["spread_ms"] == 45_000
    assert settings["mqtt"]["others"] == [
        {"host": "b-2", "port": 8884},
        {"host": "1.2.3.4", "port": port},
    ]
    named = (
        '# ntp = ["192.168.1.1"]',
        'dns = ["192.168.1.1"]\nntp = ["192.168.1.1", "t.plant:1123"]',
    )
    found = judged(tmp_path / "g", tls, named)
    assert not [one for one in found.findings if one.name.startswith("networks")]
    settings = found.compiled["pump-1"].settings
    assert settings["clock"] == {"servers": ["192.168.1.1", "t.plant:1123"]}
    assert settings["network"]["dns"] == ["192.168.1.1"]


def test_check__thermometers__on_their_buses_compiled(tmp_path) -> None:
    bus = '[nodes.pump-1.buses.wire]\nkind = "onewire"\npin = 22\n'
    end = (
        '\n[sets.warm]\nkind = "value"\nevery = "60s"\nfeatures = ["temp_c"]\n'
        '[nodes.pump-1.sensors.far]\nchip = "ds18b20"\nbus = "wire"\nsets = ["warm"]\n'
        '[nodes.pump-1.sensors.near]\nchip = "tmp117"\nbus = "i2c0"\nsets = ["warm"]\n'
    )
    found = judged(tmp_path / "f", (EXAMPLE_BUS, bus), end=end)
    assert found.errors == []
    sensors = {one["name"]: one for one in found.compiled["pump-1"].settings["sensors"]}
    assert sensors["far"]["bus"] == {"kind": "onewire", "pin": 22, "rom": None}
    assert sensors["near"]["bus"]["address"] == 0x48
    wrong = judged(tmp_path / "f", (EXAMPLE_BUS, bus), end=end.replace('["warm"]', '["severity"]'))
    assert {one.name for one in wrong.errors} == {
        "nodes.pump-1.sensors.far.sets[0]",
        "nodes.pump-1.sensors.near.sets[0]",
    }


def test_check__motion_and_spi__compiled_as_the_node_has_them(tmp_path) -> None:
    sensor = 'chip = "adxl345"\nbus = "spi0"\nrange = "16g"\n'
    found = judged(
        tmp_path / "f", (SENSOR, sensor), ("demand = true", 'motion = "500mg"\nrest = "2min"')
    )
    assert found.errors == []
    settings = found.compiled["pump-1"].settings
    assert settings["sensors"][0]["bus"] == {
        "kind": "spi",
        "id": 0,
        "sck": 18,
        "mosi": 19,
        "miso": 16,
        "cs": 17,
        "rate_hz": 5_000_000,
    }
    assert settings["sensors"][0]["int1"] is None
    assert settings["sets"][1]["schedule"] == {
        "kind": "motion",
        "threshold_g": 0.5,
        "least_ms": 120_000,
    }


def test_check__no_folder_or_no_fleet__says_how_to_begin(tmp_path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(FleetNotFound, match="nodewright new DIR"):
            check.check(folder)
    make(tmp_path / "f")
    with pytest.raises(FleetNotFound):
        check.check(tmp_path / "f" / FILE)


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("[fleet\n", 1, 7, "close what was opened"),
        ('[fleet]\nname = "a"\nevery = 10s\n', 3, 11, "in quotes"),
        ("[fleet]\nname =\n", 2, 7, "in quotes"),
        ('[fleet]\nname = "a\n', 2, 10, "TOML"),
        ('x = """abc', 1, 11, "close what was opened"),
        ("[fleet]\nname = 1\nname = 2\n", 3, 1, "each name once"),
        ("a = " + "[" * 5000, 1, 1, "too deep"),
        ("a = " + "9" * 5000, 1, 1, "too long"),
    ],
)
def test_check__no_toml__line_and_column_said(tmp_path, text, line, column, said) -> None:
    folder = make(tmp_path / "f")
    (folder / FILE).write_text(text)
    [finding] = check.check(folder).findings
    assert (finding.place.line, finding.place.column) == (line, column)
    assert said in f"{finding.value} {finding.allowed} {finding.cure}"


def test_check__no_utf8__line_and_column_said(tmp_path) -> None:
    folder = make(tmp_path / "f")
    (folder / FILE).write_bytes(b'[fleet]\nname = "n\xe4"\n')
    [finding] = check.check(folder).findings
    assert (finding.place.line, finding.place.column) == (2, 10)
    assert "0xE4" in finding.value


def test_check__windows_line_ends_and_byte_order_mark__read(tmp_path) -> None:
    folder = make(tmp_path / "f", ("int1 = 15", "int1 = 23"))
    text = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"))
    [finding] = check.check(folder).findings
    assert lines(finding, folder).startswith("23")


def test_check__500_nodes__each_compiled(tmp_path) -> None:
    folder = make(tmp_path / "f")
    (folder / FILE).write_text(many(500))
    found = check.check(folder)
    assert (len(found.compiled), found.findings) == (500, ())
    (folder / FILE).write_text(
        many(500).replace('"800Hz"\nsamples = 1024', '"900Hz"\nsamples = 1024')
    )
    [finding] = check.check(folder).findings
    assert finding.name == "sets.severity.rate"
    assert "499 more" not in finding.value  # the chip is the same one everywhere


def test_check__unused_canary__in_no_finding(tmp_path) -> None:
    changes = [
        [('secret = "wifi-plant"', f'password = "{CANARY}"')],
        [('secret = "wifi-plant"', f'secret = "{CANARY}!"')],
        [('secret = "wifi-plant"', f'wifi = {{ password = "{CANARY}" }}')],
        [('ssid = "plant"', f'ssid = {{ password = "{CANARY}" }}')],
        [("[networks.plant]", f'[networks]\nplant = ["{CANARY}"]\n[networks.other]')],
    ]
    for change in changes:
        found = judged(tmp_path / "f", *change)
        assert found.errors
        assert CANARY not in str([one.as_dict() for one in found.findings])
        assert CANARY not in repr(found.findings)


LIKE = """
[assets.pump-2]
like = "pump-1"
title = "Cooling water pump 2"
speed = "990rpm"

[nodes.pump-2]
like = "pump-1"
sensors.acc.point = "pump-2/drive-end"
"""


def test_like__a_machine_and_a_node__take_over_what_they_do_not_say(tmp_path) -> None:
    found = judged(
        tmp_path / "f", ('"hall-1"\n# With', '"hall-1"\ntitle = "One"\n# With'), end=LIKE
    )
    assert found.findings == ()
    one, two = (found.compiled[name].settings for name in ("pump-1", "pump-2"))
    assert two["sensors"][0]["shaft_hz"] == 16.5
    differ = {**two["sensors"][0], "shaft_hz": one["sensors"][0]["shaft_hz"]}
    assert differ == one["sensors"][0]
    assert two["sets"] == one["sets"]
    assert found.fleet.nodes["pump-2"].title is None


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        (('like = "pump-1"\nsen', 'like = "pmp-1"\nsen'), "nodes.pump-2.like", "pump-1?"),
        (('like = "pump-1"\nsen', 'like = "pump-2"\nsen'), "nodes.pump-2.like", "another one"),
        (('like = "pump-1"\nsen', "like = 7\nsen"), "nodes.pump-2.like", "a-z"),
        (('like = "pump-1"\ntit', 'like = "pump-3"\ntit'), "assets.pump-2.like", "pump-1?"),
    ],
)
def test_like__that_leads_nowhere__said_at_its_place(tmp_path, change, path, said) -> None:
    folder = tmp_path / "f"
    found = judged(folder, end=LIKE.replace(*change))
    [finding] = [one for one in found.errors if one.name == path]
    assert said in f"{finding.allowed} {finding.cure}"
    assert lines(finding, folder).startswith(('"p', "7"))


def test_like__a_chain_or_an_error_taken_over__said(tmp_path) -> None:
    chain = LIKE + '\n[nodes.pump-3]\nlike = "pump-2"\nsensors.acc.point = "pump-2/drive-end"\n'
    found = judged(tmp_path / "f", end=chain)
    assert "nodes.pump-3.like" in [one.name for one in found.errors]
    assert list(found.compiled) == ["pump-1", "pump-2"]
    wrong = judged(tmp_path / "f", ("int1 = 15", "int1 = 23"), end=LIKE)
    assert [one.name for one in wrong.errors] == [
        "nodes.pump-1.sensors.acc.int1",
        "nodes.pump-2.sensors.acc.int1",
    ]


def test_check__board_without_a_radio__said_and_compiled_without_a_network(
    tmp_path, monkeypatch
) -> None:
    mute = replace(boards.load("pico_w"), name="mute", wifi=False)
    monkeypatch.setattr(resolve.boards, "load", lambda name: mute)
    found = judged(tmp_path / "f")
    assert [one.name for one in found.warnings] == ["nodes.pump-1.board"]
    compiled = found.compiled["pump-1"]
    assert compiled.settings["network"] == {"kind": "none"}
    assert compiled.secrets == {}
    assert listing.node(found.nodes["pump-1"], compiled)["network"] == "none"


def test_check__over_lorawan__compiled_and_what_is_missing_said(tmp_path) -> None:
    over = ('network = "plant"\n', 'uplink = "lorawan"\n')
    table = '\n[lorawan]\nregion = "AS923-2"\n'
    found = judged(tmp_path / "f", over, end=table)
    assert not found.errors
    assert [one.name for one in found.warnings] == ["nodes.pump-1.uplink"]
    compiled = found.compiled["pump-1"]
    assert compiled.settings["mqtt"] is None and compiled.secrets == {}
    assert compiled.settings["lorawan"] == {"region": "AS923-2"}
    lacks = judged(tmp_path / "g", over)
    assert [one.name for one in lacks.errors] == ["nodes.pump-1.uplink"]
    assert "add [lorawan]" in lacks.errors[0].cure
    assert lacks.compiled == {}
    wrong = judged(tmp_path / "h", over, end='\n[lorawan]\nregion = "EU433x"\n')
    assert [one.name for one in wrong.errors] == ["lorawan.region"]
    assert wrong.compiled == {}
    also = ('network = "plant"\n', 'uplink = "lorawan"\naddress = "10.0.0.9"\n')
    both = judged(tmp_path / "i", also, end=table)
    assert [one.name for one in both.errors] == ["nodes.pump-1.address"]


def test_check__over_lorawan__all_else_of_the_settings_is_judged(tmp_path, monkeypatch) -> None:
    over = ('network = "plant"\n', 'uplink = "lorawan"\n')
    schema = {**node_settings.SCHEMA, "watchdog_ms": ("int", 1, 2)}
    monkeypatch.setattr(node_settings, "SCHEMA", schema)
    found = judged(tmp_path / "f", over, end='\n[lorawan]\nregion = "EU868"\n')
    assert any("watchdog_ms" in one.value for one in found.errors)


def test_check__tachometer__compiled_with_its_pulses(tmp_path) -> None:
    found = judged(tmp_path / "f", ("int1 = 15", "int1 = 15\ntacho = 14\ntacho_pulses = 6"))
    assert found.errors == []
    assert found.compiled["pump-1"].settings["sensors"][0]["tacho"] == {"pin": 14, "pulses": 6}
