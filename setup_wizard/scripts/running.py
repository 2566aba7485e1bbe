"""Running one statement of a script, and saying where in the file the server stopped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from setup_wizard.database import catalog
from setup_wizard.database.connection import Connection, StatementFailed
from setup_wizard.errors import KnownError
from setup_wizard.i18n import Text, _
from setup_wizard.scripts import Script, Statement
from setup_wizard.scripts.grammar import Moves

EXTENSION_MISSING: Final = frozenset({"0A000", "58P01"})
"""What CREATE EXTENSION gives where its files are not on the server's computer."""


def run(
    connection: Connection,
    script: Script,
    statement: Statement,
    sql: str | None = None,
    moves: Moves | None = None,
) -> str:
    """Run ``statement``, or ``sql`` that was made from it, and return the server's command tag.

    Raises StatementFailed whose title, detail and evidence say the file, line and column; its
    ``position`` stays that of the text that was run.
    """
    try:
        return connection.execute(statement.text if sql is None else sql)
    except StatementFailed as error:
        refusal = error
    raise _located(refusal, script, statement, moves or Moves())


def _located(
    refusal: StatementFailed, script: Script, statement: Statement, moves: Moves
) -> StatementFailed:
    line, column = statement.line, statement.column
    if refusal.position is not None:
        before = statement.text[: moves.back(refusal.position - 1)]
        line += before.count("\n")
        column = len(before) - before.rfind("\n") if "\n" in before else column + len(before)
    title, detail = refusal.title, refusal.detail
    if refusal.code == "script_failed":
        title = _(
            "{file}, line {line}: the server does not accept this", file=script.path.name, line=line
        )
        detail = _advice(refusal)
    located = StatementFailed(
        refusal.code,
        title,
        detail,
        sqlstate=refusal.sqlstate,
        position=refusal.position,
        server_text=refusal.server_text,
    )
    located.evidence = {
        **refusal.evidence,
        "file": str(script.path),
        "line": line,
        "column": column,
    }
    return located


def _advice(refusal: StatementFailed) -> Text:
    if refusal.sqlstate in EXTENSION_MISSING:
        return _(
            "Nothing was changed. The server lacks something that the script needs, most often an "
            "extension such as pgvector: install it on the server's computer and try again."
        )
    return _(
        "Nothing was changed: the script runs whole or not at all. The server's own words are "
        "under Details; correct the file and try again."
    )


@contextmanager
def naming_the_holder(connection: Connection, names: Iterable[str]) -> Iterator[None]:
    """Add to a ``lock_timeout`` who holds the relations ``names`` (as in SQL).

    Asked after the transaction ended, because a statement that was refused ends it.
    """
    try:
        yield
    except StatementFailed as error:
        if error.code != "lock_timeout":
            raise
        refusal = error
    else:
        return
    raise _held(refusal, _holders(connection, names))


def _holders(connection: Connection, names: Iterable[str]) -> list[tuple[int, str, str]]:
    oids = sorted(set(catalog.find(connection, names).values()))
    rows = connection.query(
        "SELECT DISTINCT pid, application_name, usename FROM pg_locks JOIN pg_stat_activity "
        "USING (pid) WHERE granted AND relation = ANY(%s::oid[]) AND pid <> pg_backend_pid() "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
        "ORDER BY pid",
        (oids,),
    )
    return [(int(str(pid)), str(program or ""), str(user or "")) for pid, program, user in rows]


def _held(refusal: StatementFailed, holders: list[tuple[int, str, str]]) -> KnownError:
    described = [f"{program or '?'} (pid {pid}, {user})" for pid, program, user in holders]
    return KnownError(
        "lock_timeout",
        _("Another program holds the tables"),
        _(
            "It has not finished its own work: {holders}. Nothing was changed. Finish or close it "
            "there, then try again.",
            holders=", ".join(described),
        )
        if described
        else _("It has finished by now, it seems. Nothing was changed. Please try again."),
        evidence={
            **refusal.evidence,
            "pids": [str(pid) for pid, _program, _user in holders],
            "holders": described,
        },
        server_text=refusal.server_text,
    )
