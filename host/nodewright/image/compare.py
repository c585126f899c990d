"""Two images told apart: facts, settings, files.  Of secrets only whether they differ."""

from collections.abc import Iterator
from typing import Any

from nodewright.image.contents import SECRET_KEYS, Contents, describe

_FACTS = ("form", "bytes", "board", "fleet", "node", "version", "arch", "mpy")
_LEFT_OUT = object()


def compare(one: Contents, other: Contents) -> dict[str, Any]:
    """What differs between two images.

    "same": not one byte; "facts", "identity", "runtime", "settings": lists of {"what", "a", "b"},
    values null where secret; "files": paths by "only_a", "only_b", "changed".
    """
    first, second = describe(one), describe(other)
    facts = [
        {"what": key, "a": first[key], "b": second[key]}
        for key in _FACTS
        if first[key] != second[key]
    ]
    both = one.files.keys() & other.files.keys()
    return {
        "same": one.data == other.data,
        "a": first["file"],
        "b": second["file"],
        "facts": facts,
        "runtime": _differences(first["runtime"], second["runtime"]),
        "identity": _differences(first["identity"], second["identity"]),
        "settings": _differences(one.settings, other.settings),
        "files": {
            "only_a": sorted(one.files.keys() - other.files.keys()),
            "only_b": sorted(other.files.keys() - one.files.keys()),
            "changed": sorted(path for path in both if one.files[path] != other.files[path]),
        },
    }


def _differences(one: Any, other: Any) -> list[dict[str, Any]]:
    first, second = dict(_leaves("", one)), dict(_leaves("", other))
    found = []
    for path in [*first, *(path for path in second if path not in first)]:
        a, b = first.get(path, _LEFT_OUT), second.get(path, _LEFT_OUT)
        if a == b:
            continue
        secret = _is_secret(path)
        found.append({"what": path, "a": _shown(a, secret), "b": _shown(b, secret)})
        if secret:
            found[-1]["secret"] = True
    return found


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every value with its place: sensors[0].bus.sda."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}" if path else str(key), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(f"{path}[{index}]", inner)
    else:
        yield path, value


def _is_secret(path: str) -> bool:
    return any(part.split("[")[0] in SECRET_KEYS for part in path.split("."))


def _shown(value: Any, secret: bool) -> Any:
    return None if secret or value is _LEFT_OUT else value
