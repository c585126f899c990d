"""A new fleet's folder: a working example with its comments, and a place for secrets."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from nodewright.errors import BadInput
from nodewright.fleet.finding import WriteFailed
from nodewright.fleet.load import FILE
from nodewright.fleet.secret import FOLDER, PLACEHOLDER
from nodewright.fleet.values import NAME_ALLOWED
from wire.topics import is_name

WIFI_SECRET = "wifi-plant"  # noqa: S105  a name, no password

_FLEET = """\
# A fleet of Nodewright: machines, the nodes on them, and what they measure.
#
#   nodewright check            judges all of it, and says where and how to mend it
#   nodewright show pump-1      one node, as it will be
#
# Quantities have units: "10s", "16g", "1480rpm", "3200Hz". Names are a-z, 0-9 and -.
# Every key is in docs/fleet.md. No password belongs here: they live in secrets/.

[fleet]
name = "{name}"            # first part of all topics
owner = "Plant maintenance"
encoding = "json"

[sites.hall-1]
title = "Pump hall"

# Networks that nodes join. The password is in secrets/{secret}:
#   nodewright secrets set {secret}
[networks.plant]
ssid = "plant"
secret = "{secret}"
# For nodes with an address of their own (nodes.NAME.address):
# subnet = "192.168.1.0/24"
# gateway = "192.168.1.1"
# ntp = ["192.168.1.1"]      # time servers, best within the plant

# An address, or a name that the plant's name server knows; tls = true: docs/broker.md.
[brokers.main]
host = "127.0.0.1"
port = 1883
keepalive = "15s"

# For nodes that report over LoRaWAN (uplink = "lorawan"): provisioned, no firmware has it yet.
# [lorawan]
# region = "EU868"

# A bearing by its type, by its geometry, or by its orders (turns of the shaft).
[bearings.drive-end]
type = "6205"

[bearings.fan-end]
balls = 8
ball = "6.746mm"
pitch = "28.499mm"
angle = "0deg"

# Machines. ISO 20816-3: group 1 is over 300 kW or 315 mm of shaft height, group 2 from 15 kW.
[assets.pump-1]
title = "Cooling water pump 1"
site = "hall-1"
group = 2
support = "rigid"
power = "55kW"
speed = "1480rpm"          # leave it out, and it is estimated from each spectrum
speed_error = "0.5%"       # by how much it may be off
load = "80%"
bearing = "drive-end"

# Where a sensor sits, and which way its axes look.
[assets.pump-1.points.drive-end]
title = "Bearing housing, drive end"
mounting = "stud"          # stud, adhesive, magnet or clamp
axes = {{ x = "horizontal", y = "axial", z = "vertical" }}
gravity = "z"              # the axis that reads +1 g at rest

# What is measured, when, and what is computed (docs/features.md).
[sets.severity]
rate = "800Hz"
samples = 1024
every = "10s"
features = [
    "acc_rms_g", "acc_peak_g", "crest", "kurtosis",
    "vel_rms_mm_s", "order1_mm_s", "order2_mm_s",
]

[sets.on-demand]
rate = "800Hz"
samples = 2048
demand = true              # when a command asks for it
features = ["acc_rms_g", "vel_rms_mm_s", "line1_hz", "line1_g", "line2_hz", "line2_g"]
spectrum = "compressed"

# A board with its sensors. "virtual" has the pins of a Pico W, and runs on this computer;
# for a real one write "pico_w" (nodewright boards lists them all).
[nodes.pump-1]
board = "virtual"
site = "hall-1"
# With one network and one broker these two can be left out:
network = "plant"
broker = "main"

# The bus i2c0 has the board's own pins, 4 and 5. Other pins, or another clock:
# [nodes.pump-1.buses.mine]
# kind = "i2c"
# sda = 8
# scl = 9
# rate = "400kHz"

[nodes.pump-1.sensors.acc]
point = "pump-1/drive-end"
chip = "adxl345"
bus = "i2c0"
address = 0x53
int1 = 15                  # its interrupt; without one it is polled
range = "16g"
sets = ["severity", "on-demand"]

# Another pump like it, described by what differs:
# [assets.pump-2]
# like = "pump-1"
# title = "Cooling water pump 2"
#
# [nodes.pump-2]
# like = "pump-1"
# sensors.acc.point = "pump-2/drive-end"
"""

_IGNORE = f"""\
# Secrets stay with those who need them; images hold those of their nodes, backups of boards, too
# (each backup keeps itself out).
{FOLDER}/
images/
*.key
*.img
*.uf2
*.bin
.nodewright.lock
"""

_README = f"""\
One file a secret, its name that of the file: {WIFI_SECRET} holds a Wi-Fi password.

    nodewright secrets set {WIFI_SECRET}      asks for it and writes it
    nodewright secrets encrypt                encrypts all with a passphrase

This folder is not under version control (.gitignore), and readable by its owner only.
"""


class FolderTaken(BadInput):
    """A new fleet would lie over something.  folder: where."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(f"{folder} is there and not empty: name a new folder")


def fleet_name(folder: Path) -> str:
    """The name of a fleet in a folder.  Raises BadInput where the folder's own is none."""
    name = folder.resolve().name
    if is_name(name):
        return name
    raise BadInput(f"{name!r} is no name for a fleet: {NAME_ALLOWED}; give one with --name")


def create(folder: Path, name: str, begin: Callable[[Path], object] | None = None) -> list[Path]:
    """Make a fleet's folder, wholly or not at all; its files.

    folder: new, or empty; begin: makes the fleet's keys in a folder, before it is in its place.
    Raises FolderTaken, BadInput, WriteFailed, and what begin raises.
    """
    if not is_name(name):
        raise BadInput(f"--name {name!r} cannot be: {NAME_ALLOWED}")
    target = folder.absolute()
    files = {
        FILE: _FLEET.format(name=name, secret=WIFI_SECRET),
        ".gitignore": _IGNORE,
        f"{FOLDER}/{WIFI_SECRET}": PLACEHOLDER + "\n",
        f"{FOLDER}/README": _README,
    }
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise FolderTaken(folder)
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            _write(beside, files)
            if begin is not None:
                begin(beside)
            made = sorted(path.relative_to(beside) for path in beside.rglob("*") if path.is_file())
            if target.exists():
                target.rmdir()
            beside.rename(target)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
    except FileNotFoundError:
        raise BadInput(f"{target.parent} does not exist: make it first") from None
    except OSError as error:
        raise WriteFailed(folder, error.strerror or str(error)) from None
    return [folder / file for file in made]


def _write(folder: Path, files: dict[str, str]) -> None:
    (folder / FOLDER).mkdir(mode=0o700)
    for file, text in files.items():
        mode = 0o600 if file.startswith(FOLDER) else 0o644
        handle = os.open(folder / file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as written:
            written.write(text)
    folder.chmod(0o755)
