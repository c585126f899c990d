"""How `nodewright` ends: the one table of exit codes, and which error gives which."""

DONE = 0
FAILED = 1
WRONG_USE = 2

MEANINGS = {
    DONE: "done",
    FAILED: "failed: what was asked for did not work out, and it says why",
    WRONG_USE: "wrong use: an option, name, number or file that cannot be",
}

# By name, so that `--help` need not import what raises them. Subclasses count.
ERRORS = {
    "nodewright.errors.BadInput": WRONG_USE,
    "nodewright.errors.NodewrightError": FAILED,
    "nodewright.boards.BoardError": FAILED,
    "nodewright.boards.UnknownBoard": WRONG_USE,
    "nodewright.image.ImageError": FAILED,
    "nodewright.records.recording.RecordingError": WRONG_USE,
}


def code_of(error: BaseException) -> int | None:
    """The exit code of an error which is ours to explain; None for one that is a bug."""
    for kind in type(error).__mro__:
        code = ERRORS.get(f"{kind.__module__}.{kind.__qualname__}")
        if code is not None:
            return code
    return None
