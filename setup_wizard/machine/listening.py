"""Who listens on a TCP port: the system's own table, without a connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from setup_wizard.machine import Listener

_LOOPBACK: Final = ("127.0.0.1", "::1")


@dataclass(frozen=True)
class Refusal:
    """Why the system does not let a program listen at an address: errno's numbers."""

    address: str
    errno: int


def listeners(port: int) -> tuple[Listener, ...]:
    """Return the listeners of a port; none where the system does not tell (macOS, not root)."""
    import psutil  # costs 20 ms

    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return ()
    found = {
        (row.laddr.ip, row.pid)
        for row in connections
        if row.status == psutil.CONN_LISTEN and row.laddr and row.laddr.port == port
    }
    return tuple(
        Listener(address, port, pid, _program(pid))
        for address, pid in sorted(found, key=lambda row: (row[0], row[1] or 0))
    )


def _program(pid: int | None) -> str | None:
    import psutil

    if pid is None:
        return None
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return None


def binding_refusal(port: int) -> Refusal | None:
    """Try to take a port of this computer for a moment, as a server that starts would.

    Windows: EADDRINUSE is its 10048, EACCES its 10013.
    """
    import errno
    import socket
    import sys

    for address in _LOOPBACK:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                if sys.platform == "win32":
                    # Else Windows would let us share the port with whoever has it.
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
                else:
                    # As PostgreSQL does: connections that just ended do not count.
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return Refusal(address, error.errno)
    return None
