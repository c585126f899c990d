"""HTML out of Python values: what is not `Markup` already is escaped, always."""

import unicodedata
from collections.abc import Iterable
from html import escape
from typing import TypeAlias

Child: TypeAlias = "str | Iterable[Child] | None"

_VOID = frozenset({"meta", "link", "br"})
# Cc: control characters, most of them not allowed in HTML. Cf: among them those that turn the
# direction of what follows. Cs: half a surrogate pair, which UTF-8 cannot hold.
_SHOWN_AS_CODE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_KEPT = "\n\t\u00ad"  # layout, and a hyphen that shows itself only where it breaks a word


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def plain(text: str) -> str:
    """Text with every invisible character written as its escape, so that a reader sees it."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        ascii(c)[1:-1] if unicodedata.category(c) in _SHOWN_AS_CODE and c not in _KEPT else c
        for c in text
    )


def markup(child: Child) -> Markup:
    """A child as HTML: None is nothing, a list is its items in order, text is escaped."""
    if child is None:
        return Markup("")
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return Markup(escape(plain(child)))
    return Markup("".join(markup(item) for item in child))


def tag(name: str, /, *children: Child, **attributes: str | bool | None) -> Markup:
    """An element.

    attributes: `class_` is class, `aria_label` aria-label, True a bare name; None and False are
    left out.
    """
    words = [name]
    for key, value in attributes.items():
        attribute = key.rstrip("_").replace("_", "-")
        if value is True:
            words.append(attribute)
        elif isinstance(value, str):
            words.append(f'{attribute}="{escape(plain(value))}"')
    if name in _VOID:
        return Markup(f"<{' '.join(words)}>")
    return Markup(f"<{' '.join(words)}>{markup(children)}</{name}>")


def lines(children: Iterable[Child]) -> Markup:
    """Children one a line."""
    return Markup("\n".join(markup(child) for child in children))
