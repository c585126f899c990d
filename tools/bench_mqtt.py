"""QoS 1 messages a second: the node's client beside paho and mosquitto_pub, in one run.

    python tools/bench_mqtt.py [--count 20000] [--bytes 200] [--rounds 3]

The rounds alternate on one mosquitto, so that all meet the same host. The node runs compiled, as
on a board, with the heap of the virtual board; its window is 8, and so is paho's and
mosquitto_pub's (these two also at their default of 20).  `mosquitto_pub -l` (of the package
mosquitto-clients, left out where it is not installed) gets five times as many messages, a line
each, as its start and its end, 0.2 s, are in its figure.  TCP, and TLS 1.2 with certificates of
both sides, P-256.

Beside it the longest gap, in a run of its own each: for how long a task of the node that only
wants its turn has none, from before the connect and its handshake to the last acknowledgement.

Then what a node of the demo sends and gets for each report (1024 samples, three axes), in bytes
above TCP: the whole firmware on a virtual board, through a proxy that counts.
"""

import argparse
import importlib
import ipaddress
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import paho.mqtt.client as paho
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from paho.mqtt.enums import CallbackAPIVersion

from nodewright.data import firmware_dir
from nodewright.errors import PortInUse
from nodewright.faultproxy import FaultProxy
from nodewright.image import compile_source
from nodewright.interpreter import find_interpreter
from nodewright.pki import authority, certificate
from nodewright.ports import free_port, on_free_port

HOST = "127.0.0.1"
_GAP_COUNT = 2000
_LONGER = 5
_FIRST, _LAST = 5, 25  # reports between which bytes are counted
_NODE = Path(__file__).parent.parent / "tests" / "system" / "mqtt_bench_node.py"


def make_identities(folder: Path) -> Path:
    """A CA, a broker and a node, as PEM and DER in a folder."""
    now = datetime.now(UTC)
    ca = authority.make("bench", now)
    key = ec.generate_private_key(ec.SECP256R1())
    names = (x509.IPAddress(ipaddress.ip_address(HOST)),)
    wanted = certificate.Wanted("bench", "broker", ExtendedKeyUsageOID.SERVER_AUTH, names)
    of_broker = certificate.sign(
        ca, wanted, key.public_key(), now - timedelta(days=1), now + timedelta(days=9)
    )
    for name, made, owner in (
        ("ca", ca.certificate, None),
        ("broker", of_broker, key),
        ("certificate", certificate.issue(ca, "bench", "bench", key.public_key(), now), key),
    ):
        (folder / f"{name}.pem").write_bytes(made.public_bytes(Encoding.PEM))
        (folder / f"{name}.der").write_bytes(made.public_bytes(Encoding.DER))
        if owner is not None:
            for encoding, end in ((Encoding.PEM, "pem"), (Encoding.DER, "der")):
                data = owner.private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption())
                (folder / f"key.{end}").write_bytes(data)
    return folder


def start_broker(folder: Path) -> tuple["subprocess.Popen[bytes]", int, int]:
    """mosquitto, its ports for TCP and TLS, without persistence; returns when it accepts."""
    return on_free_port(lambda port: _start_at(folder, port, free_port()))


def _start_at(folder: Path, port: int, sealed: int) -> tuple["subprocess.Popen[bytes]", int, int]:
    conf = folder / "mosquitto.conf"
    # As root it would drop to a user who cannot read this folder.
    user = "user root\n" if os.getuid() == 0 else ""
    conf.write_text(
        f"{user}set_tcp_nodelay true\nper_listener_settings true\n"
        f"listener {port} {HOST}\nallow_anonymous true\n"
        f"listener {sealed} {HOST}\ncafile {folder}/ca.pem\ncertfile {folder}/broker.pem\n"
        f"keyfile {folder}/key.pem\nrequire_certificate true\nuse_identity_as_username true\n"
    )
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    broker = subprocess.Popen([program, "-c", conf], stderr=subprocess.DEVNULL)
    for _ in range(200):
        try:
            for listener in (port, sealed):
                socket.create_connection((HOST, listener), 1).close()
            return broker, port, sealed
        except OSError:
            time.sleep(0.02)
        if broker.poll() is not None:
            raise PortInUse(HOST, port)
    broker.kill()
    raise SystemExit("mosquitto does not accept connections")


def compile_uplink(folder: Path) -> None:
    """What the client consists of, as .mpy below a folder."""
    root, arch = firmware_dir(), find_interpreter().mpy_arch
    for source in [
        *(root / "node" / name for name in ("__init__.py", "outbox.py", "dates.py")),
        *(root / "node" / "uplink").glob("*.py"),
    ]:
        name = source.relative_to(root)
        target = (folder / name).with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(compile_source(source, name.as_posix(), arch))


def node_rate(
    compiled: Path, port: int, count: int, size: int, identity: Path | None = None
) -> tuple[int, ...]:
    """(messages a second, bytes of code, of an idle client, at its peak, of a full outbox)."""
    return _node("rate", compiled, port, count, size, identity)


def node_gap_ms(
    compiled: Path, port: int, count: int, size: int, identity: Path | None = None
) -> float:
    """The longest gap of another task of the node, its connect included."""
    return _node("gap", compiled, port, count, size, identity)[0] / 1000


