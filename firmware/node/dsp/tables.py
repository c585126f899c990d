"""Tables of the integer backend, computed once per record length."""

from array import array
from math import pi, sin


def turn(samples: int) -> "array[int]":
    """uint16[samples]: 32768 - 32768 sin(2 pi i / samples), rounded, 65535 at most.

    One table serves three: sin and cos (a quarter of a turn later) in Q15 as 32768 - table[i],
    exact where they are 0 or +1; and the Hann window in Q16 as table[i + samples / 4].
    samples: a multiple of 4.
    """
    table = array("H", bytes(2 * samples))
    quarter, half = samples // 4, samples // 2
    for i in range(quarter + 1):
        value = int(32768 * sin(2 * pi * i / samples) + 0.5)
        table[i] = table[half - i] = 32768 - value
        table[half + i] = table[(samples - i) % samples] = min(32768 + value, 65535)
    return table


def reversal(count: int) -> "array[int]":
    """uint16[count]: each index with its bits in reverse.  count: a power of two."""
    table = array("H", bytes(2 * count))
    step, filled = count // 2, 1
    while step:
        for i in range(filled):
            table[filled + i] = table[i] + step
        filled, step = 2 * filled, step // 2
    return table
