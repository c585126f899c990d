"""What mbedTLS takes beside MicroPython's heap: its calls of malloc, counted on the unix runtime.

    python tools/bench_tls_memory.py

Boards have the same configuration of mbedTLS (docs/performance.md, "Memory of TLS"), pointers half
as long.  A library that counts malloc (tools/count_malloc.c, by the system's `cc`, for glibc) is
put before the runtime.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import bench_mqtt

from nodewright.data import firmware_dir
from nodewright.interpreter import find_interpreter

_HERE = Path(__file__).parent
_NODE = _HERE.parent / "tests" / "system" / "tls_memory_node.py"


def measure(folder: Path) -> dict[str, tuple[int, int]]:
    """(bytes held, the most since the mark before) at each mark."""
    library = folder / "count_malloc.so"
    words = ["cc", "-shared", "-fPIC", "-O1", "-o", library, _HERE / "count_malloc.c"]
    subprocess.run([str(word) for word in words], check=True)
    identity = bench_mqtt.make_identities(folder)
    broker, _, port = bench_mqtt.start_broker(folder)
    try:
        ran = subprocess.run(
            [*find_interpreter().command, "-X", "heapsize=400K", _NODE, str(port), identity],
            stderr=subprocess.PIPE,
            text=True,
            check=True,
            timeout=60,
            env={
                **os.environ,
                "MICROPYPATH": f"{firmware_dir()}:.frozen",
                "LD_PRELOAD": str(library),
            },
        )
    finally:
        broker.terminate()
        broker.wait()
    lines = (line.split() for line in ran.stderr.splitlines() if line.startswith("mark "))
    return {name: (int(held), int(most)) for _, name, held, most in lines}


def main() -> int:
    if shutil.which("cc") is None:
        print("no C compiler (cc): nothing is counted")
        return 0
    with tempfile.TemporaryDirectory(prefix="nodewright-tls-") as name:
        found = measure(Path(name))
    begin, _ = found["begin"]
    identity, _ = found["identity"]
    held, most = found["connected"]
    closed, _ = found["closed"]
    print(f"CA, certificate, key: {identity - begin} bytes")
    print(f"a connection: {held - identity} bytes, at its handshake's height {most - identity}")
    print(f"left after it was closed: {closed - begin} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
