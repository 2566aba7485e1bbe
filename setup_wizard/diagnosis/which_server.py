"""Which server is it? Who listens on the target's port, for each address of this computer.

Asked only after a connection did not come about: a server that lets us in and has our database is
the right one, and the question costs 20 ms and more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from setup_wizard.diagnosis.case import Case
from setup_wizard.diagnosis.finding import Finding, FixOffer, Status
from setup_wizard.i18n import _
from setup_wizard.machine import Listener, is_local

_V4: Final = "127.0.0.1"
_V6: Final = "::1"
_ADDRESSES: Final = {_V4: ("127.0.0.1", "0.0.0.0", "::"), _V6: ("::1", "::")}  # noqa: S104
"""For each address of localhost: what a program may listen at to be reached there, best first."""

_CONTAINERS: Final = frozenset(
    {
        "com.docker.backend",
        "docker-proxy",
        "gvproxy",
        "rootlessport",
        "vpnkit",
        "wslhost",
        "wslrelay",
    }
)
"""Programs that pass a port on to a container or to WSL; one container may have several."""


def two_servers(case: Case) -> Iterator[Finding]:
    """Warn when localhost's two addresses lead to two programs on one port number."""
    target = case.target
    if not is_local(target.host):
        return
    owners = {address: _owner(case.listeners, address) for address in _ADDRESSES}
    first, second = owners[_V4], owners[_V6]
    if first is None or second is None or _who(first) == _who(second):
        return
    reached = _reached(case)
    fixes = (_offer_use_ipv4(case),) if reached == _V6 and _may_rewrite(case) else ()
    yield Finding(
        check="server",
        status=Status.WARN,
        code="two_servers",
        title=_("Two programs share the port number {port}", port=target.port),
        detail=_(
            "{first} has it at {v4}, and {second} at {v6}. With the host {host} you reach the one "
            "at {reached}. If that is not the server you want, write the other address as the "
            "host, or give one of the two another port.",
            first=_name(first),
            v4=_V4,
            second=_name(second),
            v6=_V6,
            host=target.host,
            reached=reached or target.host,
        ),
        evidence={"port": target.port, "reached": reached, "listeners": described(case.listeners)},
        fixes=fixes,
    )


def described(listeners: Sequence[Listener]) -> list[str]:
    """Write listeners as evidence: address, program, process number."""
    return [f"{row.address} {row.program or '?'} ({row.pid or '?'})" for row in listeners]


def _owner(listeners: Sequence[Listener], address: str) -> Listener | None:
    for place in _ADDRESSES[address]:
        for row in listeners:
            if row.address == place and row.pid is not None:
                return row
    return None


def _who(row: Listener) -> str | int | None:
    """Tell servers apart: by their process, but all that belongs to containers is one."""
    return "container" if _plain(row) in _CONTAINERS else row.pid


def _name(row: Listener) -> str:
    program = row.program or f"#{row.pid}"
    return f"{program} (Docker, WSL)" if _plain(row) in _CONTAINERS else program


def _plain(row: Listener) -> str:
    return (row.program or "").lower().removesuffix(".exe")


def _reached(case: Case) -> str | None:
    """Return the address whose answer was the last, and counts."""
    tried = case.refusal.evidence.get("addresses") if case.refusal else None
    last = tried[-1] if isinstance(tried, list) and tried else ""
    return next((address for address in _ADDRESSES if last.startswith(f"{address}: ")), None)


def _may_rewrite(case: Case) -> bool:
    origin = case.settings.origins["host"]
    return origin.kind == "file" and case.target.host.lower() == "localhost"


def _offer_use_ipv4(case: Case) -> FixOffer:
    origin = case.settings.origins["host"]
    return FixOffer(
        "use_ipv4",
        _("Use {address}", address=_V4),
        _(
            "Writes {address} in place of {host} in line {line} of {path}; a dated copy of the "
            "file is kept beside it.",
            address=_V4,
            host=case.target.host,
            line=origin.line,
            path=origin.path,
        ),
    )
