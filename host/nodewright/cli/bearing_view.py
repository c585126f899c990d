"""What `nodewright features` prints of bearings where no JSON is asked for; fits 80 columns."""

import math

from rich.table import Column, Table
from rich.text import Text

from nodewright.cli.output import out
from nodewright.reasons import words
from nodewright.reference.bearing import ORDERS, RACES
from nodewright.study_envelope import FAULT, BearingChannel, BearingStudy, sentence_of

_NAMES = {"bpfo": "outer race", "bpfi": "inner race", "bsf": "ball", "ftf": "cage"}


def show(study: BearingStudy) -> None:
    """A table a channel, and a sentence on the bearing."""
    screen = out()
    for channel in study.channels:
        screen.print(_table(study, channel))
    screen.print(Text(sentence_of(study), style=_style(study)), soft_wrap=True)


def _style(study: BearingStudy) -> str:
    speaker = study.speaker
    if speaker.withheld:
        return "yellow"
    return "bold red" if speaker.named else "green"


def _table(study: BearingStudy, channel: BearingChannel) -> Table:
    """Each order with its frequency, how far its lines stand out, and what follows from that."""
    limit = math.exp(channel.reference.threshold)
    many = "1 block" if study.blocks == 1 else f"{study.blocks} blocks"
    table = Table(
        Column("part", no_wrap=True),
        Column("line", no_wrap=True),
        Column("at Hz", justify="right", no_wrap=True),
        Column("g", justify="right", no_wrap=True),
        Column("stands out", justify="right", no_wrap=True),
        Column("fault from", justify="right", no_wrap=True),
        Column("verdict"),
        title=Text(f"bearing, channel {channel.name}, {many}", style="bold"),
        title_justify="left",
        box=None,
        collapse_padding=True,
    )
    for order in ORDERS:
        if order not in study.asked.orders:
            continue
        hertz = None if study.shaft_hz is None else study.asked.orders[order] * study.shaft_hz
        values = channel.said.values
        times = values.get(f"env_{order}_snr")
        table.add_row(
            _NAMES[order],
            order.upper(),
            _number(hertz, "{:.2f}"),
            _number(values.get(f"env_{order}_g"), "{:.3g}"),
            _number(times, "{:.2f}×"),
            f"{limit:.2f}×" if order in RACES else "",
            _verdict(channel, order),
        )
    return table


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def _verdict(channel: BearingChannel, order: str) -> Text:
    reason = channel.said.withheld.get(FAULT if order in RACES else f"env_{order}_snr")
    if reason is not None:
        return Text(f"withheld: {words(reason)}", style="yellow")
    if order not in RACES:
        return Text("a value, no verdict")
    marks = "; ".join(words(mark) for mark in channel.said.marks.get(order, ()))
    near = channel.reference.near.get(order)
    if near is not None:
        marks = marks.replace(words("near_shaft"), f"{order.upper()} or {near}×")
    said = "FAULT" if channel.said.verdicts[order] else "none"
    style = "bold red" if channel.said.verdicts[order] else "green"
    return Text(said + (f" ({marks})" if marks else ""), style=style)
