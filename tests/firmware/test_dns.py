"""Names and what name servers say of them: truth, lies, noise and silence."""

import random
import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from udp_rig import deaf, with_servers

from node.uplink import dns, hosts
from node.uplink.causes import Lost
from node.uplink.dns import Malformed, Resolver, question, read

NAME = "broker.plant"
ASKED = question(NAME, 0x1234)
POINTER = b"\xc0\x0c"  # to the name in the question


def record(owner, kind, data, ttl_s=300):
    head = owner + kind.to_bytes(2, "big") + b"\x00\x01" + ttl_s.to_bytes(4, "big")
    return head + len(data).to_bytes(2, "big") + data


def reply(*records, asked=ASKED, flags=b"\x81\x80"):
    count = len(records).to_bytes(2, "big")
    return asked[:2] + flags + b"\x00\x01" + count + b"\x00" * 4 + asked[12:] + b"".join(records)


def address(*digits, owner=POINTER, ttl_s=300):
    return record(owner, 1, bytes(digits), ttl_s)


def cause_of(work):
    """The cause of the Lost that a coroutine raises."""

    async def run(*servers):
        try:
            await work(*servers)
        except Lost as lost:
            return lost.cause
        raise AssertionError("it came through")

    return run


def test_question__name__is_a_query_for_its_address():
    expected = (
        b"\x12\x34\x01\x00\x00\x01" + b"\x00" * 6 + b"\x06broker\x05plant\x00\x00\x01\x00\x01"
    )
    assert expected == ASKED


def test_read__addresses__in_their_order_with_the_shortest_ttl():
    data = reply(address(10, 0, 0, 1), address(10, 0, 0, 2, ttl_s=60))
    assert read(data, ASKED) == (["10.0.0.1", "10.0.0.2"], 60, 0)
    assert read(reply(address(10, 0, 0, 1, ttl_s=0)), ASKED)[1] == 10
    assert read(reply(address(10, 0, 0, 1, ttl_s=1 << 31)), ASKED)[1] == 3600
    assert len(read(reply(*[address(10, 0, 0, n) for n in range(1, 9)]), ASKED)[0]) == 4


def test_read__aliases__followed():
    target = b"\x02mq\xc0\x13"  # mq.plant
    data = reply(record(POINTER, 5, target), address(10, 0, 0, 3, owner=b"\x02mq\x05plant\x00"))
    assert read(data, ASKED) == (["10.0.0.3"], 300, 0)


def test_read__record_of_another_name__ignored():
    data = reply(address(6, 6, 6, 6, owner=b"\x04evil\x00"), address(10, 0, 0, 1))
    assert read(data, ASKED)[0] == ["10.0.0.1"]


def test_read__what_does_not_answer__malformed():
    good = reply(address(10, 0, 0, 1))
    other = question("other.plant", 0x1234)
    later = address(10, 0, 0, 2, owner=ASKED[12:26])  # at 0x2e
    long_alias = reply(*[record(POINTER, 5, POINTER) for _ in range(9)])
    for name, data in (
        ("empty", b""),
        ("another id", b"\x12\x35" + good[2:]),
        ("a question", good[:2] + b"\x01\x00" + good[4:]),
        ("cut by the server", good[:2] + b"\x83\x80" + good[4:]),
        ("another question", reply(address(10, 0, 0, 1), asked=other)),
        ("shorter than it says", good[:-1]),
        ("no record where one should be", good[:6] + b"\x00\x02" + good[8:]),
        ("pointer to itself", reply(record(b"\xc0\x1e", 1, b"\x0a\x00\x00\x01"))),
        ("pointer past the end", reply(address(10, 0, 0, 1, owner=b"\xc0\xff"))),
        ("pointer ahead", reply(address(10, 0, 0, 1, owner=b"\xc0\x2e"), later)),
        ("label of a reserved kind", reply(record(b"\x80\x0c", 1, b"\x0a\x00\x00\x01"))),
        ("address of 3 bytes", reply(record(POINTER, 1, b"\x0a\x00\x00"))),
        ("this network", reply(address(0, 0, 0, 0))),
        ("multicast", reply(address(224, 0, 0, 1))),
        ("broadcast", reply(address(255, 255, 255, 255))),
        ("aliases without end", long_alias),
    ):
        try:
            found = read(data, ASKED)
        except Malformed:
            continue
        raise AssertionError((name, found))


