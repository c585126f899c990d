"""The rules of the house that a program can check: who imports whom, who prints, what compiles."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodewright import boards, image

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"
HOST = ROOT / "host" / "nodewright"
HARDWARE = {"machine", "network", "rp2", "esp32"}
# docs/architecture.md: data flows left to right, and no stage imports one to its right.
STAGES = ("drivers", "capture", "dsp", "report", "outbox", "uplink")


def sources(folder: Path) -> list[Path]:
    found = sorted(folder.rglob("*.py"))
    assert found, folder
    return found


def imports(path: Path) -> Iterator[str]:
    """The modules which a file imports, wherever in it; `from a import b` gives a and a.b."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides what is imported"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def tops(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


def named(paths: list[Path]) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in paths]


def calls(path: Path, *functions: str) -> list[str]:
    """`file:line` of each call of one of the functions, by the dotted name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in functions
    ]


@pytest.mark.parametrize(
    ("part", "forbidden"),
    [
        ("wire", {"node", "sim", "nodewright", *HARDWARE}),
        ("node", {"sim", "nodewright"}),
        ("sim", {"wire", "node", "nodewright"}),
    ],
)
def test_firmware__each_part__imports_only_what_it_may(part: str, forbidden: set[str]) -> None:
    paths = sources(FIRMWARE / part)
    assert named([path for path in paths if tops(path) & forbidden]) == []


def test_node__hardware__imported_by_hal_alone() -> None:
    paths = [path for path in sources(FIRMWARE / "node") if tops(path) & HARDWARE]
    assert named(paths) == ["firmware/node/hal.py"]


def test_node__stages__import_nothing_to_their_right() -> None:
    def stage(module: str) -> int | None:
        part = module.split(".")[1] if module.startswith("node.") else ""
        part = "dsp" if part == "vibration" else part
        return STAGES.index(part) if part in STAGES else None

    wrong = []
    for path in sources(FIRMWARE / "node"):
        here = stage(".".join(path.relative_to(FIRMWARE).with_suffix("").parts))
        if here is None:
            continue
        for module in imports(path):
            there = stage(module)
            if there is not None and there > here:
                wrong.append(f"{path.relative_to(ROOT)} imports {module}")
    assert wrong == []


def test_node__output__printed_by_console_alone() -> None:
    paths = [path for path in sources(FIRMWARE / "node") if calls(path, "print")]
    assert named(paths) == ["firmware/node/console.py"]


def test_wire__output__none() -> None:
    assert [call for path in sources(FIRMWARE / "wire") for call in calls(path, "print")] == []


def test_firmware__runtime__uses_nothing_that_micropython_lacks() -> None:
    lacking = {"abc", "contextlib", "copy", "dataclasses", "enum", "pathlib", "typing", "logging"}
    wrong = []
    for part in ("wire", "node"):
        for path in sources(FIRMWARE / part):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            # What stands under `if TYPE_CHECKING:` is for the checker; the node skips it.
            kept = [
                node
                for node in tree.body
                if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
            ]
            for node in ast.walk(ast.Module(kept, [])):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    names = (
                        [str(node.module)]
                        if isinstance(node, ast.ImportFrom)
                        else [alias.name for alias in node.names]
                    )
                    if {name.split(".")[0] for name in names} & lacking:
                        wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert wrong == []


def test_host__firmware__never_imported_but_the_contract() -> None:
    assert named([path for path in sources(HOST) if tops(path) & {"node", "sim"}]) == []


def test_reference__code_of_others__none() -> None:
    for path in sources(HOST / "reference"):
        ours = {name for name in imports(path) if name.split(".")[0] in ("nodewright", "wire")}
        assert all(name.startswith("nodewright.reference") for name in ours), path


def _is_program(path: Path) -> bool:
    """A child process of ours: what it prints is for the parent."""
    return '\nif __name__ == "__main__":' in path.read_text(encoding="utf-8")


def test_host__output_and_exits__in_cli_alone() -> None:
    wrong = [
        call
        for path in sources(HOST)
        if HOST / "cli" not in path.parents and not _is_program(path)
        for call in calls(path, "print", "sys.exit", "exit", "quit")
    ]
    assert wrong == []


def test_boards__folder__holds_data_only() -> None:
    files = [path for path in (ROOT / "boards").rglob("*") if path.is_file()]
    assert {path.name for path in files} == {"board.toml"}
    assert {path.parent.name for path in files} == set(boards.names())


@pytest.mark.parametrize("arch", ["armv6m", "xtensawin", "x64"])
def test_firmware__every_module__compiles_for(arch: str, tmp_path: Path) -> None:
    assert image.compile_files(arch, cache=tmp_path)
    for source in (*FIRMWARE.glob("*.py"), *sources(FIRMWARE / "sim")):
        if FIRMWARE / "sim" / "cpython" not in source.parents:
            image.compile_source(source, source.name, arch, tmp_path)


def test_tests__of_the_contract_and_the_node__import_what_both_interpreters_have() -> None:
    wrong = [
        path
        for folder in ("wire", "firmware")
        for path in sources(ROOT / "tests" / folder)
        if tops(path) & {"pytest", "hypothesis", "numpy", "nodewright", "pathlib", "unittest"}
    ]
    assert named(wrong) == []


def tracked() -> list[Path]:
    """The files of the repository; without git (a source distribution), none are known."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def test_repository__text__names_nobodys_machine_and_leaves_nothing_to_do() -> None:
    # In halves, so that this file does not name them.
    words = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "/ho" + "me/", "/Us" + "ers/", "/ro" + "ot/"]
    wrong = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            wrong += [
                f"{path.relative_to(ROOT)}:{number}: {word}" for word in words if word in line
            ]
    assert wrong == []


def test_repository__files__no_secret_and_nothing_built() -> None:
    suffixes = {".pem", ".key", ".crt", ".mpy", ".pyc", ".img", ".uf2", ".whl", ".so"}
    assert named([path for path in tracked() if path.suffix in suffixes]) == []
