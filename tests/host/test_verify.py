"""A certificate counts as it was signed, by whom one trusts, and not otherwise."""

import base64
import re
import warnings
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from host import certificate_rig as rig
from host.pki_rig import DAY, NOW, WORD, kept, make, needs_openssl, openssl
from nodewright.errors import BadInput, NodewrightError
from nodewright.fleet.secret import WrongPassphrase
from nodewright.pki import authority, certificate, endpoint
from nodewright.provision import provision
from nodewright.revoke import revoke
from nodewright.validate import sign, verify
from nodewright.validate.page import Certificate, build
from nodewright.validate.refused import (
    Changed,
    Foreign,
    NoCertificate,
    Refused,
    SignerRevoked,
    SignerUnfit,
    Unproven,
)
from nodewright.validate.statement import Statement

# SEC 2, 2.4.2: of the group of P-256.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture(scope="module")
def north(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("verify") / "north")


@pytest.fixture(scope="module")
def good(north: Path) -> bytes:
    return rig.sealed(north)


@pytest.fixture(scope="module")
def trust(north: Path) -> verify.Trust:
    return verify.of_fleet(north, NOW)


def by(folder: Path, wanted: certificate.Wanted, fleet: str = "north") -> sign.Signer:
    """A signer whose certificate says what is wanted of it."""
    own = authority.load(folder, fleet, kept(folder), NOW)
    key = ec.generate_private_key(ec.SECP256R1())
    made = certificate.sign(own, wanted, key.public_key(), NOW - DAY, NOW + 10 * DAY)
    return sign.Signer(wanted.name, made, own.certificate, key)


def wanted(name: str = "signer.bench", fleet: str = "north", use=endpoint.DOCUMENT_SIGNING):
    others = (x509.UniformResourceIdentifier(f"nodewright://{fleet}/{name}"),)
    return certificate.Wanted(fleet, name, use, others)


def test_verify__as_signed__says_who_whom_when_and_what(good, trust) -> None:
    found = verify.verify(good, "c.html", trust, NOW)
    said = found.as_dict()
    assert (said["fleet"], said["signer"], said["node"]) == ("north", "signer.bench", "pump-1")
    assert (said["genuine"], said["passed"], said["place"]) == (True, True, "device")
    assert said["signed_at"] == f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
    assert found.statement.validation == rig.validation()
    assert found.notes == ()


def test_verify__a_node_that_failed__is_genuine_and_says_so(north, trust) -> None:
    failed = rig.with_case(rig.validation(), "acc.rate", verdict="fail", margin=-0.1)
    assert verify.verify(rig.sealed(north, failed), "c", trust, NOW).as_dict()["passed"] is False


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_verify__one_byte_changed__refused_wherever_it_is(good, trust, data) -> None:
    at = data.draw(st.integers(0, len(good) - 1), "at")
    new = data.draw(st.integers(0, 255).filter(lambda byte: byte != good[at]), "new")
    how = data.draw(st.sampled_from(("change", "drop", "insert", "cut")), "how")
    changed = {
        "change": good[:at] + bytes([new]) + good[at + 1 :],
        "drop": good[:at] + good[at + 1 :],
        "insert": good[:at] + bytes([new]) + good[at:],
        "cut": good[:at],
    }[how]
    with pytest.raises((Changed, NoCertificate)):
        verify.verify(changed, "c", trust, NOW)


def test_verify__each_byte_of_the_seal_changed__refused(good, trust) -> None:
    """All of the seal, and all bits of the signature: no byte of them is spare."""
    start = good.index(sign.MARK)
    for at in range(start, len(good)):
        for bit in range(8) if at > len(good) - 140 else (0, 5):
            changed = bytearray(good)
            changed[at] ^= 1 << bit
            with pytest.raises((Changed, NoCertificate)):
                verify.verify(bytes(changed), "c", trust, NOW)


