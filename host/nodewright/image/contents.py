"""What is in an image: its form told from its bytes, its files, what they say, and no secret."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509

from nodewright import boards, uf2
from nodewright.boards import Board
from nodewright.errors import BadInput
from nodewright.image.errors import NoFileSystem, NoImage
from nodewright.image.files import ABOUT, CHECKED, SETTINGS
from nodewright.image.filesystem import unpack
from nodewright.image.node import CA, CERTIFICATE, KEY, settings_digest
from nodewright.image.whole import Form
from nodewright.runtimes import esp, registry
from nodewright.runtimes.binary import Binary
from nodewright.runtimes.rp2 import CHIPS, FLASH_BASE

_MOST_BYTES = 256 << 20
# Of settings and LoRaWAN keys, wherever they stand: what is under them is never shown.
SECRET_KEYS = ("password", "passphrase", "psk", "key", "app_key", "token")


@dataclass(frozen=True)
class Contents:
    """An image that was read.

    board: whose flash it is laid out for; files: secrets among them; runtime: None where no
    MicroPython is in front.
    """

    path: Path
    form: Form
    board: Board
    data: bytes = field(repr=False)
    files: dict[str, bytes] = field(repr=False)
    runtime: Binary | None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def settings(self) -> dict[str, Any]:
        """With their secrets.  {} where they are none."""
        return _object(self.files.get(SETTINGS, b"{}"))

    @property
    def about(self) -> dict[str, Any]:
        """What version.json says.  {} where it is none."""
        return _object(self.files.get(ABOUT, b"{}"))

    def damaged(self) -> list[str]:
        """Files whose SHA-256 is not that of version.json, or which it lacks or has too many."""
        told = self.about.get("sha256")
        known = told if isinstance(told, dict) else {}
        found = {
            path: hashlib.sha256(data).hexdigest()
            for path, data in self.files.items()
            if path != ABOUT
        }
        return sorted(
            path for path in found.keys() | known.keys() if found.get(path) != known.get(path)
        )


def read(path: Path) -> Contents:
    """An image of a node, in any of its forms.  Raises NoImage."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise NoImage(path, f"it has over {_MOST_BYTES >> 20} MB")
        data = path.read_bytes()
    except OSError as error:
        raise NoImage(path, error.strerror or "it cannot be read") from None
    reasons = []
    found: list[tuple[Board, dict[str, bytes]]] = []
    try:
        form = _form(data)
        for board, part in _candidates(form, data):
            try:
                found.append((board, unpack(board.flash, part)))
            except NoFileSystem as error:
                reasons.append(error.reason)
    except BadInput as error:
        raise NoImage(path, str(error)) from None
    good = [(board, files) for board, files in found if ABOUT in files and SETTINGS in files]
    if not good:
        known = "it holds no settings and version of a node"
        raise NoImage(path, known if found else next(iter(reasons), _otherwise(data)))
    # Boards of one layout, as a Pico W and its twin: the settings say which.
    board, files = next(
        (one for one in good if _object(one[1][SETTINGS]).get("board") == one[0].name), good[0]
    )
    return Contents(path, form, board, data, files, _runtime(form, board, data))


def describe(contents: Contents) -> dict[str, Any]:
    """All that may be told of an image."""
    settings = without_secrets(contents.settings)
    about = contents.about
    secret = settings != contents.settings
    hidden = {SETTINGS, CHECKED, ABOUT} if secret else set()
    runtime = contents.runtime
    damaged = contents.damaged()
    return {
        "file": str(contents.path),
        "form": contents.form,
        "bytes": len(contents.data),
        "sha256": contents.sha256,
        "board": contents.board.name,
        "fleet": settings.get("fleet"),
        "node": settings.get("node"),
        "version": about.get("version"),
        "arch": about.get("arch"),
        "mpy": about.get("mpy"),
        "runtime": None if runtime is None else _told_runtime(runtime),
        "identity": identity_of(contents.files),
        "settings": settings,
        "settings_sha256": settings_digest(settings),
        "damaged": damaged,
        "files": [
            {
                "path": path,
                "bytes": len(data),
                # A short password could be guessed from the hash of what is known but for it.
                "sha256": None if path in hidden else hashlib.sha256(data).hexdigest(),
            }
            for path, data in contents.files.items()
        ],
    }


