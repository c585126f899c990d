"""Boards on CPython: the same firmware, twins, samples and values; files that stay in a folder."""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from nodewright import interpreter as interpreters
from nodewright.cli.app import build
from nodewright.demo.fleet import FleetOptions, VirtualFleet
from nodewright.interpreter import InterpreterError
from nodewright.served import ServedSamples
from nodewright.virtual import VirtualBoard
from nodewright.watch import Address, Collector
from system.demo_rig import command
from system.virtual_rig import WAIT_S

SPEC = {"name": "bench", "unique_id": "e6614c311b7e6f2a", "seed": 1, "buses": []}


def board(main: str, **files: str) -> VirtualBoard:
    """A board on CPython that runs main as /main.py."""
    held = {
        "/main.py": main,
        **{"/" + name.replace("_", "."): text for name, text in files.items()},
    }
    return VirtualBoard({path: text.encode() for path, text in held.items()}, SPEC, None, 0)


def facts(main: str, **files: str) -> dict[str, str]:
    """What the program says at its end, `nodewright: done …`."""
    with board(main, **files) as virtual:
        return virtual.wait_for("done", WAIT_S).facts


# --- one firmware


Key = tuple[str, int]


def _run(runtime: str, cycles: int) -> tuple[dict[Key, dict[str, Any]], dict[Key, Any]]:
    """By node and seq: the reports, and the digits that the twin served for each."""
    reports: dict[Key, dict[str, Any]] = {}
    digits: dict[Key, Any] = {}
    asked = threading.Event()
    with VirtualFleet(FleetOptions(nodes=3, interval_s=1.6, runtime=runtime), asked) as fleet:
        with Collector(Address(fleet.hub.host, fleet.hub.port)) as collector:
            fleet.boot(lambda _node, _event: None)
            for virtual in fleet.boards:
                last = str(cycles - 1)
                virtual.wait_for("acked", WAIT_S, lambda e, last=last: e.facts["seq"] == last)
            while event := collector.get(0.2):
                if event.kind == "report" and event.message["seq"] < cycles:
                    reports[event.node, event.message["seq"]] = dict(event.message)
        for virtual in fleet.boards:
            served = ServedSamples(virtual.samples_dir)
            for seq in range(cycles):
                record = reports[virtual.name, seq]["record"]
                place = record["run"], record["first"], record["samples"]
                digits[virtual.name, seq] = served.samples("acc", 1, *place)
    return reports, digits


def test_runtimes__same_seeds__same_samples_and_the_same_values() -> None:
    theirs, their_digits = _run("micropython", 2)
    ours, our_digits = _run("cpython", 2)
    assert set(ours) == set(theirs) and len(ours) == 6
    for key, report in ours.items():
        other = theirs[key]
        for fact in (
            "run",
            "first",
            "samples",
            "rate_hz",
            "overruns",
            "gaps",
            "valid",
        ):
            assert report["record"][fact] == other["record"][fact], (key, fact)
        assert (our_digits[key] == their_digits[key]).all(), key
        assert report["withheld"] == other["withheld"]
        for channel, values in report["channels"].items():
            assert set(values) == set(other["channels"][channel]) and values
            for name, value in values.items():
                # Both compute in the same integers; only the last of 6 digits may differ.
                assert value == pytest.approx(other["channels"][channel][name], rel=1.1e-5)


# --- its clock


def test_time__sleeps_and_waits__are_the_twins_and_cross_the_wrap() -> None:
    told = facts(
        "import asyncio, time\n"
        "wrapped = time.ticks_ms()\n"
        "time.sleep_ms(30000)\n"
        "spans = [time.ticks_diff(time.ticks_ms(), wrapped)]\n"
        "async def waits():\n"
        "    for ms in (1, 35, 57, 123):\n"
        "        begin = time.ticks_ms()\n"
        "        await asyncio.sleep_ms(ms)\n"
        "        spans.append(time.ticks_diff(time.ticks_ms(), begin))\n"
        "asyncio.run(waits())\n"
        "print('nodewright: done spans=%s wrapped=%d strict=%d' % (\n"
        "    str(spans).replace(' ', ''), wrapped > time.ticks_ms(),\n"
        "    not hasattr(time, 'monotonic')))\n"
    )
    assert told == {"spans": "[30000,1,35,57,123]", "wrapped": "1", "strict": "1"}


# --- its files


