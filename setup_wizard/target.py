"""Where to connect to: five values, each with its origin, as libpq and SQLAlchemy read them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from setup_wizard import mistakes, url
from setup_wizard.envfile import EnvFile
from setup_wizard.errors import KnownError
from setup_wizard.i18n import _
from setup_wizard.mistakes import PATTERN, URL_KEY, Origin, Said
from setup_wizard.secret import Secret
from setup_wizard.url import FIELDS, Field

__all__ = [
    "FIELDS",
    "Field",
    "Origin",
    "Settings",
    "Target",
    "encoded_url",
    "new_url",
    "read_settings",
    "updates_for",
    "url_with",
    "with_typed",
]

_Names = Mapping[Field, tuple[str, ...]]
_PG: Final[_Names] = {
    "host": ("PGHOST",),
    "port": ("PGPORT",),
    "database": ("PGDATABASE",),
    "user": ("PGUSER",),
    "password": ("PGPASSWORD",),
}
_SETS: Final[tuple[_Names, ...]] = (
    {
        "host": ("POSTGRES_HOST", "POSTGRES_SERVER"),
        "port": ("POSTGRES_PORT",),
        "database": ("POSTGRES_DB",),
        "user": ("POSTGRES_USER",),
        "password": ("POSTGRES_PASSWORD",),
    },
    _PG,
    {
        "host": ("DB_HOST",),
        "port": ("DB_PORT",),
        "database": ("DB_NAME", "DB_DATABASE"),
        "user": ("DB_USER", "DB_USERNAME"),
        "password": ("DB_PASSWORD", "DB_PASS"),
    },
)
# What stands beside a DB_… set and names the kind of database (Laravel, Django, Strapi …).
_KIND_KEYS: Final = ("DB_CONNECTION", "DB_ENGINE", "DB_DIALECT", "DB_TYPE", "DB_CLIENT")
_OTHER_KINDS: Final = ("mysql", "mariadb", "sqlite", "oracle", "mssql", "sqlserver", "mongodb")
_OUR_KEYS: Final = re.compile(r"DATABASE_URL|POSTGRES_|DB_|PG[A-Z]")
USUAL: Final[Mapping[Field, str]] = {"host": "localhost", "port": "5432"}
"""What holds where nothing is said."""


@dataclass(frozen=True)
class Target:
    """A PostgreSQL database and who logs in; ``password`` None means that none was given.

    ``options`` are the URL's further libpq parameters (``sslmode`` …), validated names only; one of
    them may be a secret (``sslpassword``).
    """

    host: str
    port: int
    database: str
    user: str
    password: Secret | None
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Settings:
    """What a project's .env (or the environment) says about its database.

    ``values`` has what could be read, for prefilled fields, even when ``target`` is None because
    something is wrong; ``problems`` says what, the first being the cause. A problem that leaves the
    target usable (placeholder, duplicate key …) stands there as well. ``options`` are the URL's
    further libpq parameters.
    """

    target: Target | None
    values: Mapping[Field, str | Secret]
    origins: Mapping[Field, Origin]
    problems: tuple[KnownError, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass
class _Reading:
    """What was found so far; a cause makes the target unusable, a doubt does not."""

    said: Mapping[Field, Said] = field(default_factory=dict)
    values: dict[Field, str] = field(default_factory=dict, repr=False)
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    causes: list[KnownError] = field(default_factory=list)
    doubts: list[KnownError] = field(default_factory=list)


def read_settings(env: EnvFile | None, environ: Mapping[str, str]) -> Settings:
    """Read where to connect to: from the .env, or where it says nothing, from the environment.

    ``DATABASE_URL`` counts before ``POSTGRES_…``, ``PG…`` and ``DB_…``. What these leave out comes
    from ``PG…`` and libpq's defaults, as when the project itself connects; the host is then
    ``localhost``. With a raw ``@`` and the like in the URL, ``values`` are what was meant, but
    ``target`` is None: the project cannot connect before encode_password.
    """
    file = _said_by_file(env) if env else {}
    around = {
        key: Said(Secret(value), Origin("environment", key))
        for key, value in environ.items()
        if value
    }
    reading = _first_reading(file) or _first_reading(around)
    if reading is None:
        return _nothing_said(env)
    doubts = list(mistakes.doubts(reading.values, reading.said))
    origins = {name: said.origin for name, said in reading.said.items()}
    _complete(reading, origins, file, around)
    values = {
        name: Secret(text) if name == "password" else text for name, text in reading.values.items()
    }
    used = {said.origin.key: said for said in reading.said.values()}
    lost = list(mistakes.lost_variables(used.values()))
    causes = reading.causes or list(mistakes.faults(reading.values, origins))[:1]
    if causes:
        problems = [*_unreadable(env), *lost, *causes, *doubts]
    else:
        around_it = [p for p in _in_file(env) if p.evidence.get("key", URL_KEY) in {URL_KEY, *used}]
        overridden = mistakes.overridden(used.values(), environ)
        problems = [*around_it, *lost, *overridden, *reading.doubts, *doubts]
    return Settings(
        target=None if causes else _target(values, reading.options),
        values=values,
        origins=origins,
        problems=tuple(problems),
        options=reading.options,
    )


def with_typed(settings: Settings, typed: Mapping[Field, str | Secret]) -> Settings:
    """Return the settings with the values that the user typed; an empty password means none.

    Problems of a typed field give way to what is wrong with the typed value (url_invalid). The
    others stay, but the target is usable as soon as all values are right.
    """
    if not typed:
        return settings
    values: dict[Field, str | Secret] = {**USUAL, **settings.values}
    origins = {**dict.fromkeys(USUAL, Origin("default")), **settings.origins}
    for name, value in typed.items():
        text = value.reveal() if isinstance(value, Secret) else value
        values[name] = Secret(text) if name == "password" else text.strip()
        origins[name] = Origin("typed")
    faults = list(mistakes.faults({name: _text(v) for name, v in values.items()}, origins))
    texts = {name: _text(values[name]) for name in typed}
    said = {name: Said(Secret(text), origins[name]) for name, text in texts.items()}
    doubts = mistakes.doubts(texts, said)
    kept = [p for p in settings.problems if p.evidence.get("field") not in typed]
    return replace(
        settings,
        target=None if faults else _target(values, settings.options),
        values=values,
        origins=origins,
        problems=(*(f for f in faults if f.evidence["field"] in typed), *kept, *doubts),
    )


def encoded_url(address: Secret) -> Secret:
    """Return a URL with a raw ``@ / # % ?`` or space in password, user or database encoded.

    Raises KnownError url_invalid when libpq and SQLAlchemy do not both read it then.
    """
    return url_with(address, {})


def url_with(address: Secret, changes: Mapping[Field, str | Secret]) -> Secret:
    """Return a URL with other values; driver, query and everything else stay as they are written.

    An empty password takes the password away. Raises KnownError url_invalid when libpq and
    SQLAlchemy do not both read the new URL as it is meant.
    """
    parts = url.split(address.reveal())
    texts = {name: _text(value) for name, value in changes.items()}
    if parts is not None:
        new = url.changed(parts, texts)
        read = _agreed(new)
        if read and all(read[0].get(name, "") == text for name, text in texts.items()):
            return Secret(new.text())
    raise KnownError(
        "url_invalid",
        _("{key} cannot be rewritten", key=URL_KEY),
        _(
            "The rest of the address is not one that PostgreSQL's library and SQLAlchemy read the "
            "same way. Write it anew: {pattern}",
            pattern=PATTERN,
        ),
        evidence={"key": URL_KEY},
    )


def updates_for(env: EnvFile, settings: Settings) -> tuple[tuple[str, Secret], ...]:
    """Return which keys get which values so that the .env says what ``settings`` means.

    For save_env: the typed values go into DATABASE_URL, or into the set of keys that the file uses,
    or into a new DATABASE_URL. For encode_password: what must be percent-encoded is. Empty when the
    file says it already, or when there is too little to make a new DATABASE_URL.
    Raises KnownError url_invalid as :func:`url_with` does.
    """
    file = _said_by_file(env)
    reading = _first_reading(file)
    typed = {
        name: _text(settings.values[name])
        for name, origin in settings.origins.items()
        if origin.kind == "typed"
    }
    if reading:
        typed = {name: text for name, text in typed.items() if text != reading.values.get(name, "")}
    address = file.get(URL_KEY)
    if address is None and reading:
        return tuple(_set_updates(reading, typed))
    if address and url.postgresql(address.value.reveal()):
        new = url_with(_meant(address), typed)
    elif settings.target:
        new = new_url(settings.target)
    else:
        return ()
    return () if address and new == address.value else ((URL_KEY, new),)


def new_url(target: Target) -> Secret:
    """Write a target as a DATABASE_URL for SQLAlchemy with psycopg."""
    empty = url.split("postgresql+psycopg://")
    assert empty, "this URL has a scheme"
    parts = url.changed(
        replace(empty, query=url.written_options(target.options)),
        {
            "host": target.host,
            "port": str(target.port),
            "database": target.database,
            "user": target.user,
            "password": target.password.reveal() if target.password else "",
        },
    )
    return Secret(parts.text())


def _set_updates(reading: _Reading, typed: Mapping[Field, str]) -> Iterator[tuple[str, Secret]]:
    keys = {said.origin.key for said in reading.said.values()}
    names = next(
        names for names in _SETS if keys & {key for some in names.values() for key in some}
    )
    for name, text in typed.items():
        key = next((key for key in names[name] if key in keys), names[name][0])
        yield key, Secret(text)


def _text(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value


def _said_by_file(env: EnvFile) -> dict[str, Said]:
    said: dict[str, Said] = {}
    for entry in env.entries:
        origin = Origin("file", entry.key, env.path, entry.line)
        said.pop(entry.key, None)
        if entry.value:
            said[entry.key] = Said(entry.value, origin, entry)
    return said


def _first_reading(said: Mapping[str, Said]) -> _Reading | None:
    if address := said.get(URL_KEY):
        return _read_url(address)
    for names in _SETS:
        found: dict[Field, Said] = {}
        for name, keys in names.items():
            for key in keys:
                if key in said:
                    found.setdefault(name, said[key])
        # A stray PGPORT or DB_PASSWORD alone does not say where to connect to.
        if "database" in found or "user" in found:
            values = {name: one.value.reveal() for name, one in found.items()}
            causes = list(_other_kind(said)) if "DB_HOST" in names["host"] else []
            return _Reading(found, values, causes=causes)
    return None


def _other_kind(said: Mapping[str, Said]) -> Iterator[KnownError]:
    for key in _KIND_KEYS:
        if key in said:
            kind = said[key].value.reveal().lower()
            for other in _OTHER_KINDS:
                if other in kind:
                    yield mistakes.not_postgresql(said[key], other)
                    return


def _meant(said: Said) -> Secret:
    """Return the URL with what python-dotenv cut off at ``<space>#`` when that is its own end."""
    text = said.value.reveal()
    cut = said.entry.comment.reveal() if said.entry else ""
    rest = text.partition("://")[2]
    return Secret(text + cut) if "@" in cut and "@" not in rest and "/" not in rest else said.value


