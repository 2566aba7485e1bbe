"""The one cause of a server that gives up, for each row of facts; real servers: tests/fixes."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from setup_wizard.deadline import Deadline
from setup_wizard.diagnosis.startup import why_it_gave_up
from setup_wizard.machine import Listener, Service, ServiceState
from setup_wizard.machine.listening import Refusal
from setup_wizard.machine.startup import (
    Configuration,
    PidFile,
    ServerLog,
    StartupFacts,
    startup_facts,
)
from tests.fakes import FakeMachine, windows_service

SERVICE = replace(windows_service(), data_dir=Path("D:/pg/data"))
FINE = StartupFacts(
    SERVICE,
    folder=True,
    storage=True,
    may_use=True,
    data_version="17",
    program_version="17",
    free=10**10,
)
TAKEN = Refusal("127.0.0.1", errno.EADDRINUSE)
RESERVED = Refusal("127.0.0.1", errno.EACCES)
SKYPE = Listener("127.0.0.1", 5432, 4321, "skype.exe")
BROKEN = Configuration(1, "postgresql.conf", 833)
PID_FILE = Path("D:/pg/data/postmaster.pid")

ROWS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "service_failed", "started and gave up"),
    ({"folder": False}, "data_folder_missing", "is not there"),
    ({"storage": False}, "data_folder_missing", "no database in it"),
    ({"may_use": False}, "data_folder_unreadable", "its own data folder"),
    ({"may_use": None}, "service_failed", ""),
    ({"program_version": "18"}, "version_mismatch", "17, the program is 18"),
    ({"program_version": ""}, "service_failed", ""),
    ({"configuration": BROKEN}, "configuration_broken", "line 833 of postgresql.conf"),
    ({"configuration": replace(BROKEN, line=None)}, "configuration_broken", "in postgresql.conf"),
    ({"free": 2_000_000}, "disk_full", "disk is full"),
    ({"pid_file": PidFile(PID_FILE, None, None, alive=False)}, "stale_pid", "leftover"),
    ({"pid_file": PidFile(PID_FILE, 77, None, alive=False)}, "stale_pid", "leftover"),
    ({"pid_file": PidFile(PID_FILE, 77, "chrome", alive=False)}, "stale_pid", "leftover"),
    ({"pid_file": PidFile(PID_FILE, 77, "postgres", alive=True)}, "data_folder_in_use", "already"),
    ({"refusal": TAKEN, "listeners": (SKYPE,)}, "port_in_use", "skype.exe already uses"),
    ({"refusal": RESERVED, "listeners": (SKYPE,)}, "port_in_use", "skype.exe already uses"),
    ({"refusal": TAKEN}, "port_in_use", "Another program"),
    ({"refusal": RESERVED}, "port_reserved", "keeps port 5432"),
]


@pytest.mark.parametrize(("facts", "code", "title"), ROWS)
def test_facts_lead_to_one_cause(facts: dict[str, Any], code: str, title: str) -> None:
    error = why_it_gave_up(replace(FINE, **facts), {"win32": 0})
    assert error.code == code
    assert title in str(error.title)
    assert (error.evidence["service"], error.evidence["win32"]) == (SERVICE.name, 0)


def test_first_broken_link_is_the_cause() -> None:
    everything = {name: value for facts, _code, _title in ROWS for name, value in facts.items()}
    everything.update(folder=True, storage=True, may_use=False, program_version="18", free=0)
    facts = replace(FINE, **everything)
    codes = []
    for mended in (
        {},
        {"may_use": True},
        {"program_version": "17"},
        {"configuration": None},
        {"free": 10**10},
        {"pid_file": None},
        {"refusal": None},
    ):
        facts = replace(facts, **mended)
        codes.append(why_it_gave_up(facts, {}).code)
    assert codes == [
        "data_folder_unreadable",
        "version_mismatch",
        "configuration_broken",
        "disk_full",
        "data_folder_in_use",
        "port_in_use",
        "service_failed",
    ]


def test_log_is_shown_in_its_own_encoding_and_decides_nothing() -> None:
    korean = "치명적오류: 데이터베이스 시스템이 복구 중입니다"
    for encoding in ("utf-8", "cp949"):
        error = why_it_gave_up(replace(FINE, log=korean.encode(encoding)), {})
        assert (error.code, error.server_text) == ("service_failed", korean)


def test_only_what_a_server_wrote_since_is_read(tmp_path: Path) -> None:
    (tmp_path / "old.log").write_text("canary\n")
    log = ServerLog(replace(SERVICE, log=tmp_path))
    assert log.news() == b""
    with (tmp_path / "old.log").open("a") as file:
        file.write("more\n")
    (tmp_path / "new.log").write_bytes(b"x" * 100_000 + b"end\n")
    assert b"canary" not in log.news()
    assert log.news().startswith(b"xxx")
    (tmp_path / "new.log").unlink()
    assert log.news() == b"more\n"
    assert ServerLog(replace(SERVICE, log=tmp_path / "nothing")).news() == b""
    assert ServerLog(SERVICE).news() == b""


def test_service_of_which_nothing_is_known() -> None:
    service = Service("x", ServiceState.STOPPED, SERVICE.start_type, "x", needs_admin=True)
    facts = startup_facts(FakeMachine(), service, Deadline(5))
    assert facts == StartupFacts(service)
