"""Results as JUnit XML: what Jenkins, GitLab and most other builders of software read.

One <testsuite> a validation, one <testcase> a case.  Elements and attributes are those which
Jenkins' schema (xunit-plugin, junit-10.xsd) and GitLab's reader both take.  What a case measured
stands in its <system-out>, since builders drop what they do not know.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from nodewright.validate.result import CaseResult, Validation

# XML 1.0, 2.2: what no document may hold, not even as a reference.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ELEMENTS = {"fail": "failure", "error": "error", "skipped": "skipped"}


@dataclass(frozen=True)
class Unmade:
    """A node that was not validated, or not so often as it was to be.

    fleet: "" where nobody knows it yet; stage: of `command`, in which error ended it.
    """

    fleet: str
    node: str
    stage: str
    error: str
    command: str = "make"


def build(validations: Sequence[Validation], unmade: Sequence[Unmade] = ()) -> str:
    """The document, of one or more validations; unmade: an error each."""
    verdicts = [case.verdict for one in validations for case in one.cases]
    verdicts += ["error"] * len(unmade)
    took_s = sum(one.seconds for one in validations)
    head = {"name": "nodewright validate", **_counts(verdicts), "time": _seconds(took_s)}
    del head["skipped"]  # Jenkins' schema has it of a suite alone
    suites = "".join(_suite(index, one) for index, one in enumerate(validations))
    suites += "".join(_unmade(index, one) for index, one in enumerate(unmade, len(validations)))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<testsuites{_attributes(head)}>\n{suites}</testsuites>\n"
    )


def _suite(index: int, one: Validation) -> str:
    head = {
        "name": f"{one.fleet}.{one.node}",
        "id": str(index),
        **_counts([case.verdict for case in one.cases]),
        "time": _seconds(one.seconds),
        "timestamp": one.begun[:19],  # UTC; the schema of some readers has no zone
        "hostname": one.node,
    }
    facts = {
        "board": one.board,
        "unique_id": one.unique_id,
        "firmware": one.firmware,
        "firmware_hash": one.firmware_hash,
        "settings_hash": one.settings_hash,
        "micropython": one.micropython,
        "place": one.place,
        "seed": str(one.seed),
    }
    properties = "".join(
        f"   <property{_attributes({'name': name, 'value': value})}/>\n"
        for name, value in facts.items()
    )
    cases = "".join(_case(one, case) for case in one.cases)
    return (
        f" <testsuite{_attributes(head)}>\n"
        f"  <properties>\n{properties}  </properties>\n{cases} </testsuite>\n"
    )


def _unmade(index: int, one: Unmade) -> str:
    name = ".".join(part for part in (one.fleet, one.node) if part)
    head = {"name": name, "id": str(index), **_counts(["error"])}
    case = {"name": one.stage, "classname": f"{name}.{one.command}", "time": "0.000"}
    facts = {"message": one.error, "type": "error"}
    return (
        f" <testsuite{_attributes(head)}>\n  <testcase{_attributes(case)}>\n"
        f"   <error{_attributes(facts)}>{_text(one.error)}</error>\n"
        "  </testcase>\n </testsuite>\n"
    )


def _case(one: Validation, case: CaseResult) -> str:
    part, _, rest = case.case.partition(".")
    name = rest or part
    where = f"{one.fleet}.{one.node}" + (f".{part}" if rest else "")
    head = {"name": name, "classname": where, "time": _seconds(case.seconds)}
    inside = ""
    element = _ELEMENTS.get(case.verdict)
    if element is not None:
        facts = {"message": case.reason or case.verdict, "type": case.verdict}
        inside += f"   <{element}{_attributes(facts)}>{_text(_told(case))}</{element}>\n"
    inside += f"   <system-out>{_text(_told(case))}</system-out>\n"
    return f"  <testcase{_attributes(head)}>\n{inside}  </testcase>\n"


def _told(case: CaseResult) -> str:
    value = "none" if case.value is None else f"{_value(case.value)} {case.unit}".rstrip()
    margin = "" if case.margin is None else f", margin {100 * case.margin:.0f} %"
    return f"{case.title}: {value}; limit {case.limit or 'none'}{margin}; {case.verdict}"


def _value(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


def _counts(verdicts: Sequence[str]) -> dict[str, str]:
    return {
        "tests": str(len(verdicts)),
        "failures": str(verdicts.count("fail")),
        "errors": str(verdicts.count("error")),
        "skipped": str(verdicts.count("skipped")),
    }


def _seconds(seconds: float) -> str:
    """Without an exponent, which the schema has not."""
    return f"{seconds:.3f}"


def _attributes(values: dict[str, str]) -> str:
    return "".join(f" {name}={quoteattr(_plain(value))}" for name, value in values.items())


def _text(text: str) -> str:
    return escape(_plain(text))


def _plain(text: str) -> str:
    return _NO_XML.sub("?", text)
