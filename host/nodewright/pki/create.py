"""The keys that a fleet begins with: its CA with an empty list, and the key for updates."""

from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from pydantic import SecretStr

from nodewright import audit
from nodewright.fleet.lock import locked
from nodewright.fleet.secret import Secrets
from nodewright.pki import authority, clock, keys, record, revocation
from nodewright.pki.certificate import fingerprint, to_pem
from nodewright.pki.deed import Deed
from nodewright.pki.errors import AuthorityThere

UPDATE_KEY = "update.key"  # in secrets/: Ed25519, signs updates
UPDATE_PUBLIC = "pki/update.pub"


def create_ca(
    folder: Path,
    fleet: str,
    passphrase: SecretStr | None = None,
    now: datetime | None = None,
    secrets: Secrets | None = None,
) -> list[str]:
    """Make the CA and the update key of a fleet; the files, relative to its folder.

    folder: of the fleet, there already; passphrase: encrypts all its secrets, None leaves them
    as they are; secrets: of the fleet, where they may be encrypted.  Raises AuthorityThere,
    ClockOff, WriteFailed, WrongPassphrase.
    """
    moment = now or clock.utc_now()
    secrets = secrets or Secrets(folder)
    for there in (folder / authority.CERTIFICATE, folder / revocation.FILE):
        if there.exists():
            raise AuthorityThere(there.relative_to(folder).as_posix())
    for name in (authority.KEY, UPDATE_KEY):
        if secrets.path(name) is not None:
            raise AuthorityThere(f"secrets/{name}")
    ca = authority.make(fleet, moment)
    update = ed25519.Ed25519PrivateKey.generate()
    public = update.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    if passphrase is not None:
        secrets.encrypt(passphrase)
    deed = Deed(folder, secrets)
    deed.public(authority.CERTIFICATE, to_pem(ca.certificate))
    deed.public(revocation.FILE, revocation.build(ca, 1, {}, moment))
    deed.public(UPDATE_PUBLIC, public.decode())
    deed.secret(authority.KEY, keys.to_text(ca.key))
    deed.secret(UPDATE_KEY, keys.to_text(update))
    facts = {"fleet": fleet, "sha256": fingerprint(ca.certificate)}
    return [audit.FILE, *deed.commit("create", None, facts, moment)]


def add_ca(folder: Path, fleet: str, secrets: Secrets, now: datetime | None = None) -> list[str]:
    """The same for a fleet that is older than this, and never had any.

    Certificates of a CA that was lost are foreign to any other: where there are some, that one is
    to be brought back.  Raises as `create_ca`; FleetLocked, FleetNotFound.
    """
    with locked(folder):
        for name in record.names(folder):
            raise AuthorityThere(record.file_of(name))
        return create_ca(folder, fleet, now=now, secrets=secrets)
