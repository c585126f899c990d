"""Commands to a node and its replies: JSON on the topics `command` and `reply`.

A command has an id that its sender chose; the reply repeats it.  `measure` takes a record of one
set at once; with a `spectrum` the spectra of its channels follow, whatever the set's own setting.
The reply gives the seq of the report, which goes its way through the outbox as every other.
`self_test`: the set's sensor tests itself, while its machine stands still; what it fails is in a
report, and a reply without a seq says that all is well.  `freeze`: what the set has learned of its
bearing so far, from healthy records, counts from now on; `forget`: it learns anew.  `renew`: a
part of a new identity (wire/renewal.py); each part is replied to.
"""

from wire import COMMAND_VERSION
from wire.message import ReportError, dumps, loads
from wire.report import check_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_BYTES = 512

# field, kind, may it be null
_ALL = (
    ("v", "int", False),
    ("id", "name", False),
    ("command", "text", False),
)
COMMANDS = {
    "measure": (
        ("set", "name", False),
        ("spectrum", "text", True),  # one of wire.spectrum.KINDS
    ),
    "self_test": (("set", "name", False),),
    "freeze": (("set", "name", False),),
    "forget": (("set", "name", False),),
    "renew": (("part", "int", False), ("parts", "int", False), ("data", "text", False)),
}
REPLY = (
    ("v", "int", False),
    ("id", "name", False),
    ("boot", "int", False),
    ("ok", "bool", False),
    ("seq", "int", True),  # of the report that answers the command
    ("error", "text", True),  # what is wrong with the command, and what is allowed
)


def encode(command: "dict[str, Any]") -> bytes:
    """The payload of a command.  Raises ReportError where it is none."""
    return dumps(_checked(command))


def decode(payload: bytes) -> "dict[str, Any]":
    """The command in a payload, whoever sent it.  Raises ReportError where it is none."""
    return _checked(_loaded(payload))


def encode_reply(reply: "dict[str, Any]") -> bytes:
    """The payload of a reply.  Raises ReportError where it is none."""
    check_fields("", reply, REPLY)
    return dumps(reply)


def decode_reply(payload: bytes) -> "dict[str, Any]":
    """The reply in a payload.  Raises ReportError where it is none."""
    reply = _loaded(payload)
    check_fields("", reply, REPLY)
    return reply


def sender(payload: bytes) -> "str | None":
    """The id in a payload that may be no command else; None where there is none to answer to."""
    try:
        found = _loaded(payload).get("id")
        check_fields("", {"id": found}, _ALL[1:2])
    except ReportError:
        return None
    return found


def _loaded(payload: bytes) -> "dict[str, Any]":
    if len(payload) > MAX_BYTES:
        raise ReportError("payload", len(payload), "at most %d bytes" % MAX_BYTES)
    value = loads(payload)
    if value.get("v") != COMMAND_VERSION:
        raise ReportError("v", value.get("v"), str(COMMAND_VERSION))
    return value


def _checked(command: "dict[str, Any]") -> "dict[str, Any]":
    name = command.get("command")
    if not isinstance(name, str) or name not in COMMANDS:
        raise ReportError("command", name, "one of " + ", ".join(sorted(COMMANDS)))
    check_fields("", command, _ALL + COMMANDS[name])
    kind = command.get("spectrum")
    if kind is not None:
        from wire import spectrum  # here: a node that sends none does without

        if kind not in spectrum.KINDS:
            raise ReportError("spectrum", kind, "null or one of " + ", ".join(spectrum.KINDS))
    return command
