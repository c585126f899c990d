"""A virtual board on CPython: the same twins, the same firmware as source, the same console.

The node's files lie in a folder, spec["files"], in place of a flash image; there is no REPL, but
with spec["prompt"] agents can be sent to it, and its programs do not run (prompt.py).
"""

import json
import os
import signal
import sys

import sim.cpython
from sim.cpython import modules, ported, prompt
from sim.cpython.files import Files
from sim.cpython.report import print_exception

sim.cpython.install()
ported.install()

# They need what is installed.
from sim import analogue, machine, network, onewire, power, rp2, select, time  # noqa: E402
from sim.cpython import loop  # noqa: E402
from sim.pacer import Pacer  # noqa: E402
from sim.wiring import build_buses  # noqa: E402
from sim.world import World  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from sim.cpython.modules import NodeModules

READY = "\x00ready\x00"  # firmware/sim/board.py


def start(spec_path: str) -> None:
    """Build the board, run its programs, and wait for the supervisor to end it.

    Returns where a prompt was asked for, and nothing more comes.
    """
    try:
        with open(spec_path, encoding="utf-8") as file:
            spec = json.load(file)
        node = _build(spec)
    except Exception as error:
        print_exception(error)
        sys.stdout.flush()
        power.end_stillborn()
    sys.stdout.write(READY)
    sys.stdout.flush()
    if spec.get("prompt"):
        prompt.serve(node.builtins)
        return
    try:
        _run(node, spec["files"] + "/boot.py")
        if spec.get("run_main", True):
            _run(node, spec["files"] + "/main.py")
    except SystemExit:
        power.end_softly()
    _idle()


def _build(spec: "dict[str, Any]") -> "NodeModules":
    """Twins in place; the node's modules can be imported."""
    world = World(spec, _open_host, Pacer() if spec.get("realtime") else None)
    time.attach(world)
    select.attach(world)
    network.attach(world)
    buses = build_buses(spec, world)
    machine.attach(world, buses)
    onewire.attach(world, buses)
    analogue.attach(world, buses)
    rp2.attach(world)
    sys.modules["machine"] = machine
    sys.modules["network"] = network
    sys.modules["_onewire"] = onewire
    if spec.get("dma", True):
        sys.modules["rp2"] = rp2
    loop.install(world)
    files = Files(spec["files"])
    twins = {"os": files.module(), "time": time, "select": select}
    node = modules.NodeModules(os.path.realpath(spec["files"]), twins, {"open": files.open})
    modules.install(node)
    return node


def _open_host(path: str, mode: str) -> "Any":
    """A file of the host for the twins, unbuffered as theirs are on MicroPython."""
    return open(path, mode, buffering=0)


def _run(node: "NodeModules", path: str) -> None:
    if not os.path.exists(path):
        return
    try:
        node.run(path)
    except (Exception, KeyboardInterrupt) as error:
        print_exception(error)
    sys.stdout.flush()


def _idle() -> "NoReturn":
    """The programs have ended: where a board has its REPL, here is nothing but its end."""
    while True:
        try:
            signal.pause()
        except KeyboardInterrupt:
            continue
