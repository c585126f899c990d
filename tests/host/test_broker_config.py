"""What `nodewright broker` writes: who may what, which files, whose they are, and when anew."""

import ipaddress
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from host.pki_rig import DAY, NOW, WORD, YEAR, kept, make
from nodewright import audit
from nodewright.errors import BadInput
from nodewright.fleet import edit
from nodewright.fleet.secret import WrongPassphrase
from nodewright.fleet_broker import config, layout
from nodewright.fleet_broker.layout import Wish, refresh, write
from nodewright.pki import compare, endpoint, record, subject
from nodewright.pki.errors import AuthorityUnusable, NoIdentity
from nodewright.provision import provision
from nodewright.revoke import revoke
from wire import topics

HOSTS: dict[str, endpoint.May] = {"host.a": "read", "host.b": "ask", "host.c": "keep"}


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    folder = make(tmp_path / "north")
    edit.set_value(folder, ("brokers", "main", "tls"), True)
    edit.set_value(folder, ("brokers", "main", "port"), 8883)
    return folder


def rules(text: str) -> dict[str, list[str]]:
    """The lines of an access list by user, patterns under "": of everybody."""
    found: dict[str, list[str]] = {"": []}
    user = ""
    for line in text.splitlines():
        if line.startswith("user "):
            user = line.split()[1]
            found[user] = []
        elif line.startswith(("topic ", "pattern ")):
            assert line.startswith("pattern ") == (user == ""), line
            found[user].append(line.split(maxsplit=1)[1])
    return found


# Text


def test_acl__a_node__writes_every_kind_but_commands_and_reads_these_alone() -> None:
    own = rules(config.acl("north", HOSTS))[""]
    allowed = {line.rsplit("/", 1)[1]: line.split()[0] for line in own}
    assert allowed == {
        kind: "read" if kind in config.TO_NODE else "write" for kind in topics.KINDS
    }
    assert all(line.split()[1].startswith("nodewright/north/%u/") for line in own)


def test_acl__hosts__get_what_their_certificates_say_and_no_more() -> None:
    found = rules(config.acl("north", HOSTS))
    read = "read nodewright/north/#"
    assert found["host.a"] == [read]
    assert found["host.b"] == [read, "write nodewright/north/+/command"]
    assert found["host.c"] == [read, "write nodewright/north/#"]


def test_conf__any__has_one_listener_and_lets_nobody_in_without_a_name() -> None:
    text = config.conf("north", config.Listener("127.0.0.1", 8883, "/srv/north"))
    settings = dict(
        line.split(maxsplit=1) for line in text.splitlines() if line and line[0] != "#"
    )
    assert text.count("\nlistener ") + text.startswith("listener ") == 1
    for key, value in {
        "listener": "8883 127.0.0.1",
        "require_certificate": "true",
        "allow_anonymous": "false",
        "use_identity_as_username": "true",
        "use_username_as_clientid": "true",
        "cafile": "/srv/north/ca.pem",
        "crlfile": "/srv/north/crl.pem",
        "acl_file": "/srv/north/acl",
        "autosave_interval": "1",
        "autosave_on_changes": "true",
        "persistence": "true",
    }.items():
        assert settings[key] == value, key
    for limit in ("max_packet_size", "max_queued_messages", "max_connections", "max_keepalive"):
        assert int(settings[limit]) > 0
    assert "user" not in settings


# Folder


def test_write__a_new_fleet__has_all_and_only_the_owner_reads_it(fleet) -> None:
    written = write(fleet, Wish(), kept(fleet))
    assert (written.fleet, written.name, written.host, written.port) == (
        "north",
        "main",
        "127.0.0.1",
        8883,
    )
    assert stat.S_IMODE(written.folder.stat().st_mode) == 0o700
    for file in written.files:
        assert stat.S_IMODE((written.folder / file).stat().st_mode) == 0o600, file
    assert (written.folder / ".gitignore").read_text() == "*\n"
    certificate = x509.load_pem_x509_certificate((written.folder / "broker.pem").read_bytes())
    key = load_pem_private_key((written.folder / "broker.key").read_bytes(), None)
    assert key.public_key() == certificate.public_key()
    named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert named.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("127.0.0.1")]
    assert named.get_values_for_type(x509.DNSName) == ["localhost"]
    assert written.hosts == {f"host.{name}": may for name, may in layout.HOSTS.items()}


