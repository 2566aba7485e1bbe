"""A project on disk: its folder, its .env, its scripts."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from setup_wizard.envfile import env_missing, is_file
from setup_wizard.errors import KnownError
from setup_wizard.i18n import _

log = logging.getLogger(__name__)

OWN_SCRIPT: Final = Path("migrations", "create_sessions_table.sql")
_PATTERNS: Final = (".env.example", ".env.sample", ".env.template", ".env.txt")
_MARKS: Final = (".env", ".env.example", ".env.txt", OWN_SCRIPT)
_PART_NAMES: Final = frozenset({"backend", "server", "api", "app"})
_PARENTS: Final = 3


@dataclass(frozen=True)
class Project:
    """A folder that the wizard can set up.

    ``root`` is the folder that has the .env (``backend`` where it lies there), ``name`` what people
    call the project; ``env`` is None where there is no .env yet. ``script`` is the project's own
    ``migrations/create_sessions_table.sql``, None where the bundled one serves.
    """

    root: Path
    name: str
    env: Path | None
    script: Path | None = None


def find_projects(starts: Iterable[Path], last_used: Path | None = None) -> tuple[Project, ...]:
    """Find projects in each start, its parents up to three levels and ``backend`` below each.

    The likeliest comes first: with .env before without, then the nearest; the last used after those
    found from the starts. The home folder and the root of a drive count only as a start itself, and
    the way up ends there: people keep stray .env files there, and a wizard that sets up the wrong
    database is worse than one that asks. Folders that may not be read are passed over.
    """
    ways = [list(_way_up(_real(start))) for start in starts]
    levels = max(map(len, ways), default=0)
    folders = [way[level] for level in range(levels) for way in ways if level < len(way)]
    if last_used:
        folders.append(_real(last_used))
    found: dict[Path, Project] = {}
    for folder in folders:
        for root in (folder / "backend", folder):
            if root not in found and _is_marked(root):
                found[root] = _project(root)
    return tuple(sorted(found.values(), key=lambda project: project.env is None))


def project_at(folder: Path) -> Project:
    """Look at a folder that was chosen or dropped, or at a file in it (the .env itself, say).

    ``backend`` below it is the project when the .env is there. A folder without any mark is a
    project too, one without .env. Raises KnownError project_missing or project_unreadable.
    """
    if is_file(folder):
        return project_with_env(folder) if _is_env_name(folder.name) else project_at(folder.parent)
    root = _real(folder)
    code: int | None = None
    try:
        with os.scandir(root):
            pass
    except (FileNotFoundError, NotADirectoryError):
        raise KnownError(
            "project_missing",
            _("There is no such folder"),
            _("Choose the project's folder, the one with .env or backend in it: {path}", path=root),
            evidence={"path": str(root)},
        ) from None
    except OSError as error:
        code = error.errno
    if code is not None:
        raise KnownError(
            "project_unreadable",
            _("This folder cannot be opened"),
            _(
                "The system does not let you look into {path}. Check its rights, or choose "
                "another folder.",
                path=root,
            ),
            evidence={"path": str(root), "errno": code},
        )
    below = root / "backend"
    if is_file(below / ".env") or (_is_marked(below) and not _is_marked(root)):
        return _project(below)
    return _project(root)


def project_with_env(env: Path) -> Project:
    """Take a settings file, whatever its name, and its folder. Raises KnownError env_missing."""
    path = Path(os.path.abspath(env))  # noqa: PTH100 - a symbolic link keeps its own folder
    if not os.path.lexists(path):
        raise env_missing(path)
    return _project(path.parent, path)


def remember(project: Project) -> None:
    """Note the project for :func:`last_used`; where that cannot be written, nothing happens."""
    try:
        note = _note()
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(str(project.root), encoding="utf-8")
    except (OSError, UnicodeError):
        log.debug("the last used project could not be noted", exc_info=True)


def last_used() -> Path | None:
    """Return the folder of the last used project, None where it is not known or gone."""
    try:
        folder = Path(_note().read_text(encoding="utf-8"))
        return folder if folder.is_dir() else None
    except (OSError, ValueError):
        log.debug("no last used project is known", exc_info=True)
        return None


def _note() -> Path:
    from platformdirs import user_state_path  # 10 ms; only after the first window is up

    return user_state_path("SetupWizard", appauthor=False) / "last_project.txt"


def _way_up(start: Path) -> Iterator[Path]:
    yield start
    home = _real(Path(os.path.expanduser("~")))  # noqa: PTH111 - Path.home raises without one
    for parent in start.parents[:_PARENTS]:
        if parent in (home, Path(parent.anchor)) or start == home:
            return
        yield parent


def _project(root: Path, env: Path | None = None) -> Project:
    usual, script = root / ".env", root / OWN_SCRIPT
    if env is None and is_file(usual):
        env = usual
    return Project(root, _name(root), env, script if is_file(script) else None)


def _name(root: Path) -> str:
    named = root.parent if root.name.casefold() in _PART_NAMES and root.parent.name else root
    return named.name or str(root)


def _is_marked(folder: Path) -> bool:
    return any(is_file(folder / mark) for mark in _MARKS)


def _is_env_name(name: str) -> bool:
    return name.endswith(".env") or (name.startswith(".env.") and name not in _PATTERNS)


def _real(path: Path) -> Path:
    # Path.resolve raises RuntimeError at a loop of symbolic links before Python 3.13.
    return Path(os.path.realpath(path))