def _agreed(parts: url.Parts) -> tuple[url.Values, Mapping[str, str]] | None:
    """Return values and options when libpq and SQLAlchemy read a URL alike, else None.

    Options that libpq does not know are left out: they belong to another driver.
    """
    known = "&".join(o for _name, o in url.option_names(parts.query) if url.libpq_knows(o))
    text = replace(parts, query=known or None).text()
    libpq = url.libpq_reads(text)
    return libpq if libpq and libpq[0] == url.sqlalchemy_reads(text) else None


def _read_url(said: Said) -> _Reading:
    address = _meant(said).reveal()
    parts = url.split(address)
    if parts is None:
        return _Reading(causes=[mistakes.no_address(said)])
    if not url.postgresql(address):
        scheme = parts.scheme.rstrip(":/")
        misspelt = scheme.lower().startswith("postgres")
        cause = mistakes.no_address(said) if misspelt else mistakes.not_postgresql(said, scheme)
        return _Reading(causes=[cause])
    agreed = _agreed(url.encoded(parts))
    values, options = agreed or url.libpq_reads(url.encoded(parts).text()) or ({}, {})
    faults = list(mistakes.faults(values, dict.fromkeys(values, said.origin)))[:1]
    if not agreed and not faults:
        faults = [mistakes.read_differently(said, parts)]
    if faults and parts.user is None:
        # Without an @ the 'port' or 'database' may be a password that lost its end: not shown.
        return _Reading(causes=faults)
    broken = url.broken_parts(parts)
    return _Reading(
        said=dict.fromkeys((*values, "password"), said),
        values={**values},
        options=options,
        causes=faults or ([mistakes.needs_encoding(said, parts, broken)] if broken else []),
        doubts=[
            mistakes.unknown_option(said, name)
            for name, option in url.option_names(parts.query)
            if not url.libpq_knows(option)
        ],
    )


