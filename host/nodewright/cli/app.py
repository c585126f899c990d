"""The command line: one module a command group, put together here."""

import sys
from typing import Annotated

import typer

from nodewright import __version__
from nodewright.cli import boards, demo, exits, features, virtual, watch
from nodewright.cli.output import print_error

_EPILOG = "Exit codes:\n\n" + "\n".join(
    f"- {code}: {what}" for code, what in exits.MEANINGS.items()
)

app = typer.Typer(
    name="nodewright",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _module in (demo, features, virtual, watch, boards):
    app.command(_module.__name__.rpartition(".")[2], epilog=_module.EXAMPLES)(_module.command)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"nodewright {__version__}")
        raise typer.Exit


@app.callback()
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


def main() -> None:
    """Run the command of sys.argv and exit with its code."""
    try:
        app()
    except Exception as error:
        code = exits.code_of(error)
        if code is None:
            raise
        print_error(str(error))
        sys.exit(code)
    except KeyboardInterrupt:
        print_error("interrupted")
        sys.exit(exits.FAILED)
