"""A new identity over a power cut at each operation of the flash, on MicroPython's LittleFS."""

import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from host.pki_rig import kept, make
from nodewright.data import firmware_dir
from nodewright.interpreter import find_interpreter
from nodewright.pki import keys, record
from nodewright.pki.identity import load_identity
from nodewright.provision import provision, renew
from system.dying_flash import DEVICE
from wire import renewal

_LIMIT_S = 60

_PROGRAM = (
    """
import os
import sys
import vfs

sys.path[:] = [%r, ".frozen"]
source = sys.argv[1]


def held(name):
    with open(source + "/" + name, "rb") as file:
        return file.read()


CA, OLD, OLD_KEY, NEW, NEW_KEY = [
    held(name) for name in ("ca", "old", "old_key", "new", "new_key")
]
PARTS = held("parts").decode().split()

from node.renewal import Renewal, begin
from node.uplink import tls

BLOCK, BLOCKS = 512, 48
FOLDER = "/flash/identity"
"""
    + DEVICE
    + """

def count(name):
    print("counted", name)


def write(name, data):
    with open(FOLDER + "/" + name, "wb") as file:
        file.write(data)


def take():
    renewal = Renewal("pump-1", FOLDER)
    for part in range(len(PARTS)):
        renewal.take(part, len(PARTS), PARTS[part])


def identity():
    '''As the node loads it: (whether it is the new one, is it on trial).'''
    found = begin(count, FOLDER)
    if found is None:
        with open(FOLDER + "/certificate.der", "rb") as file:
            certificate = file.read()
        with open(FOLDER + "/key.der", "rb") as file:
            key = file.read()
        assert (certificate, key) in ((OLD, OLD_KEY), (NEW, NEW_KEY)), "a pair torn apart"
        found = tls.Identity(CA, certificate, key)
    else:
        assert found.fingerprint == fresh.fingerprint
    return found


fresh = tls.Identity(CA, NEW, NEW_KEY)
device = Device()
cuts = kept = done = 0
for operations in range(1, 200):
    device.data[:] = b"\\xff" * len(device.data)
    device.left, device.dead = -1, False
    vfs.VfsLfs2.mkfs(device, readsize=16, progsize=16, lookahead=16)
    vfs.mount(vfs.VfsLfs2(device, readsize=16, progsize=16, lookahead=16), "/flash")
    os.mkdir(FOLDER)
    write("ca.der", CA)
    write("certificate.der", OLD)
    write("key.der", OLD_KEY)
    device.left = operations
    accepted = False
    try:
        take()
        found = identity()
        found.trial.over("")
        accepted = not device.dead
    except OSError:
        pass
    finally:
        vfs.umount("/flash")
    cut = device.dead
    cuts += cut
    device.left, device.dead = -1, False
    vfs.mount(vfs.VfsLfs2(device, readsize=16, progsize=16, lookahead=16), "/flash")
    found = identity()
    new = found.fingerprint == fresh.fingerprint
    if found.trial is not None:
        found.trial.over("")
    elif not new:
        kept += 1
        take()  # sent again
        found = identity()
        assert found.trial is not None
        found.trial.over("")
    assert identity().fingerprint == fresh.fingerprint
    left = sorted(os.listdir(FOLDER))
    assert left == ["ca.der", "certificate.der", "key.der"], left
    vfs.umount("/flash")
    done += 1
    if not cut:
        break
# A flash that takes nothing more, half way: the node connects with what it has.
vfs.mount(vfs.VfsLfs2(device, readsize=16, progsize=16, lookahead=16), "/flash")
write("certificate.der", NEW)
write("key.der", OLD_KEY)
write("proven.der", NEW + NEW_KEY)
device.dead = True
found = begin(count, FOLDER)
assert found.fingerprint == fresh.fingerprint and found.trial is None
print("cuts", cuts, "kept", kept, "whole", not cut)
"""
)


def test_renewal__power_cut_at_each_operation__old_or_new_whole_and_done_in_the_end(
    tmp_path: Path,
) -> None:
    folder = make(tmp_path / "north", nodes=1)
    provision(folder, "pump-1", kept(folder))
    old = load_identity(folder, "pump-1", kept(folder))
    renew(folder, "pump-1", kept(folder))
    new = load_identity(folder, "pump-1", kept(folder))
    known = record.read(folder, "pump-1")
    assert known is not None
    key = keys.of_certificate(kept(folder), "pump-1", old.serial, known.issued[1].certificate)
    old_key = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    new_key = new.key_der.get_secret_value()
    sealed = renewal.seal(old_key, new.certificate_der, new_key, bytes(16))
    for name, data in (
        ("ca", new.ca_der),
        ("old", old.certificate_der),
        ("old_key", old_key),
        ("new", new.certificate_der),
        ("new_key", new_key),
        ("parts", "\n".join(renewal.parts(sealed)).encode()),
    ):
        (tmp_path / name).write_bytes(data)
    program = tmp_path / "cuts.py"
    program.write_text(_PROGRAM % str(firmware_dir()))
    ran = subprocess.run(
        [*find_interpreter().command, "-X", "heapsize=1M", program, tmp_path],
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr
    words = ran.stdout.split()[-6:]
    assert words[0] == "cuts" and words[-1] == "True", ran.stdout[-500:]
    assert int(words[1]) >= 20
    assert int(words[3]) >= 1
