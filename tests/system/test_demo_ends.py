"""However the demo ends, no process and no file is left."""

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nodewright.cli import exits
from system.demo_rig import Command, command

LONG = ("demo", "--cycles", "1000")


@pytest.mark.parametrize("text", ["broker: ", "runtime: ", "pump-1: booted", "report 1:0"])
def test_demo__ctrl_c_at_any_moment__leaves_nothing(tmp_path: Path, text: str) -> None:
    with command(tmp_path, *LONG) as run:
        run.until(text)
        code, _, err = run.end(signal.SIGINT)
        assert code == exits.INTERRUPTED
        assert "interrupted" in err
        assert "Traceback" not in err
        run.assert_nothing_left()


@pytest.mark.parametrize("delay_s", [0.05, 0.3, 0.6, 0.9])
def test_demo__ctrl_c_before_it_says_a_word__leaves_nothing(
    tmp_path: Path, delay_s: float
) -> None:
    with command(tmp_path, *LONG) as run:
        threading.Event().wait(delay_s)  # any moment is as good as another
        code, _, _ = run.end(signal.SIGINT)
        assert code != 0
        run.assert_nothing_left()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_demo__asked_to_end__leaves_nothing(tmp_path: Path, how: signal.Signals) -> None:
    with command(tmp_path, *LONG) as run:
        run.until("pump-1: booted")
        assert run.end(how)[0] == exits.INTERRUPTED
        run.assert_nothing_left()


def test_demo__ctrl_c_again_and_again__leaves_nothing(tmp_path: Path) -> None:
    with command(tmp_path, *LONG) as run:
        run.until("pump-1: booted")
        for _ in range(5):
            run.child.send_signal(signal.SIGINT)
        assert run.end()[0] == exits.INTERRUPTED
        run.assert_nothing_left()


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_demo__killed__no_process_survives_it(tmp_path: Path) -> None:
    with command(tmp_path, *LONG) as run:
        run.until("report 1:0")
        assert len(run.processes()) >= 5  # itself, the broker, three boards
        run.end(signal.SIGKILL)
        run.assert_nothing_left(files=False, within_s=10)


def test_demo__output_closed_by_its_reader__leaves_nothing(tmp_path: Path) -> None:
    with command(tmp_path, *LONG) as run:
        run.until("pump-1: booted")
        assert run.child.stdout is not None
        run.child.stdout.close()  # as `| head` does
        run.child.wait(30)
        run.assert_nothing_left()


def started(run: Command) -> dict[str, object]:
    found: dict[str, object] = json.loads(run.until("{"))
    return found


def test_virtual__two_boards__mpremote_lists_their_files(tmp_path: Path) -> None:
    with command(tmp_path, "virtual", "--demo", "2", "--json") as run:
        boards = started(run)["boards"]
        assert isinstance(boards, list)
        assert [board["node"] for board in boards] == ["pump-1", "fan-1"]
        for board in boards:
            mpremote = [sys.executable, "-m", "mpremote", "connect", board["port"], "resume"]
            listed = subprocess.run(
                [*mpremote, "fs", "ls"], capture_output=True, text=True, timeout=30
            )
            assert listed.returncode == 0, listed.stderr
            assert "settings.json" in listed.stdout
        code, out, err = run.end(signal.SIGINT)
        assert (code, out, err) == (0, "", "")
        run.assert_nothing_left()


def test_virtual__its_nodes__are_seen_by_watch(tmp_path: Path) -> None:
    with command(tmp_path, "virtual", "--demo", "1", "--json") as run:
        where = started(run)["broker"]
        assert isinstance(where, dict)
        watch = [sys.executable, "-m", "nodewright", "watch", "--broker", where["address"]]
        seen = subprocess.run(
            [*watch, "--count", "4", "--json"], capture_output=True, text=True, timeout=40
        )
        assert seen.returncode == 0, seen.stderr
        events = [json.loads(line) for line in seen.stdout.splitlines()]
        assert events.pop()["kind"] == "summary"
        assert {"status", "report"} <= {event["kind"] for event in events}
        assert {event["node"] for event in events} == {"pump-1"}
        assert run.end(signal.SIGTERM)[0] == 0
        run.assert_nothing_left()
