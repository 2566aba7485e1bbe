"""Who listens on the target's port, when a connection did not come about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from setup_wizard.deadline import Deadline
from setup_wizard.diagnosis.case import Case
from setup_wizard.diagnosis.finding import Finding, Status
from setup_wizard.diagnosis.which_server import two_servers
from setup_wizard.engine import Engine, Job
from setup_wizard.errors import KnownError
from setup_wizard.machine import Listener, this_machine
from setup_wizard.project import project_at
from setup_wizard.target import read_settings
from tests.fake_server import Answer, fake_server
from tests.fakes import FakeMachine
from tests.projects import url_of
from tests.servers import Server

OURS = Listener("127.0.0.1", 5432, 100, "postgres.exe")
DOCKER = Listener("::", 5432, 200, "com.docker.backend.exe")
WSL = Listener("::1", 5432, 300, "wslrelay.exe")


def make_project(folder: Path, host: str = "localhost", port: int = 5432) -> Path:
    env = folder / ".env"
    env.write_text(f"DATABASE_URL=postgresql://postgres:canary@{host}:{port}/app\n")
    return env


def case_of(folder: Path, reached: str, *listening: Listener) -> tuple[Engine, Job, Case]:
    make_project(folder)
    engine = Engine(FakeMachine(listening=listening), environ={})
    job = engine.open(project_at(folder))
    case = engine._case(job, Deadline(5))
    refusal = KnownError("login_rejected", "x", evidence={"addresses": [f"{reached}: 28P01"]})
    case.__dict__["_attempt"] = refusal  # what the one attempt to connect said
    return engine, job, case


def test_two_servers_on_one_number_are_named_with_the_one_that_was_reached(tmp_path: Path) -> None:
    _engine, _job, case = case_of(tmp_path, "::1", OURS, DOCKER)
    [finding] = two_servers(case)
    assert (finding.status, finding.code) == (Status.WARN, "two_servers")
    assert finding.evidence == {
        "port": 5432,
        "reached": "::1",
        "listeners": ["127.0.0.1 postgres.exe (100)", ":: com.docker.backend.exe (200)"],
    }
    text = str(finding.detail)
    assert "postgres.exe has it at 127.0.0.1" in text
    assert "com.docker.backend.exe (Docker, WSL) at ::1" in text
    assert [offer.id for offer in finding.fixes] == ["use_ipv4"]


def test_the_other_address_is_written_into_env_by_a_click(tmp_path: Path) -> None:
    engine, job, case = case_of(tmp_path, "::1", OURS, WSL)
    [finding] = two_servers(case)
    job = engine.fix(finding.fixes[0].id, job, Deadline(5))
    assert job.settings.target
    assert job.settings.target.host == "127.0.0.1"
    written = (tmp_path / ".env").read_text()
    assert written == "DATABASE_URL=postgresql://postgres:canary@127.0.0.1:5432/app\n"


def test_no_click_where_it_would_change_nothing(tmp_path: Path) -> None:
    _engine, _job, case = case_of(tmp_path, "127.0.0.1", OURS, DOCKER)
    [finding] = two_servers(case)
    assert finding.fixes == ()


@pytest.mark.parametrize(
    "listening",
    [
        (),
        (OURS,),
        (DOCKER,),  # one program for both addresses
        (DOCKER, WSL),  # one container, two programs that pass it on
        (Listener("0.0.0.0", 5432, 100, "postgres"), Listener("::", 5432, 100, "postgres")),
        (Listener("127.0.0.1", 5432), Listener("::1", 5432)),  # the system does not tell whose
        (OURS, Listener("192.0.2.1", 5432, 200, "other")),  # not where localhost leads
    ],
)
def test_one_server_is_no_news(tmp_path: Path, listening: tuple[Listener, ...]) -> None:
    _engine, _job, case = case_of(tmp_path, "127.0.0.1", *listening)
    assert list(two_servers(case)) == []


@pytest.mark.parametrize("host", ["db.invalid", ""])
def test_nobody_is_asked_without_need(server18: Server, host: str) -> None:
    """Not for another computer's server, and not for one that lets us in."""

    class Counting(FakeMachine):
        asked = 0

        def listeners(self, port: int) -> tuple[Listener, ...]:
            self.asked += 1
            return ()

    machine = Counting(refuses_at_once=True)
    target = replace(server18.target, host=host or server18.target.host)
    settings = read_settings(None, {"DATABASE_URL": url_of(target)})
    Engine(machine, environ={}).check(Job(None, settings, ()), Deadline(5), tables=False)
    assert machine.asked == 0


def test_what_answers_instead_of_postgresql_is_named() -> None:
    with fake_server(Answer(greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n".hex())) as port:
        url = f"postgresql://a:b@127.0.0.1:{port}/c"
        job = Job(None, read_settings(None, {"DATABASE_URL": url}), ())
        findings = Engine(this_machine(), environ={}).check(job, Deadline(5))
    [broken] = [finding for finding in findings if finding.status is Status.FAIL]
    assert broken.code == "not_postgresql"
    assert owner_is_named(broken)


def owner_is_named(finding: Finding) -> bool:
    listeners = finding.evidence["listeners"]
    assert isinstance(listeners, list)
    # macOS tells only root.
    return not listeners or ("python" in listeners[0] and "python" in str(finding.detail))
