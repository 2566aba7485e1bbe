"""Rehearsing scripts: they run against scratch schemas, in a transaction that is rolled back.

Every object that a script makes comes into being in a scratch schema that stands in for the real
one, because it is first on the search path or because the statement's text was changed to name it.
An existing table that a statement would lock (a foreign key's target, ALTER TABLE, CREATE INDEX …)
is copied there first, empty: nobody has to wait for a rehearsal.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Final, TypeVar

from setup_wizard.database import catalog
from setup_wizard.database.catalog import Relation
from setup_wizard.database.connection import Connection, StatementFailed
from setup_wizard.errors import KnownError
from setup_wizard.i18n import _
from setup_wizard.scripts import Script, Statement
from setup_wizard.scripts.definitions import has_extension
from setup_wizard.scripts.grammar import (
    Command,
    Made,
    Mention,
    Moves,
    Name,
    mentions,
    quoted,
    replaced,
    understand,
    without_data,
)
from setup_wizard.scripts.running import run

T = TypeVar("T")

LOCK_TIMEOUT: Final = "1s"
"""Long enough for the moment in which another program really holds a lock, short for a person."""
STATEMENT_TIMEOUT: Final = "30s"

_TAKES_NAMES_AWAY: Final = frozenset(
    {"alter_object_schema_stmt", "do_stmt", "drop_stmt", "rename_stmt"}
)
_NAMED: Final = """
SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid AND relname = %(name)s)
    OR EXISTS (SELECT FROM pg_type WHERE typnamespace = n.oid AND typname = %(name)s)
    OR EXISTS (SELECT FROM pg_proc WHERE pronamespace = n.oid AND proname = %(name)s)
    OR EXISTS (SELECT FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
               WHERE relnamespace = n.oid AND tgname = %(name)s)
