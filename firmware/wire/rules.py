"""Rules for values out of JSON, as data, and the walk which finds every value that breaks one.

A rule: ("int", least, most), ("number", least, most), ("name",), ("host",) a name or IPv4 address,
("server", names) the same with ":port" or without, names: False for digits only, ("text", longest)
of characters, ("hex", digits), ("bool",), ("one", choices), ("or_null", rule), a dict of rules
(an object with these keys), ("kinds", {kind: dict}) (an object whose "kind" says which), or
("list", least, most, rule).
"""

from wire.topics import is_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Error = tuple[str, object, str]

MISSING = "missing"
_SECRETS = ("password",)


def error_text(error: "Error") -> str:
    """One line a person can act on."""
    path, value, allowed = error
    return "%s: %.60r; allowed: %s" % (path or "settings", value, allowed)


def check(path: str, value: "Any", rule: "Any", errors: "list[Error]") -> None:
    if isinstance(rule, dict):
        _check_object(path, value, rule, errors)
        return
    kind = rule[0]
    if kind == "or_null":
        if value is not None:
            check(path, value, rule[1], errors)
        return
    if kind == "kinds":
        kinds = rule[1]
        named = value.get("kind", MISSING) if isinstance(value, dict) else MISSING
        if isinstance(named, str) and named in kinds:
            _check_object(path, value, kinds[named], errors)
        else:
            errors.append((_join(path, "kind"), named, "one of " + ", ".join(sorted(kinds))))
        return
    if kind == "list":
        _, least, most, inner = rule
        if not isinstance(value, (list, tuple)) or not least <= len(value) <= most:
            errors.append((path, _shown(path, value), "a list of %d to %d" % (least, most)))
            return
        for index, item in enumerate(value):
            check("%s[%d]" % (path, index), item, inner, errors)
        return
    allowed = _SCALARS[kind](value, rule)
    if allowed:
        errors.append((path, _shown(path, value), allowed))


def _check_object(
    path: str,
    value: "Any",
    rules: "dict[str, Any]",
    errors: "list[Error]",
) -> None:
    if not isinstance(value, dict):
        errors.append((path, _shown(path, value), "an object with " + ", ".join(rules)))
        return
    for key in rules:
        if key in value:
            check(_join(path, key), value[key], rules[key], errors)
        else:
            errors.append((_join(path, key), MISSING, _described(rules[key])))
    for key in value:
        if key not in rules:
            # Without its value: a secret under a mistyped key is still a secret.
            errors.append((_join(path, str(key)), "unknown key", "only " + ", ".join(rules)))


def _join(path: str, key: str) -> str:
    return path + "." + key if path else key


def _shown(path: str, value: "Any") -> object:
    return "(hidden)" if path.split(".")[-1] in _SECRETS else value


def _is_int(value: "Any") -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _int(value: "Any", rule: "Any") -> str:
    _, least, most = rule
    good = _is_int(value) and least <= value <= most
    return "" if good else "a whole number from %d to %d" % (least, most)


def _number(value: "Any", rule: "Any") -> str:
    _, least, most = rule
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    return "" if good and least <= value <= most else "a number from %g to %g" % (least, most)


def _name(value: "Any", _rule: "Any") -> str:
    return "" if is_name(value) else "1 to 40 of a-z, 0-9 and -"


def _host(value: "Any", _rule: "Any") -> str:
    good = isinstance(value, str) and (_is_address(value) or _is_host(value))
    return "" if good else "an IPv4 address such as 192.168.1.20, or a name such as broker.plant"


def _server(value: "Any", rule: "Any") -> str:
    host, colon, port = value.partition(":") if isinstance(value, str) else ("", "", "")
    good = _is_address(host) or (rule[1] and _is_host(host))
    if colon:
        good = good and _is_digits(port, 65_535) and port != "0"
    if good:
        return ""
    allowed = "an IPv4 address such as 192.168.1.20, also with a port, 192.168.1.20:53"
    return allowed + (", or a name such as time.plant" if rule[1] else "; no name")


def _is_address(text: str) -> bool:
    parts = text.split(".")
    if len(parts) != 4:
        return False
    return all(_is_digits(part, 255) for part in parts)


def _is_digits(text: str, most: int) -> bool:
    """True for a whole number from 0 as people write it."""
    if not 1 <= len(text) <= 5 or text.strip("0123456789"):
        return False
    return int(text) <= most and str(int(text)) == text


def _is_host(text: str) -> bool:
    """True for a name in the domain system (RFC 1123, 2.1); its last part begins with a letter."""
    if len(text) > 253:
        return False
    parts = text.lower().split(".")
    for part in parts:
        if not 1 <= len(part) <= 63 or part[0] == "-" or part[-1] == "-":
            return False
        if part.strip("abcdefghijklmnopqrstuvwxyz0123456789-"):
            return False
    return "a" <= parts[-1][0] <= "z"


def _text(value: "Any", rule: "Any") -> str:
    good = isinstance(value, str) and 1 <= len(value) <= rule[1]
    return "" if good else "a text of 1 to %d characters" % rule[1]


def _hex(value: "Any", rule: "Any") -> str:
    allowed = "%d hex digits, 0-9 and a-f" % rule[1]
    if not isinstance(value, str) or len(value) != rule[1]:
        return allowed
    for char in value:
        if char not in "0123456789abcdef":
            return allowed
    return ""


def _bool(value: "Any", _rule: "Any") -> str:
    return "" if value is True or value is False else "true or false"


def _one(value: "Any", rule: "Any") -> str:
    for choice in rule[1]:
        if value == choice and type(value) is type(choice):
            return ""
    return "one of " + ", ".join([str(choice) for choice in rule[1]])


_SCALARS = {
    "int": _int,
    "number": _number,
    "name": _name,
    "host": _host,
    "server": _server,
    "text": _text,
    "hex": _hex,
    "one": _one,
    "bool": _bool,
}


def _described(rule: "Any") -> str:
    """What a missing value must be."""
    if isinstance(rule, dict):
        return "an object with " + ", ".join(rule)
    if rule[0] == "or_null":
        return _described(rule[1]) + ", or null"
    if rule[0] == "kinds":
        return "an object of kind " + " or ".join(sorted(rule[1]))
    if rule[0] == "list":
        return "a list of %d to %d" % (rule[1], rule[2])
    return _SCALARS[rule[0]](None, rule)