def test_write__again__makes_no_new_identity(fleet) -> None:
    first = write(fleet, Wish(), kept(fleet))
    before = {path.name: path.read_bytes() for path in first.folder.glob("*.*")}
    lines = len(audit.read(fleet)[0])
    second = write(fleet, Wish(), kept(fleet))
    assert len(audit.read(fleet)[0]) == lines
    assert {path.name: path.read_bytes() for path in second.folder.glob("*.*")} == before


def test_write__another_address__renews_the_brokers_certificate_alone(fleet) -> None:
    write(fleet, Wish(), kept(fleet))
    lines = len(audit.read(fleet)[0])
    wish = Wish(names=("broker.plant.example", "10.0.0.9"), listen="0.0.0.0")
    written = write(fleet, wish, kept(fleet))
    entries, problems = audit.read(fleet)
    assert [(entry.what, entry.node) for entry in entries[lines:]] == [("renew", "broker.main")]
    assert {"broker.plant.example", "10.0.0.9"} <= set(written.addresses)
    assert "0.0.0.0" not in written.addresses
    assert problems == ()
    known = record.read(fleet, "broker.main")
    assert known is not None
    assert known.current is not None
    assert endpoint.addresses_of(known.current) == written.addresses


def test_write__all_of_it__agrees_with_the_audit_log(fleet) -> None:
    write(fleet, Wish(), kept(fleet))
    entries, problems = audit.read(fleet)
    assert problems == ()
    assert list(compare.problems(fleet, "north", entries, NOW + DAY)) == []


def test_write__for_another_machine__has_its_paths_and_no_user_of_ours(fleet) -> None:
    written = write(fleet, Wish(install="/etc/mosquitto/north/"), kept(fleet))
    text = written.conf.read_text()
    assert "keyfile /etc/mosquitto/north/broker.key\n" in text
    assert str(fleet) not in text
    assert "\nuser " not in text


def test_write__nodes_that_would_not_find_it__says_what_to_write(fleet) -> None:
    edit.set_value(fleet, ("brokers", "main", "host"), "192.168.1.10")
    assert any("--listen" in note for note in write(fleet, Wish(), kept(fleet)).notes)
    edit.set_value(fleet, ("brokers", "main", "tls"), False)
    edit.set_value(fleet, ("brokers", "main", "port"), 1883)
    written = write(fleet, Wish(), kept(fleet))
    assert written.port == 8883
    assert any("tls = true and port = 8883" in note for note in written.notes)


@pytest.mark.parametrize(
    "wish",
    [
        Wish(listen="somewhere"),
        Wish(broker="other"),
        Wish(names=("no name",)),
        Wish(names=("-a.example",)),
        Wish(names=("",)),
    ],
)
def test_write__a_wish_that_cannot_be__is_refused(fleet, wish) -> None:
    with pytest.raises(BadInput):
        write(fleet, wish, kept(fleet))


def test_write__encrypted_fleet__needs_its_passphrase(tmp_path) -> None:
    folder = make(tmp_path / "north", passphrase=WORD)
    with pytest.raises(WrongPassphrase):
        write(folder, Wish(), kept(folder))
    written = write(folder, Wish(), kept(folder, WORD))
    assert "PRIVATE KEY" in (written.folder / "broker.key").read_text()
    assert list((folder / "secrets").glob("*.key")) == []


