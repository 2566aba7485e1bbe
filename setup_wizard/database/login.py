"""Logging in without ever blocking, and finding the one cause when it does not work.

libpq is driven by hand, one address at a time: psycopg's own ``connect`` loses the SQLSTATE, and
libpq's lookup of names cannot be interrupted. ``PGconn.connect`` and ``PGconn.ping`` hold the
interpreter lock while they wait, so neither is used.
"""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from psycopg import pq
from psycopg.conninfo import make_conninfo

from setup_wizard.database import libpq
from setup_wizard.database.addresses import Address, UnknownHost, resolve
from setup_wizard.database.decoding import decode
from setup_wizard.database.probe import first_bytes, is_postgresql
from setup_wizard.database.refusals import ConnectionFailed, cause_of, words
from setup_wizard.database.waiting import READ, WRITE, wait_for
from setup_wizard.deadline import Deadline, TimedOut
from setup_wizard.target import Target

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn

# "FATAL:  28P01: text". The word is in the server's language, the code never is. Before it stands
# only what comes from us and from libpq, so the first one in a line is never anybody's data.
_REFUSAL: Final = re.compile(rb"^.*?:  ([0-9A-Z]{5}): ", re.MULTILINE)
_LOCATION: Final = re.compile(rb"\n[^\n:]*:  [^\n]*:\d+\s*\Z")
_PREFIX: Final = re.compile(r"\A[^\n]*? port \d+ failed: ")

_HBA: Final = "28000"
_PROBE_SECONDS: Final = 1.0
_PROBE_SHARE: Final = 0.1

_CAUSES: Final = {
    errno.ECONNREFUSED: "connection_refused",
    errno.ENOENT: "connection_refused",  # no Unix socket is the same news
    errno.ETIMEDOUT: "no_answer",
    errno.ECONNRESET: "hung_up",
    errno.EPIPE: "hung_up",
}
_CODES: Final = {"hung_up": "no_answer", "unreachable": "no_answer"}
_LEAST_TELLING: Final = ("unreachable", "connection_refused", "no_answer")
"""Of several addresses one is reported: the one that says more, then the first."""


@dataclass(frozen=True)
class _Refusal:
    """What one address said; ``cause`` is a key of :func:`refusals.words`."""

    cause: str
    address: str
    errno: int | None = None
    sqlstate: str | None = None
    text: str = ""

    @property
    def is_final(self) -> bool:
        """Whether the server has decided, so that no other address is asked (as libpq does)."""
        decided = self.sqlstate is not None and self.cause != "server_starting"
        return decided or self.cause == "password_missing"

    @property
    def weight(self) -> int:
        silent = self.cause in _LEAST_TELLING
        return _LEAST_TELLING.index(self.cause) if silent else len(_LEAST_TELLING)

    def __str__(self) -> str:
        said = self.sqlstate or self.cause
        if self.errno is not None:
            said = errno.errorcode.get(self.errno, str(self.errno))
        return f"{self.address}: {said}"


def log_in(target: Target, deadline: Deadline) -> PGconn:
    """Return libpq's connection, logged in and non-blocking; exactly one is made.

    Raises ConnectionFailed, or Cancelled within 0.1 s.
    """
    refusals: list[_Refusal] = []
    for answer in _attempts(target, deadline):
        if not isinstance(answer, _Refusal):
            return answer
        refusals.append(answer)
    chosen = max(refusals, key=lambda refusal: refusal.weight)
    title, detail = words(chosen.cause, target, deadline.seconds)
    raise ConnectionFailed(
        _CODES.get(chosen.cause, chosen.cause),
        title,
        detail,
        sqlstate=chosen.sqlstate,
        server_text=chosen.text,
        evidence={
            "host": target.host,
            "port": target.port,
            "database": target.database,
            "user": target.user,
            "sqlstate": chosen.sqlstate,
            "errno": chosen.errno,
            "addresses": [str(refusal) for refusal in refusals],
        },
    )


def _attempts(target: Target, deadline: Deadline) -> Iterator[PGconn | _Refusal]:
    """Try one address after the other, until one lets us in or has decided."""
    try:
        addresses = resolve(target.host, target.port, deadline)
    except UnknownHost as error:
        yield _Refusal("host_unknown", target.host, errno=error.errno)
        return
    except TimedOut:
        yield _Refusal("host_unknown", target.host)
        return
    for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        answer = _attempt(target, address, deadline.shorter(deadline.remaining / left))
        yield answer
        if isinstance(answer, _Refusal) and answer.is_final:
            return


