from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from setup_wizard.envfile import MAX_BYTES, EnvFile, env_missing, new_env, read_env, save
from setup_wizard.errors import KnownError
from setup_wizard.secret import Secret
from tests.rights import as_stranger

CANARY = "c4nary-비밀"
QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def read(tmp_path: Path, content: str | bytes, environ: dict[str, str] | None = None) -> EnvFile:
    path = tmp_path / ".env"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_env(path, environ or {})


def revealed(env: EnvFile) -> dict[str, str | None]:
    values = env.values().items()
    return {key: None if value is None else value.reveal() for key, value in values}


def changed(env: EnvFile, key: str, value: str) -> bytes:
    return env.with_value(key, Secret(value)).data


# --- reading


characters = st.characters(codec="utf-8", exclude_characters="\0")
env_lines = st.text(
    st.sampled_from("AB_='\"#$ {}:-\\nt한글\r\n\t\u3000x") | characters, max_size=60
)


@QUICK
@given(text=env_lines)
def test_values_are_exactly_those_of_dotenv_values(tmp_path: Path, text: str) -> None:
    assume(not text.startswith("\ufeff\ufeff"))
    env = read(tmp_path, text, dict(os.environ))
    assert revealed(env) == dotenv_values(env.path)


ENCODED = [
    ("utf-8", b""),
    ("utf-8", b"\xef\xbb\xbf"),
    ("utf-16-le", b"\xff\xfe"),
    ("utf-16-be", b"\xfe\xff"),
    ("utf-16-le", b""),
    ("utf-16-be", b""),
    ("cp949", b""),
]


@pytest.mark.parametrize(("encoding", "bom"), ENCODED)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_each_encoding_is_read_and_kept(
    tmp_path: Path, encoding: str, bom: bytes, newline: str
) -> None:
    lines = ["# 데이터베이스 설정", "", "export DB_PASSWORD=비밀 # 메모", "LAST='끝'", ""]
    before, after = ["비밀", "'새 비밀#1'"]
    text = newline.join(lines)
    env = read(tmp_path, bom + text.encode(encoding))
    assert (env.encoding, env.bom) == (encoding, bom)
    assert revealed(env) == {"DB_PASSWORD": "비밀", "LAST": "끝"}
    assert [entry.line for entry in env.entries] == [3, 4]
    assert changed(env, "DB_PASSWORD", "새 비밀#1") == bom + text.replace(
        f"={before} ", f"={after} "
    ).encode(encoding)


@pytest.mark.parametrize(
    ("encoding", "bom", "name", "readable"),
    [
        ("utf-16-le", b"\xff\xfe", "utf-16-le", False),
        ("cp949", b"", "cp949", False),
        ("utf-8", b"\xef\xbb\xbf", "utf-8-sig", True),
    ],
)
def test_an_encoding_that_python_dotenv_stumbles_over_is_a_problem(
    tmp_path: Path, encoding: str, bom: bytes, name: str, readable: bool
) -> None:
    (problem,) = read(tmp_path, bom + "A=한글\n".encode(encoding)).problems
    assert problem.code == "env_encoding"
    assert problem.evidence["encoding"] == name
    assert problem.evidence["readable"] is readable


def test_crlf_in_a_quoted_value_is_one_newline_and_later_spans_are_right(tmp_path: Path) -> None:
    env = read(tmp_path, 'A="one\r\ntwo"\r\nB=old\r\n')
    assert revealed(env) == {"A": "one\ntwo", "B": "old"}
    assert changed(env, "B", "new") == b'A="one\r\ntwo"\r\nB=new\r\n'


def test_of_duplicates_the_last_counts_and_is_changed(tmp_path: Path) -> None:
    env = read(tmp_path, "A=1\nB=2\nA=3\n")
    entry = env.get("A")
    assert entry
    assert (entry.value, entry.line) == (Secret("3"), 3)
    (problem,) = env.problems
    assert problem.code == "env_syntax"
    assert problem.evidence["key"] == "A"
    assert problem.evidence["lines"] == ["1", "3"]
    assert str(problem.title) == "A stands in .env more than once"
    assert changed(env, "A", "4") == b"A=1\nB=2\nA=4\n"


@pytest.mark.parametrize("line", ["KEY: value", "KEY:value", "KEY='open", "=x", "two words"])
def test_a_line_that_is_no_setting_is_a_problem_with_its_line(tmp_path: Path, line: str) -> None:
    (problem,) = read(tmp_path, f"# first\n\n{line}\nB=2\n").problems
    assert problem.code == "env_syntax"
    assert problem.evidence["line"] == 3
    assert line not in f"{problem} {problem.evidence}"


