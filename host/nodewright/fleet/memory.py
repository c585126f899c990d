"""How much of a board's heap a node's settings take: an estimate, from what was measured.

Bytes of a 32-bit board; the sources are docs/performance.md and docs/decisions/0014-fleet.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from nodewright.fleet.finding import Finding
from nodewright.fleet.model import Set
from nodewright.fleet.resolve import NodeOf
from nodewright.fleet.units import kilobytes
from wire import settings, validity

# On a chip, by tools/bench_memory.py; and on a virtual board, whose heap is doubled for 64 bits,
# though bytecode is as long there and native code lies beside it (docs/decisions/0028-heap.md).
FIRMWARE_BYTES, VIRTUAL_FIRMWARE_BYTES = 125_000, 114_000  # with the MQTT client; no TLS
# 0028 and docs/performance.md, "Memory of TLS": its code and a client of its kind; what mbedTLS
# takes at the height of a handshake (CA, certificate and key included), where that is
# MicroPython's heap.
TLS_CODE_BYTES, TLS_HANDSHAKE_BYTES = 8_000, 31_000
NAMES_BYTES, DATE_BYTES = 5_000, 4_000  # the same: code and state, where settings need them
SENSOR_BYTES = 3_000  # a driver's code and its buffer
FEATURE_BYTES = 250  # a feature of a report, of all channels
CYCLE_BYTES = 4_600  # garbage of one record
WORK_BYTES, WORK_BYTES_A_SAMPLE = 5_600, 7.0  # kernels' data and tables
RECORD_BYTES_A_SAMPLE = 6  # three axes of int16
FULL_SPECTRUM_BYTES_A_SAMPLE = 3.4  # levels, base64 and the message
ENVELOPE_BYTES, VIRTUAL_ENVELOPE_BYTES = 34_000, 12_000  # code, the native one of a chip included
ENVELOPE_BYTES_A_SAMPLE = 2  # one band's work
SUM_BYTES_A_SAMPLE = 1.7  # of each axis: the sums of five bands' spectra (docs/decisions/0013)
# Where channels take turns (0022) there is one axis, and a band works in its block; where no set
# of that length takes them together, the data of the kernels are in the other two blocks.
DATA_BYTES_A_SAMPLE = 4
VIBRATION_BYTES = 9_000  # code that a node does without where all of its sets are of bearings
# Clamps of 1024 samples beside an accelerometer of 2048: 69 KB of a heap of 64 bits, where code
# counts twice; alone, 18.1 KB for each 1024 samples of three inputs, blocks included.
CLAMPS_BYTES, CLAMPS_BYTES_A_SAMPLE = 34_000, 6  # code; sums of the features, a table
INPUT_BYTES_A_SAMPLE = 2  # what DMA writes, beside its block
NO_PAUSE_MS = 60  # less is none: the next record begins before the last is computed
WORD_BYTES = 4  # of the kernels' work array, a sample
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
    waveforms = _waveforms(node)
    longest = max((given.samples for given in waveforms), default=0)
    clamped = [
        (given.samples, len(sensor.given.inputs), _runs_on(given))
        for sensor in node.sensors
        for _, given in sensor.sets
        if given.kind == "current"
    ]
    clamps = max(
        (
            CLAMPS_BYTES + _own_samples(samples, inputs, runs_on, longest)
            for samples, inputs, runs_on in clamped
        ),
        default=0,
    )
    record = max([longest, *(samples for samples, _, _ in clamped)])
    spectrum = max((given.samples for given in waveforms if given.spectrum == "full"), default=0)
    features = max((len(given.features) for given in waveforms), default=0)
    parts = {
        "firmware": VIRTUAL_FIRMWARE_BYTES if _is_virtual(node) else FIRMWARE_BYTES,
        **_link(node),
        "sensors": SENSOR_BYTES * len(node.sensors),
        "features": FEATURE_BYTES * features,
        "record": RECORD_BYTES_A_SAMPLE * record,
        "clamps": clamps,
        "work space": _work_bytes(waveforms, longest),
        "envelope": _envelope_bytes(node),
        "spectrum": round(FULL_SPECTRUM_BYTES_A_SAMPLE * spectrum),
        "cycle": CYCLE_BYTES,
        "reports": LEAST_REPORTS * REPORT_BYTES,
        "spare": SPARE_BYTES,
    }
    return Need(parts, node.board.heap_bytes)


def _work_bytes(waveforms: list[Set], longest: int) -> int:
    """Kernels, and the code of the features that are no bearing's."""
    if not longest:
        return 0
    found = WORK_BYTES + WORK_BYTES_A_SAMPLE * longest
    if all(_in_turn(given) for given in waveforms if given.samples == longest):
        found -= DATA_BYTES_A_SAMPLE * longest
    if all(_bearing_alone(given) for given in waveforms):
        found -= VIBRATION_BYTES
    return round(found)


