"""QoS 1 messages a second: the node's client beside paho, on one mosquitto, in one run.

    python tools/bench_mqtt.py [--count 20000] [--bytes 200] [--rounds 3]

The rounds alternate, so that both meet the same host. The node runs compiled, as on a board, with
the heap of the virtual board; its window is 8, and so is paho's (paho also at its default of 20).
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from nodewright.data import firmware_dir
from nodewright.image import compile_source
from nodewright.interpreter import find_interpreter

HOST = "127.0.0.1"
_NODE = Path(__file__).parent.parent / "tests" / "system" / "mqtt_bench_node.py"


def start_broker(folder: Path) -> tuple["subprocess.Popen[bytes]", int]:
    """mosquitto as the demo runs it, without persistence; returns when it accepts."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    conf = folder / "mosquitto.conf"
    conf.write_text(f"listener {port} {HOST}\nallow_anonymous true\nset_tcp_nodelay true\n")
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    broker = subprocess.Popen([program, "-c", conf], stderr=subprocess.DEVNULL)
    for _ in range(200):
        try:
            socket.create_connection((HOST, port), 1).close()
            return broker, port
        except OSError:
            time.sleep(0.02)
    broker.kill()
    raise SystemExit("mosquitto does not accept connections")


def compile_uplink(folder: Path) -> None:
    """What the client consists of, as .mpy below a folder."""
    root, arch = firmware_dir(), find_interpreter().mpy_arch
    for source in [
        *(root / "node" / name for name in ("__init__.py", "outbox.py")),
        *(root / "node" / "uplink").glob("*.py"),
    ]:
        name = source.relative_to(root)
        target = (folder / name).with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(compile_source(source, name.as_posix(), arch))


def node_rate(compiled: Path, port: int, count: int, size: int) -> tuple[int, ...]:
    """(messages a second, bytes of code, of an idle client, at its peak)."""
    command = [*find_interpreter().command, "-X", "heapsize=400K", _NODE, port, count, size]
    ran = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=120,
        env={**os.environ, "MICROPYPATH": f"{compiled}:.frozen"},
    )
    return tuple(int(word) for word in ran.stdout.split())


def paho_rate(port: int, count: int, size: int, window: int) -> int:
    """The same with paho, its network loop in a thread, as its users run it."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(window)
    client.max_queued_messages_set(0)
    connected, done = threading.Event(), threading.Event()
    acked = 0

    def on_publish(*_: object) -> None:
        nonlocal acked
        acked += 1
        if acked == count:
            done.set()

    client.on_connect = lambda *_: connected.set()
    client.on_publish = on_publish
    client.connect(HOST, port)
    client.loop_start()
    if not connected.wait(10):
        raise SystemExit("paho does not connect")
    payload = b"x" * size
    began = time.perf_counter()
    for _ in range(count):
        client.publish("nodewright/bench/paho/report", payload, 1)
    if not done.wait(120):
        raise SystemExit(f"paho: {acked} of {count} acknowledged in 120 s")
    rate = count / (time.perf_counter() - began)
    client.disconnect()
    client.loop_stop()
    return int(rate)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--bytes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    size, count = given.bytes, given.count
    rates: dict[str, list[int]] = {"node, window 8": [], "paho, window 8": [], "paho, 20": []}
    heap: tuple[int, ...] = ()
    with tempfile.TemporaryDirectory(prefix="nodewright-bench-") as name:
        compiled = Path(name) / "mpy"
        compile_uplink(compiled)
        broker, port = start_broker(Path(name))
        try:
            for _ in range(given.rounds):
                rate, *figures = node_rate(compiled, port, count, size)
                heap = tuple(figures)
                rates["node, window 8"].append(rate)
                rates["paho, window 8"].append(paho_rate(port, count, size, 8))
                rates["paho, 20"].append(paho_rate(port, count, size, 20))
        finally:
            broker.terminate()
            broker.wait()
    print(f"QoS 1, {size} bytes, {count} messages, {given.rounds} rounds, {find_interpreter()}")
    for who, found in rates.items():
        median = int(statistics.median(found))
        print(f"  {who:<16} {median:>7} messages/s   ({min(found)} to {max(found)})")
    code, idle, peak = heap
    print(
        f"heap on 64 bit: code {code} bytes, connected client {idle}, peak {peak} with 64 queued"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
