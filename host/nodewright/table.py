"""TOML that people write, read key by key: an error names file, key, value and what is allowed."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nodewright.errors import NodewrightError


class TableError(NodewrightError):
    """A file of data cannot be used: path, key, value and what is allowed."""

    def __init__(self, path: Path, key: str, value: object, allowed: str) -> None:
        self.path, self.key, self.value, self.allowed = path, key, value, allowed
        super().__init__(f"{path}: {key} is {value!r}; allowed: {allowed}")


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a file.  Raises TableError; OSError when it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TableError(path, "the file", str(error), "TOML") from error


class Table:
    """One TOML table, read key by key; what is left over at the end is an error."""

    def __init__(self, path: Path, prefix: str, data: Mapping[str, Any]) -> None:
        self._path, self._prefix, self._data = path, prefix, dict(data)

    def fail(self, key: str, value: object, allowed: str) -> TableError:
        return TableError(self._path, self._prefix + key, value, allowed)

    def _take(self, key: str, allowed: str) -> Any:
        if key not in self._data:
            raise self.fail(key, None, f"{allowed}; the key is missing")
        return self._data.pop(key)

    def has(self, key: str) -> bool:
        return key in self._data

    def text(self, key: str, among: tuple[str, ...] = ()) -> str:
        value = self._take(key, "one of " + ", ".join(among) if among else "a text")
        if not isinstance(value, str) or not value:
            raise self.fail(key, value, "a text")
        if among and value not in among:
            raise self.fail(key, value, "one of " + ", ".join(among))
        return value

    def flag(self, key: str) -> bool:
        value = self._take(key, "true or false")
        if not isinstance(value, bool):
            raise self.fail(key, value, "true or false")
        return value

    def whole(self, key: str, least: int, most: int) -> int:
        value = self._take(key, f"{least}..{most}")
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.fail(key, value, f"a whole number in {least}..{most}")
        return value

    def pins(self, key: str, board: tuple[int, ...] | None) -> tuple[int, ...]:
        value = self._take(key, "a list of pin numbers")
        if not isinstance(value, list) or not all(type(pin) is int for pin in value):
            raise self.fail(key, value, "a list of pin numbers")
        if len(set(value)) != len(value):
            raise self.fail(key, value, "each pin once")
        if board is not None and not set(value) <= set(board):
            raise self.fail(key, sorted(set(value) - set(board)), f"pins of the board, {board}")
        return tuple(value)

    def pin(self, key: str, allowed: tuple[int, ...]) -> int:
        value = self._take(key, f"one of {allowed}")
        if type(value) is not int or value not in allowed:
            raise self.fail(key, value, f"one of {allowed}")
        return value

    def table(self, key: str) -> "Table":
        value = self._take(key, "a table")
        if not isinstance(value, dict):
            raise self.fail(key, value, "a table")
        return Table(self._path, f"{self._prefix}{key}.", value)

    def tables(self, key: str) -> list["Table"]:
        value = self._data.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise self.fail(key, value, "an array of tables")
        return [
            Table(self._path, f"{self._prefix}{key}[{index}].", row)
            for index, row in enumerate(value)
        ]

    def end(self) -> None:
        for key, value in self._data.items():
            raise self.fail(key, value, "no such key")
