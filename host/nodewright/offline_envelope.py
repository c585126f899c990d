"""The node's own envelope over the blocks of records, in one process of a chosen runtime."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodewright import offline, scratch

_ORDERS = ("bpfo", "bpfi", "bsf", "ftf")
KEYS = tuple(f"env_{order}_{kind}" for order in _ORDERS for kind in ("g", "snr"))
KEYS = (*KEYS, "bearing_fault")


@dataclass(frozen=True)
class Record:
    """The blocks of one axis, as a node has them, and what is known of its bearing.

    digits: int16[K, N]; orders: of bpfo, bpfi, bsf, ftf, in multiples of the shaft's speed, None
    where no bearing is known; shaft_error: relative uncertainty of the speed, None: unknown.
    """

    digits: NDArray[np.int16]
    g_per_digit: float
    rate_hz: float
    shaft_hz: float | None
    orders: Mapping[str, float] | None
    shaft_error: float | None = None
    band: int = 0


@dataclass(frozen=True)
class Told:
    """What the node says of one record: values as `offline.Values` has them.

    scores: S by order; thresholds and verdicts by race; marks: all reservations of each verdict,
    the gravest first.  A verdict that is withheld is in none of them but `withheld`.
    """

    values: dict[str, float]
    withheld: dict[str, str] = field(default_factory=dict)
    marked: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)
    verdicts: dict[str, bool] = field(default_factory=dict)
    marks: dict[str, list[str]] = field(default_factory=dict)


def run(
    records: Sequence[Record],
    runtime: offline.Runtime,
    *,
    backend: str = "viper",
    keys: Sequence[str] = KEYS,
    limit_s: float | None = None,
) -> list[Told]:
    """What the node says of each record.  Raises as `offline.run` does."""
    offline.check(runtime, backend)
    job: dict[str, Any] = {
        "backend": backend,
        "keys": list(keys),
        "envelope": "node.envelope",
        "records": [_as_job(record) for record in records],
    }
    digits = [record.digits for record in records]
    try:
        with scratch.folder("offline") as folder:
            lines, output = offline.execute(digits, runtime, job, limit_s, folder)
    except OSError as error:
        raise offline.OfflineError(str(runtime), f"could not be run: {error}") from error
    if len(lines) != len(records):
        raise offline.OfflineError(str(runtime), "ended without a result", output)
    try:
        return [Told(**line) for line in lines]
    except TypeError as error:
        reason = f"gave a strange result: {error}"
        raise offline.OfflineError(str(runtime), reason, output) from error


def _as_job(record: Record) -> dict[str, Any]:
    return {
        "samples": record.digits.shape[1],
        "blocks": record.digits.shape[0],
        "g_per_digit": float(record.g_per_digit),
        "rate_hz": float(record.rate_hz),
        "shaft_hz": record.shaft_hz,
        "shaft_error": record.shaft_error,
        "orders": None if record.orders is None else dict(record.orders),
        "band": record.band,
    }
