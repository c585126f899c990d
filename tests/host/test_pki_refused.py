"""The fleet's CA, what it signs and what it takes back, judged by OpenSSL."""

import stat

import pytest

from host.pki_rig import (
    CHIP,
    DAY,
    NOW,
    WORD,
    YEAR,
    kept,
    key_file,
    make,
    tree,
)
from nodewright.fleet.secret import WrongPassphrase
from nodewright.pki import authority, clock
from nodewright.pki.create import create_ca
from nodewright.pki.errors import (
    AuthorityExpired,
    AuthorityMissing,
    AuthorityUnusable,
    ClockOff,
    RecordDamaged,
)
from nodewright.pki.identity import load_identity
from nodewright.provision import provision, renew
from nodewright.revoke import revoke


def test_ca__missing_foreign_or_no_ca__each_said(tmp_path) -> None:
    folder, other = make(tmp_path / "f"), make(tmp_path / "o", "south")
    secrets = kept(folder)
    ca, key = folder / "pki" / "ca.pem", folder / "secrets" / "ca.key"
    good_ca, good_key = ca.read_bytes(), key.read_bytes()
    provision(other, "pump-1", kept(other), None, NOW)
    node = (other / "identities" / "pump-1.toml").read_bytes()
    for data, said in (
        ((other / "pki" / "ca.pem").read_bytes(), "CA of 'south', not of 'north'"),
        (node, "no self-signed|no CA"),
        (b"no certificate", "no self-signed"),
        (b"", "no self-signed"),
        (good_key, "no self-signed"),
    ):
        ca.write_bytes(data)
        with pytest.raises(AuthorityUnusable, match=said):
            provision(folder, "pump-1", secrets, None, NOW)
    ca.unlink()
    with pytest.raises(AuthorityMissing, match=r"pki/ca\.pem"):
        provision(folder, "pump-1", secrets, None, NOW)
    ca.write_bytes(good_ca)
    for data, said in (
        ((other / "secrets" / "ca.key").read_bytes(), "not the key of"),
        (b"no key\n", "no private key"),
        (good_ca, "no private key"),
        ((folder / "secrets" / "update.key").read_bytes(), "no private key"),
    ):
        key.write_bytes(data)
        with pytest.raises(AuthorityUnusable, match=said):
            provision(folder, "pump-1", secrets, None, NOW)
    key.unlink()
    with pytest.raises(AuthorityMissing, match=r"secrets/ca\.key"):
        provision(folder, "pump-1", secrets, None, NOW)
    assert not (folder / "identities").exists()
    key.write_bytes(good_key)
    assert provision(folder, "pump-1", secrets, None, NOW).what == "provision"


def test_ca__of_a_fleet_of_that_name_but_another_key__foreign_to_its_records(tmp_path) -> None:
    """Somebody made the fleet anew, and brought the records: none is signed by the new CA."""
    old, new = make(tmp_path / "old"), make(tmp_path / "new")
    provision(old, "pump-1", kept(old), None, NOW)
    (new / "identities").mkdir()
    for file in ("identities/pump-1.toml", f"secrets/{key_file(old, 'pump-1').name}"):
        (new / file).write_bytes((old / file).read_bytes())
    assert load_identity(old, "pump-1", kept(old), NOW).node == "pump-1"
    with pytest.raises(RecordDamaged, match="not of pump-1 by this fleet's CA"):
        load_identity(new, "pump-1", kept(new), NOW)
    with pytest.raises(RecordDamaged):
        revoke(new, "pump-1", kept(new), now=NOW)


def test_ca__its_time_is_over__said_with_both_dates(tmp_path) -> None:
    folder = make(tmp_path / "f")
    ends, then = NOW + authority.LIFE, NOW + authority.LIFE + DAY
    said = f"ended on {ends:%Y-%m-%d}, and it is {then:%Y-%m-%d}"
    with pytest.raises(AuthorityExpired, match=said):
        provision(folder, "pump-1", kept(folder), None, then)


def test_passphrase__wrong_or_none__said_and_nothing_made(tmp_path) -> None:
    folder = make(tmp_path / "f", passphrase=WORD)
    assert "PRIVATE" not in (folder / "secrets" / "ca.key.enc").read_text()
    for word in (None, type(WORD)("another")):
        with pytest.raises(WrongPassphrase):
            provision(folder, "pump-1", kept(folder, word), None, NOW)
    assert not (folder / "identities").exists()
    done = provision(folder, "pump-1", kept(folder, WORD), None, NOW)
    key = folder / "secrets" / f"pump-1.{done.current.serial[:8]}.key.enc"
    assert "PRIVATE" not in key.read_text()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (NOW - 10 * YEAR, "before the fleet's CA was made"),
        (NOW - 2 * DAY, "before the fleet's CA was made"),
        (NOW + 12 * YEAR, "more than ten years after"),
    ],
)
def test_clock__years_off__refused_by_what_it_contradicts(tmp_path, now, said) -> None:
    folder = make(tmp_path / "f")
    provision(folder, "pump-2", kept(folder), None, NOW)
    before = tree(folder)
    for call, node, unique_id in (
        (provision, "pump-1", None),
        (provision, "pump-2", CHIP),
        (renew, "pump-2", None),
    ):
        with pytest.raises(ClockOff, match=said):
            call(folder, node, kept(folder), unique_id, now)
    with pytest.raises(ClockOff, match=said):
        revoke(folder, "pump-2", kept(folder), now=now)
    assert tree(folder) == before


def test_clock__years_off_when_a_fleet_begins__no_ca_is_made(tmp_path) -> None:
    for now, said in (
        (NOW - 10 * YEAR, "before this nodewright was written"),
        (NOW + 12 * YEAR, "too old for it"),
    ):
        with pytest.raises(ClockOff, match=said):
            create_ca(tmp_path, "north", None, now)
    assert list(tmp_path.iterdir()) == []


def test_clock__behind_the_last_deed__refused_and_within_a_day_taken(tmp_path) -> None:
    folder = make(tmp_path / "f")
    secrets = kept(folder)
    provision(folder, "pump-1", secrets, None, NOW + 2 * YEAR)
    with pytest.raises(ClockOff, match="last line of its audit log"):
        provision(folder, "pump-2", secrets, None, NOW + YEAR)
    assert provision(folder, "pump-2", secrets, None, NOW + 2 * YEAR - DAY).what == "provision"


def test_clock__a_fleet_used_now_and_then__goes_on_past_ten_years(tmp_path) -> None:
    folder = make(tmp_path / "f")
    for years in (0, 9, 18, 27):
        done = renew if years else provision
        assert done(folder, "pump-1", kept(folder), None, NOW + years * YEAR).files
    clock.check(clock.utc_now(), {})
