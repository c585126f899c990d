"""The embedded broker's process: amqtt on loopback, for a host without mosquitto.

`python -m nodewright.embedded_broker PORT` (0: any free one) prints `ready PORT` once it listens,
or `in use` and exits 98. It ends when its standard input does, so that it never outlives its
parent on any platform. It asks no client for anything: loopback only (docs/decisions/0006).
"""

import asyncio
import errno
import logging
import sys

from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig
from amqtt.errors import BrokerError
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

HOST = "127.0.0.1"
EXIT_IN_USE = 98


class LetIn(BaseAuthPlugin):  # type: ignore[misc]  # amqtt has no types
    """Admits everybody, as a named session.

    amqtt's own AnonymousAuthPlugin marks the session anonymous, and amqtt throws away what waits
    for an anonymous session: a collector that was gone for a moment would miss reports.
    """

    async def authenticate(self, *, session: Session) -> bool:
        session.is_anonymous = False
        return True


def _config(port: int) -> BrokerConfig:
    return BrokerConfig.from_dict(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"{HOST}:{port}"}},
            "plugins": {"nodewright.embedded_broker.LetIn": {}},
        }
    )


async def _until_stdin_ends() -> None:
    """Return when the parent closes our standard input or dies."""
    loop = asyncio.get_running_loop()
    # A thread and not connect_read_pipe: Windows has no readable pipes in its event loop.
    await loop.run_in_executor(None, sys.stdin.buffer.read)


async def serve(port: int) -> int:
    """Serve until standard input ends.  Returns the exit code."""
    broker = Broker(_config(port))
    try:
        await broker.start()
    except BrokerError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno == errno.EADDRINUSE:
            print("in use", flush=True)
            return EXIT_IN_USE
        raise
    server = broker._servers["default"].instance
    print(f"ready {server.sockets[0].getsockname()[1]}", flush=True)
    await _until_stdin_ends()
    await broker.shutdown()
    return 0


def main() -> None:
    """Run the broker on the port of the first argument."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    # It logs an address in use with a traceback; the parent gets `in use` instead.
    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    sys.exit(asyncio.run(serve(int(sys.argv[1]))))


if __name__ == "__main__":
    main()
