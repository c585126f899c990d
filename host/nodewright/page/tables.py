"""Tables and lists of facts, as a screen reader and a phone need them."""

from collections.abc import Iterable, Sequence

from nodewright.page.markup import Child, Markup, lines, tag
from nodewright.page.model import Fact


def facts(items: Sequence[Fact]) -> Markup:
    """Names and texts in as many columns as there is room for."""
    rows = [
        tag("div", tag("dt", f.name), tag("dd", tag("code", f.text) if f.code else f.text))
        for f in items
    ]
    return tag("dl", lines(rows), class_="facts")


def head(*columns: str) -> Markup:
    """The row of column names; a name that ends in `#` is of numbers, and stands right."""
    cells = [
        tag("th", name.removesuffix("#"), scope="col", class_="n" if name.endswith("#") else None)
        for name in columns
    ]
    return tag("thead", tag("tr", *cells))


def row(name: Child, *cells: Markup, class_: str | None = None) -> Markup:
    """A row under a name of its own."""
    return tag("tr", tag("th", name, scope="row"), *cells, class_=class_)


def cell(text: Child) -> Markup:
    return tag("td", text)


def numeric(text: Child) -> Markup:
    return tag("td", text, class_="n")


def table(caption: str, columns: Markup, bodies: Iterable[Markup]) -> Markup:
    """A table that scrolls in its own box where it is too wide, by keyboard too."""
    inside = tag("table", tag("caption", caption), columns, lines(bodies))
    return tag("div", inside, class_="wide", role="region", aria_label=caption, tabindex="0")
