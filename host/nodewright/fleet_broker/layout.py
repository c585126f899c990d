"""The folder a broker runs from, written whole: configuration, certificates, its own key.

It lies in the fleet's folder as broker/, is kept out of version control, and can be carried to
another machine as it is.
"""

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from nodewright.errors import BadInput
from nodewright.fleet.files import write_whole
from nodewright.fleet.finding import FleetErrors, WriteFailed
from nodewright.fleet.load import load
from nodewright.fleet.model import Broker
from nodewright.fleet.secret import Secrets
from nodewright.fleet_broker import config
from nodewright.pki import authority, clock, endpoint, revocation, subject
from nodewright.pki.endpoint import May
from nodewright.watch import TLS_PORT

FOLDER = "broker"
LOOPBACK = "127.0.0.1"
# Programs of ours, each with an identity of its own: two that shared one would be one client to
# the broker, and throw each other out.
HOSTS: dict[str, May] = {"watch": "read", "ask": "ask", "retire": "keep", "check": "ask"}
REVOKED = "revoked"  # an identity whose only use is to be refused

# Which user mosquitto becomes when root starts it.
_USER = "mosquitto"


@dataclass(frozen=True)
class Wish:
    """What a user asks of a fleet's broker.

    broker: its name in fleet.toml, None: the only one; listen: on which address, None: loopback;
    port: None: fleet.toml's; names: further addresses for its certificate; install: where the
    folder will lie on the machine that runs it, None: where it is written; programs: of HOSTS,
    which it is to know.
    """

    broker: str | None = None
    listen: str | None = None
    port: int | None = None
    names: tuple[str, ...] = ()
    install: str | None = None
    programs: tuple[str, ...] = tuple(HOSTS)


@dataclass(frozen=True)
class Written:
    """A folder that mosquitto can run from.

    notes: what the user should know; files: written, by their names in the folder.
    """

    fleet: str
    name: str
    folder: Path
    host: str
    port: int
    addresses: tuple[str, ...]
    hosts: dict[str, May]
    notes: tuple[str, ...]
    files: tuple[str, ...]

    @property
    def conf(self) -> Path:
        return self.folder / config.CONF

    @property
    def reached_at(self) -> str:
        """An address under which this machine reaches it."""
        return LOOPBACK if self.host in ("0.0.0.0", LOOPBACK) else self.host  # noqa: S104


def write(folder: Path, wish: Wish, secrets: Secrets) -> Written:
    """Write all of it, making the certificates and host identities that are missing.

    Raises BadInput and its kinds in `pki.errors`, FleetErrors, FleetLocked, WriteFailed,
    SecretMissing, WrongPassphrase.
    """
    fleet, name, found = broker_of(folder, wish.broker)
    host = _listen(wish.listen)
    port = wish.port or (found.port if found.tls else TLS_PORT)
    spares = (spare.partition(":")[0] for spare in found.spares)
    addresses = {found.host, LOOPBACK, "localhost", *spares, *wish.names}
    if host != "0.0.0.0":  # noqa: S104
        addresses.add(host)
    for program in wish.programs:
        endpoint.make_host(folder, program, HOSTS[program], secrets)
    endpoint.make_revoked(folder, REVOKED, secrets)
    endpoint.make_broker(folder, name, addresses, secrets)
    at = folder.resolve() / FOLDER
    user, owner, note = _runs_as(at) if wish.install is None else (None, None, "")
    notes = [note] if note else []
    if host == LOOPBACK and not _is_here(found.host):
        notes.append(
            f"it listens on {LOOPBACK} only, and nodes look for it at {found.host}: "
            "--listen ADDRESS lets them in"
        )
    if not found.tls or port != found.port:
        notes.append(
            f"nodes of fleet.toml do not come here: under [brokers.{name}] write tls = true and "
            f"port = {port}"
        )
    hosts = endpoint.hosts(folder)
    listener = config.Listener(host, port, wish.install or str(at), user)
    pair = endpoint.load_pair(folder, subject.of_broker(name), secrets)
    texts = {
        ".gitignore": "*\n",
        config.CONF: config.conf(fleet, listener),
        config.ACL: config.acl(fleet, hosts),
        config.CA: pair.ca,
        config.CRL: _list(folder, fleet),
        config.CERTIFICATE: pair.certificate,
        config.KEY: pair.key.get_secret_value() + "\n",
    }
    _write(at, texts, owner)
    names = tuple(texts)
    told = tuple(sorted(addresses))
    return Written(fleet, name, at, host, port, told, hosts, tuple(notes), names)


