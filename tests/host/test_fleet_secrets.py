"""Secrets: who can read them, how they are encrypted; what no command shows: test_canary.py."""

import json
import traceback
from pathlib import Path

import pytest
from pydantic import SecretStr

from host.fleet_rig import CANARY, make
from nodewright.fleet import check, secret
from nodewright.fleet.finding import WriteFailed
from nodewright.fleet.secret import (
    BadSecretName,
    SecretMissing,
    Secrets,
    SecretUnusable,
    WrongPassphrase,
)
from nodewright.fleet.template import WIFI_SECRET
from wire import settings as node_settings

WORD = SecretStr("correct horse battery")


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> None:
    """A cheap key: what is tested is not scrypt."""
    monkeypatch.setattr(secret, "_N", 16)
    monkeypatch.delenv(secret.ENVIRONMENT, raising=False)


def kept(folder: Path, word: SecretStr | None = None) -> Secrets:
    return Secrets(folder, lambda: word)


def test_write__plain__is_read_again_by_its_owner_only(tmp_path) -> None:
    secrets = kept(make(tmp_path / "f"))
    path = secrets.write("other", SecretStr("käse ß "))
    assert secrets.read("other").get_secret_value() == "käse ß "
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert secrets.names() == ["other", WIFI_SECRET]


def test_encrypt__all__no_plain_byte_is_left_and_each_is_read_again(tmp_path) -> None:
    folder = make(tmp_path / "f")
    secrets = kept(folder)
    assert secrets.encrypt(WORD) == [WIFI_SECRET]
    for path in (folder / "secrets").iterdir():
        assert CANARY.encode() not in path.read_bytes()
        assert path.stat().st_mode & 0o777 == 0o600
    assert kept(folder, WORD).read(WIFI_SECRET).get_secret_value() == CANARY
    assert kept(folder, WORD).write("late", SecretStr("x")).name == "late.enc"
    assert kept(folder, WORD).listed() == {WIFI_SECRET: True, "late": True}
    assert kept(folder, WORD).decrypt() == ["late", WIFI_SECRET]
    assert kept(folder).read(WIFI_SECRET).get_secret_value() == CANARY
    assert not kept(folder).encrypted


