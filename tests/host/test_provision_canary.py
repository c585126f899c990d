"""No key and no passphrase in any output, file under version control, or traceback."""

import sys
import traceback
from pathlib import Path

import pytest
from pydantic import SecretStr

from host.pki_rig import CHIP, NOW, WORD, kept, key_file, make, tree
from nodewright import cli
from nodewright.fleet import secret
from nodewright.pki import keys
from nodewright.pki.identity import load_identity
from nodewright.provision import provision, renew

CANARY = "canary-Qw73-do-not-show"
APP_KEY = "c0ffee5ec2e7c0ffee5ec2e7c0ffee5e"
COMMANDS = [
    ["provision", "pump-1"],
    ["provision", "pump-1", "--renew", "--unique-id", CHIP],
    ["provision", "pump-2"],
    ["renew", "pump-1"],
    ["revoke", "pump-1"],
    ["revoke", "pump-1", "--replaced"],
    ["retire", "pump-1", "--broker", "127.0.0.1:1"],
    ["audit"],
    ["secrets"],
]


def _garble(path: Path) -> None:
    """A key that is damaged, with the canary in it."""
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], CANARY + lines[1][len(CANARY) :], *lines[2:]]) + "\n")


def _record(folder: Path) -> None:
    """Somebody put the key where the certificate belongs."""
    path = folder / "identities" / "pump-1.toml"
    text = path.read_text()
    body = text[text.index("-----BEGIN") : text.index('"""', text.index("-----BEGIN"))]
    path.write_text(text.replace(body, key_file(folder, "pump-1").read_text()))


def _in_log(folder: Path) -> None:
    path = folder / "audit.jsonl"
    path.write_text(path.read_text() + kept(folder).read("ca.key").get_secret_value())


FAULTS = {
    "none": lambda folder: None,
    "garbled CA key": lambda folder: _garble(folder / "secrets" / "ca.key"),
    "garbled node key": lambda folder: _garble(key_file(folder, "pump-1")),
    "key in the record": _record,
    "key in the log": _in_log,
    "encrypted": lambda folder: kept(folder).encrypt(WORD),
    "key for a CA": lambda folder: (folder / "pki" / "ca.pem").write_bytes(
        (folder / "secrets" / "ca.key").read_bytes()
    ),
    "key for a list": lambda folder: (folder / "pki" / "crl.pem").write_bytes(
        (folder / "secrets" / "ca.key").read_bytes()
    ),
}


def _hidden(folder: Path) -> set[str]:
    """What must not be shown: every line of every key in secrets/, and the canaries."""
    found = {CANARY, APP_KEY, WORD.get_secret_value()}
    for path in (folder / "secrets").iterdir():
        if ".key" in path.name:
            lines = path.read_text().splitlines()
            found |= {line for line in lines if len(line) > 30 and "-----" not in line}
    return found


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_canary__every_command_and_fault__is_never_shown(
    tmp_path, monkeypatch, capfd, words, fault
) -> None:
    folder = make(tmp_path / "f")
    secrets = kept(folder)
    provision(folder, "pump-1", secrets, None, NOW)
    renew(folder, "pump-1", secrets, None, NOW)
    secrets.write(keys.app_key_name("pump-1"), SecretStr(APP_KEY))
    hidden = _hidden(folder)
    FAULTS[fault](folder)
    for passphrase in (CANARY, WORD.get_secret_value()):
        monkeypatch.setenv(secret.ENVIRONMENT, passphrase)
        for more in ([], ["--json"]):
            monkeypatch.setattr(sys, "argv", ["nodewright", *words, "--dir", str(folder), *more])
            code: object = 0
            told = ""
            try:
                cli.main()
            except SystemExit as ended:
                code = ended.code
                told = "".join(traceback.format_exception(ended))
            said = capfd.readouterr()
            assert code in (0, 1, 2, None), said.err
            shown = said.out + said.err
            assert "Traceback" not in shown
            hidden |= _hidden(folder)
            assert [text for text in hidden if text in shown + told] == []
    if "key" not in fault:
        public = {file: data for file, data in tree(folder).items() if "secrets/" not in file}
        assert [
            (file, text)
            for file, data in public.items()
            for text in hidden
            if text.encode() in data
        ] == []


def test_canary__values_in_memory__show_themselves_as_nothing(tmp_path) -> None:
    folder = make(tmp_path / "f", passphrase=WORD)
    secrets = kept(folder, WORD)
    done = provision(folder, "pump-1", secrets, None, NOW)
    found = load_identity(folder, "pump-1", secrets, NOW)
    lines = secrets.read(f"pump-1.{done.current.serial[:8]}.key").get_secret_value().splitlines()
    for value in (done, found, secrets, str(found), vars(found)):
        assert not [line for line in lines[1:-1] if line in repr(value)]
    assert found.key_der.get_secret_value()[:8].hex() not in repr(vars(found))
