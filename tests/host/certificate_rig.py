"""Validations as a bench would find them, made up; certificates of them, signed by real fleets."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from host.pki_rig import NOW, kept
from nodewright.validate.page import Certificate, build
from nodewright.validate.result import CaseResult, Validation
from nodewright.validate.sign import seal, signer
from nodewright.validate.statement import Statement

AXES = ("x", "y", "z")


def case(name: str, **more: Any) -> CaseResult:
    """A case that passed, but for what is said otherwise."""
    told: dict[str, Any] = {
        "title": name.replace(".", " "),
        "value": 1.25,
        "unit": "mg",
        "limit": "0.4 to 2.1",
        "margin": 0.4,
        "verdict": "pass",
        "reason": "",
        "seconds": 0.25,
        "details": {},
    }
    return CaseResult(case=name, **{**told, **more})


def golden(name: str, hz: float, samples: int = 512, rate_hz: float = 800.0) -> CaseResult:
    wave = [round(1000 * math.sin(2 * math.pi * hz * n / rate_hz)) for n in range(samples)]
    details = {"samples": wave, "rate_hz": rate_hz, "node": {"acc_rms_g": 0.7071}}
    return case(name, title=f"sine of {hz:g} Hz", unit="%", value=0.02, details=details)


def validation(node: str = "pump-1", **more: Any) -> Validation:
    """Of a node of fleet north: sensors, clock, uplink and four golden waveforms."""
    told: dict[str, Any] = {
        "node": node,
        "fleet": "north",
        "board": "pico_w",
        "unique_id": "e6614c311b7e6f2a",
        "firmware": "0.1.0",
        "firmware_hash": "5d" * 32,
        "settings_hash": "9f" * 32,
        "micropython": "1.28.0; Raspberry Pi Pico W with RP2040",
        "place": "device",
        "begun": "2026-11-22T08:00:00Z",
        "seconds": 12.5,
        "seed": 4711,
        "cases": (
            case("identity.firmware", value="0.1.0", unit="", limit="0.1.0", margin=None),
            case("memory.heap_free", value=61234.0, unit="bytes", limit="from 32768", margin=0.87),
            *(case(f"acc.noise.{axis}") for axis in AXES),
            *(case(f"acc.gravity.{axis}", value=0.998, unit="g") for axis in AXES),
            case("acc.rate", value=803.2, unit="Hz", limit="720 to 880", margin=0.96),
            *(golden(f"golden.sine{hz}", hz) for hz in (12, 25, 50, 97)),
            case(
                "current.sleep",
                value=None,
                unit="",
                limit="",
                margin=None,
                verdict="skipped",
                reason="no meter is named",
            ),
            case("uplink.refused", value="refused", unit="", limit="refused", margin=None),
        ),
    }
    return Validation(**{**told, **more})


def with_case(one: Validation, name: str, **more: Any) -> Validation:
    """The same with another result of one case."""
    assert name in [c.case for c in one.cases]
    cases = tuple(replace(c, **more) if c.case == name else c for c in one.cases)
    return replace(one, cases=cases)


def page(one: Validation | None = None, remarks: tuple[str, ...] = ()) -> str:
    found = one or validation()
    return build(Certificate(Statement(NOW, "signer.bench", found, remarks)))


def sealed(folder: Path, one: Validation | None = None) -> bytes:
    """A certificate as a bench of the fleet in a folder writes it."""
    return seal(page(one).encode(), signer(folder, kept(folder), now=NOW))
