"""The node's own features of currents over records of clamps, in one process of a runtime."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodewright import offline, scratch
from wire import features

_ELSEWHERE = ("cur_inrush_", "cur_run", "cur_start", "cur_load", "cur_turns_", "cur_dc_")
# Of a record; the others are of a motor's life, of a switch-on or of direct currents.
KEYS = tuple(key for key in features.CURRENT_KEYS if not key.startswith(_ELSEWHERE))


@dataclass(frozen=True)
class Record:
    """One record of one to three currents, with the voltages of the first of them, or none.

    digits: int16[channels, N], currents then voltages; per_digit: A, then V; the others as
    `node.current.Current` takes them.
    """

    digits: NDArray[np.int16]
    per_digit: Sequence[float]
    rate_hz: float
    currents: int = 1
    rate_ppm: float | None = 50.0
    noise_a: Sequence[float] | None = None
    delays_us: Sequence[float] | None = None
    pole_pairs: int | None = None
    jitter_us: float = 0.0


def run(
    records: Sequence[Record],
    runtime: offline.Runtime,
    *,
    backend: str = "viper",
    keys: Sequence[str] = KEYS,
    limit_s: float | None = None,
) -> list[list[offline.Values]]:
    """What the node says of each current of each record.  Raises as `offline.run` does."""
    offline.check(runtime, backend)
    job: dict[str, Any] = {
        "backend": backend,
        "keys": list(keys),
        "current": "node.current",
        "records": [_as_job(record) for record in records],
    }
    try:
        with scratch.folder("offline") as folder:
            digits = [record.digits for record in records]
            lines, output = offline.execute(digits, runtime, job, limit_s, folder)
    except OSError as error:
        raise offline.OfflineError(str(runtime), f"could not be run: {error}") from error
    if len(lines) != sum(record.currents for record in records):
        raise offline.OfflineError(str(runtime), "ended without a result", output)
    try:
        told = [offline.Values(**line) for line in lines]
    except TypeError as error:
        reason = f"gave a strange result: {error}"
        raise offline.OfflineError(str(runtime), reason, output) from error
    ends = np.cumsum([0, *(record.currents for record in records)])
    return [told[ends[at] : ends[at + 1]] for at in range(len(records))]


def _as_job(record: Record) -> dict[str, Any]:
    return {
        "samples": record.digits.shape[1],
        "currents": record.currents,
        "voltages": record.digits.shape[0] - record.currents,
        "per_digit": [float(scale) for scale in record.per_digit],
        "rate_hz": float(record.rate_hz),
        "rate_ppm": record.rate_ppm,
        "noise_a": None if record.noise_a is None else list(record.noise_a),
        "delays_us": None if record.delays_us is None else list(record.delays_us),
        "pole_pairs": record.pole_pairs,
        "jitter_us": float(record.jitter_us),
    }
