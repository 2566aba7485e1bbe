"""What can be wrong with a database address, in words; and where each value came from."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from setup_wizard import url
from setup_wizard.envfile import Entry
from setup_wizard.errors import Evidence, KnownError
from setup_wizard.i18n import Message, _
from setup_wizard.secret import Secret
from setup_wizard.url import FIELDS, Field

URL_KEY: Final = "DATABASE_URL"
PATTERN: Final = "postgresql+psycopg://postgres:PASSWORD@localhost:5432/DATABASE"
_PLACEHOLDER_WORDS: Final = frozenset(
    {
        *("yourpassword", "yourpass", "yourpw", "yourdbpassword", "yourpostgrespassword"),
        *("passwordhere", "yourpasswordhere", "changeme", "changethis", "changeit"),
        *("replaceme", "replacethis", "placeholder", "todo", "yourusername", "youruser"),
        *("yourdbuser", "yourdatabase", "yourdatabasename", "yourdb", "yourdbname"),
        *("databasename", "yourhost", "yourhostname"),
        *("비밀번호", "데이터베이스이름", "사용자이름"),
    }
)
_PLACEHOLDER_SHAPE: Final = re.compile(r"<.+>|[xX]{3,}|\*{3,}|\.{3,}")
_MAX_PORT: Final = 65535
_PLACEHOLDER_TITLES: Final[Mapping[Field, Message]] = {
    "host": _("The host is still the example's"),
    "port": _("The port is still the example's"),
    "database": _("The database is still the example's"),
    "user": _("The user is still the example's"),
    "password": _("The password is still the example's"),
}


@dataclass(frozen=True)
class Origin:
    """Where one value came from.

    ``kind`` file: ``path``, ``line`` (from 1) and ``key`` are set; environment: ``key`` is the
    variable; default: nobody said, libpq's own default; typed: the user typed it.
    """

    kind: Literal["file", "environment", "default", "typed"]
    key: str = ""
    path: Path | None = None
    line: int | None = None


@dataclass(frozen=True)
class Said:
    """One setting that somebody wrote; ``entry`` where it stands in the file."""

    value: Secret
    origin: Origin
    entry: Entry | None = None

    @property
    def evidence(self) -> Evidence:
        """Where it stands, for a KnownError."""
        path = self.origin.path
        return {
            "key": self.origin.key,
            "path": str(path) if path else None,
            "line": self.origin.line,
        }

    @property
    def place(self) -> Message:
        """Where it stands, in a few words."""
        if self.origin.path is None:
            return _("environment variable {key}", key=self.origin.key)
        return _("{file}, line {line}", file=self.origin.path.name, line=self.origin.line)


def no_address(said: Said) -> KnownError:
    """Say that the text is no URL of PostgreSQL."""
    return KnownError(
        "url_invalid",
        _("{key} is not a database address", key=said.origin.key),
        _(
            "It must begin with postgresql://, in small letters, and look like {pattern}. "
            "({place})",
            pattern=PATTERN,
            place=said.place,
        ),
        evidence={**said.evidence, "characters": _odd_characters(said.value.reveal())},
    )


def not_postgresql(said: Said, scheme: str) -> KnownError:
    """Say that the settings are for another kind of database."""
    return KnownError(
        "url_not_postgresql",
        _("{key} is for {scheme}, not for PostgreSQL", key=said.origin.key, scheme=scheme),
        _(
            "This wizard sets up PostgreSQL, whose address begins with postgresql://. Ask your "
            "team for the right one. ({place})",
            place=said.place,
        ),
        evidence={**said.evidence, "scheme": scheme},
    )


def needs_encoding(
    said: Said, parts: url.Parts, broken: tuple[url.EncodedField, ...]
) -> KnownError:
    """Say which parts must be percent-encoded, and which characters are the reason."""
    pieces = [getattr(parts, name) for name in broken]
    characters = sorted({c for piece in pieces for c in url.special_characters(piece)})
    title = (
        _("The password in {key} has a character that breaks the address", key=said.origin.key)
        if "password" in broken
        else _("{key} has a character that breaks the address", key=said.origin.key)
    )
    return KnownError(
        "password_needs_encoding",
        title,
        _(
            "In an address, @ / ? # % and a space have a meaning of their own, so the parts of "
            "your project read different values. They must be written as a percent code, for "
            "example @ as %40. Nothing else changes. ({place})",
            place=said.place,
        ),
        evidence={**said.evidence, "fields": list(broken), "characters": characters},
    )


def read_differently(said: Said, parts: url.Parts) -> KnownError:
    """Say that libpq and SQLAlchemy do not both read the URL alike."""
    pieces = (parts.user, parts.password, parts.database)
    if any(piece and url.decoded(piece) is None for piece in pieces):
        detail = _(
            "Its percent codes are not UTF-8. Type the password here and save it: the wizard "
            "then writes the codes. ({place})",
            place=said.place,
        )
    else:
        detail = _(
            "PostgreSQL's library and SQLAlchemy do not read the same from it, or cannot read it. "
            "Compare it with {pattern}. ({place})",
            pattern=PATTERN,
            place=said.place,
        )
    return KnownError(
        "url_invalid",
        _("{key} cannot be read", key=said.origin.key),
        detail,
        evidence=said.evidence,
    )


def unknown_option(said: Said, name: str) -> KnownError:
    """Say that libpq does not know an option; the target is usable without it."""
    return KnownError(
        "url_invalid",
        _("{key} has an option that PostgreSQL's library does not know", key=said.origin.key),
        _(
            "It belongs to another driver and is left out here. Where your project hands this "
            "address to psycopg, it is refused (ssl=require of asyncpg is sslmode=require "
            "there). ({place})",
            place=said.place,
        ),
        # Only plain names: with no @ before it, a 'name' may be a piece of a password.
        evidence={
            **said.evidence,
            "option": name if re.fullmatch(r"[a-z_]{1,40}", name) else None,
        },
    )


def faults(values: Mapping[Field, str], origins: Mapping[Field, Origin]) -> Iterator[KnownError]:
    """Yield what makes a value unusable: url_invalid, with its field as evidence."""
    for name in FIELDS:
        fault = _fault(name, values[name]) if name in values else None
        if fault:
            title, advice = fault
            said = Said(Secret(""), origins[name])
            if said.origin.key:
                advice = _("{advice} ({place})", advice=advice, place=said.place)
            evidence: Evidence = {**said.evidence, "field": name}
            yield KnownError("url_invalid", title, advice, evidence=evidence)


def _fault(name: Field, text: str) -> tuple[Message, Message] | None:
    match name:
        case "host" | "port" if "," in text:
            return (
                _("Several servers are named, the wizard sets up one"),
                _("Leave one host and one port, separated by a colon."),
            )
        case "port":
            return None if _is_port(text) else _bad_port()
        case "host":
            return None if _is_host(text) else _bad_host()
        case "database" if not text:
            return _("The database has no name"), _("Type the database's name.")
        case "user" if not text:
            return _("The user has no name"), _("Type the user's name, for example postgres.")
    return None


def _bad_port() -> tuple[Message, Message]:
    return (
        _("The port is not a number from 1 to {limit}", limit=_MAX_PORT),
        _("PostgreSQL's usual port is 5432."),
    )


def _bad_host() -> tuple[Message, Message]:
    return (
        _("The host is not the name or address of a computer"),
        _("Write localhost for this computer. An IPv6 address stands in brackets in an address."),
    )


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 9 and 0 < int(text) <= _MAX_PORT


def _is_host(text: str) -> bool:
    """Whether it can be a host: a name, an address, or the folder of a Unix socket."""
    if text.startswith("/"):
        return True
    if ":" in text:
        try:
            ipaddress.IPv6Address(text)
        except ValueError:
            return False
        return True
    return bool(text) and not re.search(r"[\s/@?#%\[\]\\]", text)


def doubts(values: Mapping[Field, str], said: Mapping[Field, Said]) -> Iterator[KnownError]:
    """Yield what is probably not meant, though it can be used."""
    for name, text in values.items():
        evidence = {**said[name].evidence, "field": name}
        if odd := _odd_characters(text):
            yield KnownError(
                "url_invalid",
                _("A character looks right but is another one: {codes}", codes=", ".join(odd)),
                _(
                    "It is full-width or invisible, as often after copying from a chat or a "
                    "document. Type the value again by hand, in English input mode."
                ),
                evidence={**evidence, "characters": odd},
            )
        if _is_placeholder(text):
            yield KnownError(
                "placeholder_value",
                _PLACEHOLDER_TITLES[name],
                _("It is the pattern's text. Put in the real value, or type it here."),
                evidence=evidence,
            )
    password = said.get("password")
    comment = password.entry.comment.reveal() if password and password.entry else ""
    if password and password.origin.key != URL_KEY and re.match(r"\s+#\S", comment):
        yield _cut(password)


def _is_placeholder(text: str) -> bool:
    squashed = re.sub(r"[\W_]", "", text).lower()
    return squashed in _PLACEHOLDER_WORDS or bool(_PLACEHOLDER_SHAPE.fullmatch(text))


def _odd_characters(text: str) -> list[str]:
    """Return the code points that nobody types on purpose: full-width, invisible, control."""
    odd = {
        character
        for character in text
        if (character != " " and unicodedata.category(character) in ("Cc", "Cf", "Zs", "Zl", "Zp"))
        or unicodedata.east_asian_width(character) == "F"
    }
    return [f"U+{ord(character):04X}" for character in sorted(odd)]


def _cut(said: Said) -> KnownError:
    return KnownError(
        "env_syntax",
        _("{key} ends before a #", key=said.origin.key),
        _(
            "python-dotenv takes a # after a space, and all that follows, as a comment. If it "
            "belongs to the password, put the value in single quotes. ({place})",
            place=said.place,
        ),
        evidence=said.evidence,
    )


def lost_variables(said: Iterable[Said]) -> Iterator[KnownError]:
    """Yield a doubt for each value that has lost a ``${NAME}``."""
    for one in said:
        if one.entry and one.entry.unset:
            yield KnownError(
                "env_syntax",
                _("{key} has a variable that stands for nothing", key=one.origin.key),
                _(
                    "python-dotenv replaces a dollar sign with a name in braces, and nobody has "
                    "set this name. Set it above this line; if it is part of a password in the "
                    "address, write $ as %24. ({place})",
                    place=one.place,
                ),
                evidence=one.evidence,
            )


def overridden(said: Iterable[Said], environ: Mapping[str, str]) -> Iterator[KnownError]:
    """Yield one doubt when the environment gives other values than the file."""
    keys = [
        one.origin.key
        for one in said
        if one.entry and environ.get(one.origin.key, one.value.reveal()) != one.value.reveal()
    ]
    if keys:
        yield KnownError(
            "env_overridden",
            _("The environment says something else than the settings file"),
            _(
                "{keys} is also set in the environment, with another value, and that wins when "
                "your project loads the file. The wizard uses the file. Remove the variable from "
                "the environment (on Windows: 'Edit the system environment variables').",
                keys=", ".join(keys),
            ),
            evidence={"keys": keys},
        )
