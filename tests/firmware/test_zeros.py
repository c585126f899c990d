"""Arrays of zeros."""

import gc

from node.zeros import zeros


def test_zeros__any_length_and_kind__all_of_them_zero():
    for code in ("h", "i"):
        for count in (1, 63, 64, 65, 1000, 8192):
            made = zeros(code, count)
            assert len(made) == count and not any(made), (code, count)
            made[count - 1] = -5
            assert made[count - 1] == -5


def test_zeros__long__takes_no_second_piece_of_memory():
    if not hasattr(gc, "threshold") or not hasattr(gc, "mem_alloc"):
        return
    gc.collect()
    gc.disable()
    try:
        before = gc.mem_alloc()
        made = zeros("h", 8192)
        taken = gc.mem_alloc() - before
    finally:
        gc.enable()
    # 16 KB and the pieces that are copied, which are garbage; CPython's mock tells nothing
    assert len(made) == 8192 and (taken == 0 or 16_384 <= taken < 24_000), taken
