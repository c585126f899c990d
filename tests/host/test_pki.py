"""The fleet's CA, what it signs and what it takes back, judged by OpenSSL."""

import stat

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from host.pki_rig import (
    CHIP,
    DAY,
    NOW,
    YEAR,
    kept,
    key_file,
    make,
    needs_openssl,
    openssl,
    verified,
)
from nodewright.fleet import check
from nodewright.pki import authority, certificate, keys, revocation
from nodewright.pki.create import create_ca
from nodewright.pki.errors import (
    AuthorityMissing,
    AuthorityThere,
    AuthorityUnusable,
)
from nodewright.provision import provision, renew
from nodewright.revoke import revoke


def test_create__a_new_fleet__public_parts_to_share_and_keys_for_their_owner(tmp_path) -> None:
    folder = make(tmp_path / "f")
    for file in ("pki/ca.pem", "pki/crl.pem", "pki/update.pub", "audit.jsonl"):
        assert b"PRIVATE" not in (folder / file).read_bytes()
    for name in ("ca.key", "update.key"):
        path = folder / "secrets" / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "PRIVATE KEY" in path.read_text()
    assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o700
    update = serialization.load_pem_private_key(
        (folder / "secrets" / "update.key").read_bytes(), None
    )
    public = serialization.load_pem_public_key((folder / "pki" / "update.pub").read_bytes())
    assert update.public_key() == public


def test_create__where_there_is_a_ca__refused_and_nothing_replaced(tmp_path) -> None:
    folder = make(tmp_path / "f")
    before = (folder / "pki" / "ca.pem").read_bytes()
    with pytest.raises(AuthorityThere):
        create_ca(folder, "north", None, NOW)
    (folder / "pki" / "ca.pem").unlink()
    (folder / "pki" / "crl.pem").unlink()
    with pytest.raises(AuthorityThere, match=r"ca\.key"):
        create_ca(folder, "north", None, NOW)
    assert before


@needs_openssl
def test_check__ca_missing_broken_or_foreign__warned_where_nodes_have_identities(tmp_path) -> None:
    folder = make(tmp_path / "f")
    ca = folder / authority.CERTIFICATE

    def told() -> list[str]:
        found = check.check(folder).warnings
        return [one.value for one in found if one.file == authority.CERTIFICATE]

    mine = ca.read_bytes()
    ca.unlink()
    assert told() == []  # nobody has an identity yet
    ca.write_bytes(mine)
    provision(folder, "pump-1", kept(folder), None, NOW)
    assert told() == []
    ca.unlink()
    assert told() == ["it is missing"]
    ca.write_text("no certificate")
    assert told() == ["it is no self-signed certificate"]
    ca.write_bytes((make(tmp_path / "g") / authority.CERTIFICATE).read_bytes())
    assert told() == ["it has not signed the certificate of pump-1"]


def test_ca__by_openssl__signs_certificates_and_lists_and_no_more(tmp_path) -> None:
    folder = make(tmp_path / "f")
    told = openssl("x509", "-in", folder / "pki" / "ca.pem", "-noout", "-text").stdout
    assert "CA:TRUE, pathlen:0" in told
    assert "Certificate Sign, CRL Sign\n" in told
    assert "ASN1 OID: prime256v1" in told
    crl = openssl(
        "crl", "-in", folder / "pki" / "crl.pem", "-noout", "-CAfile", folder / "pki" / "ca.pem"
    )
    assert "verify OK" in crl.stderr


@needs_openssl
def test_certificate__by_openssl__is_a_client_of_that_name_and_verifies(tmp_path) -> None:
    folder = make(tmp_path / "f")
    provision(folder, "pump-1", kept(folder), CHIP, NOW)
    file = folder / "identities" / "pump-1.toml"
    assert verified(folder, file) == "OK"
    told = openssl("x509", "-in", file, "-noout", "-text").stdout
    assert "Subject: O = north, CN = pump-1\n" in told
    assert "CA:FALSE" in told
    assert "TLS Web Client Authentication\n" in told
    assert "URI:nodewright://north/pump-1" in told
    key = openssl("pkey", "-in", key_file(folder, "pump-1"), "-pubout").stdout
    assert key == openssl("x509", "-in", file, "-noout", "-pubkey").stdout
    assert "unsuitable" in verified(folder, file, "-purpose", "sslserver")


@needs_openssl
def test_certificate__clocks_apart_by_a_day__counts_from_a_day_before_to_its_end(tmp_path) -> None:
    folder = make(tmp_path / "f")
    provision(folder, "pump-1", kept(folder), None, NOW)
    file = folder / "identities" / "pump-1.toml"
    assert verified(folder, file, at=NOW - 0.99 * DAY) == "OK"
    assert verified(folder, file, at=NOW + certificate.LIFE - DAY) == "OK"
    assert "expired" in verified(folder, file, at=NOW + certificate.LIFE + DAY)
    assert "not yet valid" in verified(folder, file, at=NOW - 2 * DAY)


