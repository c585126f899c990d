"""What a certificate says, as data inside its page: who found what, when.

It stands in an element that browsers hide, as JSON without <, > and &, so that it is the same text
to whoever reads HTML and to whoever looks for braces.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nodewright.validate.result import NotAValidation, Validation

VERSION = 1
OPEN, CLOSE = '<pre hidden id="statement">', "</pre>"
_FORM = "%Y-%m-%dT%H:%M:%SZ"
_KEYS = {"v", "signed_at", "signer", "remarks", "validation"}
# Nothing in it can be taken for the end of the element, or for a seal.
_SAFE = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&"})


class NoStatement(ValueError):
    """A page holds no statement that can be understood."""


@dataclass(frozen=True)
class Statement:
    """signed_at: UTC, to the second; signer: its common name; remarks: what is odd, a line each,
    though it passed."""

    signed_at: datetime
    signer: str
    validation: Validation
    remarks: tuple[str, ...] = ()

    def canonical(self) -> str:
        """The one text for it: keys sorted, no space, ASCII.  Raises ValueError for NaN."""
        # Read back once: what was given as 5 is 5.0 to whoever reads it again.
        validation = Validation.from_json(self.validation.to_json())
        told = {
            "v": VERSION,
            "signed_at": f"{self.signed_at.astimezone(UTC):{_FORM}}",
            "signer": self.signer,
            "remarks": list(self.remarks),
            "validation": json.loads(validation.to_json()),
        }
        text = json.dumps(
            told, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
        )
        return text.translate(_SAFE)


def find(page: bytes) -> Statement:
    """The statement in a page.  Raises NoStatement: none, two, or no such."""
    try:
        text = page.decode()
    except UnicodeDecodeError:
        raise NoStatement("the page is no UTF-8") from None
    if text.count(OPEN) != 1:
        raise NoStatement("the page holds no statement, or several")
    start = text.index(OPEN) + len(OPEN)
    end = text.find(CLOSE, start)
    if end < 0:
        raise NoStatement("its statement has no end")
    return _parse(text[start:end])


def _parse(text: str) -> Statement:
    try:
        told: Any = json.loads(text)
        if not isinstance(told, dict) or set(told) != _KEYS or told["v"] != VERSION:
            raise NoStatement("its statement is of another version of nodewright")
        signed_at, signer, remarks = told["signed_at"], told["signer"], told["remarks"]
        if not isinstance(signed_at, str) or not re.fullmatch(r"[0-9TZ:-]{20}", signed_at):
            raise NoStatement("its date is none")
        moment = datetime.strptime(signed_at, _FORM).replace(tzinfo=UTC)
        if not isinstance(signer, str) or not isinstance(remarks, list):
            raise NoStatement("its statement is not well formed")
        if not all(isinstance(remark, str) for remark in remarks):
            raise NoStatement("its remarks are none")
        found = Validation.from_json(json.dumps(told["validation"]))
    except NotAValidation as error:
        raise NoStatement(error.reason) from None
    except NoStatement:
        raise
    except (ValueError, RecursionError):
        raise NoStatement("its statement is no JSON") from None
    statement = Statement(moment, signer, found, tuple(remarks))
    if statement.canonical() != text:
        raise NoStatement("its statement is not in its one form")
    return statement
