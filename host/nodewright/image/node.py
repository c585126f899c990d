"""The image of a node of a fleet: firmware, settings with their secrets, identity, MicroPython."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nodewright.boards import Board
from nodewright.fleet.check import Judged, UnknownNode, check
from nodewright.fleet.compiled import Compiled
from nodewright.fleet.finding import Finding, FleetErrors
from nodewright.fleet.load import FILE
from nodewright.fleet.secret import Secrets
from nodewright.image.errors import UplinkMissing
from nodewright.image.files import image_files
from nodewright.image.filesystem import pack
from nodewright.image.whole import Flashable, assemble
from nodewright.pki.errors import NodeRetired
from nodewright.pki.identity import Identity, load_identity
from nodewright.runtimes import registry

# DER, since boards lack PEM: docs/architecture.md, "What is where on a node".
CA, CERTIFICATE, KEY = "/identity/ca.der", "/identity/certificate.der", "/identity/key.der"
LORAWAN = "/identity/lorawan.json"


@dataclass(frozen=True)
class NodeImage:
    """A node's image.

    settings: without secrets; files: those of its file system, secrets among them; identity: None
    where it was left out.
    """

    node: str
    board: Board
    arch: str
    settings: dict[str, Any] = field(repr=False)
    files: dict[str, bytes] = field(repr=False)
    file_system: bytes = field(repr=False)
    flash: Flashable
    identity: Identity | None = field(repr=False)
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """What may be told of it."""
        one, runtime = self.identity, self.flash.runtime
        return {
            "node": self.node,
            "board": self.board.name,
            "arch": self.arch,
            "form": self.flash.form,
            "offset_bytes": self.flash.offset_bytes,
            "bytes": len(self.flash.data),
            "sha256": hashlib.sha256(self.flash.data).hexdigest(),
            "files": len(self.files),
            "files_bytes": sum(map(len, self.files.values())),
            "fs_bytes": self.board.flash.fs_bytes,
            "settings_sha256": settings_digest(self.settings),
            "runtime": None if runtime is None else runtime.as_dict(),
            "identity": None
            if one is None
            else {"serial": one.serial, "ends": f"{one.ends:%Y-%m-%dT%H:%M:%SZ}"},
            "unique_id": None if one is None else one.unique_id,
            "notes": list(self.notes),
        }


def settings_digest(settings: Mapping[str, Any]) -> str:
    """SHA-256 of settings without secrets, as `nodewright provision` records it."""
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class ImageMaker:
    """Makes images of a fleet's nodes; the fleet is read and judged once.

    runtime: as `registry.choose` takes it; identity: False leaves key and certificate out.
    Raises FleetNotFound.
    """

    def __init__(
        self,
        folder: Path,
        secrets: Secrets,
        *,
        runtime: str | None = None,
        identity: bool = True,
        cache: Path | None = None,
    ) -> None:
        self.judged: Judged = check(folder, Secrets(folder))
        self._folder, self._secrets, self._cache = folder, secrets, cache
        self._runtime, self._identity = runtime, identity

    def names(self) -> list[str]:
        """The nodes in service of which there are images, in the file's order.

        Raises FleetErrors.
        """
        fleet, left_out = self.judged.fleet, self.left_out()
        return [n for n, node in fleet.nodes.items() if not node.retired and n not in left_out]

    def left_out(self) -> list[str]:
        """Those in service that report in a way which the firmware does not have."""
        nodes = self.judged.nodes.values()
        return [node.name for node in nodes if node.by_lorawan and not node.given.retired]

    def make(self, name: str) -> NodeImage:
        """The image of a node for its own board.

        Raises UnknownNode, FleetErrors, NodeRetired, NoIdentity, SecretMissing and its like,
        ImageFull, CompileError, and as `registry.choose`.
        """
        compiled = self.compiled(name)
        board = self.judged.nodes[name].board
        return self._make(compiled, board, None)

    def make_virtual(self, name: str, arch: str) -> NodeImage:
        """The same for a virtual board of this machine, with its own board's flash and heap."""
        compiled = self.compiled(name)
        board = replace(self.judged.nodes[name].board, arch="host", chip="twin")
        return self._make(compiled, board, arch or None)

    def warnings(self, name: str) -> list[Finding]:
        """What is odd about the node or its secrets, though it works."""
        return [
            finding
            for finding in self.judged.warnings
            if finding.path[:2] == ("nodes", name) or finding.file != FILE
        ]

    def compiled(self, name: str) -> Compiled:
        """The settings of a node without error.

        Raises UnknownNode, FleetErrors, NodeRetired, UplinkMissing.
        """
        judged = self.judged
        nodes = judged.loaded.raw.get("nodes")
        known = list(nodes) if isinstance(nodes, dict) else []
        if judged.loaded.raw and name not in known:
            raise UnknownNode(name, known)
        if name not in judged.compiled:
            raise FleetErrors(judged.errors)
        if judged.nodes[name].given.retired:
            raise NodeRetired(name)
        if judged.nodes[name].by_lorawan:
            raise UplinkMissing(name)
        return judged.compiled[name]

    def _make(self, compiled: Compiled, board: Board, arch: str | None) -> NodeImage:
        name = compiled.node
        runtime = registry.choose(board, self._runtime) if board.chip != "twin" else None
        identity = load_identity(self._folder, name, self._secrets) if self._identity else None
        settings = compiled.with_secrets(self._secrets)
        files = image_files(
            board,
            settings,
            arch=arch,
            extra_files={} if identity is None else identity_files(identity),
            cache=self._cache,
        )
        data = pack(board, files)
        flash = assemble(board, data, runtime)
        notes = [flash.note] if flash.note else []
        if identity is None:
            notes.append(f"without key and certificate: nodewright provision {name} makes them")
        about = json.loads(files["/version.json"])
        return NodeImage(
            node=name,
            board=board,
            arch=about["arch"],
            settings=compiled.settings,
            files=files,
            file_system=data,
            flash=flash,
            identity=identity,
            notes=tuple(notes),
        )


def identity_files(identity: Identity) -> dict[str, bytes]:
    """What of an identity goes onto the board."""
    files = {
        CA: identity.ca_der,
        CERTIFICATE: identity.certificate_der,
        KEY: identity.key_der.get_secret_value(),
    }
    if identity.lorawan is not None and identity.app_key is not None:
        dev_eui, join_eui = identity.lorawan
        keys = {
            "dev_eui": dev_eui,
            "join_eui": join_eui,
            "app_key": identity.app_key.get_secret_value(),
        }
        files[LORAWAN] = (json.dumps(keys, sort_keys=True) + "\n").encode()
    return files
