"""Images of a fleet's nodes: what is in them, the same bytes again, no secret outside of them."""

import hashlib
import json
import os
import shutil
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_private_key
from littlefs import LittleFS

from host import runtime_rig as rig
from host.pki_rig import kept, make
from nodewright import cli, provision
from nodewright.fleet.check import UnknownNode
from nodewright.fleet.finding import FleetErrors
from nodewright.fleet.load import FILE
from nodewright.fleet.secret import FOLDER, SecretMissing
from nodewright.fleet.template import WIFI_SECRET
from nodewright.image import contents
from nodewright.image.compare import compare
from nodewright.image.node import CA, CERTIFICATE, KEY, ImageMaker, NodeImage
from nodewright.pki.errors import NodeRetired, NoIdentity
from nodewright.runtimes import registry

CANARY = "canary-Zx91-do-not-show"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODEWRIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NODEWRIGHT_FLEET", raising=False)


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """A fleet with pump-1, provisioned, and pump-2, not; its Wi-Fi password is the canary."""
    folder = make(tmp_path / "north")
    (folder / FOLDER / WIFI_SECRET).write_text(CANARY + "\n")
    provision.provision(folder, "pump-1", kept(folder))
    return folder


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["nodewright", *map(str, words)])
        try:
            cli.main()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0
        said = capfd.readouterr()
        return code, said.out, said.err

    return call


def on(folder: Path, board: str) -> Path:
    """The fleet with its nodes on another board."""
    text = (folder / FILE).read_text(encoding="utf-8")
    if board == "esp32_c3":  # which has no pin 15
        text = text.replace("int1 = 15", "int1 = 3")
    (folder / FILE).write_text(text.replace('board = "virtual"', f'board = "{board}"'))
    return folder


def image(folder: Path, node: str = "pump-1", **options: object) -> NodeImage:
    return ImageMaker(folder, kept(folder), **options).make(node)  # type: ignore[arg-type]


def test_make__node__firmware_settings_identity_and_the_hash_of_all(fleet: Path) -> None:
    made = image(fleet)
    files = made.files
    assert json.loads(files["/settings.json"])["network"]["password"] == CANARY
    about = json.loads(files["/version.json"])
    digests = {
        path: hashlib.sha256(data).hexdigest()
        for path, data in files.items()
        if path != "/version.json"
    }
    assert about["sha256"] == digests
    certificate = x509.load_der_x509_certificate(files[CERTIFICATE])
    key = load_der_private_key(files[KEY], None)
    assert key.public_key() == certificate.public_key()
    certificate.verify_directly_issued_by(x509.load_der_x509_certificate(files[CA]))
    assert made.notes == ()


def test_make__file_system__read_by_littlefs_python_as_the_board_mounts_it(fleet: Path) -> None:
    made = image(on(fleet, "esp32"))
    # MicroPython's extmod/vfs_lfs.c with the defaults of ports/esp32/modules/_boot.py.
    fs = LittleFS(
        mount=False,
        block_size=4096,
        block_count=512,
        read_size=32,
        prog_size=32,
        cache_size=128,
        lookahead_size=32,
    )
    fs.context.buffer = bytearray(made.file_system)
    fs.mount()
    with fs.open("/settings.json", "rb") as file:
        assert file.read() == made.files["/settings.json"]
    assert {name for _, _, names in fs.walk("/") for name in names} == {
        path.rsplit("/", 1)[1] for path in made.files
    }


