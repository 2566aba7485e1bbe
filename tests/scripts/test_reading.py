from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from setup_wizard.errors import KnownError
from setup_wizard.resources import bundled
from setup_wizard.scripts import Statement
from setup_wizard.scripts.reading import MAX_BYTES, read_script
from tests.scripts.conftest import MakeScript

KOREAN = "-- 세션 표\nCREATE TABLE 세션 (이름 text DEFAULT '없음');\n"


def refusal(path: Path) -> KnownError:
    with pytest.raises(KnownError) as caught:
        read_script(path)
    assert str(caught.value.title)
    assert str(caught.value.detail)
    return caught.value


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "script.sql"
    path.write_bytes(data)
    return path


def test_the_bundled_script() -> None:
    script = read_script(bundled("migrations/create_sessions_table.sql"))
    assert [(s.line, s.column, s.text[:13]) for s in script.statements] == [
        (3, 1, "CREATE TABLE "),
        (13, 1, "CREATE INDEX "),
        (15, 1, "CREATE INDEX "),
    ]
    assert script.encoding == "utf-8"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (KOREAN.encode(), "utf-8"),
        (KOREAN.encode("utf-8-sig"), "utf-8-sig"),
        (b"\xff\xfe" + KOREAN.encode("utf-16-le"), "utf-16-le"),
        (b"\xfe\xff" + KOREAN.encode("utf-16-be"), "utf-16-be"),
        (KOREAN.encode("cp949"), "cp949"),
        (KOREAN.replace("\n", "\r\n").encode(), "utf-8"),
    ],
)
def test_encodings(tmp_path: Path, data: bytes, encoding: str) -> None:
    script = read_script(written(tmp_path, data))
    assert (script.text, script.encoding) == (KOREAN, encoding)
    assert script.statements == (Statement("CREATE TABLE 세션 (이름 text DEFAULT '없음')", 2, 1),)


def test_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "missing.sql"
    error = refusal(path)
    assert (error.code, error.evidence["path"]) == ("script_missing", str(path))


def test_a_folder(tmp_path: Path) -> None:
    error = refusal(tmp_path)
    assert error.code == "script_missing"
    assert "folder" in str(error.title)


def test_a_git_lfs_pointer(tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:1234\nsize 12345\n"
    error = refusal(written(tmp_path, pointer))
    assert error.code == "script_missing"
    assert "git lfs pull" in str(error)


@contextmanager
def unreadable(path: Path) -> Iterator[None]:
    """Close a file to this process: by a lock on Windows, elsewhere by rights, as no root."""
    if sys.platform == "win32":
        import msvcrt

        with path.open("r+b") as file:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            yield
        return
    path.chmod(0)
    user = os.geteuid()
    os.seteuid(65534 if user == 0 else user)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_file_without_rights(tmp_path: Path) -> None:
    path = written(tmp_path, b"SELECT 1")
    with unreadable(path):
        error = refusal(path)
    assert (error.code, error.evidence["errno"]) == ("script_unreadable", errno.EACCES)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xef\xbb\xbf",
        b" \r\n\t",
        "-- 나중에\n/* /* */ */ ;".encode(),
        b"BEGIN; COMMIT;",
        b"SELECT 'a\0b'",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff\xff\xfe",
        b"\xff\xfe\x00\x00S\x00\x00\x00",
        b"SELECT '\x80\x81\xff'",
        b"\xff\xfeS",
    ],
)
def test_nothing_to_read(tmp_path: Path, data: bytes) -> None:
    assert refusal(written(tmp_path, data)).code == "script_unreadable"


def test_100_megabytes_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "dump.sql"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    start = time.perf_counter()
    error = refusal(path)
    assert error.code == "script_unreadable"
    assert "psql -f" in str(error)
    assert time.perf_counter() - start < 0.5


def test_the_largest_script(tmp_path: Path) -> None:
    path = written(tmp_path, b"SELECT 1".ljust(MAX_BYTES))
    assert len(read_script(path).statements) == 1


def test_statements_and_their_places(script: MakeScript) -> None:
    sql = r"""-- 첫 줄
/* 둘째 /* 안 */ 줄 */ CREATE TABLE "내 표" (
    이름 text DEFAULT 'a\b;' -- 주석; 안
);;

CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $몸$
BEGIN
    RETURN '\d; -- 아님';
END $몸$ ; -- 끝
CREATE FUNCTION g() RETURNS int
BEGIN ATOMIC SELECT 1; SELECT 2; END;
SELECT '한글'; SELECT 2 /* 끝 */
"""
    read = script(sql)
    assert [(s.line, s.column, s.text.split("\n")[-1]) for s in read.statements] == [
        (2, 20, ")"),
        (6, 1, "END $몸$"),
        (10, 1, "BEGIN ATOMIC SELECT 1; SELECT 2; END"),
        (12, 1, "SELECT '한글'"),
        (12, 14, "SELECT 2"),
    ]
    assert read.text == sql


@pytest.mark.parametrize(
    ("sql", "line", "column"),
    [
        ("SELECT 1;\nSELECT '한글' FRM;\n SELCT 2", 3, 2),
        ("CREATE TABLE 세션 (이름 text,,)", 1, 26),
        ("SELECT 1;\n\nSELECT 'abc", 3, 8),
        ("SELECT 1;\n/* 한", 2, 1),
        ("SELECT 1 +", 1, 11),
        ("SELECT $$a", 1, 8),
    ],
)
def test_broken_sql(script: MakeScript, sql: str, line: int, column: int) -> None:
    with pytest.raises(KnownError) as caught:
        script(sql)
    error = caught.value
    assert error.code == "script_failed"
    assert (error.evidence["line"], error.evidence["column"]) == (line, column)
    assert error.evidence["sqlstate"] == "42601"
    assert error.server_text


