"""What a validation came to: each case with its value, limit, margin and verdict, and as JSON.

    {"v": 1, "passed": true, "node": "pump-1", "fleet": "demo", "board": "pico_w", …, "cases":
     [{"case": "acc.noise.x", "title": "…", "value": 1.2, "unit": "mg", "limit": "0.4 to 2.1", …}]}

`passed` is there for other programs; it is checked against the cases when it is read.
"""

import json
import math
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from nodewright.errors import BadInput

VERSION = 1
Verdict = Literal["pass", "fail", "skipped", "error"]
Place = Literal["virtual", "device", "cpython"]

_STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
_Line = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$")]  # what a terminal would not obey
_Name = Annotated[str, Field(pattern=r"^[a-z0-9_-]+(\.[a-z0-9_-]+)*$")]
_Digits = Annotated[str, Field(pattern=r"^[0-9a-f]*$")]
_Seconds = Annotated[float, Field(ge=0)]
_DEEPEST = 12  # lists in lists that a board's answer may have; ours have four


class NotAValidation(BadInput):
    """A text that is no validation, or not one of this version.

    reason: what is wrong with it.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"this is no validation: {reason}")


@with_config(_STRICT)
@dataclass(frozen=True)
class CaseResult:
    """One case.

    case: its name, the part that it is about in front ("acc.noise.x"); title: one line a
    technician reads; value: as measured, in unit ("": none), None where nothing was; limit: what
    it is held against, as shown ("225 to 275"); margin: the share of the limit that is left (0.37:
    37 %), negative where it was missed, None where there is no such share; reason: what is wrong
    or missing and what cures it, "" where it passed; details: more of it, as JSON.
    """

    case: _Name
    title: _Line
    value: float | _Line | None
    unit: _Line
    limit: _Line
    margin: float | None
    verdict: Verdict
    reason: _Line
    seconds: _Seconds
    details: dict[str, Any]


@with_config(_STRICT)
@dataclass(frozen=True)
class Validation:
    """All cases of one node, and what it was made of.

    unique_id: of its chip; firmware: the version; firmware_hash, settings_hash: SHA-256, hex
    digits, as found on the board, "" where it did not tell; micropython: release and machine;
    place: what ran it; begun: RFC 3339, UTC; seed: what the golden waveforms were drawn from.
    """

    node: _Line
    fleet: _Line
    board: _Line
    unique_id: _Digits
    firmware: _Line
    firmware_hash: _Digits
    settings_hash: _Digits
    micropython: _Line
    place: Place
    begun: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")]
    seconds: _Seconds
    seed: int
    cases: tuple[CaseResult, ...]

    @property
    def passed(self) -> bool:
        """No case failed or could not be carried out; a skipped one is shown, but does not fail.

        Without any case nothing was proven.
        """
        bad = any(case.verdict in ("fail", "error") for case in self.cases)
        return not bad and any(case.verdict == "pass" for case in self.cases)

    def to_json(self) -> str:
        """One object, indented.  Raises ValueError for what JSON cannot say: NaN, infinity."""
        told = {"v": VERSION, "passed": self.passed, **asdict(self)}
        return json.dumps(told, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The same again, strictly: no key more or less, no value of another type.

        Raises NotAValidation.
        """
        try:
            told = json.loads(
                text, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_once
            )
        except (ValueError, RecursionError) as error:
            raise NotAValidation(str(error)) from None
        if not isinstance(told, dict):
            raise NotAValidation("it is no object")
        if told.pop("v", None) != VERSION:
            raise NotAValidation(f"its version is not {VERSION}")
        passed = told.pop("passed", None)
        try:
            # A tuple of cases is a list in JSON: pydantic takes it so where it reads JSON itself.
            found: Self = TypeAdapter(cls).validate_json(json.dumps(told))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise NotAValidation(f"{one_line(where)[:80]}: {first['msg']}") from None
        if passed is not found.passed:
            raise NotAValidation("passed: it contradicts the cases")
        return found


def one_line(text: str) -> str:
    """A text as it may be shown: without what a terminal would obey, and half of a character."""
    text = text[:500]
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def said_by_a_board(case: CaseResult) -> CaseResult:
    """The case with what a file of results can hold, whatever a board has put into it."""
    value = case.value
    if value is not None and not _is_number(value):
        value = _text(value)
    details = _sayable(case.details)
    return replace(
        case,
        title=_text(case.title),
        value=value,
        unit=_text(case.unit),
        limit=_text(case.limit),
        margin=case.margin if _is_number(case.margin) else None,
        reason=_text(case.reason),
        details=details if isinstance(details, dict) else {"answer": details},
    )


def _sayable(value: Any, depth: int = 0) -> Any:
    """As JSON has it: names of text, numbers that are finite, and no deeper than _DEEPEST."""
    if value is None or isinstance(value, bool) or _is_number(value):
        return value
    if isinstance(value, dict | list | tuple):
        if depth == _DEEPEST:
            return "…"
        if isinstance(value, dict):
            return {_text(key): _sayable(item, depth + 1) for key, item in value.items()}
        if _are_digits(value):
            return list(value)
        return [_sayable(item, depth + 1) for item in value]
    return _text(value)


def _are_digits(value: list[Any] | tuple[Any, ...]) -> bool:
    """Whole numbers of 32 bits and nothing else: as samples are, of which there are thousands."""
    return set(map(type, value)) == {int} and -(1 << 31) <= min(value) <= max(value) < 1 << 31


def _is_number(value: Any) -> bool:
    """A finite one, that a float can be."""
    try:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and math.isfinite(value)
    except OverflowError:  # JSON has integers of any length
        return False


def _text(value: Any) -> str:
    """One line of anything."""
    try:
        return one_line(value if isinstance(value, str) else str(value))
    except (RecursionError, ValueError):  # lists in lists; digits without end
        return "what nobody can write down"


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def _finite(text: str) -> float:
    """1e999 is a number as JSON is written, and none that anything could have measured."""
    number = float(text)
    return number if math.isfinite(number) else _refuse(text[:20])


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A key that is there twice says two things to two readers: a signed text must say one."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found
