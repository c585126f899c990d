"""The way to the broker: whether it lets in who has no certificate, or a stranger's; settings."""

import binascii
import json
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WIFI_MS = 15_000
_ANSWER_MS = 5000
# MQTT 3.1.1, 3.1: a clean session of the client id "nw-bench", keepalive of a minute.
_CONNECT = b"\x10\x14\x00\x04MQTT\x04\x02\x00\x3c\x00\x08nw-bench"
_CONNACK = b"\x20\x02"


def join() -> bool:
    """The network of the settings, up; true where there is nothing to join."""
    from node import hal

    with open("/settings.json") as file:
        network = json.load(file)["network"]
    if network["kind"] != "wifi":
        return True
    wifi = hal.WiFi(network["ssid"], network["password"], network["static"])
    if wifi.connected():
        return True
    wifi.begin()
    begin_ticks = time.ticks_ms()
    while not wifi.connected():
        if time.ticks_diff(time.ticks_ms(), begin_ticks) > _WIFI_MS:
            return False
        time.sleep_ms(100)
    return True


def knock(host: str, port: int, certificate: "str | None", key: "str | None") -> "dict[str, Any]":
    """Try to be let in with a certificate and its key (DER, hex), or with none.

    said: "accepted", "refused", or "unreachable" where nobody is there; why: in the port's words.
    """
    import socket

    import tls

    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED  # type: ignore[attr-defined]
    with open("/identity/ca.der", "rb") as file:
        context.load_verify_locations(file.read())
    if certificate is not None and key is not None:
        context.load_cert_chain(binascii.unhexlify(certificate), binascii.unhexlify(key))
    plain = socket.socket()
    try:
        plain.settimeout(_ANSWER_MS / 1000)
        try:
            plain.connect(socket.getaddrinfo(host, port)[0][-1])
        except OSError as error:
            return {"said": "unreachable", "why": repr(error)}
        try:
            sealed = context.wrap_socket(plain, server_hostname=host)
            sealed.write(_CONNECT)
            told = sealed.read(4)
        except (OSError, ValueError) as error:
            return {"said": "refused", "why": repr(error)}
        let_in = told is not None and len(told) == 4 and told[:2] == _CONNACK and told[3] == 0
        return {"said": "accepted" if let_in else "refused", "why": repr(told)}
    finally:
        plain.close()


def write(path: str, first: bool, text: str) -> None:
    """A piece of a file, in base64."""
    with open(path, "wb" if first else "ab") as file:
        file.write(binascii.a2b_base64(text))
