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
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from psycopg import pq
from psycopg.conninfo import make_conninfo

from setup_wizard.database import libpq
from setup_wizard.database.addresses import Address, UnknownHost, resolve
from setup_wizard.database.decoding import decode
from setup_wizard.database.probe import first_bytes, is_postgresql, offers_tls
from setup_wizard.database.refusals import ConnectionFailed, cause_of, words
from setup_wizard.database.waiting import READ, WRITE, wait_for
from setup_wizard.deadline import Deadline, TimedOut
from setup_wizard.target import Target

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn

# "FATAL:  28P01: text". The word is in the server's language, the code never is. Before it stands
# only what comes from us and from libpq, so the first one in a line is never anybody's data.
_REFUSAL: Final = re.compile(rb"^(?:.*? )?([^ \n]*):  ([0-9A-Z]{5}): ", re.MULTILINE)
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
_CODES: Final = {
    "hung_up": "no_answer",
    "stuck": "no_answer",
    "unreachable": "no_answer",
    "broken_off": "connection_lost",
}
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


@dataclass(frozen=True)
class _End:
    """How an attempt ended. ``errno``: why TCP failed; ``in_tls``: while encryption was begun.

    ``cut``: the other side ended the connection; ``timed_out``: it is silent.
    """

    errno: int | None = None
    cut: bool = False
    in_tls: bool = False
    timed_out: bool = False


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
    pgconn = _start(target, address)
    end = _End()
    try:
        end = _poll(pgconn, deadline.shorter(deadline.remaining * (1 - _PROBE_SHARE)))
    except TimedOut:
        if pgconn.status == pq.ConnStatus.STARTED:
            pgconn.finish()
            return _Refusal("no_answer", address.text)
        end = _End(timed_out=True)
    except BaseException:
        pgconn.finish()
        raise
    if pgconn.status == pq.ConnStatus.OK:
        libpq.set_verbosity(pgconn, libpq.DEFAULT)
        pgconn.nonblocking = 1
        return pgconn
    message, needs_password = pgconn.error_message, pgconn.needs_password
    pgconn.finish()

    if end.errno is not None:
        return _Refusal(_CAUSES.get(end.errno, "unreachable"), address.text, end.errno)
    if needs_password:
        return _Refusal("password_missing", address.text)
    names = target.database, target.user
    if said := _refusal(message):
        text = decode(said.sentence, *names, severity=said.severity)
        return _Refusal(cause_of(said.sqlstate), address.text, None, said.sqlstate, text)
    text = _PREFIX.sub("", decode(message, *names)).strip()
    return _probe(target, address, end, text, deadline.shorter(_PROBE_SECONDS))


def _start(target: Target, address: Address) -> PGconn:
    pgconn = pq.PGconn.connect_start(_conninfo(target, address).encode())
    libpq.set_verbosity(pgconn, libpq.VERBOSE)
    return pgconn


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


def _poll(pgconn: PGconn, deadline: Deadline) -> _End:
    """Go on until it is logged in or has failed."""
    events, status, cut = WRITE, pgconn.status, False
    while pgconn.status != pq.ConnStatus.BAD:
        wait_for(pgconn.socket, events, deadline)
        status = pgconn.status
        # libpq tells this number only as prose, and reading it takes it away from libpq
        if status == pq.ConnStatus.STARTED and (number := _take_error(pgconn.socket)):
            return _End(errno=number)
        cut = events == READ and _is_cut(pgconn.socket)
        progress = pgconn.connect_poll()
        if progress not in (pq.PollingStatus.READING, pq.PollingStatus.WRITING):
            break
        events = READ if progress == pq.PollingStatus.READING else WRITE
    return _End(cut=cut, in_tls=status == pq.ConnStatus.SSL_STARTUP)


def _take_error(fileno: int) -> int:
    link = socket.socket(fileno=fileno)
    try:
        return link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    finally:
        link.detach()


def _is_cut(fileno: int) -> bool:
    """Whether the other side has ended a connection from which nothing is left to read."""
    link = socket.socket(fileno=fileno)
    try:
        return not link.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    finally:
        link.detach()


@dataclass(frozen=True)
class _Said:
    """The server's own refusal, still in its encoding."""

    sqlstate: str
    severity: bytes
    sentence: bytes


def _refusal(message: bytes) -> _Said | None:
    """Return what the server says in libpq's verbose message, if it says something.

    A login with SSL that is refused is tried again without (``sslmode=prefer``), and pg_hba.conf
    may allow only one of the two: what the other one said is the cause then.
    """
    found = list(_REFUSAL.finditer(message))
    if not found:
        return None
    chosen = next((match for match in found if match[2].decode() != _HBA), found[0])
    following = found[found.index(chosen) + 1 :]
    sentence = message[chosen.end() : following[0].start() if following else None]
    return _Said(chosen[2].decode(), chosen[1], _LOCATION.sub(b"", sentence).strip())


def _probe(target: Target, address: Address, end: _End, text: str, deadline: Deadline) -> _Refusal:
    """Find out who did not say a word that libpq understood."""
    try:
        answer = first_bytes(address, target.user, target.database, deadline)
        if not answer:
            return _Refusal("hung_up", address.text)
        if not is_postgresql(answer):
            return _Refusal("not_postgresql", address.text)
        cause = _unfinished(target, address, end, deadline)
        return _Refusal(cause, address.text, text=text)
    except OSError as error:
        number = error.errno
    except TimedOut:
        return _Refusal("no_answer", address.text)
    assert number is not None
    return _Refusal(_CAUSES.get(number, "unreachable"), address.text, number)


def _unfinished(target: Target, address: Address, end: _End, deadline: Deadline) -> str:
    """Say why a PostgreSQL server neither lets in nor refuses."""
    if end.timed_out:
        return "stuck"
    if end.cut:
        return "broken_off"
    if end.in_tls and not offers_tls(address, deadline):
        return "tls_missing"
    if end.in_tls and _encrypts_unverified(target, address, deadline):
        return "certificate_not_trusted"
    return "connection_failed"


def _encrypts_unverified(target: Target, address: Address, deadline: Deadline) -> bool:
    """Whether encryption works when nobody looks at the certificate.

    It ends there: to a server that may be another one than it says, nothing of the login is sent.
    """
    # without a file of trusted certificates, "require" does not verify; an empty name would mean
    # the usual file
    relaxed = {**target.options, "sslmode": "require", "sslrootcert": "/nonexistent"}
    pgconn = _start(replace(target, options=relaxed, password=None), address)
    events = WRITE
    try:
        while pgconn.status != pq.ConnStatus.BAD:
            wait_for(pgconn.socket, events, deadline)
            progress = pgconn.connect_poll()
            if pgconn.ssl_in_use and pgconn.status == pq.ConnStatus.MADE:
                return True
            if progress not in (pq.PollingStatus.READING, pq.PollingStatus.WRITING):
                return False
            events = READ if progress == pq.PollingStatus.READING else WRITE
        return False
    finally:
        pgconn.finish()
