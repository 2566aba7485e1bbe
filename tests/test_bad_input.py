"""Bad input: one clear sentence, the promised code, and nothing changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from setup_wizard.i18n import LANGUAGES
from setup_wizard.target import Target
from tests.fake_server import Answer, fake_server
from tests.projects import make_project
from tests.rights import as_stranger
from tests.servers import Psql
from tests.terminal import run

BAD_ENVS = {
    "empty": (b"", "url_missing"),
    "only comments": ("# 설정\n".encode(), "url_missing"),
    "mysql": (b"DATABASE_URL=mysql://root:pw@localhost/shop\n", "url_not_postgresql"),
    "sqlite": (b"DATABASE_URL=sqlite:///shop.db\n", "url_not_postgresql"),
    "port abc": (b"DATABASE_URL=postgresql://a:pw@localhost:abc/shop\n", "url_invalid"),
    "port 99999": (b"DATABASE_URL=postgresql://a:pw@localhost:99999/shop\n", "url_invalid"),
    "not a URL": (b"DATABASE_URL=localhost\n", "url_invalid"),
    "raw @": (b"DATABASE_URL=postgresql://a:p@ss@localhost/shop\n", "password_needs_encoding"),
    "binary": (bytes(range(256)), "env_encoding"),
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", BAD_ENVS)
def test_bad_env(name: str, lang: str, tmp_path: Path) -> None:
    content, code = BAD_ENVS[name]
    env = tmp_path / ".env"
    env.write_bytes(content)
    for command in ("check", "apply"):
        outcome = run(command, "--json", "--lang", lang, "--project", tmp_path)
        assert outcome.code == 1
        assert outcome.broken["code"] == code
        assert outcome.broken["title"]
        assert outcome.broken["detail"]
    assert env.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_no_env_at_all(tmp_path: Path) -> None:
    outcome = run("check", "--json", "--project", tmp_path)
    assert (outcome.code, outcome.broken["code"]) == (1, "env_missing")
    assert str(tmp_path) in outcome.broken["detail"]


def test_folder_without_rights(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / ".env").write_text("DATABASE_URL=postgresql://a:pw@localhost/shop\n")
    with as_stranger(closed):
        outcome = run("check", "--json", "--project", closed)
    assert outcome.code == 1
    assert outcome.broken["code"] in ("project_unreadable", "env_unreadable")


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    outcome = run("check", "--json", "--project", tmp_path / "nowhere")
    assert (outcome.code, outcome.broken["code"]) == (1, "project_missing")


def test_env_that_is_not_there(tmp_path: Path) -> None:
    outcome = run("check", "--json", "--env", tmp_path / "nowhere" / ".env")
    assert (outcome.code, outcome.broken["code"]) == (1, "env_missing")


def bad_script(kind: str, folder: Path) -> Path:
    path = folder / f"{kind}.sql"
    if kind == "directory":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    elif kind == "large":
        with path.open("wb") as file:
            file.truncate(100_000_000)
    elif kind == "psql":
        path.write_text("\\i other.sql\n")
    elif kind == "grammar":
        path.write_text("CREATE TABEL a ();\n")
    return path


@pytest.mark.parametrize(
    ("kind", "code", "exit_code"),
    [
        ("missing", "script_missing", 1),
        ("directory", "script_missing", 1),
        ("empty", "script_unreadable", 1),
        ("large", "script_unreadable", 1),
        ("psql", "script_needs_psql", 1),
        ("grammar", "script_failed", 5),
    ],
)
def test_bad_script(
    kind: str, code: str, exit_code: int, tmp_path: Path, database: Target, psql: Psql
) -> None:
    project = make_project(tmp_path, database)
    script = bad_script(kind, tmp_path)
    for command in (("plan",), ("apply", "--yes")):
        outcome = run(*command, "--json", "--project", project, "--sql", script)
        assert (outcome.code, outcome.broken["code"]) == (exit_code, code)
        assert script.name in outcome.broken["title"] + outcome.broken["detail"]
    assert "Did not find any" in psql(database, "-c", r"\dt")


@pytest.mark.parametrize("encoding", ["cp949", "utf-16", "utf-8-sig"])
def test_script_in_another_encoding_is_read_right(
    encoding: str, tmp_path: Path, database: Target
) -> None:
    project = make_project(tmp_path, database)
    script = tmp_path / "한글.sql"
    script.write_bytes("-- 표\nCREATE TABLE 회원 (이름 text);".encode(encoding))
    outcome = run("apply", "--yes", "--json", "--project", project, "--sql", script)
    assert outcome.code == 0
    assert [row["name"] for row in outcome.document["tables"]] == ["회원"]


@pytest.mark.parametrize(
    "greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.6\r\n"]
)
def test_server_that_is_not_postgresql(greeting: bytes, tmp_path: Path) -> None:
    with fake_server(Answer(greeting=greeting.hex())) as port:
        project = make_project(tmp_path, Target("127.0.0.1", port, "shop", "a", None))
        outcome = run("check", "--json", "--timeout", "5", "--project", project)
    assert (outcome.code, outcome.broken["code"]) == (3, "not_postgresql")
