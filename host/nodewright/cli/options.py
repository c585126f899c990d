"""Options that several commands share."""

from typing import Annotated, Literal

import typer

BrokerKind = Annotated[
    Literal["auto", "mosquitto", "embedded"],
    typer.Option(help="Which broker to run; auto takes mosquitto where it is installed."),
]
Interpreter = Annotated[
    str | None,
    typer.Option(
        metavar="PATH",
        envvar="NODEWRIGHT_MICROPYTHON",
        help="Another MicroPython than the packaged one.",
    ),
]
Interval = Annotated[
    float, typer.Option(metavar="S", help="Seconds between two records of a node.")
]
Port = Annotated[
    int | None, typer.Option(metavar="PORT", help="Of the broker on loopback; else any free one.")
]
