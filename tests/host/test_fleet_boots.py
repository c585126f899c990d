"""A fleet's example on a virtual board: the real firmware takes its settings and reports."""

from host.fleet_rig import make
from nodewright import broker
from nodewright.demo.plan import network_spec
from nodewright.fleet import check, edit
from nodewright.fleet.secret import Secrets
from system.node_rig import NodeRig, listen, reports


def test_fleet__compiled_with_its_secret__the_node_joins_and_reports(tmp_path) -> None:
    folder = make(tmp_path / "f")
    [(ssid, password)] = network_spec()["ssids"].items()
    (folder / "secrets" / "wifi-plant").write_text(password)
    with broker.start() as hub:
        edit.set_value(folder, ("networks", "plant", "ssid"), ssid)
        edit.set_value(folder, ("brokers", "main", "port"), hub.port)
        edit.set_value(folder, ("sets", "severity", "every"), "2s")
        _, compiled = check.good_node(folder, "pump-1")
        rig = NodeRig(hub.port)
        rig.settings = compiled.with_secrets(Secrets(folder))
        with listen(hub) as heard, rig.board():
            found = reports(heard, 2)
    for event in found:
        assert (event.fleet, event.node) == ("north", "pump-1")
        report = event.message
        assert (report["record"]["set"], report["record"]["sensor"]) == ("severity", "acc")
        assert report["record"]["valid"]
        asked = set(compiled.settings["sets"][0]["features"])
        for channel in "xyz":
            told = set(report["channels"][channel]) | set(report["withheld"].get(channel, {}))
            assert told == asked
