"""How much of a board's heap a node's settings take: an estimate, from what was measured.

Bytes of a 32-bit board; the sources are docs/performance.md and docs/decisions/0014-fleet.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from nodewright.fleet.finding import Finding, Level
from nodewright.fleet.model import Set
from nodewright.fleet.resolve import NodeOf

# Fitted to the lowest free heap of virtual boards with 256 to 4096 samples, 7 to 35 features, with
# and without envelope and full spectra: at most 4 % above each, never below.
FIRMWARE_BYTES = 114_000  # with the MQTT client and what stays of the settings; no TLS
SENSOR_BYTES = 3_000  # a driver's code and its buffer
FEATURE_BYTES = 250  # a feature of a report, of all channels
CYCLE_BYTES = 4_600  # garbage of one record
WORK_BYTES, WORK_BYTES_A_SAMPLE = 5_600, 6.2  # 11.9 KB at 1024 samples, 30.9 KB at 4096
RECORD_BYTES_A_SAMPLE = 6  # three axes of int16
FULL_SPECTRUM_BYTES_A_SAMPLE = 3.4  # levels, base64 and the message
ENVELOPE_BYTES, ENVELOPE_BYTES_A_SAMPLE = 12_000, 4.7  # code; sums of the spectra of five bands
# Clamps beside an accelerometer, at 1024 samples: 54 KB of a virtual board's 64-bit heap, in which
# code counts twice.
CLAMPS_BYTES, CLAMPS_BYTES_A_SAMPLE = 22_000, 4  # code; sums of the features
INPUT_BYTES_A_SAMPLE = 2  # what DMA writes while the last record is computed
REPORT_BYTES = 600
LEAST_REPORTS = 2
SPARE_BYTES = 2_000


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
    clamped = [
        (given.samples, len(sensor.given.inputs))
        for sensor in node.sensors
        for _, given in sensor.sets
        if given.kind == "current"
    ]
    clamps = max(
        (
            CLAMPS_BYTES + samples * (CLAMPS_BYTES_A_SAMPLE + INPUT_BYTES_A_SAMPLE * inputs)
            for samples, inputs in clamped
        ),
        default=0,
    )
    record = max([longest, *(samples for samples, _ in clamped)])
    spectrum = max((given.samples for given in waveforms if given.spectrum == "full"), default=0)
    envelope = max((given.samples for given in waveforms if _has_envelope(given)), default=0)
    features = max((len(given.features) for given in waveforms), default=0)
    parts = {
        "firmware": FIRMWARE_BYTES,
        "sensors": SENSOR_BYTES * len(node.sensors),
        "features": FEATURE_BYTES * features,
        "record": RECORD_BYTES_A_SAMPLE * record,
        "clamps": clamps,
        "work space": round(WORK_BYTES + WORK_BYTES_A_SAMPLE * longest) if longest else 0,
        "envelope": round(ENVELOPE_BYTES + ENVELOPE_BYTES_A_SAMPLE * envelope) if envelope else 0,
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
    # ESP-IDF gives MicroPython more than it begins with, how much is known on the board alone.
    level: Level = "warning" if node.board.programmer == "esptool" else "error"
    value = f"needs about {need.total_bytes // 1024} KB of heap"
    allowed = f"{need.heap_bytes // 1024} KB, which {node.board.name} has"
    cure = (
        f"{longest[0]} samples of set {longest[1]} take the most: take fewer, or another board"
        if longest[0]
        else "fewer sensors, or another board"
    )
    yield Finding((*node.path, "board"), value, allowed, cure, level)


def _has_wave(given: Set) -> bool:
    return given.kind == "waveform"


def _has_envelope(given: Set) -> bool:
    return any(key.startswith(("env_", "bearing_")) for key in given.features)
