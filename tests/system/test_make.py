"""`nodewright make`, at the ports of boards and on virtual ones: to a certificate that counts."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from pydantic import SecretStr
from serial.tools import list_ports

from host.pki_rig import given_away, kept, tree
from host.pki_rig import make as fleet_of
from nodewright import broker, cli
from nodewright.flash import back
from nodewright.flash.errors import OtherNode
from nodewright.fleet.load import FILE
from nodewright.fleet.secret import Secrets
from nodewright.interpreter import find_interpreter
from nodewright.link.errors import Interrupted
from nodewright.link.repl import Repl
from nodewright.make.job import Options, Target
from nodewright.make.node import Maker
from nodewright.make.several import run as run_all
from nodewright.pki import record
from nodewright.provision import provision
from nodewright.validate import verify
from system.make_rig import AtDrive, Heard, at_port, fleet, make, on_pico_w

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="virtual boards have ports on POSIX"),
    pytest.mark.xdist_group("make"),
]
OTHER = "/dev/ttyACM7"  # a board that has nothing to do with it
CHIPS = {"pump-1": "e6614c311b7e6f2a", "pump-2": "e6614c311b7e6f2b"}


@pytest.fixture(autouse=True)
def no_port_was_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Names of ports come again: those that another test's boards left are not theirs here."""
    monkeypatch.setenv("NODEWRIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(back, "_left", set())


@pytest.fixture
def north(tmp_path: Path) -> Iterator[Path]:
    """A fleet whose broker runs, and whose nodes nobody has made before."""
    hub = broker.start("auto", None)
    try:
        yield fleet(tmp_path / "north", hub.port)
    finally:
        hub.stop()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Any:
    """A command in this process, where nothing is imported twice; (exit code, stdout, stderr)."""

    def call(folder: Path, *words: str) -> tuple[int, str, str]:
        monkeypatch.chdir(folder)
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setattr(sys, "argv", ["nodewright", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        code, said = ended.value.code, capfd.readouterr()
        assert given_away(said.out + said.err, folder) == [], words
        return code if isinstance(code, int) else 0, said.out, said.err

    return call


def nodewright(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The same as a user has it."""
    ran = subprocess.run(
        [sys.executable, "-m", "nodewright", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
    )
    assert given_away(ran.stdout + ran.stderr, folder) == [], words
    return ran


def test_make__from_nothing__a_certificate_that_counts_until_one_byte_changes(
    tmp_path, run
) -> None:
    assert nodewright("new", "f", folder=tmp_path).returncode == 0
    made = nodewright("make", "pump-1", "--virtual", "--seed", "7", folder=tmp_path / "f")
    assert made.returncode == 0, made.stdout + made.stderr
    assert "pump-1 at a virtual board measures right" in made.stdout
    assert "certificate: validation/pump-1.html" in made.stdout
    file = tmp_path / "f" / "validation" / "pump-1.html"
    good = nodewright("verify", "validation/pump-1.html", folder=tmp_path / "f")
    assert good.returncode == 0, good.stderr
    assert "genuine; pump-1 passed" in good.stdout
    assert "signer.bench of fleet f" in good.stdout
    data = file.read_bytes()
    for at in (100, len(data) // 2, len(data) - 100):
        file.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        code, said, _ = run(tmp_path / "f", "verify", str(file), "--json")
        told = json.loads(said)
        assert (code, told["genuine"]) == (1, False)
        assert told["kind"] in ("Changed", "NoCertificate")
    file.write_bytes(data)
    # Elsewhere nobody is trusted; a file of the CA is enough, another fleet is named.
    code, _, error = run(tmp_path, "verify", str(file))
    assert (code, "--fleet DIR or --ca FILE" in error) == (1, True)
    code, _, error = run(tmp_path, "verify", str(file), "--ca", "f/pki/ca.pem")
    assert (code, "no revocation list" in error) == (0, True)
    south = fleet_of(tmp_path / "south", "south")
    code, _, error = run(tmp_path, "verify", str(file), "--fleet", str(south))
    assert (code, "signed by fleet f" in error) == (1, True)
    both = ("--fleet", "f", "--ca", "f/pki/ca.pem")
    assert run(tmp_path, "verify", str(file), *both)[0] == 2
    assert run(tmp_path, "verify", "none.html", "--fleet", "f")[0] == 2
    # Of several files the worst counts, and all are told.
    code, said, error = run(tmp_path, "verify", str(file), "f/fleet.toml", "--fleet", "f")
    assert (code, "genuine; pump-1" in said, "no HTML of ours" in error) == (1, True, True)


def test_make__two_boards_at_their_ports__side_by_side_bound_flashed_and_certified(north) -> None:
    heard = Heard()
    with (
        at_port(north, "pump-1", CHIPS["pump-1"]) as one,
        at_port(north, "pump-2", CHIPS["pump-2"]) as two,
    ):
        targets = [Target("pump-1", one.port), Target("pump-2", two.port)]
        results = make(north, targets, heard)
        again = make(north, targets)
    for result in results:
        assert result.error is None, result.error
        made = result.made
        assert made is not None
        bad = [c for c in made.kept.validation.cases if c.verdict in ("fail", "error")]
        assert (made.passed, bad) == (True, [])
        node = result.target.node
        assert made.kept.validation.unique_id == CHIPS[node]
        known = record.read(north, node)
        assert known is not None
        assert known.unique_id == CHIPS[node]
        assert made.flashed is not None
        assert made.flashed.sent_bytes > 50_000
        data = (north / made.kept.certificate).read_bytes()
        said = verify.verify(data, "c", verify.of_fleet(north)).as_dict()
        assert (said["node"], said["place"], said["passed"]) == (node, "device", True)
    assert heard.stages("pump-1") == ["provision", "flash", "image", "bind", "validate", "certify"]
    assert {result.target.node for result in heard.results} == {"pump-1", "pump-2"}
    # Done again, nothing is sent and nobody provisioned; the validation is a new one.
    for result in again:
        made = result.made
        assert made is not None
        assert made.provisioned == "unchanged"
        assert made.flashed is not None
        assert made.flashed.sent_bytes == 0
        assert made.kept.remarks == ()
        assert made.kept.validation.begun > results[0].made.kept.validation.begun


def test_make__cut_off_in_each_step__completes_when_run_again(north) -> None:
    def cut(stage: str, share: float = 0.0) -> Heard:
        return Heard(
            lambda _target, step: step.stage == stage and step.done >= share * (step.total or 1)
        )

    with at_port(north, "pump-1", CHIPS["pump-1"]) as one:
        targets = [Target("pump-1", one.port)]
        for heard in (cut("flash", 0.5), cut("validate")):
            (stopped,) = make(north, targets, heard)
            assert isinstance(stopped.error, Interrupted), stopped
            assert stopped.made is None
        (made,) = make(north, targets)
        assert made.error is None
        assert made.made is not None
        assert made.made.passed
        # What was sent before the cut was not sent again.
        assert made.made.flashed is not None
        assert made.made.flashed.sent_bytes == 0


def test_make__axes_in_another_order__certified_as_failed(north, run) -> None:
    def change(world: dict[str, Any]) -> None:
        world["buses"][0]["chips"][0]["orientation"] = "zxy"

    with at_port(north, "pump-2", CHIPS["pump-2"], change) as one:
        words = ("--json", "--junit", "made.xml", "--seed", "3")
        code, said, _ = run(north, "make", f"pump-2={one.port}", *words)
        text = run(north, "make", "pump-2", "--port", one.port)
    assert code == text[0] == 1
    lines = [json.loads(line) for line in said.splitlines()]
    assert {line["event"] for line in lines} == {"step", "made"}
    made = lines[-1]
    assert made["passed"] is False
    failed = {name for name, verdict in made["validation"]["cases"].items() if verdict == "fail"}
    assert "acc.axes" in failed
    assert "does NOT measure right" in text[1]
    assert "acc.axes: " in text[1]
    suite = ElementTree.parse(north / "made.xml").getroot().find("testsuite")
    assert suite is not None
    assert int(suite.attrib["failures"]) == len(failed)
    none = run(north, "make", "pump-2", "--port", "/dev/none", "--junit", "made.xml")
    assert none[0] == 2
    assert ElementTree.parse(north / "made.xml").getroot().attrib["errors"] == "1"
    code, said, _ = run(north, "verify", "validation/pump-2.html")
    assert code == 1
    assert "genuine; pump-2 FAILED" in said
    assert "acc.axes: " in said


def test_make__a_board_that_is_another_node__left_as_it_is_and_the_other_is_made(north) -> None:
    with at_port(north, "pump-1", CHIPS["pump-1"]) as one:
        (made,) = make(north, [Target("pump-1", one.port)])
        assert made.made is not None
        provision(north, "pump-2", Secrets(north))  # that is done before any board is asked
        before = tree(north)
        (wrong,) = make(north, [Target("pump-2", one.port)])
        assert isinstance(wrong.error, OtherNode)
        assert (wrong.stage, "pump-1 of fleet north" in str(wrong.error)) == ("image", True)
        assert tree(north) == before
        (gone, good) = make(north, [Target("pump-2", "/dev/none"), Target("pump-1", one.port)])
    assert gone.error is not None
    assert good.made is not None
    assert good.made.passed


def test_make__a_boot_loaders_drive__flashed_found_at_its_port_and_validated_there(
    tmp_path, monkeypatch
) -> None:
    """The first time of a Pico: its drive has gone when there is something to ask."""
    hub = broker.start("auto", None)
    try:
        folder = fleet(tmp_path / "north", hub.port)
        text = (folder / FILE).read_text().replace('board = "virtual"', 'board = "pico_w"')
        (folder / FILE).write_text(text)
        maker = Maker(folder, Secrets(folder), Options(boot_s=20.0))
        arch = find_interpreter().mpy_arch
        # No interpreter of a Pico's runs here: its UF2 has the code of this computer in it.
        monkeypatch.setattr(
            maker.images, "make", lambda name: on_pico_w(maker._virtual.make_virtual(name, arch))
        )
        monkeypatch.setattr(list_ports, "comports", lambda: ports(there))
        looked: set[str] = set()
        monkeypatch.setattr(back, "Repl", lambda at, **more: looked.add(at) or Repl(at, **more))
        heard = Heard()
        with AtDrive(folder, tmp_path / "drives", "pump-1", CHIPS["pump-1"]) as there:
            target = Target("pump-1", str(there.drive.path))
            (result,) = run_all([target], maker, heard.say, heard.asked, heard.results.append)
    finally:
        hub.stop()
    assert result.error is None, result.error
    made = result.made
    assert made is not None
    assert len(looked) == 1 and OTHER not in looked  # the program there runs on
    assert (made.passed, made.flashed is not None and made.flashed.by) == (True, "uf2")
    assert made.kept.validation.unique_id == CHIPS["pump-1"]
    known = record.read(folder, "pump-1")
    assert known is not None
    assert known.unique_id == CHIPS["pump-1"]


def ports(there: AtDrive) -> list[SimpleNamespace]:
    """What is plugged in by now: another board all the time."""
    usb = {"vid": 0x2E8A, "pid": 5, "product": "", "serial_number": ""}
    devices = [OTHER] if there.port is None else [OTHER, there.port]
    return [SimpleNamespace(device=device, **usb) for device in devices]


def test_make__repeated__says_what_is_flaky(north) -> None:
    (result,) = make(north, [Target("pump-1", None)], count=2)
    made = result.made
    assert made is not None
    assert made.kept.flakiness is not None
    assert (made.kept.flakiness.count, made.kept.flakiness.passed) == (2, 2)
    assert made.kept.remarks[0].startswith("repeated 2 times, passed 2 times")
    assert len(made.validations) == 2
    assert json.loads(json.dumps(made.as_dict()))["flakiness"]["count"] == 2


def test_make__words_that_cannot_be__refused_before_anything(north, tmp_path, run) -> None:
    before = tree(north)
    for words in (
        (),
        ("pump-1",),
        ("pump-9", "--virtual"),
        ("pump-1", "pump-2", "--port", "/dev/none"),
        ("pump-1", "pump-1", "--virtual"),
        ("pump-1=/dev/a", "pump-2=/dev/a"),
        ("pump-1", "--virtual", "--port", "/dev/none"),
        ("pump-1", "--virtual", "--all-ports"),
        ("pump-1", "--virtual", "--count", "0"),
        ("pump-1", "--virtual", "--photo", "fleet.toml"),
        ("pump-1", "--virtual", "--junit", "fleet.toml"),
        ("pump-1", "--virtual", "--bench", "No Name"),
        ("pump-1", "--virtual", "--by", "hand"),
    ):
        code, _, error = run(north, "make", *words)
        assert (code, "nodewright: " in error) == (2, True), (words, error)
    assert tree(north) == before
    assert run(tmp_path, "make", "pump-1", "--virtual")[0] == 2


def test_make__secrets_encrypted__without_the_passphrase_nothing_is_made(
    tmp_path, run, monkeypatch
) -> None:
    folder = fleet_of(tmp_path / "north")
    kept(folder).encrypt(SecretStr("words"))
    code, _, error = run(folder, "make", "pump-1", "--virtual")
    assert (code, "passphrase" in error) == (2, True)
    assert not (folder / "validation").exists()
    monkeypatch.setenv("NODEWRIGHT_PASSPHRASE", "words")
    code, said, error = run(folder, "make", "pump-1", "--virtual")
    assert (code, "measures right" in said) == (0, True), error
