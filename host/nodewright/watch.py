"""Listen to a fleet: MQTT in a thread of its own, understood in the thread that asks.

    with Collector(parse_url("mqtt://127.0.0.1")) as collector:
        while (event := collector.get(timeout_s=5)) is not None:
            print(event.node, event.kind, collector.state.nodes)

The network thread only queues what arrives, bounded: where nobody asks, the broker keeps the rest.
"""

import contextlib
import queue
import secrets
import ssl
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from nodewright.errors import BadInput, BrokerDistrusted, BrokerUnreachable
from nodewright.fleet_state import Event, FleetState
from wire import topics
from wire.message import MAX_BYTES

_PORT = 1883
TLS_PORT = 8883
_QUEUED = 10_000
_CONNECT_S = 5.0
_KEEPALIVE_S = 30
_BACKOFF_S = (1, 8)
_POLL_S = 0.1


@dataclass(frozen=True)
class Address:
    """Where a broker is, and as whom to speak to it.

    tls: None speaks plainly; else whom to trust, and who we are (`nodewright.reach` makes it).
    """

    host: str
    port: int = _PORT
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtt' if self.tls is None else 'mqtts'}://{host}:{self.port}"


def parse_url(text: str, tls: ssl.SSLContext | None = None) -> Address:
    """The address in `mqtt[s]://[user[:password]@]host[:port]`, or in `host[:port]`.

    tls: for mqtts://, which cannot be spoken without.  Raises BadInput.
    """
    cure = "write mqtt://HOST[:PORT] or mqtts://HOST[:PORT], for example mqtt://127.0.0.1:1883"
    shown = repr(_without_password(text))
    try:
        parts = urlsplit(text if "://" in text else f"mqtt{'s' if tls else ''}://{text}")
        port = parts.port
    except ValueError:
        raise BadInput(f"broker {shown}: no such port; {cure}") from None
    if parts.scheme not in ("mqtt", "mqtts"):
        raise BadInput(f"broker {shown}: {parts.scheme}:// is not spoken; {cure}")
    if not parts.hostname or parts.path not in ("", "/") or parts.query or port == 0:
        raise BadInput(f"broker {shown} is no address; {cure}")
    secure = parts.scheme == "mqtts"
    if secure and tls is None:
        raise BadInput(
            f"broker {shown} wants TLS: --fleet DIR names the fleet's folder, which has its CA "
            "and an identity"
        )
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    usual = TLS_PORT if secure else _PORT
    return Address(parts.hostname, port or usual, user, password, tls if secure else None)


def _without_password(text: str) -> str:
    """An address, or what was meant as one, as it may be shown."""
    scheme, mark, rest = text.rpartition("://")
    who, at, where = rest.rpartition("@")
    user, colon, _ = who.partition(":")
    return scheme + mark + (f"{user}:…{at}{where}" if colon else rest)


class Collector:
    """Hears every message of a fleet (QoS 1) and keeps a `FleetState` of it.

    It comes back by itself when the broker does.  lost: how often the connection broke.
    """

    def __init__(
        self,
        address: Address,
        *,
        fleet: str = "+",
        session: str | None = None,
        state: FleetState | None = None,
    ) -> None:
        """fleet: its name, or "+" for any; session: a client id under which the broker keeps what
        comes while we are away (None: it keeps nothing).  Over TLS a fleet's broker takes the name
        in our certificate for it."""
        self.address = address
        self.state = state if state is not None else FleetState()
        self._filter = topics.subscription(fleet)
        self._messages: queue.Queue[tuple[str, bytes, float]] = queue.Queue(_QUEUED)
        self._stopping = threading.Event()
        self._answered = threading.Event()
        self._refusal = ""
        self._client = client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=session or "nodewright-" + secrets.token_hex(6),
            clean_session=session is None,
        )
        if address.user is not None:
            client.username_pw_set(address.user, address.password)
        if address.tls is not None:
            client.tls_set_context(address.tls)
        client.reconnect_delay_set(*_BACKOFF_S)
        self.lost = 0
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message

    @property
    def connected(self) -> bool:
        """True while the broker answers."""
        return self._client.is_connected()

    def start(self, timeout_s: float = _CONNECT_S) -> None:
        """Connect and subscribe; from then on nothing is missed.  Raises BrokerUnreachable."""
        host, port = self.address.host, self.address.port
        self._client.connect_timeout = timeout_s
        try:
            self._client.connect(host, port, _KEEPALIVE_S)
        except ssl.SSLError as error:
            raise BrokerDistrusted(host, port, _tls_reason(error)) from None
        except OSError as error:
            raise BrokerUnreachable(host, port, error.strerror or str(error)) from error
        self._client.loop_start()
        answered = self._answered.wait(timeout_s)
        if not answered or self._refusal:
            reason = self._refusal or f"no answer in {timeout_s:g} s"
            self.stop()
            raise BrokerUnreachable(host, port, reason)

    def stop(self) -> None:
        """Take leave of the broker.  Harmless when called again."""
        self._stopping.set()
        self._client.disconnect()
        self._client.loop_stop()

    def get(self, timeout_s: float = 0.0) -> Event | None:
        """The next message that could be understood, or None after timeout_s without one."""
        deadline = time.monotonic() + timeout_s
        while True:
            left = deadline - time.monotonic()
            try:
                item = self._messages.get(block=left > 0, timeout=max(left, 0) or None)
            except queue.Empty:
                return None
            event = self.state.apply(*item)
            if event is not None:
                return event

    def send(self, topic: str, payload: bytes, timeout_s: float = _CONNECT_S) -> None:
        """Publish (QoS 1), and wait until the broker has it.  Raises BrokerUnreachable."""
        sent = self._client.publish(topic, payload, qos=1)
        with contextlib.suppress(RuntimeError, ValueError):  # not connected: it is not published
            sent.wait_for_publish(timeout_s)
        if not sent.is_published():
            host, port = self.address.host, self.address.port
            raise BrokerUnreachable(host, port, "it does not take what is published")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _on_connect(
        self, client: mqtt.Client, _data: Any, _flags: Any, code: Any, _p: Any
    ) -> None:
        if code.is_failure:
            self._refusal = str(code)
            self._answered.set()
            return
        # At each connection: an embedded broker forgets sessions when it is restarted.
        client.subscribe(self._filter, qos=1)

    def _on_disconnect(self, *_: Any) -> None:
        if not self._answered.is_set():
            self._refusal = self._refusal or "it closed the connection"
            self._answered.set()
        elif not self._stopping.is_set():
            self.lost += 1

    def _on_subscribe(self, _client: Any, _data: Any, _mid: Any, codes: Any, _p: Any) -> None:
        if any(code.is_failure for code in codes):
            self._refusal = f"it refuses {self._filter}"
        self._answered.set()

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = repr(message._topic)
        # More than the longest message is refused anyway: no need to queue all of it.
        item = (topic, bytes(message.payload[: MAX_BYTES + 1]), time.monotonic())
        while not self._stopping.is_set():
            try:
                self._messages.put(item, timeout=_POLL_S)
                return
            except queue.Full:
                continue


def _tls_reason(error: ssl.SSLError) -> str:
    """What TLS did not like, in a few words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(error.verify_message)
    return (error.reason or str(error)).lower().replace("_", " ")
