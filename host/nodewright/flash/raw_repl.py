"""The programmer for any board that runs MicroPython: through its REPL, file by file.

Everything that differs is sent first, under other names, and hashed on the board as it is written;
until then the board is as it was. Then, in a moment, `/settings.json` is taken away, without which
no node starts, names are changed, old files removed, and the settings come back last. So a board
that lost power in between says that it has no settings, and starts nothing of two halves. Run
again, what is there already is not sent again. In the end all files are hashed on the board once
more, as its flash gives them back.
"""

import base64
import errno
import hashlib
import json
import re
import threading
import time
import zlib
from collections.abc import Iterable
from pathlib import PurePosixPath

from nodewright.flash import agent, boot, facts
from nodewright.flash.errors import AS_BEFORE, UNFINISHED, FlashFailed, NotAsWritten
from nodewright.flash.facts import Facts, OnBoard
from nodewright.flash.job import Job, Outcome, Progress, Say
from nodewright.flash.judge import judge
from nodewright.image.files import ABOUT, SETTINGS
from nodewright.link.errors import BoardFailed, BoardSilent, Interrupted, PortGone
from nodewright.link.repl import Repl

_OURS = ("/node/", "/wire/", "/identity/")
_OUR_NAMES = ("/boot.py", "/main.py", ABOUT, SETTINGS, agent.MARK)
_LAST = (ABOUT, SETTINGS)  # in this order
_BLOCK_BYTES = 4096
_WRITE_S = 30.0  # a chunk: a worn flash may take seconds for a few blocks
_TRIES = 4
_DAMAGED = (errno.EIO, errno.ENODEV, 84)  # 84: LFS_ERR_CORRUPT, EILSEQ
_AT_ONCE = 20  # names in one call
_MEASURED_BYTES = 8 * agent.CHUNK_BYTES  # after which it is known how fast the line is
_SLOW_BYTES_A_S = 12_000  # a UART at 115200 baud carries 8,600 of them as base64
_SPARE_BLOCKS = 8  # for folders, and what LittleFS copies before it frees
_MAKE_ROOM = "--clean removes what is not ours"


def program(
    job: Job,
    say: Say,
    asked: threading.Event,
    repl: Repl | None = None,
    found: Facts | None = None,
) -> Outcome:
    """Make the board at a port the node of the image.  See `job`.

    repl, found: where the board was asked already; repl stays open.
    """
    if repl is not None and found is not None:
        return _Flasher(repl, found, job, say, asked).run()
    say(Progress("connect"))
    with Repl(job.port) as own:
        return _Flasher(own, facts.read(own), job, say, asked).run()


