from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from setup_wizard.errors import KnownError
from setup_wizard.project import (
    Project,
    find_projects,
    last_used,
    project_at,
    project_with_env,
    remember,
)
from tests.rights import as_stranger


def make(root: Path, *files: str) -> Path:
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    root.mkdir(parents=True, exist_ok=True)
    return root


def roots(*starts: Path, last_used: Path | None = None) -> list[Path]:
    return [project.root for project in find_projects(starts, last_used)]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = make(tmp_path / "home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    return home


def test_the_backend_of_a_fresh_clone(home: Path) -> None:
    root = make(
        home / "real_estate", "backend/.env", "backend/migrations/create_sessions_table.sql"
    )
    backend = root / "backend"
    script = backend / "migrations" / "create_sessions_table.sql"
    wanted = Project(backend, "real_estate", backend / ".env", script)
    assert find_projects([root]) == (wanted,)
    assert project_at(root) == project_at(backend) == project_at(backend / ".env") == wanted


def test_parents_are_searched_up_to_three_levels(home: Path) -> None:
    root = make(home / "p", ".env", "a/b/c/d/x")
    assert roots(root / "a" / "b" / "c") == [root]
    assert roots(root / "a" / "b" / "c" / "d") == []


def test_the_nearest_comes_first_and_those_with_a_settings_file_before_the_others(
    home: Path,
) -> None:
    root = make(home / "p", ".env", "backend/.env", "tool/dist/.env.example")
    other = make(home / "q", ".env")
    wanted = [other, root / "backend", root, root / "tool" / "dist"]
    assert roots(root / "tool" / "dist", other) == wanted


def test_the_last_used_comes_after_what_the_starts_have(home: Path) -> None:
    near, last = make(home / "near", ".env"), make(home / "last", ".env")
    assert roots(near, last_used=last) == [near, last]
    assert roots(home / "nothing", last_used=last) == [last]


@pytest.mark.parametrize(
    "mark", [".env.example", ".env.txt", "migrations/create_sessions_table.sql"]
)
def test_a_folder_without_settings_file_may_be_a_project(home: Path, mark: str) -> None:
    root = make(home / "p", mark)
    (project,) = find_projects([root])
    assert (project.root, project.env) == (root, None)


def test_a_folder_is_named_once_however_it_is_reached(home: Path) -> None:
    root = make(home / "p", ".env", "backend/x")
    assert roots(root, root / "backend", root / "backend" / "..", last_used=root) == [root]


def test_the_home_folder_counts_only_as_a_start(home: Path) -> None:
    make(home, ".env", "backend/.env", "p/q/x")
    assert roots(home / "p" / "q") == []
    assert roots(home) == [home / "backend", home]


def test_a_virtual_environment_called_env_is_no_settings_file(home: Path) -> None:
    root = make(home / "p", ".env/pyvenv.cfg")
    assert roots(root) == []
    assert project_at(root) == Project(root, "p", None)


def test_a_folder_without_rights_is_passed_over_and_named_when_chosen(home: Path) -> None:
    closed = make(home / "closed", ".env")
    with as_stranger(closed):
        assert roots(closed) == []
        with pytest.raises(KnownError) as caught:
            project_at(closed)
    assert caught.value.code == "project_unreadable"
    assert caught.value.evidence["path"] == str(closed)


def test_a_folder_that_is_not_there_is_named(home: Path) -> None:
    with pytest.raises(KnownError) as caught:
        project_at(home / "gone")
    assert caught.value.code == "project_missing"
    assert str(home / "gone") in str(caught.value)


def test_a_dropped_file_stands_for_its_folder_unless_it_is_a_settings_file(home: Path) -> None:
    root = make(home / "p", ".env", ".env.local", ".env.example", "run.exe")
    for name, env in [
        ("run.exe", ".env"),
        (".env.example", ".env"),
        (".env.local", ".env.local"),
        (".env", ".env"),
    ]:
        assert project_at(root / name).env == root / env


def test_backend_is_preferred_only_when_it_has_more(home: Path) -> None:
    root = make(home / "p", ".env", "backend/.env.example")
    assert project_at(root).root == root
    bare = make(home / "q", "backend/.env.example")
    assert project_at(bare).root == bare / "backend"


@pytest.mark.parametrize(
    ("folder", "name"),
    [("shop", "shop"), ("shop/backend", "shop"), ("shop/API", "shop"), ("shop/web", "web")],
)
def test_a_part_has_its_projects_name(home: Path, folder: str, name: str) -> None:
    assert project_at(make(home / folder, ".env")).name == name


def test_a_given_settings_file_is_taken_whatever_its_name(home: Path) -> None:
    root = make(home / "p", "team.env", "migrations/create_sessions_table.sql")
    project = project_with_env(root / "team.env")
    assert project.env == root / "team.env"
    assert project.script == root / "migrations" / "create_sessions_table.sql"
    with pytest.raises(KnownError) as caught:
        project_with_env(root / "gone.env")
    assert caught.value.code == "env_missing"


def test_the_last_used_project_is_remembered(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state" / "한글"
    monkeypatch.setattr(platformdirs, "user_state_path", lambda *_args, **_kwargs: state)
    project = project_at(make(home / "프로젝트", ".env"))
    assert last_used() is None
    remember(project)
    assert last_used() == project.root
    (project.root / ".env").unlink()
    project.root.rmdir()
    assert last_used() is None


def test_where_nothing_can_be_remembered_nothing_happens(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = make(tmp_path, "file") / "file"
    monkeypatch.setattr(platformdirs, "user_state_path", lambda *_args, **_kwargs: file / "below")
    remember(project_at(home))
    assert last_used() is None
