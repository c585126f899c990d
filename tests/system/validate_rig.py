"""Nodes on the bench for tests: virtual boards, sound or with something wrong about them."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from nodewright.data import firmware_dir
from nodewright.fleet import template
from nodewright.fleet.load import FILE
from nodewright.fleet.secret import Secrets
from nodewright.image.compiler import compile_source
from nodewright.image.filesystem import pack
from nodewright.interpreter import find_interpreter
from nodewright.offline import Runtime
from nodewright.pki.create import create_ca
from nodewright.provision import provision
from nodewright.validate.bench import Expected
from nodewright.validate.bench_virtual import VirtualBench, expected_of
from nodewright.validate.result import CaseResult, Validation
from nodewright.validate.run import on_bench

SEED = 20_816
Spec = dict[str, Any]


@cache
def runtime() -> Runtime:
    return Runtime(find_interpreter())


def fleet(folder: Path, *changes: tuple[str, str], end: str = "") -> Path:
    """The example with texts replaced, and its node's identity."""
    template.create(folder, "north", lambda at: create_ca(at, "north"))
    text = (folder / FILE).read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old), old
        text = text.replace(old, new)
    (folder / FILE).write_text(text + end, encoding="utf-8")
    provision(folder, "pump-1", Secrets(folder))
    return folder


def expected(folder: Path, node: str = "pump-1") -> Expected:
    return expected_of(folder, node, Secrets(folder), runtime().interpreter.mpy_arch)


def validated(
    folder: Path,
    *,
    only: tuple[str, ...] = (),
    seed: int | None = SEED,
    node: str = "pump-1",
    change: Callable[[dict[str, Any]], None] | None = None,
    flash: Callable[[bytes], bytes] | None = None,
    heap_bytes: int | None = None,
) -> Validation:
    """A virtual node's validation; only: cases that begin so, all where it is empty."""
    bench = VirtualBench(expected(folder, node), runtime(), change, flash, heap_bytes)
    return run(bench, only, seed)


def run(bench: Any, only: tuple[str, ...] = (), seed: int | None = SEED) -> Validation:
    return on_bench(
        bench, say=lambda *_: None, asked=threading.Event(), seed=seed, only=only or None
    )


def failed(validation: Validation) -> dict[str, CaseResult]:
    """What did not pass, by the case's name; skipped ones left out."""
    return {case.case: case for case in validation.cases if case.verdict in ("fail", "error")}


def chip(spec: dict[str, Any], name: str = "acc") -> dict[str, Any]:
    """A twin in a board's description."""
    chips: list[dict[str, Any]] = [one for bus in spec["buses"] for one in bus["chips"]]
    return next(one for one in chips if one["name"] == name)


def always(kind: str, name: str = "acc", **more: Any) -> list[dict[str, Any]]:
    """A fault that is there from the first moment on, whatever resets there are."""
    fault = {"kind": kind, "chip": name, "from_ms": 0, "to_ms": 1 << 30, **more}
    return [{**fault, "boot": boot} for boot in range(1, 40)]


def with_files(made: Expected, files: Mapping[str, bytes]) -> Expected:
    """As if the fleet's image itself held these."""
    all_files = dict(sorted({**made.files, **files}.items()))
    image = replace(made.image, files=all_files, file_system=pack(made.image.board, all_files))
    return replace(made, files=all_files, image=image)


def flashed(made: Expected, files: Mapping[str, bytes]) -> bytes:
    """What is on a board that got other files than the fleet's image holds."""
    return with_files(made, files).image.file_system


def bare(made: Expected) -> bytes:
    """A file system with a program that is nobody's."""
    return pack(made.image.board, {"/main.py": b"print('hello')\n"})


def firmware(
    folder: Path, name: str, *changes: tuple[str, str], end: str = ""
) -> dict[str, bytes]:
    """A file of the firmware with texts replaced, compiled for a virtual board."""
    text = (firmware_dir() / name).read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / name.replace("/", "-")
    path.write_text(text + end, encoding="utf-8")
    arch = runtime().interpreter.mpy_arch
    return {"/" + name.replace(".py", ".mpy"): compile_source(path, name, arch)}
