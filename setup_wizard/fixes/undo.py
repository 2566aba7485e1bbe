"""Going back: what a journal's entry did is undone where that is possible and still safe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from setup_wizard.deadline import Deadline
from setup_wizard.envfile import read_env, save
from setup_wizard.errors import KnownError
from setup_wizard.fixes.journal import Change, Entry, Undo, write
from setup_wizard.i18n import _
from setup_wizard.machine import Machine, PathChange, StartType


def saved_file(path: Path, backup: Path | None) -> Undo | None:
    """Name how to go back from a file that was just saved; None where it was new.

    The file is known again by its size and time: a hash would help to guess what is in it.
    """
    if backup is None:
        return None
    status = path.stat()
    return {
        "kind": "file",
        "path": str(path),
        "backup": str(backup),
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
    }


def undo(entry: Entry, machine: Machine, deadline: Deadline) -> None:
    """Undo what a fix did, and write that into the journal.

    Raises KnownError cannot_undo where it is not possible, or where somebody changed the same thing
    since; else what the way back raises. Nothing was changed then.
    """
    how = entry.undo or {}
    match how.get("kind"):
        case "file":
            _restore_file(how)
        case "user_path" if machine.repairs:
            machine.repairs.write_path(PathChange(entry.after, entry.before))
        case "start_type" if machine.repairs:
            service = next((s for s in machine.services() if s.name == how["service"]), None)
            if service is None:
                raise _cannot_undo()
            before = StartType(str(how["before"]))
            machine.repairs.set_start_type(service, before, deadline)
        case _:
            raise _cannot_undo()
    write(f"undo_{entry.fix}", Change(entry.what, entry.after, entry.before))


def _restore_file(how: Undo) -> None:
    path, backup = Path(str(how["path"])), Path(str(how["backup"]))
    try:
        status = path.stat()
        untouched = (status.st_size, status.st_mtime_ns) == (how["size"], how["mtime_ns"])
    except OSError:
        untouched = False
    if not untouched or not backup.is_file():
        raise _cannot_undo(path)
    now = read_env(path)
    save(now, replace(now, data=backup.read_bytes()))


def _cannot_undo(path: Path | None = None) -> KnownError:
    if path:
        return KnownError(
            "cannot_undo",
            _("{file} was changed since", file=path.name),
            _(
                "Going back would lose that change, so nothing was done. The older copy lies "
                "beside it. ({path})",
                path=path,
            ),
            evidence={"path": str(path)},
        )
    return KnownError(
        "cannot_undo",
        _("This cannot be undone with a click"),
        _("The journal says what was done; nothing was changed now."),
    )
