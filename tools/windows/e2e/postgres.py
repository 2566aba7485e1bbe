"""PostgreSQL 17 as a Windows service that speaks Korean, and what psql says of it from outside."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

from windows.e2e import windows
from windows.e2e.desktop import wait_for

SERVICE = "postgresql-x64-17"
PASSWORD = "root1234"
BASE = r"C:\Program Files\PostgreSQL\17"
DATA = BASE + r"\data"
BIN = BASE + r"\bin"
STOPPED, RUNNING = 1, 4  # winsvc.h


class Postgres:
    """The installed server. It is as EDB's installer leaves it."""

    def __init__(self) -> None:
        shutil.copytree("/rig/server", windows.path_of(BASE))
        password = windows.path_of(BASE) / "password"
        password.write_text(PASSWORD + "\n")
        # The default Korean locale is not one that initdb accepts on Wine.
        windows.must_run(
            rf"{BIN}\initdb.exe", "-D", DATA, "-U", "postgres", "-A", "scram-sha-256",
            f"--pwfile={BASE}\\password", "-E", "UTF8", "--locale=C",
            "--lc-messages=Korean_Korea.949", limit=120,
        )  # fmt: skip
        password.unlink()
        windows.must_run(rf"{BIN}\pg_ctl.exe", "register", "-N", SERVICE, "-D", DATA)

    @property
    def state(self) -> int:
        """The service manager's number for the state."""
        answer = windows.must_run("sc", "query", SERVICE).output
        found = re.search(rb"STATE\s+:\s+(\d)", answer)
        assert found, answer
        return int(found[1])

    def start(self) -> None:
        """Start the service and wait until it accepts connections."""
        if self.state != RUNNING:
            windows.must_run("net", "start", SERVICE)
        wait_for("the server", self.answers)

    def stop(self) -> None:
        """Stop the service and wait until it has."""
        if self.state != STOPPED:
            windows.must_run("net", "stop", SERVICE)
        wait_for("the service's end", lambda: self.state == STOPPED)

    def answers(self) -> bool:
        """Whether it accepts connections."""
        return _client("pg_isready").returncode == 0

    def ask(self, sql: str, database: str = "postgres") -> str:
        """Run a query or a backslash command with psql, as a person would to see for himself."""
        done = _client("psql", "-X", "-w", "-q", "-A", "-t", "-d", database, "-c", sql)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().strip()

    def run_script(self, path: str, database: str) -> None:
        """Run a file with psql, as the guide says."""
        done = _client(
            "psql", "-X", "-w", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", path
        )
        assert done.returncode == 0, done.stderr

    def refusal(self) -> bytes:
        """Return what psql says of a wrong password, the server's own words as they came."""
        return _client("psql", "-X", "-w", "-d", "postgres", password="wrong").stderr


def _client(
    program: str, *arguments: str, password: str = PASSWORD
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [program, "-h", "127.0.0.1", "-U", "postgres", *arguments],
        env={**os.environ, "LC_ALL": "C.UTF-8", "PGPASSWORD": password, "PGCONNECT_TIMEOUT": "5"},
        capture_output=True,
        check=False,
    )
