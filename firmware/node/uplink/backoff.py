"""How long to wait before the next try, so that a fleet does not come back at once."""


def backoff_ms(attempt: int, base_ms: int, cap_ms: int, draw: int) -> int:
    """How long to wait before attempt + 1: exponential, capped, with full jitter.

    attempt: from 0; draw: a random integer of 24 bits or more.  Returns 0..cap_ms, or base_ms
    where that is more.
    Source: M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
    """
    return draw % (max(base_ms, min(cap_ms, base_ms << min(attempt, 16))) + 1)
