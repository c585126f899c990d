"""The broker: both kinds, on real sockets, with a real client."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from nodewright import broker, ports
from nodewright.errors import BadInput, BrokerFailed, PortInUse

WAIT_S = 60.0  # mosquitto writes all of its store after each change: slow on a busy disk
NO_MOSQUITTO = broker.mosquitto_version() is None
KINDS = [
    pytest.param("mosquitto", marks=pytest.mark.skipif(NO_MOSQUITTO, reason="no mosquitto")),
    "embedded",
]


class Client:
    """A paho client whose events can be awaited."""

    def __init__(self, port: int, name: str, *, clean: bool = True, will: str | None = None):
        self.payloads: list[bytes] = []
        self.retained: list[bytes] = []
        self._changed = threading.Condition()
        self._events = {name: threading.Event() for name in ("connect", "subscribe")}
        self.mqtt = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=name, clean_session=clean
        )
        if will is not None:
            self.mqtt.will_set("t/will", will, qos=1, retain=True)
        self.mqtt.on_connect = lambda *_: self._events["connect"].set()
        self.mqtt.on_subscribe = lambda *_: self._events["subscribe"].set()
        self.mqtt.on_message = self._on_message
        self.mqtt.connect(broker.HOST, port)
        self.mqtt.loop_start()
        assert self._events["connect"].wait(WAIT_S)

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        with self._changed:
            (self.retained if message.retain else self.payloads).append(message.payload)
            self._changed.notify_all()

    def subscribe(self, topic: str) -> None:
        self._events["subscribe"].clear()
        self.mqtt.subscribe(topic, 1)
        assert self._events["subscribe"].wait(WAIT_S)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        info = self.mqtt.publish(topic, payload, 1, retain)
        info.wait_for_publish(WAIT_S)
        assert info.is_published()

    def until(self, condition: Callable[[], bool]) -> bool:
        with self._changed:
            return self._changed.wait_for(condition, WAIT_S)

    def vanish(self) -> None:
        """Be gone without a word, as a node that loses power."""
        sock = self.mqtt.socket()
        assert sock is not None
        sock.shutdown(socket.SHUT_RDWR)
        self.mqtt.loop_stop()

    def close(self) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()


@pytest.fixture(params=KINDS)
def hub(request: pytest.FixtureRequest) -> Iterator[broker.Broker]:
    with broker.start(request.param) as running:
        yield running


@pytest.fixture(autouse=True)
def temp_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder for temporary files of its own: other tests start brokers at the same time."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("nodewright-*/broker-*"))


def is_alive(pid: int) -> bool:
    """False for what is gone and for a zombie that waits for its parent."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_broker__publish_at_qos_1__every_message_arrives_once(hub: broker.Broker) -> None:
    reader, writer = Client(hub.port, "reader"), Client(hub.port, "writer")
    reader.subscribe("t/+")
    for index in range(200):
        writer.mqtt.publish("t/a", b"%d" % index, 1)
    assert reader.until(lambda: len(reader.payloads) >= 200)
    assert reader.payloads == [b"%d" % index for index in range(200)]
    reader.close()
    writer.close()


def test_broker__retained__comes_to_a_late_reader(hub: broker.Broker) -> None:
    writer = Client(hub.port, "writer")
    writer.publish("t/status", b"online", retain=True)
    reader = Client(hub.port, "reader")
    reader.subscribe("t/status")
    assert reader.until(lambda: bool(reader.retained))
    assert reader.retained[0] == b"online"
    reader.close()
    writer.close()


def test_broker__client_vanishes__its_will_is_published(hub: broker.Broker) -> None:
    reader = Client(hub.port, "reader")
    reader.subscribe("t/will")
    Client(hub.port, "node", will="offline").vanish()
    assert reader.until(lambda: b"offline" in reader.payloads)
    reader.close()


def test_broker__session_of_an_absent_reader__is_kept(hub: broker.Broker) -> None:
    reader = Client(hub.port, "reader", clean=False)
    reader.subscribe("t/a")
    reader.close()
    writer = Client(hub.port, "writer")
    for index in range(1200):  # more than mosquitto queues by default
        writer.mqtt.publish("t/a", b"%d" % index, 1)
    writer.publish("t/a", b"last")
    reader = Client(hub.port, "reader", clean=False)
    # amqtt marks what it kept for a session as retained, against MQTT 3.1.1, 3.3.1.3.
    # What was in flight when the first reader left may come twice.
    assert reader.until(lambda: len({*reader.payloads, *reader.retained}) >= 1201)
    assert {*reader.payloads, *reader.retained} == {b"last"} | {b"%d" % i for i in range(1200)}
    reader.close()
    writer.close()


