"""What a broker keeps of a node that is gone: retained messages, cleared and seen to be gone."""

import threading
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from nodewright.errors import BrokerUnreachable
from nodewright.pki.errors import RetainedStays
from nodewright.watch import Address
from wire import topics

_WAIT_S = 10.0
_KEEPALIVE_S = 30


def clear(address: Address, fleet: str, node: str) -> list[str]:
    """Have a broker forget what it keeps of a node; the topics it kept.

    Raises BrokerUnreachable; RetainedStays where it keeps them all the same: brokers acknowledge
    what they do not allow.
    """
    with _Session(address) as session:
        below = f"{topics.ROOT}/{fleet}/{node}/#"
        kept = session.retained(below)
        # The status is what a node has kept: cleared also where a broker was late to tell of it.
        for topic in {*kept, topics.topic(fleet, node, "status")}:
            session.publish_nothing(topic)
        left = session.retained(below)
    if left:
        raise RetainedStays(node, tuple(left))
    return kept


class _Session:
    """A connection that waits for each answer, boundedly."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._answered = threading.Event()
        self._refusal = ""
        self._kept: set[str] = set()
        self._client = client = mqtt.Client(CallbackAPIVersion.VERSION2)
        if address.user is not None:
            client.username_pw_set(address.user, address.password)
        if address.tls is not None:
            client.tls_set_context(address.tls)
        client.on_connect = self._on_connect
        client.on_subscribe = client.on_unsubscribe = lambda *_: self._answered.set()
        client.on_message = self._on_message

    def __enter__(self) -> Self:
        host, port = self._address.host, self._address.port
        self._client.connect_timeout = _WAIT_S
        try:
            self._client.connect(host, port, _KEEPALIVE_S)
        except OSError as error:
            raise BrokerUnreachable(host, port, error.strerror or str(error)) from None
        self._client.loop_start()
        try:
            self._wait()
        except BrokerUnreachable:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def retained(self, below: str) -> list[str]:
        """The topics of retained messages under a filter, sorted.

        mosquitto sends them before it answers what a client asks next.
        """
        self._kept.clear()
        self._answered.clear()
        self._client.subscribe(below, 0)
        self._wait()
        self._answered.clear()
        self._client.unsubscribe(below)
        self._wait()
        return sorted(self._kept)

    def publish_nothing(self, topic: str) -> None:
        """An empty retained message takes the place of what was kept, and is not kept."""
        sent = self._client.publish(topic, b"", 1, retain=True)
        try:
            sent.wait_for_publish(_WAIT_S)
            done = sent.is_published()
        except (RuntimeError, ValueError):
            done = False
        if not done:
            self._fail("the connection broke")

    def _wait(self) -> None:
        if not self._answered.wait(_WAIT_S) or self._refusal:
            self._fail(self._refusal or f"no answer in {_WAIT_S:g} s")

    def _fail(self, reason: str) -> None:
        raise BrokerUnreachable(self._address.host, self._address.port, reason)

    def _end(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, code: Any, _p: Any) -> None:
        if code.is_failure:
            self._refusal = str(code)
        self._answered.set()

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        if message.retain:
            self._kept.add(message.topic)
