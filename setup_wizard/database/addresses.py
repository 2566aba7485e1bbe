"""From a host's name to the addresses to try."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass
from typing import Any

from setup_wizard.deadline import Deadline


@dataclass(frozen=True)
class Address:
    """One place to connect to; ``text`` is an IP address, or a socket file's path."""

    family: socket.AddressFamily
    text: str
    sockaddr: Any

    @property
    def is_file(self) -> bool:
        """Whether it is a Unix socket, which libpq is given as its folder."""
        return self.family not in (socket.AF_INET, socket.AF_INET6)


class UnknownHost(Exception):
    """The name has no address; ``errno`` is the resolver's ``EAI_…`` number."""

    def __init__(self, errno: int | None) -> None:
        super().__init__(errno)
        self.errno = errno


def resolve(host: str, port: int, deadline: Deadline) -> list[Address]:
    """Return a host's addresses in the system's order, each once.

    Raises UnknownHost, Cancelled or TimedOut; a lookup that nobody waits for any longer ends by
    itself in the background.
    """
    if host.startswith("/") and hasattr(socket, "AF_UNIX"):
        path = f"{host}/.s.PGSQL.{port}"  # libpq takes such a host as a folder
        return [Address(socket.AF_UNIX, path, path)]
    try:
        found = _look_up(host, port, socket.AI_NUMERICHOST)
    except UnknownHost:
        found = _look_up_in_background(host, port, deadline)
    unique = dict.fromkeys((family, sockaddr) for family, *_rest, sockaddr in found)
    return [Address(family, str(sockaddr[0]), sockaddr) for family, sockaddr in unique]


def _look_up_in_background(host: str, port: int, deadline: Deadline) -> list[Any]:
    answer: list[list[Any] | UnknownHost] = []
    done = threading.Event()

    def ask() -> None:
        try:
            answer.append(_look_up(host, port))
        except UnknownHost as error:
            answer.append(error)
        done.set()

    # A daemon: the system's resolver cannot be interrupted, and must not keep the program alive.
    threading.Thread(target=ask, daemon=True).start()
    while not done.wait(min(Deadline.STEP, deadline.remaining)):
        deadline.check()
    if isinstance(answer[0], UnknownHost):
        raise answer[0]
    return answer[0]


def _look_up(host: str, port: int, flags: int = 0) -> list[Any]:
    # As bytes, a plain name spares the import of the encoding for names in other scripts (3 ms).
    name = host.encode() if host.isascii() else host
    try:
        return socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=flags)
    except OSError as error:  # gaierror is one
        errno = error.errno
    except UnicodeError:  # a label that is empty or too long to be a name at all
        errno = None
    raise UnknownHost(errno)