def _complete(
    reading: _Reading,
    origins: dict[Field, Origin],
    file: Mapping[str, Said],
    around: Mapping[str, Said],
) -> None:
    """Add what was left out, as libpq would: from ``PG…``, else its default."""
    values = reading.values
    for name in FIELDS:
        (key,) = _PG[name]
        said = file.get(key) or around.get(key)
        if name in values or (name == "password" and not said):
            continue
        if not reading.said and name not in USUAL:
            continue
        values[name] = said.value.reveal() if said else _default(name, values)
        origins[name] = said.origin if said else Origin("default")


def _default(name: Field, values: Mapping[Field, str]) -> str:
    return USUAL.get(name) or values.get("user") or url.libpq_user()


def _target(values: Mapping[Field, str | Secret], options: Mapping[str, str]) -> Target | None:
    if not {"host", "port", "database", "user"} <= values.keys():
        return None
    password = values.get("password")
    return Target(
        host=_text(values["host"]),
        port=int(_text(values["port"])),
        database=_text(values["database"]),
        user=_text(values["user"]),
        password=Secret(_text(password)) if password else None,
        options=options,
    )


def _in_file(env: EnvFile | None) -> tuple[KnownError, ...]:
    return env.problems if env else ()


def _unreadable(env: EnvFile | None) -> list[KnownError]:
    """The encodings at which python-dotenv stops, before anything else can matter."""
    return [p for p in _in_file(env) if p.evidence.get("readable") is False]


