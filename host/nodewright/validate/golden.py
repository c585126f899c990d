"""The golden waveforms among the results: what a certificate draws of them.

A case has one where its details hold `samples`, and `rate_hz` where its time is known.
"""

from dataclasses import dataclass

from nodewright.validate.result import CaseResult, Validation


@dataclass(frozen=True)
class Golden:
    """A waveform that went through the node's code.  rate_hz: None where nobody says."""

    case: CaseResult
    samples: tuple[float, ...]
    rate_hz: float | None

    @property
    def seconds(self) -> float | None:
        return None if self.rate_hz is None else len(self.samples) / self.rate_hz


def of(validation: Validation) -> list[Golden]:
    """In the order of the cases; details of another form are none."""
    found = []
    for case in validation.cases:
        samples, rate = case.details.get("samples"), case.details.get("rate_hz")
        if not isinstance(samples, list) or len(samples) < 2:
            continue
        if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in samples):
            continue
        known = isinstance(rate, int | float) and not isinstance(rate, bool) and rate > 0
        values = tuple(float(one) for one in samples)
        found.append(Golden(case, values, float(rate) if known else None))  # type: ignore[arg-type]
    return found