def test_verify__bytes_after_the_end_or_other_line_ends__refused(good, trust) -> None:
    for changed in (good + b"\n", good[:-1], good.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + good):
        with pytest.raises((Changed, NoCertificate)):
            verify.verify(changed, "c", trust, NOW)


def test_verify__the_other_form_of_one_signature__refused(good, trust) -> None:
    """(r, n - s) is as good to the library; two files of one certificate are one too many."""
    order = ORDER
    end = len(good) - len(b"\n-->\n")
    r, s = int(good[end - 128 : end - 64], 16), int(good[end - 64 : end], 16)
    assert 0 < s <= order // 2
    sealed = sign.unseal(good, "c")
    other = utils.encode_dss_signature(r, order - s)
    sealed.certificate.public_key().verify(other, good[: end - 128], ec.ECDSA(hashes.SHA256()))
    changed = good[: end - 64] + f"{order - s:064x}".encode() + good[end:]
    with pytest.raises(Changed, match="out of range"):
        verify.verify(changed, "c", trust, NOW)


@needs_openssl
def test_seal__judged_by_openssl__is_over_all_before_its_digits(good, north, tmp_path) -> None:
    end = len(good) - len(b"\n-->\n")
    digits = good[end - 128 : end].decode()
    (tmp_path / "body").write_bytes(good[: end - 128])
    signature = utils.encode_dss_signature(int(digits[:64], 16), int(digits[64:], 16))
    (tmp_path / "signature").write_bytes(signature)
    ca, own = (
        x509.load_der_x509_certificate(base64.b64decode(found))
        for found in re.findall(rb"^(?:ca|certificate) (\S+)$", good, re.M)
    )
    (tmp_path / "own.pem").write_bytes(own.public_bytes(Encoding.PEM))
    assert ca.public_bytes(Encoding.PEM) == (north / "pki" / "ca.pem").read_bytes()
    openssl("x509", "-in", "own.pem", "-pubkey", "-noout", "-out", "own.pub", cwd=tmp_path)
    told = openssl(
        "dgst", "-sha256", "-verify", "own.pub", "-signature", "signature", "body", cwd=tmp_path
    )
    assert told.stdout.strip() == "Verified OK"
    chain = openssl("verify", "-x509_strict", "-CAfile", north / "pki" / "ca.pem",
                    tmp_path / "own.pem")  # fmt: skip
    assert chain.returncode == 0, chain.stderr
    # A broker asks for a client's certificate: this is none.
    client = openssl("verify", "-purpose", "sslclient", "-CAfile", north / "pki" / "ca.pem",
                     tmp_path / "own.pem")  # fmt: skip
    assert client.returncode != 0


def test_verify__another_fleet__told(good, tmp_path) -> None:
    south = verify.of_fleet(make(tmp_path / "south", "south"), NOW)
    with pytest.raises(Foreign, match=r"signed by fleet north .* not by fleet south") as refused:
        verify.verify(good, "c", south, NOW)
    assert refused.value.fleet == "north"
    again = verify.of_fleet(make(tmp_path / "north"), NOW)
    with pytest.raises(Foreign, match="another CA of that name"):
        verify.verify(good, "c", again, NOW)


def test_verify__nobody_trusted__is_not_enough(good) -> None:
    with pytest.raises(Unproven, match="--fleet DIR or --ca FILE"):
        verify.verify(good, "c", None, NOW)


def test_verify__by_the_ca_file__says_that_no_list_was_seen(good, north, tmp_path) -> None:
    pem = north / "pki" / "ca.pem"
    (tmp_path / "ca.der").write_bytes(
        x509.load_pem_x509_certificate(pem.read_bytes()).public_bytes(Encoding.DER)
    )
    for file in (pem, tmp_path / "ca.der"):
        found = verify.verify(good, "c", verify.of_file(file), NOW)
        assert "revocation list" in found.notes[0]
    (tmp_path / "junk").write_bytes(b"-----BEGIN CERTIFICATE-----\n")
    record = (north / "identities" / "signer.bench.toml").read_bytes()
    leaf = x509.load_pem_x509_certificate(record)
    (tmp_path / "leaf").write_bytes(leaf.public_bytes(Encoding.PEM))
    for file in (tmp_path / "junk", tmp_path / "leaf", tmp_path / "none", tmp_path):
        with pytest.raises(BadInput, match="--ca"):
            verify.of_file(file)


