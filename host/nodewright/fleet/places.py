"""Where in a TOML text each key and each value stands, for messages that point there.

The library's reader gives values without places, and refuses a broken text before anything is
known of it.  This one knows the places alone: it trusts that the text is good TOML, and where it
is not, keeps what it has seen up to there.
"""

import bisect
import re
from dataclasses import dataclass

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r'"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|[A-Za-z0-9_-]+')
_TEXT = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?!")|\'\'\'.*?\'\'\'(?!\')|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'',
    re.DOTALL,
)
_BARE = re.compile(r"[^,\]}\r\n#]+")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)")
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


@dataclass(frozen=True)
class Place:
    """A line and a column of a file, both from 1."""

    line: int
    column: int


class Places:
    """The places of all keys and values of a text.

    keys, values: path to offset; doubles: (path, first offset, second offset) of what is
    there twice.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = [0] + [found.end() for found in re.finditer("\n", text)]
        self.keys: dict[Path, int] = {}
        self.values: dict[Path, int] = {}
        self.doubles: list[tuple[Path, int, int]] = []
        self._lists: dict[Path, int] = {}
        try:
            self._scan()
        except (_Lost, RecursionError):
            return

    def place(self, offset: int) -> Place:
        line = bisect.bisect_right(self._lines, offset)
        return Place(line, offset - self._lines[line - 1] + 1)

    def of(self, path: Path, *, key: bool = False) -> Place:
        """Of the value at a path (key: of its key); of what it stands in, where it is missing."""
        first, second = (self.keys, self.values) if key else (self.values, self.keys)
        while path:
            for known in (first, second):
                if path in known:
                    return self.place(known[path])
            path, first, second = path[:-1], self.keys, self.values
        return Place(1, 1)

    def _scan(self) -> None:
        text, at, table = self._text, 0, ()
        if text.startswith("\ufeff"):
            at = 1
        headers: set[Path] = set()
        path: Path = table
        while True:
            at = self._skip(_BLANK, at)
            if at >= len(text):
                return
            if text[at] != "[":
                at = self._pair(path, at)
                continue
            double = text.startswith("[[", at)
            begin, at = at, at + 1 + double
            words, at = self._dotted(at)
            path = (*self._inside(words[:-1]), words[-1])
            if double:
                index = self._lists.get(path, -1) + 1
                self._lists[path] = index
                self.keys.setdefault(path, begin)
                path = (*path, index)
            elif path in headers:
                self.doubles.append((path, self.keys[path], begin))
            if path not in self.values:
                self.keys[path] = begin if path not in headers else self.keys[path]
            headers.add(path)
            for length in range(1, len(path)):
                self.keys.setdefault(path[:length], begin)
            at = self._skip(_SPACE, at)
            at = self._expect("]", at)
            if double:
                at = self._expect("]", at)

    def _inside(self, words: list[str]) -> Path:
        """The path of a table's parents, within the last item of each array of tables."""
        path: Path = ()
        for word in words:
            path = (*path, word)
            if path in self._lists:
                path = (*path, self._lists[path])
        return path

    def _pair(self, table: Path, at: int) -> int:
        begin = at
        words, at = self._dotted(at)
        at = self._expect("=", self._skip(_SPACE, at))
        path = (*table, *words)
        if path in self.values:
            self.doubles.append((path, self.keys[path], begin))
        for length in range(len(table) + 1, len(path)):
            self.keys.setdefault(path[:length], begin)
        self.keys.setdefault(path, begin)
        return self._value(path, self._skip(_SPACE, at))

    def _value(self, path: Path, at: int) -> int:
        text = self._text
        self.values.setdefault(path, at)
        if text.startswith("[", at):
            return self._array(path, at + 1)
        if text.startswith("{", at):
            return self._inline(path, at + 1)
        found = _TEXT.match(text, at) or _BARE.match(text, at)
        if found is None:
            raise _Lost
        return found.end()

    def _array(self, path: Path, at: int) -> int:
        index = 0
        while True:
            at = self._skip(_BLANK, at)
            if self._text.startswith("]", at):
                return at + 1
            at = self._skip(_BLANK, self._value((*path, index), at))
            index += 1
            if not self._text.startswith(",", at):
                return self._expect("]", at)
            at += 1

    def _inline(self, path: Path, at: int) -> int:
        while True:
            at = self._skip(_BLANK, at)
            if self._text.startswith("}", at):
                return at + 1
            at = self._skip(_BLANK, self._pair(path, at))
            if not self._text.startswith(",", at):
                return self._expect("}", at)
            at += 1

    def _dotted(self, at: int) -> tuple[list[str], int]:
        words = []
        while True:
            at = self._skip(_SPACE, at)
            found = _KEY.match(self._text, at)
            if found is None:
                raise _Lost
            words.append(_unquoted(found.group()))
            at = self._skip(_SPACE, found.end())
            if not self._text.startswith(".", at):
                return words, at
            at += 1

    def _skip(self, pattern: re.Pattern[str], at: int) -> int:
        found = pattern.match(self._text, at)
        return found.end() if found else at

    def _expect(self, char: str, at: int) -> int:
        if not self._text.startswith(char, at):
            raise _Lost
        return at + 1


class _Lost(Exception):
    """The text is no TOML from here on."""


def _unquoted(word: str) -> str:
    if word[0] == "'":
        return word[1:-1]
    if word[0] != '"':
        return word
    return _ESCAPE.sub(_unescaped, word[1:-1])


def _unescaped(found: re.Match[str]) -> str:
    code = found.group(1)
    if code[0] not in "uU":
        return _ESCAPES.get(code, code)
    number = int(code[1:], 16)
    return chr(number) if number < 0x110000 else code
