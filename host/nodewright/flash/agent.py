"""What runs on a board while it is flashed through its REPL: a few functions, sent once.

Data comes as lines of base64, each acknowledged when it is on flash: nothing in it is 0x03, a line
that lost a byte is seen to be short, and a port without flow control has nothing to lose while
flash is written. A line that begins with * is deflated. What it answers is one line of JSON.
"""

import json

# Three quarters of it are data. Of a board's memory it takes twice as much.
LINE_BYTES = 2048
CHUNK_BYTES = LINE_BYTES // 4 * 3
SUFFIX = ".new"
MARK = "/flashing"  # there while a board is between two versions
DEEPEST = 8
DEFLATED = b"*"  # no letter of base64
WINDOW_BITS = 11  # of what is deflated: no chunk is longer, and the board takes twice that

_CODE = """
import gc, sys, os, io, json, binascii, hashlib
try:
    import deflate
except ImportError:
    deflate = None
gc.collect()
def _nw_say(x):
    print(json.dumps(x))
def _nw_sum(path):
    h = hashlib.sha256()
    b = memoryview(bytearray(1024))
    with open(path, "rb") as f:
        while True:
            n = f.readinto(b)
            if not n:
                break
            h.update(b[:n])
    return binascii.hexlify(h.digest()).decode()
def _nw_json(path):
    try:
        with open(path) as f:
            x = json.loads(f.read())
        return x if isinstance(x, dict) else {}
    except (OSError, ValueError, MemoryError):
        return {}
def _nw_facts():
    i = sys.implementation
    try:
        import machine
        u = binascii.hexlify(machine.unique_id()).decode()
    except Exception:
        u = ""
    s = _nw_json("/settings.json")
    a = _nw_json("/version.json")
    try:
        v = os.statvfs("/")
        fs = [v[1] * v[2], v[0] * v[3]]
    except OSError:
        fs = None
    b = []
    for n in ("{mark}", "/settings.json{suffix}"):
        try:
            os.stat(n)
            b.append(n)
        except OSError:
            pass
    _nw_say({"z": deflate is not None, "machine": getattr(i, "_machine", ""),
        "release": list(i.version[:3]), "mpy": getattr(i, "_mpy", 0), "id": u,
        "fleet": s.get("fleet"), "node": s.get("node"), "board": s.get("board"),
        "version": a.get("version"), "fs": fs, "broken": b,
        "crash": _nw_json("/state/crash") or None})
def _nw_walk(d, depth, state):
    for e in os.ilistdir(d or "/"):
        p = d + "/" + e[0]
        if e[1] & 0x4000:
            if depth and (state or p != "/state"):
                _nw_walk(p, depth - 1, state)
        else:
            try:
                _nw_say([p, e[3] if len(e) > 3 else os.stat(p)[6], _nw_sum(p)])
            except OSError as x:
                _nw_say([p, -1, str(x)])
def _nw_put(path, size):
    r = getattr(sys.stdin, "buffer", sys.stdin).readline
    w = sys.stdout.write
    h = hashlib.sha256()
    with open(path, "wb") as f:
        while size:
            n = min(size, {chunk})
            w(".")
            d = r()
            z = d[:1] == b"*"
            d = binascii.a2b_base64(d[1:] if z else d)
            try:
                d = deflate.DeflateIO(io.BytesIO(d), deflate.RAW, {window}).read(n) if z else d
            except OSError:
                d = b""
            if len(d) != n:
                raise ValueError("bytes were lost on the line")
            f.write(d)
            h.update(d)
            size -= n
    w("!" + binascii.hexlify(h.digest()).decode() + "\\n")
def _nw_get(path):
    with open(path, "rb") as f:
        while True:
            d = f.read({chunk})
            if not d:
                break
            print(binascii.b2a_base64(d).decode().strip())
            sys.stdin.readline()
    print("!")
def _nw_dirs(paths):
    for p in paths:
        try:
            os.mkdir(p)
        except OSError as x:
            if x.args[0] != 17:
                raise
def _nw_mark(path, text):
    with open(path, "w") as f:
        f.write(text)
def _nw_gone(paths):
    for p in paths:
        try:
            os.remove(p)
        except OSError as x:
            if x.args[0] != 2:
                raise
def _nw_move(pairs):
    for a, b in pairs:
        os.rename(a, b)
def _nw_wipe(d):
    try:
        found = list(os.ilistdir(d or "/"))
    except OSError:
        return
    for e in found:
        if e[1] & 0x4000:
            _nw_wipe(d + "/" + e[0])
            os.rmdir(d + "/" + e[0])
        else:
            os.remove(d + "/" + e[0])
def _nw_prune(d):
    for e in list(os.ilistdir(d)):
        if e[1] & 0x4000:
            _nw_prune(d + "/" + e[0])
    try:
        os.rmdir(d)
    except OSError:
        pass
"""
CODE = (
    _CODE.replace("{chunk}", str(CHUNK_BYTES))
    .replace("{mark}", MARK)
    .replace("{suffix}", SUFFIX)
    .replace("{window}", str(WINDOW_BITS))
)

# ports/rp2/modules/_boot.py and ports/esp32/modules/inisetup.py make theirs of the same parts.
FORMAT = """
import os, vfs
try:
    import rp2
    d, n = rp2.Flash(), 256
except ImportError:
    import esp32
    d, n = esp32.Partition.find(esp32.Partition.TYPE_DATA, label="vfs")[0], 32
try:
    vfs.umount("/")
except OSError:
    pass
vfs.VfsLfs2.mkfs(d, progsize=n)
vfs.mount(vfs.VfsLfs2(d, progsize=n), "/")
"""


def call(name: str, *arguments: object) -> str:
    """A call of one of the functions.  Lists, strings and numbers read the same in Python."""
    return f"_nw_{name}({', '.join(json.dumps(argument) for argument in arguments)})"
