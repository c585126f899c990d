"""Carries out the cases of a node, wherever it is, and keeps what they came to."""

import datetime
import hashlib
import secrets as random
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nodewright.errors import NodewrightError
from nodewright.fleet.secret import Secrets, from_environment
from nodewright.image.files import ABOUT, SETTINGS
from nodewright.link.errors import BoardFailed, BoardSilent, Interrupted, PortGone
from nodewright.offline import Runtime, choose_runtime
from nodewright.pki import keys
from nodewright.validate import (
    cases_board,
    cases_golden,
    cases_golden_more,
    cases_sensor,
    cases_sets,
    cases_sleep,
    cases_uplink,
)
from nodewright.validate.agents import StrangeAnswer
from nodewright.validate.bench import Bench
from nodewright.validate.bench_cpython import CPythonBench, on_cpython
from nodewright.validate.bench_virtual import VirtualBench, around, device_bench, expected_of
from nodewright.validate.case import Case, Found, Skipped
from nodewright.validate.context import Context
from nodewright.validate.result import (
    CaseResult,
    Validation,
    Verdict,
    one_line,
    said_by_a_board,
)
from nodewright.validate.uplink import FleetUplink, OwnUplink

Say = Callable[[str, int, int], None]

_SEED_BITS = 48
# What a board answers may be anything: what a case that is not made for it ends in.
_STRANGE: tuple[type[Exception], ...] = (
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RecursionError,
    struct.error,
    *keys.UNREADABLE,  # ValueError and TypeError among them
)
_UNKNOWN: tuple[type[Exception], ...] = (NodewrightError, *_STRANGE)


def validate(
    fleet_folder: Path,
    node: str,
    port: str | None,
    *,
    say: Say,
    asked: threading.Event,
    seed: int | None = None,
    secrets: Secrets | None = None,
    runtime: Runtime | None = None,
) -> Validation:
    """All cases of a node: of the board at a port, or of its virtual one.

    say(case, done, total): before each, and once after the last with the name ""; asked: stops it
    between two cases; seed: of what is drawn, None: another each time; runtime: of the virtual
    board, None: the one that is found.
    Raises as `ImageMaker.make`, PortMissing and its like, BoardSilent, NoTwin, Interrupted.
    """
    held = secrets or Secrets(fleet_folder, from_environment)
    if port is not None:
        bench: Bench = device_bench(fleet_folder, node, held, port)
        bench.uplink = FleetUplink(fleet_folder, held, bench.expected.settings)
    else:
        runs = runtime or choose_runtime()
        bench = _virtual(fleet_folder, node, held, runs)
    return on_bench(bench, say=say, asked=asked, seed=seed)


def _virtual(folder: Path, node: str, held: Secrets, runs: Runtime) -> Bench:
    """A virtual board of a runtime, with a broker of its own to come to."""
    if runs.interpreter is None:
        expected = on_cpython(expected_of(folder, node, held, ""))
        bench: Bench = CPythonBench(expected, around=around(expected.settings))
        reason = "CPython has no TLS of a board"
    else:
        expected = expected_of(folder, node, held, runs.interpreter.mpy_arch)
        bench = VirtualBench(expected, runs)
        reason = "" if expected.image.identity else "the node has no certificate"
    bench.uplink = OwnUplink(folder, held, reason)
    return bench


def on_bench(
    bench: Bench,
    *,
    say: Say,
    asked: threading.Event,
    seed: int | None = None,
    only: tuple[str, ...] | None = None,
) -> Validation:
    """The same on a bench that is given.  only: cases whose names begin so."""
    begun, begun_s = datetime.datetime.now(datetime.UTC), time.monotonic()
    seed = random.randbits(_SEED_BITS) if seed is None else seed
    ctx = Context(bench, seed, asked)
    with bench, ctx.stack:
        if bench.uplink is not None:
            ctx.uplink = ctx.stack.enter_context(bench.uplink)
        listed = [case for case in all_cases(ctx) if only is None or case.name.startswith(only)]
        results = []
        runner = _Runner(ctx)
        known, port = runner.known(), bench.prompt.port  # which a bite takes away for a while
        for index, case in enumerate(listed):
            if asked.is_set():
                raise Interrupted(port, "its program starts anew")
            say(case.name, index, len(listed))
            results.append(runner.run(case))
        say("", len(listed), len(listed))
    return Validation(
        node=bench.expected.node,
        fleet=bench.expected.fleet,
        board=bench.expected.board.name,
        place=bench.place,
        begun=f"{begun:%Y-%m-%dT%H:%M:%SZ}",
        seconds=time.monotonic() - begun_s,
        seed=seed,
        cases=tuple(results),
        **known,
    )


