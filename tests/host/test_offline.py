"""The node's feature code in a process: both runtimes, both backends, and what can go wrong."""

import sys
from pathlib import Path

import numpy as np
import pytest

from nodewright import offline
from nodewright.errors import BadInput
from nodewright.interpreter import Interpreter, InterpreterError, find_interpreter

KEYS = ("acc_rms_g", "acc_peak_g", "acc_p2p_g", "mean_g", "crest")
RUNS = (("micropython", "viper"), ("cpython", "viper"), ("cpython", "ulab"))


def runtime(kind: str) -> offline.Runtime:
    try:
        return offline.choose_runtime(kind)
    except InterpreterError as missing:
        pytest.skip(str(missing))


def noise(samples: int, seed: int = 1) -> offline.Block:
    digits = np.random.default_rng(seed).normal(100.0, 3000.0, samples).round().astype(np.int16)
    return offline.Block(digits, 0.0039, 3200.0)


def fake(folder: Path, on_job: str) -> offline.Runtime:
    """A MicroPython that answers for itself, and does `on_job` (Python) when it gets a job.

    In on_job, `real` is the command line of the true one, and `job` the path of the job.
    """
    real = find_interpreter().command
    program = folder / "interpreter.py"
    program.write_text(
        "import json, os, signal, subprocess, sys, time\n"
        f"real = {list(real)!r} + sys.argv[1:]\n"
        "if not sys.argv[-1].endswith('job.json'):\n"
        "    sys.exit(subprocess.call(real))\n"
        "job = sys.argv[-1]\n" + on_job
    )
    return offline.choose_runtime("micropython", f"{sys.executable} {program}")


@pytest.mark.parametrize(("kind", "backend"), RUNS)
def test_run__blocks_of_several_lengths__each_answered_in_turn(kind: str, backend: str) -> None:
    blocks = [noise(256, 1), noise(1024, 2), noise(256, 3)]
    told = offline.run(blocks, runtime(kind), backend=backend, keys=KEYS)
    assert len(told) == len(blocks)
    for block, values in zip(blocks, told, strict=True):
        assert set(values.values) | set(values.withheld) == set(KEYS)
        assert not values.wrong
        rms_g = float(np.std(block.digits.astype(float))) * block.g_per_digit
        assert values.values["acc_rms_g"] == pytest.approx(rms_g, rel=1e-3)


@pytest.mark.parametrize(("kind", "backend"), RUNS)
def test_run__silence__withheld_with_the_reason(kind: str, backend: str) -> None:
    silent = offline.Block(np.full(256, -7, np.int16), 0.0039, 3200.0)
    (told,) = offline.run([silent], runtime(kind), backend=backend, keys=("acc_rms_g", "crest"))
    assert told == offline.Values({"acc_rms_g": 0.0}, {"crest": "silent"})


@pytest.mark.parametrize("kind", offline.RUNTIMES)
def test_run__no_blocks__no_values(kind: str) -> None:
    assert offline.run([], runtime(kind), keys=KEYS) == []


@pytest.mark.parametrize("kind", offline.RUNTIMES)
@pytest.mark.parametrize(
    ("digits", "g_per_digit", "rate_hz", "keys", "named"),
    [
        (np.zeros(1000, np.int16), 0.0039, 3200.0, KEYS, "samples"),
        (np.zeros(256, np.int16), 0.0, 3200.0, KEYS, "g_per_digit"),
        (np.zeros(256, np.int16), 0.0039, -1.0, KEYS, "rate_hz"),
        (np.zeros(256, np.int16), 0.0039, 3200.0, ("volume",), "volume"),
    ],
)
def test_run__what_the_node_refuses__refused_in_its_words(
    kind: str,
    digits: np.ndarray[tuple[int], np.dtype[np.int16]],
    g_per_digit: float,
    rate_hz: float,
    keys: tuple[str, ...],
    named: str,
) -> None:
    block = offline.Block(digits, g_per_digit, rate_hz)
    with pytest.raises(offline.Refused, match=named):
        offline.run([noise(256), block], runtime(kind), keys=keys)


def test_run__interpreter_crashes__error_with_its_output(tmp_path: Path) -> None:
    crash = "print('out of luck', flush=True)\nos.kill(os.getpid(), signal.SIGSEGV)\n"
    with pytest.raises(offline.OfflineError, match="SIGSEGV") as caught:
        offline.run([noise(256)], fake(tmp_path, crash), keys=KEYS)
    assert "out of luck" in caught.value.output and "out of luck" in str(caught.value)


def test_run__interpreter_hangs__stopped_in_time(tmp_path: Path) -> None:
    hang = "print('thinking', flush=True)\ntime.sleep(60)\n"
    with pytest.raises(offline.OfflineError, match="stopped after 2 s") as caught:
        offline.run([noise(256)], fake(tmp_path, hang), keys=KEYS, limit_s=2.0)
    assert caught.value.output == "thinking"


@pytest.mark.parametrize(
    "on_job",
    [
        "pass\n",
        "open(json.load(open(job))['result'], 'w').write('{\"done\": true}')\n",
        "open(json.load(open(job))['result'], 'w').write('{\"val')\n",
        "open(json.load(open(job))['result'], 'w').write('[]\\n{\"done\": true}')\n",
    ],
    ids=["nothing", "too little", "cut off", "no object"],
)
def test_run__interpreter_ends_early__error_and_no_values(tmp_path: Path, on_job: str) -> None:
    with pytest.raises(offline.OfflineError, match="without a result"):
        offline.run([noise(256)], fake(tmp_path, on_job), keys=KEYS)