FROM pg_namespace n WHERE nspname = %(schema)s
"""
_LOCKABLE: Final = """
SELECT c.oid, nspname, relname, relkind IN ('r', 'p') AND has_table_privilege(c.oid, 'SELECT'),
    'PARTITION BY ' || pg_get_partkeydef(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE c.oid = to_regclass(%s)
"""
# LIKE leaves foreign keys out, which is what we want, and gives keys other names, which is not.
_KEYS: Final = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = %s::oid AND contype IN ('p', 'u', 'x')
"""
# cmin numbers the commands of this transaction
_NEWEST_FUNCTION: Final = """
SELECT pg_get_function_identity_arguments(p.oid)
FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
WHERE nspname = %s AND proname = %s ORDER BY p.cmin::text::bigint DESC LIMIT 1
"""
_NEWEST_INDEX: Final = """
SELECT relname FROM pg_index JOIN pg_class c ON c.oid = indexrelid
WHERE indrelid = to_regclass(%s) ORDER BY indexrelid DESC LIMIT 1
"""
_UNIQUE_INDEXES: Final = """
SELECT relname, pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class c ON c.oid = indexrelid
WHERE indrelid = %s::oid AND indisunique AND indisvalid
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""


@dataclass
class Step:
    """A statement and what became of it in the rehearsal.

    ``made`` says what it makes, with the real schema; None where the rehearsal could not tell.
    ``afresh``: it will be made, whatever is there now, because the script itself drops that first.
    """

    script: Script
    command: Command
    made: Made | None = None
    afresh: bool = False


@dataclass
class Rehearsal:
    """What running the scripts does, tried out; use it inside a transaction to be rolled back.

    ``shapes`` has, for each table that the scripts reshape with ALTER TABLE, how it looked before
    each such statement and which one that was.
    """

    connection: Connection
    steps: list[Step] = field(default_factory=list)
    shapes: dict[Name, list[tuple[Step, Relation | None]]] = field(default_factory=dict)
    copies: set[Name] = field(default_factory=set)
    gone: set[Name] = field(default_factory=set)
    scratch: dict[str, str] = field(default_factory=dict)
    new_schemas: set[str] = field(default_factory=set)
    """Schemas that the scripts make and that do not exist."""

    def __post_init__(self) -> None:
        self._uncertain = False
        self._known: dict[Name, bool] = {}
        # Thousands of rows to insert differ only in their values: one of them stands for all.
        self._explained: set[str] = set()
        self._printed: dict[str, str] = {}
        self._copied_indexes: set[Name] = set()
        self.connection.query(
            "SELECT set_config('lock_timeout', %s, true), "
            "set_config('statement_timeout', %s, true), "
            # the bodies of functions may name what only exists in the real schema
            "set_config('check_function_bodies', 'off', true)",
            (LOCK_TIMEOUT, STATEMENT_TIMEOUT),
        )
        self._look_around()
        self._use_path()
        self.home = "".join(self._path[:1])

    def run(self, scripts: tuple[Script, ...]) -> None:
        """Rehearse all statements in order."""
        for script in scripts:
            for statement in script.statements:
                step = Step(script, understand(statement))
                self.steps.append(step)
                self._rehearse(step)

    @contextmanager
    def looking_at(self, *, scratch: bool) -> Iterator[None]:
        """Make the server write names without a schema, so that texts can be compared.

        Args:
            scratch: whether the objects of the scratch schemas or the real ones are looked at.
        """
        mine, theirs = list(self.scratch.values()), [*self.scratch, *self._path]
        self._set_path([*mine, *theirs] if scratch else [*theirs, *mine])
        yield
        self._use_path()

    def in_scratch(self, name: Name) -> str:
        """Write the name of the scratch object that stands in for a real one."""
        return str(Name(self.schema(name.schema, scratch=True), name.name))

    def schema(self, real: str, *, scratch: bool) -> str:
        """Return a schema, or its stand-in."""
        return self.scratch.get(real, real) if scratch else real

    def really(self, value: T) -> T:
        """Put the real schemas' names for the scratch ones into texts from the catalogs."""
        if isinstance(value, str):
            text: str = value
            for real, scratch in self.scratch.items():
                text = text.replace(scratch, self._printed[real])
            return text  # type: ignore[return-value] # T is str here
        if isinstance(value, tuple):
            return tuple(self.really(each) for each in value)  # type: ignore[return-value]
        if isinstance(value, dict):
            return {key: self.really(each) for key, each in value.items()}  # type: ignore[return-value]
        if is_dataclass(value) and not isinstance(value, type):
            return replace(
                value, **{f.name: self.really(getattr(value, f.name)) for f in fields(value)}
            )
        return value

    def _look_around(self) -> None:
        ((self._setting, self._path, self._schemas, self._user),) = self.connection.query(
            "SELECT current_setting('search_path'), current_schemas(false)::text[], "
            "ARRAY(SELECT nspname::text FROM pg_namespace WHERE left(nspname, 3) <> 'pg_' "
            "AND nspname <> 'information_schema'), current_user::text"
        )

    def _follow(self, path: tuple[str, ...]) -> None:
        """Take over the search path that a script has just set."""
        ((self._setting,),) = self.connection.query("SELECT current_setting('search_path')")
        named = (self._user if schema == "$user" else schema for schema in path)
        self._path = [schema for schema in named if schema in self._schemas]
        self._use_path()

    def _use_path(self) -> None:
        """Put the stand-ins of the search path's schemas before it, the first one always."""
        for schema in self._path[:1]:
            self._stand_in(schema)
        first = [quoted(self.scratch[s]) for s in self._path if s in self.scratch]
        self._set_setting(", ".join([*first, self._setting or '""']))

    def _set_path(self, schemas: list[str]) -> None:
        self._set_setting(", ".join(quoted(s) for s in dict.fromkeys(schemas)))

    def _set_setting(self, path: str) -> None:
        self.connection.query("SELECT set_config('search_path', %s, true)", (path,))

    def _stand_in(self, schema: str) -> None:
        """Make the scratch schema for a real one, or use the session's temporary schema."""
        if schema in self.scratch:
            return
        ((schemas, temporary, printed),) = self.connection.query(
            "SELECT has_database_privilege(d, 'CREATE'), has_database_privilege(d, 'TEMP'), "
            "quote_ident(%s) FROM current_database() AS d",
            (schema,),
        )
        scratch = f"setup_wizard_{os.urandom(8).hex()}"
        if schemas:
            self.connection.execute(f"CREATE SCHEMA {scratch}")
        elif temporary:
            # The server makes a session's temporary schema with the first object in it.
            self.connection.execute(f"CREATE TEMPORARY TABLE {scratch} ()")
            ((scratch,),) = self.connection.query(
                "SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()"
            )
            self._uncertain = True  # functions and unlogged tables do not work there as elsewhere
        else:
            raise KnownError(
                "cannot_create",
                _("Your user may not create anything in this database"),
                _(
                    "Not even a temporary table to try the script out. Ask the database's owner "
                    "for the right CREATE or TEMPORARY on the database."
                ),
            )
        self.scratch[schema] = scratch
        self._printed[schema] = printed

    def _rehearse(self, step: Step) -> None:
        command = step.command
        made = command.made
        if made and made.kind in ("schema", "extension"):
            if self._outside_schemas(step, made):
                return
        elif self._must_not_run(command):
            return
        step.afresh |= made is not None and self._dropped_before(made)
        self._remember_shape(step)
        if made and made.kind == "index":
            self._forget_copied_index(made)
        if command.is_query and command.fingerprint in self._explained:
            return
        if not self._try(step):
            self._uncertain = True
            return
        if made:
            step.made = self._placed(made)
        if command.search_path is not None:
            self._follow(command.search_path)
        if command.is_query:
            self._explained.add(command.fingerprint)
        else:
            self._remember(step)

    def _remember(self, step: Step) -> None:
        """Keep what is known of the scratch schemas' names after a statement that is no query."""
        self._explained.clear()
        stay = step.command.kind not in _TAKES_NAMES_AWAY
        self._known = {name: True for name, known in self._known.items() if known and stay}
        if step.made:
            self._known[step.made.name] = True

    def _outside_schemas(self, step: Step, made: Made) -> bool:
        """Note a schema or extension; True when there is nothing to run for it."""
        name = made.name.name
        step.made = made
        if made.kind == "schema":
            step.afresh = Name(name, "") in self.gone
            if name not in self._schemas:
                self.new_schemas.add(name)
                self._schemas.append(name)
            return True
        step.afresh = not has_extension(self.connection, name)
        return not step.afresh

    def _must_not_run(self, command: Command) -> bool:
        """Whether to leave a statement out of the rehearsal; prepare what it works on if not."""
        if command.left_alone:
            self._uncertain |= command.has_unknown_effect
            return True
        if command.dropped and not all(self._stands_in(name) for name in command.dropped):
            self.gone.update(self._full(name) for name in command.dropped)
            return True
        if command.is_query or all(self._is_ours(name) for name in self._others(command)):
            return False
        self._uncertain = True
        return True

    def _others(self, command: Command) -> list[Name]:
        """Leave out the table that a statement makes from those that it locks."""
        if command.made is None or command.made.kind != "table":
            return list(command.locked)
        names = [name for name in command.locked if name.name == command.made.name.name]
        itself = [name for name in names if self._full(name) == self._full(command.made.name)]
        return [name for name in command.locked if name not in itself]

    def _try(self, step: Step) -> bool:
        """Run a statement; False when it failed but may well succeed outside the rehearsal."""
        sql, moves = self._rewritten(step.command)
        if not self._uncertain:
            run(self.connection, step.script, step.command.statement, sql, moves)
            return True
        self.connection.execute("SAVEPOINT rehearsal")
        try:
            run(self.connection, step.script, step.command.statement, sql, moves)
        except StatementFailed as error:
            if error.code != "script_failed":
                raise
            self.connection.execute("ROLLBACK TO rehearsal")
            return False
        self.connection.execute("RELEASE rehearsal")
        return True

    def _rewritten(self, command: Command) -> tuple[str, Moves]:
        """Change the names of real schemas into those of their stand-ins."""
        changes: dict[tuple[int, int], str] = {}
        for mention in mentions(command):
            if mention.schema in self._schemas and self._moves(command, mention):
                self._stand_in(mention.schema)
                changes[mention.start, mention.end] = self.scratch[mention.schema]
        if command.is_query:
            changes[0, 0] = "EXPLAIN "
        elif command.kind == "create_table_as_stmt" and not command.node.into.skip_data:
            changes |= without_data(command)
        return replaced(command.statement.text, changes)

    def _moves(self, command: Command, mention: Mention) -> bool:
        if not mention.name:
            return mention.schema in self.scratch
        name = Name(mention.schema, mention.name)
        return (command.made is not None and command.made.name == name) or self._stands_in(name)

    def _stands_in(self, name: Name) -> bool:
        """Whether a scratch schema has an object of that name."""
        if not name.schema:
            return any(self._stands_in(Name(schema, name.name)) for schema in self._path)
        if name.schema not in self.scratch:
            return False
        if name not in self._known:
            values = {"schema": self.scratch[name.schema], "name": name.name}
            ((self._known[name],),) = self.connection.query(_NAMED, values)
        return self._known[name]

    def _full(self, name: Name) -> Name:
        """Say in which real schema a name without one is."""
        if name.schema or not self._path:
            return name
        options = [Name(schema, name.name) for schema in self._path]
        return next((option for option in options if self._stands_in(option)), options[0])

    def _placed(self, made: Made) -> Made | None:
        """Complete the names of an object that has just been made; None when it is temporary."""
        if made.kind == "extension":
            return made
        on = self._full(made.on) if made.on else None
        home = on.schema if on else made.name.schema or "".join(self._path[:1])
        if home not in self.scratch:
            return None
        name = Name(home, made.name.name)
        if on and not name.name:
            ((newest,),) = self.connection.query(_NEWEST_INDEX, (self.in_scratch(on),))
            name = Name(home, newest)
        if name in self.copies:
            return None
        arguments = self._newest_arguments(name) if made.kind == "function" else ""
        return Made(made.kind, name, on, made.replaces, arguments)

    def _newest_arguments(self, function: Name) -> str:
        with self.looking_at(scratch=True):
            ((arguments,),) = self.connection.query(
                _NEWEST_FUNCTION, (self.scratch[function.schema], function.name)
            )
        return self.really(str(arguments))

    def _dropped_before(self, made: Made) -> bool:
        on = made.on and self._full(made.on)
        home = on.schema if on else made.name.schema or "".join(self._path[:1])
        names = {Name(home, made.name.name), Name(home, ""), on}
        return bool(names & self.gone)

    def _is_ours(self, name: Name) -> bool:
        """Copy an existing table into its scratch schema; False for what cannot be copied."""
        if self._stands_in(name):
            return True
        rows = self.connection.query(_LOCKABLE, (str(name),))
        if not rows:
            return True  # it does not exist, and the server will say so
        ((oid, schema, table, copyable, partitioning),) = rows
        if schema not in self._schemas:
            return schema in self.scratch.values()
        if copyable:
            self._copy(oid, Name(schema, table), partitioning or "")
        return bool(copyable)

    def _copy(self, oid: int, name: Name, partitioning: str) -> None:
        if name.schema not in self.scratch:
            self._stand_in(name.schema)
            self._use_path()
        copy = self.in_scratch(name)
        self.connection.execute(
            f"CREATE TABLE {copy} (LIKE {name} INCLUDING ALL EXCLUDING INDEXES) {partitioning}"
        )
        self._known[name] = True
        for key, definition in self.connection.query(_KEYS, (oid,)):
            self.connection.execute(f"ALTER TABLE {copy} ADD CONSTRAINT {quoted(key)} {definition}")
        for index, definition in self.connection.query(_UNIQUE_INDEXES, (oid,)):
            self._copied_indexes.add(Name(name.schema, index))
            self.connection.execute(self._rewritten(understand(Statement(definition, 1)))[0])
        self.copies.add(name)

    def _forget_copied_index(self, made: Made) -> None:
        """Make room for an index that came with a table's copy, so that it is really rehearsed."""
        assert made.on is not None
        name = Name(self._full(made.on).schema, made.name.name)
        if name in self._copied_indexes:
            self._copied_indexes.discard(name)
            self.connection.execute(f"DROP INDEX {self.in_scratch(name)}")

    def _remember_shape(self, step: Step) -> None:
        if step.command.shapes is None:
            return
        table = self._full(step.command.shapes)
        if catalog.find(self.connection, [str(table)]):
            self.shapes.setdefault(table, []).append((step, self.shape(table)))

    def shape(self, table: Name) -> Relation | None:
        """Read how the stand-in of a table looks at this point."""
        with self.looking_at(scratch=True):
            oids = catalog.find(self.connection, [self.in_scratch(table)]).values()
            found = catalog.relations(self.connection, oids)
        return next((self.really(relation) for relation in found.values()), None)