@needs_openssl
def test_certificate__of_another_fleets_ca__does_not_verify(tmp_path) -> None:
    north, south = make(tmp_path / "n"), make(tmp_path / "s")
    provision(south, "pump-1", kept(south), None, NOW)
    told = verified(north, south / "identities" / "pump-1.toml")
    assert "unable to get" in told or "signature failure" in told


def test_certificate__near_the_end_of_its_ca__ends_with_it() -> None:
    ca = authority.make("north", NOW)
    late = NOW + authority.LIFE - YEAR
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    made = certificate.issue(ca, "north", "pump-1", key, late)
    assert made.not_valid_after_utc == ca.certificate.not_valid_after_utc
    early = certificate.issue(ca, "north", "pump-1", key, NOW)
    assert early.not_valid_before_utc >= ca.certificate.not_valid_before_utc


def test_certificate__many__serials_are_random_and_long() -> None:
    ca = authority.make("north", NOW)
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    serials = {certificate.issue(ca, "north", "pump-1", key, NOW).serial_number for _ in range(50)}
    assert len(serials) == 50
    assert min(serials).bit_length() > 100


@needs_openssl
def test_crl__after_each_revocation__number_grows_and_openssl_refuses_what_is_on_it(
    tmp_path,
) -> None:
    folder = make(tmp_path / "f")
    secrets = kept(folder)
    for node in ("pump-1", "pump-2"):
        provision(folder, node, secrets, None, NOW)
    old = tmp_path / "old.pem"
    old.write_bytes((folder / "identities" / "pump-1.toml").read_bytes())
    renew(folder, "pump-1", secrets, None, NOW)
    assert verified(folder, old) == "OK"
    first = revoke(folder, "pump-1", secrets, "superseded", "replaced", NOW)
    assert (len(first.serials), first.number) == (1, 2)
    assert verified(folder, old) == "certificate revoked"
    assert verified(folder, folder / "identities" / "pump-1.toml") == "OK"
    second = revoke(folder, "pump-2", secrets, "key-compromise", "all", NOW + DAY)
    assert second.number == 3
    assert verified(folder, folder / "identities" / "pump-2.toml") == "certificate revoked"
    assert verified(folder, old) == "certificate revoked"
    ca = authority.load_certificate(folder, "north", NOW + DAY)
    listed = revocation.read(folder, ca).revoked
    assert [listed[serial].reason for serial in first.serials] == ["superseded"]
    assert [listed[serial].reason for serial in second.serials] == ["key-compromise"]


@needs_openssl
def test_crl__a_fleet_left_alone_for_years__locks_nobody_out(tmp_path) -> None:
    folder = make(tmp_path / "f")
    provision(folder, "pump-1", kept(folder), None, NOW)
    file = folder / "identities" / "pump-1.toml"
    assert verified(folder, file, at=NOW + 9 * YEAR) == "OK"


def test_crl__a_record_is_gone__what_was_revoked_stays_revoked(tmp_path) -> None:
    folder = make(tmp_path / "f")
    secrets = kept(folder)
    for node in ("pump-1", "pump-2"):
        provision(folder, node, secrets, None, NOW)
    [gone] = revoke(folder, "pump-1", secrets, now=NOW).serials
    (folder / "identities" / "pump-1.toml").unlink()
    revoke(folder, "pump-2", secrets, now=NOW)
    ca = authority.load_certificate(folder, "north", NOW)
    assert gone in revocation.read(folder, ca).revoked


def test_crl__signed_by_another_ca_or_broken__refused(tmp_path) -> None:
    north, south = make(tmp_path / "n"), make(tmp_path / "s")
    provision(north, "pump-1", kept(north), None, NOW)
    for data in ((south / "pki" / "crl.pem").read_bytes(), b"", b"-----BEGIN X509 CRL-----\n"):
        (north / "pki" / "crl.pem").write_bytes(data)
        with pytest.raises(AuthorityUnusable, match=r"crl\.pem"):
            revoke(north, "pump-1", kept(north), now=NOW)
    (north / "pki" / "crl.pem").unlink()
    with pytest.raises(AuthorityMissing, match=r"crl\.pem"):
        revoke(north, "pump-1", kept(north), now=NOW)


def test_key__in_any_form__is_not_shown(tmp_path) -> None:
    folder = make(tmp_path / "f")
    provision(folder, "pump-1", kept(folder), None, NOW)
    text = kept(folder).read(key_file(folder, "pump-1").name)
    assert "PRIVATE" not in repr(text)
    assert "PRIVATE" not in str(authority.load(folder, "north", kept(folder), NOW))
    with pytest.raises(keys.NoKey) as raised:
        keys.from_text(type(text)(text.get_secret_value()[:-40] + "canary"))
    assert str(raised.value) == "no private key"
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
