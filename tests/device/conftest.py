"""Cases for a board at a port: `pytest tests/device --device PORT --fleet DIR --node NAME`.

The node's image is written onto the board. Without --device all of them are skipped.
"""

from pathlib import Path

import pytest

from nodewright.flash import facts
from nodewright.fleet.secret import Secrets, from_environment
from nodewright.image.node import ImageMaker, NodeImage
from nodewright.interpreter import find_interpreter
from nodewright.link.repl import Repl


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--device", metavar="PORT", help="serial port of a board with MicroPython")
    parser.addoption("--fleet", metavar="DIR", help="a fleet's folder")
    parser.addoption("--node", metavar="NAME", help="the node that the board is to be")


def _option(request: pytest.FixtureRequest, name: str) -> str:
    # Where other tests run too, this file is read too late for its options to be known.
    value = request.config.getoption(name, None)
    if value is None:
        pytest.skip(f"no --{name}")
    return str(value)


@pytest.fixture(scope="session")
def port(request: pytest.FixtureRequest) -> str:
    return _option(request, "device")


@pytest.fixture(scope="session")
def made(request: pytest.FixtureRequest, port: str) -> NodeImage:
    """The node's image for the board at the port."""
    folder, node = Path(_option(request, "fleet")), _option(request, "node")
    with Repl(port) as repl:
        virtual = facts.read(repl).virtual
    maker = ImageMaker(folder, Secrets(folder, from_environment))
    return maker.make_virtual(node, find_interpreter().mpy_arch) if virtual else maker.make(node)
