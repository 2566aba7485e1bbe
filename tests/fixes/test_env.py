"""Fixes of .env: exactly the announced value, and a dated copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from setup_wizard.deadline import Deadline
from setup_wizard.diagnosis.finding import Status
from setup_wizard.engine import Engine, Job
from setup_wizard.errors import KnownError
from setup_wizard.secret import Secret
from tests.fakes import FakeMachine

BROKEN = (
    "# 비밀번호에 @가 있습니다\r\n"
    "export DATABASE_URL=postgresql://postgres:p@ss/w#rd@localhost:5432/real_estate # dev\r\n"
    "A=1\r\n"
)


@pytest.fixture
def engine() -> Engine:
    return Engine(FakeMachine(), environ={})


def open_project(engine: Engine, folder: Path, content: bytes) -> Job:
    (folder / ".env").write_bytes(content)
    return engine.open(engine.project_at(folder))


def test_raw_password_is_found_and_encoded_by_the_fix(engine: Engine, tmp_path: Path) -> None:
    job = open_project(engine, tmp_path, BROKEN.encode())
    found = {finding.check: finding for finding in engine.check(job, Deadline(5))}
    assert (found["url"].status, found["url"].code) == (Status.FAIL, "password_needs_encoding")
    [offer] = found["url"].fixes
    assert offer.id == "encode_password"
    assert "line 2" in str(offer.effect)

    job = engine.fix("encode_password", job, Deadline(5))

    assert job.settings.problems == ()
    assert job.settings.target
    assert job.settings.target.password == Secret("p@ss/w#rd")
    after = (tmp_path / ".env").read_bytes().decode()
    assert after == BROKEN.replace("p@ss/w#rd", "p%40ss%2Fw%23rd")
    [backup] = tmp_path.glob(".env.bak-*")
    assert backup.read_bytes() == BROKEN.encode()


def test_typed_password_is_saved_in_the_files_own_encoding(engine: Engine, tmp_path: Path) -> None:
    content = "# 설정\nDB_HOST=localhost\nDB_NAME=shop\nDB_USER=kim\nDB_PASSWORD='old'\n"
    job = open_project(engine, tmp_path, content.encode("cp949"))
    job = Job(job.project, job.saved, job.scripts, typed={"password": Secret("새 비밀번호")})

    job = engine.fix("save_env", job, Deadline(5))

    assert job.typed == {}
    assert job.settings.target
    assert job.settings.target.password == Secret("새 비밀번호")
    assert (tmp_path / ".env").read_bytes().decode("cp949") == content.replace("old", "새 비밀번호")


def test_values_typed_without_any_env_make_one(engine: Engine, tmp_path: Path) -> None:
    job = engine.open(engine.project_at(tmp_path))
    typed = {"database": "shop", "user": "kim", "password": Secret("pw")}
    job = Job(job.project, job.saved, job.scripts, typed=typed)  # type: ignore[arg-type]

    job = engine.fix("save_env", job, Deadline(5))

    assert job.project
    assert job.project.env == tmp_path / ".env"
    text = (tmp_path / ".env").read_text(encoding="utf-8")
    assert text == "DATABASE_URL=postgresql+psycopg://kim:pw@localhost:5432/shop\n"


def test_file_that_cannot_be_saved_is_said_and_left_alone(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = open_project(engine, tmp_path, BROKEN.encode())

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(KnownError) as raised:
        engine.fix("encode_password", job, Deadline(5))
    assert raised.value.code == "env_not_saved"
    assert (tmp_path / ".env").read_bytes() == BROKEN.encode()