def _node(
    what: str, compiled: Path, port: int, count: int, size: int, identity: Path | None
) -> tuple[int, ...]:
    """The figures that tests/system/mqtt_bench_node.py prints."""
    command = [*find_interpreter().command, "-X", "heapsize=400K", _NODE, what, port, count, size]
    command += [] if identity is None else [identity]
    ran = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=120,
        env={**os.environ, "MICROPYPATH": f"{compiled}:.frozen"},
    )
    return tuple(int(word) for word in ran.stdout.split())


def publisher() -> str | None:
    """mosquitto_pub, or None where mosquitto-clients is not installed."""
    return shutil.which("mosquitto_pub")


def publisher_rate(
    port: int, count: int, size: int, window: int, identity: Path | None = None
) -> int:
    """The same with `mosquitto_pub -l`: it ends when all is acknowledged."""
    program = publisher()
    assert program is not None
    command = [program, "-h", HOST, "-p", str(port), "-l", "-q", "1", "-M", str(window)]
    command += ["--nodelay", "-t", "nodewright/bench/mosquitto_pub/report"]
    if identity is not None:
        for option, name in (("--cafile", "ca"), ("--cert", "certificate"), ("--key", "key")):
            command += [option, str(identity / f"{name}.pem")]
    count *= _LONGER
    began = time.perf_counter()
    subprocess.run(command, input=(b"x" * size + b"\n") * count, check=True, timeout=120)
    return int(count / (time.perf_counter() - began))


def paho_rate(port: int, count: int, size: int, window: int, identity: Path | None = None) -> int:
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
    if identity is not None:
        client.tls_set(
            str(identity / "ca.pem"), str(identity / "certificate.pem"), str(identity / "key.pem")
        )
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


def bytes_a_report(
    port: int, identity: Path | None = None, first: int = _FIRST, last: int = _LAST
) -> tuple[float, float]:
    """(sent, received) for each report of a node, its health included."""
    sys.path.insert(0, str(_NODE.parent.parent))
    node_rig = importlib.import_module("system.node_rig")
    taken = [0, 0]
    with FaultProxy(port) as proxy:

        def down(data: bytes) -> bytes:
            taken[1] += len(data)
            return data

        proxy.downstream = down
        rig = node_rig.NodeRig(proxy.port)
        rig.measured.update(samples=1024)
        rig.every_ms(2000)
        files = {}
        if identity is not None:
            rig.settings["mqtt"].update(tls=True)
            files = {
                f"/identity/{name}.der": (identity / f"{name}.der").read_bytes()
                for name in ("ca", "certificate", "key")
            }
        marks = []
        with rig.board(files) as board:
            for seq in (first, last):
                board.wait_for("acked", 60, lambda event, seq=seq: event.facts["seq"] == str(seq))
                marks.append((sum(map(len, proxy.upstream_log)), taken[1]))
    (up, got), (up_then, got_then) = marks
    count = last - first
    return (up_then - up) / count, (got_then - got) / count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--bytes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    size, count = given.bytes, given.count
    rates: dict[str, list[int]] = {}
    heaps: dict[str, tuple[int, ...]] = {}
    gaps: dict[str, list[float]] = {}
    wire: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory(prefix="nodewright-bench-") as name:
        compiled = Path(name) / "mpy"
        compile_uplink(compiled)
        folder = make_identities(Path(name))
        broker, plain, sealed = start_broker(folder)
        try:
            for kind, port, identity in (("TCP", plain, None), ("TLS", sealed, folder)):
                wire[kind] = bytes_a_report(port, identity)
            for _ in range(given.rounds):
                for kind, port, identity in (("TCP", plain, None), ("TLS", sealed, folder)):
                    rate, *figures = node_rate(compiled, port, count, size, identity)
                    heaps[kind] = tuple(figures)
                    rates.setdefault(f"{kind}: node, window 8", []).append(rate)
                    for window in (8, 20):
                        rate = paho_rate(port, count, size, window, identity)
                        rates.setdefault(f"{kind}: paho, window {window}", []).append(rate)
                        if publisher() is not None:
                            rate = publisher_rate(port, count, size, window, identity)
                            who = f"{kind}: mosquitto_pub -l, window {window}"
                            rates.setdefault(who, []).append(rate)
                    gap = node_gap_ms(compiled, port, _GAP_COUNT, size, identity)
                    gaps.setdefault(kind, []).append(gap)
        finally:
            broker.terminate()
            broker.wait()
    print(f"QoS 1, {size} bytes, {count} messages, {given.rounds} rounds, {find_interpreter()}")
    for who, found in rates.items():
        median = int(statistics.median(found))
        print(f"  {who:<32} {median:>7} messages/s   ({min(found)} to {max(found)})")
    if publisher() is None:
        print("  mosquitto_pub is not installed (apt install mosquitto-clients): left out")
    for kind, found_ms in gaps.items():
        print(
            f"longest gap of another task, {kind}, connect included: {min(found_ms):.1f} to "
            f"{max(found_ms):.1f} ms in {len(found_ms)} runs"
        )
    for kind, (up, down) in wire.items():
        print(f"bytes a report, {kind}: {up:.0f} up, {down:.0f} down, the node's health with it")
    for kind, (code, idle, peak, queue) in heaps.items():
        print(
            f"heap on 64 bit, {kind}: code {code} bytes, connected client {idle}, "
            f"{peak} with a full window; an outbox of 64 {queue}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
