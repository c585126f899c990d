"""A fleet with TLS and a time server out of reach, on virtual boards of this computer."""

import re
from pathlib import Path

import pytest

from nodewright.fleet.load import FILE
from system.broker_rig import make_fleet, run, running
from system.identity_rig import needs_mosquitto

pytestmark = needs_mosquitto


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    folder = make_fleet(tmp_path / "north")
    text = (folder / FILE).read_text(encoding="utf-8")
    # TEST-NET-1 (RFC 5737): nobody has this address.
    changed = re.sub(r"(?m)^# ntp = .*$", 'ntp = ["192.0.2.1"]', text, count=1)
    assert changed != text
    (folder / FILE).write_text(changed, encoding="utf-8")
    return folder


def test_virtual__time_server_out_of_reach__goes_by_this_computers_date(fleet: Path) -> None:
    with running(fleet):
        told = run("virtual", "pump-1", "--fleet", fleet, "--reports", "1")
    assert told.returncode == 0, told.stderr
    assert "asks no time server" in " ".join(f"{told.stdout} {told.stderr}".split())


def test_virtual__no_broker_of_the_fleet__its_own_needs_no_tls(fleet: Path) -> None:
    told = run("virtual", "pump-1", "--fleet", fleet, "--reports", "1")
    assert told.returncode == 0, told.stderr
