"""A database URL's text: read as libpq and SQLAlchemy both read it, repaired, changed in part.

libpq's reading is libpq's own (through psycopg). SQLAlchemy is not shipped, so its reading is
``sqlalchemy.engine.url._parse_url`` and the psycopg dialect's way of passing it on, restated.
Nothing here raises an exception that quotes a URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, quote, unquote

Field = Literal["host", "port", "database", "user", "password"]
FIELDS: Final[tuple[Field, ...]] = ("host", "port", "database", "user", "password")
EncodedField = Literal["user", "password", "database"]
Values = Mapping[Field, str]
"""What a reader takes from a URL; what it leaves out, or leaves empty, is not there."""

_KEYWORDS: Final[Mapping[str, Field]] = {
    "host": "host",
    "port": "port",
    "dbname": "database",
    "user": "user",
    "password": "password",
}
_PROBES: Final[Mapping[EncodedField, str]] = {
    "user": "postgresql://{}@h",
    "password": "postgresql://u:{}@h",
    "database": "postgresql://h/{}",
}
_SCHEME: Final = re.compile(r"\w+(\+\w+)?://")
_SPECIAL: Final = "@/?#%: "
_SQLALCHEMY: Final = re.compile(
    r"""
    [\w\+]+://
    (?: (?P<user>[^:/]*) (?: :(?P<password>[^@]*) )? @ )?
    (?: (?: \[(?P<ipv6>[^/\?]+)\] | (?P<host>[^/:\?]+) )? (?: :(?P<port>[^/\?]*) )? )?
    (?: /(?P<database>[^\?]*) )?
    (?: \?(?P<query>.*) )?
    """,
    re.VERBOSE,
)
_HOST: Final = r"(?P<host>\[[^\]@]*\]|[^@/?:\[\]]*)"
_QUERY: Final = r"(?:\?(?P<query>(?:[A-Za-z_]\w*=[^=&]*(?:&|$))*))?"
# What may follow the user part, in the order of how sure it makes us that the user part ends here.
_CLEAN_SERVER: Final = re.compile(
    rf"{_HOST}(?::(?P<port>\d*))?(?:/(?P<database>[^?@]*))?{_QUERY}", re.DOTALL
)
_SERVER_AND_DATABASE: Final = re.compile(
    rf"{_HOST}(?::(?P<port>[^@/?]*))?/(?P<database>[^?@/]+){_QUERY}", re.DOTALL
)
_SERVER: Final = re.compile(
    rf"{_HOST}(?::(?P<port>[^@/?]*))?(?:/(?P<database>[^?@/]*))?(?:\?(?P<query>.*))?", re.DOTALL
)
_ANYTHING: Final = re.compile(
    r"(?P<host>\[[^\]]*\]|[^/?:]*)(?::(?P<port>[^/?]*))?(?:/(?P<database>[^?]*))?"
    r"(?:\?(?P<query>.*))?",
    re.DOTALL,
)


@dataclass(frozen=True, repr=False)
class Parts:
    """A URL cut into its pieces as they are written (percent codes kept); None: no such piece."""

    scheme: str
    user: str | None
    password: str | None
    host: str
    port: str | None
    database: str | None
    query: str | None

    def text(self) -> str:
        """Put the pieces together again."""
        pieces = [self.scheme]
        if self.user is not None:
            pieces += (
                [self.user, "@"] if self.password is None else [self.user, ":", self.password, "@"]
            )
        pieces.append(self.host)
        for mark, piece in ((":", self.port), ("/", self.database), ("?", self.query)):
            if piece is not None:
                pieces += [mark, piece]
        return "".join(pieces)


def libpq_reads(url: str) -> tuple[Values, Mapping[str, str]] | None:
    """Return what libpq takes from a URL, and its further options; None when it refuses it."""
    from psycopg import OperationalError  # costs 100 ms; every connection needs it later anyway
    from psycopg.pq import Conninfo

    if "\0" in url:
        return None
    try:
        options = Conninfo.parse(re.sub(r"^(\w+)\+\w+://", r"\1://", url).encode())
        found = {o.keyword.decode(): o.val.decode() for o in options if o.val is not None}
    except (OperationalError, UnicodeError):
        # libpq's own sentence quotes the whole URL.
        return None
    values = {_KEYWORDS[key]: found.pop(key) for key in _KEYWORDS if key in found}
    return {field: value for field, value in values.items() if value}, found


def sqlalchemy_reads(url: str) -> Values | None:
    """Return what ``make_url`` and its psycopg dialect take from a URL; None when they refuse."""
    match = _SQLALCHEMY.match(url)
    if match is None:
        return None
    values: dict[Field, str] = {"host": match["ipv6"] or match["host"] or ""}
    for field in _PROBES:
        values[field] = unquote(match[field] or "")
    if match["port"] is not None:
        try:
            int(match["port"])
        except ValueError:
            return None
        values["port"] = match["port"]
    overrides: dict[Field, list[str]] = {}
    for key, value in parse_qsl(match["query"] or ""):
        if key in _KEYWORDS:
            overrides.setdefault(_KEYWORDS[key], []).append(value)
    values |= {field: ",".join(several) for field, several in overrides.items()}
    return {field: value for field, value in values.items() if value}


def postgresql(url: str) -> bool:
    """Whether the scheme is PostgreSQL's, with or without SQLAlchemy's ``+driver``."""
    return re.match(r"(postgresql|postgres)(\+\w+)?://", url) is not None


def libpq_user() -> str:
    """Return libpq's default user: the operating system's user name."""
    from psycopg.pq import Conninfo  # see libpq_reads

    defaults = {option.keyword: option.val for option in Conninfo.get_defaults()}
    return (defaults.get(b"user") or b"").decode(errors="replace")


def split(url: str) -> Parts | None:
    """Cut a URL as its writer meant it: the user part may hold a raw ``@``, ``/``, ``?`` or ``#``.

    It ends where both readers end it when what follows looks like a server; else at the last ``@``
    that a host and a database follow, else at the last one that a host follows. None without a
    scheme.
    """
    scheme = _SCHEME.match(url)
    if scheme is None:
        return None
    rest = url[scheme.end() :]
    end, server = _server(rest)
    user, colon, password = rest[: max(end, 0)].partition(":")
    return Parts(
        scheme=scheme.group(),
        user=user if end >= 0 else None,
        password=password if colon else None,
        host=server["host"],
        port=server["port"],
        database=server["database"],
        query=server["query"],
    )


def _server(rest: str) -> tuple[int, re.Match[str]]:
    """Return where the user part ends (-1: there is none) and the match of what follows it."""
    # libpq: the first @ counts unless a / comes before it.
    usual = rest.find("@") if "@" in rest.partition("/")[0] else -1
    match = _CLEAN_SERVER.fullmatch(rest, usual + 1)
    if match and all(libpq_knows(o) for _name, o in option_names(match["query"]) if "@" in o):
        return usual, match
    ats = [match.start() for match in re.finditer("@", rest)]
    for pattern in (_SERVER_AND_DATABASE, _SERVER):
        for at in reversed(ats):
            if match := pattern.fullmatch(rest, at + 1):
                return at, match
    match = _ANYTHING.match(rest, usual + 1)
    assert match, "every part of the pattern may be empty"
    return usual, match


def decoded(piece: str) -> str | None:
    """Undo percent codes; None when they are no UTF-8, so that no reader can know the text."""
    try:
        return unquote(piece, errors="strict")
    except UnicodeDecodeError:
        return None


def broken_parts(parts: Parts) -> tuple[EncodedField, ...]:
    """Name the parts that a reader would take for something else than what they say.

    Each is tried alone in an otherwise harmless URL, so nothing else in the URL can be the cause.
    """
    return tuple(
        field
        for field, probe in _PROBES.items()
        if (piece := getattr(parts, field)) and not _survives(field, piece, probe.format(piece))
    )


def _survives(field: EncodedField, piece: str, probe: str) -> bool:
    libpq, alchemy = libpq_reads(probe), sqlalchemy_reads(probe)
    if libpq is None or alchemy is None:
        return False
    return libpq[0].get(field) == alchemy.get(field) == decoded(piece)


def encoded(parts: Parts) -> Parts:
    """Return the URL with broken user, password or database percent-encoded, the rest as it was."""
    pieces: dict[str, Any] = {}
    for field in broken_parts(parts):
        meant = decoded(getattr(parts, field))
        if meant is not None:
            pieces[field] = quote(meant, safe="")
    return replace(parts, **pieces)


def special_characters(piece: str) -> list[str]:
    """Return which of ``@ / ? # % :`` and space stand raw in a piece, in that order."""
    raw = re.sub(r"%[0-9A-Fa-f]{2}", "", piece)
    return [character for character in _SPECIAL if character in raw]


