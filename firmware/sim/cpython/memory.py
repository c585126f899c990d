"""`gc.mem_free` and `gc.mem_alloc`: a heap of which nothing is used, as CPython does not tell."""

NAMES = ("mem_free", "mem_alloc", "threshold")

_HEAP_BYTES = 189_952  # boards/pico_w/board.toml


def mem_free() -> int:
    return _HEAP_BYTES


def mem_alloc() -> int:
    return 0


def threshold(amount: "int | None" = None) -> "int | None":
    """MicroPython's threshold is in bytes; CPython's counts objects and is left alone."""
    return -1 if amount is None else None
