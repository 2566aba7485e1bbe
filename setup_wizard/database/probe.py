"""What answers at an address, asked without libpq: only bytes and error numbers."""

from __future__ import annotations

import errno
import socket
import struct
from typing import Final

from setup_wizard.database.addresses import Address
from setup_wizard.database.waiting import READ, WRITE, wait_for
from setup_wizard.deadline import Deadline

_PROTOCOL: Final = 3 << 16
_SSL_REQUEST: Final = 80877103
_ENOUGH: Final = 9  # bytes: a message's type and length, and the first number or letters in it
_LONGEST: Final = 30_000  # libpq's own limit for a message at this stage
_LAST_AUTHENTICATION: Final = 12
_PENDING: Final = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)


def first_bytes(address: Address, user: str, database: str, deadline: Deadline) -> bytes:
    """Ask for a login and return the first bytes of the answer, none when it hangs up.

    No password is sent. Raises OSError when there is no connection, TimedOut while it is silent.
    """
    # The line ends make servers of line-based protocols (HTTP, SMTP, Redis) speak up as well.
    parameters = {"user": user, "database": database, "application_name": "setup-wizard\r\n\r\n"}
    body = b"".join(f"{name}\0{value}\0".encode() for name, value in parameters.items()) + b"\0"
    packet = struct.pack("!ii", 8 + len(body), _PROTOCOL) + body
    return _ask(address, packet, _ENOUGH, deadline)


def offers_tls(address: Address, deadline: Deadline) -> bool:
    """Ask a PostgreSQL server whether it can encrypt.

    Raises OSError when there is no connection, TimedOut while it is silent.
    """
    return _ask(address, struct.pack("!ii", 8, _SSL_REQUEST), 1, deadline) == b"S"


def _ask(address: Address, packet: bytes, enough: int, deadline: Deadline) -> bytes:
    with socket.socket(address.family, socket.SOCK_STREAM) as link:
        link.settimeout(0)
        if (number := link.connect_ex(address.sockaddr)) not in _PENDING:
            raise OSError(number, "")
        wait_for(link.fileno(), WRITE, deadline)
        if number := link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(number, "")
        link.sendall(packet)
        answer = b""
        while len(answer) < enough:
            wait_for(link.fileno(), READ, deadline)
            if not (part := link.recv(enough)):
                break
            answer += part
    return answer


def is_postgresql(answer: bytes) -> bool:
    """Whether bytes are how a PostgreSQL server answers a request to log in.

    Its first message is an authentication request (R), an error (E), a notice (N) or a protocol
    negotiation (v); see "Message Formats" in PostgreSQL's manual. The letter alone would let the
    greetings of MySQL pass now and then: their first byte is a length.
    """
    kind, length = answer[:1], int.from_bytes(answer[1:5], "big")
    if kind == b"R":
        return length >= 8 and int.from_bytes(answer[5:9], "big") <= _LAST_AUTHENTICATION
    if kind in (b"E", b"N"):
        # Where the server is too short of memory to fork, an old form: E and the text at once.
        return answer[5:6] == b"S" if length <= _LONGEST else answer[1:].isascii()
    return kind == b"v" and length <= _LONGEST
