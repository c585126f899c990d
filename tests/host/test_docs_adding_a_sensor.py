"""docs/adding-a-sensor.md works as written, in a copy of the tree."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nodewright.interpreter import InterpreterError, find_interpreter

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "adding-a-sensor.md"
COPIED = ("firmware", "tests", "host", "boards")
LIMIT_S = 100.0

# What stands before a block says where it goes: a path alone is that of a whole file.
_FILE = re.compile(r"^`([\w/.]+)`:$", re.MULTILINE)
_ROW = re.compile(r"first in\s`(\w+)` of `([\w/.]+)`:$", re.MULTILINE)


def tree(folder: Path) -> Path:
    """A copy of what the page speaks of."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def blocks() -> list[tuple[str, str, str]]:
    """(the text right before it, language, block) of each fenced block, in their order."""
    text = PAGE.read_text(encoding="utf-8")
    found = []
    end = 0
    for fence in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        before = text[end : fence.start()].rstrip("\n").rsplit("\n\n", 1)[-1]
        found.append((before, fence[1], fence[2]))
        end = fence.end()
    return found


def follow(folder: Path) -> list[str]:
    """Do what the page says in a copy of the tree; the commands that it ends with."""
    commands: list[str] = []
    for before, language, block in blocks():
        if language == "":
            commands += block.splitlines()
        elif whole := _FILE.search(before):
            path = folder / whole[1]
            assert not path.exists(), f"{whole[1]} is there already: take another sensor"
            path.write_text(block, encoding="utf-8")
        else:
            row = _ROW.search(before)
            assert row is not None, before
            path = folder / row[2]
            text = path.read_text(encoding="utf-8")
            head = re.search(rf"^{row[1]}\b[^\n]*[({{]\n", text, re.MULTILINE)
            assert head is not None, row[0]
            path.write_text(text[: head.end()] + block + text[head.end() :], encoding="utf-8")
    return commands


def run(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    program, *words = shlex.split(line)
    assert program == "python", line
    path = os.pathsep.join(str(folder / name) for name in ("host", "firmware"))
    return subprocess.run(
        [sys.executable, *words, "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        stdin=subprocess.DEVNULL,
    )


def test_page__followed_to_the_letter__driver_and_record_pass(tmp_path: Path) -> None:
    try:
        find_interpreter()
    except InterpreterError as missing:
        pytest.skip(str(missing))
    folder = tree(tmp_path / "tree")
    commands = follow(folder)
    assert len(commands) == 2
    for line in commands:
        ran = run(folder, line)
        assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr
        assert re.search(r"\b\d+ passed", ran.stdout) and "skipped" not in ran.stdout, ran.stdout


def test_page__code__has_the_style_of_the_house(tmp_path: Path) -> None:
    folder = tree(tmp_path / "tree")
    follow(folder)
    written = [found[1] for before, _, _ in blocks() if (found := _FILE.search(before))]
    for words in (["check"], ["format", "--check"]):
        ran = subprocess.run(
            [sys.executable, "-m", "ruff", *words, *written],
            cwd=folder,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
