"""A node of the fleet on a virtual board, lying still on the bench."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nodewright import twins
from nodewright.flash import facts
from nodewright.fleet.secret import Secrets
from nodewright.image.files import SETTINGS
from nodewright.image.node import ImageMaker, NodeImage
from nodewright.link.repl import Repl
from nodewright.offline import Runtime
from nodewright.pki.errors import NoIdentity
from nodewright.validate import load
from nodewright.validate.bench import AtPort, DeviceBench, Expected
from nodewright.validate.load import Load, OnBench
from nodewright.validate.result import Place
from nodewright.virtual import VirtualBoard

# Of firmware/sim/machines.py: nothing moves.
_STILL = {
    "unbalance_mm_s": 0.0,
    "misalignment_mm_s": 0.0,
    "looseness_mm_s": 0.0,
    "passing_mm_s": 0.0,
    "hum_mm_s": 0.0,
    "noise_ug_rt_hz": 0,
    "fault": None,
}

_ALL_ON = [[0, "run"]]
_DRIVEN = 0.4  # of what the input of the most sensitive clamp takes: the load's peak

Change = Callable[[dict[str, Any]], None]


def expected_of(folder: Path, node: str, secrets: Secrets, arch: str | None) -> Expected:
    """What the fleet makes of a node; arch: of a virtual board's interpreter, None: its own's."""

    def make(maker: ImageMaker) -> NodeImage:
        return maker.make(node) if arch is None else maker.make_virtual(node, arch)

    try:
        image = make(ImageMaker(folder, secrets))
    except NoIdentity:
        image = make(ImageMaker(folder, secrets, identity=False))
    settings = json.loads(image.files[SETTINGS])
    return Expected(node, settings["fleet"], image.board, settings, image.files, image)


def device_bench(folder: Path, node: str, secrets: Secrets, port: str) -> DeviceBench:
    """The board at a port, against the image for its kind.  A virtual board's port is one, too."""
    with Repl(port) as repl:
        found = facts.read(repl)
        expected = expected_of(folder, node, secrets, found.arch if found.virtual else None)
        on_bench = load.read(folder)
        repl.restarts = False  # the bench asks at once
    return DeviceBench(expected, port, on_bench)


def around(settings: Mapping[str, Any]) -> OnBench:
    """A known load, of which every clamp of the node has something to say."""
    peaks_a = [
        _DRIVEN * abs(row["per_volt"]) * sensor["full_scale_v"] / 2
        for sensor in settings["sensors"]
        if sensor["kind"] == "current"
        for row in sensor["inputs"]
        if row["quantity"] == "current"
    ]
    return OnBench(Load(min(peaks_a) / math.sqrt(2)) if peaks_a else None)


def description(expected: Expected, change: Change | None = None) -> dict[str, Any]:
    """Of a virtual board on the bench (docs/architecture.md, "Twins")."""
    part = expected.board.flash
    spec = {
        **twins.around(expected.settings, "pump"),
        "unique_id": expected.unique_id or twins.unique_id(expected.node),
        "flash": {
            "block_bytes": part.block_bytes,
            "prog_bytes": part.prog_bytes,
            "read_bytes": part.read_bytes,
            "lookahead_bytes": part.lookahead_bytes,
        },
    }
    load = around(expected.settings).load
    for bus in spec["buses"]:
        for chip in bus["chips"]:
            _calm(chip, 0.0 if load is None else load.amps)
    if change is not None:
        change(spec)
    return spec


def _calm(chip: dict[str, Any], amps: float) -> None:
    """What a twin feels: nothing that moves; and a known load flows."""
    for row in chip.get("inputs", ()):
        if "constant" in row and row["constant"] == 1.0:
            row["constant"] = amps
    source = chip.get("source")
    if not isinstance(source, dict):
        return
    if source["kind"] == "machine":
        source["machine"] |= _STILL
    if source["kind"] == "motor":
        source |= {"amps": amps, "timeline": _ALL_ON, "harmonics": []}


class VirtualBench(AtPort):
    """A virtual board with twins of the node's sensors.

    change: what is different about its description, or its image: for tests, which plant faults.
    """

    place: Place = "virtual"

    def __init__(
        self,
        expected: Expected,
        runtime: Runtime,
        change: Change | None = None,
        flash: Callable[[bytes], bytes] | None = None,
        heap_bytes: int | None = None,
    ) -> None:
        super().__init__(expected, around(expected.settings))
        image = expected.image
        spec = description(expected, change)
        data = image.file_system if flash is None else flash(image.file_system)
        self.board = VirtualBoard(
            data, spec, runtime.interpreter, heap_bytes or image.board.heap_bytes
        )

    def start(self) -> None:
        self.board.start(program=False)  # which would only be interrupted
        self.open(self.board.port, restarts=False)

    def stop(self) -> None:
        super().stop()
        self.board.stop()
