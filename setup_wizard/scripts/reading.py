"""Reading an SQL file: its encoding, its statements, and what in it only psql can do."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from setup_wizard.errors import KnownError
from setup_wizard.i18n import Text, _
from setup_wizard.scripts import Script, Statement
from setup_wizard.scripts.grammar import code
from setup_wizard.scripts.transactional import (
    Parsed,
    needs_psql,
    psql_language,
    without_transaction,
)

if TYPE_CHECKING:
    from postgast import PgQueryError
    from postgast.pg_query_pb2 import ParseResult

MAX_BYTES: Final = 5_000_000
"""Scripts that make tables are a few kB; larger files are dumps of data, which psql streams."""

_LFS_POINTER: Final = b"version https://git-lfs"
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def read_script(path: Path) -> Script:
    r"""Read and split an SQL file; nothing is run.

    Line ends become ``\n``, so that a file is the same script however git checked it out. A
    ``BEGIN`` … ``COMMIT`` around the whole file is left out: scripts run in one transaction anyway.

    Raises KnownError ``script_missing``, ``script_unreadable``, ``script_needs_psql`` or, where the
    SQL's grammar is broken, ``script_failed`` with the line and column.
    """
    text, encoding = _decode(path, _read(path))
    statements = tuple(_split(path, text))
    if not statements:
        raise _unreadable(
            path,
            _("{file} has no SQL statement", file=path.name),
            _("The file is empty or has only comments: {path}. Choose another file.", path=path),
        )
    return Script(path, text, encoding, statements)


def _read(path: Path) -> bytes:
    missing = _(
        "Looked for it here: {path}. Choose another file or fetch the project again.", path=path
    )
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a folder above is closed
        raise KnownError(
            "script_missing",
            _("{file} is a folder, not an SQL file", file=path.name),
            _("Choose an SQL file in it: {path}.", path=path),
            evidence={"path": str(path)},
        )
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise KnownError(
            "script_missing",
            _("There is no file {file}", file=path.name),
            missing,
            evidence={"path": str(path)},
        ) from None
    except OSError as error:
        raise KnownError(
            "script_unreadable",
            _("{file} cannot be opened", file=path.name),
            _(
                "The system does not let us read {path}. Check the file's rights, and whether "
                "another program holds it open.",
                path=path,
            ),
            evidence={"path": str(path), "errno": error.errno},
        ) from None
    if len(data) > MAX_BYTES:
        raise _unreadable(
            path,
            _("{file} is too large for a script that makes tables", file=path.name),
            _(
                "It has more than {limit} MB and seems to hold data rather than tables. Run it "
                "with psql: psql -f {path}",
                limit=MAX_BYTES // 1_000_000,
                path=path,
            ),
        )
    if data.startswith(_LFS_POINTER):
        raise KnownError(
            "script_missing",
            _("{file} was not downloaded yet", file=path.name),
            _(
                "What lies here is only Git LFS's note of where the file is. Run this in the "
                "project's folder: git lfs pull"
            ),
            evidence={"path": str(path)},
        )
    return data


def _decode(path: Path, data: bytes) -> tuple[str, str]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            candidates: tuple[str, ...] = (encoding,)
            data = data if encoding == "utf-8-sig" else data.removeprefix(bom)
            break
    else:
        candidates = ("utf-8", "cp949")  # cp949: what Korean Windows editors call ANSI
    for encoding in candidates:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.replace("\r\n", "\n"), encoding
    raise _unreadable(
        path,
        _("{file} is not a text file", file=path.name),
        _(
            "It is neither UTF-8 nor UTF-16 nor CP949. Open it in an editor, save it as UTF-8 and "
            "try again: {path}",
            path=path,
        ),
    )


def _unreadable(path: Path, title: Text, detail: Text) -> KnownError:
    return KnownError("script_unreadable", title, detail, evidence={"path": str(path)})


def _split(path: Path, text: str) -> Iterator[Statement]:
    # postgast costs 60 ms, and most runs of the window show themselves before they need it
    from postgast import PgQueryError, parse

    try:
        tree = parse(text)
    except PgQueryError as error:
        refusal = error
    else:
        return without_transaction(path, _parsed(text, tree))
    raise _not_sql(path, text, refusal)


def _parsed(text: str, tree: ParseResult) -> Iterator[Parsed]:
    data = text.encode()  # the parser counts bytes
    at = 0
    line = 1
    for raw in tree.stmts:
        start = raw.stmt_location
        line += data.count(b"\n", at, start)
        at = start
        end = start + raw.stmt_len if raw.stmt_len else len(data)
        column = len(data[data.rfind(b"\n", 0, start) + 1 : start].decode()) + 1
        yield Parsed(Statement(_trimmed(data[start:end].decode()), line, column), raw.stmt)


def _trimmed(text: str) -> str:
    """Cut the white space and comments that follow the last token."""
    text = text.rstrip()
    if "--" not in text and "*/" not in text:
        return text
    return text.encode()[: code(text)[-1].end].decode()


def _not_sql(path: Path, text: str, refusal: PgQueryError) -> KnownError:
    """Say why the parser stopped: psql's own language, or SQL that is not SQL."""
    # cursorpos counts characters from 1, as the server does, though postgast's documentation says
    # bytes; 0 means that the parser does not know
    place = refusal.cursorpos - 1 if refusal.cursorpos else len(text)
    before = text[:place]
    line = before.count("\n") + 1
    if what := psql_language(before, text[place:]):
        return needs_psql(path, line, what)
    column = len(before) - before.rfind("\n")
    return KnownError(
        "script_failed",
        _(
            "{file} cannot be understood at line {line}, column {column}",
            file=path.name,
            line=line,
            column=column,
        ),
        _("Nothing was run. Correct the file and try again: {path}", path=path),
        evidence={"file": str(path), "line": line, "column": column, "sqlstate": "42601"},
        server_text=refusal.message,
    )