def test_write__damaged_list__is_refused_before_a_broker_refuses_everybody(fleet) -> None:
    write(fleet, Wish(), kept(fleet))
    other = make(fleet.parent / "other")
    (fleet / "pki" / "crl.pem").write_bytes((other / "pki" / "crl.pem").read_bytes())
    with pytest.raises(AuthorityUnusable):
        write(fleet, Wish(), kept(fleet))


def test_refresh__nothing_new__touches_nothing(fleet) -> None:
    written = write(fleet, Wish(), kept(fleet))
    assert not refresh(fleet, written)


def test_refresh__a_node_revoked_or_a_host_made__is_in_the_folder(fleet) -> None:
    written = write(fleet, Wish(), kept(fleet))
    provision(fleet, "pump-1", kept(fleet))
    assert not refresh(fleet, written)  # the list says who is out, not who is in
    revoke(fleet, "pump-1", kept(fleet))
    assert refresh(fleet, written)
    crl = written.folder / "crl.pem"
    assert crl.read_bytes() == (fleet / "pki" / "crl.pem").read_bytes()
    endpoint.make_host(fleet, "historian", "read", kept(fleet))
    assert refresh(fleet, written)
    assert "user host.historian\n" in (written.folder / "acl").read_text()
    revoke(fleet, "host.historian", kept(fleet))
    assert refresh(fleet, written)
    assert "host.historian" not in (written.folder / "acl").read_text()
    assert not refresh(fleet, written)


# Identities of hosts


def test_make_host__other_rights__is_a_new_certificate(fleet) -> None:
    first = endpoint.make_host(fleet, "historian", "read", kept(fleet), NOW)
    assert first.files
    assert endpoint.make_host(fleet, "historian", "read", kept(fleet), NOW).files == ()
    second = endpoint.make_host(fleet, "historian", "ask", kept(fleet), NOW)
    assert [one.state for one in second.record.issued] == ["current", "replaced"]
    assert endpoint.hosts(fleet) == {"host.historian": "ask"}


def test_make_host__ended__is_made_anew(fleet) -> None:
    endpoint.make_host(fleet, "historian", "read", kept(fleet), NOW)
    later = NOW + 11 * YEAR
    provision(fleet, "pump-1", kept(fleet), now=NOW + 5 * YEAR)  # the folder was in use meanwhile
    assert endpoint.make_host(fleet, "historian", "read", kept(fleet), later).files


@pytest.mark.parametrize("name", ["", "Historian", "a.b", "a/b", "+", "#", "x" * 41])
def test_make_host__bad_name__is_refused(fleet, name) -> None:
    with pytest.raises(BadInput):
        endpoint.make_host(fleet, name, "read", kept(fleet))


def test_subject__names_of_nodes__can_be_nobody_elses() -> None:
    assert subject.is_subject("pump-1")
    assert subject.is_subject("host.watch")
    assert not topics.is_name("host.watch")
    for text in ("host.", ".watch", "node.watch", "host.a.b", "", "a/b", "host.A"):
        assert not subject.is_subject(text), text


def test_load_pair__no_such_host__says_how_to_make_one(fleet) -> None:
    with pytest.raises(NoIdentity, match="--host-identity historian"):
        endpoint.load_pair(fleet, "host.historian", kept(fleet))


def test_make_revoked__made_once__is_on_the_list_and_keeps_its_key(fleet) -> None:
    first = endpoint.make_revoked(fleet, layout.REVOKED, kept(fleet))
    assert first.files
    assert endpoint.make_revoked(fleet, layout.REVOKED, kept(fleet)).files == ()
    pair = endpoint.load_revoked(fleet, layout.REVOKED, kept(fleet))
    certificate = x509.load_pem_x509_certificate(pair.certificate.encode())
    listed = x509.load_pem_x509_crl((fleet / "pki" / "crl.pem").read_bytes())
    assert listed.get_revoked_certificate_by_serial_number(certificate.serial_number)
    assert "host.revoked" not in endpoint.hosts(fleet)
