"""The one topic tree: nodewright/<fleet>/<node>/<kind>, built and parsed here only."""

ROOT = "nodewright"
KINDS = ("report", "status", "health", "spectrum", "command", "reply")


def is_name(text: str) -> bool:
    """True for a name: 1 to 40 of [a-z0-9-], not led or ended by '-'.

    Names of fleets, nodes, sensors and channels become topics, certificate names and file names.
    """
    if not isinstance(text, str) or not 1 <= len(text) <= 40:
        return False
    for char in text:
        if not ("a" <= char <= "z" or "0" <= char <= "9" or char == "-"):
            return False
    return text[0] != "-" and text[-1] != "-"


def topic(fleet: str, node: str, kind: str) -> str:
    """The topic of one kind of message.  Raises ValueError for a bad name or an unknown kind."""
    for name in (fleet, node):
        if not is_name(name):
            raise ValueError("%r is not a name: 1 to 40 of a-z, 0-9 and -" % (name,))
    if kind not in KINDS:
        raise ValueError("%r is not a kind of message: one of %s" % (kind, ", ".join(KINDS)))
    return "%s/%s/%s/%s" % (ROOT, fleet, node, kind)


def subscription(fleet: str = "+", kind: str = "+") -> str:
    """The filter for one kind of message of all nodes of a fleet ('+': of any)."""
    return "%s/%s/+/%s" % (ROOT, fleet, kind)


def parse(text: str) -> "tuple[str, str, str]":
    """(fleet, node, kind) of a topic.  Raises ValueError where it is not one of ours."""
    parts = text.split("/")
    if (
        len(parts) != 4
        or parts[0] != ROOT
        or not is_name(parts[1])
        or not is_name(parts[2])
        or parts[3] not in KINDS
    ):
        raise ValueError("%r is not nodewright/<fleet>/<node>/<kind>" % (text,))
    return parts[1], parts[2], parts[3]
