"""The computer that the scenarios run on, made once, and put in order before each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import pytest
from windows.e2e import windows
from windows.e2e.desktop import Desktop, wait_for
from windows.e2e.postgres import PASSWORD, Postgres

ARTIFACTS = Path("/rig/test/artifacts")
PROGRAMS = Path("/rig/test/dist")
HOME = r"C:\users\김개발"


@pytest.fixture(scope="session")
def desktop() -> Iterator[Desktop]:
    """An empty screen."""
    made = Desktop(ARTIFACTS)
    yield made
    made.close()


@pytest.fixture(scope="session")
def installed(desktop: Desktop) -> Iterator[Postgres]:  # noqa: ARG001 - Windows wants a screen
    """A Windows that stays up, with PostgreSQL installed and never started."""
    with windows.booted():
        yield Postgres()


@pytest.fixture
def postgres(installed: Postgres) -> Postgres:
    """PostgreSQL, stopped, without the project's database."""
    installed.start()
    installed.ask("DROP DATABASE IF EXISTS real_estate WITH (FORCE)")
    installed.stop()
    return installed


@dataclass(frozen=True)
class Project:
    """A project's folder; its .env is in ``backend``."""

    folder: str

    @property
    def env(self) -> Path:
        """The .env, as a path of here."""
        return windows.path_of(self.folder) / "backend" / ".env"

    @contextmanager
    def wizard(self, desktop: Desktop) -> Iterator[Popen[bytes]]:
        """The program, double-clicked in the folder, from its first page to its end by Escape."""
        with windows.running(self.folder + r"\SetupWizard.exe", cwd=self.folder) as process:
            wait_for("the window", desktop.has_window)
            desktop.shows("project", "Documents")
            yield process
            if process.poll() is None:
                desktop.press("Escape")
                wait_for("the end", lambda: process.poll() is not None)
        wait_for("an empty screen", lambda: not desktop.has_window())

    def write_env(self, password: str = PASSWORD) -> bytes:
        """Write the .env of the guide, as a Korean editor would."""
        content = (
            "# 부동산 프로젝트 설정\r\n"
            f"DATABASE_URL=postgresql+psycopg://postgres:{password}@localhost:5432/real_estate\r\n"
            "OPENAI_API_KEY=sk-none\r\n"
        ).encode()
        self.env.write_bytes(content)
        return content


@pytest.fixture
def project(request: pytest.FixtureRequest) -> Iterator[Project]:
    """A project whose name has Hangul and a space, and a wizard that has not seen it before."""
    made = Project(HOME + r"\Documents\부동산 프로젝트")
    made.env.parent.mkdir(parents=True)
    made.write_env()
    shutil.copy(PROGRAMS / "SetupWizard.exe", windows.path_of(made.folder))
    remembered = windows.path_of(HOME + r"\AppData\Local\SetupWizard")
    shutil.rmtree(remembered, ignore_errors=True)
    yield made
    shutil.rmtree(windows.path_of(made.folder))
    for log in remembered.glob("**/*.log"):
        shutil.copy(log, ARTIFACTS / f"{request.node.name}-{log.name}")
