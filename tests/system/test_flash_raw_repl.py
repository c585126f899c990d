"""Boards flashed through their REPL: real MicroPython on virtual boards, at their ports."""

import hashlib
import json
import os
import random
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import serial
from mpremote import transport_serial
from mpremote.transport_serial import SerialTransport

from nodewright import audit
from nodewright.flash import agent, facts, raw_repl
from nodewright.flash.errors import (
    AS_BEFORE,
    UNFINISHED,
    FlashFailed,
    NotAsWritten,
    NotBooted,
    OtherNode,
    WrongBoard,
)
from nodewright.flash.job import Outcome
from nodewright.flash.look import look
from nodewright.fleet.secret import Secrets
from nodewright.image.node import NodeImage
from nodewright.link.console import listen
from nodewright.link.errors import BoardFailed, BoardSilent, Interrupted, PortBusy
from nodewright.link.repl import Repl
from nodewright.provision import provision
from nodewright.virtual import VirtualBoard
from system.flash_rig import IDLE, Heard, bare, fleet, job, made_for_virtual
from system.slow_line import SlowLine
from system.virtual_rig import facts as done
from system.virtual_rig import read_file

_DEAD_S = 2.0
pytestmark = pytest.mark.skipif(os.name != "posix", reason="virtual boards have ports on POSIX")


