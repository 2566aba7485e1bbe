"""The journal: what every fix did, when, and how it can be undone; one line of JSON each.

It lies beside the log, in UTF-8, without secrets: never a file's content or a password, only which
file, which keys, and where the copy of the old file is.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from setup_wizard import logfile
from setup_wizard.diagnosis.case import Case
from setup_wizard.errors import Evidence, KnownError

log = logging.getLogger(__name__)

NAME: Final = "fixes.jsonl"
_BYTES: Final = 500_000
_DONE: Final = "done"
_CRASH: Final = "crash"

Undo = Mapping[str, str | int | None]
"""How to go back: ``kind`` (file, user_path, start_type) and what that needs."""


@dataclass(frozen=True)
class Change:
    """What a fix did: a command or a file, before and after where there is such a thing."""

    what: str
    before: str | None = None
    after: str | None = None
    undo: Undo | None = None


@dataclass(frozen=True)
class Entry:
    """A line of the journal. ``result``: done, or the code of the finding that stopped it."""

    time: str
    fix: str
    result: str
    what: str = ""
    before: str | None = None
    after: str | None = None
    undo: Undo | None = None
    evidence: Evidence = field(default_factory=dict)


def journaled(fix_id: str, fix: Callable[[Case], Change]) -> Callable[[Case], Entry]:
    """Return a fix that writes into the journal what it did, or what stopped it."""

    def run(case: Case) -> Entry:
        change, result = Change(""), _CRASH
        evidence: Evidence = {}
        try:
            change, result = fix(case), _DONE
        except KnownError as error:
            result, evidence = error.code, error.evidence
            raise
        finally:
            entry = write(fix_id, change, result, evidence)
        return entry

    return run


def write(
    fix_id: str, change: Change, result: str = _DONE, evidence: Evidence | None = None
) -> Entry:
    """Add a line. A journal that cannot be written is done without, as the log is."""
    now = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    entry = Entry(now, fix_id, result, **asdict(change), evidence=evidence or {})
    path = logfile.folder() / NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > _BYTES:
            path.replace(_older(path))
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")
    except OSError as error:
        log.warning("no journal: %s", error.errno)
    return entry


def entries() -> tuple[Entry, ...]:
    """Read the journal, the newest entry first; lines that were damaged are left out."""
    path = logfile.folder() / NAME
    found: list[Entry] = []
    for file in (_older(path), path):
        try:
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            try:
                found.append(Entry(**json.loads(line)))
            except (ValueError, TypeError):
                continue
    return tuple(reversed(found))


def _older(path: Path) -> Path:
    return path.with_suffix(".1.jsonl")