def option_names(query: str | None) -> Iterator[tuple[str, str]]:
    """Yield each ``name=value`` of a query: its decoded name, and how it is written."""
    for written in (query or "").split("&"):
        if written:
            yield unquote(written.partition("=")[0]), written


def written_options(options: Mapping[str, str]) -> str | None:
    """Write options as a query; None when there are none."""
    return "&".join(f"{name}={quote(value, safe='/')}" for name, value in options.items()) or None


def libpq_knows(option: str) -> bool:
    """Whether libpq takes a ``name=value`` of a query."""
    return libpq_reads(f"postgresql:///?{option}") is not None


def changed(parts: Parts, changes: Values) -> Parts:
    """Return the URL with other values; an empty password takes it away.

    A value that the query says (``?host=``) is changed there, since it wins over the part before.
    """
    options = [written for _name, written in option_names(parts.query)]
    pieces: dict[str, Any] = {}
    for keyword, field in _KEYWORDS.items():
        if field not in changes:
            continue
        value = changes[field]
        mine = [o for o in options if unquote(o.partition("=")[0]) == keyword]
        options = [o for o in options if o not in mine]
        if mine or (field == "host" and value.startswith("/")):
            options += [f"{keyword}={quote(value, safe='/')}"] if value else []
            pieces |= {"host": ""} if field == "host" else {}
        elif field == "host":
            pieces[field] = f"[{value}]" if ":" in value else value
        elif field == "password":
            pieces[field] = quote(value, safe="") if value else None
        else:
            pieces[field] = quote(value, safe="")
    if "password" in pieces and parts.user is None:
        pieces.setdefault("user", "")
    if options or parts.query:
        pieces["query"] = "&".join(options)
    return replace(encoded(parts), **pieces)
