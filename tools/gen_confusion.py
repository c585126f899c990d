"""Markdown of docs/confusion.json: what tools/confusion.py and tools/confusion_twins.py count."""

import json
from pathlib import Path
from typing import Any

KEPT = Path(__file__).resolve().parent.parent / "docs" / "confusion.json"
_VERDICTS = ("none", "outer race", "inner race")
_RACES = ("inner race", "outer race")
_PLANS = {
    "all": "All blocks of 4096 of a recording",
    "first 8": "K = 8, the first ones, as a node measures them",
    "last 8": "K = 8, the last ones",
    "1": "Single blocks",
}
_TWIN = ("own noise, RMS", "ranges", "blows cut off in")

Counts = dict[str, dict[str, int]]


def tables() -> str:
    """All of it."""
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    recorded = kept["sensors"][0]
    lines = [f"Made by `{kept['command']}`."]
    for plan, title in _PLANS.items():
        lines += ["", f"{title}:", "", *_confusion(recorded["counts"][plan])]
    lines += ["", "As other sensors would have measured them, K = 8:", ""]
    lines += _sensors(kept["sensors"])
    twins = kept["twins"]
    lines += ["", f"Through the twins of the sensors, made by `{twins['command']}`, K = 8:", ""]
    lines += _sensors(twins["sensors"])
    lines += ["", "The same, single blocks:", "", *_sensors(twins["sensors"], "1")]
    lines += ["", "With a speed that is not the machine's, K = 8, all recordings:", ""]
    lines += _speeds(kept["speed"])
    return "\n".join(lines)


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _head(*cells: str) -> list[str]:
    return [_row(*cells), _row(*(["---"] * len(cells)))]


def _confusion(counts: Counts) -> list[str]:
    rows = [
        _row(label, *(cells.get(verdict, 0) for verdict in _VERDICTS), sum(cells.values()))
        for label, cells in counts.items()
    ]
    return [*_head("true \\ said", *_VERDICTS, "of"), *rows]


def _sensors(found: list[dict[str, Any]], plan: str = "first 8") -> list[str]:
    rows = []
    for sensor in found:
        counts: Counts = sensor["counts"][plan]
        accused = {
            label: sum(cells.get(race, 0) for race in _RACES) for label, cells in counts.items()
        }
        told = {
            label: sum(cells.values()) - cells.get("withheld", 0)
            for label, cells in counts.items()
        }
        named = [f"{counts[race].get(race, 0)} of {told[race]}" for race in _RACES]
        wrong = sum(accused[race] - counts[race].get(race, 0) for race in _RACES)
        withheld = sum(cells.get("withheld", 0) for cells in counts.values())
        kurtosis = ", ".join(f"{n} of {of}" for n, of in sensor["kurtosis"].values())
        rows.append(
            _row(
                sensor["sensor"],
                sensor["recordings"],
                f"{accused['healthy']} of {told['healthy']}",
                *named,
                wrong,
                f"{accused['ball']} of {told['ball']}",
                withheld,
                kurtosis,
                *_of_twin(sensor),
            )
        )
    head = _head(
        "sensor",
        "recordings",
        "healthy accused",
        "inner race named",
        "outer race named",
        "wrong race",
        "ball taken for a race",
        "withheld",
        "kurtosis from 4 up: healthy, inner, outer, ball",
        *(_TWIN if _of_twin(found[0]) else ()),
    )
    return [*head, *rows]


def _of_twin(sensor: dict[str, Any]) -> tuple[str, ...]:
    """What only a twin has; nothing for a sensor of formulas."""
    if "noise_g" not in sensor:
        return ()
    ranges = ", ".join(f"{count} at {range_g} g" for range_g, count in sensor["ranges_g"].items())
    return f"{sensor['noise_g']:.2g} g", ranges, str(sensor["clipped"])


def _speeds(found: list[dict[str, Any]]) -> list[str]:
    rows = []
    for speed in found:
        states = speed["states"]
        error = f"{speed['error_pct']:+g} %" if speed["error_pct"] else "as published"
        rows.append(
            _row(
                error,
                *(states.get(state, 0) for state in ("confirmed", "unproven", "off")),
                *(speed["hits"][race] for race in _RACES),
                speed["wrong"],
                speed["wrong_told_off"],
            )
        )
    head = _head(
        "speed given",
        "confirmed",
        "unproven",
        "off",
        "inner race named, of 15",
        "outer race named, of 15",
        "wrongly accused",
        "of these told off",
    )
    return [*head, *rows]
