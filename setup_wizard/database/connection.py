"""A connection whose statements obey a time limit and Cancel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import psycopg
from psycopg.pq import DiagnosticField, TransactionStatus

from setup_wizard.database.decoding import decode
from setup_wizard.database.login import log_in
from setup_wizard.deadline import Cancelled, Deadline, TimedOut
from setup_wizard.errors import Evidence, KnownError, Text
from setup_wizard.i18n import _
from setup_wizard.target import Target

if TYPE_CHECKING:
    from psycopg.abc import PQGen
    from psycopg.pq.abc import PGresult

T = TypeVar("T")

_COMMIT_SECONDS: Final = 30.0
_CANCEL_SECONDS: Final = 5.0
_CANCEL_AWAITED: Final = 0.1

_CODES: Final = {
    "55P03": "lock_timeout",
    "25006": "read_only",
    "42501": "cannot_create",
    "53100": "disk_full",
}
_WORDS: Final = {
    "lock_timeout": (
        _("Another program holds what the statement needs"),
        _(
            "The wait for a lock was given up. Close other programs that use these tables, such "
            "as pgAdmin or an open psql, then try again."
        ),
    ),
    "read_only": (
        _("This database can only be read at the moment"),
        _(
            "The server is a copy of another one, or was set to read-only, so no table can be "
            "created. Ask whoever runs the server for the address to write to."
        ),
    ),
    "cannot_create": (
        _("This user does not have the right to do that"),
        _(
            "Log in as the owner of the database or the table, or ask the owner for the right. "
            "What the server says about it stands under Details."
        ),
    ),
    "disk_full": (
        _("The server's disk is full"),
        _(
            "There is no room left for the database's files, so nothing was saved. Free some "
            "space on the server's disk, then try again."
        ),
    ),
    "script_failed": (
        _("The server does not accept a statement"),
        _("What the server says about it stands under Details."),
    ),
}
_GONE: Final = frozenset({"57P01", "57P02", "57P03", "57P05"})
"""The server ended the session: shut down, crashed, or was idle for longer than it allows."""


class StatementFailed(KnownError):
    """The server refused a statement; the connection is still good.

    ``code``: ``lock_timeout`` (55P03), ``read_only`` (25006), ``cannot_create`` (42501),
    ``disk_full`` (53100), else ``script_failed``. ``position`` counts characters of the statement
    from 1, None where unknown.
    """

    def __init__(
        self,
        code: str,
        title: Text,
        detail: Text = "",
        *,
        sqlstate: str,
        position: int | None,
        server_text: str,
    ) -> None:
        evidence: Evidence = {"sqlstate": sqlstate}
        super().__init__(code, title, detail, evidence=evidence, server_text=server_text)
        self.sqlstate = sqlstate
        self.position = position


@dataclass(frozen=True)
class Notice:
    """What the server said beside an answer; ``severity`` is NOTICE, WARNING … untranslated."""

    severity: str
    sqlstate: str
    text: str


def connect(target: Target, deadline: Deadline, *, database: str | None = None) -> Connection:
    """Log in to ``target``, or to another ``database`` on its server; exactly one connection.

    Raises ConnectionFailed with the one cause, or Cancelled within 0.1 s.
    """
    if database is not None:
        target = replace(target, database=database)
    return Connection(_Driver(log_in(target, deadline)), deadline)


class Connection:
    """A connection in autocommit mode; every statement obeys ``deadline``, which may be replaced.

    Statements raise StatementFailed; KnownError ``no_answer`` when the time limit passed (the
    statement is cancelled on the server and the connection closed); Cancelled likewise; KnownError
    ``connection_lost`` when the server went away.
    """

    def __init__(self, driver: _Driver, deadline: Deadline) -> None:
        driver.deadline = deadline
        driver.autocommit = True
        driver.prepare_threshold = None
        driver.pgconn.notice_handler = self._on_notice
        self._driver = driver
        self._abandoned = False
        self.notices: list[Notice] = []
        # "16.4", and on some systems the package's name behind it
        self.server_version = (driver.info.parameter_status("server_version") or "").split(" ")[0]
        self.server_encoding = driver.info.parameter_status("server_encoding") or ""
        self.server_address = driver.info.hostaddr
        self.database = driver.info.dbname

    @property
    def deadline(self) -> Deadline:
        """The limit for each of the following statements, all together."""
        return self._driver.deadline

    @deadline.setter
    def deadline(self, deadline: Deadline) -> None:
        self._driver.deadline = deadline

    @property
    def closed(self) -> bool:
        """Whether the connection is closed, by us or by the server."""
        return self._abandoned or self._driver.closed

    def query(
        self, sql: str, params: Sequence[object] | Mapping[str, object] | None = None
    ) -> list[tuple[Any, ...]]:
        """Return all rows of one statement; ``%s`` in it are filled from ``params``."""
        return self._run(lambda: self._driver.execute(sql.encode(), params).fetchall())

    def execute(self, sql: str) -> str:
        """Run SQL text as it is (one statement or several) and return the last command tag."""

        def run() -> str:
            cursor = self._driver.execute(sql.encode())
            while cursor.nextset():
                pass
            return cursor.statusmessage or ""

        return self._run(run)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end, or roll back when anything is raised.

        Once the commit is on its way, Cancel comes too late: what it would leave is unknown.
        """
        self.execute("BEGIN")
        try:
            yield
            self._run(self.deadline.check)
        except BaseException:
            self._roll_back()
            raise
        deadline = self.deadline
        self.deadline = Deadline(_COMMIT_SECONDS)
        try:
            self.execute("COMMIT")
        finally:
            self.deadline = deadline

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Roll back at the end, whatever happens."""
        self.execute("BEGIN")
        try:
            yield
        finally:
            self._roll_back()

    def close(self) -> None:
        """Close it; a second time does nothing."""
        if not self._abandoned:
            self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _roll_back(self) -> None:
        """Roll back, or close where there is no time for it: that is a rollback as well."""
        if self.deadline.cancelled or not self.deadline.remaining:
            self._abandon()
        elif not self.closed:
            with suppress(KnownError):  # what went wrong before is what the user must know
                self.execute("ROLLBACK")

    def _on_notice(self, result: PGresult) -> None:
        self.notices.append(
            Notice(
                _field(result, DiagnosticField.SEVERITY_NONLOCALIZED),
                _field(result, DiagnosticField.SQLSTATE),
                _field(result, DiagnosticField.MESSAGE_PRIMARY),
            )
        )

    def _run(self, statement: Callable[[], T]) -> T:
        problem: KnownError
        try:
            return statement()
        except Cancelled as cancelled:
            problem = cancelled
            self._abandon()
        except TimedOut:
            problem = _timed_out(self.deadline.seconds)
            self._abandon()
        except psycopg.Error as error:
            problem = self._translate(error)
        # Not inside the except block: psycopg's exceptions have the password within reach.
        raise problem

    def _translate(self, error: psycopg.Error) -> KnownError:
        if self._driver.closed or error.sqlstate in _GONE:
            return KnownError(
                "connection_lost",
                _("The connection to the server was lost"),
                _(
                    "The server was stopped, or the network broke. Check that the server runs, "
                    "then try again; the check says how far it came."
                ),
                evidence={"sqlstate": error.sqlstate},
                server_text=_text(error.pgresult),
            )
        if self._driver.info.transaction_status == TransactionStatus.ACTIVE:
            # psycopg refuses to feed COPY … FROM STDIN and leaves the server waiting for data
            self._abandon()
            return KnownError(
                "script_needs_psql",
                _("The statement moves data through psql"),
                _("COPY with STDIN or STDOUT works only in psql: run this file with psql."),
            )
        if error.sqlstate is None:
            raise error
        code = _CODES.get(error.sqlstate, "script_failed")
        position = error.diag.statement_position
        return StatementFailed(
            code,
            *_WORDS[code],
            sqlstate=error.sqlstate,
            position=int(position) if position else None,
            server_text=_text(error.pgresult),
        )

    def _abandon(self) -> None:
        """Cancel the statement on the server and close, without making the user wait for it."""
        if self.closed:
            return
        driver = self._driver
        self._abandoned = True

        def end() -> None:
            # where the server cannot be reached any more, closing is all that is left
            with suppress(psycopg.Error):
                driver.cancel_safe(timeout=_CANCEL_SECONDS)
            driver.close()

        thread = Thread(target=end, daemon=True)
        thread.start()
        thread.join(_CANCEL_AWAITED)


class _Driver(psycopg.Connection[tuple[Any, ...]]):
    deadline: Deadline

    def wait(self, gen: PQGen[T], *_args: object, **_options: object) -> T:
        return super().wait(_checked(gen, self.deadline), interval=Deadline.STEP)


def _checked(gen: PQGen[T], deadline: Deadline) -> PQGen[T]:
    """Do as ``gen`` does, but look at the deadline after each wait."""
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            deadline.check()
            wanted = gen.send(ready)
    except StopIteration as stop:
        result: T = stop.value
        return result


def _timed_out(seconds: float) -> KnownError:
    return KnownError(
        "no_answer",
        _("The server was not done within {seconds} seconds", seconds=f"{seconds:g}"),
        _(
            "The statement was cancelled. Often another program, such as pgAdmin, holds the table: "
            "close it, then try again."
        ),
        evidence={"seconds": seconds},
    )


def _text(result: PGresult | None) -> str:
    if result is None:
        return ""
    fields = (
        DiagnosticField.MESSAGE_PRIMARY,
        DiagnosticField.MESSAGE_DETAIL,
        DiagnosticField.MESSAGE_HINT,
    )
    return "\n".join(filter(None, (_field(result, field) for field in fields)))


def _field(result: PGresult, field: DiagnosticField) -> str:
    """Return one field of what the server said; a SQL_ASCII database does not say it in UTF-8."""
    severity = result.error_field(DiagnosticField.SEVERITY) or b""
    return decode(result.error_field(field) or b"", severity=severity)
