"""A virtual board boots from its flash, and resets as a board does."""

import pytest

from nodewright.virtual import BoardFailed, CrashLoop, VirtualBoard
from system.virtual_rig import BLOCK_BYTES, WAIT_S, board, facts, read_file

_FOREVER = "\nimport time\nwhile True: time.sleep_ms(1)\n"


def test_boot__image_with_boot_and_main__both_run_in_order_from_flash() -> None:
    boot = "first = 1\n"
    main = """
import os, sys
print("nodewright: done first=%d files=%s path=%s" % (
    first, "+".join(sorted(os.listdir("/"))), "+".join(sys.path)))
"""
    with board(main, boot=boot) as virtual:
        assert facts(virtual) == {
            "first": "1",
            "files": "boot.py+main.py",
            "path": "+.frozen+/lib",
        }


def test_boot__main__sees_nothing_of_the_host() -> None:
    main = """
import sys
def there(path):
    try:
        open(path).close()
        return 1
    except OSError:
        return 0
print("nodewright: done host=%d sim=%d names=%s" % (
    there("/etc/passwd"), any("sim" in m for m in sys.modules),
    "+".join(sorted(n for n in globals() if n not in ("there", "sys")))))
"""
    with board(main) as virtual:
        assert facts(virtual) == {"host": "0", "sim": "0", "names": "__name__"}


def test_boot__main_raises__traceback_without_our_files() -> None:
    with board(
        "def f():\n    1 / 0\ntry:\n    f()\nfinally:\n    print('nodewright: done')\n"
    ) as virtual:
        facts(virtual)
        virtual.wait_for("done", WAIT_S)
        _wait_for_line(virtual, "ZeroDivisionError: divide by zero")
        assert '  File "main.py", line 2, in f' in virtual.lines
        assert not any("sim/" in line for line in virtual.lines)


def _wait_for_line(virtual: VirtualBoard, text: str) -> None:
    with virtual._changed:
        assert virtual._changed.wait_for(lambda: text in virtual.lines, WAIT_S), virtual.lines


def test_flash__file_written_on_the_node__survives_a_reset() -> None:
    main = """
import machine
try:
    with open("count") as f: n = int(f.read())
except OSError:
    n = 0
with open("count", "w") as f: f.write(str(n + 1))
print("nodewright: done count=%d cause=%d" % (n, machine.reset_cause()))
if n < 2: machine.reset()
"""
    with board(main) as virtual:
        last = virtual.wait_for("done", WAIT_S, lambda event: event.facts["count"] == "2")
        assert last.facts["cause"] == "2"  # HARD_RESET
        assert facts(virtual) == {"count": "0", "cause": "1"}  # PWRON_RESET
        assert virtual.boots == 3
        assert read_file(virtual.flash_image(), "count") == "3"


@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ("machine.reset()", 2),
        ("machine.WDT(timeout=500); time.sleep(60)", 3),
        ("machine.soft_reset()", 5),
        ("sys.exit()", 5),
    ],
)
def test_reset__each_kind__cause_as_on_a_board(how: str, cause: int) -> None:
    main = f"""
import machine, time, sys
print("nodewright: done cause=%d" % machine.reset_cause())
if machine.reset_cause() == machine.PWRON_RESET:
    try:
        {how}
    except Exception:
        pass
    print("nodewright: survived")
"""
    with board(main) as virtual:
        virtual.wait_for("done", WAIT_S, lambda event: event.facts["cause"] == str(cause))
        assert not [line for line in virtual.lines if "survived" in line]


def test_reset__pin_pulled_by_the_host__boots_anew() -> None:
    main = "import machine\nprint('nodewright: done cause=%d' % machine.reset_cause())" + _FOREVER
    with board(main) as virtual:
        facts(virtual)
        virtual.reset()
        virtual.wait_for("done", WAIT_S, lambda event: event.facts["cause"] == "2")


def test_watchdog__fed_in_time__does_not_bite() -> None:
    main = """
import machine, time
dog = machine.WDT(timeout=500)
for _ in range(10):
    time.sleep_ms(499)
    dog.feed()
print("nodewright: done cause=%d" % machine.reset_cause())
"""
    with board(main) as virtual:
        assert facts(virtual) == {"cause": "1"}
        assert virtual.boots == 1


def test_heap__more_than_the_board_has__memory_error() -> None:
    """Most of a board's heap fits into it, scaled for the word; more than all does not."""
    main = """
import gc, sys
scale = 2 if sys.maxsize > 1 << 32 else 1
def fits(size):
    gc.collect()
    try:
        bytearray(size)
        return 1
    except MemoryError:
        return 0
print("nodewright: done half=%d most=%d all=%d" % tuple(
    fits(scale * size) for size in (50_000, 85_000, 101_000)))
"""
    with board(main, heap_bytes=100_000) as virtual:
        assert facts(virtual) == {"half": "1", "most": "1", "all": "0"}


def test_threshold__of_a_board__collects_after_as_much_work_as_there() -> None:
    main = """
import gc, sys
before = gc.threshold()
gc.threshold(4096)
told = gc.threshold()
gc.collect()
lowest = most = gc.mem_free()
for _ in range(4000):
    [1, 2]
    lowest = min(lowest, gc.mem_free())
words = 2 if sys.maxsize > 1 << 32 else 1
print("nodewright: done", "before=%d told=%d left=%d" % (before, told, (most - lowest) // words))
"""
    with board(main) as virtual:
        told = {key: int(value) for key, value in facts(virtual).items()}
    assert (told["before"], told["told"]) == (-1, 4096)
    assert 3500 <= told["left"] <= 4096 + 64  # it collects before the allocation that is too many


def test_crash_loop__board_that_only_resets__stopped_with_an_error() -> None:
    with board("import machine; machine.reset()", restarts_per_minute=4) as virtual:
        with pytest.raises(CrashLoop, match="restarted 5 times within a minute"):
            virtual.wait_for("never", WAIT_S)
        assert virtual.pid == 0
        assert virtual.boots == 5


def test_boot__flash_without_a_file_system__board_failed_says_why() -> None:
    virtual = board("", flash=b"\xff" * 64 * BLOCK_BYTES)
    with virtual, pytest.raises(BoardFailed, match="did not boot") as failed:
        virtual.wait_for("never", WAIT_S)
    assert "OSError" in str(failed.value)
