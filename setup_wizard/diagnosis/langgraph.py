"""Checks of what the app's own server needs: LangGraph's checkpoint tables and who makes them.

The facts are those of langgraph-checkpoint-postgres:
https://github.com/langchain-ai/langgraph/blob/main/libs/checkpoint-postgres/langgraph/checkpoint/postgres/base.py
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from setup_wizard.diagnosis.case import Case
from setup_wizard.diagnosis.finding import Finding, Status
from setup_wizard.envfile import is_file
from setup_wizard.i18n import _

if TYPE_CHECKING:
    import ast

    from setup_wizard.database.checkpoints import Checkpoints

TABLES: Final = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")
_NEWEST: Final = 9
"""The last of the library's own migrations (v0 to v9)."""

_SKIPPED: Final = frozenset({"node_modules", "venv", "env", "site-packages", "dist", "build"})
_MOST_FOLDERS: Final = 300
_LARGEST: Final = 200_000
_SAVER: Final = b"PostgresSaver"
_POOL: Final = re.compile(r"(Async)?ConnectionPool")


def check_langgraph(case: Case) -> Iterator[Finding]:
    """Are the checkpoint tables whole, and will the app's server make them where they are not?"""
    from setup_wizard.database import checkpoints

    there = checkpoints.read(case.connection, TABLES)
    sources = _sources(case)
    warnings = [*_doubts(there), *_pools(sources)]
    if not there.tables:
        warnings += _no_setup(sources)
    yield from warnings
    if not warnings:
        yield Finding(
            check="langgraph",
            status=Status.OK,
            code="ready",
            title=_("The app's own tables"),
            summary=_("there and complete")
            if there.tables
            else _("made by the app's server when it first starts"),
            evidence={"tables": there.tables, "version": there.version},
        )


def _doubts(there: Checkpoints) -> Iterator[Finding]:
    if there.invalid_indexes:
        yield Finding(
            check="langgraph",
            status=Status.WARN,
            code="checkpoint_index_invalid",
            title=_("An index of the app's tables was never finished"),
            detail=_(
                "Making {indexes} was interrupted, and the app does not try again because the "
                "name is taken. Stop the app, run the following, and start it again: {sql}",
                indexes=", ".join(there.invalid_indexes),
                sql=" ".join(f"DROP INDEX {index};" for index in there.invalid_indexes),
            ),
            evidence={"indexes": there.invalid_indexes},
        )
    if there.tables and (there.version is None or there.version < _NEWEST):
        yield Finding(
            check="langgraph",
            status=Status.WARN,
            code="checkpoint_tables_old",
            title=_("The app's tables are of an older shape"),
            detail=_(
                "{tables} exist, but their record checkpoint_migrations says {version} instead of "
                "{newest}: they were made by hand or by an older LangGraph. The app's server "
                "brings them up to date when it starts; do not change them yourself.",
                tables=", ".join(there.tables),
                version=_("nothing") if there.version is None else there.version,
                newest=_NEWEST,
            ),
            evidence={"tables": there.tables, "version": there.version},
        )


@dataclass(frozen=True)
class _Source:
    """A Python file of the project that imports LangGraph's PostgresSaver."""

    path: Path
    text: str
    calls: tuple[ast.Call, ...]


def _sources(case: Case) -> list[_Source]:
    return list(_users_of_the_saver(case)) if case.project else []


def _users_of_the_saver(case: Case) -> Iterator[_Source]:
    import ast  # 5 ms, once everything else is right

    assert case.project
    for path in _python_files(case.project.root):
        case.deadline.check()
        try:
            with path.open("rb") as file:
                data = file.read(_LARGEST + 1)
            if _SAVER not in data or len(data) > _LARGEST:
                continue
            text = data.decode()
            tree = ast.parse(text)
        except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
            continue  # what Python cannot read is not the app's code
        nodes = list(ast.walk(tree))
        if any(isinstance(n, ast.alias) and n.name.endswith(_SAVER.decode()) for n in nodes):
            yield _Source(path, text, tuple(n for n in nodes if isinstance(n, ast.Call)))


def _python_files(root: Path) -> Iterator[Path]:
    """Give Python files of a project, of a large one only the first folders."""
    for (folder, folders, files), _left in zip(os.walk(root), range(_MOST_FOLDERS), strict=False):
        folders[:] = [f for f in folders if not f.startswith((".", "__")) and f not in _SKIPPED]
        paths = (Path(folder, name) for name in files if name.endswith(".py"))
        yield from (path for path in paths if is_file(path))


def _pools(sources: list[_Source]) -> Iterator[Finding]:
    """Warn of a pool without autocommit: setup() makes indexes that no transaction allows."""
    for source in sources:
        pools = [call.lineno for call in source.calls if _POOL.fullmatch(_called(call))]
        if pools and "autocommit" not in source.text:
            yield Finding(
                check="langgraph",
                status=Status.WARN,
                code="checkpoint_autocommit",
                title=_("The app's server may not be able to make its tables"),
                detail=_(
                    "{file}, line {line} opens connections without autocommit, and LangGraph's "
                    "setup() then ends with ActiveSqlTransaction. Give the pool "
                    'kwargs={{"autocommit": True, "prepare_threshold": 0}}.',
                    file=source.path.name,
                    line=pools[0],
                ),
                evidence={"path": str(source.path), "line": pools[0]},
            )


def _no_setup(sources: list[_Source]) -> Iterator[Finding]:
    if sources and not any(_called(c) == "setup" for source in sources for c in source.calls):
        yield Finding(
            check="langgraph",
            status=Status.WARN,
            code="checkpoint_setup_missing",
            title=_("Nobody makes the app's own tables"),
            detail=_(
                "{file} uses LangGraph's PostgresSaver, but nothing calls its setup(), which "
                "makes {tables}. The app's server must call it once when it starts.",
                file=sources[0].path.name,
                tables=", ".join(TABLES),
            ),
            evidence={"path": str(sources[0].path)},
        )


def _called(call: ast.Call) -> str:
    """Return the last name of what is called: ``setup`` of ``saver.setup()``."""
    function = call.func
    while (inner := getattr(function, "value", None)) is not None and not hasattr(function, "attr"):
        function = inner  # Pool[Connection](…)
    return str(getattr(function, "attr", getattr(function, "id", "")))
