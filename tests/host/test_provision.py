"""A node's identity made, bound, renewed: done again nothing."""

import stat
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host.pki_rig import CHIP, DAY, NOW, OTHER_CHIP, WORD, kept, key_file, make, over_lorawan, tree
from nodewright import audit
from nodewright.errors import NodewrightError
from nodewright.image.errors import UplinkMissing
from nodewright.image.node import ImageMaker
from nodewright.pki import certificate, compare, record
from nodewright.pki.errors import (
    ChipDiffers,
    ChipTaken,
    IdentityEnded,
    NodeRetired,
    NoIdentity,
)
from nodewright.pki.identity import load_identity
from nodewright.provision import provision, renew
from nodewright.revoke import revoke


def problems(folder: Path) -> list[str]:
    """What audit would say."""
    entries, damages = audit.read(folder)
    return [*damages, *compare.problems(folder, "north", entries, NOW)]


def test_provision__again__says_so_and_changes_no_byte(tmp_path) -> None:
    folder = make(tmp_path / "f")
    first = provision(folder, "pump-1", kept(folder), CHIP, NOW)
    assert first.what == "provision"
    before = tree(folder)
    for unique_id in (None, CHIP, CHIP.upper()):
        again = provision(folder, "pump-1", kept(folder), unique_id, NOW + DAY)
        assert (again.what, again.files) == ("unchanged", ())
        assert again.current.serial == first.current.serial
    assert tree(folder) == before
    assert problems(folder) == []


def test_provision__without_a_chip__open_until_bound_once(tmp_path) -> None:
    folder = make(tmp_path / "f")
    secrets = kept(folder)
    first = provision(folder, "pump-1", secrets, None, NOW)
    assert first.record.unique_id is None
    assert "not known yet" in (folder / "identities" / "pump-1.toml").read_text()
    key = key_file(folder, "pump-1").read_bytes()
    bound = provision(folder, "pump-1", secrets, CHIP, NOW)
    assert (bound.what, bound.record.unique_id) == ("bind", CHIP)
    assert bound.current.serial == first.current.serial
    assert key_file(folder, "pump-1").read_bytes() == key
    assert [entry.what for entry in audit.read(folder)[0]] == ["create", "provision", "bind"]
    with pytest.raises(ChipDiffers, match=f"bound to chip {CHIP}, and this one is {OTHER_CHIP}"):
        provision(folder, "pump-1", secrets, OTHER_CHIP, NOW)


def test_provision__a_chip_of_another_node__refused_by_its_name(tmp_path) -> None:
    folder = make(tmp_path / "f")
    secrets = kept(folder)
    provision(folder, "pump-1", secrets, CHIP, NOW)
    before = tree(folder)
    with pytest.raises(ChipTaken, match="that of node pump-1"):
        provision(folder, "pump-2", secrets, CHIP, NOW)
    provision(folder, "pump-2", secrets, None, NOW)
    with pytest.raises(ChipTaken):
        renew(folder, "pump-2", secrets, CHIP, NOW)
    with pytest.raises(ChipTaken):
        provision(folder, "pump-2", secrets, CHIP, NOW)
    assert before.items() <= {**tree(folder), "audit.jsonl": before["audit.jsonl"]}.items()


def test_renew__a_new_key__the_old_certificate_stays_until_it_is_revoked(tmp_path) -> None:
    folder = make(tmp_path / "f")
    secrets = kept(folder)
    with pytest.raises(NoIdentity, match="nodewright provision pump-1"):
        renew(folder, "pump-1", secrets, None, NOW)
    first = provision(folder, "pump-1", secrets, CHIP, NOW)
    old_key = key_file(folder, "pump-1")
    second = renew(folder, "pump-1", secrets, None, NOW + DAY)
    assert [one.state for one in second.record.issued] == ["current", "replaced"]
    assert second.record.unique_id == CHIP
    assert old_key.exists()
    assert key_file(folder, "pump-1").read_bytes() != old_key.read_bytes()
    assert stat.S_IMODE(key_file(folder, "pump-1").stat().st_mode) == 0o600
    done = revoke(folder, "pump-1", secrets, "superseded", "replaced", NOW + DAY)
    assert done.serials == (first.current.serial,)
    assert not old_key.exists()
    assert key_file(folder, "pump-1").exists()
    assert revoke(folder, "pump-1", secrets, "superseded", "replaced", NOW).serials == ()
    assert problems(folder) == []


def test_renew__with_another_chip__binds_to_the_board_that_replaces_it(tmp_path) -> None:
    folder = make(tmp_path / "f")
    provision(folder, "pump-1", kept(folder), CHIP, NOW)
    assert renew(folder, "pump-1", kept(folder), OTHER_CHIP, NOW).record.unique_id == OTHER_CHIP
    assert provision(folder, "pump-2", kept(folder), CHIP, NOW).record.unique_id == CHIP


def test_provision__a_certificate_that_ended__renewed_not_taken_for_good(tmp_path) -> None:
    folder = make(tmp_path / "f")
    secrets = kept(folder)
    provision(folder, "pump-1", secrets, CHIP, NOW)
    later = NOW + certificate.LIFE + DAY
    for call in (provision, load_identity):
        with pytest.raises(IdentityEnded, match="nodewright renew pump-1"):
            call(folder, "pump-1", secrets, now=later)
    renew(folder, "pump-1", secrets, None, later)
    assert load_identity(folder, "pump-1", secrets, later).ends > later + DAY


