"""What a statement is: the object that it makes, the names in it, how to call it in a few words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from setup_wizard.scripts import Statement

if TYPE_CHECKING:
    from postgast.pg_query_pb2 import ScanToken

_SEQUENCE_FUNCTIONS: Final = frozenset({"nextval", "setval", "currval"})

# Queries are only explained in a rehearsal: that checks every name and right and runs nothing.
_QUERIES: Final = frozenset(
    {"select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt"}
)
# What a rehearsal leaves alone: heavy locks, effects that a rollback does not undo, code unknown
# to us. None of it makes an object that a later statement could need …
_LEFT_ALONE: Final = frozenset(
    {
        "check_point_stmt",
        "cluster_stmt",
        "copy_stmt",
        "discard_stmt",
        "listen_stmt",
        "load_stmt",
        "lock_stmt",
        "notify_stmt",
        "refresh_mat_view_stmt",
        "reindex_stmt",
        "truncate_stmt",
        "unlisten_stmt",
        "vacuum_stmt",
    }
)
# … except for these.
_UNKNOWN_EFFECT: Final = frozenset(
    {
        "call_stmt",
        "drop_owned_stmt",
        "execute_stmt",
        "import_foreign_schema_stmt",
        "reassign_owned_stmt",
    }
)
# Settings that would take the rehearsal's own limits, or its right to its scratch schema, away.
_OWN_SETTINGS: Final = frozenset(
    {"lock_timeout", "role", "session_authorization", "statement_timeout"}
)
# A rollback does not undo these, so a DO block that has one of them is not rehearsed.
_OUTLIVES_ROLLBACK: Final = frozenset(
    {
        "dblink",
        "dblink_connect",
        "dblink_exec",
        "lo_export",
        "nextval",
        "pg_cancel_backend",
        "pg_reload_conf",
        "pg_terminate_backend",
        "setval",
    }
)


class Name(NamedTuple):
    """A name in SQL; ``schema`` is empty where the script gives none."""

    schema: str
    name: str

    def __str__(self) -> str:
        return ".".join(quoted(part) for part in self if part)


class Made(NamedTuple):
    """An object that a statement makes; ``on`` is the table of an index or trigger.

    ``arguments``: those of a function, as the server writes them, once they are known.
    """

    kind: str
    name: Name
    on: Name | None = None
    replaces: bool = False
    arguments: str = ""


@dataclass(frozen=True)
class Command:
    """A statement with its tree: what a rehearsal needs to know about it."""

    statement: Statement
    kind: str
    node: Any

    @property
    def is_query(self) -> bool:
        """Whether it reads or changes rows and makes nothing."""
        return self.kind in _QUERIES and not self._select_into

    @property
    def left_alone(self) -> bool:
        """Whether a rehearsal must not run it."""
        if self.kind == "variable_set_stmt":
            return self.node.name in _OWN_SETTINGS or not self.node.name  # RESET ALL
        return self.kind in _LEFT_ALONE or self.has_unknown_effect

    @property
    def has_unknown_effect(self) -> bool:
        """Whether what is left alone may make objects that later statements need."""
        if self.kind != "do_stmt":
            return self.kind in _UNKNOWN_EFFECT
        return bool(_OUTLIVES_ROLLBACK & set(_words(self.node.args[0].def_elem.arg.string.sval)))

    @property
    def search_path(self) -> tuple[str, ...] | None:
        """The schemas that SET search_path names; None for other statements."""
        if self.kind != "variable_set_stmt" or self.node.name != "search_path":
            return None
        return tuple(arg.a_const.sval.sval for arg in self.node.args)

    @property
    def _select_into(self) -> bool:
        return self.kind == "select_stmt" and self.node.HasField("into_clause")

    @cached_property
    def made(self) -> Made | None:
        """The object that it makes; None for other statements and temporary objects."""
        node = self.node
        match self.kind:
            case "create_stmt":
                return _relation("table", node.relation)
            case "create_foreign_table_stmt":
                return _relation("table", node.base_stmt.relation)
            case "select_stmt" if self._select_into:
                return _relation("table", node.into_clause.rel)
            case "create_table_as_stmt":
                from postgast.pg_query_pb2 import ObjectType

                is_view = node.objtype == ObjectType.OBJECT_MATVIEW
                return _relation("view" if is_view else "table", node.into.rel)
            case "view_stmt":
                return _relation("view", node.view, replaces=node.replace)
            case "create_seq_stmt":
                return _relation("sequence", node.sequence)
            case "index_stmt":
                table = _range(node.relation)
                return Made("index", Name(table.schema, node.idxname), table)
            case "create_trig_stmt":
                table = _range(node.relation)
                return Made("trigger", Name(table.schema, node.trigname), table, node.replace)
            case "create_enum_stmt" | "create_range_stmt":
                return Made("type", _name(node.type_name))
            case "create_domain_stmt":
                return Made("type", _name(node.domainname))
            case "composite_type_stmt":
                return Made("type", _range(node.typevar))
            case "create_function_stmt":
                return Made("function", _name(node.funcname), replaces=node.replace)
            case "create_extension_stmt":
                return Made("extension", Name("", node.extname))
            case "create_schema_stmt" if not node.schema_elts:
                return Made("schema", Name("", node.schemaname))
        return None

    @cached_property
    def locked(self) -> tuple[Name, ...]:
        """The existing tables on which it would take a lock that keeps others waiting."""
        node = self.node
        fields = node.DESCRIPTOR.fields_by_name
        names = [
            _range(getattr(node, field))
            for field in ("relation", "sequence", "table")
            if field in fields and node.HasField(field)
        ]
        if self.kind in ("create_stmt", "create_seq_stmt"):
            names.clear()  # that is the name of the new object
        if self.kind == "create_stmt":
            names += [_range(parent.range_var) for parent in node.inh_relations]
        names += [_range(key.pktable) for key in self._constraints if key.HasField("pktable")]
        return tuple(dict.fromkeys(names))

    @cached_property
    def constraint_names(self) -> frozenset[str]:
        """The names that the script itself gives to constraints."""
        return frozenset(node.conname for node in self._constraints if node.conname)

    @cached_property
    def _constraints(self) -> tuple[Any, ...]:
        if self.kind not in ("create_stmt", "alter_table_stmt"):
            return ()
        from postgast import walk

        return tuple(node for _, node in walk(self.node) if node.DESCRIPTOR.name == "Constraint")

    @cached_property
    def shapes(self) -> Name | None:
        """The table whose columns or constraints it changes, and nothing else about it."""
        if self.kind == "rename_stmt":
            from postgast.pg_query_pb2 import ObjectType

            reshaping = self.node.rename_type == ObjectType.OBJECT_COLUMN
        elif self.kind == "alter_table_stmt":
            from postgast.pg_query_pb2 import AlterTableType

            reshaping = all(
                AlterTableType.Name(cmd.alter_table_cmd.subtype) in _RESHAPING
                for cmd in self.node.cmds
            )
        else:
            return None
        return _range(self.node.relation) if reshaping else None

    @cached_property
    def dropped(self) -> tuple[Name, ...]:
        """The names that a DROP names; a schema is a name in itself."""
        if self.kind != "drop_stmt":
            return ()
        from postgast.pg_query_pb2 import ObjectType

        on_table = (
            ObjectType.OBJECT_POLICY,
            ObjectType.OBJECT_RULE,
            ObjectType.OBJECT_TRIGGER,
        )
        if self.node.remove_type in on_table:  # schema, table, name
            parts = [[i.string.sval for i in each.list.items] for each in self.node.objects]
            return tuple(Name("".join(names[:-2]), names[-1]) for names in parts)
        return tuple(_dropped(each) for each in self.node.objects)

    @cached_property
    def fingerprint(self) -> str:
        """What it has in common with statements that differ only in their constants."""
        from postgast import fingerprint

        return str(fingerprint(self.statement.text).hex)

    @cached_property
    def tokens(self) -> tuple[ScanToken, ...]:
        """Its tokens without comments; offsets count bytes of UTF-8."""
        return code(self.statement.text)

    @cached_property
    def label(self) -> str:
        """Its command words and the first name, such as ``INSERT INTO roles``; never its values."""
        from postgast.pg_query_pb2 import Token

        data = self.statement.text.encode()
        words: list[str] = []
        named = False
        for token in self.tokens[:12]:
            word = data[token.start : token.end].decode()
            if token.keyword_kind and not named:
                words.append(word.upper())
            elif token.token == Token.ASCII_46 and named:
                words[-1] += "."
            elif words and words[-1].endswith("."):
                words[-1] += word
            elif token.token == Token.IDENT and not named:
                words.append(word)
                named = True
            else:
                break
        return " ".join(words)


_RESHAPING: Final = frozenset(
    {
        "AT_AddColumn",
        "AT_AddConstraint",
        "AT_AddIdentity",
        "AT_AlterColumnType",
        "AT_ColumnDefault",
        "AT_DropColumn",
        "AT_DropConstraint",
        "AT_DropExpression",
        "AT_DropIdentity",
        "AT_DropNotNull",
        "AT_SetExpression",
        "AT_SetNotNull",
        "AT_ValidateConstraint",
    }
)


def understand(statement: Statement) -> Command:
    """Parse one statement."""
    from postgast import parse

    node = parse(statement.text).stmts[0].stmt
    kind = node.WhichOneof("node")
    assert kind is not None
    return Command(statement, kind, getattr(node, kind))


def code(sql: str) -> tuple[ScanToken, ...]:
    """Return the tokens of ``sql`` without its comments."""
    from postgast import scan
    from postgast.pg_query_pb2 import Token

    comments = (Token.SQL_COMMENT, Token.C_COMMENT)
    return tuple(token for token in scan(sql).tokens if token.token not in comments)


def quoted(name: str) -> str:
    """Write an identifier so that SQL reads it unchanged."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True)
