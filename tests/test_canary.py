"""A canary password on every path: nothing that the program shows, writes or starts may sing it."""

from __future__ import annotations

import contextlib
import logging
import threading
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from setup_wizard import logfile
from setup_wizard.deadline import Deadline
from setup_wizard.engine import open_engine
from setup_wizard.errors import KnownError
from setup_wizard.options import parse
from setup_wizard.practice import start_practice
from setup_wizard.secret import Secret
from setup_wizard.target import Target
from tests.projects import make_project
from tests.servers import Server
from tests.terminal import run

CANARY = "kanari-새-p@ss/w%rd"
SPELLINGS = (CANARY, quote(CANARY, safe=""), "kanari", "ss/w%rd")

ENVS = {
    "right URL": "DATABASE_URL=postgresql+psycopg://{user}:{quoted}@{host}:{port}/{database}\n",
    "raw URL": "DATABASE_URL=postgresql+psycopg://{user}:{raw}@{host}:{port}/{database}\n",
    "URL for another server": "DATABASE_URL=mysql://{user}:{quoted}@{host}/{database}\n",
    "broken port": "DATABASE_URL=postgresql://{user}:{quoted}@{host}:x/{database}\n",
    "broken URL": "DATABASE_URL=postgresql:{raw}\n",
    "closed port": "DATABASE_URL=postgresql://{user}:{quoted}@127.0.0.1:1/{database}\n",
    "unknown host": "DATABASE_URL=postgresql://{user}:{quoted}@db.invalid:{port}/{database}\n",
    "missing database": "DATABASE_URL=postgresql://{user}:{quoted}@{host}:{port}/nowhere\n",
    "wrong user": "DATABASE_URL=postgresql://nobody:{quoted}@{host}:{port}/{database}\n",
    "unknown option": "DATABASE_URL=postgresql://{user}:{quoted}@{host}:{port}/x?ssl={quoted}\n",
    "set": "DB_HOST={host}\nDB_PORT={port}\nDB_NAME=x\nDB_USER={user}\nDB_PASSWORD={raw}\n",
    "cut value": "POSTGRES_PASSWORD=x #{raw}\nPOSTGRES_DB={database}\n",
    "twice": "PGPASSWORD={raw}\nPGPASSWORD={raw}\nPGHOST={host}\n",
    "unreadable line": "{raw}\n\"{raw}\nPGPASSWORD '{raw}\n",
    "variable": "P={raw}\nDATABASE_URL=postgresql://{user}:${{P}}@{host}:{port}/{database}\n",
}


@pytest.fixture
def canary(server: Server, database: Target) -> Iterator[Target]:
    """A user whose password is the canary, owner of an empty database."""
    user = f"canary_{database.database}"
    server.run(
        f"CREATE ROLE {user} LOGIN PASSWORD '{CANARY}'",
        f"ALTER DATABASE {database.database} OWNER TO {user}",
    )
    yield replace(database, user=user, password=Secret(CANARY))
    server.run(f"ALTER DATABASE {database.database} OWNER TO postgres")
    server.run(f"DROP OWNED BY {user}", f"DROP ROLE {user}", database=database.database)


@pytest.fixture(params=ENVS)
def project(request: pytest.FixtureRequest, canary: Target, tmp_path: Path) -> Path:
    folder = make_project(tmp_path, canary)
    text = ENVS[request.param].format(
        user=canary.user,
        raw=CANARY,
        quoted=quote(CANARY, safe=""),
        host=canary.host,
        port=canary.port,
        database=canary.database,
    )
    (folder / "backend" / ".env").write_text(text, encoding="utf-8")
    return folder


def assert_silent(text: str) -> None:
    for spelling in SPELLINGS:
        assert spelling not in text


@contextlib.contextmanager
def watching_arguments() -> Iterator[list[str]]:
    """Collect the arguments of every process that runs meanwhile."""
    seen: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.001):
            for process in psutil.process_iter(["cmdline"]):
                seen.extend(process.info["cmdline"] or ())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


@pytest.fixture
def log_text() -> Iterator[list[str]]:
    """Let the program log as it does for users; gives the log's text when the test asks."""
    logger = logging.getLogger("setup_wizard")
    logfile.install()
    logger.setLevel(logging.DEBUG)
    texts: list[str] = []
    yield texts
    for handler in [*logger.handlers]:
        handler.close()
        logger.removeHandler(handler)
    logger.propagate = True
    logger.setLevel(logging.NOTSET)
    texts.extend(path.read_text("utf-8") for path in logfile.folder().glob("*"))
    assert_silent("".join(texts))


def test_commands_keep_the_secret(project: Path, log_text: list[str], tmp_path: Path) -> None:
    report = tmp_path / "report.txt"
    with watching_arguments() as arguments:
        for command in (
            ("check", "--json"),
            ("check", "--lang", "ko"),
            ("plan",),
            ("apply", "--yes", "--json"),
            ("tables",),
            ("report", "-o", str(report)),
        ):
            outcome = run(*command, "--timeout", "5", "--project", project)
            assert_silent(outcome.out + outcome.err)
    assert_silent(report.read_text(encoding="utf-8"))
    assert_silent(" ".join(arguments))


def test_objects_keep_the_secret(project: Path, log_text: list[str]) -> None:
    engine = open_engine(parse(["--project", str(project), "--timeout", "5"]))
    job = engine.open(engine.projects()[0])
    assert_silent(repr((job, job.settings, vars(job))))
    for finding in engine.check(job, engine.deadline("check")):
        assert_silent(repr(finding) + f"{finding.title}{finding.detail}{finding.server_text}")
    for verb in ("plan", "tables"):
        try:
            getattr(engine, verb)(job, Deadline(5))
        except KnownError as error:
            assert_silent("".join(traceback.format_exception(error, chain=True)))
            assert_silent(repr(error) + repr(vars(error)))
            assert_silent(repr(chain_of(error)))


def chain_of(error: BaseException | None) -> list[str]:
    """What a debugger would show of an exception and everything attached to it."""
    shown = []
    while error is not None:
        shown.append(f"{error!r} {vars(error)!r}")
        error = error.__cause__ or error.__context__
    return shown


def test_fixes_keep_the_secret(project: Path, log_text: list[str]) -> None:
    engine = open_engine(parse(["--project", str(project), "--timeout", "5"]))
    job = engine.open(engine.projects()[0])
    job = replace(job, typed={"password": Secret(CANARY + "!")})
    for fix in ("encode_password", "save_env", "create_database"):
        try:
            job = engine.fix(fix, job, Deadline(5))
        except KnownError as error:
            assert_silent(repr(chain_of(error)) + str(error))


def test_practice_keeps_its_password_out_of_all_arguments() -> None:
    with watching_arguments() as arguments, start_practice() as practice:
        text = (practice.project / "backend" / ".env").read_text(encoding="utf-8")
        practice.start_server(Deadline(60))
    password = text.split("postgres:")[1].split("@")[0]
    assert arguments
    assert password not in " ".join(arguments)


def test_crash_report_keeps_the_secret(
    canary: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log_text: list[str]
) -> None:
    def explode(*_args: object, **_named: object) -> None:
        raise RuntimeError(CANARY)

    monkeypatch.setattr("setup_wizard.database.connection.connect", explode)
    project = make_project(tmp_path, canary)
    outcome = run("check", "--json", "--project", project)
    assert outcome.broken["code"] == "crash"
    assert_silent(outcome.out + outcome.err)
