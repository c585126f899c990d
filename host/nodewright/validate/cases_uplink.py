"""The node's program on its own: the watchdog bites, it reports, and outlives an outage.

Last of all: from here on the board is its program's, and no agent runs on it any more.
"""

import base64
import time
from collections.abc import Callable, Iterator
from typing import Any

from nodewright.console import Event
from nodewright.image.files import settings_files
from nodewright.validate.case import Case, Found, Skipped, same, within
from nodewright.validate.console import Console
from nodewright.validate.context import Context
from nodewright.validate.uplink import SPREAD_MS, Uplink, stranger

_BOOT_S = 40.0  # with a file system that is checked, modules and Wi-Fi
_CONNECT_S, _OWN_CONNECT_S = 60.0, 30.0  # over Wi-Fi; on this computer
_REPORT_S = 90.0
_OUTAGE_S = 30.0  # backoff included
_DATE_S = 20.0
_CUT_S = SPREAD_MS / 1000 + 0.2  # the node has called by then
_MISSED = 2  # reports that an outage holds up
_TURN_S = 0.2
_PIECE_BYTES = 768


def cases(ctx: Context) -> Iterator[Case]:
    """Those at the prompt first."""
    program = _Program(ctx)
    yield Case("uplink.without", "No certificate, no entry", lambda: _knock(ctx, foreign=False))
    yield Case("uplink.foreign", "A stranger's certificate is refused", lambda: _knock(ctx, True))
    yield Case("watchdog.bite", "The watchdog bites, and it is told", program.bite)
    yield Case("uplink.connect", "It comes to its broker", program.connect)
    yield Case("uplink.report", "A report arrives from end to end", program.report)
    yield Case("clock.date", "It knows the date", program.date)
    yield Case("uplink.outage", "An outage loses nothing", program.outage)
    yield Case("program.runs", "Its program runs without an error of its own", program.runs)


def _uplink(ctx: Context) -> Uplink:
    if ctx.uplink is None:
        raise Skipped("there is no way to a broker from this bench")
    return ctx.uplink


def _knock(ctx: Context, foreign: bool) -> Found:
    """From the board itself, with its own TLS."""
    uplink = _uplink(ctx)
    if not uplink.tls:
        raise Skipped(uplink.reason)
    ctx.left()
    ctx.agents.alone("net")
    who = stranger(ctx.expected.fleet, ctx.expected.node) if foreign else None
    if not ctx.agents.call("net", "join"):
        raise Skipped("the network of the settings cannot be joined from here")
    pair = (None, None) if who is None else (who.certificate, who.key)
    told = ctx.agents.call("net", "knock", uplink.host, uplink.port, *pair)
    if told["said"] == "unreachable":
        raise Skipped(f"nobody answers at {uplink.host}:{uplink.port} ({told['why']})")
    whose = "a stranger's certificate" if foreign else "no certificate"
    reason = f"its broker lets in who has {whose}: nodewright broker --check"
    return same(told["said"], "refused", reason, {"why": told["why"]})


