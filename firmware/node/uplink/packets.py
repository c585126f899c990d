"""MQTT 3.1.1 packets: bytes out, bytes in, nothing that waits.

Source: MQTT Version 3.1.1, OASIS Standard, 29 October 2014; sections in the comments.
"""

from micropython import const

TYPE_CONNACK = 0x20  # 3.2
TYPE_PUBLISH = 0x30  # 3.3
TYPE_PUBACK = 0x40  # 3.4
TYPE_SUBACK = 0x90  # 3.9
TYPE_PINGRESP = 0xD0  # 3.13
PINGREQ = b"\xc0\x00"  # 3.12
DISCONNECT = b"\xe0\x00"  # 3.14
DUP = const(0x08)  # 3.3.1.1

_MAX_REMAINING = const(268435455)  # 2.2.3: four bytes of seven bits


class ProtocolError(Exception):
    """The broker sent what 3.1.1 does not allow; args are (what, value)."""


def head(first: int, remaining: int) -> bytearray:
    """Fixed header: the first byte and the remaining length, 0..268435455 (2.2.3).

    Raises ValueError for a longer packet.
    """
    if not 0 <= remaining <= _MAX_REMAINING:
        raise ValueError("a packet of %d bytes is longer than MQTT allows" % remaining)
    packet = bytearray((first,))
    while remaining > 0x7F:
        packet.append(remaining & 0x7F | 0x80)
        remaining >>= 7
    packet.append(remaining)
    return packet


def _string(text: "str | bytes") -> bytes:
    """A length-prefixed UTF-8 string or binary field (1.5.3).  Raises ValueError over 65535."""
    data = text.encode() if isinstance(text, str) else text
    if len(data) > 0xFFFF:
        raise ValueError("a field of %d bytes is longer than 65535" % len(data))
    return len(data).to_bytes(2, "big") + data


def check_topic(topic: str) -> None:
    """Raises ValueError for what may not be published to (3.3.2.1, 4.7.3)."""
    if not topic or "+" in topic or "#" in topic or "\0" in topic:
        raise ValueError("%r is not a topic to publish to" % (topic,))


def connect(
    client_id: str,
    keepalive_s: int,
    will: "tuple[str, bytes, int, bool] | None" = None,
    username: "str | None" = None,
    password: "bytes | None" = None,
    clean: bool = False,
) -> bytearray:
    """CONNECT (3.1).  will is (topic, payload, qos, retain); keepalive_s 0..65535."""
    flags = 0x02 if clean else 0  # 3.1.2.3
    body = _string(client_id)
    if will is not None:
        topic, payload, qos, retain = will
        check_topic(topic)
        flags |= 0x04 | qos << 3 | (0x20 if retain else 0)
        body += _string(topic) + _string(payload)
    if username is not None:
        flags |= 0x80
        body += _string(username)
        if password is not None:  # 3.1.2.9: only beside a user name
            flags |= 0x40
            body += _string(password)
    start = b"\x00\x04MQTT\x04" + bytes((flags,)) + keepalive_s.to_bytes(2, "big")
    packet = head(0x10, len(start) + len(body))
    packet.extend(start)
    packet.extend(body)
    return packet


def publish(
    topic: str, payload: "bytes | memoryview", qos: int, retain: bool, packet_id: int
) -> bytearray:
    """PUBLISH (3.3) with DUP clear; set it by `packet[0] |= DUP`.  qos 0 or 1."""
    name = topic.encode()
    length = len(name)
    packet = head(
        TYPE_PUBLISH | qos << 1 | (1 if retain else 0),
        2 + length + (2 if qos else 0) + len(payload),
    )
    packet.append(length >> 8)
    packet.append(length & 0xFF)
    packet.extend(name)
    if qos:
        packet.append(packet_id >> 8)
        packet.append(packet_id & 0xFF)
    packet.extend(payload)
    return packet


def puback(packet_id: int) -> bytes:
    """PUBACK (3.4)."""
    return b"\x40\x02" + packet_id.to_bytes(2, "big")


def subscribe(packet_id: int, topic_filter: str, qos: int) -> bytearray:
    """SUBSCRIBE (3.8) to one filter, qos 0 or 1."""
    field = _string(topic_filter)
    packet = head(0x82, len(field) + 3)
    packet.extend(packet_id.to_bytes(2, "big"))
    packet.extend(field)
    packet.append(qos)
    return packet


def read_connack(first: int, body: memoryview) -> "tuple[bool, int]":
    """(session present, return code 0..5) of the first packet of a broker (3.2.2)."""
    if first != TYPE_CONNACK:
        raise ProtocolError("not a CONNACK", first)
    if len(body) != 2 or body[0] > 1 or body[1] > 5 or (body[0] and body[1]):
        raise ProtocolError("CONNACK", bytes(body))
    return body[0] == 1, body[1]


def read_id(body: memoryview, length: int) -> int:
    """The packet id, 1..65535, that leads a body of exactly `length` bytes (2.3.1)."""
    if len(body) != length:
        raise ProtocolError("length", len(body))
    packet_id = body[0] << 8 | body[1]
    if packet_id == 0:
        raise ProtocolError("packet id", 0)
    return packet_id


def read_publish(first: int, body: memoryview) -> "tuple[str, int, int]":
    """(topic, packet id or 0, where the payload starts) of a PUBLISH of QoS 0 or 1 (3.3).

    QoS 2 was never granted to the broker: it is an error like any other.
    """
    qos = first >> 1 & 3
    if qos > 1 or (first & DUP and not qos):
        raise ProtocolError("PUBLISH flags", first)
    if len(body) < 2:
        raise ProtocolError("PUBLISH length", len(body))
    at = 2 + (body[0] << 8 | body[1])
    if at == 2 or at + 2 * qos > len(body):
        raise ProtocolError("topic length", at - 2)
    try:
        topic = str(bytes(body[2:at]), "utf-8")
        check_topic(topic)
    except ValueError:  # UnicodeError is one
        raise ProtocolError("topic", bytes(body[2 : min(at, 34)]))
    if not qos:
        return topic, 0, at
    packet_id = body[at] << 8 | body[at + 1]
    if packet_id == 0:
        raise ProtocolError("packet id", 0)
    return topic, packet_id, at + 2
