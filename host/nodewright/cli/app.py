"""The command line: one module a command, put together here."""

import gc
import importlib
import os
import sys
from typing import Annotated

import typer

from nodewright import __version__
from nodewright.cli import exits
from nodewright.cli.output import print_error

# The first line of each module's `command`, so that the others need not be imported to list them:
# NumPy, SciPy and LittleFS take most of a second.
COMMANDS = {
    "demo": "Watch three machines through virtual nodes, and judge every value.",
    "features": "Run a recording through the code that runs on the nodes, and check what it says.",
    "virtual": "Boot a node of the fleet, or the demo's boards, on this computer, until Ctrl-C.",
    "watch": "Show what the nodes on a broker report, until Ctrl-C.",
    "broker": "Run the fleet's own broker, which keeps its nodes apart; or test one from outside.",
    "ask": "Have a node measure one of its sets now, and show what it says.",
    "calibrate": "Calibrate a clamp on a node by a known load, with date and uncertainty.",
    "new": "Begin a fleet: a folder with a fleet.toml that explains itself, a place for secrets.",
    "check": "Judge a whole fleet: every error at once, each with its place and its cure.",
    "assets": "List the machines of a fleet, their points, and the sensors at them.",
    "nodes": "List the nodes of a fleet: board, network, sensors, and where they sit.",
    "show": "Show one node as it will be: wiring, sensors, measurements, memory, settings.",
    "secrets": "Keep the secrets of a fleet: list names, set one, encrypt or decrypt them all.",
    "authority": "Show the fleet's own CA; --make makes one in a fleet that never had one.",
    "provision": "Give a node its identity: key, certificate in its name, chip it is bound to.",
    "renew": "Make a new key and certificate for a node; old ones count until they are revoked.",
    "revoke": "Revoke the certificates of a node: lost, its key seen, or replaced by a new one.",
    "retire": "Take a node out of service for good: revoked, marked, and forgotten by its broker.",
    "image": "Make the image of a node: firmware, settings, identity, MicroPython, to be flashed.",
    "runtime": "Register MicroPython binaries, which `nodewright image` puts in front of nodes.",
    "ports": "List what is plugged in: USB ids, MicroPython, node, boot loaders.",
    "flash": "Make boards nodes: write their images, read them back, and see them start.",
    "make": "Make nodes: identity, image, flash, validation, certificate, several side by side.",
    "validate": "Prove on the node itself that it measures right: each case with its limit.",
    "verify": "Check certificates of nodes, offline: who signed when, which node, what came out.",
    "backup": "Keep the files of a board: its node, its state, and what is nobody's.",
    "erase": "Erase a board: its files, or with --chip all of an ESP32's flash.",
    "console": "Show what a board prints, with times; what it meant, and why it crashed.",
    "logs": "Show what a node has kept on its flash: boots, a crash, what it learned.",
    "audit": "Show who did what to a fleet's identities, and whether the log is as it was.",
    "schema": "Print the JSON Schema of fleet.toml, by which editors complete and check.",
    "boards": "List the boards that a node can be made of, with what they offer.",
    "doctor": "Look at this host: what is missing or odd, and what to do about it.",
}

_COMPLETES = "_NODEWRIGHT_COMPLETE"

_EPILOG = "Exit codes:\n\n" + "\n".join(
    f"- {code}: {what}" for code, what in exits.MEANINGS.items()
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"nodewright {__version__}")
        raise typer.Exit


def _root(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Condition-monitoring nodes out of 5-dollar microcontrollers: make, prove, watch them.

    Begin with `nodewright demo`: three virtual boards run the real firmware on a real
    MicroPython, and each value they report is held against a float64 reference.
    """


def build(chosen: str | None) -> typer.Typer:
    """The command line, with the chosen command as it is and the others by their name only."""
    app = typer.Typer(
        name="nodewright",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        epilog=_EPILOG,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for name, text in COMMANDS.items():
        if name == chosen:
            module = importlib.import_module("nodewright.cli." + name)
            app.command(name, epilog=module.EXAMPLES)(module.command)
        else:
            app.command(name, help=text)(_not_chosen)
    return app


def _not_chosen() -> None:
    raise AssertionError("a command that was not chosen cannot be called")


def main() -> None:
    """Run the command of sys.argv and exit with its code."""
    # No option before the command takes a value.  A shell that completes has its words elsewhere.
    given = os.environ.get("_TYPER_COMPLETE_ARGS") or os.environ.get("COMP_WORDS")
    line = given.split()[1:] if given and _COMPLETES in os.environ else sys.argv[1:]
    words = [word for word in line if not word.startswith("-")]
    try:
        app = build(words[0] if words else None)
        gc.freeze()  # modules stay: nobody need look through them again and again for garbage
        app()
    except Exception as error:
        code = exits.code_of(error)
        if code is None:
            raise
        print_error(str(error))
        sys.exit(code)
    except KeyboardInterrupt:
        print_error("interrupted")
        sys.exit(exits.INTERRUPTED)
    except SystemExit as ended:
        if ended.code == exits.INTERRUPTED:  # typer turns Ctrl-C in a command into it, in silence
            print_error("interrupted")
        raise
