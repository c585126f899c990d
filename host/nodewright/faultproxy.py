"""A TCP proxy on loopback that does to a connection what networks do.

    with FaultProxy(target_port) as proxy:
        client.connect("127.0.0.1", proxy.port)
        proxy.cut()

Threads and blocking sockets: one thread accepts, two serve each connection.
"""

import socket
import struct
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s: RST instead of FIN


class FaultProxy:
    """Forwards until told otherwise; every fault holds for connections to come, too.

    delay_s: before each chunk; trickle: one byte a write; downstream: what the client gets of
    what the server wrote; upstream_log: all that clients wrote, one entry a connection.
    """

    def __init__(self, target_port: int) -> None:
        self.delay_s = 0.0
        self.trickle = False
        self.downstream: Callable[[bytes], bytes] = bytes
        self.upstream_log: list[bytearray] = []
        self.left = threading.Event()  # a client has closed its end since the last half_open()
        self.called = threading.Event()  # a client has come since the last cut()
        self._target_port = target_port
        self._flow = threading.Event()
        self._flow.set()
        self._swallow = False
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self.port = 0
        self.accept()

    def accept(self) -> None:
        """Listen (again), always on the same port."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, self.port))
        listener.listen()
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accepting, args=(listener,), daemon=True).start()

    def refuse(self) -> None:
        """Stop listening: connections are refused. Those that are open stay."""
        if self._listener is not None:
            # close() alone leaves the port open while the thread is inside accept()
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    def cut(self) -> None:
        """Reset every connection."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
            self.called.clear()
        for pair in pairs:
            for end in pair:
                try:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                except OSError:
                    continue  # it has ended by itself
                _close(end)

    def freeze(self) -> None:
        """Forward nothing and read nothing, until `thaw`."""
        self._flow.clear()

    def half_open(self) -> None:
        """Read and forget, in both directions, until `thaw`: the other side has vanished."""
        self.left.clear()
        self._swallow = True

    def thaw(self) -> None:
        """End freeze and half_open."""
        self._swallow = False
        self._flow.set()

    def close(self) -> None:
        """End everything."""
        self.refuse()
        self.cut()
        self.thaw()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _accepting(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection((HOST, self._target_port))
            except OSError:
                _close(client)
                continue
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            log = bytearray()
            with self._lock:
                self._pairs.append((client, server))
                self.upstream_log.append(log)
                self.called.set()
            for work in ((client, server, log), (server, client, None)):
                threading.Thread(target=self._serve, args=work, daemon=True).start()

    def _serve(self, source: socket.socket, sink: socket.socket, log: "bytearray | None") -> None:
        try:
            while True:
                self._flow.wait()
                data = source.recv(4096)
                self._flow.wait()
                if not data:
                    break
                if self.delay_s:
                    time.sleep(self.delay_s)
                if self._swallow:
                    continue
                if log is None:
                    data = self.downstream(data)
                else:
                    log += data
                step = 1 if self.trickle else len(data) or 1
                for at in range(0, len(data), step):
                    sink.sendall(data[at : at + step])
        except OSError:
            pass
        if log is not None:
            self.left.set()
        _close(source)
        _close(sink)


def _close(end: socket.socket) -> None:
    """Close, waking the thread that is inside recv(); a socket that lingers 0 s sends RST."""
    try:
        if end.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == _RESET_ON_CLOSE:
            # shutdown would send FIN first; only the reading half may be ended
            end.shutdown(socket.SHUT_RD)
        else:
            end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()
