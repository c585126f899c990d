"""A disk that is full, met by every command that writes: it says so, and no file has changed.

A limit of the kernel on the size of files stands for it: what is beyond it is not written. With 0
nothing fits, with a little small files do and the next one does not.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from host import runtime_rig
from host.pki_rig import NOW, WORD, kept, make
from nodewright.fleet import secret, template
from nodewright.image.node import ImageMaker
from nodewright.pki.endpoint import make_host
from nodewright.provision import provision, renew

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of files")

# In a process of its own: what pytest captures goes through files, too.
RUN = """
import contextlib, io, json, os, resource, shutil, signal, sys
from pathlib import Path
from nodewright import cli
from nodewright.fleet import secret

def tree(*folders):
    return {
        str(path): path.read_bytes().hex()
        for folder in folders for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".nodewright.lock"
    }

secret._N = 16  # a cheap key: what is tested is not scrypt
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
source, room, lines = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
work, home = room / "work", room / "home"
os.environ["NODEWRIGHT_HOME"] = str(home)
found = []
for words, limits in lines:
    for limit in limits:
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(source, work)
        os.chdir(work / words[0])
        before = tree(work, home)
        sys.argv = ["nodewright", *words[1:]]
        sys.stdin = io.StringIO("another password\\n")
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        said, code = io.StringIO(), 0
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                cli.main()
            except SystemExit as ended:
                code = ended.code or 0
            except BaseException as error:
                code = repr(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        os.chdir(room)
        after = tree(work, home)
        names = sorted(set(before) | set(after))
        changed = [name for name in names if before.get(name) != after.get(name)]
        found.append([words, limit, code, said.getvalue(), changed])
print(json.dumps(found))
"""

NOTHING, LITTLE = 0, 700
# The folder that it is done in, and how much fits.
LINES: list[tuple[list[str], list[int]]] = [
    (["", "new", "south"], [NOTHING, LITTLE]),
    (["north", "provision", "pump-2"], [NOTHING, LITTLE]),
    (["north", "provision", "pump-1", "--unique-id", "e6614c311b7e6f2a"], [NOTHING, LITTLE]),
    (["north", "renew", "pump-1"], [NOTHING, LITTLE]),
    (["north", "revoke", "pump-1"], [NOTHING, LITTLE]),
    (["north", "retire", "pump-2", "--broker", "127.0.0.1:1"], [NOTHING, LITTLE]),
    (["north", "secrets", "set", "wifi-plant"], [NOTHING]),
    (["north", "secrets", "encrypt"], [NOTHING, 200]),
    (["sealed", "secrets", "decrypt"], [NOTHING, 200]),
    (["bare", "authority", "--make"], [NOTHING, 400]),
    (["north", "image", "pump-1", "-o", "pump-1.img"], [NOTHING, LITTLE]),
    (["north", "image", "--all", "-o", "images"], [NOTHING, LITTLE]),
    (["north", "runtime", "add", "../micropython.uf2"], [NOTHING, LITTLE]),
    (["secure", "broker", "--write-only"], [NOTHING, LITTLE]),
    (["north", "broker", "--host-identity", "tool"], [NOTHING, LITTLE]),
    (["secure", "broker", "--host-identity", "watch", "--export", "tool"], [NOTHING, 300]),
]


@pytest.fixture(scope="module")
def fleets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """north, with pump-1 and a renewal of it; sealed, encrypted; bare, without a CA; secure, with
    a broker that is ours; and a MicroPython."""
    folder = tmp_path_factory.mktemp("full") / "source"
    folder.mkdir()
    runtime_rig.write(folder, "micropython.uf2", runtime_rig.rp2("pico_w"))
    for name in ("north", "secure", "sealed"):
        made = make(folder / name, name)
        provision(made, "pump-1", kept(made), None, NOW)
        renew(made, "pump-1", kept(made), None, NOW)
    text = (folder / "secure" / "fleet.toml").read_text()
    (folder / "secure" / "fleet.toml").write_text(
        text.replace("port = 1883", "port = 8883\ntls = true")
    )
    make_host(folder / "secure", "watch", "read", kept(folder / "secure"))
    template.create(folder / "bare", "bare")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secret, "_N", 16)
        kept(folder / "sealed").encrypt(WORD)
    ImageMaker(folder / "north", kept(folder / "north")).make("pump-1")  # its modules are kept
    return folder


def test_full_disk__each_command_that_writes__says_so_and_changes_nothing(
    fleets: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("NODEWRIGHT_PASSPHRASE", WORD.get_secret_value())
    ran = subprocess.run(
        [sys.executable, "-c", RUN, str(fleets), str(tmp_path), json.dumps(LINES)],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=tmp_path,
    )
    assert ran.returncode == 0, ran.stderr
    found: list[Any] = json.loads(ran.stdout)
    assert len(found) == sum(len(limits) for _, limits in LINES)
    for words, limit, code, said, changed in found:
        what = (" ".join(words), limit, said)
        assert code == 1, what
        assert "File too large" in said, what
        assert changed == [], what
