"""No secret of a fleet in anything that any verb says, whatever is wrong with the fleet."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from host import canary_rig as rig
from host.pki_rig import CHIP, NOW, WORD, kept, key_file, make
from nodewright.cli.app import COMMANDS
from nodewright.fleet import secret
from nodewright.fleet.load import FILE
from nodewright.fleet.template import WIFI_SECRET
from nodewright.pki import keys
from nodewright.pki.identity import load_identity
from nodewright.provision import provision
from system.mqtt_rig import free_port

# Each verb, as far as it comes where no board is and no broker listens; "!": it says why not.
LINES = """
! ask north/pump-1 severity --timeout 1 --fleet .
assets
audit
audit --node pump-1
authority
! authority --make
! backup {away} -o backup
boards
broker --write-only
! broker --check mqtts://127.0.0.1:{port} --plain-port {port}
broker --host-identity tool
broker --host-identity tool --export tool
! broker --host-identity secrets/ca.key
! calibrate pump-1 l1 --amps 5
! calibrate pump-1 l1 --power-factor 0.8 --broker 127.0.0.1:{port}
check
! console {away}
! demo --interpreter /no/such/program --broker embedded
doctor
! erase {away} --yes
! features secrets/ca.key
! flash pump-1 --port {away}
! flash pump-1=secrets
image pump-1 -o made.img
image --all -o images
image --inspect pump-1.img
! image --inspect secrets/ca.key
! image --diff pump-1.img secrets/ca.key
image --diff pump-1.img pump-1.img
! logs {away}
! make pump-1 --port {away}
! make pump-1 --virtual --bench secrets/ca.key
new other --encrypt
new other
nodes
ports {away}
provision pump-1
provision pump-1 --renew --unique-id e6614c311b7e6f2a
provision pump-2 --unique-id e6614c311b7e6f2b
renew pump-1
! renew pump-1 --over-the-air --timeout 1
! retire pump-1
! retire pump-2 --broker 127.0.0.1:{port}
revoke pump-1 --replaced
revoke pump-2 --reason key-compromise
runtime
! runtime add secrets/ca.key
! runtime remove secrets/ca.key
schema
schema --keys
secrets
secrets encrypt
secrets decrypt
secrets set wifi-plant
! secrets set no/name
show pump-1
show pump-1 --settings
show pump-2
! show pump-9
! validate pump-1 --port {away}
! validate pump-1 --virtual --interpreter /no/such/program
! verify secrets/ca.key
! verify pump-1.img --fleet .
! virtual pump-1 --interpreter /no/such/program
! watch --fleet . --count 1
"""
WORDS = [line.removeprefix("! ").split() for line in LINES.strip().splitlines()]
FAIL = [line.startswith("!") for line in LINES.strip().splitlines()]
AWAY = "/dev/no-such-port"


def _garble(path: Path) -> None:
    """A key that is damaged, with the canary in it."""
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], rig.WIFI + lines[1][len(rig.WIFI) :], *lines[2:]]))


def _garble_all(folder: Path) -> None:
    for path in (folder / "secrets").glob("*.key"):
        if path.read_text().startswith("-----"):
            _garble(path)
    (folder / "secrets" / keys.app_key_name("pump-2")).write_text(rig.WIFI)


def _edit(folder: Path, old: str, new: str) -> None:
    text = (folder / FILE).read_text()
    assert old in text
    (folder / FILE).write_text(text.replace(old, new))


def _everywhere(folder: Path) -> None:
    """Somebody put a key where the certificate, the list and an image belong."""
    key = (folder / "secrets" / "ca.key").read_bytes()
    for path in ("pki/ca.pem", "pki/crl.pem", "pump-1.img"):
        (folder / path).write_bytes(key)


def _in_the_record(folder: Path) -> None:
    path = folder / "identities" / "pump-1.toml"
    text = path.read_text()
    body = text[text.index("-----BEGIN") : text.index('"""', text.index("-----BEGIN"))]
    path.write_text(text.replace(body, key_file(folder, "pump-1").read_text()))


def _in_the_log(folder: Path) -> None:
    with (folder / "audit.jsonl").open("a") as log:
        log.write((folder / "secrets" / "ca.key").read_text())


def _password(folder: Path, value: bytes) -> None:
    (folder / "secrets" / WIFI_SECRET).write_bytes(value)


