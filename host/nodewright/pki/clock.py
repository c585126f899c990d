"""Whether this host's clock can be right: a certificate of a wrong time is refused much later."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from nodewright.pki.errors import ClockOff

# This was written in 2026: no clock that is right shows less.  Each release may raise it.
WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)
# By how much the clocks of those who sign and those who check may differ.
SKEW = timedelta(days=1)
# Nobody leaves a fleet and this program alone for longer; a wrong digit of a year does.
LONGEST_REST = timedelta(days=3653)


def utc_now() -> datetime:
    """Now, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def check(now: datetime, known: Mapping[str, datetime | None]) -> None:
    """Raise ClockOff for a time that cannot be.

    known: when things happened that lie in the past, by what they are; None: did not happen.
    """
    past = {what: when for what, when in known.items() if when is not None}
    past["this nodewright was written"] = WRITTEN
    for what, when in past.items():
        if now < when - (SKEW if when != WRITTEN else timedelta()):
            raise ClockOff(now, f"before {what} ({when:%Y-%m-%d %H:%M} UTC)")
    last = max(past, key=lambda what: past[what])
    if now > past[last] + LONGEST_REST:
        reason = f"more than ten years after {last} ({past[last]:%Y-%m-%d}), or it is right and "
        raise ClockOff(now, reason + "this nodewright is too old for it")
