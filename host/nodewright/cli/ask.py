"""`nodewright ask`: have a node measure one of its sets now."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table

from nodewright import ask
from nodewright.cli import exits
from nodewright.cli.output import err, out, print_json
from nodewright.errors import BadInput
from nodewright.fleet_state import printable
from nodewright.watch import Address, Collector, parse_url
from wire import features, spectrum, topics

EXAMPLES = """
Examples:

    nodewright ask demo/pump-1 vibration-800
    nodewright ask north/pump-1 slow --spectrum full --json > spectrum.json
    nodewright ask north/pump-1 slow --do self-test --fleet north
    nodewright ask north/pump-1 fast --do freeze
"""

_BROKER = "mqtt://127.0.0.1:1883"
_IDENTITY = "ask"
_STRONGEST = 3
_DOINGS = {
    "measure": "",
    "self-test": "the sensor's own test found nothing outside its limits",
    "freeze": "what was learned of the bearing counts from now on",
    "forget": "the bearing is learned anew",
}


def command(
    node: Annotated[str, typer.Argument(metavar="FLEET/NODE", help="As `watch` shows it.")],
    measured: Annotated[str, typer.Argument(metavar="SET", help="One of its measurement sets.")],
    kind: Annotated[
        str | None,
        typer.Option(
            "--spectrum", metavar="KIND", help="Spectra of its channels too: compressed or full."
        ),
    ] = None,
    do: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            help="measure; self-test (let the machine stand still); freeze or forget what the set "
            "has learned of its bearing.",
        ),
    ] = "measure",
    broker: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="NODEWRIGHT_BROKER",
            help=f"mqtt[s]://HOST[:PORT]; else the fleet folder's, or {_BROKER}.",
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--fleet",
            metavar="DIR",
            help="The fleet's folder: its broker, its CA, and the identity host.ask.",
        ),
    ] = None,
    timeout_s: Annotated[
        float,
        typer.Option("--timeout", min=1, max=3600, metavar="S", help="How long to wait for it."),
    ] = 30.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Reply, report and spectra as one JSON object.")
    ] = False,
) -> None:
    """Have a node measure one of its sets now, and show what it says.

    Done (exit 0) if the node did it; a self-test that fails is a failure (exit 1). The report is
    one as any other, for whoever else listens; so are the spectra.
    """
    fleet, _, name = node.partition("/")
    if not (topics.is_name(fleet) and topics.is_name(name)):
        raise BadInput(f"{node!r} is no node: write FLEET/NODE, for example demo/pump-1")
    if not topics.is_name(measured):
        raise BadInput(f"{measured!r} is no set: 1 to 40 of a-z, 0-9 and -")
    if kind is not None and kind not in spectrum.KINDS:
        raise BadInput(f"--spectrum {kind} cannot be: one of {', '.join(spectrum.KINDS)}")
    if do not in _DOINGS:
        raise BadInput(f"--do {do} cannot be: one of {', '.join(_DOINGS)}")
    if kind is not None and do != "measure":
        raise BadInput("--spectrum goes with --do measure")
    address = _where(broker, folder, fleet)
    with Collector(address, fleet=fleet) as source:
        if not as_json:
            err().print(f"{node} is asked for {measured}; Ctrl-C ends", markup=False)
        if do == "measure":
            answer = ask.measure(source, fleet, name, measured, kind, timeout_s)
        else:
            what = do.replace("-", "_")
            answer = ask.tell(source, fleet, name, what, measured, timeout_s)
    failed = do == "self-test" and answer.report is not None
    if as_json:
        print_json({"reply": answer.reply, "report": answer.report, "spectra": answer.spectra})
    else:
        _print_answer(answer, _DOINGS[do])
    raise typer.Exit(exits.FAILED if failed else exits.DONE)


def _where(broker: str | None, folder: Path | None, fleet: str) -> Address:
    if folder is None:
        return parse_url(broker or _BROKER)
    from nodewright import reach
    from nodewright.cli.identity import secrets_of

    name, address = reach.address(folder, _IDENTITY, secrets_of(folder), broker)
    if name != fleet:
        raise BadInput(f"{folder} is the fleet {name}, not {fleet}")
    return address


def _print_answer(answer: ask.Answer, done: str) -> None:
    if answer.report is None:
        out().print(done, markup=False)
        return
    _print_report(answer.report)
    for found in answer.spectra:
        _print_spectrum(found)


def _print_report(report: dict[str, Any]) -> None:
    record = report["record"]
    for fault in report["faults"]:
        out().print(
            printable(" ".join(f"{key}={value}" for key, value in fault.items())), markup=False
        )
    if record is None:
        return
    state = "valid" if record["valid"] else "not valid"
    out().print(f"report {report['boot']}:{report['seq']}, {state}", markup=False)
    table = Table("feature", *report["channels"], "unit", box=box.SIMPLE)
    keys = [
        key
        for key in features.KEYS
        if any(key in part[name] for part in _parts(report) for name in part)
    ]
    for key in keys:
        cells = [_cell(report, name, key) for name in report["channels"]]
        table.add_row(key, *cells, features.row(key)[2])
    out().print(table)


def _parts(report: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return report["channels"], report["withheld"]


def _cell(report: dict[str, Any], channel: str, key: str) -> str:
    if key in report["withheld"].get(channel, {}):
        return f"({report['withheld'][channel][key]})"
    value = report["channels"][channel].get(key)
    mark = report["marked"].get(channel, {}).get(key)
    return "" if value is None else f"{value:.5g}" + (f" ({mark})" if mark else "")


def _print_spectrum(found: dict[str, Any]) -> None:
    """Its strongest bins in words: whoever wants all takes --json."""
    values = found["values_g"]
    bin_hz = found["rate_hz"] / found["samples"]
    strongest = sorted(range(len(values)), key=lambda index: -values[index])[:_STRONGEST]
    told = []
    for index in sorted(strongest):
        low = found["edges"][index] if found["edges"] else index
        told.append(f"{values[index]:.4g} g at {low * bin_hz:.5g} Hz")
    out().print(
        f"{found['channel']}: {found['kind']} spectrum, {len(values)} values; "
        f"strongest {', '.join(told)}",
        markup=False,
    )
