"""A TCP relay in front of a server, which can go deaf or cut the line."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread


class Relay:
    """Passes everything on between ``port`` and a server, and counts the connections."""

    def __init__(self, listener: socket.socket, server: tuple[str, int]) -> None:
        self.connections = 0
        self.port = int(listener.getsockname()[1])
        self._listener = listener
        self._server = server
        self._deaf = Event()
        self._links: list[socket.socket] = []
        Thread(target=self._accept, daemon=True).start()

    def go_deaf(self) -> None:
        """Swallow everything from now on, and accept without a word."""
        self._deaf.set()

    def cut(self) -> None:
        """End all connections."""
        for link in self._links:
            with suppress(OSError):  # it may have ended by itself
                link.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Free everything."""
        self._listener.close()
        self.cut()
        for link in self._links:
            link.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return  # closed
            self.connections += 1
            server = socket.create_connection(self._server)
            self._links += client, server
            for source, sink in ((client, server), (server, client)):
                Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                if not self._deaf.is_set():
                    sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one of the two has gone


@contextmanager
def relay_to(host: str, port: int) -> Iterator[Relay]:
    """Run a relay on 127.0.0.1."""
    relay = Relay(socket.create_server(("127.0.0.1", 0)), (host, port))
    try:
        yield relay
    finally:
        relay.close()


@contextmanager
def black_hole() -> Iterator[int]:
    """Give a port of 127.0.0.1 that neither accepts nor refuses, as behind a firewall.

    A full queue of waiting connections does that on Linux and macOS; elsewhere it may refuse.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(8)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        try:
            yield port
        finally:
            for client in waiting:
                client.close()