QUOTED = f'secret = "{WIFI_SECRET}"'
Change = Callable[[Path], object]
# What is done to the fleet, and the passphrase that is given then.
STATES: dict[str, tuple[Change, str | None]] = {
    "nothing": (lambda folder: None, WORD.get_secret_value()),
    "encrypted": (lambda at: kept(at).encrypt(WORD), WORD.get_secret_value()),
    "keys garbled": (_garble_all, None),
    "a key for the CA": (_everywhere, None),
    "a key in the record": (_in_the_record, None),
    "a key in the log": (_in_the_log, None),
    "password in the file": (lambda at: _edit(at, QUOTED, f'password = "{rig.WIFI}"'), None),
    "password as a name": (lambda at: _edit(at, QUOTED, f'secret = "{rig.WIFI}!"'), None),
    "no toml": (lambda at: _edit(at, QUOTED, f'secret = "{rig.WIFI}'), None),
    "password too long": (lambda at: _password(at, rig.WIFI.encode() * 9), None),
    "password no text": (lambda at: _password(at, b"\xff" + rig.WIFI.encode()), None),
    "encrypted, another passphrase": (lambda at: kept(at).encrypt(WORD), rig.WIFI),
    "encrypted, none": (lambda at: kept(at).encrypt(WORD), None),
}
GOOD = ("nothing", "encrypted")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    port = free_port()
    return rig.make(tmp_path_factory.mktemp("canary") / "north", port), port


def test_lines__verbs__are_all_of_them() -> None:
    assert {words[0] for words in WORDS} == set(COMMANDS)


@pytest.mark.parametrize("state", STATES)
def test_canary__every_verb__is_never_shown(
    example: tuple[Path, int], tmp_path: Path, monkeypatch, capfd, state: str
) -> None:
    source, port = example
    monkeypatch.setenv("NODEWRIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NODEWRIGHT_FLEET", raising=False)
    monkeypatch.setattr(secret, "_N", 16)  # a cheap key: what is tested is not scrypt
    run = rig.Run(monkeypatch, capfd)
    change, passphrase = STATES[state]
    changed, folder = tmp_path / "changed", tmp_path / "north"
    shutil.copytree(source, changed)
    known = rig.hidden(changed)
    change(changed)
    began: object = None
    for index, words in enumerate(WORDS):
        # Each line for people in one state and as JSON in the next: where all is well, both ways.
        more = ["--json"] if (index + list(STATES).index(state)) % 2 else []
        line = [word.format(away=AWAY, port=port) for word in [*words, *more]]
        if began is None or rig.stamps(folder) != began:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(changed, folder)
            began = rig.stamps(folder)
        monkeypatch.chdir(folder)
        said = run(*line, stdin=rig.WIFI + "\n", passphrase=passphrase)
        monkeypatch.chdir(tmp_path)
        new = known | rig.hidden(folder)
        assert said.code in (0, 1, 2), (line, said.err)
        assert said.given_away(new) == [], line
        assert "Traceback" not in said.err, line
        if more:
            assert all(isinstance(json.loads(one), dict) for one in said.out.splitlines()), line
        if state in GOOD:
            assert (said.code != 0) == FAIL[index], (line, said.err)
            assert rig.seen(folder, new) == [], line


@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
def test_git__of_a_fleet_with_everything_made__takes_up_no_secret(
    example: tuple[Path, int], tmp_path: Path, monkeypatch, capfd
) -> None:
    folder = tmp_path / "north"
    shutil.copytree(example[0], folder)
    monkeypatch.chdir(folder)
    run = rig.Run(monkeypatch, capfd)
    for line in ("broker --host-identity tool --export tool", "image --all -o made"):
        assert run(*line.split()).code == 0
    (folder / "copied.key").write_text((folder / "secrets" / "ca.key").read_text())
    git = ["git", "-c", "core.excludesFile=/dev/null"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    ran = subprocess.run([*git, "ls-files", "-z"], capture_output=True, text=True, check=True)
    taken = {name: (folder / name).read_bytes() for name in ran.stdout.split("\0") if name}
    assert FILE in taken and "pki/ca.pem" in taken
    known = rig.hidden(folder)
    assert [
        name for name, data in taken.items() if any(one.encode() in data for one in known)
    ] == []
    assert [name for name in taken if name.startswith(("tool", "made/", "broker/"))] == []


def test_canary__values_in_memory__show_themselves_as_nothing(tmp_path) -> None:
    folder = make(tmp_path / "f", passphrase=WORD)
    secrets = kept(folder, WORD)
    done = provision(folder, "pump-1", secrets, CHIP, NOW)
    found = load_identity(folder, "pump-1", secrets, NOW)
    lines = secrets.read(f"pump-1.{done.current.serial[:8]}.key").get_secret_value().splitlines()
    for value in (done, found, secrets, str(found), vars(found)):
        assert not [line for line in lines[1:-1] if line in repr(value)]
    assert found.key_der.get_secret_value()[:8].hex() not in repr(vars(found))