def test_read__noise__malformed_or_an_answer_never_anything_else():
    good = bytearray(reply(record(POINTER, 5, b"\x02mq\xc0\x13"), address(10, 0, 0, 1)))
    for _ in range(3000):
        data = bytearray(good)
        for _ in range(1 + random.getrandbits(2)):
            data[random.getrandbits(10) % len(data)] = random.getrandbits(8)
        data = bytes(data[: len(data) - (random.getrandbits(6) if random.getrandbits(1) else 0)])
        try:
            addresses, ttl_s, rcode = read(data, ASKED)
        except Malformed:
            continue
        assert len(addresses) <= 4 and 10 <= ttl_s <= 3600 and 0 <= rcode <= 15


def test_is_address__digits_and_names__told_apart():
    for host, expected in (("10.0.0.1", True), ("a.b.c.d", False), ("1.2.3", False)):
        assert hosts.is_address(host) is expected
    assert hosts.split("time.plant", 123) == ("time.plant", 123)
    assert hosts.split("10.0.0.1:1123", 123) == ("10.0.0.1", 1123)


def test_resolve__address__asks_nobody():
    async def use(server):
        assert await Resolver(lambda: (server.name,)).resolve("10.1.2.3") == ["10.1.2.3"]
        assert server.asked == []

    with_servers([deaf], use)


def test_resolve__name__asked_once_and_kept():
    async def use(server):
        resolver = Resolver(lambda: (server.name,))
        for _ in range(3):
            assert await resolver.resolve(NAME) == ["10.0.0.1"]
        assert len(server.asked) == 1

    with_servers([lambda asked: [reply(address(10, 0, 0, 1), asked=asked)]], use)


def test_resolve__lies_before_the_truth__dropped_and_counted():
    def answer(asked):
        forged = bytes((asked[0] ^ 1,)) + asked[1:]
        return [
            reply(address(6, 6, 6, 6), asked=forged),
            b"noise",
            reply(address(10, 0, 0, 1), asked=asked),
        ]

    async def use(server):
        counted = []
        resolver = Resolver(lambda: (server.name,), counted.append)
        assert await resolver.resolve(NAME) == ["10.0.0.1"]
        assert counted == ["dns_dropped"] * 2

    with_servers([answer], use)


def test_resolve__first_server_fails__the_next_is_asked():
    def refuses(asked):
        return [reply(asked=asked, flags=b"\x81\x85")]

    async def use(first, second):
        resolver = Resolver(lambda: ("127.0.0.1:1", first.name, second.name))
        assert await resolver.resolve(NAME) == ["10.0.0.1"]

    with_servers([refuses, lambda asked: [reply(address(10, 0, 0, 1), asked=asked)]], use)


def test_resolve__nobody_tells__each_cause_by_its_name():
    dns._TIMEOUT_MS = 60
    try:
        for answer, cause in (
            (deaf, "dns_timeout"),
            (lambda _asked: [b"noise"] * 3, "dns_lies"),
            (lambda _asked: [b"noise"] * 40, "dns_lies"),
            (lambda asked: [reply(asked=asked)], "dns_no_address"),
            (lambda asked: [reply(asked=asked, flags=b"\x81\x83")], "dns_no_name"),
            (lambda asked: [reply(asked=asked, flags=b"\x81\x82")], "dns_server"),
            (lambda asked: [reply(asked=asked, flags=b"\x81\x85")], "dns_refused"),
        ):
            found = with_servers(
                [answer], cause_of(lambda server: Resolver(lambda: (server.name,)).resolve(NAME))
            )
            assert found == cause, (found, cause)
        assert with_servers([], cause_of(lambda: Resolver(tuple).resolve(NAME))) == "dns_no_server"
        gone = Resolver(lambda: ("127.0.0.1:1",))
        assert with_servers([], cause_of(lambda: gone.resolve(NAME))) == "dns_unreachable"
    finally:
        dns._TIMEOUT_MS = 1500


def test_resolve__servers_gone_after_an_answer__the_old_one_serves():
    counted = []
    there = [True]

    def answer(asked):
        return [reply(address(10, 0, 0, 1), asked=asked)] if there[0] else []

    async def use(server):
        resolver = Resolver(lambda: (server.name,), counted.append)
        await resolver.resolve(NAME)
        there[0] = False
        addresses, _ = resolver._known[NAME]
        resolver._known[NAME] = addresses, dns.ticks_add(dns.ticks_ms(), -1)  # its time is over
        assert await resolver.resolve(NAME) == ["10.0.0.1"]
        assert counted == ["dns_stale"]

    dns._TIMEOUT_MS = 60
    try:
        with_servers([answer], use)
    finally:
        dns._TIMEOUT_MS = 1500
