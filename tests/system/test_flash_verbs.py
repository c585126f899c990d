"""`backup`, `erase` and `console` on a virtual board; and the cases of tests/device on one."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from nodewright.flash import agent, keep, raw_repl
from nodewright.flash.errors import FlashFailed, WrongBoard
from nodewright.flash.look import look
from nodewright.fleet.finding import WriteFailed
from nodewright.image.node import NodeImage
from nodewright.link.errors import Interrupted, PortBusy
from nodewright.link.repl import Repl, why_closed
from nodewright.virtual import VirtualBoard
from system.flash_rig import IDLE, Heard, bare, fleet, job, made_for_virtual
from system.virtual_rig import BLOCK_BYTES, WAIT_S, facts

pytestmark = pytest.mark.skipif(os.name != "posix", reason="virtual boards have ports on POSIX")
_ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def north(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fleet(tmp_path_factory.mktemp("flash") / "f")


@pytest.fixture(scope="module")
def pump(north: Path) -> NodeImage:
    return made_for_virtual(north)


def write(made: NodeImage, virtual: VirtualBoard) -> None:
    heard = Heard()
    raw_repl.program(job(made, virtual.port), heard, heard.asked)


def nodewright(*words: str, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nodewright", *words],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def test_backup__a_node__all_its_files_for_the_user_alone(pump, tmp_path) -> None:
    with bare() as virtual:
        facts(virtual)
        write(pump, virtual)
        ended = nodewright("backup", virtual.port, "-o", str(tmp_path / "kept"), "--json")
        told = json.loads(ended.stdout)
        taken = nodewright("backup", virtual.port, "-o", str(tmp_path / "kept"))
    assert (told["node"], told["fleet"]) == ("pump-1", "north")
    for path, data in pump.files.items():
        assert (tmp_path / "kept" / path[1:]).read_bytes() == data
    assert "/state/boot" in told["files"]
    assert (tmp_path / "kept").stat().st_mode & 0o077 == 0
    assert (tmp_path / "kept" / ".gitignore").read_text() == "*\n"
    assert taken.returncode == 2
    assert "is not empty" in taken.stderr


def test_backup__interrupted__says_how_far_it_came(pump, tmp_path) -> None:
    asked = threading.Event()
    with bare() as virtual:
        facts(virtual)
        with pytest.raises(Interrupted, match="0 of 1 files"):
            asked.set()
            keep.backup(virtual.port, tmp_path / "kept", lambda _p, _s: None, asked)


def test_erase__a_node__nothing_is_left_and_it_can_be_flashed_again(pump) -> None:
    with bare() as virtual:
        facts(virtual)
        write(pump, virtual)
        asked = nodewright("erase", virtual.port, "--json", "--yes")
        assert json.loads(asked.stdout)["files"] > len(pump.files)
        with Repl(virtual.port) as repl:
            assert repl.ask("import os\nprint(os.listdir('/'))").strip() == b"[]"
        write(pump, virtual)


def spoil(virtual: VirtualBoard, data: bytes) -> None:
    """The root of its file system is other bytes, and its own directory is read anew."""
    with (virtual.folder / "flash.img").open("r+b") as flash:
        for block in range(len(data) // BLOCK_BYTES):
            flash.seek(block * BLOCK_BYTES)
            flash.write(data[block * BLOCK_BYTES : (block + 1) * BLOCK_BYTES])


@pytest.mark.parametrize("rest", ["nothing", "noise"])
def test_erase_format__a_file_system_that_is_damaged__made_anew_and_flashed(pump, rest) -> None:
    noise = random.Random(4).randbytes(2 * BLOCK_BYTES)
    with bare() as virtual:
        facts(virtual)
        spoil(virtual, noise if rest == "noise" else b"\0" * len(noise))
        told = nodewright("erase", virtual.port, "--format", "--yes", "--json")
        assert json.loads(told.stdout)["erased"] == "file system"
        with Repl(virtual.port) as repl:
            assert repl.ask("import os\nprint(os.listdir('/'))").strip() == b"[]"
        write(pump, virtual)
        seen = look([virtual.port])[0].facts
        assert seen is not None
        assert seen.node == "pump-1"


def test_flash__a_file_system_that_is_damaged__said_with_its_cure(pump) -> None:
    noise = random.Random(4).randbytes(2 * BLOCK_BYTES)
    with bare() as virtual:
        facts(virtual)
        spoil(virtual, noise)
        with pytest.raises((WrongBoard, FlashFailed), match=r"erase .* --format makes"):
            write(pump, virtual)


def test_erase__asked_first_and_chip_and_format_exclude_each_other() -> None:
    no = subprocess.run(
        [sys.executable, "-m", "nodewright", "erase", "/dev/no-such"],
        input="n\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert no.returncode == 2
    assert "not erased" in no.stderr
    both = nodewright("erase", "/dev/no-such", "--chip", "--format", "--yes")
    assert both.returncode == 2


def test_console__a_node_that_crashes__is_explained(north) -> None:
    crash = (
        "print('nodewright: after_crash boot=3 count=2 error=OSError(5) wait_s=2')\n"
        "print('\\x1b[2Jplain')\n" + IDLE
    )
    with bare(files={"main.py": crash}) as virtual:
        facts(virtual)
        process = subprocess.Popen(
            [*(sys.executable, "-m", "nodewright", "console", virtual.port), *("--lines", "3")],
            stdout=subprocess.PIPE,
            text=True,
        )
        deadline_s = time.monotonic() + WAIT_S
        while not isinstance(why_closed(virtual.port), PortBusy):  # until it listens
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
        virtual.reset()
        told = process.communicate(timeout=30)[0]
    assert process.returncode == 0
    assert "→ boot 3 ended by OSError(5); 2 times in a row, so it waits 2 s" in told
    assert "?[2Jplain" in told
    assert "\x1b" not in told


def test_backup__a_disk_that_fills_up__says_what_is_there_and_where(
    pump, tmp_path, monkeypatch
) -> None:
    written: list[Path] = []
    write_whole = keep.write_whole

    def fills(path: Path, data: bytes, mode: int | None = None) -> None:
        if len(written) == 3:
            raise WriteFailed(path, "No space left on device")
        written.append(path)
        write_whole(path, data, mode)

    monkeypatch.setattr(keep, "write_whole", fills)
    with bare() as virtual:
        facts(virtual)
        write(pump, virtual)
        folder = tmp_path / "kept"
        with pytest.raises(keep.BackupFailed, match=r"No space left.*: 2 of \d+ files are in"):
            keep.backup(virtual.port, folder, lambda _path, _size: None, threading.Event())
    assert all(path.exists() for path in written)  # the first keeps all of it out of git


def test_device__its_cases_on_a_virtual_board__pass(north) -> None:
    with bare() as virtual:
        facts(virtual)
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:randomly"),
                *(
                    "-p",
                    "no:cacheprovider",
                    "tests/device/test_flash.py",
                    "--device",
                    virtual.port,
                ),
                *("--fleet", str(north), "--node", "pump-1"),
            ],
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
            cwd=_ROOT,
        )
    assert ended.returncode == 0, ended.stdout[-3000:]
    assert "4 passed" in ended.stdout


# As ports/esp32/esp32_partition.c has it: found by type and label, blocks of 4096 bytes, bits that
# only an erase sets again.
_ESP32 = """
import sys
class Partition:
    TYPE_APP, TYPE_DATA = 0, 1
    def __init__(self, kind, label, blocks):
        self.kind, self.label, self.data = kind, label, bytearray(blocks * 4096)
    @staticmethod
    def find(type=0, subtype=0xff, label=None, block_size=4096):
        return [p for p in ALL if p.kind == type and label in (None, p.label)]
    def readblocks(self, block, buf, offset=0):
        at = block * 4096 + offset
        buf[:] = self.data[at:at + len(buf)]
    def writeblocks(self, block, buf, offset=None):
        if offset is None:
            self.ioctl(6, block)
        at = block * 4096 + (offset or 0)
        assert at % 32 == len(buf) % 32 == 0
        for i in range(len(buf)):
            self.data[at + i] &= buf[i]
    def ioctl(self, what, block):
        if what == 4:
            return len(self.data) // 4096
        if what == 5:
            return 4096
        if what == 6:
            for i in range(block * 4096, (block + 1) * 4096):
                self.data[i] = 0xff
        return 0
ALL = [Partition(0, "factory", 1), Partition(1, "nvs", 1), Partition(1, "vfs", 8)]
class esp32:
    pass
esp32.Partition = Partition
sys.modules["esp32"] = esp32
"""


def test_format__an_esp32s_partition__is_made_anew_where_its_files_are() -> None:
    with bare(dma=False) as virtual:  # which has no module rp2
        facts(virtual)
        with Repl(virtual.port, answer_s=60.0) as repl:
            repl.ask(_ESP32)
            repl.ask(agent.FORMAT)
            told = repl.ask(
                "import os\nprint(os.listdir('/'), os.statvfs('/')[:3])\n"
                "for n in range(3):\n f = open('/%d' % n, 'w')\n f.write('%d' % n * 5000)\n"
                " f.close()\n"
                "print([open('/%d' % n).read() == '%d' % n * 5000 for n in range(3)])\n"
                "print([any(p.data) for p in ALL])"
            )
    assert told.decode().splitlines() == [
        *("[] (4096, 4096, 8)", "[True, True, True]", "[False, False, True]")
    ]
