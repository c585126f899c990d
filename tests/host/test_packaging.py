"""The wheel and the source distribution: what they carry; the tool runs from the wheel."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nodewright import boards

ROOT = Path(__file__).resolve().parents[2]
pytest.importorskip("hatchling", reason="hatchling builds the wheel; `make setup` installs it")
pytestmark = pytest.mark.xdist_group("packaging")  # one wheel for all of them


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, so that nobody's edit changes what is compared."""
    copy = tmp_path_factory.mktemp("source") / "nodewright"
    copy.mkdir()
    for name in ("host", "firmware", "boards"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def dist(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(out)]
    built = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=100)
    assert built.returncode == 0, built.stdout + built.stderr
    return out


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (found,) = dist.glob("*.whl")
    return found


def test_wheel__content__firmware_boards_and_host_and_nothing_else(
    wheel: Path, source: Path
) -> None:
    def below(folder: str) -> set[str]:
        paths = (source / folder).rglob("*")
        return {p.relative_to(source).as_posix() for p in paths if p.is_file()}

    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert len(names) == len(set(names))
    carried = {name for name in names if ".dist-info/" not in name}
    expected = {name.removeprefix("host/") for name in below("host")}
    expected |= {f"nodewright/_data/{name}" for name in below("firmware") | below("boards")}
    assert carried == expected
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_sdist__content__what_the_wheel_is_built_from(dist: Path, source: Path) -> None:
    (found,) = dist.glob("*.tar.gz")
    with tarfile.open(found) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {p.relative_to(source).as_posix() for p in source.rglob("*") if p.is_file()}
    assert wanted <= names
    built = [name for name in names if "__pycache__" in name or name.startswith((".venv", "typ"))]
    assert built == []


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean environment with the wheel; what it depends on is ours, by a path file."""
    folder = tmp_path_factory.mktemp("clean") / "env"
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    pip = [sys.executable, "-m", "pip", "--python", str(scripts / "python")]
    command = [*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    try:
        subprocess.run([*pip, "--version"], check=True, capture_output=True, timeout=60)
    except subprocess.CalledProcessError:
        pytest.skip("this pip cannot install into another environment; pip 22.3 and later can")
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    # A path in a .pth file is searched last, and that folder's own .pth files (our editable
    # install) are not read.
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    answer = subprocess.run(
        [scripts / "python", "-c", asked], capture_output=True, text=True, check=True
    )
    own = Path(answer.stdout.strip())
    (own / "ours.pth").write_text(sysconfig.get_path("purelib") + "\n")
    if (micropython := Path(sysconfig.get_path("scripts")) / "micropython").exists():
        (scripts / "micropython").symlink_to(micropython)  # a program, which no path file brings
    return scripts


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))}
    return subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(command[0]).parent,
        env=environment,
        stdin=subprocess.DEVNULL,
    )


def test_wheel__installed__is_what_runs(installed: Path) -> None:
    asked = "import nodewright.data as d; print(d.firmware_dir()); print(d.boards_dir())"
    ran = _run(installed / "python", "-c", asked)
    assert ran.returncode == 0, ran.stderr
    for line in ran.stdout.splitlines():
        assert installed.parent in Path(line).parents


def test_wheel__installed__tells_its_version(installed: Path) -> None:
    ran = _run(installed / "nodewright", "--version")
    assert ran.returncode == 0, ran.stderr
    assert "0.1.0" in ran.stdout


def test_wheel__installed__lists_its_boards(installed: Path) -> None:
    ran = _run(installed / "nodewright", "boards")
    assert ran.returncode == 0, ran.stderr
    for name in boards.names():
        assert name in ran.stdout


def test_wheel__installed__makes_an_image(installed: Path) -> None:
    asked = (
        "from nodewright import boards, image;"
        "print(len(image.build_image(boards.load('pico_w'), {}).data))"
    )
    ran = _run(installed / "python", "-c", asked)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "868352"


def test_wheel__installed__runs_the_demo(installed: Path, tmp_path: Path) -> None:
    page = tmp_path / "demo.html"
    words = ("demo", "--nodes", "2", "--cycles", "2", "--interval", "1.6", "--json")
    ran = _run(installed / "nodewright", *words, "--report", page)
    assert ran.returncode == 0, ran.stderr + ran.stdout
    told = json.loads(ran.stdout)
    assert [(n["received"], n["lost"]) for n in told["nodes"]] == [(2, 0), (2, 0)]
    assert str(ROOT) not in page.read_text(encoding="utf-8")


def test_wheel__installed__features_of_a_recording_and_doctor(
    installed: Path, tmp_path: Path
) -> None:
    at_s = np.arange(8192) / 8000
    np.save(tmp_path / "pump.npy", np.sin(2 * np.pi * 50 * at_s) + 0.01 * np.sin(9000 * at_s))
    words = ("features", tmp_path / "pump.npy", "--rate-hz", "8000", "--json")
    ran = _run(installed / "nodewright", *words)
    assert ran.returncode == 0, ran.stderr + ran.stdout
    (channel,) = json.loads(ran.stdout)["channels"]
    assert channel["features"]["acc_rms_g"] == pytest.approx(0.5**0.5, rel=0.01)
    ran = _run(installed / "nodewright", "doctor", "--json")
    # What this host lacks is none of the wheel's business; that it looks is.
    assert ran.returncode in (0, 1) and ran.stderr == ""
    assert {"python", "packages"} <= {check["name"] for check in json.loads(ran.stdout)["checks"]}
