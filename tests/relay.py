"""A TCP relay in front of a server: it can go deaf, cut the line anywhere, and encrypt."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import Final

_SSL_REQUEST: Final = struct.pack("!ii", 8, 80877103)


@dataclass(frozen=True)
class Fault:
    """What goes wrong with what the server says.

    At the first message for which ``at`` holds, ``keep`` (0 to 1) of it is passed on; then the
    connection is reset, or nothing more passes when it ``stays``. A message is its type, its length
    and its content; the answer to SSLRequest is one letter.
    """

    at: Callable[[bytes], bool]
    keep: float = 0
    stays: bool = False


@dataclass(frozen=True)
class Encryption:
    """The relay's own, where the server behind has none; ``plain`` answers those who do without."""

    context: ssl.SSLContext
    plain: bytes = b""


class Relay:
    """Passes everything on between ``port`` and a server, and counts the connections."""

    def __init__(
        self,
        listener: socket.socket,
        server: tuple[str, int],
        fault: Fault | None = None,
        encryption: Encryption | None = None,
    ) -> None:
        self._fault = fault
        self._encryption = encryption
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
            Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self._links.append(client)
        with suppress(OSError):  # one of the two has gone
            if self._encryption:
                client = self._encrypted(client, self._encryption)
            server = socket.create_connection(self._server)
            self._links += client, server
            Thread(target=self._pass_on, args=(client, server), daemon=True).start()
            if self._fault:
                self._spoil(server, client, self._fault)
            else:
                self._pass_on(server, client)

    def _encrypted(self, client: socket.socket, encryption: Encryption) -> socket.socket:
        if client.recv(4096) == _SSL_REQUEST:
            client.sendall(b"S")
            return encryption.context.wrap_socket(client, server_side=True)
        client.sendall(encryption.plain)
        client.shutdown(socket.SHUT_WR)
        raise ConnectionError

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):  # one of the two has gone
            while data := source.recv(65536):
                if not self._deaf.is_set():
                    sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def _spoil(self, server: socket.socket, client: socket.socket, fault: Fault) -> None:
        for message in _messages(server):
            if self._deaf.is_set():
                continue
            if not fault.at(message):
                client.sendall(message)
                continue
            client.sendall(message[: int(len(message) * fault.keep)])
            if fault.stays:
                self._deaf.set()
                continue
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.shutdown(socket.SHUT_RD)  # else whoever reads from it keeps it open
            client.close()
            return
        client.shutdown(socket.SHUT_WR)


def _messages(server: socket.socket) -> Iterator[bytes]:
    with server.makefile("rb") as stream:
        kind = stream.read(1)
        if kind in (b"N", b"S"):  # the answer to SSLRequest
            yield kind
            kind = stream.read(1)
        while kind:
            length = stream.read(4)
            yield kind + length + stream.read(int.from_bytes(length, "big") - 4)
            kind = stream.read(1)


@contextmanager
def relay_to(
    host: str, port: int, fault: Fault | None = None, encryption: Encryption | None = None
) -> Iterator[Relay]:
    """Run a relay on 127.0.0.1."""
    listener = socket.create_server(("127.0.0.1", 0))
    relay = Relay(listener, (host, port), fault, encryption)
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
