"""`nodewright console`: what a board prints."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from nodewright.cli.interrupts import interrupts
from nodewright.cli.output import out, print_json

if TYPE_CHECKING:
    from nodewright.link.console import Line

EXAMPLES = """
Examples:

    nodewright console /dev/ttyACM0
    nodewright console /dev/pts/3 --json
    nodewright console /dev/ttyACM0 --lines 20
"""


def command(
    port: Annotated[str, typer.Argument(metavar="PORT", help="Serial port of the board.")],
    lines: Annotated[
        int | None, typer.Option("--lines", metavar="N", min=1, help="End after so many.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show what a board prints, with times; what it meant, and why it crashed.

    Until Ctrl-C. Nothing is sent: the program on the board runs on. Crashes and refused settings
    are explained.
    """
    from nodewright.link.console import listen

    count = 0
    with interrupts() as asked:

        def take(line: "Line") -> None:
            nonlocal count
            count += 1
            _show(line, as_json)
            if lines is not None and count >= lines:
                asked.set()

        listen(port, take, asked)


def _show(line: "Line", as_json: bool) -> None:
    if as_json:
        event = None if line.event is None else {"name": line.event.name, **line.event.facts}
        print_json({"at_s": line.at_s, "text": line.text, "event": event})
        return
    console = out()
    at = datetime.fromtimestamp(line.at_s).astimezone()
    stamp = f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"
    style = "bold red" if line.meaning else "cyan" if line.event is not None else None
    console.print(f"{stamp} {line.text}", markup=False, soft_wrap=True, style=style)
    if line.meaning:
        console.print(f"             → {line.meaning}", markup=False, soft_wrap=True)
