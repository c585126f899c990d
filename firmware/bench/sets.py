"""The node's own measurement sets, run as its program runs them, while interrupts come and go."""

import asyncio
import gc
import json
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LOAD_MS = 5  # between two interrupts: more than a busy network makes
_LOAD_ROUNDS = 20
_kept: "dict[str, Any]" = {}


class _NoSpectra:
    """Where spectra would go."""

    def offer(self, *_what: object) -> None:
        pass


def make() -> int:
    """All sets of the settings; the heap that is free then."""
    from node import dsp, sets
    from node.health import Health

    with open("/settings.json") as file:
        settings = json.load(file)
    _kept["health"] = health = Health()
    backend = dsp.backend(settings["dsp"]["backend"])
    _kept["sets"] = sets.make(settings, backend, health, _NoSpectra())  # type: ignore[arg-type]
    gc.collect()
    return gc.mem_free()


def run(name: str) -> "dict[str, Any]":
    """One turn of a set under load: what its report would say, and how it went."""
    timer = _timer()
    timer.init(period=_LOAD_MS, mode=timer.PERIODIC, callback=_work)
    _kept["turns"] = 0
    health = _kept["health"]
    health.stages_us.clear()
    begin_ticks = time.ticks_ms()
    try:
        measured = next(made for made in _kept["sets"] if made.name == name)
        asyncio.run(measured.run())
    finally:
        timer.deinit()
    result = measured.result
    return {
        "record": result.record,
        "channels": result.channels,
        "withheld": result.withheld,
        "marked": result.marked,
        "faults": result.faults,
        "stages_us": health.stages_us,
        "took_ms": time.ticks_diff(time.ticks_ms(), begin_ticks),
        "interrupts": _kept["turns"],
        "heap_free": health.collect(),
    }


def _timer() -> "Any":
    import machine

    try:
        return machine.Timer(-1)  # RP2: virtual timers only
    except ValueError:
        return machine.Timer(1)  # ESP32: numbered ones only; 0 feeds the watchdog


def _work(_timer: object) -> None:
    """As long as a packet of the network keeps the CPU."""
    total = 0
    for i in range(_LOAD_ROUNDS):
        total += i
    _kept["turns"] += 1