@pytest.mark.parametrize(
    "board", ["virtual", "pico_w", "pico2_w", "esp32", "esp32_s3", "esp32_c3"]
)
def test_make__the_same_fleet_elsewhere_and_later__the_same_bytes(
    tmp_path: Path, fleet: Path, board: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = {"pico_w": rig.rp2(), "esp32": rig.esp()}.get(board)
    if runtime is not None:
        registry.add(rig.write(tmp_path, "runtime", runtime))
    on(fleet, board)
    first = image(fleet, cache=tmp_path / "1")
    moved = tmp_path / "else" / "where"
    shutil.copytree(fleet, moved)
    for path in moved.rglob("*"):
        os.utime(path, (1, 1))
    monkeypatch.setenv("TZ", "Pacific/Chatham")
    monkeypatch.setattr(time, "time", lambda: 2e9)
    monkeypatch.chdir(tmp_path)
    second = image(moved, cache=tmp_path / "2")
    assert first.flash.data == second.flash.data
    assert first.as_dict() == second.as_dict()
    assert (first.flash.runtime is None) == (runtime is None)


def test_make__settings_digest__is_that_of_provisioning(fleet: Path) -> None:
    told = provision.provision(fleet, "pump-1", kept(fleet))
    assert image(fleet).as_dict()["settings_sha256"] == told.settings_sha256
    path = rig.write(fleet, "i.img", image(fleet).flash.data)
    assert contents.describe(contents.read(path))["settings_sha256"] == told.settings_sha256


def test_make__unknown_unprovisioned_retired_or_without_secret__refused(fleet: Path) -> None:
    with pytest.raises(UnknownNode, match="did you mean pump-1"):
        image(fleet, "pump-11")
    with pytest.raises(NoIdentity, match="nodewright provision pump-2"):
        image(fleet, "pump-2")
    assert "provision pump-2" in image(fleet, "pump-2", identity=False).notes[0]
    text = (fleet / FILE).read_text()
    (fleet / FILE).write_text(
        text.replace('board = "virtual"', 'board = "virtual"\nretired = true')
    )
    with pytest.raises(NodeRetired):
        image(fleet)
    (fleet / FILE).write_text(text)
    (fleet / FOLDER / WIFI_SECRET).unlink()
    with pytest.raises((FleetErrors, SecretMissing), match=WIFI_SECRET):
        image(fleet)


def test_image__command__file_for_its_owner_alone_and_what_was_made(
    tmp_path: Path, fleet: Path, run: Run
) -> None:
    target = tmp_path / "pump-1.img"
    code, out, _ = run("image", "pump-1", "-o", target, "--fleet", fleet, "--json")
    assert code == 0
    told = json.loads(out)
    data = target.read_bytes()
    assert told["sha256"] == hashlib.sha256(data).hexdigest()
    assert told["file"] == str(target)
    if os.name == "posix":
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_image__all__one_file_a_node_in_a_folder(tmp_path: Path, fleet: Path, run: Run) -> None:
    provision.provision(fleet, "pump-2", kept(fleet))
    on(fleet, "pico_w")
    code, _, err = run("image", "--all", "-o", tmp_path / "images", "--dir", fleet)
    assert code == 0
    assert sorted(path.name for path in (tmp_path / "images").iterdir()) == [
        "pump-1.uf2",
        "pump-2.uf2",
    ]
    assert err.count("without MicroPython") == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pump-1"], "-o FILE"),
        (["-o", "x"], "name a node"),
        (["pump-1", "--all", "-o", "x"], "name a node, or say --all"),
        (["--inspect", "x", "-o", "y"], "stand alone"),
        (["nope", "-o", "x"], "no node is named 'nope'"),
        (["pump-2", "-o", "x"], "nodewright provision pump-2"),
        (["pump-1", "-o", "x", "--runtime", "abcd1234"], "nodewright runtime list"),
    ],
)
def test_image__wrong_use__says_what_is_wanted_and_writes_nothing(
    fleet: Path, run: Run, words: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(on(fleet, "pico_w"))
    code, out, err = run("image", *words)
    assert code == 2
    assert said in err
    assert not (fleet / "x").exists()
    assert out == ""


def test_image__what_is_there__replaced_where_it_is_an_image_or_empty_alone(
    tmp_path: Path, fleet: Path, run: Run
) -> None:
    words = ("image", "pump-1", "--fleet", fleet, "-o")
    for held in (fleet / FILE, fleet / FOLDER / "ca.key"):
        before = held.read_bytes()
        code, _, err = run(*words, held)
        assert (code, held.read_bytes()) == (2, before)
        assert "no image of a node, so it is not replaced: give another name" in err
    target = tmp_path / "pump-1.img"
    target.write_bytes(b"")
    assert run(*words, target)[0] == 0
    made = target.read_bytes()
    on(fleet, "pico_w")
    assert run(*words, target)[0] == 0  # another's, but an image
    assert target.read_bytes() != made


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a file that is no regular one")
def test_image__pipe_in_its_place__stays(tmp_path: Path, fleet: Path, run: Run) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert run("image", "pump-1", "--fleet", fleet, "-o", tmp_path / "pipe")[0] == 2
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.skipif(sys.platform != "linux", reason="limits of files")
def test_image__disk_full__what_was_there_stays(tmp_path: Path, fleet: Path) -> None:
    import subprocess

    target = tmp_path / "pump-1.img"
    before = image(fleet).flash.data
    target.write_bytes(before)
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000));"
        "sys.argv = ['nodewright', *sys.argv[1:]]; from nodewright import cli; cli.main()"
    )
    words = ["image", "pump-1", "-o", str(target), "--fleet", str(fleet)]
    ran = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 1
    assert "could not be written (File too large)" in ran.stderr
    assert target.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["pump-1.img"]