def test_broker__killed_and_restarted__same_port_answers(hub: broker.Broker) -> None:
    port = hub.port
    hub.kill()
    assert not hub.running
    with pytest.raises(OSError):
        socket.create_connection((hub.host, port), timeout=1)
    hub.restart()
    assert hub.port == port
    Client(port, "again").close()


@pytest.mark.skipif(NO_MOSQUITTO, reason="no mosquitto")
def test_mosquitto__killed__acknowledged_messages_survive() -> None:
    with broker.start("mosquitto") as hub:
        reader = Client(hub.port, "reader", clean=False)
        reader.subscribe("t/a")
        reader.close()
        writer = Client(hub.port, "writer")
        for index in range(20):
            writer.publish("t/a", b"%d" % index)
        writer.close()
        hub.kill()
        hub.restart()
        reader = Client(hub.port, "reader", clean=False)
        # It saves after the acknowledgement: a kill within that millisecond loses the very last.
        wanted = {b"%d" % index for index in range(19)}
        assert reader.until(lambda: wanted <= set(reader.payloads))
        reader.close()


@pytest.mark.parametrize("kind", KINDS)
def test_start__given_port_in_use__says_so(kind: broker.Kind) -> None:
    before = folders()
    with socket.socket() as taken:
        taken.bind((broker.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse) as caught:
            broker.start(kind, port)
    assert caught.value.port == port
    assert str(port) in str(caught.value)
    assert "choose another" in str(caught.value)
    assert folders() == before


def test_start__free_port_lost_in_between__tries_another(monkeypatch: pytest.MonkeyPatch) -> None:
    if NO_MOSQUITTO:
        pytest.skip("the embedded one asks the system itself")
    with socket.socket() as taken:
        taken.bind((broker.HOST, 0))
        taken.listen()
        offers = [taken.getsockname()[1]]

        class Probe(socket.socket):
            def getsockname(self) -> tuple[str, int]:
                return (broker.HOST, offers.pop()) if offers else super().getsockname()

        monkeypatch.setattr(ports.socket, "socket", Probe)
        with broker.start("mosquitto") as hub:
            assert not offers
            assert hub.port != taken.getsockname()[1]


def test_start__port_that_cannot_be__bad_input() -> None:
    for port in (0, -1, 65536):
        with pytest.raises(BadInput, match="1 to 65535"):
            broker.start("auto", port)


def test_start__no_mosquitto__takes_the_embedded_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "find_mosquitto", lambda: None)
    with broker.start() as hub:
        assert hub.kind == "embedded"
        assert hub.version.startswith("amqtt ")
    with pytest.raises(BadInput, match="apt install mosquitto"):
        broker.start("mosquitto")


def test_start__program_that_ends__broker_failed_with_its_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = folders()
    false = shutil.which("false")
    if false is None or NO_MOSQUITTO:
        pytest.skip("needs false and mosquitto")
    monkeypatch.setattr(broker.Broker, "_command", lambda self, port: [false])
    with pytest.raises(BrokerFailed, match="ended with 1"):
        broker.start("mosquitto")
    assert folders() == before


@pytest.mark.parametrize("kind", KINDS)
def test_stop__leaves_no_process_and_no_file(kind: broker.Kind) -> None:
    before = folders()
    hub = broker.start(kind)
    pid = hub.pid
    assert pid is not None
    assert folders() != before
    hub.stop()
    hub.stop()
    assert not is_alive(pid)
    assert folders() == before
    with pytest.raises(BrokerFailed, match="start another"):
        hub.restart()


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
@pytest.mark.parametrize("kind", KINDS)
def test_broker__parent_killed__does_not_survive(kind: broker.Kind) -> None:
    program = (
        "import sys; from nodewright import broker; hub = broker.start(sys.argv[1]);"
        "print(hub.pid, hub._folder, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    pid, folder = parent.stdout.readline().split()
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    deadline = time.monotonic() + WAIT_S
    while is_alive(int(pid)) and time.monotonic() < deadline:
        time.sleep(0.02)  # it is not our child: nothing to await
    assert not is_alive(int(pid))
    shutil.rmtree(folder.decode())
