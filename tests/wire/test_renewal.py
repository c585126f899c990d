"""A sealed identity: for who has the key, whole, and in parts that a command carries."""

import binascii

from wire import command, renewal
from wire.message import ReportError

KEY = bytes(range(138))
NONCE = b"0123456789abcdef"


def der(length):
    """A SEQUENCE in DER of so many bytes within."""
    if length < 128:
        head = bytes([0x30, length])
    elif length < 256:
        head = bytes([0x30, 0x81, length])
    else:
        head = bytes([0x30, 0x82, length >> 8, length & 255])
    return head + bytes([i * 7 & 255 for i in range(length)])


def refused(function, *args):
    """The path of the ReportError that a call raises."""
    try:
        function(*args)
    except ReportError as error:
        return error.path
    raise AssertionError("not refused: %r" % (args,))


def test_mac__vectors_of_rfc_4231__the_same():
    for key, data, wanted in (
        (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b"),
        (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c7"),
        (
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f",
        ),
    ):
        assert binascii.hexlify(renewal._mac(key, data)).decode()[:32] == wanted


def test_open_sealed__what_seal_made__certificate_and_key():
    for certificate, key in ((der(600), der(135)), (der(90), der(20)), (der(1500), der(200))):
        sealed = renewal.seal(KEY, certificate, key, NONCE)
        assert key not in sealed and certificate not in sealed
        assert renewal.open_sealed(KEY, sealed) == (certificate, key)


def test_open_sealed__other_key_or_any_bit_turned__refused():
    sealed = renewal.seal(KEY, der(300), der(130), NONCE)
    assert refused(renewal.open_sealed, KEY[:-1], sealed) == "data"
    for at in list(range(60)) + [200, len(sealed) - 1]:
        spoiled = bytearray(sealed)
        spoiled[at] ^= 1 << at % 8
        assert refused(renewal.open_sealed, KEY, bytes(spoiled)) == "data", at
    for length in (0, 16, 47, 48, len(sealed) - 1):
        assert refused(renewal.open_sealed, KEY, sealed[:length]) == "data", length


def test_split__anything_else_than_two_sequences__refused():
    for both in (b"", b"\x30", der(100), der(100) + b"\x31\x01\x00", der(9) + der(9) + b"\x00"):
        assert refused(renewal.split, both) == "data", both[:4]
    assert renewal.split(der(9) + der(300)) == (der(9), der(300))


def test_parts__of_a_node__fit_a_command_each_and_join_again():
    sealed = renewal.seal(KEY, der(700), der(135), NONCE)
    told = renewal.parts(sealed)
    assert 1 < len(told) <= renewal.MOST_PARTS
    assert renewal.joined(told) == sealed
    for part, data in enumerate(told):
        wanted = {
            "v": 1,
            "id": "ask-0123456789ab",
            "command": "renew",
            "part": part,
            "parts": len(told),
            "data": data,
        }
        assert command.decode(command.encode(wanted)) == wanted
        assert len(command.encode(wanted)) <= command.MAX_BYTES
    assert refused(renewal.joined, ["not base64!"]) == "data"
