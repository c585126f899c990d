"""docs/try-your-own-recording.md works as written: each of its blocks is run, in their order."""

import os
import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "try-your-own-recording.md"
PROGRAM = Path(sysconfig.get_path("scripts")) / "nodewright"
LIMIT_S = 100.0


def blocks() -> list[tuple[str, str]]:
    """(language, text) of each fenced block; a shell's has no language."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)


def run(folder: Path, *command: str) -> str:
    ran = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    assert ran.returncode == 0, (command, ran.stdout, ran.stderr)
    return ran.stdout


@pytest.mark.skipif(not PROGRAM.exists(), reason="nodewright is not installed")
def test_page__every_block__runs_as_written(tmp_path: Path) -> None:
    languages = [language for language, _ in blocks()]
    assert set(languages) == {"", "python"} and len(languages) >= 4
    for language, text in blocks():
        if language == "python":
            said = run(tmp_path, sys.executable, "-c", text)
            continue
        for line in text.splitlines():
            program, *words = shlex.split(line)
            assert program == "nodewright"
            said = run(tmp_path, str(PROGRAM), *words)
            assert "pump" in said
    assert (tmp_path / "pump.html").stat().st_size > 10_000
    # The last block is Python's; it prints a value of the first window.
    assert 0.3 < float(said.split()[0]) < 0.5


def test_page__options_it_names__exist(tmp_path: Path) -> None:
    named = set(re.findall(r"--[a-z][a-z-]+", PAGE.read_text(encoding="utf-8")))
    known = set()
    for command in ("demo", "features"):
        told = run(tmp_path, sys.executable, "-m", "nodewright", command, "--help")
        known |= set(re.findall(r"--[a-z][a-z-]+", told))
    assert named and named <= known
