"""Saying what scripts would do: rehearse them, then compare with what is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from setup_wizard.database import catalog
from setup_wizard.database.catalog import Constraint, Index, Relation
from setup_wizard.database.connection import Connection
from setup_wizard.errors import KnownError
from setup_wizard.i18n import Text, _, ngettext
from setup_wizard.scripts import Action, Plan, PlanItem, Script
from setup_wizard.scripts.comparing import (
    Differences,
    compare_indexes,
    compare_tables,
    compare_views,
    kind_of,
    other_kind,
)
from setup_wizard.scripts.definitions import definitions
from setup_wizard.scripts.grammar import Made, Name, understand
from setup_wizard.scripts.rehearsal import Rehearsal, Step
from setup_wizard.scripts.running import naming_the_holder

RELATIONS: Final = frozenset({"table", "view", "sequence", "index"})
DEFINED: Final = frozenset({"type", "function", "trigger"})
IN_SCHEMAS: Final = RELATIONS | {"type", "function"}


def load_parser() -> None:
    """Import PostgreSQL's parser ahead of its first use."""
    import postgast  # noqa: F401


def make_plan(connection: Connection, scripts: Sequence[Script]) -> Plan:
    """Say for each object and statement of ``scripts`` what applying them would do.

    The scripts are rehearsed in one transaction that is rolled back: nothing changes, and nobody
    has to wait. Raises KnownError: ``script_failed`` (with file, line and column as evidence),
    ``cannot_create``, ``read_only``, ``lock_timeout``, and what the connection raises.
    """
    scripts = tuple(scripts)
    with naming_the_holder(connection, named(scripts)), connection.rehearsal():
        rehearsal = Rehearsal(connection)
        rehearsal.run(scripts)
        return _Comparison(rehearsal).plan(scripts)


def named(scripts: tuple[Script, ...]) -> Iterator[str]:
    """Give the names of the relations that the scripts make or work on."""
    for script in scripts:
        for statement in script.statements:
            command = understand(statement)
            names = [*command.locked, *command.dropped]
            if command.made and command.made.kind in RELATIONS:
                names += [command.made.name, *filter(None, [command.made.on])]
            yield from (str(name) for name in names if name.name)


@dataclass(frozen=True)
class _Seen:
    """The objects of one side, by their real names."""

    names: frozenset[Name]
    relations: dict[Name, Relation]
    indexes: dict[Name, Index]
    definitions: dict[Made, dict[str, str]]


@dataclass(frozen=True)
class _Verdict:
    action: Action
    about: Text = ""
    differences: Differences = ()