class Mention:
    """A schema's name inside a statement: bytes ``start`` to ``end`` of it.

    ``name`` is what follows the dot, empty after the word SCHEMA. ``literal``: it stands inside a
    text constant (``nextval('public.ids')``).
    """

    start: int
    end: int
    schema: str
    name: str
    literal: bool = False


def mentions(command: Command) -> Iterator[Mention]:
    """Find the names in a statement that say their schema.

    From the tokens, because the tree of many statements (COMMENT, DROP, CREATE FUNCTION …) does not
    say where a name stands.
    """
    from postgast.pg_query_pb2 import Token

    data = command.statement.text.encode()
    if b"." not in data and b"schema" not in data.lower():
        return
    tokens = command.tokens
    words = [_identifier(data, token) for token in tokens]
    for i, token in enumerate(tokens):
        after_dot = i > 0 and tokens[i - 1].token == Token.ASCII_46
        if i + 2 < len(tokens) and tokens[i + 1].token == Token.ASCII_46 and not after_dot:
            yield Mention(token.start, token.end, words[i], words[i + 2])
        elif i and tokens[i - 1].token == Token.SCHEMA:
            yield Mention(token.start, token.end, words[i], "")
        elif token.token == Token.SCONST and data[token.start : token.start + 1] == b"'":
            before = words[i - 2 : i] if i > 1 else []
            casts = words[i + 1 : i + 3]
            if (before and before[0] in _SEQUENCE_FUNCTIONS) or casts == ["::", "regclass"]:
                yield from _inside(data, token)


