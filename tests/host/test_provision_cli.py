"""A node's life on the command line: what is printed, as JSON, and with which exit code."""

import contextlib
import io
import json
import sys
from pathlib import Path

import pytest

from host.pki_rig import CHIP, WORD, make, needs_openssl, openssl, over_lorawan
from nodewright import cli
from nodewright.fleet import template
from nodewright.ports import free_port


def run(
    folder: Path, *words: str, code: int = 0, env: dict[str, str] | None = None, of: str = ""
) -> str:
    """What a command says, on one way out (of: "out", whatever its exit code); code is that."""
    out, err, ended = io.StringIO(), io.StringIO(), 0
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["nodewright", *words])
        patch.setattr(sys, "stdin", io.StringIO())
        for name, value in (env or {}).items():
            patch.setenv(name, value)
        try:
            cli.main()
        except SystemExit as end:
            ended = end.code if isinstance(end.code, int) else 0
    assert ended == code, out.getvalue() + err.getvalue()
    return (out if code == 0 or of == "out" else err).getvalue()


@needs_openssl
def test_life__from_new_to_retired__every_step_says_what_it_did(tmp_path) -> None:
    run(tmp_path, "new", "north")
    folder = tmp_path / "north"
    made = json.loads(run(folder, "provision", "pump-1", "--json"))
    assert (made["what"], made["changed"], made["unique_id"]) == ("provision", True, None)
    for file in made["files"]:
        assert (folder / file).is_file()
    assert "PRIVATE" not in json.dumps(made)
    again = json.loads(run(folder, "provision", "pump-1", "--json"))
    assert (again["what"], again["changed"], again["files"]) == ("unchanged", False, [])
    assert again["serial"] == made["serial"]
    assert "nothing changed" in run(folder, "provision", "pump-1")
    assert "bound to its chip" in run(folder, "provision", "pump-1", "--unique-id", CHIP)
    new = json.loads(run(folder, "provision", "pump-1", "--renew", "--json"))
    assert (new["what"], new["unique_id"]) == ("renew", CHIP)
    serial = openssl("x509", "-in", "identities/pump-1.toml", "-noout", "-serial", cwd=folder)
    # OpenSSL writes whole bytes: with one leading zero or none.
    assert int(serial.stdout.strip().removeprefix("serial="), 16) == int(new["serial"], 16)
    gone = json.loads(run(folder, "revoke", "pump-1", "--replaced", "--json"))
    assert (gone["changed"], gone["revoked"], gone["crl_number"]) == (True, [made["serial"]], 2)
    assert "nothing left to revoke" in run(folder, "revoke", "pump-1", "--replaced")
    said = run(folder, "retire", "pump-1", "--broker", "mqtt://127.0.0.1:1", code=1)
    assert "no broker answers at 127.0.0.1:1" in said and "run it again" in said
    assert "give pki/crl.pem to the broker" in said
    nothing = "--broker", "mqtt://127.0.0.1:1", "--json"
    told = json.loads(run(folder, "retire", "pump-1", *nothing, code=1, of="out"))
    assert (told["changed"], told["revoked"], told["cleared"]) == (False, [], None)
    assert "no broker answers" in told["error"]
    [listed] = json.loads(run(folder, "nodes", "--json"))["nodes"]
    assert listed["retired"] and "(retired)" in run(folder, "nodes")
    assert json.loads(run(folder, "show", "pump-1", "--json"))["retired"]
    assert "out of service" in run(folder, "show", "pump-1")
    assert "1 node (1 retired), 0 errors" in run(folder, "check")
    assert json.loads(run(folder, "check", "--json"))["retired"] == 1
    assert "retired" in run(folder, "provision", "pump-1", code=2)
    told = json.loads(run(folder, "audit", "--json"))
    whats = [entry["what"] for entry in told["entries"]]
    assert whats == ["create", "provision", "bind", "renew", "revoke", "retire"]


def test_retire__its_mark__is_in_its_own_table_and_before_the_next_ones_comments(tmp_path) -> None:
    run(tmp_path, "new", "north")
    run(tmp_path / "north", "provision", "pump-1")
    run(tmp_path / "north", "retire", "pump-1", "--broker", "mqtt://127.0.0.1:1", code=1)
    lines = (tmp_path / "north" / "fleet.toml").read_text().split("\n")
    assert lines[lines.index("retired = true") - 1] == 'broker = "main"'


def test_broker_check__nobody_there__says_that_nothing_is_proven(tmp_path) -> None:
    run(tmp_path, "new", "north")
    words = ["broker", "--check", f"mqtts://127.0.0.1:{free_port()}"]
    said = " ".join(run(tmp_path / "north", *words, code=1, of="out").split())
    assert said.endswith("are not proven shut: is the broker running?"), said


@pytest.mark.skipif(sys.platform != "linux", reason="/proc, where nobody makes a folder")
def test_host_identity__export_that_fails__says_that_the_identity_is_there(tmp_path) -> None:
    run(tmp_path, "new", "north")
    words = ["broker", "--host-identity", "fresh1", "--export"]
    said = " ".join(run(tmp_path / "north", *words, "/proc/nowhere", code=1).split())
    assert "host.fresh1 has its identity, only the export failed" in said
    assert "nothing has changed" not in said
    assert "nothing changed" in run(tmp_path / "north", *words, "tool")
    assert (tmp_path / "north" / "tool" / "fresh1.key").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["provision", "pump-9"], "pump-9"),
        (["provision", "../pump"], "no name of a node"),
        (["provision", "pump-1", "--unique-id", "12"], "12 or 16 hex digits"),
        (["renew", "pump-1"], "nodewright provision pump-1"),
        (["revoke", "pump-1"], "has no identity"),
        (["revoke", "pump-1", "--reason", "boredom"], "boredom"),
        (["retire", "pump-1", "--broker", "http://x"], "http"),
        (["retire", "pump-9"], "pump-9"),
        (["provision", "pump-1", "--dir", "nowhere"], "no fleet.toml"),
        (["audit", "--dir", "nowhere"], "no fleet.toml"),
    ],
)
def test_wrong_use__exit_code_2_and_the_cure(tmp_path_factory, words, said) -> None:
    folder = tmp_path_factory.getbasetemp() / "wrong-use" / "north"
    if not folder.exists():
        folder.parent.mkdir(exist_ok=True)
        run(folder.parent, "new", "north")
    assert said in run(folder, *words, code=2)
    assert not (folder / "identities").exists()


