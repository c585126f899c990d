"""Which runtime a command takes, told where the user did not choose it."""

from nodewright.cli.output import err
from nodewright.offline import choose_runtime


def tell_choice(kind: str | None, interpreter: str | None) -> None:
    """One line on stderr where CPython has to serve.  Raises what `choose_runtime` does."""
    chosen = choose_runtime(kind, interpreter)
    if chosen.note and kind is None:
        err().print(chosen.note, markup=False, soft_wrap=True)
