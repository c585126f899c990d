"""The boot counter over a power cut at each operation of the flash, on MicroPython's LittleFS."""

import subprocess

from nodewright.data import firmware_dir
from nodewright.interpreter import find_interpreter

_LIMIT_S = 60

# A device in memory that dies at its n-th write or erase, with half of it done.
_PROGRAM = """
import os
import sys
import vfs

sys.path[:] = [%r, ".frozen"]
from node import crash, state

BLOCK, BLOCKS = 512, 16


class Device:
    # Nothing here allocates: LittleFS closes forgotten files with the heap locked.
    def __init__(self):
        self.data = bytearray(b"\\xff" * (BLOCK * BLOCKS))
        self.left = -1  # operations until the power fails; below 0: never
        self.dead = False

    def readblocks(self, block, buf, offset=0):
        at = block * BLOCK + offset
        for i in range(len(buf)):
            buf[i] = self.data[at + i]

    def _put(self, at, buf, count):
        if self.dead:
            return -5
        if self.left == 0:
            self.dead = True
            count //= 2
        self.left -= 1
        for i in range(count):
            self.data[at + i] = 0xFF if buf is None else buf[i]
        return -5 if self.dead else 0

    def writeblocks(self, block, buf, offset=0):
        return self._put(block * BLOCK + offset, buf, len(buf))

    def ioctl(self, operation, argument):
        if operation == 4:
            return BLOCKS
        if operation == 5:
            return BLOCK
        if operation == 6:
            return self._put(argument * BLOCK, None, BLOCK)
        return 0


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
