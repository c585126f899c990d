"""The board itself: who it is, what is on it, its memory and its flash."""

import hashlib
import json
from collections.abc import Iterator

from cryptography import x509

from nodewright.boards import Board
from nodewright.flash.facts import OnBoard
from nodewright.image.files import ABOUT, CHECKED, SETTINGS
from nodewright.image.node import CA, CERTIFICATE, KEY
from nodewright.plain import plain
from nodewright.validate.case import Case, Found, Skipped, same, within
from nodewright.validate.context import Context

_TRIED_BYTES = 32 << 10  # of flash, written and read back: eight blocks
_TRIED = "/validate.try"
_MOST_NAMED = 3
_PIECE_BYTES = 512  # firmware/bench/board.py
_BLOCK_BYTES = 4096
_IDENTITY = (CA, CERTIFICATE, KEY)


def cases(ctx: Context) -> Iterator[Case]:
    """In the order in which they help whoever mends a board."""
    yield Case(
        "board.identity", "The chip is the one that this node is bound to", lambda: _id(ctx)
    )
    yield Case("board.micropython", "MicroPython runs what the image holds", lambda: _python(ctx))
    yield Case("node.name", "The board is this node of this fleet", lambda: _name(ctx))
    yield Case("firmware.version", "The firmware is the fleet's", lambda: _version(ctx))
    yield Case("firmware.files", "Every file is as in the image", lambda: _files(ctx))
    yield Case("settings.hash", "The settings are the fleet's", lambda: _settings(ctx))
    yield Case("certificate.own", "The certificate is this node's own", lambda: _own(ctx))
    yield Case("memory.free", "Memory that is free without a program", lambda: _memory(ctx))
    yield Case("flash.free", "Flash that is free", lambda: _free(ctx))
    yield Case("flash.write", "Flash gives back what was written", lambda: _write(ctx))


def _id(ctx: Context) -> Found:
    wanted, found = ctx.expected.unique_id, ctx.facts.unique_id
    if wanted is None:
        why = f"bound to no chip yet: nodewright provision {ctx.expected.node} --port P binds it"
        raise Skipped(f"{found or 'a chip without an id'}; {why}")
    reason = "another board: flash the one that the node is bound to, or bind it anew"
    return same(found, wanted, reason)


def _python(ctx: Context) -> Found:
    about, found = json.loads(ctx.expected.files[ABOUT]), ctx.facts
    value = f"{'.'.join(map(str, found.release))}, .mpy {found.mpy} for {found.arch or 'none'}"
    if ctx.bench.place == "cpython":
        raise Skipped("CPython runs the source: nothing is compiled")
    ok = about["arch"] == found.arch and _fits(about["mpy"], found.mpy)
    limit = f".mpy {about['mpy']} for {about['arch']}"
    reason = "install the MicroPython that nodewright runtime names for this board"
    return Found(value, "", limit, None, "pass" if ok else "fail", "" if ok else reason)


def _fits(made: str, loads: str) -> bool:
    """Whether .mpy files load: the major version, and the minor one of native code."""
    return made == loads


def _name(ctx: Context) -> Found:
    found, wanted = ctx.facts, ctx.expected
    board = "" if found.board == wanted.settings["board"] else f" on a {found.board}"
    value = f"{found.node or 'no node'} of {found.fleet or 'no fleet'}{board}"
    limit = f"{wanted.node} of {wanted.fleet}"
    return same(value, limit, f"flash it: nodewright flash {wanted.node} --port P")


def _version(ctx: Context) -> Found:
    wanted = json.loads(ctx.expected.files[ABOUT])["version"]
    found = ctx.facts.version or "none"
    age = "an older firmware" if _parts(found) < _parts(wanted) else "another firmware"
    return same(found, wanted, f"{age}: nodewright flash {ctx.expected.node} --port P")


def _parts(version: str) -> list[int]:
    return [int(part) if part.isdigit() else -1 for part in version.split(".")]


def _files(ctx: Context) -> Found:
    """Those that have a case of their own are left to it."""
    there, files = ctx.files, ctx.expected.files
    own = {SETTINGS, CHECKED, *_IDENTITY}
    wrong = [path for path in files if path not in own and not _is(there, path, files[path])]
    lost = [path for path in wrong if path in there and not there[path].sha256]
    missing = [path for path in wrong if path not in there]
    total = len(files) - len(own & files.keys())
    details = {"differing": wrong, "missing": missing, "unreadable": lost}
    if not wrong:
        return Found(float(total), "files", f"{total} as made", None, "pass", "", details)
    named = ", ".join(wrong[:_MOST_NAMED]) + (", …" if len(wrong) > _MOST_NAMED else "")
    what = f"{len(wrong)} differ ({named})"
    if lost:
        what += f"; {len(lost)} cannot be read: the flash has lost a block"
    elif not missing and (pieces := _lost_pieces(ctx, wrong[0])):
        what += f"; {pieces} bytes of {wrong[0]} are gone: the flash has lost a block"
    elif ctx.facts.version == json.loads(files[ABOUT])["version"]:
        what += ": another firmware of the same version"
    cure = (
        f"{what}; nodewright flash {ctx.expected.node} --port P, and if it comes back, the board"
    )
    value = float(total - len(wrong))
    return Found(value, "files", f"{total} as made", -len(wrong) / total, "fail", cure, details)