class _Flasher:
    def __init__(
        self, repl: Repl, found: Facts, job: Job, say: Say, asked: threading.Event
    ) -> None:
        self._repl, self._found, self._job = repl, found, job
        self._say, self._asked = say, asked
        self._files = job.image.files
        self._state = AS_BEFORE
        self._sent_bytes = self._to_send = 0
        self._bound = ""
        self._line = _Line(found.inflates)

    def run(self) -> Outcome:
        try:
            return self._run()
        except BoardFailed as error:
            raise FlashFailed(self._job.port, _cure(error, self._job.port), self._state) from None
        except (PortGone, BoardSilent) as error:
            if self._state == AS_BEFORE:
                raise
            raise FlashFailed(self._job.port, error.reason, self._state) from None

    def _run(self) -> Outcome:
        begun_s = time.monotonic()
        found = self._found
        judge(self._job, found)
        self._bind()
        self._say(Progress("compare"))
        there = facts.files(self._repl)
        wanted = {path: _digest(data) for path, data in self._files.items()}
        changed = [path for path, digest in wanted.items() if _hash(there, path) != digest]
        staged = {path for path in wanted if _hash(there, path + agent.SUFFIX) == wanted[path]}
        old, kept = _others(there, wanted, self._job.clean)
        send = [path for path in changed if path not in staged]
        if changed or old or found.unfinished:
            self._replace(found, there, wanted, changed, send, old)
            self._say(Progress("verify"))
            self._verify()
        self._state = "the board is written and whole"
        boots = boot.after_restart(self._repl, self._job.boot_s, self._say, self._asked)
        return Outcome(
            node=self._job.image.node,
            port=self._job.port,
            by="raw-repl",
            sent_bytes=self._sent_bytes,
            total_bytes=sum(map(len, self._files.values())),
            sent_files=len(send),
            removed_files=len(old),
            seconds=time.monotonic() - begun_s,
            boot=boots,
            kept=tuple(kept),
            notes=_notes(self._bound, found, kept, self._files[ABOUT]),
        )

    def _bind(self) -> None:
        """A virtual board's id is made up: a node is bound to it where it is no other board's."""
        if not self._found.virtual or self._job.image.board.name == "virtual":
            self._job, self._bound = self._job.for_chip(self._found.unique_id)
            self._files = self._job.image.files

    def _replace(
        self,
        found: Facts,
        there: dict[str, OnBoard],
        wanted: dict[str, str],
        changed: list[str],
        send: list[str],
        old: list[str],
    ) -> None:
        stale = [path for path in there if _is_stale(path, wanted, there)]
        self._to_send = sum(len(self._files[path]) for path in send)
        blocks = sum(_blocks(len(self._files[path])) for path in send)
        gone = sum(_blocks(there[path].size) for path in {*old, *changed, *stale} & there.keys())
        if (blocks + _SPARE_BLOCKS) * _BLOCK_BYTES > (found.free_bytes or 0) + gone * _BLOCK_BYTES:
            reason = f"its file system is full: {blocks * _BLOCK_BYTES} bytes are needed"
            raise FlashFailed(self._job.port, f"{reason}; {_MAKE_ROOM}", self._state)
        two_fit = (blocks + _SPARE_BLOCKS) * _BLOCK_BYTES <= (found.free_bytes or 0)
        self._many("gone", stale)
        self._many("dirs", _folders(wanted))
        if not two_fit:
            # No room for both: what is old goes first, and the board is nobody's meanwhile.
            self._begin(found, wanted, there)
            self._many("gone", [*old, *(path for path in changed if path in there)])
        for path in send:
            self._check_asked()
            self._send(path, wanted[path])
        self._check_asked()
        if two_fit:
            self._begin(found, wanted, there)
        self._say(Progress("rename"))
        moved = [path for path in changed if path not in _LAST]
        self._many("move", [[path + agent.SUFFIX, path] for path in moved])
        self._many("gone", old)
        for folder in sorted({str(PurePosixPath(path).parent) for path in old} - {"/"}):
            self._repl.ask(agent.call("prune", folder))
        if found.node not in (None, self._job.image.node):
            self._repl.ask(agent.call("wipe", "/state"))  # counts and baselines of another node
        last = [path for path in _LAST if path in changed or path == SETTINGS]
        for path in last:
            self._many("move", [[path + agent.SUFFIX, path]])
        self._many("gone", [agent.MARK])

    def _begin(self, found: Facts, wanted: dict[str, str], there: dict[str, OnBoard]) -> None:
        """From here on the board is between two versions, and says so."""
        self._state = UNFINISHED
        told = {"node": self._job.image.node, "from": found.version}
        self._repl.ask(agent.call("mark", agent.MARK, json.dumps(told)))
        if _hash(there, SETTINGS) == wanted[SETTINGS]:
            self._many("move", [[SETTINGS, SETTINGS + agent.SUFFIX]])
        elif SETTINGS in there:
            self._many("gone", [SETTINGS])

    def _send(self, path: str, digest: str) -> None:
        """One file under its other name; again where the line garbled it."""
        before = self._sent_bytes
        for left in range(_TRIES - 1, -1, -1):
            try:
                told = self._put(path + agent.SUFFIX, self._files[path])
                if told == digest:
                    return
                reason = "what arrived differs"
            except BoardFailed as error:
                if not error.error.startswith(("ValueError", "UnicodeError")) or not left:
                    raise
                reason = error.error
            except BoardSilent as error:
                if not left:
                    raise
                reason = error.reason
                self._repl.recover()
            self._sent_bytes = before
        raise FlashFailed(self._job.port, f"{path}: {reason}, {_TRIES} times", self._state)

    def _put(self, path: str, data: bytes) -> str:
        repl = self._repl
        repl.begin(agent.call("put", path, len(data)))
        for at in range(0, len(data), agent.CHUNK_BYTES):
            mark = repl.take(1, _WRITE_S)
            if mark == b"\x04":
                break
            if mark != b".":
                raise BoardSilent(repl.port, "it says something else than asked")
            if self._asked.is_set():
                repl.recover()
                self._check_asked()
            chunk = data[at : at + agent.CHUNK_BYTES]
            repl.send(self._line.of(chunk))
            self._sent_bytes += len(chunk)
            self._say(Progress("send", self._sent_bytes, self._to_send))
        return repl.finish(_WRITE_S).strip(b"!.\x04\r\n ").decode("ascii", "replace")

    def _verify(self) -> None:
        wrong = facts.differing(facts.files(self._repl), self._files)
        if wrong:
            # It must not start with what is not what was meant.
            self._many("gone", [SETTINGS])
            raise NotAsWritten(self._job.port, tuple(wrong))

    def _many(self, name: str, what: Iterable[object]) -> None:
        items = list(what)
        for at in range(0, len(items), _AT_ONCE):
            self._repl.ask(agent.call(name, items[at : at + _AT_ONCE]), _WRITE_S)

    def _check_asked(self) -> None:
        if self._asked.is_set():
            raise Interrupted(self._job.port, self._state)