def without_secrets(value: Any) -> Any:
    """Settings with null in the place of each secret."""
    if isinstance(value, dict):
        return {
            key: None
            if key in SECRET_KEYS and not isinstance(inner, dict)
            else without_secrets(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [without_secrets(inner) for inner in value]
    return value


def identity_of(files: Mapping[str, bytes]) -> dict[str, Any] | None:
    """What the certificate on a node says; None where there is none."""
    if CERTIFICATE not in files:
        return None
    try:
        one = x509.load_der_x509_certificate(files[CERTIFICATE])
    except ValueError:
        return {"serial": None, "has_key": KEY in files}
    return {
        "serial": f"{one.serial_number:040x}",
        "subject": one.subject.rfc4514_string(),
        "issuer": one.issuer.rfc4514_string(),
        "begins": f"{one.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}",
        "ends": f"{one.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
        "sha256": hashlib.sha256(files[CERTIFICATE]).hexdigest(),
        "ca_sha256": hashlib.sha256(files[CA]).hexdigest() if CA in files else None,
        "has_key": KEY in files,
    }


def _otherwise(data: bytes) -> str:
    """What data is that has no place for files of any board."""
    try:
        return f"it is {registry.identify(data)}, without a node's files"
    except BadInput:
        return f"its {len(data)} bytes are no flash of any board"


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _form(data: bytes) -> Form:
    if uf2.is_uf2(data):
        return "uf2"
    if esp.is_esp(data) or esp.is_esp(data[0x1000:]):
        return "esp"
    return "littlefs"


def _candidates(form: Form, data: bytes) -> Iterator[tuple[Board, bytes]]:
    """Where the file system of each kind of board would be.  Raises NotUf2."""
    known = [boards.load(name) for name in boards.names()]
    if form == "uf2":
        blocks = uf2.read(data)
        families = {block.family for block in blocks}
        for family in families - {None}:
            base, memory = uf2.flat(blocks, family or 0)
            for board in known:
                at = FLASH_BASE + board.flash.fs_offset_bytes - base
                part = memory[max(at, 0) : max(at, 0) + board.flash.fs_bytes]
                if board.programmer == "uf2" and at >= 0 and len(part) == board.flash.fs_bytes:
                    yield board, part
        return
    for board in known:
        at = 0 if form == "littlefs" else board.flash.fs_offset_bytes
        if len(data) != at + board.flash.fs_bytes:
            continue
        if form == "esp" and _esp_chip(board, data) != board.chip:
            continue
        yield board, data[at:]


def _esp_chip(board: Board, data: bytes) -> str:
    try:
        return esp.chip_of(data[board.flash.loader_offset_bytes :])
    except BadInput:
        return ""


def _runtime(form: Form, board: Board, data: bytes) -> Binary | None:
    """The MicroPython in front, as far as it can still be told."""
    try:
        if form == "esp":
            flash = board.flash
            return esp.identify(data[flash.loader_offset_bytes : flash.fs_offset_bytes])
        if form == "uf2":
            family = next(family for family, (chip, _) in CHIPS.items() if chip == board.chip)
            return registry.identify(_front(data, board, family))
    except BadInput:
        pass
    return None


def _front(data: bytes, board: Board, family: int) -> bytes:
    """The blocks before the file system, as a UF2 of their own."""
    end = FLASH_BASE + board.flash.fs_offset_bytes
    blocks = [block for block in uf2.read(data) if block.family == family and block.address < end]
    return uf2.write({block.address: block.data for block in blocks}, family)


def _told_runtime(runtime: Binary) -> dict[str, Any]:
    """Without what is of the file that was registered: here it is padded and has our table."""
    of_file = ("sha256", "bytes", "format", "fs_offset_bytes", "fs_bytes")
    return {key: value for key, value in runtime.as_dict().items() if key not in of_file}
