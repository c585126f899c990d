"""What a sensor can do wrong, as facts.

A bus that does not answer raises the port's own OSError.
"""

import errno


class DeviceMismatch(Exception):
    """Something answered on the bus, and it is not the chip that the settings name."""

    def __init__(self, chip: str, expected: int, got: int) -> None:
        super().__init__("%s: identity 0x%02X expected, got 0x%02X" % (chip, expected, got))
        self.chip, self.expected, self.got = chip, expected, got


class SensorTimeout(OSError):
    """The chip answers but delivers no samples."""

    def __init__(self, chip: str, waited_us: int) -> None:
        super().__init__(errno.ETIMEDOUT, "%s: no samples in %d us" % (chip, waited_us))
        self.chip, self.waited_us = chip, waited_us


class SensorReset(OSError):
    """The chip has lost what start() wrote to it: its supply failed during the record."""

    def __init__(self, chip: str, reg: int, expected: int, got: int) -> None:
        super().__init__(
            errno.EIO, "%s: register 0x%02X is 0x%02X, not 0x%02X" % (chip, reg, got, expected)
        )
        self.chip, self.reg, self.expected, self.got = chip, reg, expected, got
