"""Makes a virtual board out of its description: twins in place, flash mounted, programs run."""

import gc
import io
import json
import os
import sys

import vfs

from sim import power
from sim.flash import Flash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PATH = ("", ".frozen", "/lib")  # as boards have it

# Written before the first program runs: from here on Ctrl-C is an interrupt.  The supervisor takes
# it out of the console.  host/nodewright/virtual.py knows the same bytes.
READY = "\x00ready\x00"


def start(spec_path: str, scope: "dict[str, Any]") -> None:
    """Build the board, then run /boot.py and /main.py as it does; what they raise is printed.

    scope: the globals of both, and of the REPL, which find in it what a board has there: nothing.
    """
    try:
        run_main = _build(spec_path, scope)
    except Exception as error:
        sys.print_exception(error)  # type: ignore[attr-defined]
        power.end_stillborn()
    sys.stdout.write(READY)
    try:
        _run_file("boot.py", scope)
        if run_main:
            _run_file("main.py", scope)
    except SystemExit:
        power.end_softly()


def _build(spec_path: str, scope: "dict[str, Any]") -> bool:
    """Twins in place, flash mounted; whether main.py is to run."""
    host = vfs.VfsPosix()
    with host.open(spec_path, "r") as file:
        spec = json.load(file)
    _install(spec, host)
    _hide_ourselves(scope)
    gc.threshold(-1)  # as boards start
    if spec.get("measure"):
        # What the twins take of the heap, before the board takes any.
        gc.collect()
        print(gc.mem_alloc())  # type: ignore[attr-defined]
        raise SystemExit(0)
    _mount(spec["flash"], host)
    return bool(spec.get("run_main", True))


def _hide_ourselves(scope: "dict[str, Any]") -> None:
    """The node finds what is on its flash, nothing of ours."""
    sys.path[:] = _PATH
    sys.argv[:] = []
    for name in list(sys.modules):
        if name == "sim" or name.startswith("sim."):
            del sys.modules[name]
    for name in list(scope):
        if name != "__name__":
            del scope[name]


def _install(spec: "dict[str, Any]", host: "Any") -> None:
    from sim import analogue, machine, network, onewire, rp2, select, time
    from sim import gc as collector
    from sim.pacer import Pacer
    from sim.wiring import build_buses
    from sim.world import World

    sys.modules["gc"] = collector
    sys.modules["time"] = time
    sys.modules["select"] = select
    # Not before: the queue takes its ticks from the twin.
    from sim import tasks

    sys.modules["_asyncio"] = tasks
    sys.modules["machine"] = machine
    sys.modules["network"] = network
    sys.modules["_onewire"] = onewire
    if spec.get("dma", True):
        sys.modules["rp2"] = rp2
    world = World(spec, host.open, Pacer() if spec.get("realtime") else None)
    time.attach(world)
    select.attach(world)
    network.attach(world)
    buses = build_buses(spec, world)
    machine.attach(world, buses)
    onewire.attach(world, buses)
    analogue.attach(world, buses)
    rp2.attach(world)


def _mount(flash: "dict[str, Any]", host: "Any") -> None:
    device = Flash(host.open(flash["path"], "r+b"), flash["block_bytes"])
    # First, so that a flash without a file system leaves the board as it was.
    files = vfs.VfsLfs2(
        device,
        readsize=flash["read_bytes"],
        progsize=flash["prog_bytes"],
        lookahead=flash["lookahead_bytes"],
    )
    vfs.umount("/")
    vfs.mount(files, "/")
    if "rp2" in sys.modules:
        sys.modules["rp2"].Flash = lambda: device  # type: ignore[attr-defined]
    os.chdir("/")


def _run_file(name: str, scope: "dict[str, Any]") -> None:
    try:
        try:
            os.stat(name)
        except OSError:
            return
        execfile(name, scope)  # type: ignore[name-defined]  # noqa: F821  MicroPython has it
    except (Exception, KeyboardInterrupt) as error:
        _report(error)


def _report(error: BaseException) -> None:
    """Print a traceback without the line of this file, which no board has."""
    text = io.StringIO()
    sys.print_exception(error, text)  # type: ignore[attr-defined]
    for line in text.getvalue().splitlines():
        if 'sim/board.mpy"' not in line:
            print(line)