def test_run__result_of_another_shape__error_and_no_values(tmp_path: Path) -> None:
    strange = "open(json.load(open(job))['result'], 'w').write('{\"a\": 1}\\n{\"done\": true}')\n"
    with pytest.raises(offline.OfflineError, match="strange result"):
        offline.run([noise(256)], fake(tmp_path, strange), keys=KEYS)


def test_run__code_that_raises__error_with_the_traceback(tmp_path: Path) -> None:
    spoil = (
        "told = json.load(open(job))\n"
        "told['backends'] = 'nothing.there'\n"
        "json.dump(told, open(job, 'w'))\n"
        "sys.exit(subprocess.call(real))\n"
    )
    with pytest.raises(offline.OfflineError, match="exit code 1") as caught:
        offline.run([noise(256)], fake(tmp_path, spoil), keys=KEYS)
    assert "ImportError" in caught.value.output


def test_run__values_that_are_no_numbers__told_as_wrong(tmp_path: Path) -> None:
    """The true program, on feature code that gives NaN and infinity."""
    spoil = (
        "told = json.load(open(job))\n"
        "folder = os.path.dirname(job)\n"
        "open(folder + '/bad.py', 'w').write('''\n"
        "def backend(name): pass\n"
        "class Vibration:\n"
        "    def __init__(self, backend, samples): pass\n"
        "    def compute(self, block, g_per_digit, rate_hz, keys, out, withheld, marked):\n"
        "        out['acc_rms_g'] = float('nan')\n"
        "        out['acc_peak_g'] = float('-inf')\n"
        "        out['mean_g'] = 1\n"
        "''')\n"
        "told['backends'] = told['features'] = 'bad'\n"
        "told['path'] = [folder]\n"
        "json.dump(told, open(job, 'w'))\n"
        "sys.exit(subprocess.call(real))\n"
    )
    (told,) = offline.run([noise(256)], fake(tmp_path, spoil), keys=KEYS)
    assert told.values == {"mean_g": 1}
    assert set(told.wrong) == {"acc_rms_g", "acc_peak_g"}


def test_run__modules_in_the_users_own_folder__not_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    chosen = runtime("micropython")
    library = tmp_path / ".micropython" / "lib"
    library.mkdir(parents=True)
    for name in ("json", "array", "math", "node", "wire"):
        (library / f"{name}.py").write_text("raise SystemExit('not ours')\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NODEWRIGHT_CACHE", str(tmp_path / "cache"))
    (told,) = offline.run([noise(256)], chosen, keys=KEYS)
    assert set(told.values) == set(KEYS)


def micropython(**facts: object) -> offline.Runtime:
    about: dict[str, object] = {
        "command": ("micropython",),
        "version": (1, 28, 0),
        "mpy_arch": "x64",
        "mpy_version": (6, 3),
        "word_bits": 64,
        "float_bits": 64,
        "has_ulab": False,
    }
    return offline.Runtime(Interpreter(**{**about, **facts}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "backend", "named"),
    [
        ({}, "ulab", "--backend viper"),
        ({"mpy_arch": ""}, "viper", "no native code"),
        ({"mpy_version": (6, 2)}, "viper", "mpy-cross makes 6.3"),
        ({}, "fpga", "viper, ulab"),
    ],
)
def test_run__runtime_that_cannot__says_so_before_it_starts(
    facts: dict[str, object], backend: str, named: str
) -> None:
    with pytest.raises(BadInput, match=named):
        offline.run([noise(256)], micropython(**facts), backend=backend, keys=KEYS)


def test_choose_runtime__no_micropython_for_the_platform__cpython_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("NODEWRIGHT_MICROPYTHON", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sysconfig.get_path", lambda _name: str(tmp_path))
    chosen = offline.choose_runtime()
    assert chosen.kind == "cpython" and "CPython" in chosen.note
    with pytest.raises(InterpreterError, match="not installed"):
        offline.choose_runtime("micropython")


def test_choose_runtime__interpreter_that_is_none__never_replaced_in_silence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(InterpreterError, match="no such program"):
        offline.choose_runtime(None, str(tmp_path / "nothing"))
    monkeypatch.setenv("NODEWRIGHT_MICROPYTHON", str(tmp_path / "nothing"))
    with pytest.raises(InterpreterError, match="no such program"):
        offline.choose_runtime()


def test_choose_runtime__contradiction__bad_input() -> None:
    with pytest.raises(BadInput, match="pypy"):
        offline.choose_runtime("pypy")
    with pytest.raises(BadInput, match="of no use"):
        offline.choose_runtime("cpython", "micropython")


def test_find_interpreter__modules_in_the_users_folder__take_nobodys_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime("micropython")
    folder = tmp_path / ".micropython" / "lib"
    folder.mkdir(parents=True)
    (folder / "json.py").write_text("raise SystemExit('shadowed')\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MICROPYPATH", raising=False)
    # By a link: each command is asked only once in a process.
    link = tmp_path / "micropython"
    link.symlink_to(find_interpreter().command[0])
    assert find_interpreter(str(link)).version >= (1, 28, 0)


@pytest.mark.parametrize("given", ["option", "variable", "runtime"])
def test_choose_runtime__no_native_code__cpython_unless_it_was_asked_for(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = micropython(mpy_arch="").interpreter
    monkeypatch.delenv("NODEWRIGHT_MICROPYTHON", raising=False)
    monkeypatch.setattr(offline, "find_interpreter", lambda _given: plain)
    chosen = offline.choose_runtime()
    assert chosen.kind == "cpython"
    assert "no native code" in chosen.note and "CPython" in chosen.note
    if given == "variable":
        monkeypatch.setenv("NODEWRIGHT_MICROPYTHON", "micropython")
    kind = "micropython" if given == "runtime" else None
    with pytest.raises(BadInput, match="--runtime cpython"):
        offline.choose_runtime(kind, "micropython" if given == "option" else None)
