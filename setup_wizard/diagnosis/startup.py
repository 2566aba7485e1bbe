"""Why a server does not stay up: the one cause, from numbers and states, never from its log."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Final

from setup_wizard.errors import Evidence, KnownError, Text
from setup_wizard.i18n import _
from setup_wizard.machine.startup import StartupFacts

_LEAST_BYTES: Final = 16 * 1024 * 1024
"""One segment of the write-ahead log: with less, PostgreSQL does not start."""

_Rule = Callable[[StartupFacts], KnownError | None]


def why_it_gave_up(facts: StartupFacts, evidence: Evidence) -> KnownError:
    """Return the first broken link, in the order in which a starting server meets them.

    The end of its own log is there to read under Details. ``evidence`` is what is known already.
    """
    found = next(filter(None, (rule(facts) for rule in _RULES)), None) or _unexplained(facts)
    # Only for a reason to be read: psycopg's encodings are not needed while all is well.
    from setup_wizard.database.decoding import decode

    return KnownError(
        found.code,
        found.title,
        found.detail,
        evidence={**evidence, "service": facts.service.name, **found.evidence},
        server_text=decode(facts.log).strip(),
    )


def _folder(facts: StartupFacts) -> KnownError | None:
    if facts.folder is False:
        return KnownError(
            "data_folder_missing",
            _("The data folder of {service} is not there", service=facts.service.name),
            _(
                "The service looks for its data in {folder}. If the folder was moved, move it "
                "back; if its disk is not connected, connect it. Then start the service again.",
                folder=facts.service.data_dir,
            ),
            evidence={"data_dir": str(facts.service.data_dir)},
        )
    if facts.storage is False:
        return KnownError(
            "data_folder_missing",
            _("The data folder of {service} has no database in it", service=facts.service.name),
            _(
                "There is no file PG_VERSION in {folder}, so this is not where the data is, or "
                "the installer did not get that far. Install PostgreSQL again and choose the "
                "locale 'C' or 'English', or point the service to the right folder.",
                folder=facts.service.data_dir,
            ),
            evidence={"data_dir": str(facts.service.data_dir), "pg_version": None},
        )
    return None


def _rights(facts: StartupFacts) -> KnownError | None:
    if facts.may_use is not False:
        return None
    return KnownError(
        "data_folder_unreadable",
        _("PostgreSQL may not use its own data folder"),
        _(
            "The rights of {folder} were changed. Its owner must be the account that the service "
            "runs as, with full rights: on Windows 'Network Service', elsewhere usually "
            "'postgres', with mode 0700. Give them back, then start the service again.",
            folder=facts.service.data_dir,
        ),
        evidence={"data_dir": str(facts.service.data_dir), "may_use": False},
    )


def _version(facts: StartupFacts) -> KnownError | None:
    data, own = facts.data_version, facts.program_version
    if not data or not own or data == own:
        return None
    return KnownError(
        "version_mismatch",
        _("The data is of PostgreSQL {data}, the program is {own}", data=data, own=own),
        _(
            "{service} points to the data folder of another version: {folder}. Start the service "
            "of version {data}, or give this one its own folder. The wizard does not convert data.",
            service=facts.service.name,
            folder=facts.service.data_dir,
            data=data,
        ),
        evidence={
            "data_version": data,
            "program_version": own,
            "data_dir": str(facts.service.data_dir),
        },
    )


def _configuration(facts: StartupFacts) -> KnownError | None:
    broken = facts.configuration
    if broken is None:
        return None
    title: Text
    if broken.line is None:
        title = _("PostgreSQL does not understand its settings in {file}", file=broken.file)
    else:
        title = _(
            "PostgreSQL does not understand line {line} of {file}",
            line=broken.line,
            file=broken.file,
        )
    return KnownError(
        "configuration_broken",
        title,
        _(
            "The file is in {folder}. Correct that line, or put a # in front of it to use the "
            "default, then start the service again.",
            folder=facts.service.data_dir,
        ),
        evidence={
            "exit_code": broken.exit_code,
            "file": broken.file,
            "line": broken.line,
            "data_dir": str(facts.service.data_dir),
        },
    )


def _disk(facts: StartupFacts) -> KnownError | None:
    if facts.free is None or facts.free >= _LEAST_BYTES:
        return None
    return KnownError(
        "disk_full",
        _("The disk is full"),
        _(
            "PostgreSQL needs at least 16 MB to start, and the disk of {folder} has {free} MB "
            "left. Make room, but not in the data folder itself, then start the service again.",
            folder=facts.service.data_dir,
            free=facts.free // (1024 * 1024),
        ),
        evidence={"free_bytes": facts.free, "data_dir": str(facts.service.data_dir)},
    )


def _pid_file(facts: StartupFacts) -> KnownError | None:
    file = facts.pid_file
    if file is None:
        return None
    evidence: Evidence = {
        "path": str(file.path),
        "pid": file.pid,
        "program": file.program,
    }
    if file.alive:
        return KnownError(
            "data_folder_in_use",
            _("Another PostgreSQL already runs on this data folder"),
            _(
                "Process {pid} was started by hand, not by the service, and uses the same data. "
                "Stop it where it was started, then start the service. Or leave it running and "
                "check again.",
                pid=file.pid,
            ),
            evidence=evidence,
        )
    proof: Text
    if file.pid is None:
        proof = _("it is empty")
    elif file.program is None:
        proof = _("no process has the number {pid} that it names", pid=file.pid)
    else:
        proof = _(
            "the number {pid} that it names is now that of {program}",
            pid=file.pid,
            program=file.program,
        )
    return KnownError(
        "stale_pid",
        _("A leftover from a crash blocks the start"),
        _(
            "The file {path} says that the server still runs, but {proof}. Give the file another "
            "name, such as postmaster.pid.old, then start the service again. Do not delete "
            "anything else in that folder.",
            path=file.path,
            proof=proof,
        ),
        evidence=evidence,
    )


def _port(facts: StartupFacts) -> KnownError | None:
    port, refusal = facts.service.port, facts.refusal
    if refusal is None:
        return None
    evidence: Evidence = {"port": port, "address": refusal.address, "errno": refusal.errno}
    if facts.listeners:
        names = sorted({row.program or "?" for row in facts.listeners})
        pids = sorted({row.pid for row in facts.listeners if row.pid is not None})
        return KnownError(
            "port_in_use",
            _("{program} already uses port {port}", program=", ".join(names), port=port),
            _(
                "PostgreSQL cannot start on a port that another program has. Stop that program, "
                "or give one of the two another port (for PostgreSQL: in postgresql.conf, and "
                "then in .env)."
            ),
            evidence={**evidence, "programs": names, "pids": [str(pid) for pid in pids]},
        )
    if refusal.errno == errno.EADDRINUSE:
        return KnownError(
            "port_in_use",
            _("Another program already uses port {port}", port=port),
            _(
                "PostgreSQL cannot start on a port that another program has, and the system does "
                "not tell which one it is. Restart the computer, or give PostgreSQL another port "
                "(in postgresql.conf, and then in .env)."
            ),
            evidence=evidence,
        )
    return KnownError(
        "port_reserved",
        _("The system keeps port {port} for itself", port=port),
        _(
            "Nobody listens there, but no program may use it either. On Windows that is usually "
            "Hyper-V or Docker, which reserve ports by chance: as an administrator run "
            "'{command}', or restart the computer. Or choose another port in postgresql.conf, and "
            "then in .env.",
            command="net stop winnat && net start winnat",
        ),
        evidence=evidence,
    )


def _unexplained(facts: StartupFacts) -> KnownError:
    return KnownError(
        "service_failed",
        _("{service} started and gave up", service=facts.service.name),
        _(
            "What it wrote into its log meanwhile is under Details. If nothing is there, look into "
            "the newest file in the folder log of its data folder, or on Windows into the Event "
            "Viewer, under Windows Logs, Application."
        ),
        evidence={"data_dir": str(facts.service.data_dir) if facts.service.data_dir else None},
    )


_RULES: Final[tuple[_Rule, ...]] = (
    _folder,
    _rights,
    _version,
    _configuration,
    _disk,
    _pid_file,
    _port,
)
