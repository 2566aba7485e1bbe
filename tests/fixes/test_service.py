"""Starting a real server that cannot start: each reason is found, and nothing is changed."""

from __future__ import annotations

import errno
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from setup_wizard.deadline import Cancelled, Deadline
from setup_wizard.engine import Engine, Job
from setup_wizard.errors import KnownError
from setup_wizard.fixes import entries
from setup_wizard.fixes import service as fixes
from setup_wizard.machine import (
    DEFAULT_SERVICE,
    Listener,
    Service,
    ServiceState,
    StartType,
    this_machine,
)
from setup_wizard.practice import postgres_binaries
from setup_wizard.target import read_settings
from tests.fakes import FakeMachine, FakeRepairs, windows_service
from tests.one_server import OneServer, one_server, start_postgres, write_pid_file


@pytest.fixture(scope="module")
def _machine() -> Iterator[OneServer]:
    with one_server() as machine:
        yield machine


@pytest.fixture
def machine(_machine: OneServer) -> Iterator[OneServer]:
    """A stopped server; whatever a test does to its data folder's files is taken back."""
    data = _machine.server.data
    kept = {path: path.read_bytes() for path in data.iterdir() if path.is_file()}
    yield _machine
    _machine.stop()
    data.chmod(0o700)
    for path in data.iterdir():
        if path.is_file() and path not in kept:
            path.unlink()
    for path, content in kept.items():
        path.write_bytes(content)


def start(machine: OneServer) -> None:
    job = Job(None, machine.settings(), ())
    Engine(machine, environ={}).fix("start_service", job, Deadline(30))


def reason(machine: OneServer) -> KnownError:
    with pytest.raises(KnownError) as caught:
        start(machine)
    assert caught.value.evidence["service"] == "test server"
    assert machine.state is ServiceState.STOPPED
    assert entries()[0].result == caught.value.code
    return caught.value


def test_server_that_answers_is_up_without_further_waiting(machine: OneServer) -> None:
    began = time.monotonic()
    start(machine)
    assert time.monotonic() - began < 5
    assert machine.state is ServiceState.RUNNING
    assert (entries()[0].fix, entries()[0].result) == ("start_service", "done")
    assert (entries()[0].what, entries()[0].before) == ("pg_ctl start", "stopped")


