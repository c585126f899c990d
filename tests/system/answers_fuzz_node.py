"""Damaged answers of name servers and noise of time servers, to what reads them on the node.

    micropython answers_fuzz_node.py COUNT SEED

COUNT of each.  Prints one JSON object: how many were taken for an answer, and under which name the
others were refused.  Ends with a traceback where one did anything else.
"""

import json
import random
import sys

from node import ntp
from node.uplink import dns

_LEAST_S, _MOST_S = 1_767_225_600, 1_767_225_600 + 30 * 365 * 86_400
_NONCE = b"\x01\x02\x03\x04\x05\x06\x07\x08"
_ASKED = dns.question("broker.plant", 0x1234)
# RFC 1035, 4.1: an alias, and the address of what it stands for.
_GOOD = (
    b"\x12\x34\x81\x80\x00\x01\x00\x02\x00\x00\x00\x00"
    + _ASKED[12:]
    + b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x01\x2c\x00\x05\x02mq\xc0\x13"
    + b"\xc0\x2a\x00\x01\x00\x01\x00\x00\x01\x2c\x00\x04\x0a\x00\x00\x01"
)


def names(count):
    found = {"answer": 0, "malformed": 0}
    for _ in range(count):
        data = bytearray(_GOOD)
        for _ in range(1 + random.getrandbits(2)):
            data[random.getrandbits(10) % len(data)] = random.getrandbits(8)
        cut = random.getrandbits(6) if random.getrandbits(1) else 0
        try:
            addresses, ttl_s, rcode = dns.read(bytes(data[: len(data) - cut]), _ASKED)
        except dns.Malformed:
            found["malformed"] += 1
            continue
        assert len(addresses) <= 4 and 10 <= ttl_s <= 3600 and 0 <= rcode <= 15
        found["answer"] += 1
    return found


def times(count):
    """Noise of the right length, in a server's mode and with our nonce: the worst there is."""
    found = {"date": 0, "none": 0}
    for _ in range(count):
        data = bytearray([random.getrandbits(8) for _ in range(48)])
        data[0] = data[0] & 0xF8 | 4
        data[24:32] = _NONCE
        if random.getrandbits(1):  # else nearly all is "unsynchronised"
            data[0], data[1], data[4], data[8] = 0x24, 1 + data[1] % 15, 0, 0
            data[5], data[9] = 0, 0
        try:
            told_ms = ntp.read(bytes(data), _NONCE, _LEAST_S, _MOST_S)
        except ntp.BadTime as bad:
            name = "kiss" if bad.args[0][:5] == "kiss_" else bad.args[0]
            found[name] = found.get(name, 0) + 1
            continue
        if told_ms is None:
            found["none"] += 1
            continue
        assert _LEAST_S * 1000 <= told_ms <= (_MOST_S + 1) * 1000
        found["date"] += 1
    return found


def main(count, seed):
    random.seed(seed)
    assert dns.read(_GOOD, _ASKED)[0] == ["10.0.0.1"]
    print(json.dumps({"names": names(count), "times": times(count)}))


main(int(sys.argv[1]), int(sys.argv[2]))
