r"""The listing of tables, as ``\dt [PATTERN]`` of psql 17 gives it, whatever the server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final
from unicodedata import category, east_asian_width

from setup_wizard.database.connection import StatementFailed
from setup_wizard.database.pattern import NamePattern
from setup_wizard.errors import KnownError
from setup_wizard.i18n import _

if TYPE_CHECKING:
    from setup_wizard.database.connection import Connection

Row = tuple[str, str, str, str]
"""Schema, name, type and owner of a table."""

_TITLE: Final = "List of relations"
_HEADERS: Final = ("Schema", "Name", "Type", "Owner")
_TAB: Final = 8
_PLAIN: Final = re.compile(r"[ -~]*")
_SINGLE_BYTE: Final = 0x80
_ZERO_WIDTH: Final = ("Mn", "Me", "Cf")
_REGEX_REFUSED: Final = "2201B"

# What is visible is worked out once for all: psql's pg_table_is_visible() looks into the catalog
# again for every row, which is most of its time with 10,000 tables.
_QUERY: Final = """
WITH path AS (
    SELECT s.oid, s.nspname, p.place
    FROM unnest(pg_catalog.current_schemas(true)) WITH ORDINALITY AS p (name, place)
        JOIN pg_catalog.pg_namespace s ON s.nspname = p.name
)
SELECT n.nspname, c.relname,
    CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' ELSE 'TOAST table' END,
    pg_catalog.pg_get_userbyid(c.relowner)
FROM pg_catalog.pg_class c
    JOIN {namespaces} n ON n.oid = c.relnamespace
WHERE {conditions}
ORDER BY 1, 2
"""
_NOT_HIDDEN: Final = """NOT EXISTS (
    SELECT FROM pg_catalog.pg_class e JOIN path ON path.oid = e.relnamespace
    WHERE e.relname = c.relname AND path.place < n.place)"""
_NO_SYSTEM: Final = """n.nspname <> 'pg_catalog' AND n.nspname !~ '^pg_toast'
    AND n.nspname <> 'information_schema'"""
_MATCH: Final = "{column} OPERATOR(pg_catalog.~) %({value})s COLLATE pg_catalog.default"


def list_tables(connection: Connection, pattern: str | None = None) -> list[Row]:
    r"""Return the tables that ``\dt pattern`` lists, in its order.

    Without a pattern these are the tables on the search path that are not the system's. Raises
    KnownError pattern_invalid.
    """
    if not pattern:
        return connection.query(
            _QUERY.format(
                namespaces="path",
                conditions=f"c.relkind IN ('r', 'p') AND {_NO_SYSTEM} AND {_NOT_HIDDEN}",
            )
        )
    wanted = NamePattern.parse(pattern)
    if wanted.surplus or wanted.database not in (None, connection.database):
        raise _unusable(pattern)
    conditions = ["c.relkind IN ('r', 'p', 't')", _MATCH.format(column="c.relname", value="name")]
    if wanted.schema is None:
        namespaces = "path"
        conditions.append(_NOT_HIDDEN)
    else:
        namespaces = "pg_catalog.pg_namespace"
        conditions.append(_MATCH.format(column="n.nspname", value="schema"))
    query = _QUERY.format(namespaces=namespaces, conditions=" AND ".join(conditions))
    try:
        return connection.query(query, {"name": wanted.name, "schema": wanted.schema})
    except StatementFailed as refusal:
        if refusal.sqlstate != _REGEX_REFUSED:
            raise
    raise _unusable(pattern)


def format_listing(rows: Sequence[Row], pattern: str | None = None) -> str:
    r"""Return what psql 17 prints for these rows, without the very last line end."""
    if not rows:
        if pattern:
            return f'Did not find any relation named "{pattern}".'
        return "Did not find any relations."
    if all(map(_PLAIN.fullmatch, map("".join, rows))):
        widths = [max(map(len, column)) for column in zip(_HEADERS, *rows, strict=True)]
        schema, name, kind, _owner = widths
        lines = [
            f" {row[0]:{schema}} | {row[1]:{name}} | {row[2]:{kind}} | {row[3]}" for row in rows
        ]
    else:
        cells = [[_cell(text) for text in row] for row in rows]
        widths = [
            max(len(header), *(_width(line) for cell in column for line in cell))
            for header, column in zip(_HEADERS, zip(*cells, strict=True), strict=True)
        ]
        lines = [line for row in cells for line in _lines(row, widths)]
    total = sum(widths) + 3 * len(widths) - 1
    title = " " * ((total - len(_TITLE)) // 2) + _TITLE
    header = "|".join(f" {_centred(*pair)} " for pair in zip(_HEADERS, widths, strict=True))
    rule = "+".join("-" * (width + 2) for width in widths)
    footer = "(1 row)" if len(rows) == 1 else f"({len(rows)} rows)"
    return "\n".join((title, header, rule, *lines, footer, ""))


def _unusable(pattern: str) -> KnownError:
    return KnownError(
        "pattern_invalid",
        _("No tables can be looked up by {pattern}", pattern=pattern),
        _(
            "Write it as for psql: sess* for names that begin so, public.* for a schema, "
            "double quotes around a name with capitals or special characters."
        ),
        evidence={"pattern": pattern},
    )


def _centred(text: str, width: int) -> str:
    left = (width - len(text)) // 2
    return f"{' ' * left}{text}".ljust(width)


def _cell(text: str) -> list[str]:
    """Return a cell's lines with its control characters made visible, as psql does."""
    if _PLAIN.fullmatch(text):
        return [text]
    lines = [""]
    for character in text:
        if character == "\n":
            lines.append("")
        elif character == "\t":
            lines[-1] += " " * (_TAB - _width(lines[-1]) % _TAB)
        elif character == "\r":
            lines[-1] += r"\r"
        elif category(character) == "Cc":
            code = ord(character)
            lines[-1] += f"\\x{code:02X}" if code < _SINGLE_BYTE else f"\\u{code:04X}"
        else:
            lines[-1] += character
    return lines


def _width(text: str) -> int:
    """Return how many places a terminal needs, by the properties that psql's tables are made of."""
    if text.isascii():
        return len(text)
    return sum(
        0 if category(character) in _ZERO_WIDTH else 2 if east_asian_width(character) in "WF" else 1
        for character in text
    )


def _lines(row: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    """Print one row; a plus sign says that its cell goes on in the next line."""
    last = len(row) - 1
    for number in range(max(map(len, row))):
        line = ""
        for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
            text = cell[number] if number < len(cell) else ""
            goes_on = number < len(cell) - 1
            line += f" {text}"
            if column < last or goes_on:
                line += " " * (width - _width(text))
            if goes_on:
                line += "+"
            elif column < last:
                line += " "
            if column < last:
                line += "|"
        yield line
