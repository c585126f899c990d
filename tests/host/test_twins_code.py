"""The twins as boards get them, and the interpreter without its wrapper."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nodewright.data import firmware_dir
from nodewright.interpreter import find_interpreter
from nodewright.twins_code import write_twins

_ASKED = "import sys; print(sys.implementation._mpy, sys.argv); sys.exit(7)"
_RAN_S = 30.0


def _run(command: tuple[str, ...], folder: Path) -> tuple[int, str]:
    ran = subprocess.run(
        [*command, "-c", _ASKED, "a word", "b"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_RAN_S,
        check=False,
    )
    return ran.returncode, ran.stdout


def test_start__packaged_interpreter__same_as_by_its_wrapper(tmp_path: Path) -> None:
    found = find_interpreter()
    assert found.start == found.command or found.start[0] == sys.executable
    told = _run(found.start, tmp_path)
    assert told == _run(found.command, tmp_path)
    assert told[0] == 7
    assert "'a word', 'b'" in told[1]


def test_start__user_has_modules_of_the_same_names__they_are_not_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "micropython_module.py").write_text("raise SystemExit(99)")
    (tmp_path / "re.py").write_text("raise SystemExit(99)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert _run(find_interpreter().start, tmp_path)[0] == 7


def test_start__command_that_was_given__is_as_given(tmp_path: Path) -> None:
    script = tmp_path / "my micropython"
    script.write_text(f'#!/bin/sh\nexec "{find_interpreter().command[0]}" "$@"\n')
    script.chmod(0o755)
    assert find_interpreter(str(script)).start == (str(script),)


def test_write_twins__a_folder__every_twin_is_compiled_and_found(tmp_path: Path) -> None:
    launcher = write_twins(tmp_path)
    assert launcher.read_bytes() == (firmware_dir() / "sim" / "launcher.py").read_bytes()
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    sources = {
        path.relative_to(firmware_dir()).with_suffix(".mpy").as_posix()
        for path in (firmware_dir() / "sim").rglob("*.py")
        if "cpython" not in path.parts
    }
    assert written == sources - {"sim/launcher.mpy"} | {"sim/launcher.py"}
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps({"measure": True, "unique_id": "00", "buses": []}))
    ran = subprocess.run(
        [*find_interpreter().start, "-X", "heapsize=1m", str(launcher), str(spec)],
        capture_output=True,
        text=True,
        timeout=_RAN_S,
        check=False,
    )
    assert int(ran.stdout) > 0, ran.stderr


def test_write_twins__twin_that_fails__its_line_is_told(tmp_path: Path) -> None:
    launcher = write_twins(tmp_path)
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps({"unique_id": "00", "buses": [{"kind": "i2c", "id": 0}]}))
    ran = subprocess.run(
        [*find_interpreter().start, "-X", "heapsize=1m", str(launcher), str(spec)],
        capture_output=True,
        text=True,
        timeout=_RAN_S,
        check=False,
    )
    assert 'File "sim/wiring.mpy", line ' in ran.stdout, ran.stdout + ran.stderr
    assert "KeyError: sda" in ran.stdout