def _inside(data: bytes, token: ScanToken) -> Iterator[Mention]:
    """Find ``schema.name`` inside a text constant."""
    from postgast import PgQueryError
    from postgast.pg_query_pb2 import Token

    text = data[token.start + 1 : token.end - 1]
    try:
        inner = code(text.decode())
    except PgQueryError:  # no name at all: the server will say so
        return
    if len(inner) == 3 and inner[1].token == Token.ASCII_46:
        schema, name = (_identifier(text, inner[k]) for k in (0, 2))
        start = token.start + 1 + inner[0].start
        yield Mention(start, start + inner[0].end - inner[0].start, schema, name, literal=True)


def _identifier(data: bytes, token: ScanToken) -> str:
    text = data[token.start : token.end].decode()
    return text[1:-1].replace('""', '"') if text.startswith('"') else text.lower()


def without_data(command: Command) -> dict[tuple[int, int], str]:
    """Tell what to change so that CREATE TABLE AS makes the table and reads no row."""
    from postgast.pg_query_pb2 import Token

    with_, data = command.tokens[-2:]
    if (with_.token, data.token) == (Token.WITH, Token.DATA_P):
        return {(data.start, data.start): "NO "}
    return {(data.end, data.end): " WITH NO DATA"}


def replaced(text: str, changes: Mapping[tuple[int, int], str]) -> tuple[str, Moves]:
    """Replace byte ranges of a statement; also tell how to find a place of the result in it."""
    data = text.encode()
    pieces: list[str] = []
    moves = []
    at = 0
    for (start, end), new in sorted(changes.items()):
        pieces += [data[at:start].decode(), new]
        old = len(data[:start].decode())
        moves.append((old, len(data[start:end].decode()), len(new)))
        at = end
    pieces.append(data[at:].decode())
    return "".join(pieces), Moves(tuple(moves))


@dataclass(frozen=True)
class Moves:
    """Where parts of a text were replaced: (place in the old text, old length, new length)."""

    moves: tuple[tuple[int, int, int], ...] = ()

    def back(self, place: int) -> int:
        """Return the place in the old text for one in the new text; both count characters."""
        for start, old, new in reversed(self.moves):
            shift = sum(n - o for s, o, n in self.moves if s < start)
            if place >= start + shift + new:
                return place - shift - new + old
            if place >= start + shift:
                return start
        return place


def _words(text: str) -> Iterable[str]:
    data = text.encode()
    return (_identifier(data, token) for token in code(text))


def _relation(kind: str, node: Any, *, replaces: bool = False) -> Made | None:
    if node.relpersistence == "t" or node.schemaname.startswith("pg_temp"):
        return None
    return Made(kind, _range(node), replaces=replaces)


def _range(node: Any) -> Name:
    return Name(node.schemaname, node.relname)


def _name(parts: Iterable[Any]) -> Name:
    names = [part.string.sval for part in parts]
    return Name("".join(names[-2:-1]), names[-1])


def _dropped(node: Any) -> Name:
    match node.WhichOneof("node"):
        case "list":
            return _name(node.list.items)
        case "type_name":
            return _name(node.type_name.names)
        case "object_with_args":
            return _name(node.object_with_args.objname)
        case _:
            return Name(node.string.sval, "")
