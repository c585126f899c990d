"""The page as one HTML text: styles and drawings inside, no script, nothing fetched."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from nodewright.page import node as node_section
from nodewright.page import summary
from nodewright.page.markup import Markup, lines, tag
from nodewright.page.model import Page

GENERATOR = "nodewright demo --report"
# Nothing may be loaded, whatever somebody smuggles into a name: the browser sees to it, too.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'"


@cache
def _style() -> Markup:
    return Markup((files("nodewright.page") / "style.css").read_text(encoding="utf-8"))


def shell(title: str, body: Sequence[Markup], more_style: str = "") -> str:
    """A whole document around a body.  more_style: CSS after that of all pages."""
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", name="generator", content=GENERATOR),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("link", rel="icon", href="data:,"),
        tag("title", title),
        tag("style", _style(), Markup(more_style)),
    ]
    html = tag("html", tag("head", lines(head)), tag("body", lines(body)), lang="en")
    return f"<!DOCTYPE html>\n{html}\n"


def build(page: Page) -> str:
    """The page.  The same data gives the same text."""
    title = f"Nodewright demo, {page.made_at:%Y-%m-%d}: {'passed' if page.ok else 'failed'}"
    body = [
        summary.header(page),
        tag(
            "main",
            lines(
                [
                    summary.nodes(page),
                    summary.faults(page),
                    *(node_section.section(node) for node in page.nodes),
                    summary.made_with(page),
                    summary.reading(),
                ]
            ),
        ),
    ]
    return shell(title, body)
