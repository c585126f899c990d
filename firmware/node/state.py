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
    boot = 1 + max(_read(folder + "/boot"), _read(folder + "/boot.new"))
    replace(folder, "boot", "%d\n" % boot)
    return boot


def replace(folder: str, name: str, text: str) -> None:
    """Write a file so that whenever the power fails the old or the new text is there, whole.

    Raises OSError when the flash takes no file.
    """
    _make(folder)
    path = folder + "/" + name
    with open(path + ".new", "w") as file:
        file.write(text)
    os.rename(path + ".new", path)


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
