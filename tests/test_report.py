"""The diagnosis bundle."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from setup_wizard import logfile
from setup_wizard.diagnosis.finding import Finding, Status
from setup_wizard.i18n import set_language
from setup_wizard.project import Project
from setup_wizard.report import render
from setup_wizard.target import read_settings

URL = "postgresql://kim:canary@db.example:5433/shop"
PROJECT = Project(Path("/home/kim/shop"), "shop", Path("/home/kim/shop/.env"))
FINDINGS = (
    Finding("env", Status.OK, "ready", "The settings file .env"),
    Finding(
        "login",
        Status.FAIL,
        "login_rejected",
        "Not let in",
        "Retype it.",
        evidence={"sqlstate": "28P01"},
        server_text='password authentication failed for user "kim"',
    ),
)


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    logger = logging.getLogger("setup_wizard")
    logfile.install()
    yield logger
    for handler in [*logger.handlers]:
        handler.close()
        logger.removeHandler(handler)
    logger.propagate = True


def report() -> str:
    settings = read_settings(None, {"DATABASE_URL": URL})
    return render(PROJECT, settings, (Path("create.sql"),), FINDINGS)


def test_report_names_versions_values_findings_and_evidence() -> None:
    lines = report().splitlines()
    assert lines[0].startswith("Setup Wizard ")
    assert "  host = db.example  (environment DATABASE_URL)" in lines
    assert "  password = ***  (environment DATABASE_URL)" in lines
    assert "[ok] env: ready" in lines
    assert "[fail] login: login_rejected" in lines
    assert "    sqlstate = 28P01" in lines
    assert '    The server said: password authentication failed for user "kim"' in lines
    assert "canary" not in report()


def test_report_ends_with_the_end_of_the_log(log: logging.Logger) -> None:
    for number in range(100):
        log.info("line %d", number)
    lines = report().splitlines()
    assert lines[-1].endswith("line 99")
    assert not any(line.endswith("line 50") for line in lines)


def test_log_tells_where_an_exception_came_from_but_not_its_text(log: logging.Logger) -> None:
    try:
        raise ZeroDivisionError("canary")
    except ZeroDivisionError:
        log.exception("crash")
    text = (logfile.folder() / logfile.NAME).read_text(encoding="utf-8")
    assert "test_report.py" in text
    assert "ZeroDivisionError" in text
    assert "canary" not in text


def test_log_rotates(log: logging.Logger) -> None:
    for _ in range(800):
        log.info("x" * 1000)
    sizes = [path.stat().st_size for path in logfile.folder().iterdir()]
    assert len(sizes) == 2
    assert max(sizes) <= 500_000


def test_report_speaks_korean() -> None:
    set_language("ko")
    assert "프로젝트" in report()