def test_inspect_and_diff__everything_told__and_no_secret(
    tmp_path: Path, fleet: Path, run: Run
) -> None:
    first, second = tmp_path / "a.img", tmp_path / "b.img"
    assert run("image", "pump-1", "-o", first, "--fleet", fleet)[0] == 0
    key = image(fleet).files[KEY].hex()
    (fleet / FOLDER / WIFI_SECRET).write_text(CANARY + "2\n")
    text = (fleet / FILE).read_text()
    (fleet / FILE).write_text(text.replace('every = "10s"', 'every = "20s"'))
    provision.renew(fleet, "pump-1", kept(fleet))
    assert run("image", "pump-1", "-o", second, "--fleet", fleet)[0] == 0
    said = ""
    for words in (
        ["image", "--inspect", first],
        ["image", "--inspect", first, "--json"],
        ["image", "--diff", first, second],
        ["image", "--diff", first, second, "--json"],
    ):
        code, out, err = run(*words)
        assert code == 0
        said += out + err
    assert CANARY not in said
    assert key[-40:] not in said
    told = json.loads(run("image", "--inspect", first, "--json")[1])
    assert (told["node"], told["fleet"], told["board"]) == ("pump-1", "north", "virtual")
    assert told["settings"]["network"]["password"] is None
    assert told["damaged"] == []
    assert told["identity"]["subject"].startswith("CN=pump-1")
    hashes = {file["path"]: file["sha256"] for file in told["files"]}
    # Those that a password could be guessed from are not told.
    assert {path for path, digest in hashes.items() if digest is None} == {
        "/settings.json",
        "/settings.sha256",
        "/version.json",
    }
    found = json.loads(run("image", "--diff", first, second, "--json")[1])
    assert found["same"] is False
    changed = {row["what"]: (row["a"], row["b"]) for row in found["settings"]}
    assert changed == {
        "network.password": (None, None),
        "sets[0].schedule.interval_ms": (10000, 20000),
    }
    assert set(found["files"]["changed"]) == {
        *(CERTIFICATE, KEY, "/settings.json", "/settings.sha256", "/version.json"),
    }


def test_diff__same_image__the_same(tmp_path: Path, fleet: Path) -> None:
    path = rig.write(tmp_path, "a.img", image(fleet).flash.data)
    one = contents.read(path)
    found = compare(one, contents.read(path))
    assert found["same"] is True
    assert not any(found[key] for key in ("facts", "runtime", "identity", "settings"))


def test_inspect__file_changed_after_it_was_made__named(tmp_path: Path, fleet: Path) -> None:
    from nodewright import boards
    from nodewright.image import pack

    files = dict(image(fleet).files)
    files["/node/app.mpy"] += b"more"
    del files["/main.py"]
    files["/left.over"] = b""
    path = rig.write(tmp_path, "a.img", pack(boards.load("virtual"), files))
    found = contents.describe(contents.read(path))
    assert found["damaged"] == ["/left.over", "/main.py", "/node/app.mpy"]


def test_inspect__foreign_file__wrong_use(tmp_path: Path, run: Run) -> None:
    path = rig.write(tmp_path, "cat.jpg", b"\xff\xd8\xff" + bytes(1000))
    code, out, err = run("image", "--inspect", path)
    assert (code, out) == (2, "")
    assert "is no image of a node" in err


def test_runtime__command__adds_lists_removes(tmp_path: Path, fleet: Path, run: Run) -> None:
    path = rig.write(tmp_path, "RPI_PICO_W.uf2", rig.rp2())
    code, out, _ = run("runtime", "add", path, "--json")
    told = json.loads(out)
    assert (code, told["boards"], told["kind"]) == (0, ["pico_w"], "stock")
    assert told["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    listed = json.loads(run("runtime", "--json")[1])["runtimes"]
    assert [one["sha256"] for one in listed] == [told["sha256"]]
    assert run("runtime")[1].count(told["sha256"][:12]) == 1
    assert "pico_w" in run("runtime", "add", path)[1]
    on(fleet, "pico_w")
    target = tmp_path / "pump-1.uf2"
    made = json.loads(run("image", "pump-1", "-o", target, "--fleet", fleet, "--json")[1])
    assert made["runtime"]["sha256"] == told["sha256"]
    assert made["notes"] == []
    assert run("runtime", "remove", told["sha256"][:12])[0] == 0
    assert json.loads(run("runtime", "list", "--json")[1])["runtimes"] == []
    assert run("runtime", "add")[0] == 2
    assert run("runtime", "list", "x")[0] == 2
    assert run("runtime", "add", rig.write(tmp_path, "s2.bin", rig.esp("esp32s2")))[0] == 2


def test_virtual_node__of_a_board_without_a_radio__has_one_and_says_so(fleet: Path) -> None:
    from nodewright.offline import choose_runtime
    from nodewright.virtual_node import VirtualNode

    node = VirtualNode(on(fleet, "pico"), "pump-1", kept(fleet), choose_runtime(None, None))
    assert json.loads(node.image.files["/settings.json"])["network"] == {"kind": "none"}
    assert node.settings["network"]["kind"] == "wifi" and node.changed == ["network"]
    assert any("pico has no radio" in note for note in node.notes)
