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


class NoAnswer(OSError):
    """No chip, or not the one that was addressed, answers on a line that is free."""

    def __init__(self, chip: str) -> None:
        super().__init__(errno.ENODEV, "%s: no answer" % chip)
        self.chip = chip


class LineHeld(OSError):
    """A 1-Wire line is low though nobody talks: a short, a broken chip, or no pull-up."""

    def __init__(self) -> None:
        super().__init__(errno.EIO, "1-Wire: the line is held low")


class CrcMismatch(OSError):
    """What a chip said came with another check sum: bits were lost on the way."""

    def __init__(self, chip: str, expected: int, got: int) -> None:
        super().__init__(errno.EIO, "%s: CRC 0x%02X expected, got 0x%02X" % (chip, expected, got))
        self.chip, self.expected, self.got = chip, expected, got


class NoSupply(OSError):
    """The chip lives on its data line, which carries no conversion without a strong pull-up."""

    def __init__(self, chip: str) -> None:
        super().__init__(errno.EIO, "%s: no supply at VDD" % chip)
        self.chip = chip


class BadReading(OSError):
    """The chip tells a value that it cannot measure."""

    def __init__(self, chip: str, got: float, least: float, most: float) -> None:
        super().__init__(errno.EIO, "%s: %g, beyond %g to %g" % (chip, got, least, most))
        self.chip, self.got, self.least, self.most = chip, got, least, most
