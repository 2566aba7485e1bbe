from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest
from dotenv import dotenv_values

from setup_wizard import practice
from setup_wizard.deadline import Cancelled, Deadline
from setup_wizard.errors import KnownError
from setup_wizard.machine import ServiceState, this_machine
from setup_wizard.practice import (
    DATABASE,
    SERVICE,
    PostgresServer,
    Practice,
    postgres_binaries,
    start_practice,
    throwaway_folder,
)

WIZARD = """
import sys, time
from setup_wizard.deadline import Deadline
from setup_wizard.practice import start_practice
with start_practice() as practice:
    if "start" in sys.argv:
        practice.start_server(Deadline(60))
    print(practice.project.parent, flush=True)
    if "raise" in sys.argv:
        raise ZeroDivisionError
    time.sleep(600)
"""
if sys.platform == "win32":
    ENDINGS = [signal.SIGTERM]
else:
    ENDINGS = [signal.SIGKILL, signal.SIGTERM]


def url_of(session: Practice) -> str:
    text = dotenv_values(session.project / "backend" / ".env", encoding="utf-8")["DATABASE_URL"]
    assert text is not None
    return text


def processes_naming(folder: Path) -> list[list[str]]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        command: list[str] = process.info["cmdline"] or []
        if any(str(folder) in argument for argument in command):
            found.append(command)
    return found


def assert_nothing_is_left(folder: Path) -> None:
    until = time.monotonic() + 15
    while time.monotonic() < until and (folder.exists() or processes_naming(folder)):
        time.sleep(0.05)
    assert not folder.exists()
    assert processes_naming(folder) == []


def wizard(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WIZARD, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(practice.__file__).parents[1],
        start_new_session=True,
    )


def folder_of(process: subprocess.Popen[str]) -> Path:
    assert process.stdout is not None
    folder = Path(process.stdout.readline().strip())
    assert (folder / "practice-project").is_dir()
    return folder


def test_newcomer_meets_a_stopped_server_and_a_missing_database() -> None:
    with start_practice() as session:
        url = url_of(session)
        assert session.project.name == "practice-project"
        assert url.startswith("postgresql+psycopg://postgres:")
        assert url.endswith(f"@127.0.0.1:{session.port}/{DATABASE}")
        libpq = url.replace("+psycopg", "")
        assert session.state() is ServiceState.STOPPED
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(libpq)

        session.start_server(Deadline(60))

        assert session.state() is ServiceState.RUNNING
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(libpq)
        maintenance = libpq.replace(f"/{DATABASE}", "/postgres")
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}".encode())
        with psycopg.connect(libpq) as connection:
            assert connection.info.dbname == DATABASE
    assert_nothing_is_left(session.project.parent)


def test_wrong_password_is_refused() -> None:
    with start_practice() as session:
        session.start_server(Deadline(60))
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(host="127.0.0.1", port=session.port, user="postgres", password="wrong")


def test_env_is_korean_and_only_for_its_owner() -> None:
    with start_practice() as session:
        env = session.project / "backend" / ".env"
        assert "연습용" in env.read_text(encoding="utf-8")
        assert sys.platform == "win32" or env.stat().st_mode & 0o077 == 0


def test_machine_has_the_practice_server_as_its_only_service() -> None:
    inner = this_machine()
    with start_practice() as session:
        machine = session.machine(inner)
        (service,) = machine.services()
        assert service.name == SERVICE
        assert service.state is ServiceState.STOPPED
        assert service.port == session.port
        assert not service.needs_admin

        machine.start_service(service, Deadline(60))

        (service,) = machine.services()
        assert service.state is ServiceState.RUNNING
        assert [listener.address for listener in machine.listeners(session.port)] == ["127.0.0.1"]
        psql = next(machine.find_psql())
        assert service.bin_dir == psql.path.parent
        assert service.version == psql.version
        assert psql.version.startswith("18.")
        assert machine.try_psql(psql.path).source == "chosen"


def test_server_can_be_stopped_and_started_again() -> None:
    with start_practice() as session:
        for _ in range(2):
            session.start_server(Deadline(60))
            session.stop_server()
            until = time.monotonic() + 15
            while session.state() is ServiceState.RUNNING and time.monotonic() < until:
                time.sleep(0.05)
            assert session.state() is ServiceState.STOPPED


def test_starting_a_running_server_is_no_matter() -> None:
    with start_practice() as session:
        session.start_server(Deadline(60))
        session.start_server(Deadline(60))
        assert session.state() is ServiceState.RUNNING


