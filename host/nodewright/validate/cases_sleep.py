"""What a node draws asleep, where a meter of its supply is named (load.py)."""

import subprocess
from collections.abc import Iterator

from nodewright.validate.case import Case, Found, Skipped, within
from nodewright.validate.context import Context
from nodewright.validate.load import Meter

_SLEEP_S = 8.0
_READ_S = 6.0


def cases(ctx: Context) -> Iterator[Case]:
    yield Case("sleep.current", "Asleep it draws next to nothing", lambda: _current(ctx))


def _current(ctx: Context) -> Found:
    meter = ctx.bench.meter
    if meter is None:
        raise Skipped('no meter of its supply is named: bench.toml, [meter], command = ["…"]')
    told: list[float | str] = []
    ctx.left()
    ctx.agents.alone("board")
    ctx.bench.doze(_SLEEP_S, lambda: told.append(_read(meter)))
    ctx.agents_anew()
    value = told[0]
    limit = meter.sleep_most_ua or ctx.expected.board.power.deep_sleep_ua
    if isinstance(value, str):
        raise Skipped(f"the meter gave no reading: {value}")
    if limit is None:
        reason = (
            f"it drew {1e6 * value:.0f} uA; the board's maker states no limit: "
            "sleep_most_ua of [meter] in bench.toml"
        )
        raise Skipped(reason)
    reason = "more than asleep: a sensor or a supply that stays on, or it did not fall asleep"
    return within(1e6 * value, "uA", None, float(limit), reason)


def _read(meter: Meter) -> float | str:
    """In A, or why there is no reading."""
    try:
        ran = subprocess.run(
            meter.command, capture_output=True, text=True, timeout=_READ_S, check=True
        )
        return float(ran.stdout.strip())
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        return str(error).splitlines()[0][:200]