def test_verify__a_node_a_host_or_anybody_signs__refused(north, trust, tmp_path) -> None:
    provision(north, "pump-1", kept(north), now=NOW)
    page = rig.page().encode()
    client = ExtendedKeyUsageOID.CLIENT_AUTH
    for odd in (
        wanted(use=client),
        wanted("pump-1"),
        wanted("host.watch"),
        wanted("signer.", "north"),
        wanted(fleet="south"),
    ):
        with pytest.raises(SignerUnfit):
            verify.verify(sign.seal(page, by(north, odd)), "c", trust, NOW)
    # Whoever signs with a key of his own and this fleet's CA beside it.
    forged = replace(by(north, wanted()), key=ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(Changed):
        verify.verify(sign.seal(page, forged), "c", trust, NOW)
    south = make(tmp_path / "s", "south")
    foreign = by(south, wanted(), "south")
    own = authority.load_certificate(north, "north", NOW)
    with pytest.raises(SignerUnfit, match="no CA of its own"):
        verify.verify(sign.seal(page, replace(foreign, ca=own)), "c", trust, NOW)


def test_verify__another_signer_or_fleet_inside__refused(north, trust) -> None:
    signer = sign.signer(north, kept(north), now=NOW)
    for odd in (
        Statement(NOW, "signer.other", rig.validation()),
        Statement(NOW, "signer.bench", rig.validation(fleet="south")),
    ):
        with pytest.raises(Changed, match="another signer or fleet"):
            verify.verify(sign.seal(build(Certificate(odd)).encode(), signer), "c", trust, NOW)
    with pytest.raises(NoCertificate, match="no statement"):
        verify.verify(sign.seal(b"<!DOCTYPE html>\n", signer), "c", trust, NOW)


@pytest.mark.parametrize("days", [-2, 2, 5000])
def test_verify__a_date_that_cannot_be__refused(north, trust, days: int) -> None:
    odd = Statement(NOW + timedelta(days=days), "signer.bench", rig.validation())
    data = sign.seal(build(Certificate(odd)).encode(), sign.signer(north, kept(north), now=NOW))
    with pytest.raises(SignerUnfit):
        verify.verify(data, "c", trust, NOW)


def test_verify__years_later__still_counts(good, trust) -> None:
    assert verify.verify(good, "c", trust, NOW + 9000 * DAY).fleet == "north"


@pytest.mark.parametrize(
    ("reason", "counts"), [("key-compromise", False), ("unspecified", False), ("superseded", True)]
)
def test_verify__signer_revoked__counts_only_what_was_signed_before_its_retirement(
    tmp_path, reason: str, counts: bool
) -> None:
    folder = make(tmp_path / "north")
    data = rig.sealed(folder)
    revoke(folder, "signer.bench", kept(folder), reason, now=NOW + DAY)
    trust = verify.of_fleet(folder, NOW + DAY)
    if not counts:
        with pytest.raises(SignerRevoked, match=reason):
            verify.verify(data, "c", trust, NOW + DAY)
        return
    assert "retired" in verify.verify(data, "c", trust, NOW + DAY).notes[0]
    # Whoever signs next has a new identity.
    again = sign.signer(folder, kept(folder), now=NOW + 2 * DAY)
    assert again.certificate != sign.unseal(data, "c").certificate
    late = Statement(NOW + 2 * DAY, "signer.bench", rig.validation())
    page = build(Certificate(late)).encode()
    assert verify.verify(sign.seal(page, again), "c", trust, NOW + 2 * DAY).notes == ()


def test_verify__signed_after_its_retirement__refused(tmp_path) -> None:
    folder = make(tmp_path / "north")
    old = sign.signer(folder, kept(folder), now=NOW)
    revoke(folder, "signer.bench", kept(folder), "cessation", now=NOW + DAY)
    late = Statement(NOW + 2 * DAY, "signer.bench", rig.validation())
    data = sign.seal(build(Certificate(late)).encode(), old)
    with pytest.raises(SignerRevoked):
        verify.verify(data, "c", verify.of_fleet(folder, NOW + DAY), NOW + 2 * DAY)


def test_signer__asked_again__is_the_same_and_needs_no_key_of_the_ca(tmp_path) -> None:
    folder = make(tmp_path / "north")
    first = sign.signer(folder, kept(folder), now=NOW)
    (folder / "secrets" / "ca.key").unlink()
    assert sign.signer(folder, kept(folder), now=NOW).certificate == first.certificate
    with pytest.raises(NodewrightError):
        sign.signer(folder, kept(folder), "other", now=NOW)
    for odd in ("", "A", "a.b", "x" * 50):
        with pytest.raises(BadInput):
            sign.signer(folder, kept(folder), odd, now=NOW)


def test_signer__secrets_encrypted__needs_the_passphrase(tmp_path) -> None:
    folder = make(tmp_path / "north", passphrase=WORD)
    with pytest.raises(WrongPassphrase):
        sign.signer(folder, kept(folder), now=NOW)
    signer = sign.signer(folder, kept(folder, WORD), now=NOW)
    data = sign.seal(rig.page().encode(), signer)
    assert verify.verify(data, "c", verify.of_fleet(folder, NOW), NOW).fleet == "north"


def test_verify__hostile_files__named(good, trust) -> None:
    seal = good[good.index(sign.MARK) :]
    page = good[: good.index(sign.MARK)]
    cases = {
        b"": "no HTML of ours",
        b"PK\x03\x04": "no HTML of ours",
        page: "no signature",
        b"<!DOCTYPE html>" + bytes(sign.MOST_BYTES): "more than 8 MB",
        good + seal: "2 signatures",
        page + seal + seal: "2 signatures",
        page + b"<!-- nodewright seal 2" + seal[len(sign.MARK) + 1 :]: "not as seals are",
        page + sign.MARK + b"1\nca AAAA\ncertificate AAAA\nsignature " + b"0" * 128 + b"\n-->\n":
            "cannot be read",
    }  # fmt: skip
    for data, why in cases.items():
        with pytest.raises(Refused, match=why):
            verify.verify(data, "c", trust, NOW)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 40_000))