@pytest.mark.parametrize(
    ("sql", "line", "what"),
    [
        ("SELECT 1;\n\\i other.sql\n", 2, "\\i"),
        ("\\c real_estate\nCREATE TABLE 표 (id int);", 1, "\\c"),
        ("SELECT 1 AS 한 \\gset\nSELECT 2;", 1, "\\gset"),
        ("\\echo it's\n", 1, "\\echo"),
        ("COPY 표 FROM stdin;\n1\tit's\n\\.\n", 2, "COPY … FROM stdin"),
        ("SELECT 1;\nCOPY t (a) FROM STDIN WITH (FORMAT csv);\na,b\n\\.\n", 3, "COPY … FROM stdin"),
        ("SELECT 1;\nCOPY t FROM stdin;\n\\.\n", 3, "\\."),
        ("SELECT 1;\n:문장;", 2, ":문장;"),
        ("SELECT 1;\nCOPY t FROM stdin;", 2, "COPY … FROM stdin"),
        ("SELECT 1;\nCOPY t TO stdout;", 2, "COPY … TO stdout"),
        ("SELECT 1;\nGRANT SELECT ON t TO :role;", 2, ":role;"),
        ("SELECT :'이름';", 1, ":'이름';"),
        ("BEGIN; SELECT 1;", 1, "transaction"),
        ("SELECT 1;\nCOMMIT;", 2, "transaction"),
        ("BEGIN; SELECT 1; COMMIT;\nBEGIN; SELECT 2; COMMIT;", 1, "transaction"),
        ("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT", 1, "transaction"),
        ("BEGIN;\nSAVEPOINT a;\nCOMMIT", 2, "transaction"),
        ("ROLLBACK", 1, "transaction"),
        ("CREATE TABLE t (a int);\nCREATE INDEX CONCURRENTLY ON t (a);", 2, None),
        ("DROP INDEX CONCURRENTLY i", 1, "DROP INDEX CONCURRENTLY"),
        ("REINDEX TABLE CONCURRENTLY t", 1, "REINDEX CONCURRENTLY"),
        ("REINDEX DATABASE d", 1, "REINDEX"),
        ("VACUUM t", 1, "VACUUM"),
        ("CREATE DATABASE d", 1, "CREATE DATABASE"),
        ("DROP DATABASE d", 1, "DROP DATABASE"),
        ("CREATE TABLESPACE s LOCATION '/x'", 1, "CREATE TABLESPACE"),
        ("ALTER SYSTEM SET work_mem = '1MB'", 1, "ALTER SYSTEM"),
        ("ALTER DATABASE d SET TABLESPACE s", 1, "ALTER DATABASE"),
        ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY", 1, "DETACH PARTITION CONCURRENTLY"),
        ("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p", 1, "CREATE SUBSCRIPTION"),
        ("CLUSTER", 1, "CLUSTER"),
        ("DISCARD ALL", 1, "DISCARD ALL"),
    ],
)
def test_what_only_psql_can_run(script: MakeScript, sql: str, line: int, what: str | None) -> None:
    with pytest.raises(KnownError) as caught:
        script(sql)
    error = caught.value
    assert error.code == "script_needs_psql"
    assert error.evidence["line"] == line
    assert error.evidence["statement"] == (what or "CREATE INDEX CONCURRENTLY")
    assert str(error.evidence["file"]) in str(error)


@pytest.mark.parametrize(
    "sql",
    [
        r"INSERT INTO t VALUES ('\d', E'\\i', $$\copy$$, ':name'); -- \i",
        r'CREATE TABLE "\i" (a int)',
        "SELECT a[1:2], x::int FROM t WHERE b = ANY (ARRAY[1])",
        "COPY t FROM '/data.csv'",
        "ANALYZE t",
        "CLUSTER t USING i",
        "REINDEX TABLE t",
        "ALTER DATABASE d SET work_mem = '1MB'",
        "DISCARD TEMP",
    ],
)
def test_what_is_no_psql(script: MakeScript, sql: str) -> None:
    assert len(script(sql).statements) == 1


@pytest.mark.parametrize("begin", ["BEGIN", "begin work", "START TRANSACTION"])
@pytest.mark.parametrize("commit", ["COMMIT", "END", "commit work"])
def test_a_transaction_around_all_is_left_out(script: MakeScript, begin: str, commit: str) -> None:
    read = script(f"{begin};\nCREATE TABLE t (a int);\nSELECT 1;\n{commit};\n")
    assert [(s.text, s.line) for s in read.statements] == [
        ("CREATE TABLE t (a int)", 2),
        ("SELECT 1", 3),
    ]


def test_the_file_s_encoding_is_no_business_of_the_server_s(script: MakeScript) -> None:
    read = script("SET client_encoding = 'UHC';\nSET NAMES 'UHC';\nSELECT '한';", encoding="cp949")
    assert [s.line for s in read.statements] == [3]


def test_twenty_thousand_statements(script: MakeScript) -> None:
    sql = "".join(
        f"INSERT INTO 표{i % 7} (a, b) VALUES ({i}, '값'); -- {i}\n" for i in range(20_000)
    )
    start = time.perf_counter()
    read = script(sql)
    assert time.perf_counter() - start < 5
    assert [read.statements[i].line for i in (0, 9_999, 19_999)] == [1, 10_000, 20_000]
    assert read.statements[-1].text == "INSERT INTO 표0 (a, b) VALUES (19999, '값')"
