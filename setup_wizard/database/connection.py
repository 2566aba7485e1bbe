"""Connecting to PostgreSQL, and statements that obey a time limit and Cancel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from setup_wizard.deadline import Deadline
from setup_wizard.errors import Evidence, KnownError
from setup_wizard.target import Target


class ConnectionFailed(KnownError):
    """No connection came about.

    ``code`` is the cause, ``sqlstate`` the server's code where it gave one, ``server_text`` its own
    sentence, to show and never to decide from.
    """

    def __init__(
        self,
        code: str,
        title: object,
        detail: object,
        *,
        evidence: Evidence,
        sqlstate: str | None,
        server_text: str,
    ) -> None:
        super().__init__(code, title, detail, evidence=evidence)
        self.sqlstate = sqlstate
        self.server_text = server_text


class StatementFailed(KnownError):
    """The server refused a statement; the connection is still good.

    ``code``: ``lock_timeout`` (55P03), ``read_only`` (25006), ``cannot_create`` (42501), else
    ``script_failed``. ``position`` counts characters of the statement from 1, None where unknown.
    """

    def __init__(
        self,
        code: str,
        title: object,
        detail: object = "",
        *,
        sqlstate: str,
        position: int | None,
        server_text: str,
    ) -> None:
        super().__init__(code, title, detail, evidence={"sqlstate": sqlstate})
        self.sqlstate = sqlstate
        self.position = position
        self.server_text = server_text


@dataclass(frozen=True)
class Notice:
    """What the server said beside an answer; ``severity`` is NOTICE, WARNING … untranslated."""

    severity: str
    sqlstate: str
    text: str


class Connection:
    """A connection in autocommit mode; every statement obeys ``deadline``, which may be replaced.

    Statements raise StatementFailed; KnownError ``no_answer`` when the time limit passed (the
    statement is cancelled on the server and the connection closed); Cancelled likewise; KnownError
    ``connection_lost`` when the server went away.
    """

    deadline: Deadline
    notices: list[Notice]

    @property
    def server_version(self) -> int:
        """The server's version as libpq counts it: 170002 is 17.2."""
        raise NotImplementedError

    @property
    def server_address(self) -> str:
        """The address that answered: ``127.0.0.1`` or ``::1``."""
        raise NotImplementedError

    @property
    def closed(self) -> bool:
        """Whether the connection is closed, by us or by the server."""
        raise NotImplementedError

    def query(
        self, sql: str, params: Sequence[object] | Mapping[str, object] | None = None
    ) -> list[tuple[object, ...]]:
        """Return all rows of one statement; ``%s`` in it are filled from ``params``."""
        raise NotImplementedError

    def execute(self, sql: str) -> str:
        """Run SQL text as it is (one statement or several) and return the last command tag."""
        raise NotImplementedError

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end, or roll back when anything is raised."""
        raise NotImplementedError
        yield

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """A transaction that is always rolled back."""
        raise NotImplementedError
        yield

    def close(self) -> None:
        """Close it; a second time does nothing."""
        raise NotImplementedError

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(target: Target, deadline: Deadline, *, database: str | None = None) -> Connection:
    """Log in to ``target``, or to another ``database`` on its server.

    Raises ConnectionFailed with the one cause, or Cancelled within 0.2 s.
    """
    raise NotImplementedError
