"""The whole firmware on a virtual board: date, name and TLS come together, and reports say so."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nodewright.image.node import CA, CERTIFICATE, KEY
from nodewright.watch import Collector, parse_url
from system.mqtt_rig import HOST
from system.node_rig import NodeRig, reports
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
