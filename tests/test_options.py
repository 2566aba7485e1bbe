"""The command line: promises to scripts and CI."""

from __future__ import annotations

from pathlib import Path

import pytest

from setup_wizard.i18n import language
from setup_wizard.options import Options, parse


def test_nothing_given_is_the_wizard() -> None:
    assert parse([]) == Options()


@pytest.mark.parametrize("order", ["before", "after"])
def test_common_options_stand_before_or_after_the_command(order: str, tmp_path: Path) -> None:
    common = ["--project", str(tmp_path), "--sql", "a.sql", "--sql", "b.sql", "--json"]
    common += ["--timeout", "2.5", "--practice"]
    argv = [*common, "apply", "--yes"] if order == "before" else ["apply", *common, "--yes"]
    assert parse(argv) == Options(
        command="apply",
        project=tmp_path,
        sql=(Path("a.sql"), Path("b.sql")),
        json=True,
        yes=True,
        timeout=2.5,
        practice=True,
    )


def test_tables_takes_a_pattern_and_report_a_file() -> None:
    assert parse(["tables", "sess*"]).pattern == "sess*"
    assert parse(["report", "-o", "r.txt"]).output == Path("r.txt")


@pytest.mark.parametrize(
    "argv",
    [
        ["chek"],
        ["check", "--timeout", "0"],
        ["check", "--timeout", "soon"],
        ["check", "--timeout", "nan"],
        ["check", "--lang", "fr"],
        ["check", "--proj", "x"],
    ],
)
def test_unusable_lines_end_with_2_and_one_sentence(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        parse(argv)
    assert stop.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "This command line cannot be used" in err


def test_env_and_project_that_contradict_each_other_are_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a").mkdir()
    env = tmp_path / "b" / ".env"
    with pytest.raises(SystemExit) as stop:
        parse(["check", "--project", str(tmp_path / "a"), "--env", str(env)])
    assert stop.value.code == 2
    assert str(env) in capsys.readouterr().err


def test_env_below_the_project_is_fine(tmp_path: Path) -> None:
    env = tmp_path / "backend" / ".env"
    assert parse(["check", "--project", str(tmp_path), "--env", str(env)]).env == env


@pytest.mark.parametrize("argv", [["--password=root1234"], ["--password", "root1234"]])
def test_no_option_takes_a_password_and_none_is_repeated(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        parse(["check", *argv])
    assert stop.value.code == 2
    err = capsys.readouterr().err
    assert "--password" in err
    assert "root1234" not in err


def test_language_is_set_for_the_help_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        parse(["--lang", "ko", "--help"])
    assert stop.value.code == 0
    assert language() == "ko"
    assert any("가" <= letter <= "힣" for letter in capsys.readouterr().out)


@pytest.mark.parametrize(("lang", "wanted"), [("ko_KR.UTF-8", "ko"), ("de_DE.UTF-8", "en")])
def test_language_follows_the_system(
    lang: str, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", lang)
    monkeypatch.setattr("sys.platform", "linux")
    parse([])
    assert language() == wanted
