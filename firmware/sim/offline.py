"""The node's feature code over blocks of samples, without a board: `offline.py JOB.json`.

Runs on MicroPython, over modules compiled for it, and on CPython, over the source and with the
mocks.  The job, written by host/nodewright/offline.py, names the modules as it names the files:

    {"path": [folders], "backends": module, "features": module, "backend": name, "keys": [keys],
     "options": {of Vibration}, "samples": file, "blocks": [[samples, g_per_digit, rate_hz], ...],
     "result": file, "spectra": file or null, "compress": module, "log_bins": how many}

The samples are int16 (int32 with the option `wide`) in this machine's byte order, one block after
the other.  The result is one
JSON object a line: `{"values": {}, "withheld": {}, "marked": {}, "wrong": {}}` of each block in
turn, where wrong has what is no finite number, as texts; then `{"done": true}`, or
`{"refused": text}` when the feature code raised ValueError.  Else it ends in a traceback.
The spectra are A_k in g, 0 <= k < N/2, float32 in this machine's byte order, one block after the
other; with them each line has the compressed one, too: `"log_bounds": [k], "log_codes": [byte]`.
The keys must need a spectrum then.

With `"envelope": module` that module's Envelope runs instead, over `"records": [{"samples",
"blocks", "g_per_digit", "rate_hz", "shaft_hz", "shaft_error", "orders", "band"}]`, a line each,
which has `"scores": {}, "thresholds": {}, "verdicts": {}, "marks": {}` beside.

With `"current": module` that module's Current runs, over `"records": [{"samples", "currents",
"voltages", "per_digit", "rate_hz", "rate_ppm", "noise_a", "delays_us", "jitter_us"}]`: a line each
current.
"""

import sys

ON_CPYTHON = sys.implementation.name == "cpython"
if not ON_CPYTHON:
    # Before any other import: files in the user's folders take the place of built-in modules.
    sys.path[:] = [".frozen"]

import json  # noqa: E402
from array import array  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any, BinaryIO, TextIO

_MOST = 1e300  # beyond it nothing is a measurement, and float64 ends


def _module(name: str) -> "ModuleType":
    __import__(name)
    return sys.modules[name]


def _tell(result: "TextIO", line: "dict[str, Any]") -> None:
    result.write(json.dumps(line) + "\n")


def _split(out: "dict[str, float]") -> "tuple[dict[str, float], dict[str, str]]":
    """The values that JSON can hold, and the others as texts."""
    values, wrong = {}, {}
    for key, value in out.items():
        if isinstance(value, (int, float)) and -_MOST < value < _MOST:
            values[key] = value
        else:
            wrong[key] = repr(value)
    return values, wrong


def _spectrum(
    job: "dict[str, Any]", kernels: "Any", g_per_digit: float, spectra: "BinaryIO"
) -> "dict[str, Any]":
    """Write the whole spectrum of a block; returns the compressed one."""
    compress = _module(job["compress"])
    amplitude_g = array("f", bytes(2 * kernels.samples))
    compress.amplitudes(kernels, g_per_digit, amplitude_g)
    spectra.write(amplitude_g)
    bounds = compress.edges(kernels.samples, job["log_bins"])
    codes = bytearray(job["log_bins"])
    compress.log_bins(kernels, g_per_digit, bounds, codes)
    return {"log_bounds": bounds, "log_codes": list(codes)}


