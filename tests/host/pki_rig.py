"""Fleets with a CA for tests, times at which things happen, and OpenSSL as the judge."""

import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from nodewright.fleet import template
from nodewright.fleet.load import FILE
from nodewright.fleet.secret import FOLDER, Secrets
from nodewright.pki import clock, record
from nodewright.pki.create import create_ca

NOW = clock.utc_now()
DAY, YEAR = timedelta(days=1), timedelta(days=365)
CHIP, OTHER_CHIP = "e6614c311b7e6f2a", "e6614c311b7e6f2b"
_KEYS = "secrets/*.key"
WORD = SecretStr("a passphrase of the fleet")

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl installed")


def make(
    folder: Path, name: str = "north", nodes: int = 2, passphrase: SecretStr | None = None
) -> Path:
    """A fleet as `new` makes it, its CA made at NOW, with nodes pump-1, pump-2 and so on."""
    template.create(folder, name, lambda at: create_ca(at, name, passphrase, NOW))
    text = (folder / FILE).read_text(encoding="utf-8")
    node = text[text.index("[nodes.pump-1]") :]
    more = (node.replace("nodes.pump-1", f"nodes.pump-{n}") for n in range(2, nodes + 1))
    (folder / FILE).write_text("\n".join([text, *more]), encoding="utf-8")
    return folder


def over_lorawan(folder: Path, node: str = "pump-1") -> Path:
    """A fleet one of whose nodes reports over LoRaWAN."""
    text = (folder / FILE).read_text(encoding="utf-8")
    head = f"[nodes.{node}]\n"
    table = '\n[lorawan]\nregion = "EU868"\njoin_eui = "70b3d57ed0000000"\n'
    changed = text.replace(head, head + 'uplink = "lorawan"\n') + table
    (folder / FILE).write_text(changed, encoding="utf-8")
    return folder


def kept(folder: Path, passphrase: SecretStr | None = None) -> Secrets:
    """The secrets of a fleet with this passphrase."""
    return Secrets(folder, lambda: passphrase)


def tree(folder: Path) -> dict[str, bytes]:
    """All files under a folder but the lock's, by their names."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".nodewright.lock"
    }


def key_file(folder: Path, node: str) -> Path:
    """The key of the certificate that a node is to have."""
    known = record.read(folder, node)
    assert known is not None
    assert known.current is not None
    return folder / FOLDER / f"{node}.{known.current.serial[:8]}.key"


def given_away(text: str, *places: object) -> list[str]:
    """Lines of private keys that a text shows: of fleets in these folders, or one below them."""
    folders = [Path(str(place)) for place in places if place is not None]
    lines: set[str] = set()
    for file in (file for at in folders for file in (*at.glob(_KEYS), *at.glob(f"*/{_KEYS}"))):
        lines |= set(file.read_text(encoding="utf-8", errors="replace").splitlines())
    return [line for line in lines if line in text and len(line) > 30 and "-----" not in line]


def openssl(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """What OpenSSL says."""
    return subprocess.run(
        ["openssl", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=20,
        check=False,
    )


def verified(folder: Path, certificate: Path, *more: object, at: datetime = NOW) -> str:
    """`openssl verify` of a client's certificate by a fleet's CA and list: "OK" or why not."""
    ca, crl = folder / "pki" / "ca.pem", folder / "pki" / "crl.pem"
    options = ["-CAfile", ca, "-CRLfile", crl, "-crl_check", "-x509_strict"]
    options += ["-purpose", "sslclient", "-attime", int(at.timestamp()), *more]
    told = openssl("verify", *options, certificate)
    if told.returncode == 0:
        return "OK"
    return next(line for line in told.stderr.splitlines() if "lookup" in line).split(": ")[-1]
