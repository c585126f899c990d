"""MQTT 3.1.1 packets, byte by byte; numbers are sections of the OASIS standard of 2014-10-29."""

from node.uplink import packets
from node.uplink.packets import ProtocolError
from node.uplink.parser import Parser

# 2.2.3, table 2.4: the least and the most that one to four bytes hold
REMAINING = (
    (0, "00"),
    (127, "7f"),
    (128, "8001"),
    (16383, "ff7f"),
    (16384, "808001"),
    (2097151, "ffff7f"),
    (2097152, "80808001"),
    (268435455, "ffffff7f"),
)


def raises(kind, call, *args):
    try:
        call(*args)
    except kind as error:
        return error
    raise AssertionError("%r did not raise %s" % (args, kind.__name__))


def body(text):
    return memoryview(bytes.fromhex(text))


def fed(parser, data):
    """Put bytes into a parser as a link would; a list of (first, body, whole)."""
    found = []
    at = 0
    while True:
        while parser.next():
            found.append((parser.first, bytes(parser.body), parser.whole))
        if at == len(data):
            return found
        space = parser.space()
        assert len(space) > 0
        count = min(len(space), len(data) - at)
        space[:count] = data[at : at + count]
        parser.filled(count)
        at += count


def test_head__extremes_of_the_remaining_length__are_those_of_table_2_4():
    for remaining, text in REMAINING:
        assert bytes(packets.head(0x30, remaining)) == b"\x30" + bytes.fromhex(text), remaining
    raises(ValueError, packets.head, 0x30, 268435456)


def test_connect__figure_3_6__is_golden():
    # 3.1.2: name MQTT, level 4; 3.1.2.3 flags: user, password, will QoS 1, will; keepalive 10
    packet = packets.connect("c", 10, ("w", b"x", 1, False), "u", b"p", True)
    head = "1019" + "00044d515454" + "04" + "ce" + "000a"
    assert bytes(packet).hex() == head + "000163" + "000177" + "000178" + "000175" + "000170"


def test_connect__persistent_with_retained_will__is_golden():
    packet = packets.connect("node", 15, ("a/b", b"off", 1, True))
    want = "101a" + "00044d515454" + "04" + "2c" + "000f" + "00046e6f6465"
    assert bytes(packet).hex() == want + "0003612f62" + "00036f6666"


def test_publish__figure_3_11__is_golden():
    # 3.3.2: topic a/b, packet id 10
    assert bytes(packets.publish("a/b", b"", 1, False, 10)).hex() == "32070003612f62000a"
    assert bytes(packets.publish("a/b", b"hi", 1, True, 10)).hex() == "33090003612f62000a6869"
    assert bytes(packets.publish("a/b", b"hi", 0, False, 0)).hex() == "30070003612f626869"


def test_publish__dup__is_bit_3_of_the_first_byte():
    packet = packets.publish("a/b", b"", 1, False, 10)
    packet[0] |= packets.DUP
    assert packet[0] == 0x3A


def test_publish__long_payload__has_a_length_of_two_bytes():
    packet = packets.publish("a/b", b"x" * 121, 1, False, 0xFFFF)
    assert bytes(packet[:10]).hex() == "32" + "8001" + "0003612f62" + "ffff"
    assert len(packet) == 3 + 128


def test_puback_subscribe_ping_disconnect__are_golden():
    assert packets.puback(0x1234).hex() == "40021234"  # 3.4.2
    assert bytes(packets.subscribe(10, "a/b", 1)).hex() == "8208000a0003612f6201"  # 3.8.3
    assert packets.PINGREQ.hex() == "c000"  # 3.12.1
    assert packets.DISCONNECT.hex() == "e000"  # 3.14.1


def test_topic__wildcard_empty_or_nul__raises():
    for topic in ("", "a/+", "#", "a\0b"):
        raises(ValueError, packets.check_topic, topic)


def test_field__longer_than_65535__raises():
    raises(ValueError, packets.connect, "x" * 65536, 10)


def test_read_connack__answers__are_read():
    for first, text, want in (
        (0x20, "0000", (False, 0)),
        (0x20, "0100", (True, 0)),
        (0x20, "0005", (False, 5)),
    ):
        assert packets.read_connack(first, body(text)) == want


def test_read_connack__malformed__raises():
    # 3.2.2.1 to 3.2.2.3: reserved bits, a refusal with a session, codes over 5
    for first, text in (
        (0x20, ""),
        (0x20, "00"),
        (0x20, "000000"),
        (0x20, "0200"),
        (0x20, "0101"),
        (0x20, "0006"),
        (0x21, "0000"),
        (0x30, "0000"),
    ):
        raises(ProtocolError, packets.read_connack, first, body(text))