@pytest.fixture
def taken(machine: OneServer) -> Iterator[subprocess.Popen[str]]:
    """Another program listens on the server's port."""
    machine.server._reserved.close()
    program = (
        "import socket, sys\n"
        f"server = socket.create_server(('127.0.0.1', {machine.server.port}))\n"
        "print(flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        yield process
        process.stdin.close()


def test_port_that_another_program_has(machine: OneServer, taken: subprocess.Popen[str]) -> None:
    error = reason(machine)
    assert error.code == "port_in_use"
    assert error.evidence["port"] == machine.server.port
    assert error.evidence["errno"] == errno.EADDRINUSE
    if this_machine().listeners(machine.server.port):  # macOS tells only root
        assert error.evidence["pids"] == [str(taken.pid)]
        assert psutil.Process(taken.pid).name() in str(error.title)
    assert str(machine.server.port) in error.server_text  # its own words, under Details


@pytest.mark.parametrize(
    "line", ["shared_buffers 3 4", "nonsense = 1", "port = 54a", "max_connections = 0"]
)
def test_broken_configuration_line(machine: OneServer, line: str) -> None:
    number = machine.configure(line)
    error = reason(machine)
    assert error.code == "configuration_broken"
    assert (error.evidence["file"], error.evidence["line"]) == ("postgresql.conf", number)
    assert f"line {number} of postgresql.conf" in str(error.title)
    assert "postgresql.conf" in error.server_text


def test_broken_line_of_alter_system(machine: OneServer) -> None:
    with (machine.server.data / "postgresql.auto.conf").open("a") as configuration:
        configuration.write("# 한글\nwork_mem = 'viel'\n")
    error = reason(machine)
    assert error.code == "configuration_broken"
    assert (error.evidence["file"], error.evidence["line"]) == ("postgresql.auto.conf", 4)


def test_leftover_of_a_crash_whose_number_another_program_has_now(machine: OneServer) -> None:
    account = machine.server._account  # PostgreSQL minds only processes of its own account
    command = [sys.executable, "-c", "print(flush=True); import time; time.sleep(60)"]
    with subprocess.Popen(
        ["sleep", "60"] if account else command, user=account.uid if account else None
    ) as other:
        pid_file = machine.server.data / "postmaster.pid"
        write_pid_file(pid_file, other.pid, machine.server.data, int(time.time()) - 9999)
        program = psutil.Process(other.pid).name()
        try:
            error = reason(machine)
        finally:
            other.kill()
    assert error.code == "stale_pid"
    assert (error.evidence["pid"], error.evidence["program"]) == (other.pid, program)
    assert program in str(error.detail)
    assert pid_file.read_text().startswith(f"{other.pid}\n")  # it is never deleted


def test_empty_leftover_of_a_crash(machine: OneServer) -> None:
    (machine.server.data / "postmaster.pid").touch()
    error = reason(machine)
    assert (error.code, error.evidence["pid"]) == ("stale_pid", None)
    assert (machine.server.data / "postmaster.pid").exists()


def test_server_that_somebody_started_by_hand(machine: OneServer) -> None:
    by_hand = start_postgres(machine.server, machine.server.binaries)
    try:
        wait_until(machine.server.running)
        error = reason(machine)
    finally:
        by_hand.kill()
        by_hand.wait()
    assert (error.code, error.evidence["pid"]) == ("data_folder_in_use", by_hand.pid)


def test_rights_of_the_data_folder(machine: OneServer) -> None:
    machine.server.data.chmod(0o777)
    error = reason(machine)
    assert error.code == "data_folder_unreadable"
    assert str(machine.server.data) in str(error.detail)


def test_data_folder_without_data(machine: OneServer) -> None:
    (machine.server.data / "PG_VERSION").unlink()
    error = reason(machine)
    assert (error.code, error.evidence["pg_version"]) == ("data_folder_missing", None)


def test_data_folder_that_was_moved(machine: OneServer) -> None:
    moved = machine.server.data.with_name("moved")
    machine.server.data.rename(moved)
    try:
        error = reason(machine)
    finally:
        moved.rename(machine.server.data)
    assert error.code == "data_folder_missing"


def test_data_of_another_version(machine: OneServer) -> None:
    machine.binaries = postgres_binaries(16)
    try:
        error = reason(machine)
    finally:
        machine.binaries = None
    assert error.code == "version_mismatch"
    assert error.evidence["data_version"] == "18"
    assert error.evidence["program_version"] == "16"


def test_reason_that_only_the_log_has(machine: OneServer) -> None:
    """A broken pg_hba.conf: no number outside the log tells of it, so its end is shown."""
    (machine.server.data / "pg_hba.conf").write_text("host all all nonsense\n")
    old = machine.server.folder / "log" / "older.log"
    old.write_text("canary of last week\n")
    error = reason(machine)
    assert error.code == "service_failed"
    assert "pg_hba.conf" in error.server_text
    assert "canary" not in error.server_text


def wait_until(question: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not question() and time.monotonic() < until:
        time.sleep(0.05)


# -- without a server -----------------------------------------------------------------------


def job(port: int = 1) -> Job:
    url = f"postgresql://postgres:canary@127.0.0.1:{port}/app"
    return Job(None, read_settings(None, {"DATABASE_URL": url}), ())


class FallsBack(FakeMachine):
    """Its service says RUNNING and has stopped a moment later, as pg_ctl lets it."""

    def service_state(self, service: Service) -> ServiceState | None:
        self.change(service.name, state=ServiceState.STOPPED)
        return ServiceState.STOPPED


def test_running_has_to_last() -> None:
    machine = FallsBack([windows_service(port=1)])
    with pytest.raises(KnownError) as caught:
        Engine(machine, environ={}).fix("start_service", job(), Deadline(30))
    assert caught.value.code in {"service_failed", "port_reserved"}  # port 1 is not everybody's
    assert machine.started == [DEFAULT_SERVICE]


def test_service_that_runs_and_does_not_answer_is_left_to_the_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fixes, "_LASTS", 0.3)
    machine = FakeMachine([windows_service(port=1)])
    Engine(machine, environ={}).fix("start_service", job(), Deadline(30))
    assert machine.started == [DEFAULT_SERVICE]


@pytest.mark.parametrize("listening", [(), (Listener("127.0.0.1", 1, 1, "x"),)])
def test_cancel_ends_the_watch(listening: tuple[Listener, ...]) -> None:
    deadline = Deadline(30)
    deadline.cancel()
    machine = FakeMachine([windows_service(port=1)], listening=listening)
    with pytest.raises(Cancelled):
        Engine(machine, environ={}).fix("start_service", job(), deadline)


def test_no_service_at_all() -> None:
    with pytest.raises(KnownError) as caught:
        Engine(FakeMachine(), environ={}).fix("start_service", job(), Deadline(30))
    assert caught.value.code == "service_missing"


@pytest.mark.parametrize("state", [ServiceState.STOPPED, ServiceState.RUNNING])
def test_set_automatic_also_starts_what_is_stopped(
    state: ServiceState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fixes, "_LASTS", 0.1)
    machine = FakeMachine([windows_service(state, port=1, start_type=StartType.DISABLED)])
    machine.repairs = repairs = FakeRepairs(machine)
    Engine(machine, environ={}).fix("set_service_automatic", job(), Deadline(30))
    assert machine.installed[0].start_type is StartType.AUTOMATIC
    assert machine.started == ([DEFAULT_SERVICE] if state is ServiceState.STOPPED else [])
    assert repairs.done == [f'sc.exe config "{DEFAULT_SERVICE}" start= automatic']
    assert (entries()[0].before, entries()[0].after) == ("disabled", "automatic")


def test_list_of_services_and_installer_are_opened() -> None:
    machine = FakeMachine()
    machine.repairs = repairs = FakeRepairs(machine)
    engine = Engine(machine, environ={})
    engine.fix("open_services", job(), Deadline(5))
    engine.fix("install_postgresql", job(), Deadline(5))
    assert repairs.done == ["services.msc", machine.install_command()]
    assert [entry.what for entry in entries()] == [machine.install_command(), "services.msc"]


def test_nothing_secret_in_the_journal(tmp_path: Path) -> None:
    test_no_service_at_all()
    assert "canary" not in repr(entries())
