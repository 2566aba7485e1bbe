"""What was done is written down, without secrets, and can be undone where that is possible."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from setup_wizard import logfile
from setup_wizard.deadline import Deadline
from setup_wizard.engine import Engine, Job
from setup_wizard.errors import KnownError
from setup_wizard.fixes import entries, journal, undo
from setup_wizard.fixes.journal import Change, write
from setup_wizard.machine import ServiceState, StartType
from setup_wizard.project import project_at
from setup_wizard.secret import Secret
from setup_wizard.target import read_settings
from tests.fakes import FakeMachine, FakeRepairs, windows_service

URL = "DATABASE_URL=postgresql://postgres:ca@nary@127.0.0.1:1/app\n"


def windows(start_type: StartType = StartType.MANUAL) -> FakeMachine:
    machine = FakeMachine([windows_service(ServiceState.RUNNING, port=1, start_type=start_type)])
    machine.repairs = FakeRepairs(machine, path=r"C:\tools")
    return machine


def job() -> Job:
    return Job(None, read_settings(None, {"DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c"}), ())


def project(folder: Path) -> tuple[Engine, Job]:
    (folder / ".env").write_text(f"# 설정\n{URL}", encoding="utf-8")
    engine = Engine(FakeMachine(), environ={})
    return engine, engine.open(project_at(folder))


def test_entry_says_what_was_done_without_a_secret(tmp_path: Path) -> None:
    engine, opened = project(tmp_path)
    engine.fix("encode_password", opened, Deadline(5))
    [entry] = entries()
    assert (entry.fix, entry.result) == ("encode_password", "done")
    assert entry.what == f"{tmp_path / '.env'}: DATABASE_URL"
    assert entry.before is not None
    assert Path(entry.before).read_text(encoding="utf-8") == f"# 설정\n{URL}"
    text = (logfile.folder() / journal.NAME).read_text(encoding="utf-8")
    assert "nary" not in text
    assert json.loads(text)["time"].startswith("20")


def test_saved_env_goes_back(tmp_path: Path) -> None:
    engine, opened = project(tmp_path)
    engine.fix("encode_password", opened, Deadline(5))
    assert "ca%40nary" in (tmp_path / ".env").read_text(encoding="utf-8")
    undo(entries()[0], engine.machine, Deadline(5))
    assert (tmp_path / ".env").read_text(encoding="utf-8") == f"# 설정\n{URL}"
    assert (entries()[0].fix, entries()[0].result) == ("undo_encode_password", "done")


def test_engine_undoes_the_last_fix_that_can_be(tmp_path: Path) -> None:
    engine, opened = project(tmp_path)
    before = (tmp_path / ".env").read_bytes()
    typed = {"host": "127.0.0.1", "password": Secret("canary")}
    saved = engine.fix("save_env", replace(opened, typed=typed), Deadline(5))  # type: ignore[arg-type]
    assert (tmp_path / ".env").read_bytes() != before
    found = engine.fix("locate_psql", saved, Deadline(5))
    assert found.undoable == saved.undoable
    undone = engine.undo(found, Deadline(5))
    assert (tmp_path / ".env").read_bytes() == before
    assert undone.undoable is None
    assert undone.settings.values == opened.settings.values


def test_env_that_somebody_changed_since_stays(tmp_path: Path) -> None:
    engine, opened = project(tmp_path)
    engine.fix("encode_password", opened, Deadline(5))
    entry = entries()[0]
    (tmp_path / ".env").write_text("OTHER=1\n", encoding="utf-8")
    with pytest.raises(KnownError) as caught:
        undo(entry, engine.machine, Deadline(5))
    assert caught.value.code == "cannot_undo"
    assert (tmp_path / ".env").read_text(encoding="utf-8") == "OTHER=1\n"


def test_new_env_is_not_taken_away(tmp_path: Path) -> None:
    engine = Engine(FakeMachine(), environ={})
    opened = engine.open(project_at(tmp_path))
    typed = {
        "database": "app",
        "user": "postgres",
        "password": Secret("canary"),
    }
    engine.fix("save_env", Job(opened.project, opened.saved, (), typed), Deadline(5))  # type: ignore[arg-type]
    assert (tmp_path / ".env").exists()
    with pytest.raises(KnownError) as caught:
        undo(entries()[0], engine.machine, Deadline(5))
    assert caught.value.code == "cannot_undo"
    assert (tmp_path / ".env").exists()


def test_path_goes_back() -> None:
    machine = windows()
    Engine(machine, environ={}).fix("add_psql_to_path", job(), Deadline(5))
    repairs = machine.repairs
    assert isinstance(repairs, FakeRepairs)
    folder = Path("/opt/pg/bin")
    assert repairs.path == rf"C:\tools;{folder}"
    assert (entries()[0].before, entries()[0].after) == (r"C:\tools", repairs.path)
    undo(entries()[0], machine, Deadline(5))
    assert repairs.path == r"C:\tools"


def test_start_type_goes_back() -> None:
    machine = windows()
    Engine(machine, environ={}).fix("set_service_automatic", job(), Deadline(5))
    entry = entries()[0]
    assert (entry.before, entry.after) == ("manual", "automatic")
    assert entry.after == machine.installed[0].start_type
    undo(entry, machine, Deadline(5))
    assert machine.installed[0].start_type is StartType.MANUAL
    machine.installed.clear()
    with pytest.raises(KnownError):
        undo(entry, machine, Deadline(5))


def test_what_has_no_way_back_says_so() -> None:
    machine = windows()
    Engine(machine, environ={}).fix("open_services", job(), Deadline(5))
    with pytest.raises(KnownError) as caught:
        undo(entries()[0], machine, Deadline(5))
    assert caught.value.code == "cannot_undo"
    machine.repairs = None  # an entry of a Windows computer, read elsewhere
    with pytest.raises(KnownError):
        undo(journal.Entry("", "x", "done", undo={"kind": "user_path"}), machine, Deadline(5))


def test_fix_that_did_not_work_is_written_down_with_its_code() -> None:
    with pytest.raises(KnownError):
        Engine(FakeMachine(psqls=()), environ={}).fix("locate_psql", job(), Deadline(5))
    assert [(entry.fix, entry.result) for entry in entries()] == [("locate_psql", "psql_missing")]


def test_journal_rotates_and_minds_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_BYTES", 1000)
    for number in range(30):
        write("x", Change(f"한글 {number}"))
    with (logfile.folder() / journal.NAME).open("a", encoding="utf-8") as file:
        file.write('{"half": \n{"time": 1}\n')
    found = [entry.what for entry in entries()]
    assert found[0] == "한글 29"
    assert 5 < len(found) < 30
    sizes = [path.stat().st_size for path in logfile.folder().iterdir()]
    assert len(sizes) == 2
    assert max(sizes) < 1500


def test_journal_that_cannot_be_written_stops_no_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    logfile.folder().parent.mkdir(parents=True, exist_ok=True)
    logfile.folder().write_text("a file where the folder should be")
    Engine(windows(), environ={}).fix("open_services", job(), Deadline(5))
    assert entries() == ()
