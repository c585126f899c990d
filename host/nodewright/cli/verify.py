"""`nodewright verify`: is this the certificate of a node, and whose?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from nodewright.cli import exits
from nodewright.cli.output import err, out, print_error, print_json
from nodewright.errors import BadInput

if TYPE_CHECKING:
    from nodewright.validate.verify import Trust, Verified

EXAMPLES = """
Examples:

    nodewright verify validation/pump-1.html
    nodewright verify pump-1.html pump-2.html --ca ca.pem
    nodewright verify pump-1.html --fleet fleets/north --json
"""


def command(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Certificates, as make writes them.")
    ],
    folder: Annotated[
        Path | None,
        typer.Option(
            "--fleet",
            "--dir",
            metavar="DIR",
            help="The folder of the fleet that is trusted; else this one.",
            envvar="NODEWRIGHT_FLEET",
        ),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The certificate of its CA (pki/ca.pem) is enough."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file.")] = False,
) -> None:
    """Check certificates of nodes, offline: who signed when, which node, what came out.

    A file of which one byte was changed is refused, and so is one that another fleet has signed.
    Ends with 0 only where every file is genuine and its node passed.
    """
    from nodewright.validate import verify
    from nodewright.validate.refused import Refused

    trust = _trust(folder, ca)
    codes = []
    for path in paths:
        try:
            found = verify.verify(verify.read(path), str(path), trust)
        except (Refused, BadInput) as error:
            codes.append(exits.code_of(error) or exits.FAILED)
            if as_json:
                kind = type(error).__name__
                told = {"file": str(path), "genuine": False, "kind": kind, "error": str(error)}
                print_json(told)
            else:
                print_error(str(error))
            continue
        passed = found.statement.validation.passed
        codes.append(exits.DONE if passed else exits.FAILED)
        _show(found) if not as_json else print_json(found.as_dict())
    if any(codes):
        raise typer.Exit(max(codes))


def _trust(folder: Path | None, ca: Path | None) -> "Trust | None":
    """Whom to trust; None where nobody says and no fleet is here."""
    from nodewright.fleet.load import FILE
    from nodewright.validate import verify

    if folder is not None and ca is not None:
        raise BadInput("--fleet and --ca both say whom to trust: give one of them")
    if ca is not None:
        return verify.of_file(ca)
    if folder is None and not (Path() / FILE).is_file():
        return None
    return verify.of_fleet(folder or Path())


def _show(found: "Verified") -> None:
    said = found.statement
    one = said.validation
    verdict = "passed" if one.passed else "FAILED"
    console = out()
    console.print(f"{found.file}: genuine; {one.node} {verdict}", markup=False, soft_wrap=True)
    grid = Table.grid(padding=(0, 2))
    for name, text in _facts(found):
        grid.add_row(f"  {name}", text)
    console.print(grid)
    for case in one.cases:
        if case.verdict in ("fail", "error"):
            line = f"  {case.case}: {case.reason or case.verdict}"
            console.print(line, markup=False, soft_wrap=True)
    for note in (*found.notes, *said.remarks):
        err().print(f"{found.file}: {note}", markup=False, soft_wrap=True)


def _facts(found: "Verified") -> list[tuple[str, Any]]:
    from rich.text import Text

    said, one = found.statement, found.statement.validation
    verdicts = [case.verdict for case in one.cases]
    counts = ", ".join(f"{verdicts.count(v)} {v}" for v in dict.fromkeys(verdicts))
    rows = (
        ("signed by", f"{said.signer} of fleet {found.fleet} (CA {found.ca[:16]})"),
        ("on", f"{said.signed_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("node", f"{one.node}, {one.board}, chip {one.unique_id or 'unknown'}"),
        ("firmware", f"{one.firmware or 'unknown'} ({one.firmware_hash[:16]})"),
        ("measured on", {"device": "the board", "virtual": "a virtual board"}.get(
            one.place, "CPython with twins")),
        ("cases", counts),
    )  # fmt: skip
    return [(name, Text(text)) for name, text in rows]
