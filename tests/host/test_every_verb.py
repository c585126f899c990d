"""What every verb of the command line has: JSON, its own words of help, the shell's completion."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from nodewright.cli.app import COMMANDS

PROGRAM = Path(sys.executable).parent / "nodewright"


def verbs(command: object, path: tuple[str, ...] = ()) -> dict[str, TyperCommand]:
    """Each command that does something, by its words."""
    if isinstance(command, TyperGroup):
        found: dict[str, TyperCommand] = {}
        for name, one in command.commands.items():
            found |= verbs(one, (*path, name))
        return found
    assert isinstance(command, TyperCommand)
    return {" ".join(path): command}


def all_verbs() -> dict[str, TyperCommand]:
    app = typer.Typer()
    app.callback()(lambda: None)
    for name in COMMANDS:
        app.command(name)(importlib.import_module(f"nodewright.cli.{name}").command)
    return verbs(typer.main.get_command(app))


def test_verbs__each__has_json_and_says_of_each_option_what_it_is() -> None:
    found = all_verbs()
    assert len(found) >= len(COMMANDS)
    for name, verb in found.items():
        options = {word for one in verb.params for word in one.opts}
        assert "--json" in options, name
        untold = [one.name for one in verb.params if not getattr(one, "help", None)]
        assert not untold, (name, untold)


@pytest.mark.parametrize(
    ("shell", "binds"),
    [
        ("bash", "complete -o default -F _nodewright_completion nodewright"),
        ("zsh", "compdef _nodewright_completion nodewright"),
        ("fish", "complete --command nodewright"),
        ("powershell", "-CommandName nodewright"),
    ],
)
def test_completion__of_a_shell__its_script_is_made(shell: str, binds: str) -> None:
    env = os.environ | {"_NODEWRIGHT_COMPLETE": f"source_{shell}"}
    ran = subprocess.run([PROGRAM], env=env, capture_output=True, text=True, timeout=30)
    assert ran.returncode == 0, ran.stderr
    assert binds in ran.stdout


@pytest.mark.skipif(os.name != "posix", reason="bash")
def test_completion__installed__bash_loads_it_and_offers_verbs(tmp_path: Path) -> None:
    env = os.environ | {"HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    installed = subprocess.run(
        [PROGRAM, "--install-completion", "bash"], env=env, capture_output=True, text=True
    )
    assert installed.returncode == 0, installed.stderr
    script = (
        '. "$HOME/.bashrc"; COMP_WORDS=(nodewright prov); COMP_CWORD=1;'
        ' _nodewright_completion nodewright; echo "${COMPREPLY[@]}"'
    )
    env["PATH"] = f"{PROGRAM.parent}{os.pathsep}{env['PATH']}"
    ran = subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True)
    assert ran.stdout.split() == ["provision"], ran.stderr