class _Comparison:
    """What a rehearsal made, beside what is there."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.rehearsal = rehearsal
        self.home = rehearsal.home
        self.made = self._read(scratch=True)
        self.there = self._read(scratch=False)
        self.promised = frozenset(
            name for step in rehearsal.steps for name in step.command.constraint_names
        )
        self.reached = {table: self._reached(table) for table in rehearsal.shapes}

    def plan(self, scripts: tuple[Script, ...]) -> Plan:
        steps = [(step, self._item(step)) for step in self.rehearsal.steps]
        plan = Plan(
            scripts,
            tuple(item for _step, item in steps),
            frozenset(s.command.statement for s, item in steps if item.action is Action.SAME),
            tuple(self._expected(steps)),
        )
        if not plan.differs:
            self._check_rights(steps)
        return plan

    def _read(self, *, scratch: bool) -> _Seen:
        connection = self.rehearsal.connection
        made = [step.made for step in self.rehearsal.steps if step.made]
        names = {m.name for m in made if m.kind in RELATIONS}
        names |= {m.on for m in made if m.on} | set(self.rehearsal.shapes)
        written = {
            self.rehearsal.in_scratch(name) if scratch else str(name): name for name in names
        }
        with self.rehearsal.looking_at(scratch=scratch):
            oids = catalog.find(connection, written)
            relations = catalog.relations(connection, oids.values())
            indexes = {i.oid: i for relation in relations.values() for i in relation.indexes}
            if elsewhere := set(oids.values()) - relations.keys() - indexes.keys():
                indexes |= catalog.indexes(connection, elsewhere)
            texts = {
                m: definitions(connection, m, self.rehearsal.schema(m.name.schema, scratch=scratch))
                for m in made
                if m.kind in DEFINED
            }
        seen = _Seen(
            frozenset(written[n] for n in oids),
            {written[n]: relations[oid] for n, oid in oids.items() if oid in relations},
            {written[n]: indexes[oid] for n, oid in oids.items() if oid in indexes},
            texts,
        )
        return self.rehearsal.really(seen) if scratch else seen

    def _item(self, step: Step) -> PlanItem:
        verdict = self._verdict(step)
        if step.made is None or verdict is None:
            action = Action.SAME if self._is_altered(step) else Action.RUN
            return PlanItem(step.command.label, "statement", action)
        schema, name = step.made.name
        shown = name if schema in ("", self.home) else f"{schema}.{name}"
        return PlanItem(shown, step.made.kind, verdict.action, verdict.about, verdict.differences)

    def _verdict(self, step: Step) -> _Verdict | None:
        """Judge what a statement makes; None when the rehearsal ended without it."""
        if step.made is None:
            return None
        match step.made.kind:
            case "schema":
                new = step.afresh or step.made.name.name in self.rehearsal.new_schemas
                return _Verdict(Action.CREATE if new else Action.SAME)
            case "extension":
                return _Verdict(Action.CREATE if step.afresh else Action.SAME)
            case "index":
                return self._index(step, step.made)
            case kind if kind in RELATIONS:
                return self._relation(step, step.made)
            case _:
                return self._defined(step, step.made)

    def _relation(self, step: Step, made: Made) -> _Verdict | None:
        want = self.made.relations.get(made.name)
        if want is None:
            return None
        about: Text = ""
        if made.kind != "sequence":
            about = ngettext("{count} column", "{count} columns", count=len(want.columns))
        if step.afresh or made.name not in self.there.names:
            return _Verdict(Action.CREATE, about)
        have = self.there.relations.get(made.name)
        if have is None or kind_of(have) != made.kind:
            return _Verdict(Action.DIFFERS, about, self._other_kind(made.name))
        if made.kind == "table":
            reached = self.reached.get(made.name) is not None
            differences = () if reached else self._table(want, have, made.name)
        else:
            differences = compare_views(want, have)
        return _judged(made, differences, about)

    def _other_kind(self, name: Name) -> Differences:
        if relation := self.there.relations.get(name):
            return other_kind(name.name, kind_of(relation))
        # what has a relation's name and is none of them belongs to a type
        return other_kind(name.name, "index" if name in self.there.indexes else "type")

    def _table(self, want: Relation, have: Relation, name: Name) -> Differences:
        indexes = tuple(
            self.made.indexes[step.made.name]
            for step in self.rehearsal.steps
            if step.made and step.made.on == name and step.made.name in self.made.indexes
        )
        return compare_tables(want, have, self.promised, indexes)

    def _index(self, step: Step, made: Made) -> _Verdict | None:
        want = self.made.indexes.get(made.name)
        if want is None or made.on is None:
            return None
        about = _("on {columns}", columns=", ".join(want.keys))
        if step.afresh:
            return _Verdict(Action.CREATE, about)
        if step.command.made and not step.command.made.name.name:
            table = self.there.relations.get(made.on)
            twins = [i for i in (table.indexes if table else ()) if not compare_indexes(want, i)]
            return _Verdict(Action.SAME if twins else Action.CREATE, about)
        have = self.there.indexes.get(made.name)
        if have is not None:
            gone = Name(made.on.schema, have.table) in self.rehearsal.gone
            if not gone:
                return _judged(made, compare_indexes(want, have), about)
        elif made.name in self.there.names:
            return _Verdict(Action.DIFFERS, about, self._other_kind(made.name))
        return _Verdict(Action.CREATE, about)

    def _defined(self, step: Step, made: Made) -> _Verdict | None:
        want = self.made.definitions[made].get(made.arguments)
        have = self.there.definitions[made].get(made.arguments)
        if want is None:
            return None
        if step.afresh or have is None:
            return _Verdict(Action.CREATE)
        return _judged(made, () if want == have else (_("its definition is another one"),))

    def _reached(self, table: Name) -> int | None:
        """Say after how many of its ALTER TABLE statements a table is like the real one."""
        have = self.there.relations.get(table)
        shapes = [shape for _step, shape in self.rehearsal.shapes[table]]
        shapes.append(self.made.relations.get(table))
        alike = [
            at
            for at, shape in enumerate(shapes)
            if shape and have and not self._table(shape, have, table)
        ]
        return alike[-1] if alike else None

    def _is_altered(self, step: Step) -> bool:
        """Whether what an ALTER TABLE statement does has been done already."""
        for table, before in self.rehearsal.shapes.items():
            steps = [each for each, _shape in before]
            if step not in steps:
                continue
            at = steps.index(step)
            if table not in self.rehearsal.copies:
                reached = self.reached[table]
                return reached is not None and at < reached
            shapes = [*(shape for _step, shape in before), self.made.relations.get(table)]
            return self._alike(table, shapes[at], shapes[at + 1])
        return False

    def _alike(self, table: Name, one: Relation | None, other: Relation | None) -> bool:
        """Compare two states of a copy, which has no foreign keys of its own."""
        have = self.there.relations.get(table)
        if one is None or other is None or have is None:
            return False
        keys = tuple(c for c in have.constraints if c.kind == "f")
        own = tuple(c for c in other.constraints if c.kind != "f" or not _among(c, keys))
        return not compare_tables(one, replace(other, constraints=own), self.promised)

    def _expected(self, steps: list[tuple[Step, PlanItem]]) -> Iterator[tuple[str, bool]]:
        for step, item in steps:
            if step.made is None or step.made.kind not in RELATIONS or step.afresh:
                continue
            unnamed = step.command.made is None or not step.command.made.name.name
            if item.action in (Action.CREATE, Action.SAME) and not unnamed:
                yield str(step.made.name), item.action is Action.SAME

    def _check_rights(self, steps: list[tuple[Step, PlanItem]]) -> None:
        """Raise ``cannot_create`` when an object is to be made where the user may make none.

        The rehearsal cannot tell: its scratch schemas belong to the user.
        """
        schemas = {
            step.made.name.schema
            for step, item in steps
            if step.made and item.action is Action.CREATE and step.made.kind in IN_SCHEMAS
        }
        refused = self.rehearsal.connection.query(
            "SELECT nspname, quote_ident(nspname), current_user::text, quote_ident(current_user) "
            "FROM pg_namespace WHERE nspname = ANY(%s) "
            "AND NOT has_schema_privilege(oid, 'CREATE') ORDER BY 1",
            (sorted(schemas),),
        )
        for schema, written, user, role in refused:
            raise KnownError(
                "cannot_create",
                _("{user} may not create tables here", user=user),
                _(
                    "Since PostgreSQL 15 only a database's owner may create tables in it at first. "
                    "Ask the owner to run: {sql}",
                    sql=f"GRANT CREATE ON SCHEMA {written} TO {role}",
                ),
                evidence={"schema": schema, "user": user},
            )


def _judged(made: Made, differences: Differences, about: Text = "") -> _Verdict:
    if not differences:
        return _Verdict(Action.SAME, about)
    if made.replaces:
        return _Verdict(Action.RUN, _("replaces the one that is there"))
    return _Verdict(Action.DIFFERS, about, differences)


def _among(constraint: Constraint, others: Iterable[Constraint]) -> bool:
    return any(constraint.definition == other.definition for other in others)