FILES = """
import os, machine, helper
try:
    os.mkdir('/state')
except OSError as error:
    assert error.errno == 17
with open('/state/new', 'w') as file:
    file.write('%d' % machine.reset_cause())
count = 0
if 'count' in os.listdir('/state'):
    with open('/state/count') as file:
        count = int(file.read())
with open('/state/tmp', 'w') as file:
    file.write('%d' % (count + 1))
os.rename('/state/tmp', '/state/count')
assert os.stat('/state')[0] == 0x4000 and os.stat('/state/count')[6] == 1
for path in ('/etc/passwd', '../../../../etc/passwd', '/state/../../etc/passwd'):
    try:
        open(path)
    except OSError as error:
        assert error.errno == 2 and error.filename is None
    else:
        raise AssertionError(path)
if count < 2:
    machine.reset()
names = '/'.join(os.listdir('/'))
print('nodewright: done count=%d cause=%d names=%s here=%s' % (
    count, machine.reset_cause(), names, helper.WHERE))
"""


def test_files__written_and_reset__stay_and_nothing_outside_is_seen() -> None:
    with board(FILES, helper_py="import os\nWHERE = os.getcwd()\n") as virtual:
        told = virtual.wait_for("done", WAIT_S).facts
        assert told == {
            "count": "2",
            "cause": "2",
            "names": "helper.py/main.py/state",
            "here": "/",
        }
        assert virtual.boots == 3
        assert (virtual.files / "state" / "count").read_text() == "3"
        held = {path.name for path in virtual.folder.iterdir()}
        assert held == {"files", "samples", "spec.json"}


def test_watchdog__not_fed__restarts_with_the_cause() -> None:
    told = facts(
        "import machine, time\n"
        "if machine.reset_cause() == machine.WDT_RESET:\n"
        "    print('nodewright: done')\n"
        "else:\n"
        "    machine.WDT(timeout=100)\n"
        "    try:\n"
        "        time.sleep_ms(200)\n"
        "    except BaseException:\n"
        "        print('nodewright: done caught=1')\n"
    )
    assert told == {}


def test_board__program_that_ends_or_fails__stays_and_goes_with_its_supervisor() -> None:
    virtual = board("print('nodewright: done')\nraise ValueError('as it is')\n")
    with virtual:
        virtual.wait_for("done", WAIT_S)
        pid, folder = virtual.pid, virtual.folder
        assert virtual.port == ""
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not folder.exists() and virtual.boots == 1


# --- which runtime, and who says so


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A platform for which there is no MicroPython."""
    which = interpreters.shutil.which
    monkeypatch.delenv(interpreters.VARIABLE, raising=False)
    monkeypatch.setattr(interpreters.sysconfig, "get_path", lambda _name: str(tmp_path))
    monkeypatch.setattr(
        interpreters.shutil, "which", lambda name: None if name == "micropython" else which(name)
    )


@pytest.mark.usefixtures("absent")
def test_demo__no_micropython_here__cpython_serves_and_one_line_says_so() -> None:
    words = ["demo", "--nodes", "1", "--cycles", "1", "--json"]
    done = CliRunner().invoke(build("demo"), words)
    assert done.exit_code == 0, done.output
    assert done.stderr.count("\n") == 1 and "CPython" in done.stderr
    told = json.loads(done.stdout)
    assert told["runtime"]["kind"] == "cpython" and told["runtime"]["heap_bytes"] is None
    assert told["nodes"][0]["received"] >= 1


@pytest.mark.parametrize("words", [[], ["--interpreter", sys.executable]])
@pytest.mark.usefixtures("absent")
def test_demo__named_interpreter_is_broken__error_and_no_other_runtime(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not words:
        monkeypatch.setenv(interpreters.VARIABLE, "/no/such/micropython")
    done = CliRunner().invoke(build("demo"), ["demo", "--nodes", "1", "--cycles", "1", *words])
    assert isinstance(done.exception, InterpreterError)


def test_virtual__cpython__has_no_ports_and_leaves_nothing(tmp_path: Path) -> None:
    with command(tmp_path, "virtual", "--demo", "1", "--runtime", "cpython", "--json") as run:
        told = json.loads(run.until("boards"))
        code, _out, err = run.end(signal.SIGINT)
        run.assert_nothing_left()
    assert (code, err) == (0, "")
    assert [entry["port"] for entry in told["boards"]] == [None]
    assert told["runtime"]["kind"] == "cpython"
