"""What must not be seen: one file a secret in secrets/, readable by their owner only.

A secret is plain, `secrets/NAME`, or encrypted under the fleet's passphrase, `secrets/NAME.enc`.
The passphrase's key comes from scrypt once a process; each file is AES-256-GCM with a nonce of its
own, bound to its name, so that none can stand in for another (docs/decisions/0014-fleet.md).
Values are pydantic's SecretStr, which show themselves as asterisks.
"""

import base64
import json
import os
import re
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import SecretStr

from nodewright.errors import BadInput, NodewrightError
from nodewright.fleet.files import write_whole
from nodewright.fleet.finding import WriteFailed

FOLDER = "secrets"
ENVIRONMENT = "NODEWRIGHT_PASSPHRASE"
PLACEHOLDER = "change-me-please"  # what `new` writes for a Wi-Fi password
_LOCK_FILE = "passphrase.json"
_SUFFIX = ".enc"
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,99}")
_LONGEST = 16_384
_NOT_SECRETS = ("README", _LOCK_FILE)
# RFC 7914, 2: N, r, p.  N = 2^16 takes 64 MB and some 0.2 s, once a process.
_N, _R, _P = 1 << 16, 8, 1
_MOST_N = 1 << 20
_NONCE_BYTES = 12
_PROOF = b"nodewright"


class SecretMissing(BadInput):
    """A secret is not there.  name: which."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"secrets/{name} is missing: nodewright secrets set {name}")


class SecretUnusable(BadInput):
    """A secret is there and cannot be used.  name: which; reason: why, without its value."""

    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason
        super().__init__(f"secrets/{name} cannot be used: {reason}")


class WrongPassphrase(BadInput):
    """The passphrase is not that of this fleet, or there is none."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"{reason}; it comes from {ENVIRONMENT}, or is asked for on a terminal")


class SecretStays(NodewrightError):
    """A file that is done with could not be removed.  path: which; reason: the system's."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(
            f"{path} could not be removed ({reason}); what was to be written is there: give the "
            "command again when it can be"
        )


class BadSecretName(BadInput):
    """A secret's name cannot be one of a file."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__("a secret's name is 1 to 100 of a-z, 0-9, - and ., not led by . or -")


def check_name(name: str) -> None:
    """Raises BadSecretName, without the name: it may be a secret in the wrong place."""
    if not _NAME.fullmatch(name) or name.endswith(_SUFFIX) or name in _NOT_SECRETS:
        raise BadSecretName(name)


Ask = Callable[[], SecretStr | None]


def from_environment() -> SecretStr | None:
    """The passphrase of the environment; None where there is none."""
    word = os.environ.get(ENVIRONMENT)
    return SecretStr(word) if word else None


