"""A fleet whose secrets are all known, what would give one away, and commands run over it."""

import io
import sys
import traceback
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from host import pki_rig
from nodewright import cli
from nodewright.fleet import secret
from nodewright.fleet.files import write_whole
from nodewright.fleet.load import FILE
from nodewright.fleet.lock import LOCK
from nodewright.fleet.template import WIFI_SECRET
from nodewright.fleet_broker.layout import Wish, write
from nodewright.image.node import ImageMaker
from nodewright.pki import keys
from nodewright.provision import provision

WORD = pki_rig.WORD
WIFI = "canary-Wf91-do-not-show"
APP_KEY = "c0ffee5ec2e7c0ffee5ec2e7c0ffee5e"
CLAMP = """
[nodes.pump-1.sensors.clamp]
chip = "adc"
full_scale = "3.3V"
bias = "1.65V"
inputs.l1 = { input = 26, per_volt = 100 }
sets = ["currents"]

[sets.currents]
kind = "current"
rate = "4kHz"
samples = 512
every = "10s"
features = ["cur_rms_a"]

[lorawan]
region = "EU868"
"""


def make(folder: Path, port: int) -> Path:
    """A fleet with two nodes that have all a node may have; its broker is at a port, by TLS.

    pump-1 has a clamp and an image (`pump-1.img`); pump-2 reports over LoRaWAN; the broker's
    folder is written, with the identities of its hosts.
    """
    pki_rig.make(folder)
    text = (folder / FILE).read_text(encoding="utf-8")
    text = text.replace("port = 1883", f"port = {port}\ntls = true")
    text = text.replace('"severity", "on-demand"', '"severity"', 1)
    text = text.replace("samples = 1024", "samples = 512", 1)
    text = text.replace("\n[nodes.pump-2]\n", '\n[nodes.pump-2]\nuplink = "lorawan"\n')
    (folder / FILE).write_text(text + CLAMP, encoding="utf-8")
    secrets = pki_rig.kept(folder)
    secrets.write(WIFI_SECRET, SecretStr(WIFI))
    secrets.write(keys.app_key_name("pump-2"), SecretStr(APP_KEY))
    for node in ("pump-1", "pump-2"):
        provision(folder, node, secrets, None, pki_rig.NOW)
    write(folder, Wish(), secrets)
    made = ImageMaker(folder, secrets).make("pump-1")
    write_whole(folder / "pump-1.img", made.flash.data, 0o600)
    return folder


def hidden(folder: Path) -> set[str]:
    """What of a fleet's plain secrets must not be seen: each line that says something, and keys
    as DER in hex, too."""
    found = {WIFI, APP_KEY, WORD.get_secret_value()}
    for path in (folder / secret.FOLDER).iterdir():
        if path.suffix == ".key":
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            found |= {line for line in lines if len(line) > 30 and "-----" not in line}
    return found


def seen(folder: Path, known: set[str]) -> list[tuple[str, str]]:
    """(file, secret) of what stands in files that others than their owner may read."""
    told = []
    for path in folder.rglob("*"):
        if path.is_file() and path.stat().st_mode & 0o077 and secret.FOLDER not in path.parts:
            data = path.read_bytes()
            told += [(str(path), text) for text in known if text.encode() in data]
    return told


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Sizes and times of all files but the lock: by these one sees that something has changed."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != LOCK)
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


class Run:
    """Runs `nodewright` in this process; everything that it said, with what Python would add."""

    def __init__(self, monkeypatch: Any, capfd: Any) -> None:
        self._patch, self._capfd = monkeypatch, capfd

    def __call__(self, *words: str, stdin: str = "", passphrase: str | None = None) -> "Said":
        if passphrase is None:
            self._patch.delenv(secret.ENVIRONMENT, raising=False)
        else:
            self._patch.setenv(secret.ENVIRONMENT, passphrase)
        self._patch.setattr(sys, "argv", ["nodewright", *words])
        self._patch.setattr(sys, "stdin", io.StringIO(stdin))
        code, told = 0, ""
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0
            told = "".join(traceback.format_exception(ended))
        said = self._capfd.readouterr()
        return Said(code, said.out, said.err, told)


class Said:
    """code: the exit code; told: the traceback behind it, which users do not see."""

    def __init__(self, code: int, out: str, err: str, told: str) -> None:
        self.code, self.out, self.err, self.told = code, out, err, told

    def given_away(self, known: set[str]) -> list[str]:
        everything = self.out + self.err + self.told
        # A table wraps: a secret may stand on two lines.
        joined = "".join(everything.split())
        return [text for text in known if text in everything or "".join(text.split()) in joined]