def test_variables_come_from_above_then_from_the_environment_then_from_their_default(
    tmp_path: Path,
) -> None:
    text = "A=file\nB=${A}-${C}-${D:-default}\nE=${NOBODY}x\nF=plain\n"
    env = read(tmp_path, text, {"A": "environment", "C": "around"})
    assert revealed(env) == {"A": "file", "B": "file-around-default", "E": "x", "F": "plain"}
    assert [e.interpolated for e in env.entries] == [False, True, True, False]
    assert [e.unset for e in env.entries] == [False, False, True, False]


def test_what_follows_an_unquoted_value_is_kept_as_a_secret(tmp_path: Path) -> None:
    env = read(tmp_path, f"A=p #{CANARY}\nB='p #x' # {CANARY}\n")
    assert [e.comment.reveal() for e in env.entries] == [f" #{CANARY}", ""]
    assert CANARY not in repr(env.entries)


def test_an_empty_file_has_nothing_and_no_problem(tmp_path: Path) -> None:
    for content in (b"", b"\n\n", b"# only a comment\n"):
        env = read(tmp_path, content)
        assert (env.entries, env.problems) == ((), ())


def test_the_repr_shows_nothing_of_the_content(tmp_path: Path) -> None:
    env = read(tmp_path, f"A={CANARY}\n{CANARY}\n", {"X": CANARY})
    assert CANARY not in repr(env)
    assert CANARY not in repr(env.entries)


# --- what cannot be read


def refusal(path: Path) -> KnownError:
    with pytest.raises(KnownError) as caught:
        read_env(path)
    assert caught.value.evidence["path"] == str(path)
    return caught.value


def test_a_missing_file_says_what_lies_there_instead(tmp_path: Path) -> None:
    assert refusal(tmp_path / ".env").code == "env_missing"
    (tmp_path / ".env.example").touch()
    assert "as a pattern" in str(refusal(tmp_path / ".env"))
    (tmp_path / ".env.txt").touch()
    assert "Windows added .txt" in str(env_missing(tmp_path / ".env"))


def test_a_directory_is_no_settings_file(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    error = refusal(tmp_path / ".env")
    assert (error.code, error.evidence["directory"]) == ("env_unreadable", True)


def test_a_huge_file_is_no_settings_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"#" * (MAX_BYTES + 1))
    assert refusal(tmp_path / ".env").code == "env_unreadable"


def test_a_file_without_rights_is_named(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    with as_stranger(path):
        assert refusal(path).code == "env_unreadable"


def test_bytes_in_no_known_encoding_are_refused_without_quoting_them(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"A=" + CANARY.encode() + b"\xff\xff\x80\n")
    error = refusal(path)
    assert error.code == "env_encoding"
    assert error.__context__ is None
    assert error.__cause__ is None


# --- writing


values = st.text(st.sampled_from("a#$ {}'\"\\\n\r\t`=:@%/한글") | characters, max_size=20)
WRITTEN = [
    "A=old",
    "export A = old  # note",
    "A='o\\'ld' # note",
    'A="old"',
    "A=",
    "A= # note",
    "A",
]


@QUICK
@given(value=values, line=st.sampled_from(WRITTEN), newline=st.sampled_from(["\n", "\r\n"]))
def test_dotenv_reads_back_exactly_what_was_written(
    tmp_path: Path, value: str, line: str, newline: str
) -> None:
    head, tail = f"# 머리 '{newline}X=1{newline}", f"{newline}Y='2' # it's{newline}"
    env = read(tmp_path, head + line + tail)
    new = env.with_value("A", Secret(value)).data
    (tmp_path / ".env").write_bytes(new)
    assert dotenv_values(tmp_path / ".env") == {"X": "1", "A": value, "Y": "2"}
    assert new.startswith(head.encode())
    if line != "A":
        assert new.endswith(tail.encode())


@pytest.mark.parametrize(
    ("line", "value", "wanted"),
    [
        ("A=old", "new", "A=new"),
        ("A=old", "n#w", "A='n#w'"),
        ("A=old", "n w", "A='n w'"),
        ("A=old", "", "A="),
        ("A='old'", "new", "A='new'"),
        ("A='old'", "it's", "A='it\\'s'"),
        ('A="old"', 'a"b\\', 'A="a\\"b\\\\"'),
        ("export A = old  # note", "new", "export A = new  # note"),
        ("'A'=old", "new", "'A'=new"),
        ("A= # note", "new", "A=new # note"),
        ("A=old", "a\nb", 'A="a\\nb"'),
        ("A=old", "${X}", "A='${:-$}{X}'"),
        ("A=old", "$X", "A='$X'"),
    ],
)
def test_quotes_are_kept_or_added_where_they_are_needed(
    tmp_path: Path, line: str, value: str, wanted: str
) -> None:
    assert changed(read(tmp_path, f"{line}\n"), "A", value).decode() == f"{wanted}\n"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "A=1\n"),
        ("B=2", "B=2\nA=1\n"),
        ("B=2\r\n", "B=2\r\nA=1\r\n"),
        ("# note\r\nB=2", "# note\r\nB=2\r\nA=1\r\n"),
    ],
)
def test_a_new_key_goes_to_the_end(tmp_path: Path, text: str, wanted: str) -> None:
    assert changed(read(tmp_path, text), "A", "1").decode() == wanted


