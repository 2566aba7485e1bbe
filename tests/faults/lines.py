"""The line between the wizard and the server: cut, silent, or to somebody else."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Final

from setup_wizard.target import Target
from tests.fake_server import Answer, fake_server
from tests.faults.case import Case, Inject, Scene, adding_to
from tests.recordings import response
from tests.relay import Encryption, Fault, relay_to

CASES: Final[list[Case]] = []
case = adding_to(CASES)

_TLS: Final = Path(__file__).parents[1] / "data" / "tls"


def is_message(kind: bytes, number: int | None = None) -> Callable[[bytes], bool]:
    """Recognise a message by its letter, and an authentication request by its number."""
    start = b"" if number is None else number.to_bytes(4, "big")
    return lambda message: message[:1] == kind and message[5:9].startswith(start)


def tagged(tag: bytes) -> Callable[[bytes], bool]:
    """Recognise the answer to a command."""
    return lambda message: message[:1] == b"C" and message[5:].startswith(tag)


SASL, SASL_CONTINUE, AUTHENTICATION_OK = 10, 11, 0


def spoiled(fault: Fault) -> Inject:
    """Put a relay with this fault between the wizard and the server."""

    @contextmanager
    def inject(scene: Scene) -> Iterator[Target]:
        server = scene.database
        with relay_to(server.host, server.port, fault) as relay:
            yield replace(server, port=relay.port)

    return inject


_RESETS: Final = {
    "before the answer to SSLRequest": (Fault(is_message(b"N")), "connection_lost"),
    "after the answer to SSLRequest": (Fault(is_message(b"N"), keep=1), "connection_lost"),
    "after the start-up packet": (Fault(is_message(b"R", SASL)), "no_answer"),
    "in the middle of SASL": (Fault(is_message(b"R", SASL_CONTINUE)), "connection_lost"),
    "in the middle of a message of SASL": (
        Fault(is_message(b"R", SASL_CONTINUE), keep=0.5),
        "connection_lost",
    ),
    "before AuthenticationOk": (Fault(is_message(b"R", AUTHENTICATION_OK)), "connection_lost"),
    "after AuthenticationOk": (
        Fault(is_message(b"R", AUTHENTICATION_OK), keep=1),
        "connection_lost",
    ),
    "before ReadyForQuery": (Fault(is_message(b"Z")), "connection_lost"),
    "in the middle of ReadyForQuery": (Fault(is_message(b"Z"), keep=0.5), "connection_lost"),
}
for _when, (_fault, _code) in _RESETS.items():
    case(f"connection reset {_when}", _code)(spoiled(_fault))

_SILENCES: Final = {
    "after the start-up packet": Fault(is_message(b"R", SASL), stays=True),
    "in the middle of SASL": Fault(is_message(b"R", SASL_CONTINUE), keep=0.5, stays=True),
    "before ReadyForQuery": Fault(is_message(b"Z"), stays=True),
    "in the middle of a result": Fault(is_message(b"D"), keep=0.5, stays=True),
}
for _when, _fault in _SILENCES.items():
    case(f"black hole {_when}", "no_answer", seconds=1)(spoiled(_fault))

case("connection reset in the middle of a result", "connection_lost")(
    spoiled(Fault(is_message(b"D"), keep=0.5))
)
case("connection reset between two statements", "connection_lost", "apply")(
    spoiled(Fault(tagged(b"CREATE TABLE")))
)
case("black hole between two statements", "no_answer", "apply", seconds=1.5)(
    spoiled(Fault(tagged(b"INSERT"), stays=True))
)
case("connection reset before the answer to COMMIT", "connection_lost", "apply", saved=True)(
    spoiled(Fault(tagged(b"COMMIT")))
)


@contextmanager
def greeted(greeting: bytes, _scene: Scene, *, stays: bool = False) -> Iterator[Target]:
    """Let somebody answer who is no PostgreSQL server."""
    with fake_server(Answer(greeting=greeting.hex(), stays=stays)) as port:
        yield replace(_scene.database, port=port)


_STRANGERS: Final = {
    "an HTTP server": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "an SSH server": b"SSH-2.0-OpenSSH_9.6\r\n",
    "garbage": bytes(range(255, 127, -1)) * 8,
}
for _who, _greeting in _STRANGERS.items():
    case(f"the other side is not PostgreSQL: {_who}", "not_postgresql")(partial(greeted, _greeting))

case("the other side is not PostgreSQL: silence", "no_answer", seconds=1)(
    partial(greeted, b"", stays=True)
)


def endless(data: bytes, first: bytes = b"") -> Inject:
    """Let somebody answer who never stops talking."""

    @contextmanager
    def inject(scene: Scene) -> Iterator[Target]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            Thread(target=_talk, args=(listener, first, data), daemon=True).start()
            yield replace(scene.database, port=listener.getsockname()[1])
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)

    return inject


def _talk(listener: socket.socket, first: bytes, data: bytes) -> None:
    with suppress(OSError):
        while True:
            client, _address = listener.accept()
            Thread(target=_pour, args=(client, first, data), daemon=True).start()


def _pour(client: socket.socket, first: bytes, data: bytes) -> None:
    with client, suppress(OSError):
        client.settimeout(10)
        client.sendall(first)
        while True:
            client.sendall(data)


case("the other side is not PostgreSQL: endless data", "not_postgresql")(endless(b"x" * 4096))
_NO_TLS_AND_LOGGED_IN: Final = b"N" + b"R" + struct.pack("!ii", 8, 0)
_NOTICE: Final = b"N" + struct.pack("!i", 13) + b"Mnotice\0\0"
case("the server sends endless notices", "no_answer", seconds=1)(
    endless(_NOTICE * 256, _NO_TLS_AND_LOGGED_IN)
)


@contextmanager
def encrypting(scene: Scene, options: dict[str, str]) -> Iterator[Target]:
    """Let in only with TLS; the certificate is self-signed, for other.example."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_TLS / "certificate.pem", _TLS / "key.pem")
    encryption = Encryption(context, plain=response("en_US.UTF-8", "no_hba_entry"))
    server = scene.database
    with relay_to(server.host, server.port, encryption=encryption) as relay:
        yield replace(server, port=relay.port, options=options)


@case("the server demands TLS, the address forbids it", "login_not_allowed", told="sslmode=disable")
@contextmanager
def tls_demanded(scene: Scene) -> Iterator[Target]:
    with encrypting(scene, {"sslmode": "disable"}) as target:
        yield target


@case("the address demands TLS, the server has none", "tls_missing")
@contextmanager
def tls_missing(scene: Scene) -> Iterator[Target]:
    yield replace(scene.database, options={"sslmode": "require"})


@case("TLS with a certificate that nobody vouches for", "certificate_not_trusted")
@contextmanager
def certificate_unknown(scene: Scene) -> Iterator[Target]:
    with encrypting(scene, {"sslmode": "verify-full", "sslrootcert": "system"}) as target:
        yield target


@case("TLS with a certificate for another host", "certificate_not_trusted")
@contextmanager
def certificate_of_another(scene: Scene) -> Iterator[Target]:
    root = str(_TLS / "certificate.pem")
    with encrypting(scene, {"sslmode": "verify-full", "sslrootcert": root}) as target:
        yield target