def _attempt(target: Target, address: Address, deadline: Deadline) -> PGconn | _Refusal:
    pgconn = pq.PGconn.connect_start(_conninfo(target, address).encode())
    libpq.set_verbosity(pgconn, libpq.VERBOSE)
    accepted, number = True, None
    try:
        number = _poll(pgconn, deadline.shorter(deadline.remaining * (1 - _PROBE_SHARE)))
    except TimedOut:
        accepted = pgconn.status != pq.ConnStatus.STARTED
    except BaseException:
        pgconn.finish()
        raise
    if pgconn.status == pq.ConnStatus.OK:
        libpq.set_verbosity(pgconn, libpq.DEFAULT)
        pgconn.nonblocking = 1
        return pgconn
    message, needs_password = pgconn.error_message, pgconn.needs_password
    pgconn.finish()

    if number is not None:
        return _Refusal(_CAUSES.get(number, "unreachable"), address.text, number)
    if not accepted:
        return _Refusal("no_answer", address.text)
    if needs_password:
        return _Refusal("password_missing", address.text)
    if found := _sqlstate(message):
        sqlstate, said = found
        text = decode(said, target.database, target.user)
        return _Refusal(cause_of(sqlstate), address.text, None, sqlstate, text)
    return _probe(target, address, message, deadline.shorter(_PROBE_SECONDS))


def _conninfo(target: Target, address: Address) -> str:
    values: dict[str, str | int] = {
        "application_name": "setup-wizard",
        # looking for Kerberos tickets can ask the network, and blocks while it does
        "gssencmode": "disable",
        **target.options,
        "host": target.host,
        "port": target.port,
        "user": target.user,
        # else a SQL_ASCII database would give bytes instead of text
        "client_encoding": "UTF8",
    }
    if not address.is_file:
        values["hostaddr"] = address.text
    if target.password is not None:
        values["password"] = target.password.reveal()
    return make_conninfo("", dbname=target.database, **values)


def _poll(pgconn: PGconn, deadline: Deadline) -> int | None:
    """Go on until it is logged in or has failed; return why TCP failed, if it did."""
    events = WRITE
    while pgconn.status != pq.ConnStatus.BAD:
        wait_for(pgconn.socket, events, deadline)
        # libpq tells this number only as prose, and reading it takes it away from libpq
        if pgconn.status == pq.ConnStatus.STARTED and (number := _take_error(pgconn.socket)):
            return number
        progress = pgconn.connect_poll()
        if progress not in (pq.PollingStatus.READING, pq.PollingStatus.WRITING):
            return None
        events = READ if progress == pq.PollingStatus.READING else WRITE
    return None


def _take_error(fileno: int) -> int:
    link = socket.socket(fileno=fileno)
    try:
        return link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    finally:
        link.detach()


def _sqlstate(message: bytes) -> tuple[str, bytes] | None:
    """Return the code and the server's sentence from libpq's verbose message, if it has them.

    A login with SSL that is refused is tried again without (``sslmode=prefer``), and pg_hba.conf
    may allow only one of the two: what the other one said is the cause then.
    """
    found = list(_REFUSAL.finditer(message))
    if not found:
        return None
    chosen = next((match for match in found if match[1].decode() != _HBA), found[0])
    following = found[found.index(chosen) + 1 :]
    said = message[chosen.end() : following[0].start() if following else None]
    return chosen[1].decode(), _LOCATION.sub(b"", said).strip()


def _probe(target: Target, address: Address, message: bytes, deadline: Deadline) -> _Refusal:
    """Find out who did not say a word that libpq understood."""
    try:
        answer = first_bytes(address, target.user, target.database, deadline)
    except OSError as error:
        number = error.errno
    except TimedOut:
        return _Refusal("no_answer", address.text)
    else:
        if not answer:
            return _Refusal("hung_up", address.text)
        if not is_postgresql(answer):
            return _Refusal("not_postgresql", address.text)
        text = _PREFIX.sub("", decode(message, target.database, target.user)).strip()
        return _Refusal("connection_failed", address.text, text=text)
    assert number is not None
    return _Refusal(_CAUSES.get(number, "unreachable"), address.text, number)
