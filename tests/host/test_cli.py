"""The command line: exit codes, help, and what goes where."""

import importlib
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from nodewright import __version__, broker, cli, errors
from nodewright.cli import exits
from nodewright.cli.app import COMMANDS


class Ran:
    """How a command ended, and what it said."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> object:
    def call(*words: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["nodewright", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capfd.readouterr()
        code = ended.value.code
        return Ran(code if isinstance(code, int) else 0, said.out, said.err)

    return call


def test_version__asked__is_that_of_the_contract(run) -> None:
    ran = run("--version")
    assert (ran.code, ran.out, ran.err) == (0, f"nodewright {__version__}\n", "")


def test_help__of_everything__has_examples_and_no_error(run) -> None:
    top = run("--help")
    assert top.code == 0
    assert "Exit codes" in top.out
    for command in COMMANDS:
        assert command in top.out
        ran = run(command, "--help")
        assert ran.code == 0
        assert "Examples" in ran.out
        assert f"nodewright {command}" in ran.out


@pytest.mark.parametrize("name", COMMANDS)
def test_help__line_of_a_command__is_that_of_its_module(name: str) -> None:
    module = importlib.import_module(f"nodewright.cli.{name}")
    assert (module.command.__doc__ or "").splitlines()[0] == COMMANDS[name]


@pytest.mark.parametrize("words", [["--help"], ["watch", "--help"], ["demo", "--help"]])
def test_help__stays_quick__heavy_libraries_are_not_imported(words: list[str]) -> None:
    program = (
        "import sys, nodewright.cli\n"
        f"sys.argv = ['nodewright', *{words!r}]\n"
        "try: nodewright.cli.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'scipy', 'littlefs', 'amqtt', 'mpremote'} & set(sys.modules)\n"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_exits__every_kind_of_error__has_its_code() -> None:
    assert exits.code_of(errors.BadInput("x")) == 2
    assert exits.code_of(errors.PortInUse("127.0.0.1", 1)) == 2
    assert exits.code_of(errors.NodewrightError("x")) == 1
    assert exits.code_of(errors.BrokerFailed("mosquitto", "ended")) == 1
    assert set(exits.MEANINGS) == {0, 1, 2, 130}


def test_exits__an_error_that_is_a_bug__has_no_code() -> None:
    assert exits.code_of(ZeroDivisionError()) is None


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nonsense"], "nonsense"),
        (["boards", "--nonsense"], "--nonsense"),
        (["demo", "--nodes", "many"], "--nodes"),
        (["demo", "--broker", "other"], "--broker"),
        (["demo", "--nodes", "0"], "--nodes 0"),
        (["demo", "--cycles", "0"], "--cycles 0"),
        (["demo", "--interval", "0.5"], "--interval 0.5"),
        (["demo", "--port", "70000"], "70000"),
        (["demo", "--rate-hz", "5"], "--record"),
        (["demo", "--record", "no-such-file.npy"], "no-such-file.npy"),
        (["demo", "--interpreter", "/no/such/program"], "/no/such/program"),
        (["demo", "--interpreter", sys.executable], "cpython"),
        (["virtual", "--demo", "0"], "--nodes 0"),
        (["watch", "--broker", "http://host"], "mqtt://HOST"),
        (["watch", "--fleet", "My Fleet"], "--fleet"),
    ],
)
def test_cli__wrong_use__exit_2_a_line_on_stderr_nothing_on_stdout(
    run, words: list[str], says: str
) -> None:
    ran = run(*words)
    assert ran.code == exits.WRONG_USE
    assert says in ran.err.replace("\n", " ")
    assert "Traceback" not in ran.err
    assert ran.out == ""


def test_cli__port_in_use__exit_2_with_the_cure(run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = run("demo", "--port", str(port), "--json")
    assert ran.code == exits.WRONG_USE
    assert f"port {port} on 127.0.0.1 is in use" in ran.err
    assert ran.out == ""


def test_watch__no_broker__exit_1_says_where(run) -> None:
    with broker.start() as hub:
        port = hub.port
    ran = run("watch", "--broker", f"127.0.0.1:{port}")
    assert ran.code == exits.FAILED
    assert f"127.0.0.1:{port}" in ran.err


def test_boards__as_table_and_json__list_the_same(run) -> None:
    table, text = run("boards"), run("boards", "--json")
    assert table.code == text.code == 0
    assert "\x1b" not in table.out
    listed = json.loads(text.out)["boards"]
    assert {"virtual", "pico_w", "esp32"} <= {board["name"] for board in listed}
    for board in listed:
        assert board["name"] in table.out


@pytest.fixture(scope="module")
def hub() -> Iterator[broker.Broker]:
    """A broker on which a node has said two things."""
    with broker.start() as running:
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.connect(running.host, running.port)
        client.loop_start()
        status = {"v": 1, "state": "online", "boot": 1, "node": "pump-1", "version": "0.1.0"}
        for fleet in ("north", "south"):
            topic = f"nodewright/{fleet}/pump-1/status"
            client.publish(topic, json.dumps(status), 1, True).wait_for_publish(10)
        client.publish("nodewright/north/pump-1/health", "{}", 1, True).wait_for_publish(10)
        yield running
        client.disconnect()
        client.loop_stop()


def test_watch__count__ends_by_itself(run, hub: broker.Broker) -> None:
    ran = run("watch", "--broker", f"127.0.0.1:{hub.port}", "--count", "1", "--fleet", "south")
    assert ran.code == 0
    assert "south/pump-1 status online boot 1" in ran.out


def test_watch__json__one_object_a_line_nothing_else(run, hub: broker.Broker) -> None:
    ran = run("watch", "--broker", f"127.0.0.1:{hub.port}", "--count", "2", "--json")
    assert ran.code == 0
    assert ran.err == ""
    lines = [json.loads(line) for line in ran.out.splitlines()]
    last = lines.pop()
    assert (last["kind"], len(last["nodes"])) == ("summary", 2)
    assert set(last["refused"]) <= {"malformed"}  # the health, if it came before the second
    assert {line["fleet"] for line in lines} == {"north", "south"}
    assert all(line["kind"] == "status" and not line["double"] for line in lines)


def test_watch__interrupted__exit_0_with_a_summary(hub: broker.Broker, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nodewright", "watch", "--broker", f"127.0.0.1:{hub.port}"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        watchdog = threading.Timer(20, child.kill)
        watchdog.start()
        assert child.stdout is not None
        assert child.stdout.readline()
        assert child.stdout.readline()
        child.send_signal(2)
        _, err = child.communicate()
        watchdog.cancel()
    assert child.returncode == 0
    assert "north/pump-1: 0 reports" in err
    assert "refused 1 (malformed)" in err
