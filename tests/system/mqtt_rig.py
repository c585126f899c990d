"""What the MQTT tests stand on: mosquitto, a listener, a node's process, packets cut apart."""

import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho

from nodewright.data import firmware_dir
from nodewright.errors import PortInUse
from nodewright.interpreter import find_interpreter
from nodewright.ports import free_port as free_port  # for rigs and tests beside us
from nodewright.ports import on_free_port

HOST = "127.0.0.1"
LIMIT_S = 40.0
_NODE = Path(__file__).with_name("mqtt_node.py")


def wait_until(true: Callable[[], bool], what: str, limit_s: float = LIMIT_S) -> None:
    """Poll for a state of another thread or process.  Raises TimeoutError naming it."""
    end = time.monotonic() + limit_s
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {limit_s:.0f} s")
        time.sleep(0.005)


def accepts(process: "subprocess.Popen[bytes]", *ports: int) -> bool:
    """Whether a broker is up at all of them.  Raises PortInUse where it has ended instead."""
    if process.poll() is not None:
        raise PortInUse(HOST, ports[0])
    try:
        for port in ports:
            socket.create_connection((HOST, port), 1).close()
    except OSError:
        return False
    return True


class Mosquitto:
    """mosquitto on a port of its own, which remembers nothing over a kill."""

    def __init__(self, folder: Path) -> None:
        self.port = 0
        self._conf = folder / "mosquitto.conf"
        self._process: subprocess.Popen[bytes] | None = None
        on_free_port(self._start_at)

    def _start_at(self, port: int) -> None:
        self.port = port
        self._conf.write_text(
            f"listener {port} {HOST}\nallow_anonymous true\npersistence false\n"
            "set_tcp_nodelay true\nmax_queued_messages 100000\n"
        )
        self.start()

    def start(self) -> None:
        """Start, and return when it accepts.  Raises PortInUse."""
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self._process = subprocess.Popen(
            [program, "-c", self._conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(lambda: accepts(self._process, self.port), "mosquitto accepts")

    def kill(self) -> None:
        """As a crash would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


class Listener:
    """All that is published under nodewright/, on a subscription that comes back by itself.

    QoS 0: mosquitto then writes a message to us before it acknowledges it to its sender, so that
    what was acknowledged is with us even when the broker is killed right after.
    """

    def __init__(self, port: int) -> None:
        self.seqs: list[int] = []
        self.messages: list[tuple[str, bytes]] = []
        self.ready = threading.Event()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe("nodewright/#", 0)
        self.client.on_subscribe = lambda *_: self.ready.set()
        self.client.on_message = self._on_message
        self.client.connect(HOST, port)
        self.client.loop_start()
        assert self.ready.wait(LIMIT_S)

    def _on_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        self.messages.append((message.topic, message.payload))
        if message.topic.endswith("/report"):
            self.seqs.append(json.loads(message.payload)["seq"])

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Node:
    """mqtt_node.py in a MicroPython process."""

    def __init__(self, heap: str = "400K", **plan: Any) -> None:
        environment = {**os.environ, "MICROPYPATH": f"{firmware_dir()}:.frozen"}
        self._process = subprocess.Popen(
            [*find_interpreter().command, "-X", f"heapsize={heap}", str(_NODE), json.dumps(plan)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        self.lines: list[str] = []
        self._fresh: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))
            self._fresh.put(self.lines[-1])
        self._fresh.put(None)

    def wait_for(self, start: str, limit_s: float = LIMIT_S) -> str:
        """The next line that starts so.  Fails when the process ends or stays silent."""
        while True:
            line = self._fresh.get(timeout=limit_s)
            assert line is not None, "\n".join(self.lines)
            if line.startswith(start):
                return line

    def result(self, limit_s: float = LIMIT_S) -> dict[str, Any]:
        """What it prints at its end."""
        result = json.loads(self.wait_for("{", limit_s))
        assert self._process.wait(LIMIT_S) == 0, "\n".join(self.lines)
        return dict(result)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def node(**plan: Any) -> Iterator[Node]:
    """A node's process that does not outlive the test."""
    process = Node(**plan)
    try:
        yield process
    finally:
        process.kill()


def split(stream: bytes) -> list[bytes]:
    """The whole packets in a stream of MQTT, each with its header."""
    found, at = [], 0
    while at + 2 <= len(stream):
        length = shift = 0
        head = at + 1
        while True:
            length |= (stream[head] & 0x7F) << shift
            shift += 7
            head += 1
            if stream[head - 1] < 0x80:
                break
        if head + length > len(stream):
            break
        found.append(stream[at : head + length])
        at = head + length
    return found
