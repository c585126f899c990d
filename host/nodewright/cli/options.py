"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

BrokerKind = Annotated[
    Literal["auto", "mosquitto", "embedded"],
    typer.Option(help="Which broker to run; auto takes mosquitto where it is installed."),
]
FleetFolder = Annotated[
    Path,
    typer.Option(
        "--fleet", "--dir", metavar="DIR", help="The fleet's folder.", envvar="NODEWRIGHT_FLEET"
    ),
]
Interpreter = Annotated[
    str | None,
    typer.Option(
        metavar="PATH",
        help="Another MicroPython than that of NODEWRIGHT_MICROPYTHON or the packaged one.",
    ),
]
Interval = Annotated[
    float, typer.Option(metavar="S", help="Seconds between two records of a node.")
]
Runtime = Annotated[
    Literal["micropython", "cpython"] | None,
    typer.Option(help="What runs the firmware; CPython serves where there is no MicroPython."),
]
Realtime = Annotated[
    bool, typer.Option("--realtime", help="The sensors live on this host's clock, late or not.")
]
Port = Annotated[
    int | None, typer.Option(metavar="PORT", help="Of the broker on loopback; else any free one.")
]

BoardRuntime = Annotated[
    str | None,
    typer.Option(metavar="FILE|SHA256|none", help="The MicroPython, as for `image`."),
]
Baud = Annotated[
    int,
    typer.Option(
        metavar="N", min=115_200, help="Of an ESP32's boot loader; slower if it must be."
    ),
]
Force = Annotated[
    bool, typer.Option("--force", help="Also a board that is another node, or fleet's.")
]
