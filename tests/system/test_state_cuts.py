"""The boot counter over a power cut at each operation of the flash, on MicroPython's LittleFS."""

import subprocess

from nodewright.data import firmware_dir
from nodewright.interpreter import find_interpreter
from system.dying_flash import DEVICE

_LIMIT_S = 60

_PROGRAM = (
    """
import os
import sys
import vfs

sys.path[:] = [%r, ".frozen"]
from node import crash, state

BLOCK, BLOCKS = 512, 16
"""
    + DEVICE
    + """

def mounted(device):
    vfs.mount(vfs.VfsLfs2(device, readsize=16, progsize=16, lookahead=16), "/flash")


device = Device()
vfs.VfsLfs2.mkfs(device, readsize=16, progsize=16, lookahead=16)
highest = cuts = 0
for whole_boots in range(12):
    for operations in range(1, 40):
        device.left, device.dead = operations, False
        try:
            mounted(device)
            boot = state.next_boot("/flash/state")
            if boot <= highest:
                print("twice", boot, "after", highest, "cut at", operations)
            highest = max(highest, boot)
            crash.note(boot, "cut at %%d" %% operations, "/flash/state")
        except OSError:
            cuts += 1
        finally:
            try:
                vfs.umount("/flash")
            except OSError:
                pass
    device.left, device.dead = -1, False
    mounted(device)
    boot = state.next_boot("/flash/state")
    if boot <= highest:
        print("twice", boot, "after", highest)
    highest = boot
    noted = crash.last("/flash/state")
    if noted is None or noted["boot"] > boot:
        print("note", noted)
    vfs.umount("/flash")
print("cuts", cuts, "boots", highest)
"""
)


def test_boot_counter__power_cut_at_each_flash_operation__no_number_twice_and_none_lost():
    found = find_interpreter()
    done = subprocess.run(
        [*found.command, "-X", "heapsize=2M", "-c", _PROGRAM % str(firmware_dir())],
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
    )
    assert done.returncode == 0, done.stderr
    (last,) = done.stdout.splitlines()  # nothing came twice
    words = last.split()
    assert words[0] == "cuts" and int(words[1]) > 100
    assert int(words[3]) > 100  # most of the later operations let the boot be counted