@pytest.mark.parametrize("deed", ["encrypt", "decrypt"])
def test_encrypt_and_decrypt__disk_that_fills_up_on_the_way__all_is_as_it_was(
    tmp_path, monkeypatch, deed: str
) -> None:
    folder = make(tmp_path / "f")
    secrets = kept(folder, WORD)
    secrets.write("another", SecretStr("one"))
    secrets.write("third", SecretStr("three"))
    if deed == "decrypt":
        secrets.encrypt(WORD)
    before = {path.name: path.read_bytes() for path in secrets.folder.iterdir()}
    true, left = secret.write_whole, [2]

    def full(path: Path, data: bytes, mode: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise WriteFailed(path, "No space left on device")
        true(path, data, mode)

    monkeypatch.setattr(secret, "write_whole", full)
    with pytest.raises(WriteFailed):
        secrets.encrypt(WORD) if deed == "encrypt" else secrets.decrypt()
    assert {path.name: path.read_bytes() for path in secrets.folder.iterdir()} == before
    monkeypatch.setattr(secret, "write_whole", true)
    assert kept(folder, WORD).read("third").get_secret_value() == "three"
    assert kept(folder, SecretStr("another word")).encrypted == (deed == "decrypt")


@pytest.mark.parametrize("deed", ["encrypt", "decrypt"])
def test_encrypt_and_decrypt__file_that_cannot_be_removed__said_and_done_again(
    tmp_path, monkeypatch, deed: str
) -> None:
    secrets = kept(make(tmp_path / "f"), WORD)
    if deed == "decrypt":
        secrets.encrypt(WORD)
    again = secrets.decrypt if deed == "decrypt" else lambda: secrets.encrypt(WORD)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        with pytest.raises(secret.SecretStays, match="Operation not permitted"):
            again()
    again()
    names = {path.name for path in secrets.folder.iterdir()}
    assert any(name.endswith(".enc") for name in names) == (deed == "encrypt")
    assert (WIFI_SECRET in names) == (deed == "decrypt")
    assert secrets.read(WIFI_SECRET).get_secret_value()


def refuse(_path: Path, missing_ok: bool = False) -> None:
    raise PermissionError(1, "Operation not permitted")


def test_encrypt__plain_that_a_power_cut_left_beside__is_gone_at_the_next(tmp_path) -> None:
    folder = make(tmp_path / "f")
    kept(folder).encrypt(WORD)
    (folder / "secrets" / WIFI_SECRET).write_text(CANARY)
    assert kept(folder).encrypt(WORD) == []
    assert not (folder / "secrets" / WIFI_SECRET).exists()


def test_read__wrong_or_no_passphrase__says_which(tmp_path) -> None:
    folder = make(tmp_path / "f")
    kept(folder).encrypt(WORD)
    with pytest.raises(WrongPassphrase, match="no passphrase is given"):
        kept(folder).read(WIFI_SECRET)
    for call in (
        lambda: kept(folder, SecretStr("wrong")).read(WIFI_SECRET),
        lambda: kept(folder, SecretStr("wrong")).write("new", SecretStr("x")),
        lambda: kept(folder, SecretStr("wrong")).decrypt(),
        lambda: kept(folder).encrypt(SecretStr("wrong")),
    ):
        with pytest.raises(WrongPassphrase, match="not that of this fleet"):
            call()
    assert kept(folder, WORD).read(WIFI_SECRET).get_secret_value() == CANARY


def test_read__changed_or_swapped_file__is_refused(tmp_path) -> None:
    folder = make(tmp_path / "f")
    kept(folder).write("other", SecretStr("something else"))
    kept(folder).encrypt(WORD)
    one, two = folder / "secrets" / f"{WIFI_SECRET}.enc", folder / "secrets" / "other.enc"
    whole = one.read_bytes()
    for data in (two.read_bytes(), whole[:-6], b"", b"%%%%", b"\xff\xfe", whole[:8] + b"AAAA"):
        one.write_bytes(data)
        with pytest.raises(SecretUnusable, match="damaged"):
            kept(folder, WORD).read(WIFI_SECRET)
    lock = folder / "secrets" / "passphrase.json"
    for text in ("", "{}", "[]", "7", '{"v": 1, "n": 99999999999, "r": 8, "p": 1}', "[" * 9999):
        lock.write_text(text)
        with pytest.raises(SecretUnusable, match=r"passphrase\.json"):
            kept(folder, WORD).read(WIFI_SECRET)
    good = {"v": 1, "n": 1 << 30, "r": 8, "p": 1, "salt": "AAAA", "proof": "A" * 80}
    lock.write_text(json.dumps(good))
    with pytest.raises(SecretUnusable, match="newer"):
        kept(folder, WORD).read(WIFI_SECRET)


@pytest.mark.parametrize("name", ["../x", "", "A", "x.enc", "passphrase.json", "a/b", ".x", "ü"])
def test_name__that_leads_elsewhere__is_refused_unsaid(tmp_path, name) -> None:
    secrets = kept(make(tmp_path / "f"))
    for call in (lambda: secrets.read(name), lambda: secrets.write(name, WORD)):
        with pytest.raises(BadSecretName):
            call()
    with pytest.raises(BadSecretName) as raised:
        secret.check_name(CANARY.upper())
    assert CANARY.upper() not in str(raised.value)


def test_read__missing_empty_binary__each_has_its_error(tmp_path) -> None:
    folder = make(tmp_path / "f")
    secrets = kept(folder)
    with pytest.raises(SecretMissing, match="nodewright secrets set other"):
        secrets.read("other")
    binary = b"\xff\xfe" + CANARY.encode()
    for data, said in ((b"\n", "empty"), (binary, "UTF-8"), (b"x" * 20000, "over")):
        (folder / "secrets" / "other").write_bytes(data)
        with pytest.raises(SecretUnusable, match=said) as raised:
            secrets.read("other")
        assert CANARY not in "".join(traceback.format_exception(raised.value))


def test_compiled__with_secrets__is_what_the_node_takes_and_the_rest_shows_none(tmp_path) -> None:
    folder = make(tmp_path / "f")
    judged, compiled = check.good_node(folder, "pump-1")
    whole = compiled.with_secrets(kept(folder))
    assert whole["network"]["password"] == CANARY
    assert node_settings.check(whole) == []
    assert compiled.settings["network"]["password"] is None
    for text in (repr(judged), repr(compiled), json.dumps(compiled.settings)):
        assert CANARY not in text


def test_check__readable_by_others_or_too_short__said_without_it(tmp_path) -> None:
    folder = make(tmp_path / "f")
    (folder / "secrets" / WIFI_SECRET).chmod(0o644)
    (folder / "secrets").chmod(0o755)
    found = check.check(folder)
    assert [(one.file, one.cure) for one in found.warnings] == [
        ("secrets/", "chmod 700 secrets/"),
        ("secrets/wifi-plant", "chmod 600 secrets/wifi-plant"),
    ]
    (folder / "secrets" / WIFI_SECRET).write_text("Zx91")
    [error] = check.check(folder).errors
    assert "8 to 63" in error.allowed
    assert "Zx91" not in str(error.as_dict())
