"""Why a server does not stay up: what can be seen from outside, as numbers and states."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from setup_wizard.deadline import Deadline, TimedOut
from setup_wizard.machine import Listener, Machine, Service
from setup_wizard.machine.listening import Refusal, binding_refusal
from setup_wizard.machine.processes import run
from setup_wizard.machine.psql import program

_SECONDS: Final = 10.0  # for one question to the server's program
_LOG_BYTES: Final = 8_000

# 'syntax error in file "…/postgresql.conf" line 3', in any language: the file, then a number
_POSITION: Final = re.compile(r"([\w.-]+\.conf)[^\d\n]{1,60}(\d+)")
_FILE: Final = re.compile(r"[\w.-]+\.conf")
_WORD: Final = re.compile(r"[A-Za-z_]{2,}")
_SETTING: Final = re.compile(r"[ \t]*([A-Za-z_]+)[ \t]*[= \t]")
_SAME_START: Final = 5.0  # seconds; the server notes its start a moment after the process began


@dataclass(frozen=True)
class PidFile:
    """``postmaster.pid``: ``pid`` None where it has no number in it.

    ``program`` is who has that number now, None where nobody does. ``alive``: it is the server
    that wrote the file, and not one that got its number later.
    """

    path: Path
    pid: int | None
    program: str | None
    alive: bool


@dataclass(frozen=True)
class Configuration:
    """A configuration that the server does not take; ``line`` None where it does not tell."""

    exit_code: int
    file: str
    line: int | None


@dataclass(frozen=True)
class StartupFacts:
    """A server that does not start. None and empty where something is fine or cannot be seen.

    ``folder``: whether the data folder is there. ``storage``: whether there is data in it.
    ``data_version``, ``program_version``: major versions. ``may_use``: whether the server may use
    its folder. ``free``: bytes on its disk. ``log``: what the server wrote while it started.
    """

    service: Service
    folder: bool | None = None
    storage: bool | None = None
    may_use: bool | None = None
    data_version: str = ""
    program_version: str = ""
    configuration: Configuration | None = None
    free: int | None = None
    pid_file: PidFile | None = None
    refusal: Refusal | None = None
    listeners: tuple[Listener, ...] = ()
    log: bytes = b""


class ServerLog:
    """What a server writes into its log from now on, and not what it wrote before."""

    def __init__(self, service: Service) -> None:
        self._place = service.log
        self._sizes = {path: path.stat().st_size for path in self._files()}

    def news(self) -> bytes:
        """Return the end of what was written since."""
        written = b""
        for path in self._files():
            try:
                data = path.read_bytes()
            except OSError:
                continue
            written += data[self._sizes.get(path, 0) :]
        return written[-_LOG_BYTES:]

    def _files(self) -> list[Path]:
        try:
            if self._place is None or not self._place.is_dir():
                return [self._place] if self._place and self._place.is_file() else []
            return sorted(path for path in self._place.iterdir() if path.is_file())
        except OSError:  # not ours to read
            return []


def startup_facts(
    machine: Machine, service: Service, deadline: Deadline, log: bytes = b""
) -> StartupFacts:
    """Look at everything that can keep a service's server from starting; changes nothing."""
    data, port = service.data_dir, service.port
    return StartupFacts(
        service=service,
        folder=_is_there(data) if data else None,
        storage=_is_there(data / "PG_VERSION") if data else None,
        may_use=machine.may_use_data_folder(service),
        data_version=_major(_text(data / "PG_VERSION")) if data else "",
        program_version=_program_version(service, deadline),
        configuration=_configuration(service, deadline),
        free=_free(data) if data else None,
        pid_file=_pid_file(data / "postmaster.pid") if data else None,
        refusal=binding_refusal(port) if port else None,
        listeners=machine.listeners(port) if port else (),
        log=log,
    )


def _is_there(path: Path) -> bool | None:
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except OSError:
        return None
    return True


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _major(version: str) -> str:
    """Return ``17`` of 17.6, ``9.6`` of 9.6.24."""
    numbers = version.strip().split(".")
    return ".".join(numbers[:2]) if numbers[0] == "9" else numbers[0]


def _ask(service: Service, deadline: Deadline, *arguments: str | Path) -> tuple[int, str] | None:
    """Ask the server's own program; return its exit code and all that it printed."""
    if service.bin_dir is None:
        return None
    try:
        outcome = run(
            [service.bin_dir / program("postgres"), *arguments],
            deadline.shorter(_SECONDS),
            env={"LC_ALL": "C", "LC_MESSAGES": "C"},
        )
    except (OSError, TimedOut):
        return None
    return outcome.code, outcome.output + outcome.errors


def _program_version(service: Service, deadline: Deadline) -> str:
    # 'postgres (PostgreSQL) 17.6', never translated
    answer = _ask(service, deadline, "--version")
    if not answer or answer[0]:
        return ""
    words = answer[1].split()
    return _major(words[2]) if words[1:2] == ["(PostgreSQL)"] and len(words) > 2 else ""


def _configuration(service: Service, deadline: Deadline) -> Configuration | None:
    folder = service.data_dir
    if folder is None or not _text(folder / "postgresql.conf"):
        return None  # not there, or not ours to read: then its exit code says nothing
    # -C comes first: only then root and administrators may ask, too
    answer = _ask(service, deadline, "-C", "data_directory", "-D", folder)
    if not answer or not answer[0]:
        return None
    code, said = answer
    if position := _POSITION.search(said):
        return Configuration(code, position[1], int(position[2]))
    name = _FILE.search(said)
    file = name[0] if name else "postgresql.conf"
    return Configuration(code, file, _line_of_setting(_text(folder / file), said))


def _line_of_setting(settings: str, said: str) -> int | None:
    """Return the line of the setting that is named in a sentence of any language."""
    named = set(_WORD.findall(said))
    found = None
    for number, line in enumerate(settings.splitlines(), 1):
        setting = _SETTING.match(line)
        if setting and setting[1] in named:
            found = number  # the last one counts
    return found


def _free(folder: Path) -> int | None:
    import shutil

    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _pid_file(path: Path) -> PidFile | None:
    """Read who runs the folder's server: its number in line 1, the time of its start in line 3."""
    if not _is_there(path):
        return None
    lines = _text(path).splitlines()
    if not lines or not lines[0].strip().lstrip("-").isdigit():
        return PidFile(path, None, None, alive=False)
    import psutil  # costs 20 ms

    pid = abs(int(lines[0]))  # negative: a server of one user, such as initdb's
    try:
        process = psutil.Process(pid)
        name, born = process.name(), process.create_time()
    except psutil.NoSuchProcess:
        return PidFile(path, pid, None, alive=False)
    except psutil.AccessDenied:
        return None  # somebody has the number, and nobody tells who
    started = lines[2].strip() if len(lines) > 2 else ""
    same = not started.isdigit() or born <= int(started) + _SAME_START
    alive = name.lower().removesuffix(".exe") in {"postgres", "postmaster"} and same
    return PidFile(path, pid, name, alive)
