"""Whether the secrets that a fleet names are there and fit.  No value is ever in a finding."""

from collections.abc import Iterator

from nodewright.fleet.finding import HIDDEN, Finding
from nodewright.fleet.secret import (
    FOLDER,
    PLACEHOLDER,
    SecretMissing,
    Secrets,
    SecretUnusable,
    WrongPassphrase,
    from_environment,
)
from nodewright.fleet.whole import Whole


def check(whole: Whole, secrets: Secrets) -> Iterator[Finding]:
    """Findings of secrets/: what is missing, readable by others, or no Wi-Fi password."""
    for name, network in whole.fleet.networks.items():
        if network.secret is not None:
            yield from _password(("networks", name, "secret"), network.secret, secrets)
    for name in secrets.too_open():
        file = f"{FOLDER}/{name}"
        mode = "600" if name else "700"
        cure = f"chmod {mode} {file}"
        yield Finding((), "others can read it", f"mode {mode}", cure, "warning", file)


def _password(path: tuple[str, ...], name: str, secrets: Secrets) -> Iterator[Finding]:
    file = f"{FOLDER}/{name}"
    if secrets.path(name) is None:
        cure = f"nodewright secrets set {name}"
        yield Finding(path, f"{file} is missing", "the name of a file in secrets/", cure)
        return
    # Without the passphrase an encrypted one can be seen to be there, and no more.
    sealed = secrets.path(name) != secrets.folder / name
    if sealed and from_environment() is None:
        return
    try:
        value = secrets.read(name).get_secret_value()
    except (SecretMissing, SecretUnusable, WrongPassphrase) as error:
        cure = f"nodewright secrets set {name}"
        yield Finding((), str(error), "a secret that can be read", cure, file=file)
        return
    if not 8 <= len(value) <= 63:
        cure = f"nodewright secrets set {name}"
        yield Finding((), HIDDEN, "8 to 63 characters, as a Wi-Fi password has", cure, file=file)
    elif value == PLACEHOLDER:
        cure = f"nodewright secrets set {name}"
        yield Finding(
            (), "still what `nodewright new` wrote", "your own password", cure, "warning", file
        )