def test_cancel_ends_the_wait() -> None:
    deadline = Deadline(60)
    deadline.cancel()
    with start_practice() as session, pytest.raises(Cancelled):
        session.start_server(deadline)
    assert_nothing_is_left(session.project.parent)


def test_time_limit_is_said_as_a_known_error() -> None:
    with start_practice() as session, pytest.raises(KnownError) as caught:
        session.start_server(Deadline(0))
    assert caught.value.code == "service_failed"
    assert caught.value.evidence == {"service": SERVICE, "state": "starting"}


def test_start_that_fails_says_which_program_and_code() -> None:
    with start_practice() as session:
        session.start_server(Deadline(60))
        session.stop_server()
        while session.state() is ServiceState.RUNNING:
            time.sleep(0.05)
        (session.data / "PG_VERSION").write_text("9.0\n")
        with pytest.raises(KnownError) as caught:
            session.start_server(Deadline(60))
    assert caught.value.code == "service_failed"
    assert caught.value.evidence == {
        "service": SERVICE,
        "state": "stopped",
        "program": "pg_ctl",
        "exit_code": 1,
    }


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("arguments", [("start",), ()], ids=["running", "initdb"])
def test_killed_wizard_leaves_nothing(ending: signal.Signals, arguments: tuple[str, ...]) -> None:
    with wizard(*arguments) as process:
        folder = folder_of(process)
        process.send_signal(ending)
        process.wait()
        assert_nothing_is_left(folder)


def test_ctrl_c_in_the_terminal_leaves_nothing() -> None:
    with wizard("start") as process:
        folder = folder_of(process)
        if sys.platform == "win32":
            process.terminate()
        else:
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: everybody in the group
        process.wait()
        assert_nothing_is_left(folder)


def test_exception_in_the_wizard_leaves_nothing() -> None:
    with wizard("start", "raise") as process:
        folder = folder_of(process)
        assert process.wait() == 1
        assert not folder.exists()  # already: leaving the block waits for the guardian
        assert processes_naming(folder) == []


def test_ended_guardian_is_said_as_a_known_error() -> None:
    with start_practice() as session:
        session._guardian.terminate()
        session._guardian.wait()
        with pytest.raises(KnownError) as caught:
            session.state()
        assert caught.value.code == "service_missing"
    if sys.platform != "win32":  # where terminate() gives it no moment to clean up
        assert_nothing_is_left(session.project.parent)


def test_missing_extra_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(practice, "_PACKAGE", "no_such_package")
    with pytest.raises(KnownError) as caught:
        start_practice()
    assert caught.value.code == "postgresql_missing"
    assert 'pip install "setup-wizard[practice]"' in str(caught.value)


def test_password_is_in_no_argument_and_no_repr() -> None:
    with throwaway_folder() as folder:
        server = PostgresServer(postgres_binaries(16), folder / "server")
        server.initialize(Deadline(60))
        server.start(Deadline(60))
        password = server.password.reveal()
        with psycopg.connect(server.url().reveal()) as connection:
            assert connection.info.server_version // 10000 == 16
        assert processes_naming(folder)
        assert not any(password in " ".join(line) for line in processes_naming(folder))
        assert password not in repr(vars(server))
        assert not (server.folder / "password").exists()
        server.stop()
        assert not server.running()
    assert_nothing_is_left(folder)


def test_binaries_that_only_root_can_reach_are_copied(tmp_path: Path) -> None:
    # For root, pytest's own folder has mode 700, as /root has.
    package = postgres_binaries(16).parents[1]
    install = tmp_path / package.name / "pginstall"
    for part in ("bin", "lib", "share"):
        shutil.copytree(package / "pginstall" / part, install / part, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, tmp_path / libraries.name)
    with throwaway_folder() as folder:
        server = PostgresServer(install / "bin", folder / "server")
        server.initialize(Deadline(60))
        server.start(Deadline(60))
        assert server.running()
        server.stop()
    assert_nothing_is_left(folder)


def test_cancelled_initdb_leaves_no_process() -> None:
    with throwaway_folder() as folder:
        server = PostgresServer(postgres_binaries(18), folder / "server")
        deadline = Deadline(60)
        deadline.cancel()
        with pytest.raises(Cancelled):
            server.initialize(deadline)
        assert processes_naming(folder) == []
        assert not server.running()
        server.stop()


def test_port_refuses_until_the_server_takes_it() -> None:
    with throwaway_folder() as folder:
        server = PostgresServer(postgres_binaries(18), folder / "server")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.url().reveal())
        server.stop()