class _Program:
    """The node's program from a watchdog's bite on; what it said so far."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._console: Console | None = None
        self._boot: Event | None = None
        self._connected = False
        self._at = 0  # events that were taken
        self._first: dict[str, Any] | None = None
        self._arrived_s = 0.0

    def bite(self) -> Found:
        """A program that hangs is ended, and the next boot says why."""
        ctx = self._ctx
        uplink = ctx.uplink
        moved = None if uplink is None else uplink.settings(ctx.settings)
        if moved is not None:
            self._give(moved)
        begun_s = time.monotonic()
        hear = ctx.bench.bite()
        self._console = ctx.stack.enter_context(Console(hear, ctx.asked))
        found = self._console.wait_for("boot", _BOOT_S)
        if found is None:
            reason = f"no program started within {_BOOT_S:.0f} s of the bite: nodewright console"
            return Found("none", "", "watchdog", None, "fail", reason)
        self._boot, self._at = found
        seconds = time.monotonic() - begun_s
        reason = "the board does not tell a watchdog's reset from others"
        cause = self._boot.facts.get("reset", "none")
        return same(cause, "watchdog", reason, {"seconds": seconds, **self._boot.facts})

    def _give(self, settings: dict[str, Any]) -> None:
        """Settings with which it comes to the bench's own broker; a virtual board's flash is
        nobody's after this."""
        self._ctx.agents.alone("net")
        for path, data in settings_files(settings).items():
            for first in range(0, len(data), _PIECE_BYTES):
                text = base64.b64encode(data[first : first + _PIECE_BYTES]).decode()
                self._ctx.agents.call("net", "write", path, first == 0, text)

    def connect(self) -> Found:
        uplink, console = _uplink(self._ctx), self._running()
        if uplink.nobody:
            raise Skipped(uplink.reason)
        begun_s = time.monotonic()
        # Where nobody answers us there, it is not waited for long that somebody answers the node.
        near = uplink.own or uplink.collector is None
        within_s = _OWN_CONNECT_S if near else _CONNECT_S
        # A line of a board may be lost: who has an answer to a report is connected, too.
        found = console.wait_for(("connected", "acked"), within_s, after=self._at)
        where = f"{uplink.host}:{uplink.port}"
        how = "with its certificate" if uplink.tls else "without TLS"
        limit = f"connected {how}"
        if found is None:
            self._check_crash()
            if not uplink.own and uplink.collector is None:
                raise Skipped(uplink.reason)
            reason = f"it does not come to {where}: network, broker, certificate, date"
            return Found("not connected", "", limit, None, "fail", reason)
        self._connected, self._at = True, found[1]
        details = {"seconds": time.monotonic() - begun_s, "broker": where}
        return Found(limit, "", limit, None, "pass", "", details)

    def report(self) -> Found:
        """One of this boot, as the broker hands it to a program of the fleet."""
        told = self._report()
        if told is None:
            reason = (
                "no report of this boot arrived: is the certificate its own, does a set measure "
                "by itself?"
            )
            return Found("none", "", "arrived", None, "fail", reason)
        names = ("boot", "seq", "record", "faults")
        details = {name: told.get(name) for name in names}
        return Found("arrived", "", "arrived", None, "pass", "", details)

    def date(self) -> Found:
        """That of its first report, against this computer's."""
        if self._ctx.settings["clock"] is None and not _uplink(self._ctx).own:
            raise Skipped("the settings name no time server (ntp of its network)")
        told = self._report()
        if told is None:
            raise Skipped("no report: see uplink.report")
        # What was measured before the first answer bears no date.
        told = self._hear(_DATE_S, lambda one: one.get("epoch_s") is not None) or told
        most = float(self._ctx.expected.board.validate.clock_off_s)
        epoch_s = told.get("epoch_s")
        if epoch_s is None:
            reason = "no time server answers: its clock is not set"
            return Found("unset", "s off", f"at most {most:g}", None, "fail", reason)
        off_s = float(epoch_s) - self._arrived_s
        days = f", {off_s / 86_400:+.1f} days" if abs(off_s) > 43_200 else ""
        reason = (
            f"its clock is {off_s:+.0f} s off{days}: its time server is wrong, or this computer"
        )
        return within(abs(off_s), "s off", None, most, reason, {"off_s": off_s})

    def outage(self) -> Found:
        """Reports made while nobody could be reached arrive when the way is free again.

        It lasts for longer than the node may pause, and until it has called in vain: what it does
        then is what brings it back.
        """
        uplink = _uplink(self._ctx)
        self._running()
        if not uplink.own:
            raise Skipped("the fleet's broker is not ours to cut off: try it on a virtual board")
        if not self._connected or uplink.collector is None:
            raise Skipped("it never came to its broker: see uplink.connect")
        uplink.cut()
        cut_s = time.monotonic()
        try:
            held = self._held()
            held_s = time.monotonic()
            self._ctx.asked.wait(cut_s + _CUT_S - held_s)
            while not uplink.called(_TURN_S) and self._goes_on(held_s + _OUTAGE_S):
                pass
            paused_s = time.monotonic() - held_s
        finally:
            uplink.join()
        missing = self._missing(held)
        reason = f"reports {missing} of the outage never arrived"
        details = {"held": held, "missing": missing, "paused_s": paused_s}
        return within(float(len(missing)), f"of {len(held)} lost", None, 0.0, reason, details)

    def _held(self) -> list[int]:
        """The next reports, which nobody gets.  Raises Skipped where there are none."""
        console = self._running()
        held: list[int] = []
        self._at = console.count
        while len(held) < _MISSED:
            found = console.wait_for("report", self._patience_s(), after=self._at)
            if found is None:
                self._check_crash()
                raise Skipped("no set of the node measures by itself")
            held.append(int(found[0].facts["seq"]))
            self._at = found[1]
        return held

    def _missing(self, held: list[int]) -> list[int]:
        """Which of these do not arrive."""
        collector = _uplink(self._ctx).collector
        assert collector is not None
        left, deadline_s = set(held), time.monotonic() + _OUTAGE_S
        while left and self._goes_on(deadline_s):
            event = collector.get(_TURN_S)
            if event is not None and event.kind == "report" and self._is_ours(event):
                left.discard(event.message["seq"])
        return sorted(left)

    def runs(self) -> Found:
        """From the bite up to here."""
        error = self._running().crash()
        what = "too little memory for what it is to do" if "MemoryError" in error else "an error"
        reason = (
            f"its program crashed, {what}: {error}; flash it anew, and if it comes back, run "
            "nodewright console and report a bug, or ask less of its sets"
        )
        return same(error or "runs", "runs", reason)

    def _check_crash(self) -> None:
        if self._running().crash():
            raise Skipped("its program crashed: see program.runs")

    def _goes_on(self, deadline_s: float) -> bool:
        """Whether it is worth waiting for more of the program."""
        if self._ctx.asked.is_set() or self._running().crash():
            return False
        return time.monotonic() < deadline_s

    def _running(self) -> Console:
        if self._console is None or self._boot is None:
            raise Skipped("its program did not start: see watchdog.bite")
        return self._console

    def _report(self) -> dict[str, Any] | None:
        """The first of this boot; Skipped where nobody can hear one."""
        if self._first is not None:
            return self._first
        collector = _uplink(self._ctx).collector
        self._running()
        if collector is None:
            raise Skipped(_uplink(self._ctx).reason)
        if not self._connected:
            raise Skipped("it never came to its broker: see uplink.connect")
        self._first = self._hear(self._patience_s(), lambda _one: True)
        return self._first

    def _hear(
        self, within_s: float, fits: Callable[[dict[str, Any]], bool]
    ) -> dict[str, Any] | None:
        """The next report of this boot that fits; the last one heard is asked, too."""
        collector = _uplink(self._ctx).collector
        assert collector is not None
        if self._first is not None and fits(self._first):
            return self._first
        deadline_s = time.monotonic() + within_s
        while self._goes_on(deadline_s):
            event = collector.get(_TURN_S)
            if event is None or event.kind != "report" or not self._is_ours(event):
                continue
            self._arrived_s = time.time()
            if fits(event.message):
                return event.message
        return None

    def _patience_s(self) -> float:
        return 20.0 if _uplink(self._ctx).own else _REPORT_S

    def _is_ours(self, event: Any) -> bool:
        """Of this node, and of the boot that the bite has begun."""
        assert self._boot is not None
        ours: bool = event.node == self._ctx.expected.node
        return ours and str(event.message.get("boot")) == self._boot.facts.get("boot")
