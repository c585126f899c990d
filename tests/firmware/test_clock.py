"""The date: from time servers that tell it, and from none that do not."""

import sys
from time import ticks_diff, ticks_ms

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from udp_rig import deaf, with_servers

from node import clock as clock_module
from node import dates, ntp
from node.clock import EARLIEST_EPOCH_S, Clock

NOW_S = 1_800_000_000  # 2027-01-15
TO_1970 = 2208988800
START_TICKS = ticks_ms()


def uptime_ms():
    return ticks_diff(ticks_ms(), START_TICKS)


def packet(asked, epoch_s=NOW_S, head=0x24, stratum=2, code=b"LOCL", dispersion=b"\0\0\0\1"):
    seconds = (epoch_s + TO_1970) & 0xFFFFFFFF
    return (
        bytes((head, stratum, 6, 0xE9))
        + b"\0\0\0\1"
        + dispersion
        + code
        + bytes(8)
        + asked[40:48]
        + bytes(8)
        + seconds.to_bytes(4, "big")
        + b"\x80\0\0\0"
    )


def make(*servers, least_s=0):
    """(clock, dates that it set, names that it counted)."""
    set_dates, counted = [], []
    made = Clock(servers, None, uptime_ms, set_dates.append, counted.append, lambda: True, least_s)
    return made, set_dates, counted


def counted_of(answer, **settings):
    """What a clock that asks one server in vain counts."""

    async def use(server):
        clock, set_dates, counted = make(server.name, **settings)
        assert not await clock.ask()
        assert not clock.known and clock.state == "unset" and clock.epoch_s(5) is None
        assert set_dates == []
        return counted

    return with_servers([answer], use)


def test_dates__there_and_back__as_the_calendar():
    for date, seconds in (
        ((1970, 1, 1, 3, 0, 0, 0), 0),
        ((2000, 2, 29, 1, 23, 59, 59), 951868799),
        ((2026, 1, 1, 3, 0, 0, 0), EARLIEST_EPOCH_S),
        ((2027, 1, 15, 4, 8, 0, 0), NOW_S),
        ((2028, 12, 31, 6, 0, 0, 1), 1861833601),
        ((2036, 2, 7, 3, 6, 28, 16), 2085978496),  # NTP's second era begins
        ((2100, 3, 1, 0, 0, 0, 0), 4107542400),  # no leap year
    ):
        assert dates.date(seconds) == date
        assert dates.epoch_s(*(date[:3] + date[4:])) == seconds


def test_begin_of__what_is_no_certificate__none():
    for data in (b"", b"\x30", b"\x30\x03\x02\x01\x00", b"\x30\x84\xff\xff\xff\xff", bytes(64)):
        assert dates.begin_of(data) is None


def test_read__eras__by_the_earliest_date():
    nonce = b"12345678"
    asked = ntp.question(nonce)
    for epoch_s in (NOW_S, 2085978495, 2085978496, 2085978497, NOW_S + 500_000_000):
        told = ntp.read(packet(asked, epoch_s), nonce, EARLIEST_EPOCH_S, EARLIEST_EPOCH_S + 10**9)
        assert told == epoch_s * 1000 + 500, epoch_s


def test_ask__server_tells__clock_is_set():
    async def use(server):
        clock, set_dates, counted = make(server.name)
        assert await clock.ask()
        assert clock.known and clock.state == "ntp" and counted == []
        assert 0 <= set_dates[0] - NOW_S <= 2
        assert 0 <= clock.epoch_s(uptime_ms()) - NOW_S <= 2
        assert NOW_S - 3600 <= clock.epoch_s(uptime_ms() - 3_600_000) <= NOW_S - 3598

    with_servers([lambda asked: [packet(asked)]], use)


def test_ask__answers_that_give_no_time__counted_by_name():
    day_before_s = EARLIEST_EPOCH_S - 86400
    clock_module._TIMEOUT_MS = 60
    try:
        for answer, names in (
            (deaf, ["clock_timeout"]),
            (lambda _asked: [b"noise"], ["clock_timeout"]),
            (lambda asked: [packet(bytes(48))], ["clock_timeout"]),  # not to this question
            (lambda asked: [packet(asked, head=0x23)], ["clock_timeout"]),  # a client's
            (lambda asked: [packet(asked, head=0xE4)], ["clock_unsynchronised"]),
            (lambda asked: [packet(asked, stratum=16)], ["clock_unsynchronised"]),
            (lambda asked: [packet(asked, dispersion=b"\0\x10\0\0")], ["clock_unsynchronised"]),
            (lambda asked: [packet(asked, day_before_s)], ["clock_insane"]),
            (lambda asked: [packet(asked, EARLIEST_EPOCH_S + 10**9)], ["clock_insane"]),
            (lambda asked: [packet(asked, stratum=0, code=b"RATE")], ["clock_kiss_rate"]),
            (lambda asked: [packet(asked, stratum=0, code=b'a\0"b')], ["clock_kiss_odd"]),
        ):
            assert counted_of(answer) == names, names
    finally:
        clock_module._TIMEOUT_MS = 2000


def test_ask__before_the_certificate_begins__insane():
    assert counted_of(lambda asked: [packet(asked)], least_s=NOW_S + 60) == ["clock_insane"]


def test_ask__kiss_of_death__is_not_asked_again_and_others_are():
    async def use(first, second):
        clock, _, counted = make(first.name, second.name)
        for _ in range(3):
            assert await clock.ask()
        assert (len(first.asked), len(second.asked)) == (1, 3)
        assert counted == ["clock_kiss_deny"]

    deny = lambda asked: [packet(asked, stratum=0, code=b"DENY")]  # noqa: E731
    with_servers([deny, lambda asked: [packet(asked)]], use)


def test_ask__server_gone__the_next_tells():
    async def use(server):
        clock, _, counted = make("127.0.0.1:1", server.name)
        assert await clock.ask()
        assert counted == ["clock_unreachable"]

    with_servers([lambda asked: [packet(asked)]], use)


def test_ask__date_jumps__believed_when_told_twice():
    ahead_s = [0]

    async def use(server):
        clock, set_dates, counted = make(server.name)
        assert await clock.ask()
        ahead_s[0] = 7200
        assert not await clock.ask()
        assert clock.epoch_s(uptime_ms()) < NOW_S + 60
        ahead_s[0] = 0  # it was a slip
        assert await clock.ask()
        ahead_s[0] = -7200
        assert not await clock.ask()
        assert await clock.ask()
        assert clock.epoch_s(uptime_ms()) < NOW_S - 7000
        assert counted == ["clock_doubted", "clock_doubted", "clock_stepped"]
        assert len(set_dates) == 3

    with_servers([lambda asked: [packet(asked, NOW_S + ahead_s[0])]], use)
