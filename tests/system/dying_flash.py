"""A flash in memory that dies at its n-th write or erase, with half of it done.

A piece of the programs that tests run on MicroPython: BLOCK and BLOCKS come before it.
"""

DEVICE = """

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
"""