def test_a_value_that_another_one_names_may_change_it(tmp_path: Path) -> None:
    env = read(tmp_path, "A=1\nB=${A}\n").with_value("A", Secret("2"))
    assert revealed(env) == {"A": "2", "B": "2"}


def test_a_character_that_the_encoding_lacks_is_refused(tmp_path: Path) -> None:
    env = read(tmp_path, "A=한글\n".encode("cp949"))
    with pytest.raises(KnownError) as caught:
        env.with_value("A", Secret("é" + CANARY))
    assert caught.value.code == "env_encoding"
    assert caught.value.__context__ is None
    assert CANARY not in f"{caught.value} {caught.value.evidence}"


def test_a_value_that_would_swallow_another_line_is_refused(tmp_path: Path) -> None:
    env = read(tmp_path, "B='open\n")
    with pytest.raises(KnownError) as caught:
        env.with_value("A", Secret("two words'"))
    assert caught.value.code == "env_syntax"


# --- saving


def test_save_keeps_a_dated_copy_with_the_same_mode(tmp_path: Path) -> None:
    env = read(tmp_path, "A=1\n")
    if os.name == "posix":
        env.path.chmod(0o640)
    new = env.with_value("A", Secret("2"))
    backup = save(env, new)
    again = save(new, new.with_value("A", Secret("3")))
    assert backup
    assert again
    assert backup != again
    assert backup.name.startswith(".env.bak-2")
    assert backup.read_bytes() == b"A=1\n"
    assert env.path.read_bytes() == b"A=3\n"
    assert stat.S_IMODE(backup.stat().st_mode) == stat.S_IMODE(env.path.stat().st_mode)
    if os.name == "posix":
        assert stat.S_IMODE(env.path.stat().st_mode) == 0o640
    assert {path.name for path in tmp_path.iterdir()} == {".env", backup.name, again.name}


def test_save_refuses_when_the_file_changed_meanwhile(tmp_path: Path) -> None:
    env = read(tmp_path, "A=1\n")
    env.path.write_bytes(b"A=other\n")
    with pytest.raises(KnownError) as caught:
        save(env, env.with_value("A", Secret("2")))
    assert caught.value.code == "env_changed"
    assert [path.name for path in tmp_path.iterdir()] == [".env"]
    assert env.path.read_bytes() == b"A=other\n"


def test_save_writes_what_a_link_points_to(tmp_path: Path) -> None:
    real = tmp_path / "shared" / "team.env"
    real.parent.mkdir()
    real.write_bytes(b"A=1\n")
    link = tmp_path / ".env"
    link.symlink_to(real)
    env = read_env(link, {})
    backup = save(env, env.with_value("A", Secret("2")))
    assert backup
    assert backup.parent == real.parent
    assert link.is_symlink()
    assert real.read_bytes() == b"A=2\n"


def test_save_makes_a_new_file_for_its_owner_only(tmp_path: Path) -> None:
    env = new_env(tmp_path / ".env", {})
    assert save(env, env.with_value("A", Secret("1"))) is None
    assert env.path.read_bytes() == b"A=1\n"
    if os.name == "posix":
        assert stat.S_IMODE(env.path.stat().st_mode) == 0o600


def test_save_without_rights_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    env = read(tmp_path, "A=1\n")
    with as_stranger(env.path), pytest.raises(KnownError) as caught:
        save(env, env.with_value("A", Secret(CANARY)))
    assert caught.value.code == "env_not_saved"
    assert CANARY not in str(caught.value)
    assert env.path.read_bytes() == b"A=1\n"
    assert [path.name for path in tmp_path.iterdir()] == [".env"]
