"""How much of a board's heap a node's settings take: an estimate, from what was measured.

Bytes of a 32-bit board; the sources are docs/performance.md and docs/decisions/0014-fleet.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from nodewright.fleet.finding import Finding
from nodewright.fleet.model import Set
from nodewright.fleet.resolve import NodeOf

# Firmware, interpreter's tables and MQTT client, without records: what a virtual board with one
# sensor took of its heap at its lowest, less its buffers, by the word's length.
FIRMWARE_BYTES = 82_000
SENSOR_BYTES = 3_000  # a driver's code and its buffer
CYCLE_BYTES = 4_600  # garbage of one record
WORK_BYTES, WORK_BYTES_A_SAMPLE = 5_600, 6.2  # 11.9 KB at 1024 samples, 30.9 KB at 4096
RECORD_BYTES_A_SAMPLE = 6  # three axes of int16
FULL_SPECTRUM_BYTES_A_SAMPLE = 1.4  # 5.7 KB at 4096
ENVELOPE_BYTES_A_SAMPLE = 6  # sums of the spectra of five bands, and their buffers
REPORT_BYTES = 600
LEAST_REPORTS = 2
SPARE_BYTES = 8_000


@dataclass(frozen=True)
class Need:
    """Bytes of heap by what takes them, and how many there are."""

    parts: dict[str, int]
    heap_bytes: int

    @property
    def total_bytes(self) -> int:
        return sum(self.parts.values())


def estimate(node: NodeOf) -> Need:
    """Blocks and work space are shared by all sets of a node: the longest decides."""
    waveforms = [given for sensor in node.sensors for _, given in sensor.sets if _has_wave(given)]
    longest = max((given.samples for given in waveforms), default=0)
    spectrum = max((given.samples for given in waveforms if given.spectrum == "full"), default=0)
    envelope = max((given.samples for given in waveforms if _has_envelope(given)), default=0)
    parts = {
        "firmware": FIRMWARE_BYTES,
        "sensors": SENSOR_BYTES * len(node.sensors),
        "record": RECORD_BYTES_A_SAMPLE * longest,
        "work space": round(WORK_BYTES + WORK_BYTES_A_SAMPLE * longest) if longest else 0,
        "envelope": ENVELOPE_BYTES_A_SAMPLE * envelope,
        "spectrum": round(FULL_SPECTRUM_BYTES_A_SAMPLE * spectrum),
        "cycle": CYCLE_BYTES,
        "reports": LEAST_REPORTS * REPORT_BYTES,
        "spare": SPARE_BYTES,
    }
    return Need(parts, node.board.heap_bytes)


def check(node: NodeOf) -> Iterator[Finding]:
    need = estimate(node)
    if need.total_bytes <= need.heap_bytes:
        return
    longest = max(
        (
            (given.samples, name)
            for sensor in node.sensors
            for name, given in sensor.sets
            if _has_wave(given)
        ),
        default=(0, ""),
    )
    value = f"needs about {need.total_bytes // 1024} KB of heap"
    allowed = f"{need.heap_bytes // 1024} KB, which {node.board.name} has"
    cure = (
        f"{longest[0]} samples of set {longest[1]} take the most: take fewer, or another board"
        if longest[0]
        else "fewer sensors, or another board"
    )
    yield Finding((*node.path, "board"), value, allowed, cure)


def _has_wave(given: Set) -> bool:
    return given.kind == "waveform"


def _has_envelope(given: Set) -> bool:
    return any(key.startswith(("env_", "bearing_")) for key in given.features)
