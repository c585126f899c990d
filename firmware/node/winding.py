"""A hint at shorted turns of a motor's winding: more negative sequence than its supply explains.

Threshold and what it rests on: docs/decisions/0030-current-hints.md.
"""

KEY, OF = "cur_turns_hint", "cur_neg_seq_pct"
# NEMA MG 1-2016, 14.36: a running motor's currents are unbalanced 6 to 10 times as its voltages.
_MOST_OF_SUPPLY = 10.0


def judge(
    neg_seq_pct: float, limit_pct: float, supply_pct: "float | None"
) -> "tuple[float | None, str | None]":
    """(0 or 1, the reason to mark it for) of a motor that runs, or (None, why it is withheld).

    limit_pct: of the settings; supply_pct: negative sequence of the voltages, None: not wired.
    """
    if neg_seq_pct <= limit_pct:
        return 0.0, None
    if supply_pct is None:
        return 1.0, "no_voltage"  # nobody has looked at the supply
    if neg_seq_pct - _MOST_OF_SUPPLY * supply_pct <= limit_pct:
        return None, "supply"
    return 1.0, None


def tell(
    running: "bool | None",
    limit_pct: float,
    supply_pct: "float | None",
    rows: "tuple[dict[str, float], dict[str, str], dict[str, str]]",
) -> None:
    """The hint into out, withheld and marked of the first current, which have OF."""
    out, withheld, marked = rows
    value, reason = None, withheld.get(OF)
    if not running:
        reason = "not_seen" if running is None else "standing"
    elif reason is None:
        value, reason = judge(out[OF], limit_pct, supply_pct)
    if value is None:
        withheld[KEY] = reason or "silent"
        return
    out[KEY] = value
    if reason is not None:
        marked[KEY] = reason