@pytest.fixture(scope="module")
def north(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fleet(tmp_path_factory.mktemp("flash") / "f")


@pytest.fixture(scope="module")
def pump(north: Path) -> NodeImage:
    return made_for_virtual(north)


def flash(
    made: NodeImage, virtual: VirtualBoard, heard: Heard | None = None, **more: Any
) -> Outcome:
    said = heard or Heard()
    return raw_repl.program(job(made, virtual.port, **more), said, said.asked)


def append(repl: Repl, path: str, count: int = 1) -> None:
    """So many bytes more at the end of a file."""
    repl.ask(f"f = open({path!r}, 'ab')\nfor _ in range({count}):\n f.write(b'x')\nf.close()")


def on_board(virtual: VirtualBoard) -> dict[str, facts.OnBoard]:
    with Repl(virtual.port) as repl:
        facts.read(repl)
        return facts.files(repl)


def test_flash__a_board_with_a_program_of_somebody__becomes_the_node_and_starts(pump) -> None:
    with bare(files={"own.txt": "keep me"}) as virtual:
        done(virtual)
        heard = Heard()
        outcome = flash(pump, virtual, heard)
        assert outcome.boot == 1
        assert outcome.sent_files == len(pump.files)
        assert outcome.sent_bytes == sum(map(len, pump.files.values()))
        assert outcome.kept == ("/own.txt",)
        assert heard.stages == ["connect", "compare", "send", "rename", "verify", "boot"]
        there = on_board(virtual)
        for path, data in pump.files.items():
            assert there[path].sha256 == hashlib.sha256(data).hexdigest()
        assert set(there) == {*pump.files, "/own.txt"}


def test_flash__lines_of_any_first_letter__as_they_are(pump) -> None:
    rest = random.Random(5).randbytes(agent.CHUNK_BYTES - 1)
    data = b"".join(bytes([first]) + rest for first in range(0, 256, 4))
    with bare() as virtual:
        done(virtual)
        flash(replace(pump, files={**pump.files, "/node/all.mpy": data}), virtual, boot_s=0)
        there = on_board(virtual)
    assert there["/node/all.mpy"].sha256 == hashlib.sha256(data).hexdigest()


def test_flash__a_second_time__sends_nothing(pump) -> None:
    with bare() as virtual:
        done(virtual)
        flash(pump, virtual)
        outcome = flash(pump, virtual)
        assert (outcome.sent_bytes, outcome.sent_files, outcome.boot) == (0, 0, 2)
        seen = look([virtual.port])[0]
        assert seen.state == "micropython"
        assert seen.facts is not None
        assert (seen.facts.node, seen.facts.fleet) == ("pump-1", "north")
        assert not seen.facts.unfinished


def test_flash__a_file_changed_and_one_too_many__only_these_are_touched(pump) -> None:
    with bare() as virtual:
        done(virtual)
        flash(pump, virtual)
        with Repl(virtual.port) as repl:
            append(repl, "/node/app.mpy")
            append(repl, "/node/gone.mpy")
        outcome = flash(pump, virtual)
        assert outcome.sent_files == 1
        assert outcome.sent_bytes == len(pump.files["/node/app.mpy"])
        assert outcome.removed_files == 1
        assert set(on_board(virtual)) == set(pump.files)


def test_flash__an_older_firmware_of_ours__replaced_whole_and_said(pump) -> None:
    """Files that are no more, others that are not yet, and settings of fewer keys."""
    old = {
        "/version.json": b'{"version": "0.0.9", "node": "pump-1", "board": "virtual"}',
        "/settings.json": b'{"fleet": "north", "node": "pump-1"}',
        "/main.py": IDLE.encode(),
        "/node/app.mpy": b"of another format",
        "/node/sampler.mpy": b"is no more",
        "/wire/v0/topics.mpy": b"is no more, with its folder",
    }
    with bare(files={"own.txt": "keep me"}) as virtual:
        done(virtual)
        flash(replace(pump, files=old), virtual, boot_s=0)
        with Repl(virtual.port) as repl:
            repl.ask("import os\nif 'state' not in os.listdir('/'):\n os.mkdir('/state')")
            append(repl, "/state/learned")
        outcome = flash(pump, virtual)
        there = on_board(virtual)
        with Repl(virtual.port) as repl:
            kept = repl.ask("import os\nprint('learned' in os.listdir('/state'))").strip()
            folders = repl.ask("print(os.listdir('/wire'))")
    version = json.loads(pump.files["/version.json"])["version"]
    assert outcome.notes[0] == f"it had version 0.0.9: now {version}"
    assert (outcome.boot, outcome.kept) == (1, ("/own.txt",))
    assert {path: file.sha256 for path, file in there.items() if path != "/own.txt"} == {
        path: hashlib.sha256(data).hexdigest() for path, data in pump.files.items()
    }
    assert outcome.removed_files == len(old.keys() - pump.files.keys())
    assert b"'v0'" not in folders
    assert kept == b"True"


def test_flash__stopped_while_it_sends__leaves_what_was_and_goes_on_from_there(pump) -> None:
    with bare() as virtual:
        done(virtual)
        flash(pump, virtual)
        with Repl(virtual.port) as repl:
            for name in ("app", "capture", "report"):
                append(repl, f"/node/{name}.mpy")
        before = on_board(virtual)
        heard = Heard(stop_at_bytes=len(pump.files["/node/app.mpy"]) + 1)
        with pytest.raises(Interrupted, match="the board has what it had before"):
            flash(pump, virtual, heard)
        after = on_board(virtual)
        assert {path: after[path] for path in before} == before
        outcome = flash(pump, virtual)
        assert 1 <= outcome.sent_files <= 2  # of three the first was there, under its other name
        assert not [path for path in on_board(virtual) if path.endswith(agent.SUFFIX)]


def cut_at(
    patched: pytest.MonkeyPatch, virtual: VirtualBoard, names: str | tuple[str, ...], calls: int
) -> None:
    """The power goes before the board has heard so many calls of an agent's functions."""
    asked, begun, count = Repl.ask, Repl.begin, 0

    def gone(repl: Repl, code: str) -> bool:
        nonlocal count
        count += code.startswith(names)
        if count == calls:
            count += 1
            virtual.cut_power()
            repl._answer_s = _DEAD_S  # nobody answers any more: what for is it waited long
        return count > calls

    def ask(self: Repl, code: str, within_s: float | None = None) -> bytes:
        return asked(self, code, _DEAD_S if gone(self, code) else within_s)

    def begin(self: Repl, code: str, within_s: float | None = None) -> None:
        is_put = code.startswith("_nw_put")  # others come by `ask`
        begun(self, code, _DEAD_S if is_put and gone(self, code) else within_s)

    patched.setattr(Repl, "ask", ask)
    patched.setattr(Repl, "begin", begin)


@pytest.mark.parametrize(
    ("name", "calls", "state"),
    [
        *(("_nw_put", 9, AS_BEFORE), ("_nw_move", 1, UNFINISHED), ("_nw_move", 3, UNFINISHED)),
        ('_nw_gone(["/flashing', 1, UNFINISHED),
    ],
    ids=["ninth file", "names", "settings", "mark away"],
)
def test_flash__a_first_flash_cut_anywhere__is_nobodys_or_whole_and_completes_when_run_again(
    pump, name, calls, state, monkeypatch
) -> None:
    some = [path for path in pump.files if path.startswith("/node/")][:10]
    names = ["/boot.py", "/main.py", "/version.json", "/settings.json", *some]
    made = replace(pump, files={path: pump.files[path] for path in names})
    with bare() as virtual:
        done(virtual)
        before = on_board(virtual)
        with monkeypatch.context() as patched:
            cut_at(patched, virtual, name, calls)
            with pytest.raises((FlashFailed, BoardSilent)) as failed:
                flash(made, virtual, boot_s=0)
        after = on_board(virtual)
        seen = look([virtual.port])[0].facts
        assert seen is not None
        if state == AS_BEFORE:
            assert {path: after[path] for path in before} == before
            assert not set(after) & {"/settings.json", "/node/app.mpy"}
        else:
            assert isinstance(failed.value, FlashFailed)
            assert failed.value.state == UNFINISHED
            whole = all(path in after for path in names)
            assert whole is (name.startswith("_nw_gone"))
            assert ("/settings.json" in after) is whole  # without which nothing starts
            assert seen.unfinished
        outcome = flash(made, virtual, boot_s=0)
        assert set(on_board(virtual)) == set(names)
        assert not look([virtual.port])[0].facts.unfinished
        assert outcome.sent_files < len(names)


@pytest.mark.parametrize("calls", [2, 3])
def test_flash__cut_in_the_middle_of_renaming__nothing_starts_until_it_is_whole(
    pump, calls, monkeypatch
) -> None:
    """The power goes at a call of those that mark and rename: at the file, at the settings."""
    newer = replace(
        pump, files={**pump.files, "/settings.json": pump.files["/settings.json"] + b" "}
    )
    with bare() as virtual:
        done(virtual)
        flash(pump, virtual)
        with Repl(virtual.port) as repl:
            append(repl, "/node/app.mpy")
        with monkeypatch.context() as patched:
            cut_at(patched, virtual, ("_nw_move", "_nw_mark"), calls)
            with pytest.raises(FlashFailed) as failed:
                flash(newer, virtual)
        assert failed.value.state == UNFINISHED
        assert "/settings.json" not in on_board(virtual)  # without which nothing starts
        seen = look([virtual.port])[0]
        assert seen.facts is not None
        assert seen.facts.unfinished
        outcome = flash(newer, virtual)
        assert outcome.sent_bytes == 0  # all had been sent
        assert outcome.boot is not None
        assert "it had been left between two versions: now it is whole" in outcome.notes
        assert set(on_board(virtual)) == set(pump.files)


def test_flash__a_byte_garbled_or_lost_on_the_line__the_file_is_sent_again(
    pump, monkeypatch
) -> None:
    with bare() as virtual:
        done(virtual)
        sent, spoiled, lines = Repl.send, [], []

        def send(self: Repl, data: bytes) -> None:
            lines.append(len(data))
            # Far apart: a file that is garbled is to come to its end, and to its hash.
            if len(data) > 1000 and len(spoiled) < 3 and len(lines) >= 15 * (len(spoiled) + 1):
                spoiled.append(data)
                data = {1: b"AAAA" + data[4:], 2: data[1:], 3: b"\xff" + data[1:]}[len(spoiled)]
            sent(self, data)

        monkeypatch.setattr(Repl, "send", send)
        outcome = flash(pump, virtual)
        assert len(spoiled) == 3
        assert outcome.sent_bytes == sum(map(len, pump.files.values()))
        assert outcome.boot == 1


def test_flash__a_flash_that_gives_back_other_bytes__refused_and_does_not_start(
    pump, monkeypatch
) -> None:
    with bare() as virtual:
        done(virtual)
        asked = Repl.ask

        def ask(self: Repl, code: str, within_s: float | None = None) -> bytes:
            if code.startswith("_nw_walk") and virtual_is_written:
                asked(self, "f = open('/node/app.mpy', 'ab')\nf.write(b'x')\nf.close()")
            virtual_is_written.extend([1] if code.startswith("_nw_move") else [])
            return asked(self, code, within_s)

        virtual_is_written: list[int] = []
        monkeypatch.setattr(Repl, "ask", ask)
        with pytest.raises(NotAsWritten) as failed:
            flash(pump, virtual)
        assert failed.value.paths == ("/node/app.mpy",)
        monkeypatch.setattr(Repl, "ask", asked)
        assert "/settings.json" not in on_board(virtual)


def test_flash__no_room_for_both_versions__the_old_goes_first(pump) -> None:
    size = sum(-(-len(data) // 4096) * 4096 for data in pump.files.values())
    with bare(blocks=size // 4096 + 60) as virtual:
        done(virtual)
        flash(pump, virtual)
        with Repl(virtual.port) as repl:
            append(repl, "/node/old.mpy", 150_000)
            for path in pump.files:
                if path.endswith(".mpy"):
                    append(repl, path)
        outcome = flash(pump, virtual)
        assert outcome.boot is not None
        assert set(on_board(virtual)) == set(pump.files)


def test_flash__a_file_system_too_small__refused_before_anything(pump) -> None:
    with bare(blocks=20) as virtual:
        done(virtual)
        with pytest.raises(WrongBoard, match="do not fit"):
            flash(pump, virtual)


def test_flash__a_full_file_system__says_so_with_a_cure(pump) -> None:
    with bare() as virtual:
        done(virtual)
        with Repl(virtual.port) as repl:
            append(repl, "/own.bin", 750_000)
        with pytest.raises(FlashFailed, match=r"full.*--clean.*had before"):
            flash(pump, virtual)
        assert flash(pump, virtual, clean=True).boot == 1


def test_flash__another_node_or_fleet_or_chip__refused_without_force(
    north, pump, tmp_path
) -> None:
    other = made_for_virtual(north, "pump-2")
    with bare() as virtual:
        done(virtual)
        flash(pump, virtual)
        with Repl(virtual.port) as repl:
            append(repl, "/state/kept")
        with pytest.raises(
            OtherNode, match=r"is pump-1 of fleet north, not pump-2 of fleet north"
        ):
            flash(other, virtual)
        assert flash(other, virtual, force=True).boot == 1  # its own count: the state is new
        with Repl(virtual.port) as repl:
            assert repl.ask("import os\nprint('kept' in os.listdir('/state'))").strip() == b"False"


def test_flash__an_image_for_another_arch__refused(pump) -> None:
    pico = replace(pump, arch="armv6m")
    with bare() as virtual:
        done(virtual)
        with pytest.raises(WrongBoard, match="code is for armv6m, the board runs x64"):
            flash(pico, virtual)


def test_flash__settings_that_the_node_refuses__not_taken_for_a_start(pump, monkeypatch) -> None:
    spoiled = replace(pump, files={**pump.files, "/settings.json": b"{}\n"})
    with bare() as virtual:
        done(virtual)
        with pytest.raises(NotBooted, match="nodewright: settings"):
            flash(spoiled, virtual)


def test_repl__a_port_in_use__said_with_its_cure() -> None:
    with bare() as virtual:
        done(virtual)
        with Repl(virtual.port), pytest.raises(PortBusy, match="in use by another program"):
            Repl(virtual.port, busy_s=0.2)


@pytest.mark.parametrize("what", ["prompt", "console"])
def test_port__in_use_for_a_moment__is_waited_for(what) -> None:
    with bare() as virtual:
        done(virtual)
        other = serial.Serial(virtual.port, exclusive=True)
        looks = threading.Timer(0.5, other.close)
        looks.start()
        if what == "prompt":
            with Repl(virtual.port) as repl:
                assert repl.ask("print(6 * 7)").strip() == b"42"
        else:
            asked = threading.Event()
            asked.set()
            listen(virtual.port, print, asked)
        looks.join()


def test_repl__an_error_on_the_board__its_last_line() -> None:
    with bare() as virtual:
        done(virtual)
        with Repl(virtual.port) as repl, pytest.raises(BoardFailed) as failed:
            repl.ask("raise ValueError('\\x1b[2J')")
    assert failed.value.error.startswith("ValueError: ")
    assert "\x1b" not in str(failed.value)


def test_cli__two_boards_at_once__both_flashed_one_line_each(north) -> None:
    with bare() as one, bare(unique_id="e6614c311b7e6f2b") as two:
        done(one)
        done(two)
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "nodewright", "flash", "--dir", str(north), "--json"),
                *(f"pump-1={one.port}", f"pump-2={two.port}"),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        lines = [json.loads(line) for line in ended.stdout.splitlines()]
        assert {line["node"] for line in lines if line["event"] == "done"} == {"pump-1", "pump-2"}
        assert {line["event"] for line in lines} == {"step", "done"}
        wrong = subprocess.run(
            [
                *(sys.executable, "-m", "nodewright", "flash", "--dir", str(north)),
                *("pump-2", "--port", one.port),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert wrong.returncode == 2
        assert "--force overwrites it" in wrong.stderr
        assert "Traceback" not in wrong.stderr
        told = subprocess.run(
            [sys.executable, "-m", "nodewright", "ports", one.port, "/dev/no-such", "--json"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        first, second = json.loads(told.stdout)["ports"]
        assert (first["node"], first["state"], first["arch"]) == ("pump-1", "micropython", "x64")
        assert second["state"] == "closed"


def test_flash__a_line_as_slow_as_a_uart__what_is_sent_is_deflated(pump) -> None:
    words = [f"frequency of line {n} of channel {n % 3}\n" for n in range(1000)]
    text = "".join(words).encode()
    newer = replace(pump, files={**pump.files, "/node/text.mpy": text})
    with bare() as virtual:
        done(virtual)
        flash(pump, virtual, boot_s=0)
        with SlowLine(virtual.port) as line:
            heard = Heard()
            outcome = raw_repl.program(job(newer, line.port, boot_s=0), heard, heard.asked)
            carried = line.to_board
        assert outcome.sent_bytes == len(text) > 30_000
        assert carried < 0.7 * len(text)  # as base64 it were 1.34
        assert on_board(virtual)["/node/text.mpy"].sha256 == hashlib.sha256(text).hexdigest()


def test_flash__a_deflated_line_that_is_garbled__the_file_is_sent_again(pump, monkeypatch) -> None:
    monkeypatch.setattr(raw_repl, "_MEASURED_BYTES", 1)
    monkeypatch.setattr(raw_repl, "_SLOW_BYTES_A_S", 1e9)
    sent, spoiled = Repl.send, []

    def send(self: Repl, data: bytes) -> None:
        if data[:1] == agent.DEFLATED and len(data) > 500 and len(spoiled) < 2:
            spoiled.append(data)
            data = {1: b"*AAAA" + data[5:], 2: data[:200] + b"\n"}[len(spoiled)]
        sent(self, data)

    with bare() as virtual:
        done(virtual)
        monkeypatch.setattr(Repl, "send", send)
        assert flash(pump, virtual).boot == 1
    assert len(spoiled) == 2


def nodewright(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nodewright", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_cli__a_node_of_no_chip_yet__bound_at_its_first_flash_and_to_that_alone(tmp_path) -> None:
    folder = fleet(tmp_path / "f")
    where = ("--dir", str(folder), "--boot-s", "0")
    with bare(unique_id="e6614c3100000001") as one, bare(unique_id="e6614c3100000002") as two:
        done(one)
        done(two)
        first = nodewright("flash", "pump-1", "--port", one.port, *where)
        assert first.returncode == 0, first.stderr
        assert "pump-1: bound to chip e6614c3100000001" in first.stderr
        entries, problems = audit.read(folder)
        assert (entries[-1].what, entries[-1].node, problems) == ("bind", "pump-1", ())
        assert entries[-1].facts["unique_id"] == "e6614c3100000001"
        again = nodewright("flash", "pump-1", "--port", one.port, *where)
        assert "bound" not in again.stderr
        other = nodewright("flash", "pump-1", "--port", two.port, *where)
        assert other.returncode == 2
        assert "chip e6614c3100000001, which pump-1 is bound to" in other.stderr
        taken = nodewright("flash", "pump-2", "--port", one.port, *where)
        assert taken.returncode == 2
        forced = nodewright("flash", "pump-1", "--port", two.port, "--force", *where)
        assert forced.returncode == 0
        assert "renew pump-1 --unique-id e6614c3100000002" in forced.stderr
        assert len(audit.read(folder)[0]) == len(entries)
        assert nodewright("audit", "--dir", str(folder)).returncode == 0


def test_cli__a_chip_of_another_node__not_taken_from_it(tmp_path) -> None:
    folder = fleet(tmp_path / "f")
    provision(folder, "pump-2", Secrets(folder), "e6614c3100000001")
    where = ("--dir", str(folder), "--boot-s", "0")
    with bare(unique_id="e6614c3100000001") as virtual:
        done(virtual)
        before = on_board(virtual)
        refused = nodewright("flash", "pump-1", "--port", virtual.port, *where)
        assert refused.returncode == 2
        assert "chip e6614c3100000001 is that of node pump-2" in refused.stderr
        assert on_board(virtual) == before
        forced = nodewright("flash", "pump-1", "--port", virtual.port, "--force", *where)
        assert forced.returncode == 0
        assert "not bound: chip e6614c3100000001 is that of node pump-2" in forced.stderr


def test_flash__its_files_and_those_of_an_image__boot_the_same(pump) -> None:
    """What the REPL wrote is what the image of the same node holds."""
    with bare() as virtual:
        done(virtual)
        flash(pump, virtual)
        written = virtual.flash_image()
    assert read_file(written, "version.json") == pump.files["/version.json"].decode()


def test_repl__a_port_that_is_no_pseudo_terminal__is_waited_for_in_its_read(monkeypatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(SerialTransport, "_is_pty_device", staticmethod(lambda _device: False))
    with bare() as virtual:
        done(virtual)
        with Repl(virtual.port) as repl:
            monkeypatch.setattr(transport_serial.time, "sleep", slept.append)
            for _ in range(20):
                assert repl.ask("print(1)").strip() == b"1"
            monkeypatch.undo()
    assert not slept  # mpremote would ask every 10 ms, several times an answer
