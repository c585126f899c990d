import json

from wire import command
from wire.message import ReportError

GOOD = {"v": 1, "id": "a-1", "command": "measure", "set": "slow", "spectrum": None}
REPLY = {"v": 1, "id": "a-1", "boot": 3, "ok": True, "seq": 17, "error": None}


def refused(function, *args):
    """The path of the ReportError that a call raises."""
    try:
        function(*args)
    except ReportError as error:
        return error.path
    raise AssertionError("not refused: %r" % (args,))


def test_decode__what_encode_made__the_command():
    for spectrum in (None, "compressed", "full"):
        wanted = dict(GOOD, spectrum=spectrum)
        assert command.decode(command.encode(wanted)) == wanted


def test_decode__anything_else__refused_with_its_path():
    for change, path in (
        ({"v": 2}, "v"),
        ({"id": "A 1"}, "id"),
        ({"id": 7}, "id"),
        ({"command": "explode"}, "command"),
        ({"command": ["measure"]}, "command"),
        ({"set": "../x"}, "set"),
        ({"set": None}, "set"),
        ({"spectrum": "waterfall"}, "spectrum"),
        ({"more": 1}, "more"),
    ):
        assert refused(command.decode, json.dumps(dict(GOOD, **change)).encode()) == path, change
    for key in GOOD:
        left = dict(GOOD)
        del left[key]
        assert refused(command.decode, json.dumps(left).encode()) == key, key
    for payload in (b"", b"[]", b"\xff", b"{" * 500, b" " * 600):
        refused(command.decode, payload)


def test_sender__bad_command_with_an_id__whom_to_answer():
    assert command.sender(json.dumps(dict(GOOD, command="explode")).encode()) == "a-1"
    for payload in (b"x", b"{}", json.dumps(dict(GOOD, id="A 1")).encode()):
        assert command.sender(payload) is None, payload


def test_reply__both_ways__the_same():
    assert command.decode_reply(command.encode_reply(REPLY)) == REPLY
    assert refused(command.decode_reply, b'{"v":1}') == "id"
    assert refused(command.encode_reply, dict(REPLY, seq=-1)) == "seq"