class _Line:
    """Chunks as lines of base64: deflated where the line is slow, which is measured.

    Over USB the board's flash is what takes time, and to inflate would take more.
    """

    def __init__(self, inflates: bool) -> None:
        self._deflates = None if inflates else False  # None: not known yet
        self._begun_s = 0.0
        self._bytes = 0

    def of(self, chunk: bytes) -> bytes:
        now_s = time.monotonic()
        if not self._bytes:
            self._begun_s = now_s
        elif self._deflates is None and self._bytes >= _MEASURED_BYTES:
            self._deflates = self._bytes < _SLOW_BYTES_A_S * (now_s - self._begun_s)
        self._bytes += len(chunk)
        if self._deflates:
            packer = zlib.compressobj(9, zlib.DEFLATED, -agent.WINDOW_BITS)
            packed = packer.compress(chunk) + packer.flush()
            if len(packed) < len(chunk):
                return agent.DEFLATED + base64.b64encode(packed) + b"\n"
        return base64.b64encode(chunk) + b"\n"


def _others(
    there: dict[str, OnBoard], wanted: dict[str, str], clean: bool
) -> tuple[list[str], list[str]]:
    """Files of the board that the image lacks: those to remove, and those that are nobody's."""
    rest = [p for p in there if p not in wanted and not p.endswith(agent.SUFFIX)]
    old = [path for path in rest if clean or path.startswith(_OURS) or path in _OUR_NAMES]
    return [path for path in old if path != agent.MARK], [p for p in rest if p not in old]


def _is_stale(path: str, wanted: dict[str, str], there: dict[str, OnBoard]) -> bool:
    """What was sent before and is of no use: another version's, or cut off."""
    plain = path.removesuffix(agent.SUFFIX)
    return plain != path and wanted.get(plain) != there[path].sha256


def _folders(paths: Iterable[str]) -> list[str]:
    """All folders of these files, the outer ones first."""
    found = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
    return sorted(found - {"/"})


def _blocks(size: int) -> int:
    return -(-size // _BLOCK_BYTES)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _hash(there: dict[str, OnBoard], path: str) -> str:
    return there[path].sha256 if path in there else "none"


def _notes(bound: str, found: Facts, kept: list[str], about: bytes) -> tuple[str, ...]:
    notes = [bound] if bound else []
    version = json.loads(about)["version"]
    if found.version not in (None, version):
        notes.append(f"it had version {found.version}: now {version}")
    if found.unfinished:
        notes.append("it had been left between two versions: now it is whole")
    if found.crash:
        notes.append(f"its last boot had ended by {str(found.crash.get('error'))[:120]!r}")
    if kept:
        notes.append(f"{len(kept)} files that are not ours stay; --clean removes them")
    return tuple(notes)


def _cure(error: BoardFailed, port: str) -> str:
    """A board's own error, with what to do about it."""
    said = error.error
    number = re.match(r"OSError: (?:\[Errno )?(\d+)", said)
    code = int(number[1]) if number else 0
    if code == errno.ENOSPC:
        return f"its file system is full; {_MAKE_ROOM}, nodewright erase {port} all"
    if code in _DAMAGED:
        return f"its file system is damaged ({said}): nodewright erase {port} --format makes anew"
    if "MemoryError" in said:
        return f"its memory does not suffice ({said}): reset it and try again"
    return f"the board says {said}"
