"""Who listens on a TCP port: the system's own table, without a connection."""

from __future__ import annotations

from setup_wizard.machine import Listener


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
