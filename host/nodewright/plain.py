"""Text from outside (boards, files, certificates), fit for a line on a terminal."""


def plain(text: str | None, most: int = 80) -> str:
    """At most so many characters, with a question mark for what a terminal would obey."""
    return "".join(char if char.isprintable() else "?" for char in text or "")[:most]
