from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from setup_wizard.errors import KnownError
from setup_wizard.machine import psql
from setup_wizard.practice import postgres_binaries

PSQL = postgres_binaries(16) / psql.program("psql")


def script(path: Path, body: str) -> Path:
    """Make a program of a few lines of shell; where scripts are no programs, it cannot run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_real_psql_says_its_version() -> None:
    (found,) = psql.working([(PSQL, "folder")])
    assert found.path == PSQL
    assert found.source == "folder"
    assert found.version.startswith("16.")


def test_candidates_that_are_no_psql_fall_out_and_the_order_stays(tmp_path: Path) -> None:
    newer = postgres_binaries(18) / psql.program("psql")
    candidates = [
        (tmp_path / "nothing", "PATH"),
        (tmp_path, "PATH"),
        (tmp_path / "loop", "PATH"),
        (script(tmp_path / "fails" / "psql", "echo psql '(PostgreSQL)' 17.1; exit 1"), "PATH"),
        (script(tmp_path / "other" / "psql", "echo something else 17.1"), "PATH"),
        (script(tmp_path / "silent" / "psql", ":"), "PATH"),
        (newer, "registry"),
        (PSQL, "folder"),
        (newer, "folder"),
    ]
    (tmp_path / "text").write_text("no program")
    if sys.platform != "win32":  # where a user may not make symbolic links
        (tmp_path / "loop").symlink_to("loop")
    candidates.insert(0, (tmp_path / "text", "PATH"))
    found = tuple(psql.working(candidates))
    assert [(item.path, item.source) for item in found] == [(newer, "registry"), (PSQL, "folder")]


@pytest.mark.parametrize("path", [PSQL, PSQL.parent, PSQL.parents[1]], ids=["file", "bin", "base"])
def test_user_may_choose_file_or_folder(path: Path) -> None:
    found = psql.chosen(path)
    assert found.path == PSQL
    assert found.source == "chosen"


def test_choosing_what_is_no_psql_says_so(tmp_path: Path) -> None:
    file = tmp_path / "psql.txt"
    file.write_text("no program")
    for path, exists in ((file, True), (tmp_path, True), (tmp_path / "nothing", False)):
        with pytest.raises(KnownError) as caught:
            psql.chosen(path)
        assert caught.value.code == "psql_missing"
        assert caught.value.evidence == {"path": str(path), "exists": exists}


def test_path_is_searched_in_its_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folders = [tmp_path / "nothing", postgres_binaries(18), PSQL.parent]
    monkeypatch.setenv("PATH", os.pathsep.join(["", *map(str, folders)]))
    versions = [item.version.split(".")[0] for item in psql.working(psql.on_path())]
    assert versions == ["18", "16"]


def test_psql_in_the_working_folder_is_not_on_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script(tmp_path / psql.program("psql"), "echo psql '(PostgreSQL)' 17.1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join(["", str(PSQL.parent)]))
    assert [item.path for item in psql.working(psql.on_path())] == [PSQL]


def test_newest_folder_first() -> None:
    folders = [Path(f"/usr/lib/postgresql/{version}/bin") for version in ("9.6", "17", "10")]
    assert [folder.parent.name for folder in psql.newest_first(folders)] == ["17", "10", "9.6"]


def test_program_names() -> None:
    assert psql.program("psql") == ("psql.exe" if sys.platform == "win32" else "psql")