def test_read_publish__qos_0_and_1__are_read():
    assert packets.read_publish(0x30, body("0003612f626869")) == ("a/b", 0, 5)
    assert packets.read_publish(0x32, body("0003612f62000a6869")) == ("a/b", 10, 7)
    assert packets.read_publish(0x3B, body("0003612f62000a")) == ("a/b", 10, 7)


def test_read_publish__malformed__raises():
    for first, text in (
        (0x34, "000161000178"),  # QoS 2, never granted
        (0x36, "000161000178"),  # 3.3.1.2: QoS 3
        (0x38, "00016178"),  # 3.3.1.1: DUP with QoS 0
        (0x30, ""),
        (0x30, "00"),
        (0x30, "0000"),  # 4.7.3: a topic has one character at least
        (0x30, "000461"),  # longer than the packet
        (0x32, "00016100"),  # no room for the id
        (0x32, "0001610000"),  # 2.3.1: id 0
        (0x30, "00012b"),  # 3.3.2.1: a wildcard
        (0x30, "0002c328"),  # 1.5.3: not UTF-8
    ):
        raises(ProtocolError, packets.read_publish, first, body(text))


def test_read_id__length_and_zero__are_checked():
    assert packets.read_id(body("ffff"), 2) == 65535
    for text in ("", "01", "000102", "0000"):
        raises(ProtocolError, packets.read_id, body(text), 2)


def test_parser__several_packets_in_any_pieces__come_out_alike():
    stream = bytes.fromhex("200200004002000ad00030070003612f6268699003000a01")
    want = [
        (0x20, b"\0\0", True),
        (0x40, b"\0\x0a", True),
        (0xD0, b"", True),
        (0x30, b"\0\x03a/bhi", True),
        (0x90, b"\0\x0a\x01", True),
    ]
    for step in range(1, len(stream) + 1):
        parser = Parser(128)
        found = []
        for at in range(0, len(stream), step):
            found += fed(parser, stream[at : at + step])
        assert found == want, step


def test_parser__packet_that_just_fits__is_whole():
    for remaining, size in ((125, 127), (126, 128), (197, 200)):
        parser = Parser(size)
        data = bytes(packets.head(0x30, remaining)) + b"y" * remaining
        assert len(data) <= size
        assert fed(parser, data + b"\xd0\x00") == [
            (0x30, b"y" * remaining, True),
            (0xD0, b"", True),
        ]


def test_parser__publish_longer_than_the_buffer__is_cut_and_skipped():
    for remaining in (127, 128, 1000, 70000):
        parser = Parser(128)
        head = bytes(packets.head(0x32, remaining))
        found = fed(parser, head + b"z" * remaining + b"\x40\x02\x00\x01")
        assert found == [
            (0x32, b"z" * (128 - len(head)), False),
            (0x40, b"\x00\x01", True),
        ], remaining


def test_parser__other_packet_longer_than_the_buffer__raises_at_once():
    for text in ("40ff7f", "90808001", "20ffffff7f"):
        raises(ProtocolError, fed, Parser(128), bytes.fromhex(text))


def test_parser__remaining_length_of_five_bytes__raises():
    raises(ProtocolError, fed, Parser(128), b"\x30\x80\x80\x80\x80\x01")
    assert fed(Parser(128), b"\x30\x80\x80\x80") == []


def test_parser__reset__forgets_what_it_had():
    parser = Parser(128)
    fed(parser, b"\x32\xff\xff\x7f" + b"x" * 500)  # inside a packet that is skipped
    parser.reset()
    assert fed(parser, b"\x20\x02\x00\x00") == [(0x20, b"\0\0", True)]


def test_parser__noise__raises_or_waits_and_stays_within_its_buffer():
    state = 12345
    readers = {0x20: packets.read_connack, 0x30: packets.read_publish}
    for _ in range(1500):
        parser = Parser(128)
        noise = bytearray()
        for _ in range(state % 97):
            state = (state * 1103515245 + 12345) & 0x3FFFFFFF
            noise.append(state >> 12 & 0xFF)
        state = (state * 1103515245 + 12345) & 0x3FFFFFFF
        if noise and state & 0x100000:
            noise[0] = (0x20, 0x30, 0x32, 0x40, 0x90)[state % 5]
        try:
            for first, data, _ in fed(parser, bytes(noise)):
                assert len(data) <= len(noise)
                reader = readers.get(first & 0xF0)
                if reader is not None:
                    reader(first, memoryview(data))
        except ProtocolError:
            pass


def test_parser__packets_mutated__never_read_past_what_came():
    good = bytes.fromhex("2002000032090003612f62000a68694002000ad000")
    for at in range(len(good)):
        for value in (0, 1, 0x7F, 0x80, 0xFF, good[at] ^ 0x10):
            data = bytearray(good)
            data[at] = value
            try:
                total = sum(len(found[1]) for found in fed(Parser(128), bytes(data)))
            except ProtocolError:
                continue
            assert total <= len(data)