def _nothing_said(env: EnvFile | None) -> Settings:
    problems: list[KnownError] = []
    if env is None:
        problems.append(
            KnownError(
                "env_missing",
                _("There is no settings file .env, and the environment says nothing"),
                _(
                    "The database address is read from {key}. Choose your project's folder, or "
                    "type the values here.",
                    key=URL_KEY,
                ),
            )
        )
    else:
        problems += _unreadable(env)
        problems += [p for p in env.problems if _hides_our_key(env, p)]
        problems.append(_url_missing(env))
    origins = dict.fromkeys(USUAL, Origin("default"))
    return Settings(None, USUAL, origins, tuple(problems))


def _hides_our_key(env: EnvFile, problem: KnownError) -> bool:
    line = problem.evidence.get("line")
    if problem.code != "env_syntax" or not isinstance(line, int) or "key" in problem.evidence:
        return False
    return bool(_OUR_KEYS.search(env.line(line)))


def _url_missing(env: EnvFile) -> KnownError:
    evidence = {"path": str(env.path), "key": URL_KEY}
    entry = env.get(URL_KEY)
    if not env.entries and not env.problems:
        title = _("{file} is empty", file=env.path.name)
    elif entry:
        title = _("{key} in line {line} has no value", key=URL_KEY, line=entry.line)
    else:
        title = _("{file} has no {key}", file=env.path.name, key=URL_KEY)
    return KnownError(
        "url_missing",
        title,
        _(
            "The wizard does not know where your database is. Type the values here and save them, "
            "or write a line such as {key}={pattern} to {path}.",
            key=URL_KEY,
            pattern=PATTERN,
            path=env.path,
        ),
        evidence=evidence,
    )