def refresh(folder: Path, written: Written) -> bool:
    """Bring list and rights to what the fleet's folder says now; whether anything differed.

    Raises BadInput and its kinds in `pki.errors`, WriteFailed.
    """
    hosts = endpoint.hosts(folder)
    texts = {
        config.CRL: _list(folder, written.fleet),
        config.ACL: config.acl(written.fleet, hosts),
    }
    changed = {name: text for name, text in texts.items() if _text(written.folder / name) != text}
    if changed:
        _write(written.folder, changed, _owner(written.folder))
    return bool(changed)


def broker_of(folder: Path, name: str | None) -> tuple[str, str, Broker]:
    """(fleet's name, broker's name, broker) of fleet.toml.  Raises FleetErrors, BadInput."""
    loaded = load(folder)
    if loaded.fleet is None or ("fleet",) in loaded.damaged:
        raise FleetErrors(loaded.findings)
    brokers = loaded.fleet.brokers
    chosen = name if name is not None else next(iter(brokers), None)
    if chosen not in brokers or (name is None and len(brokers) > 1):
        if any(finding.path[:1] == ("brokers",) for finding in loaded.findings):
            raise FleetErrors(loaded.findings)
        known = ", ".join(brokers) or "none"
        raise BadInput(f"which broker of fleet.toml is meant? It has: {known}; say --broker NAME")
    return loaded.fleet.fleet.name, chosen, brokers[chosen]


def _listen(text: str | None) -> str:
    try:
        return str(ipaddress.ip_address(text or LOOPBACK))
    except ValueError:
        raise BadInput(f"--listen {text!r} is no IP address; 0.0.0.0 is all of them") from None


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _list(folder: Path, fleet: str) -> str:
    """The revocation list, proven: a broker with a damaged one refuses everybody."""
    revocation.read(folder, authority.load_certificate(folder, fleet, clock.utc_now()))
    return (folder / revocation.FILE).read_text(encoding="ascii")


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def _write(at: Path, texts: dict[str, str], owner: tuple[int, int] | None) -> None:
    """Files that only the broker's user may read, in a folder that only it may enter."""
    try:
        for place in (at, at / config.DATA):
            place.mkdir(mode=0o700, exist_ok=True)
            place.chmod(0o700)
    except OSError as error:
        raise WriteFailed(at, error.strerror or str(error)) from None
    for name, text in texts.items():
        write_whole(at / name, text.encode(), 0o600)
    if owner is not None:
        for path in (at, *at.rglob("*")):
            os.chown(path, *owner)


def _runs_as(at: Path) -> tuple[str | None, tuple[int, int] | None, str]:
    """(user for the configuration, owner of the files, a note) of a broker started by us.

    As root mosquitto becomes another user, who reads the files again at each SIGHUP.  They are
    given to that user where it can come to them; else it has to stay root.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None, None, ""
    import pwd

    try:
        known = pwd.getpwnam(_USER)
    except KeyError:
        known = None
    closed = next((one for one in at.parents if not one.stat().st_mode & 0o001), None)
    if known is not None and closed is None:
        return _USER, (known.pw_uid, known.pw_gid), ""
    why = f"nobody else may enter {closed}" if closed is not None else f"there is no user {_USER}"
    return "root", None, f"mosquitto runs as root, since {why}: start it as another user"


def _owner(at: Path) -> tuple[int, int] | None:
    """Whose the folder is, where that is not us."""
    if not hasattr(os, "geteuid"):
        return None
    about = at.stat()
    return None if about.st_uid == os.geteuid() else (about.st_uid, about.st_gid)
