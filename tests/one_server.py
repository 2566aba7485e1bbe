"""A computer whose one service is a real PostgreSQL server of the tests; not for Windows."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from setup_wizard.deadline import Deadline
from setup_wizard.machine import Listener, Service, ServiceState, StartType, this_machine
from setup_wizard.practice import PostgresServer, postgres_binaries, throwaway_folder
from setup_wizard.target import Settings, read_settings
from tests.fakes import FakeMachine


@dataclass
class OneServer(FakeMachine):
    """As pg_ctl's service does without -w, it says RUNNING as long as there is a process."""

    server: PostgresServer = field(kw_only=True)
    binaries: Path | None = None
    refuses_at_once: bool = True
    process: subprocess.Popen[bytes] | None = None

    def services(self) -> tuple[Service, ...]:
        return (self.service,)

    @property
    def service(self) -> Service:
        return Service(
            name="test server",
            state=self.state,
            start_type=StartType.MANUAL,
            start_command="pg_ctl start",
            needs_admin=False,
            bin_dir=self.binaries or self.server.binaries,
            data_dir=self.server.data,
            port=self.server.port,
            log=self.server.folder / "log",
        )

    @property
    def state(self) -> ServiceState:
        runs = self.process is not None and self.process.poll() is None
        return ServiceState.RUNNING if runs else ServiceState.STOPPED

    def start_service(self, service: Service, deadline: Deadline) -> None:
        assert service.bin_dir
        self.server._reserved.close()
        self.process = start_postgres(self.server, service.bin_dir)

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGQUIT)  # an immediate stop, and nothing to others
            self.process.wait()
            self.process = None

    def service_state(self, service: Service) -> ServiceState | None:
        return self.state

    def may_use_data_folder(self, service: Service) -> bool | None:
        return this_machine().may_use_data_folder(service)

    def listeners(self, port: int) -> tuple[Listener, ...]:
        return this_machine().listeners(port)

    def settings(self, database: str = "postgres") -> Settings:
        return read_settings(None, {"DATABASE_URL": self.server.url(database).reveal()})

    def configure(self, line: str) -> int:
        """Add a line to postgresql.conf; return its number."""
        path = self.server.data / "postgresql.conf"
        with path.open("a", encoding="utf-8") as configuration:
            configuration.write(f"{line}\n")
        return len(path.read_text(encoding="utf-8").splitlines())


@contextmanager
def one_server() -> Iterator[OneServer]:
    """Make a server's data folder (1 s) and stop whatever runs on it at the end."""
    with throwaway_folder() as folder:
        server = PostgresServer(postgres_binaries(), folder / "server")
        machine = OneServer(server=server)
        try:
            server.initialize(Deadline(60))
            (server.folder / "log").mkdir()
            yield machine
        finally:
            machine.stop()
            server._reserved.close()


def start_postgres(server: PostgresServer, binaries: Path) -> subprocess.Popen[bytes]:
    """Start the server's program itself, as the account that it may run as."""
    account = server._account
    with (server.folder / "log" / "postgresql.log").open("ab") as log:
        return subprocess.Popen(
            [binaries / "postgres", "-D", server.data],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=server.folder,
            user=account.uid if account else None,
            group=account.gid if account else None,
        )


def write_pid_file(path: Path, *lines: object) -> None:
    """Write a postmaster.pid as a server does: number, folder, time of its start …"""
    path.write_text("".join(f"{line}\n" for line in lines))