def test_passphrase__by_the_environment__seals_every_key_and_is_needed_again(tmp_path) -> None:
    word = {"NODEWRIGHT_PASSPHRASE": WORD.get_secret_value()}
    run(tmp_path, "new", "north", "--encrypt", env=word)
    folder = tmp_path / "north"
    said = run(folder, "provision", "pump-1", code=2, env={"NODEWRIGHT_PASSPHRASE": ""})
    assert "no passphrase is given" in said
    said = run(folder, "provision", "pump-1", code=2, env={"NODEWRIGHT_PASSPHRASE": "wrong"})
    assert "not that of this fleet" in said
    assert "wrong" not in said.replace("wrong use", "")
    run(folder, "provision", "pump-1", env=word)
    keys = [path for path in (folder / "secrets").iterdir() if ".key" in path.name]
    assert len(keys) == 3
    assert all(path.suffix == ".enc" and b"PRIVATE" not in path.read_bytes() for path in keys)
    run(folder, "secrets", "decrypt", env=word)
    renewed = json.loads(run(folder, "renew", "pump-1", "--json"))
    assert (folder / renewed["files"][1]).read_text().startswith("-----BEGIN PRIVATE KEY-----")


def test_lorawan__every_command__shows_the_node_without_its_app_key(tmp_path) -> None:
    folder = over_lorawan(make(tmp_path / "f"))
    checked = run(folder, "check")
    assert "mqtt is what this version's firmware has" in checked
    made = json.loads(run(folder, "provision", "pump-1", "--unique-id", CHIP, "--json"))
    assert (made["dev_eui"], made["join_eui"]) == ("e6614c311b7e6f2a", "70b3d57ed0000000")
    shown = run(folder, "show", "pump-1")
    assert "LoRaWAN, EU868" in shown
    settings = json.loads(run(folder, "show", "pump-1", "--settings", "--json"))
    assert (settings["mqtt"], settings["lorawan"]) == (None, {"region": "EU868"})
    listed = json.loads(run(folder, "nodes", "--json"))["nodes"][0]
    assert (listed["uplink"], listed["broker"]) == ("lorawan", None)
    told = [checked, shown, run(folder, "provision", "pump-1"), run(folder, "nodes")]
    for words in (("image", "pump-1", "-o", "x.uf2"), ("virtual", "pump-1")):
        told.append(run(folder, *words, code=2))
        assert "pump-1 reports over LoRaWAN, which the firmware" in told[-1]
    assert not (folder / "x.uf2").exists()
    app_key = (folder / "secrets" / "pump-1.app-key").read_text().strip()
    assert len(app_key) == 32
    assert app_key not in "".join([*told, str(made), str(settings), str(listed)])
    retired = json.loads(run(folder, "retire", "pump-1", "--json"))  # no broker is asked
    assert (len(retired["revoked"]), retired["marked"], retired["cleared"]) == (1, True, [])
    assert not (folder / "secrets" / "pump-1.app-key").exists()


def test_authority__of_a_fleet_older_than_its_ca__made_once_and_nodes_verify(tmp_path) -> None:
    folder = tmp_path / "f"
    template.create(folder, "north")
    lacks = run(folder, "provision", "pump-1", code=2)
    assert "pki/ca.pem is missing" in lacks
    assert "nodewright authority --make" in lacks
    assert run(folder, "authority", code=2) == lacks
    made = json.loads(run(folder, "authority", "--make", "--json"))
    assert (made["fleet"], made["made"]) == ("north", True)
    assert "secrets/ca.key" in made["files"]
    key = (folder / "secrets" / "ca.key").read_text()
    again = run(folder, "authority", "--make", code=2)
    assert "pki/ca.pem is there" in again
    assert (folder / "secrets" / "ca.key").read_text() == key
    shown = json.loads(run(folder, "authority", "--json"))
    assert (shown["sha256"], shown["made"]) == (made["sha256"], False)
    run(folder, "provision", "pump-1")
    run(folder, "audit")
    (folder / "pki" / "ca.pem").unlink()
    (folder / "pki" / "crl.pem").unlink()
    for name in ("ca.key", "update.key"):
        (folder / "secrets" / name).unlink()
    lost = run(folder, "authority", "--make", code=2)
    assert "identities/pump-1.toml is there" in lost


def test_authority__where_secrets_are_encrypted__its_key_is_too(tmp_path) -> None:
    folder, env = tmp_path / "f", {"NODEWRIGHT_PASSPHRASE": WORD.get_secret_value()}
    template.create(folder, "north")
    run(folder, "secrets", "encrypt", env=env)
    run(folder, "authority", "--make", code=2)
    run(folder, "authority", "--make", env=env)
    assert not (folder / "secrets" / "ca.key").exists()
    assert run(folder, "provision", "pump-1", env=env)
