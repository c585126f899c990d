"""The whole firmware on a virtual board: date, name and TLS come together, and reports say so."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nodewright import broker as hub_broker
from nodewright.image.node import CA, CERTIFICATE, KEY
from nodewright.ports import free_port
from nodewright.watch import Collector, parse_url
from system.mqtt_rig import HOST
from system.node_rig import WAIT_S, NodeRig, reports
from system.tls_rig import NAME, TlsBroker, tls_broker

_TO_1970_S = 2_208_988_800


@contextmanager
def udp_server(answer: Callable[[bytes], bytes | None]) -> Iterator[str]:
    """HOST:PORT of one that answers each question, or not."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((HOST, 0))
        sock.settimeout(0.1)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    question, sender = sock.recvfrom(600)
                except OSError:
                    continue
                told = answer(question)
                if told is not None:
                    sock.sendto(told, sender)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"{HOST}:{sock.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def tells_time(question: bytes) -> bytes:
    """A server of stratum 2 that follows this machine."""
    seconds = int(time.time()) + _TO_1970_S
    head = b"\x24\x02\x06\xe9" + bytes(4) + b"\0\0\0\1" + b"LOCL" + bytes(8)
    stamp = seconds.to_bytes(4, "big") + b"\0\0\0\1"
    return head + question[40:48] + stamp + stamp


def knows_the_broker(question: bytes) -> bytes:
    address = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x7f\x00\x00\x01"
    return question[:2] + b"\x81\x80\x00\x01\x00\x01" + bytes(4) + question[12:] + address


def identity(broker: TlsBroker) -> dict[str, bytes]:
    folder = Path(broker.good)
    return {
        path: (folder / path.rpartition("/")[2]).read_bytes() for path in (CA, CERTIFICATE, KEY)
    }


def test_node__date_name_and_tls__reports_with_a_date_after_those_without(tmp_path: Path) -> None:
    silent = threading.Event()

    def tells_late(question: bytes) -> bytes | None:
        return tells_time(question) if silent.is_set() else None

    with (
        tls_broker(tmp_path) as broker,
        udp_server(tells_late) as clock,
        udp_server(knows_the_broker) as names,
    ):
        rig = NodeRig(broker.plain)
        rig.settings["network"]["dns"] = [names]
        rig.settings["clock"] = {"servers": [clock]}
        rig.settings["mqtt"].update(host=NAME, port=broker.ports["good"], tls=True)
        with (
            Collector(parse_url(f"mqtt://{HOST}:{broker.plain}")) as heard,
            rig.board(identity(broker)) as board,
        ):
            board.wait_for("report", 20, lambda event: int(event.facts["seq"]) >= 1)
            silent.set()
            got = [event.message for event in reports(heard, 12)]
    clocks = [message["record"]["clock"] for message in got]
    assert clocks[:2] == ["unset", "unset"] and clocks[-1] == "ntp", clocks
    for message in got:
        known = message["record"]["clock"] == "ntp"
        assert (message["epoch_s"] is not None) == known
    assert abs(got[-1]["epoch_s"] - time.time()) < 60
    assert [message["seq"] for message in got] == list(range(12))


def test_node__name_servers_lie_stall_and_go__says_so_and_comes_when_one_tells() -> None:
    honest = threading.Event()

    def lies(question: bytes) -> bytes | None:
        if honest.is_set():
            return knows_the_broker(question)
        told = knows_the_broker(question)
        return bytes([told[0] ^ 1]) + told[1:]  # an answer to what nobody has asked

    with (
        hub_broker.start("auto") as hub,
        Collector(parse_url(f"mqtt://{HOST}:{hub.port}")) as heard,
        udp_server(lambda _: None) as silent,
        udp_server(lies) as liar,
    ):
        rig = NodeRig(hub.port)
        gone = f"{HOST}:{free_port()}"
        rig.settings["network"]["dns"] = [gone, silent, liar]
        rig.settings["mqtt"].update(host=NAME)
        with rig.board() as board:
            # A whole round has failed: three servers, twice.
            board.wait_for("report", 40, lambda event: int(event.facts["seq"]) >= 20)
            assert not [line for line in board.lines if ": connected" in line]
            honest.set()
            got = [event.message["seq"] for event in reports(heard, 20)]
            told = next_health(heard)
    assert got == list(range(20))  # all that was measured meanwhile
    assert told["dns_dropped"] >= 1 and told["mqtt_dns_lies"] >= 1, told


def next_health(heard: Collector) -> dict[str, int]:
    """The errors of the next health."""
    while True:
        event = heard.get(WAIT_S)
        assert event is not None
        if event.kind == "health":
            found: dict[str, int] = event.message["errors"]
            return found