class Secrets:
    """The secrets of a fleet.

    ask: gives the passphrase, when one is needed for the first time; None where nobody knows it.
    """

    def __init__(self, folder: Path, ask: Ask = from_environment) -> None:
        self.folder = folder / FOLDER
        self._ask = ask
        self._key: AESGCM | None = None

    @property
    def encrypted(self) -> bool:
        """Whether the fleet has a passphrase."""
        return (self.folder / _LOCK_FILE).is_file()

    def names(self) -> list[str]:
        """All that are there, sorted."""
        try:
            files = [path.name for path in self.folder.iterdir() if path.is_file()]
        except OSError:
            return []
        names = {name.removesuffix(_SUFFIX) for name in files if name not in _NOT_SECRETS}
        return sorted(name for name in names if _NAME.fullmatch(name))

    def listed(self) -> dict[str, bool]:
        """Their names, and whether each is encrypted."""
        return {name: self._is_sealed(name) for name in self.names()}

    def path(self, name: str) -> Path | None:
        """The file that holds a secret; None where there is none."""
        for path in (self.folder / (name + _SUFFIX), self.folder / name):
            if path.is_file():
                return path
        return None

    def read(self, name: str) -> SecretStr:
        """A secret.  Raises SecretMissing, SecretUnusable, WrongPassphrase, BadSecretName."""
        check_name(name)
        path = self.path(name)
        if path is None:
            raise SecretMissing(name)
        try:
            if path.stat().st_size > _LONGEST:
                raise SecretUnusable(name, f"over {_LONGEST} bytes")
            data = path.read_bytes()
        except OSError as error:
            raise SecretUnusable(name, str(error.strerror)) from None
        if path.suffix == _SUFFIX:
            data = self._open(name, data)
        try:
            text = data.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            # From nothing: the error that it comes from holds the bytes.
            raise SecretUnusable(name, "no UTF-8 text") from None
        if not text:
            raise SecretUnusable(name, "empty")
        return SecretStr(text)

    def write(self, name: str, value: SecretStr) -> Path:
        """Keep a secret, encrypted where the fleet has a passphrase; the file it is in.

        Raises WrongPassphrase, WriteFailed, BadSecretName, SecretStays.
        """
        check_name(name)
        self._make_folder()
        data, sealed = _line(value), self.encrypted
        path = self.folder / (name + _SUFFIX if sealed else name)
        write_whole(path, self._seal(name, data) if sealed else data, 0o600)
        if sealed:
            _remove(self.folder / name)
        return path

    def encrypt(self, passphrase: SecretStr) -> list[str]:
        """Give the fleet a passphrase and encrypt what is plain, all or nothing; which were.

        With the passphrase that it has, what is plain is encrypted too.  Raises WrongPassphrase,
        WriteFailed, SecretUnusable, SecretStays.
        """
        self._ask, self._key = lambda: passphrase, None
        files: dict[str, bytes] = {}
        if self.encrypted:
            self._unlocked()
        else:
            self._key, files[_LOCK_FILE] = _lock(passphrase)
        plain = [name for name in self.names() if not self._is_sealed(name)]
        for name in plain:
            files[name + _SUFFIX] = self._seal(name, _line(self.read(name)))
        self._make_folder()
        self._add(files)
        for name in self.names():  # also those that a power cut left beside their sealed ones
            if self._is_sealed(name):
                _remove(self.folder / name)
        return plain

    def decrypt(self) -> list[str]:
        """Write all as plain text, or none, and forget the passphrase; which were encrypted.

        Raises WrongPassphrase, SecretUnusable, WriteFailed, SecretStays.
        """
        sealed = [name for name in self.names() if self._is_sealed(name)]
        self._add({name: _line(self.read(name)) for name in sealed})
        for name in sealed:
            _remove(self.folder / (name + _SUFFIX))
        _remove(self.folder / _LOCK_FILE)
        self._key = None
        return sealed

    def _is_sealed(self, name: str) -> bool:
        return (self.folder / (name + _SUFFIX)).is_file()

    def _add(self, files: dict[str, bytes]) -> None:
        """Write files that were not there, all or none.  Raises WriteFailed."""
        made = []
        try:
            for name, data in files.items():
                path = self.folder / name
                write_whole(path, data, 0o600)
                made.append(path)
        except BaseException:
            for path in made:
                with suppress(OSError):
                    path.unlink()
            raise

    def too_open(self) -> list[str]:
        """Names (and "" for the folder) that others than their owner can read or write."""
        if os.name == "nt":
            return []
        found = []
        for path in (self.folder, *sorted(self.folder.glob("*"))):
            try:
                mode = stat.S_IMODE(path.stat().st_mode)
            except OSError:
                continue
            if mode & 0o077:
                found.append("" if path == self.folder else path.name)
        return found

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise WriteFailed(self.folder, error.strerror or str(error)) from None

    def _unlocked(self) -> AESGCM:
        """The key of the fleet's passphrase.  Raises WrongPassphrase, SecretUnusable."""
        if self._key is not None:
            return self._key
        salt, proof, (n, r, p) = self._read_lock()
        passphrase = self._ask()
        if passphrase is None:
            raise WrongPassphrase("the secrets are encrypted and no passphrase is given")
        key = AESGCM(_derive(passphrase, salt, n, r, p))
        try:
            key.decrypt(proof[:_NONCE_BYTES], proof[_NONCE_BYTES:], _aad(""))
        except InvalidTag:
            raise WrongPassphrase("the passphrase is not that of this fleet's secrets") from None
        self._key = key
        return key

    def _read_lock(self) -> tuple[bytes, bytes, tuple[int, int, int]]:
        path = self.folder / _LOCK_FILE
        try:
            lock: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            numbers = tuple(int(lock[key]) for key in ("n", "r", "p"))
            salt, proof = base64.b64decode(lock["salt"]), base64.b64decode(lock["proof"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise SecretUnusable(_LOCK_FILE, "it is damaged or missing") from None
        n, r, p = numbers
        if lock.get("v") != 1 or not 2 <= n <= _MOST_N or n & (n - 1) or r != _R or p != _P:
            raise SecretUnusable(_LOCK_FILE, "it was written by a newer nodewright, or damaged")
        if len(proof) <= _NONCE_BYTES:
            raise SecretUnusable(_LOCK_FILE, "it is damaged or missing")
        return salt, proof, (n, r, p)

    def _seal(self, name: str, data: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._unlocked().encrypt(nonce, data, _aad(name))
        return base64.b64encode(sealed) + b"\n"

    def _open(self, name: str, data: bytes) -> bytes:
        key = self._unlocked()
        try:
            sealed = base64.b64decode(data, validate=False)
            return key.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _aad(name))
        except (InvalidTag, ValueError):
            raise SecretUnusable(name, "the file is damaged, or not the one of its name") from None


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise SecretStays(path, error.strerror or str(error)) from None


def _aad(name: str) -> bytes:
    return b"nodewright secret 1 " + name.encode()


def _lock(passphrase: SecretStr) -> tuple[AESGCM, bytes]:
    """A key of a passphrase, and the file by which it is known again."""
    salt = os.urandom(16)
    key = AESGCM(_derive(passphrase, salt, _N, _R, _P))
    nonce = os.urandom(_NONCE_BYTES)
    proof = nonce + key.encrypt(nonce, _PROOF, _aad(""))
    lock: dict[str, Any] = {"v": 1, "kdf": "scrypt", "n": _N, "r": _R, "p": _P}
    lock |= {"salt": _text(salt), "proof": _text(proof)}
    return key, (json.dumps(lock) + "\n").encode()


def _line(value: SecretStr) -> bytes:
    return (value.get_secret_value() + "\n").encode()


def _derive(passphrase: SecretStr, salt: bytes, n: int, r: int, p: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(
        passphrase.get_secret_value().encode()
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