def test_provision__after_all_was_revoked__begins_anew(tmp_path) -> None:
    folder = make(tmp_path / "f")
    secrets = kept(folder)
    provision(folder, "pump-1", secrets, CHIP, NOW)
    revoke(folder, "pump-1", secrets, "key-compromise", "all", NOW)
    with pytest.raises(NoIdentity):
        load_identity(folder, "pump-1", secrets, NOW)
    again = provision(folder, "pump-1", secrets, OTHER_CHIP, NOW)
    assert [one.state for one in again.record.issued] == ["current", "revoked"]
    assert load_identity(folder, "pump-1", secrets, NOW).unique_id == OTHER_CHIP
    assert problems(folder) == []


def test_identity__for_an_image__has_the_pair_and_the_ca_in_der_and_shows_no_key(tmp_path) -> None:
    folder = make(tmp_path / "f", passphrase=WORD)
    done = provision(folder, "pump-1", kept(folder, WORD), CHIP, NOW)
    found = load_identity(folder, "pump-1", kept(folder, WORD), NOW)
    certificate = x509.load_der_x509_certificate(found.certificate_der)
    certificate.verify_directly_issued_by(x509.load_der_x509_certificate(found.ca_der))
    assert (found.serial, found.unique_id) == (done.current.serial, CHIP)
    raw = found.key_der.get_secret_value()
    assert raw.hex() not in repr(found)
    assert repr(raw)[2:20] not in repr(found)


def test_lorawan__dev_eui_follows_from_the_chip_and_the_app_key_stays(tmp_path) -> None:
    folder = over_lorawan(make(tmp_path / "f"))
    secrets = kept(folder)
    first = provision(folder, "pump-1", secrets, None, NOW)
    assert (first.record.dev_eui, first.record.join_eui) == (None, "70b3d57ed0000000")
    app_key = secrets.read("pump-1.app-key").get_secret_value()
    assert len(bytes.fromhex(app_key)) == 16
    bound = provision(folder, "pump-1", secrets, "240ac4123456", NOW)
    assert (bound.what, bound.record.dev_eui) == ("bind", "240ac4fffe123456")
    renew(folder, "pump-1", secrets, None, NOW)
    found = load_identity(folder, "pump-1", secrets, NOW)
    assert found.app_key.get_secret_value() == app_key
    assert app_key not in repr(found)
    assert app_key not in "".join(map(repr, (first, bound)))
    public = {file: data for file, data in tree(folder).items() if "secrets/" not in file}
    assert all(app_key.encode() not in data for data in public.values())
    assert stat.S_IMODE((folder / "secrets" / "pump-1.app-key").stat().st_mode) == 0o600


def test_lorawan__no_image_yet__refused_with_the_reason_and_all_else_goes_on(tmp_path) -> None:
    folder = over_lorawan(make(tmp_path / "f"))
    secrets = kept(folder)
    for node in ("pump-1", "pump-2"):
        provision(folder, node, secrets, None, NOW)
    maker = ImageMaker(folder, secrets, runtime="none")
    with pytest.raises(UplinkMissing, match="pump-1 reports over LoRaWAN, which the firmware"):
        maker.make("pump-1")
    assert (maker.names(), maker.left_out()) == (["pump-2"], ["pump-1"])
    assert maker.make("pump-2").node == "pump-2"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["provision", "renew", "revoke", "replaced"]),
            st.sampled_from(["pump-1", "pump-2"]),
            st.sampled_from([None, CHIP, OTHER_CHIP]),
        ),
        max_size=12,
    )
)
def test_identities__any_order_of_deeds__log_records_and_list_agree(tmp_path_factory, deeds):
    folder = make(tmp_path_factory.mktemp("any") / "f")
    secrets = kept(folder)
    for what, node, unique_id in deeds:
        try:
            if what == "provision":
                provision(folder, node, secrets, unique_id, NOW)
            elif what == "renew":
                renew(folder, node, secrets, unique_id, NOW)
            else:
                revoke(folder, node, secrets, "unspecified", "all" if what == "revoke" else what)
        except NodewrightError:
            pass
        assert problems(folder) == []
    records = list(record.read_all(folder))
    bound = [known.unique_id for known in records if known.unique_id]
    assert len(set(bound)) == len(bound)
    for known in records:
        states = [one.state for one in known.issued]
        assert states.count("current") <= 1
        for one in known.issued:
            key = folder / "secrets" / f"{known.node}.{one.serial[:8]}.key"
            assert key.exists() == (one.state != "revoked")


def test_provision__retired__never_again(tmp_path) -> None:
    folder = make(tmp_path / "f")
    provision(folder, "pump-1", kept(folder), CHIP, NOW)
    path = folder / "identities" / "pump-1.toml"
    path.write_text(
        path.read_text().replace(
            'node = "pump-1"\n', 'node = "pump-1"\nretired = 2026-11-22T06:00:00Z\n'
        )
    )
    for call in (provision, renew):
        with pytest.raises(NodeRetired):
            call(folder, "pump-1", kept(folder), now=NOW)
    assert provision(folder, "pump-2", kept(folder), CHIP, NOW).record.unique_id == CHIP