def all_cases(ctx: Context) -> Iterator[Case]:
    """The one list of cases: the same on a board, on a virtual one and on CPython."""
    yield from cases_board.cases(ctx)
    for row in ctx.settings["sensors"]:
        if row["kind"] == "accelerometer":
            yield from cases_sensor.cases(ctx, row)
    yield from cases_sets.cases(ctx)
    yield from cases_golden.cases(ctx)
    yield from cases_golden_more.cases(ctx)
    yield from cases_sleep.cases(ctx)
    yield from cases_uplink.cases(ctx)


class _Runner:
    """Runs one case after the other, and asks a board that fell silent no more."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._lost = ""

    def run(self, case: Case) -> CaseResult:
        begun_s = time.monotonic()
        found = self._carry_out(case)
        try:
            return _result(case, found, begun_s)
        except _STRANGE as error:
            return _result(case, self._strange(error), begun_s)

    def _carry_out(self, case: Case) -> Found:
        if self._lost:
            return _none("error", self._lost)
        try:
            return case.run()
        except Skipped as why:
            return _none("skipped", why.reason)
        except BoardFailed as error:
            if "MemoryError" in error.error:
                return _none("fail", f"too little memory on the board: {error.error}")
            return _none("error", f"the board says {error.error}")
        except PortGone as error:
            self._lost = str(error)
            return _none("error", self._lost)
        except BoardSilent as error:
            self._recover(error)
            return _none("error", str(error))
        except StrangeAnswer as error:
            return _none("error", str(error))
        except Interrupted:
            raise
        except NodewrightError as error:  # a port that is another's, or nobody's, after a sleep
            return _none("error", str(error))
        except _STRANGE as error:
            return self._strange(error)

    def _strange(self, error: Exception) -> Found:
        told = StrangeAnswer(self._ctx.bench.prompt.port, f"this case ({error!r})")
        return _none("error", str(told))

    def _recover(self, error: NodewrightError) -> None:
        """A board that hangs in one case may answer in the next."""
        try:
            self._ctx.left()
            self._ctx.agents.fresh()
        except (BoardSilent, BoardFailed, PortGone, StrangeAnswer):
            self._lost = f"not carried out: {error}"

    def known(self) -> dict[str, Any]:
        """What the board is, as far as it told."""
        ctx = self._ctx
        try:
            facts, files = ctx.facts, ctx.files
        except _UNKNOWN:
            names = ("unique_id", "firmware", "firmware_hash", "settings_hash", "micropython")
            return dict.fromkeys(names, "")
        release = ".".join(map(str, facts.release))
        return {
            "unique_id": facts.unique_id,
            "firmware": facts.version or "",
            "firmware_hash": _firmware_hash(files),
            "settings_hash": files[SETTINGS].sha256 if SETTINGS in files else "",
            "micropython": one_line(f"{release} {facts.machine}"),
        }


def _firmware_hash(files: Any) -> str:
    """One for all files of the firmware, by path and content."""
    lines = [
        f"{path} {found.sha256}\n"
        for path, found in sorted(files.items())
        if path.startswith(("/node/", "/wire/")) or path in ("/boot.py", "/main.py", ABOUT)
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _result(case: Case, found: Found, begun_s: float) -> CaseResult:
    return said_by_a_board(
        CaseResult(
            case=case.name,
            title=case.title,
            value=found.value,
            unit=found.unit,
            limit=found.limit,
            margin=found.margin,
            verdict=found.verdict,
            reason=found.reason,
            seconds=time.monotonic() - begun_s,
            details=found.details,
        )
    )


def _none(verdict: Verdict, reason: str) -> Found:
    return Found(None, "", "", None, verdict, reason)