@example(b"\n-->\n", 0)
def test_unseal__any_bytes_anywhere__never_more_than_refused(junk: bytes, at: int) -> None:
    for data in (junk, b"<!DOCTYPE html>" + junk, b"<!DOCTYPE html>\n" + sign.MARK + junk):
        with pytest.raises(Refused):
            sign.unseal(data, "c")


def test_unseal__a_certificate_that_the_library_only_frowns_at__refused(good) -> None:
    """A negative serial number (RFC 5280, 4.1.2.2) is a warning to it, on somebody's terminal."""
    found = re.search(rb"^certificate (\S+)$", good, re.M)
    assert found is not None
    der = bytearray(base64.b64decode(found[1]))
    serial = sign.unseal(good, "c").certificate.serial_number
    number = serial.to_bytes((serial.bit_length() + 7) // 8, "big")
    der[der.index(number)] |= 0x80
    odd = good.replace(found[1], base64.b64encode(der))
    # Warnings are errors in these tests; where the program runs they are not.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Changed, match="cannot be read"):
            sign.unseal(odd, "c")


def test_read__too_large_or_missing__bounded(tmp_path) -> None:
    (tmp_path / "big").write_bytes(bytes(sign.MOST_BYTES + 100))
    assert len(verify.read(tmp_path / "big")) == sign.MOST_BYTES + 1
    with pytest.raises(BadInput):
        verify.read(tmp_path / "none")
