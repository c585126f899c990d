"""What survives a reset: small files in /state, replaced whole or not at all."""

import os

FOLDER = "/state"


def next_boot(folder: str = FOLDER) -> int:
    """Count this boot on flash and return its number, from 1.

    (boot, seq) names a report for ever, so a number must not come twice: it is on flash before it
    is used.  A counter that cannot be read (a power cut cannot cause it: LittleFS replaces a file
    by one atomic rename) counts from the highest of the copies that can.
    Raises OSError when the flash takes no file: without a counter there are no reports to trust.
    """
    _make(folder)
    boot = 1 + max(_read(folder + "/boot"), _read(folder + "/boot.new"))
    with open(folder + "/boot.new", "w") as file:
        file.write("%d\n" % boot)
    os.rename(folder + "/boot.new", folder + "/boot")
    return boot


def _make(folder: str) -> None:
    try:
        os.mkdir(folder)
    except OSError:
        os.stat(folder)  # it is there already, or this raises


def _read(path: str) -> int:
    """The number in a file; 0 where there is no file or no number."""
    try:
        with open(path) as file:
            return max(0, int(file.read(12)))
    except (OSError, ValueError):
        return 0