def _envelope_bytes(node: NodeOf) -> int:
    """Of all sets with an envelope: each has sums of its own."""
    found = 0.0
    for sensor in node.sensors:
        for _, given in sensor.sets:
            if _has_wave(given) and _has_envelope(given):
                found = found or (VIRTUAL_ENVELOPE_BYTES if _is_virtual(node) else ENVELOPE_BYTES)
                if _in_turn(given):
                    found += SUM_BYTES_A_SAMPLE * given.samples
                else:
                    axes = len(sensor.channels)
                    each = ENVELOPE_BYTES_A_SAMPLE + SUM_BYTES_A_SAMPLE * axes
                    found += each * given.samples
    return round(found)


def _is_virtual(node: NodeOf) -> bool:
    return node.board.name == "virtual"


def _link(node: NodeOf) -> dict[str, int]:
    """TLS, the look-up of names, and the date, where the node's settings ask for them."""
    network, broker = node.network, node.broker
    if network is None or broker is None or not node.board.wifi:
        return {}
    tls = TLS_CODE_BYTES if broker.tls else 0
    if broker.tls and node.board.tls_heap == "micropython":
        tls += TLS_HANDSHAKE_BYTES
    hosts = [broker.host, *broker.spares, *network.ntp]
    named = any(not _is_address(host.partition(":")[0]) for host in hosts)
    return {
        "TLS": tls,
        "names": NAMES_BYTES if named else 0,
        "date": DATE_BYTES if network.ntp else 0,
    }


def _runs_on(given: Set) -> bool:
    """Whether samples come while another record is computed (node/current_set.py)."""
    if given.start is not None:
        return True
    if given.every is None or given.rate is None:
        return False
    return given.every * 1000 - given.samples * 1000 / given.rate < NO_PAUSE_MS


def _own_samples(samples: int, inputs: int, runs_on: bool, longest: int) -> int:
    """What a set of clamps has of its own by its length: it works where an accelerometer's kernels
    do, if these are longer, and takes its record there, too, if it ends before they begin."""
    written = INPUT_BYTES_A_SAMPLE * inputs * samples
    if longest < samples:
        return samples * CLAMPS_BYTES_A_SAMPLE + written
    return written if runs_on or written > WORD_BYTES * longest else 0


def check(node: NodeOf) -> Iterator[Finding]:
    need = estimate(node)
    if need.total_bytes <= need.heap_bytes:
        return
    path, there = (*node.path, "board"), kilobytes(need.heap_bytes)
    # It is over that, also by less than half a KB.
    value = f"needs about {max(kilobytes(need.total_bytes), there + 1)} KB of heap"
    if node.board.programmer == "esptool":
        # ESP-IDF gives MicroPython more than it begins with, how much is known on the board alone.
        allowed = f"{there} KB, which {node.board.name} has for certain: its heap grows beyond"
        cure = "look at heap_free_bytes in its health, and take fewer samples if it is short there"
        yield Finding(path, value, allowed, cure, "warning")
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
    allowed = f"{there} KB, which {node.board.name} has"
    cure = "fewer sensors, or another board"
    if longest[0]:
        fitting = _most_samples(node, longest[0])
        fit = f": at most {fitting} fit in a set; or" if fitting else ", and no fewer fit:"
        cure = f"{longest[0]} samples of set {longest[1]} take the most{fit} another board"
    if any(_has_envelope(given) and not _in_turn(given) for given in _waveforms(node)):
        cure += "; with blocks = 8 the channels take turns, in a third of the memory"
    tls = need.parts.get("TLS", 0)
    cure += f"; TLS takes {kilobytes(tls)} KB" if tls else ""
    yield Finding(path, value, allowed, cure)


def _most_samples(node: NodeOf, below: int) -> int | None:
    """The longest record with which the node fits, if none of its accelerometers' is longer."""
    for samples in sorted((one for one in settings.SAMPLES if one < below), reverse=True):
        need = estimate(_capped(node, samples))
        if need.total_bytes <= need.heap_bytes:
            return samples
    return None


def _capped(node: NodeOf, samples: int) -> NodeOf:
    def shorter(given: Set) -> Set:
        if not _has_wave(given) or given.samples <= samples:
            return given
        return given.model_copy(update={"samples": samples})

    sensors = (
        replace(sensor, sets=tuple((name, shorter(given)) for name, given in sensor.sets))
        for sensor in node.sensors
    )
    return replace(node, sensors=tuple(sensors))


def _is_address(host: str) -> bool:
    try:
        IPv4Address(host)
    except ValueError:
        return False
    return True


def _waveforms(node: NodeOf) -> list[Set]:
    return [given for sensor in node.sensors for _, given in sensor.sets if _has_wave(given)]


def _in_turn(given: Set) -> bool:
    return validity.in_turn(given.blocks, given.features)


def _bearing_alone(given: Set) -> bool:
    found = all(validity.of_bearing(key) for key in given.features)
    return found and given.spectrum == "none"


def _has_wave(given: Set) -> bool:
    return given.kind == "waveform"


def _has_envelope(given: Set) -> bool:
    return any(validity.of_bearing(key) for key in given.features)