def _compute(job: "dict[str, Any]", result: "TextIO", spectra: "BinaryIO | None") -> None:
    backend = _module(job["backends"]).backend(job["backend"])
    new_vibration = _module(job["features"]).Vibration
    keys, wide = tuple(job["keys"]), job["options"].get("wide", False)
    by_length: dict[int, Any] = {}
    out: dict[str, float] = {}
    withheld: dict[str, str] = {}
    marked: dict[str, str] = {}
    with open(job["samples"], "rb") as stream:
        for samples, g_per_digit, rate_hz in job["blocks"]:
            if samples not in by_length:
                by_length[samples] = new_vibration(backend, samples, **job["options"])
            block = array("i" if wide else "h", bytes((4 if wide else 2) * samples))
            stream.readinto(block)  # type: ignore[attr-defined]
            by_length[samples].compute(block, g_per_digit, rate_hz, keys, out, withheld, marked)
            values, wrong = _split(out)
            line: dict[str, Any] = {"values": values, "withheld": withheld}
            line.update({"marked": marked, "wrong": wrong})
            if spectra is not None:
                line.update(_spectrum(job, by_length[samples].kernels, g_per_digit, spectra))
            _tell(result, line)


def _envelopes(job: "dict[str, Any]", result: "TextIO") -> None:
    """The bearing's values of each record: one axis, its blocks one after the other."""
    backend = _module(job["backends"]).backend(job["backend"])
    new_envelope = _module(job["envelope"]).Envelope
    keys = tuple(job["keys"])
    with open(job["samples"], "rb") as stream:
        for record in job["records"]:
            samples = record["samples"]
            envelope = new_envelope(backend, samples, record["orders"], record["band"])
            block = array("h", bytes(2 * samples))
            for _ in range(record["blocks"]):
                stream.readinto(block)  # type: ignore[attr-defined]
                envelope.add(block)
            told: tuple[dict[str, Any], ...] = ({}, {}, {})
            known = [record[key] for key in ("g_per_digit", "rate_hz", "shaft_hz", "shaft_error")]
            envelope.finish(*known, keys, *told)
            values, wrong = _split(told[0])
            line: dict[str, Any] = {"values": values, "withheld": told[1], "marked": told[2]}
            line.update({"wrong": wrong, "scores": envelope.scores})
            line.update({"thresholds": envelope.thresholds, "verdicts": envelope.verdicts})
            line["marks"] = envelope.marks
            _tell(result, line)


def _currents(job: "dict[str, Any]", result: "TextIO") -> None:
    """The values of each record of clamps."""
    backend = _module(job["backends"]).backend(job["backend"])
    new_current = _module(job["current"]).Current
    keys = tuple(job["keys"])
    with open(job["samples"], "rb") as stream:
        for record in job["records"]:
            samples, count = record["samples"], record["currents"]
            options = [record[key] for key in ("voltages", "noise_a", "delays_us", "pole_pairs")]
            current = new_current(backend, samples, count, *options)
            blocks = [array("h", bytes(2 * samples)) for _ in range(count + record["voltages"])]
            for block in blocks:
                stream.readinto(block)  # type: ignore[attr-defined]
            told: tuple[list[Any], ...] = tuple([[{} for _ in range(count)] for _ in range(3)])
            known = [record[key] for key in ("per_digit", "rate_hz", "rate_ppm")]
            current.compute(blocks, *known, keys, *told, record["jitter_us"])
            for phase in range(count):
                values, wrong = _split(told[0][phase])
                line: dict[str, Any] = {"values": values, "withheld": told[1][phase]}
                line.update({"marked": told[2][phase], "wrong": wrong})
                _tell(result, line)


def main(path: str) -> None:
    """Do the job of a file."""
    with open(path) as file:
        job = json.load(file)
    if ON_CPYTHON:
        sys.path[:0] = job["path"]
        import sim.cpython

        sim.cpython.install()
    else:
        sys.path[:] = job["path"] + [".frozen"]
    with open(job["result"], "w") as result:
        try:
            if "envelope" in job:
                _envelopes(job, result)
            elif "current" in job:
                _currents(job, result)
            elif job["spectra"] is None:
                _compute(job, result, None)
            else:
                with open(job["spectra"], "wb") as spectra:
                    _compute(job, result, spectra)
        except ValueError as error:
            _tell(result, {"refused": str(error)})
        else:
            _tell(result, {"done": True})


main(sys.argv[1])
