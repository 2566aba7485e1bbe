"""What a script may hold when it runs whole in one transaction, and what only psql can run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from setup_wizard.errors import Evidence, KnownError
from setup_wizard.i18n import Text, _
from setup_wizard.scripts import Statement
from setup_wizard.scripts.grammar import code

if TYPE_CHECKING:
    from postgast.pg_query_pb2 import Node

# The statements for which the server calls PreventInTransactionBlock:
# https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/tcop/utility.c
_ALONE: Final = {
    "createdb_stmt": "CREATE DATABASE",
    "dropdb_stmt": "DROP DATABASE",
    "create_table_space_stmt": "CREATE TABLESPACE",
    "drop_table_space_stmt": "DROP TABLESPACE",
    "alter_system_stmt": "ALTER SYSTEM",
    "create_subscription_stmt": "CREATE SUBSCRIPTION",
    "drop_subscription_stmt": "DROP SUBSCRIPTION",
}


@dataclass(frozen=True)
class Parsed:
    """A statement and its tree."""

    statement: Statement
    tree: Node


def without_transaction(path: Path, parsed: Iterable[Parsed]) -> Iterator[Statement]:
    """Give the statements to run, without a ``BEGIN`` … ``COMMIT`` around all of them.

    Raises KnownError ``script_needs_psql`` for what cannot run in our one transaction.
    """
    statements = list(parsed)
    if len(statements) > 1 and _begins(statements[0].tree) and _commits(statements[-1].tree):
        statements = statements[1:-1]
    for each in statements:
        if command := _needs_psql_itself(each.tree):
            raise needs_psql(path, each.statement.line, command)
        if each.tree.HasField("transaction_stmt"):
            raise _controls_transaction(path, each.statement.line)
        if command := _runs_alone(each.tree):
            raise _alone(path, each.statement.line, command)
        if each.tree.variable_set_stmt.name != "client_encoding":  # the text is decoded already
            yield each.statement


def psql_language(before: str, rest: str) -> str | None:
    r"""Return the psql command, COPY data or variable at which the parser stopped, else None.

    Args:
        before: the script up to the token that the parser did not like.
        rest: the script from there on.
    """
    from postgast.pg_query_pb2 import Token

    if rest.startswith(("\\", ":")):
        return rest.split(maxsplit=1)[0]
    kinds = [token.token for token in code(before)]
    if Token.COPY in kinds and Token.STDIN in kinds[kinds.index(Token.COPY) :]:
        return "COPY … FROM stdin"
    return None


def needs_psql(path: Path, line: int, what: str) -> KnownError:
    """Make the error for ``what`` only psql understands."""
    return _refusal(
        path,
        line,
        what,
        _("{file} can only be run by psql", file=path.name),
        _(
            "Line {line} has {what}, which is psql's own language and not SQL. Nothing was run. "
            "Run the file with psql, or take that line out: psql -f {path}",
            line=line,
            what=what,
            path=path,
        ),
    )


def _controls_transaction(path: Path, line: int) -> KnownError:
    return _refusal(
        path,
        line,
        "transaction",
        _("{file} begins or ends transactions itself", file=path.name),
        _(
            "Scripts are run whole or not at all, and line {line} would end that. Nothing was "
            "run. Take BEGIN, COMMIT and their like out of the file, or run it with psql: "
            "psql -f {path}",
            line=line,
            path=path,
        ),
    )


def _alone(path: Path, line: int, command: str) -> KnownError:
    return _refusal(
        path,
        line,
        command,
        _("{file} has a statement that must run alone", file=path.name),
        _(
            "Scripts are run whole or not at all, and PostgreSQL does not allow {command} (line "
            "{line}) in such a run. Nothing was run. Take it out of the file, or run the file with "
            "psql: psql -f {path}",
            command=command,
            line=line,
            path=path,
        ),
    )


def _refusal(path: Path, line: int, what: str, title: Text, detail: Text) -> KnownError:
    evidence: Evidence = {"file": str(path), "line": line, "statement": what}
    return KnownError("script_needs_psql", title, detail, evidence=evidence)


def _begins(tree: Node) -> bool:
    from postgast.pg_query_pb2 import TransactionStmtKind as Kind

    node = tree.transaction_stmt
    return node.kind in (Kind.TRANS_STMT_BEGIN, Kind.TRANS_STMT_START) and not node.options


def _commits(tree: Node) -> bool:
    from postgast.pg_query_pb2 import TransactionStmtKind as Kind

    return tree.transaction_stmt.kind == Kind.TRANS_STMT_COMMIT and not tree.transaction_stmt.chain


def _needs_psql_itself(tree: Node) -> str | None:
    copy = tree.copy_stmt
    if not tree.HasField("copy_stmt") or copy.filename:
        return None
    return "COPY … FROM stdin" if copy.is_from else "COPY … TO stdout"


def _runs_alone(tree: Node) -> str | None:
    """Return the command's name when the server refuses it inside a transaction."""
    from postgast.pg_query_pb2 import DiscardMode, ReindexObjectType

    kind = tree.WhichOneof("node") or ""
    node: Any = getattr(tree, kind)
    match kind:
        case "index_stmt" if node.concurrent:
            return "CREATE INDEX CONCURRENTLY"
        case "drop_stmt" if node.concurrent:
            return "DROP INDEX CONCURRENTLY"
        case "reindex_stmt" if _option(node.params, "concurrently"):
            return "REINDEX CONCURRENTLY"
        case "reindex_stmt" if node.kind not in (
            ReindexObjectType.REINDEX_OBJECT_INDEX,
            ReindexObjectType.REINDEX_OBJECT_TABLE,
        ):
            return "REINDEX"
        case "vacuum_stmt" if node.is_vacuumcmd:
            return "VACUUM"
        case "cluster_stmt" if not node.HasField("relation"):
            return "CLUSTER"
        case "discard_stmt" if node.target == DiscardMode.DISCARD_ALL:
            return "DISCARD ALL"
        case "alter_database_stmt" if _option(node.options, "tablespace"):
            return "ALTER DATABASE"
        case "alter_table_stmt" if any(
            getattr(cmd.alter_table_cmd, "def").partition_cmd.concurrent for cmd in node.cmds
        ):
            return "DETACH PARTITION CONCURRENTLY"
    return _ALONE.get(kind)


def _option(options: Iterable[Node], name: str) -> bool:
    return any(option.def_elem.defname == name for option in options)
