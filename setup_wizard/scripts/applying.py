"""Applying a plan: all of its statements in one transaction, or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from setup_wizard.database import catalog
from setup_wizard.database.connection import Connection, StatementFailed
from setup_wizard.errors import KnownError
from setup_wizard.i18n import _, ngettext
from setup_wizard.scripts import Plan, Result, Script, Statement
from setup_wizard.scripts.planning import named
from setup_wizard.scripts.running import naming_the_holder, run

LOCK_TIMEOUT: Final = "5s"
ADVISORY_LOCK: Final = 0x5345545550  # "SETUP" in ASCII: one wizard at a time in a database


def apply(
    connection: Connection, plan: Plan, on_result: Callable[[Result], None] = lambda _: None
) -> tuple[Result, ...]:
    """Run what is still to do of a plan's scripts, whole or not at all.

    Statements whose objects are there already, exactly as the scripts make them, are not run.
    ``on_result`` is called as each statement ends; only when this function returns are they
    committed. Afterwards the connection's settings are as before.

    Raises KnownError; nothing has changed then, except where ``connection_lost`` or ``no_answer``
    say that the commit itself was not answered (evidence ``commit``: ``unknown``):
    ``table_differs``, ``plan_outdated``, ``script_failed``, ``lock_timeout``, ``cannot_create``,
    ``read_only`` and what the connection raises.
    """
    if plan.differs:
        raise table_differs(plan)
    todo = plan.todo
    if not todo:
        return ()
    results: list[Result] = []
    with (
        naming_the_holder(connection, named(plan.scripts)),
        _honest_about_commit(results, todo),
        connection.transaction(),
    ):
        _begin(connection, plan)
        for script, statement in todo:
            results.append(_timed(connection, script, statement))
            on_result(results[-1])
    with suppress(KnownError):  # the changes are saved, whatever becomes of the connection now
        connection.execute("RESET ALL")  # a script's SET would outlive it
    return tuple(results)


def _begin(connection: Connection, plan: Plan) -> None:
    """Let nobody else in, and see that the plan still holds."""
    ((alone, _setting),) = connection.query(
        "SELECT pg_try_advisory_xact_lock(%s), set_config('lock_timeout', %s, true)",
        (ADVISORY_LOCK, LOCK_TIMEOUT),
    )
    if not alone:
        raise KnownError(
            "lock_timeout",
            _("Another setup wizard is at work in this database"),
            _("Wait until it is done, then check again: it may have done everything already."),
            evidence={"lock": "advisory"},
        )
    there = catalog.find(connection, [name for name, _existed in plan.expected])
    changed = [name for name, existed in plan.expected if existed != (name in there)]
    if changed:
        raise KnownError(
            "plan_outdated",
            _("The database has changed since the plan was made"),
            _(
                "Nothing was run. Look at the new plan, then go on. Changed: {objects}.",
                objects=", ".join(changed),
            ),
            evidence={"objects": changed},
        )


def _timed(connection: Connection, script: Script, statement: Statement) -> Result:
    start = time.perf_counter()
    tag = run(connection, script, statement)
    ms = (time.perf_counter() - start) * 1000
    return Result(script.path.name, statement.line, tag, ms)


@contextmanager
def _honest_about_commit(
    results: list[Result], todo: tuple[tuple[Script, Statement], ...]
) -> Iterator[None]:
    """Say so when the answer to COMMIT never came: then nobody knows what the server did."""
    try:
        yield
    except KnownError as error:
        if len(results) < len(todo):
            raise
        refusal = error
    else:
        return
    if refusal.code in ("connection_lost", "no_answer"):
        raise KnownError(
            refusal.code,
            _("The connection was lost while the changes were being saved"),
            _(
                "All statements ran, but the server's last answer never came: they are saved "
                "either all or not at all. Check again to see which."
            ),
            evidence={**refusal.evidence, "commit": "unknown"},
            server_text=refusal.server_text,
        )
    if isinstance(refusal, StatementFailed):
        raise KnownError(
            refusal.code,
            _("The server refused to save the changes"),
            _(
                "Nothing was changed. A rule that is checked only at the end (a deferred "
                "constraint) does not hold; the server's own words are under Details."
            ),
            evidence={**refusal.evidence, "file": str(todo[-1][0].path)},
            server_text=refusal.server_text,
        )
    raise refusal


def table_differs(plan: Plan) -> KnownError:
    """Say which objects exist in another shape."""
    objects = [item.object for item in plan.differs]
    return KnownError(
        "table_differs",
        ngettext(
            "{objects} exists in another shape",
            "{count} objects exist in another shape: {objects}",
            count=len(objects),
            objects=", ".join(objects),
        ),
        _(
            "Nothing was run. Look at the differences in the plan, and rename or change what is "
            "there, or use another database."
        ),
        evidence={"objects": objects},
    )
