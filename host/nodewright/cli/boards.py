"""`nodewright boards`: which boards a node can be made of."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from nodewright.boards import Board, load, names
from nodewright.cli.output import out, print_json
from nodewright.fleet.units import kilobytes

EXAMPLES = """
Examples:

    nodewright boards
    nodewright boards --json | python -m json.tool
"""


def command(
    as_json: Annotated[
        bool, typer.Option("--json", help="All that is known of them, as one JSON object.")
    ] = False,
) -> None:
    """List the boards that a node can be made of, with what they offer."""
    boards = [load(name) for name in names()]
    if as_json:
        print_json({"boards": [asdict(board) for board in boards]})
        return
    table = Table("board", "what", "code", "heap", "files", "kernels", "buses", box=box.SIMPLE)
    for board in boards:
        table.add_row(
            board.name,
            board.title,
            board.arch,
            f"{kilobytes(board.heap_bytes)} KB",
            f"{kilobytes(board.flash.fs_bytes)} KB",
            board.dsp_backend,
            _buses(board),
        )
    out().print(table)


def _buses(board: Board) -> str:
    return f"{len(board.i2c)} I2C, {len(board.spi)} SPI, {len(board.adc.pins)} ADC"
