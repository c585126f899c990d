"""`nodewright schema`: what fleet.toml may hold, for editors."""

from typing import Annotated

import typer

from nodewright.cli.output import out, print_json

EXAMPLES = """
Examples:

    nodewright schema > fleet.schema.json
    nodewright schema --keys
"""


def command(
    keys: Annotated[
        bool, typer.Option("--keys", help="A table of all keys, to read, instead.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON, which only --keys is not without this.")
    ] = False,
) -> None:
    """Print the JSON Schema of fleet.toml, by which editors complete and check.

    Say so in the first line of fleet.toml: #:schema ./fleet.schema.json
    """
    from nodewright.fleet import schema

    if keys and as_json:
        print_json(schema.as_dict())
        return
    if keys:
        console = out()
        for line in schema.plain_lines():
            console.print(line, markup=False, soft_wrap=True)
        return
    print_json(schema.json_schema())
