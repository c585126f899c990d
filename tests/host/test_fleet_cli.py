"""The commands about a fleet's folder, as one types them."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from host.fleet_rig import CANARY, make
from nodewright import cli
from nodewright.fleet import schema, template
from nodewright.fleet.load import FILE
from nodewright.fleet.model import TABLES, FleetFile
from nodewright.fleet.secret import PLACEHOLDER


class Ran:
    """How a command ended, and what it said."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> dict:
        return json.loads(self.out)


@pytest.fixture
def run(monkeypatch, capfd, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NODEWRIGHT_FLEET", raising=False)
    monkeypatch.delenv("NODEWRIGHT_PASSPHRASE", raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*words: str, stdin: str = "") -> Ran:
        reading, writing = os.pipe()
        os.write(writing, stdin.encode())
        os.close(writing)
        monkeypatch.setattr(sys, "argv", ["nodewright", *words])
        with os.fdopen(reading) as piped:
            monkeypatch.setattr(sys, "stdin", piped)
            with pytest.raises(SystemExit) as ended:
                cli.main()
        said = capfd.readouterr()
        code = ended.value.code
        return Ran(code if isinstance(code, int) else 0, said.out, said.err)

    return call


def test_new__then_check_show_and_lists__work_at_once(run) -> None:
    assert run("new", "f").code == 0
    mode = {name: Path("f", name).stat().st_mode & 0o777 for name in ("secrets", FILE)}
    assert mode == {"secrets": 0o700, FILE: 0o644}
    for path in Path("f/secrets").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    checked = run("check", "f", "--json")
    assert (checked.code, checked.json["ok"], checked.json["fleet"]) == (0, True, "f")
    assert [one["file"] for one in checked.json["findings"]] == ["secrets/wifi-plant"]
    text = run("check", "f")
    assert "1 node, 0 errors, 1 warning" in text.out
    assert "nodewright secrets set wifi-plant" in text.out
    shown = run("show", "pump-1", "--dir", "f", "--json").json
    assert shown["settings"]["network"]["password"] is None
    assert shown["secrets"] == ["wifi-plant"]
    assert [pin["pin"] for pin in shown["pins"]] == [4, 5, 15]
    assert run("show", "pump-1", "--dir", "f", "--settings", "--json").json == shown["settings"]
    assert run("nodes", "f", "--json").json["nodes"][0]["board"] == "virtual"
    asset = run("assets", "f", "--json").json["assets"][0]
    assert asset["points"][0]["sensors"] == ["pump-1/acc"]
    for words in (["show", "pump-1", "--dir", "f"], ["nodes", "f"], ["assets", "f"]):
        ran = run(*words)
        assert ran.code == 0
        assert "drive-end" in ran.out


def test_new__git__ignores_the_secrets(run, tmp_path) -> None:
    run("new", "f")
    git = ["git", "-C", str(tmp_path / "f"), "-c", "core.excludesFile=/dev/null"]
    subprocess.run([*git, "init", "-q"], check=True)
    (tmp_path / "f" / ".nodewright.lock").touch()
    listed = subprocess.run(
        [*git, "status", "--porcelain", "-uall"], capture_output=True, text=True, check=True
    )
    seen = {line[3:] for line in listed.stdout.splitlines()}
    assert {".gitignore", FILE} <= seen
    assert not [name for name in seen if name.startswith("secrets") or "lock" in name]


def test_new__folder_that_holds_something__is_refused_and_untouched(run, tmp_path) -> None:
    (tmp_path / "f").mkdir()
    assert run("new", "f").code == 0  # empty: it serves
    ran = run("new", "f")
    assert (ran.code, "not empty" in ran.err) == (2, True)
    (tmp_path / "file").write_text("mine")
    assert run("new", "file").code == 2
    assert (tmp_path / "file").read_text() == "mine"
    assert run("new", "no/such/parent").code == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f", "file"]


def test_new__names__that_cannot_be_are_refused(run) -> None:
    ran = run("new", "My Fleet")
    assert (ran.code, "--name" in ran.err) == (2, True)
    assert run("new", "My Fleet", "--name", "My").code == 2
    assert run("new", "My Fleet", "--name", "mine", "--json").json["fleet"] == "mine"
    assert run("check", "My Fleet").code == 0


def test_new__full_disk__leaves_nothing(run, tmp_path, monkeypatch) -> None:
    true, made = os.open, []

    def full(path, flags, *args, **kwargs):
        if flags & os.O_CREAT and tmp_path in Path(path).parents:
            made.append(path)
            if len(made) > 2:
                raise OSError(errno.ENOSPC, "No space left on device")
        return true(path, flags, *args, **kwargs)

    monkeypatch.setattr(template.os, "open", full)
    with pytest.raises(template.WriteFailed, match="No space left"):
        template.create(tmp_path / "f", "f")
    monkeypatch.undo()
    assert len(made) == 3
    assert list(tmp_path.iterdir()) == []


def test_check__errors__end_with_1_and_name_file_line_and_column(run) -> None:
    make(Path("f"), ("int1 = 15", "int1 = 23"), ('"10s"', "10"))
    ran = run("check", "f")
    assert ran.code == 1
    assert "fleet.toml:70:9 sets.severity.every" in ran.out
    assert '→ 10 has no unit: write "10s" or "10ms"' in ran.out
    assert "1 node, 2 errors, 0 warnings" in ran.out
    found = run("check", "f", "--json")
    assert found.code == 1
    one = found.json["findings"][1]
    assert (one["path"], one["value"]) == ("nodes.pump-1.sensors.acc.int1", "23")
    assert (one["line"], one["column"], one["level"]) == (104, 8, "error")
    assert run("nodes", "f").code == 2
    shown = run("show", "pump-1", "--dir", "f")
    assert (shown.code, "fleet.toml:104:8" in shown.err) == (2, True)


def test_commands__no_fleet_or_no_such_node__end_with_2(run) -> None:
    for words in (["check"], ["nodes"], ["assets"], ["show", "x"], ["secrets", "set", "x"]):
        ran = run(*words, stdin="value\n")
        assert (ran.code, "nodewright new DIR" in ran.err) == (2, True), words
    make(Path("f"))
    ran = run("show", "pmp-1", "--dir", "f")
    assert (ran.code, "did you mean pump-1?" in ran.err) == (2, True)


def test_secrets__set_from_standard_input__ends_the_warning(run, monkeypatch) -> None:
    run("new", "f")
    assert Path("f/secrets/wifi-plant").read_text() == PLACEHOLDER + "\n"
    ran = run("secrets", "set", "wifi-plant", "--dir", "f", stdin=CANARY + "\n")
    assert (ran.code, ran.out) == (0, "set: wifi-plant\n")
    assert run("check", "f", "--json").json["findings"] == []
    names = [one["name"] for one in run("secrets", "--dir", "f", "--json").json["secrets"]]
    assert run("secrets", "encrypt", "--dir", "f").code == 2  # no passphrase
    monkeypatch.setenv("NODEWRIGHT_PASSPHRASE", "word")
    assert run("secrets", "encrypt", "--dir", "f", "--json").json == {
        "changed": names,
        "secrets": [{"name": name, "encrypted": True} for name in names],
    }
    assert run("check", "f").code == 0
    monkeypatch.setenv("NODEWRIGHT_PASSPHRASE", "other")
    wrong = run("secrets", "decrypt", "--dir", "f")
    assert (wrong.code, "not that of this fleet" in wrong.err) == (2, True)
    monkeypatch.delenv("NODEWRIGHT_PASSPHRASE")
    assert run("check", "f").code == 0  # that it is there can be seen without
    assert run("secrets", "set", "wifi-plant", "--dir", "f", stdin="\n").code == 2


@pytest.mark.parametrize("words", [["set"], ["list", "name"], ["encrypt", "x"], ["burn"]])
def test_secrets__words_that_do_not_fit__end_with_2(run, words) -> None:
    make(Path("f"))
    assert run("secrets", *words, "--dir", "f", stdin="x\n").code == 2


def test_schema__of_the_file__has_every_key_and_units(run) -> None:
    found = run("schema").json
    assert found["$schema"].endswith("2020-12/schema")
    assert set(found["properties"]) == set(FleetFile.model_fields)
    for _, model in TABLES:
        assert set(found["$defs"][model.__name__]["properties"]) == set(model.model_fields)
        assert found["$defs"][model.__name__]["additionalProperties"] is False
    every = found["$defs"]["Set"]["properties"]["every"]["anyOf"][0]
    assert every["pattern"].endswith("(s|ms|min|h|d)$")
    assert found["$defs"]["Node"]["properties"]["watchdog"]["default"] == "8s"
    # Every table that a fleet may have is among them, wherever it hangs.
    listed = {model.__name__ for _, model in TABLES}
    tables = {name for name, one in found["$defs"].items() if "properties" in one}
    assert tables <= listed, tables - listed
    told = run("schema", "--keys", "--json").json["tables"]
    assert [table["path"] for table in told] == [path for path, _ in TABLES]
    [secret] = [key for key in told[2]["keys"] if key["key"] == "secret"]
    assert (secret["needed"], secret["default"]) == (False, None)
    keys = run("schema", "--keys").out
    assert "[nodes.NODE.sensors.SENSOR]" in keys
    assert all(key in keys for _, model in TABLES for key, *_ in schema.rows(model))


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("nodewright show --dir f pu", "pump-1"),
        ("nodewright check --j", "--json"),
        ("nodewright sho", "show"),
    ],
)
def test_completion__of_words__offers_what_fits(tmp_path, words, offered) -> None:
    make(tmp_path / "f")
    env = os.environ | {"_NODEWRIGHT_COMPLETE": "complete_bash", "COMP_WORDS": words}
    env["COMP_CWORD"] = str(words.count(" "))
    program = Path(sys.executable).parent / "nodewright"
    ran = subprocess.run([program], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert ran.stdout.split() == [offered], ran.stderr
