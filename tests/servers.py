"""Real PostgreSQL servers for the tests, from the binaries of the ``practice`` extra.

Run as a program, this module owns one server, exactly as long as the pipe to the tests lives:
however the tests end, no server stays behind.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

import psutil
import psycopg

from setup_wizard.deadline import Deadline
from setup_wizard.machine.psql import program
from setup_wizard.practice import PostgresServer, postgres_binaries, throwaway_folder
from setup_wizard.secret import Secret
from setup_wizard.target import Target

_ROOT: Final = Path(__file__).parents[1]
# Killed without warning, the practice server would forget its last commits.
_SETTINGS: Final = """
max_connections = 40
timezone = 'UTC'
synchronous_commit = on
include_if_exists = 'more.conf'
"""


@dataclass(frozen=True)
class Server:
    """A running server; ``target`` logs in to its database ``postgres`` as a superuser."""

    version: int
    target: Target

    def database(self, name: str) -> Target:
        """Return the same login to another database."""
        return replace(self.target, database=name)

    def run(self, *statements: str, database: str = "postgres") -> None:
        """Run SQL as the superuser, outside any transaction and outside our own code."""
        parameters = conninfo(self.database(database))
        with psycopg.connect(**parameters, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


Starter = Callable[[int], Server]


class Psql(Protocol):
    """The ``psql`` fixture."""

    def __call__(self, target: Target, *args: str) -> str: ...


def conninfo(target: Target) -> dict[str, Any]:
    """Return a target as psycopg's own parameters."""
    return {
        "host": target.host,
        "port": target.port,
        "dbname": target.database,
        "user": target.user,
        "password": target.password.reveal() if target.password else None,
        **target.options,
    }


def psql(version: int, target: Target, *args: str) -> str:
    """Run the real psql of that version and return what it prints on both streams; it must
    succeed."""
    password = target.password.reveal() if target.password else ""
    result = subprocess.run(
        [
            *(postgres_binaries(version) / program("psql"), "-X", "-w", "-v", "ON_ERROR_STOP=1"),
            *("-h", target.host, "-p", str(target.port), "-U", target.user),
            *("-d", target.database, *args),
        ],
        env={**os.environ, "LC_ALL": "C", "PGPASSWORD": password, "PGCLIENTENCODING": "UTF8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output = result.stdout.decode().replace("\r\n", "\n")
    assert result.returncode == 0, output
    return output


@contextmanager
def running(version: int) -> Iterator[Server]:
    """Run a server with scram passwords and UTF-8 until the block ends."""
    with _owner(version) as owner:
        yield Server(version, owner.target)


@dataclass(frozen=True)
class Victim(Server):
    """A server of one's own, to be stopped, killed and configured; ``data`` is its folder."""

    owner: Owner

    @property
    def data(self) -> Path:
        return self.owner.data

    def restart(self, settings: str = "", *, standby: bool = False) -> None:
        """Stop it, whatever state it is in, and start it with these settings."""
        signal_file = self.data / "standby.signal"
        signal_file.unlink(missing_ok=True)
        if standby:
            signal_file.touch(0o644)
        (self.data / "more.conf").write_text(settings, encoding="ascii")
        self.owner.restart()

    def postmaster(self) -> psutil.Process:
        """Its first process."""
        lines = (self.data / "postmaster.pid").read_text(encoding="ascii").splitlines()
        return psutil.Process(int(lines[0]))


@contextmanager
def victim(version: int) -> Iterator[Victim]:
    """Run a server to be hurt until the block ends."""
    with _owner(version) as owner:
        yield Victim(version, owner.target, owner)


@dataclass(frozen=True)
class Owner:
    """The process that owns a server."""

    process: subprocess.Popen[bytes]
    target: Target
    data: Path

    def restart(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(b"restart\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == b"restarted\n"


@contextmanager
def _owner(version: int) -> Iterator[Owner]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.servers", str(version)],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            hello = json.loads(process.stdout.readline())
            password = Secret(hello["password"])
            target = Target("127.0.0.1", hello["port"], "postgres", "postgres", password)
            yield Owner(process, target, Path(hello["data"]))
        finally:
            process.stdin.close()


def _own(version: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with throwaway_folder() as folder:
        server = PostgresServer(postgres_binaries(version), folder / "server")
        try:
            server.initialize(Deadline(60))
            with (server.data / "postgresql.conf").open("a") as configuration:
                configuration.write(_SETTINGS)
            server.start(Deadline(60))
            _tell(
                json.dumps(
                    {
                        "port": server.port,
                        "password": server.password.reveal(),
                        "data": str(server.data),
                    }
                )
            )
            for _line in sys.stdin:
                server.stop()
                server.start(Deadline(60))
                _tell("restarted")
        finally:
            server.stop()


def _tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    _own(int(sys.argv[1]))
