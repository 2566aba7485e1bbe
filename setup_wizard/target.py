"""Where to connect to: five values, each with its origin, as libpq and SQLAlchemy read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from setup_wizard.errors import KnownError
from setup_wizard.secret import Secret

Field = Literal["host", "port", "database", "user", "password"]
FIELDS: Final[tuple[Field, ...]] = ("host", "port", "database", "user", "password")


@dataclass(frozen=True)
class Target:
    """A PostgreSQL database and who logs in; ``password`` None means that none was given.

    ``options`` are the URL's further libpq parameters (``sslmode`` …), validated names only.
    """

    host: str
    port: int
    database: str
    user: str
    password: Secret | None
    options: Mapping[str, str] = field(default_factory=dict)


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
class Settings:
    """What a project's .env (or the environment) says about its database.

    ``values`` has what could be read, for prefilled fields, even when ``target`` is None because
    something is wrong; ``problems`` says what, the first being the cause. A problem that leaves the
    target usable (placeholder, duplicate key …) stands there as well.
    """

    target: Target | None
    values: Mapping[Field, str | Secret]
    origins: Mapping[Field, Origin]
    problems: tuple[KnownError, ...] = ()