def _lost_pieces(ctx: Context, path: str) -> int:
    """How many bytes of a file are not right, where its length and most of it are; 0: none."""
    data = ctx.expected.files[path]
    if ctx.files[path].size != len(data):
        return 0
    told = ctx.agents.call("board", "chunks", path)
    right = [
        hashlib.sha256(data[at : at + _PIECE_BYTES]).hexdigest()[:8]
        for at in range(0, len(data), _PIECE_BYTES)
    ]
    wrong = sum(a != b for a, b in zip(told, right, strict=False)) + len(right) - len(told)
    return wrong * _PIECE_BYTES if wrong * _PIECE_BYTES <= _BLOCK_BYTES + _PIECE_BYTES else 0


def _is(there: dict[str, OnBoard], path: str, data: bytes) -> bool:
    return path in there and there[path].sha256 == hashlib.sha256(data).hexdigest()


def _settings(ctx: Context) -> Found:
    wanted = hashlib.sha256(ctx.expected.files[SETTINGS]).hexdigest()
    found = ctx.files[SETTINGS].sha256 if SETTINGS in ctx.files else ""
    node = ctx.expected.node
    reason = f"other settings than fleet.toml gives now: nodewright flash {node} --port P"
    return same(found[:16] or "none", wanted[:16], reason, {"sha256": found, "expected": wanted})


def _own(ctx: Context) -> Found:
    """The certificate says whose it is; key and CA are those that belong to it."""
    identity, node = ctx.expected.image.identity, ctx.expected.node
    if identity is None:
        if not ctx.settings["mqtt"]["tls"]:
            raise Skipped(f"the node has none: nodewright provision {node} makes one")
        reason = f"nodewright provision {node}, then flash it"
        return Found("none", "", node, None, "fail", reason)
    data = ctx.text_of(CERTIFICATE)
    whose = _common_name(data)
    wanted = identity.serial.lower()
    value = f"{whose}, serial {_serial(data)[:12]}"
    limit = f"{node}, serial {wanted[:12]}"
    if whose != node:
        reason = f"it is another node's certificate ({whose}): flash {node} anew"
        return Found(value, "", limit, None, "fail", reason)
    wrong = [path for path in _IDENTITY if not _is(ctx.files, path, ctx.expected.files[path])]
    if wrong:
        reason = f"{', '.join(wrong)}: not what the fleet has now: flash {node} anew"
        return Found(value, "", limit, None, "fail", reason, {"differing": wrong})
    return Found(value, "", limit, None, "pass", "", {"ends": f"{identity.ends:%Y-%m-%d}"})


def _load(data: bytes | None) -> x509.Certificate | None:
    try:
        return None if data is None else x509.load_der_x509_certificate(data)
    except ValueError:
        return None


def _common_name(data: bytes | None) -> str:
    certificate = _load(data)
    if certificate is None:
        return "nobody"
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    text = str(names[0].value) if names else "nobody"
    return plain(text, 60)


def _serial(data: bytes | None) -> str:
    certificate = _load(data)
    return "none" if certificate is None else f"{certificate.serial_number:x}"


def _memory(ctx: Context) -> Found:
    ctx.agents.fresh()
    told = ctx.agents.call("board", "memory")
    if ctx.bench.place == "cpython":
        raise Skipped("CPython's memory has no bound")
    board: Board = ctx.expected.board
    # Words of 64 bits hold what words of 32 would on the board that a virtual one stands for.
    scale = told["word"] // 4 if ctx.bench.place == "virtual" or ctx.facts.virtual else 1
    reason = "too little memory: another MicroPython than the board's, or a board of another kind"
    details = {"all": told["all"], "word_bytes": told["word"]}
    least = float(board.validate.heap_free_bytes)
    return within(told["free"] / scale, "bytes", least, None, reason, details)


def _free(ctx: Context) -> Found:
    if ctx.bench.place == "cpython":
        raise Skipped("the source takes the room there, not what a board has")
    free, whole = ctx.agents.call("board", "flash")
    least = float(ctx.expected.board.validate.flash_free_bytes)
    reason = (
        "its file system is nearly full: nodewright flash with --clean removes what is not ours"
    )
    return within(float(free), "bytes", least, None, reason, {"all": whole})


def _write(ctx: Context) -> Found:
    told = ctx.agents.call("board", "write_and_read", _TRIED, _TRIED_BYTES, ctx.seed & 0xFFFF)
    if told["errno"]:
        reason = f"the flash fails (errno {told['errno']}): it has lost a block; change the board"
        return Found("failed", "", f"{_TRIED_BYTES} bytes", None, "fail", reason)
    reason = (
        "what comes back is not what was written: the flash has lost a block; change the board"
    )
    return within(float(told["wrong"]), "bytes wrong", None, 0.0, reason, {"bytes": _TRIED_BYTES})
