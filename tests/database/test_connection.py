from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from threading import Timer

import pytest

from setup_wizard.database import login
from setup_wizard.database.connection import Connection, Notice, StatementFailed, connect
from setup_wizard.database.refusals import ConnectionFailed
from setup_wizard.deadline import Cancelled, Deadline
from setup_wizard.errors import KnownError
from setup_wizard.secret import Secret
from setup_wizard.target import Target
from tests.fake_server import Answer, fake_server
from tests.pulse import longest_gap
from tests.relay import Relay, black_hole, relay_to
from tests.servers import Server

NOWHERE = Target("127.0.0.1", 1, "app", "app", Secret("canary"))


def refusal(target: Target, seconds: float = 10) -> ConnectionFailed:
    with pytest.raises(ConnectionFailed) as raised:
        connect(target, Deadline(seconds))
    return raised.value


@pytest.fixture
def relay(server: Server) -> Iterator[Relay]:
    with relay_to(server.target.host, server.target.port) as relay:
        yield relay


# Logging in


def test_connects_once_and_says_where(server: Server, relay: Relay) -> None:
    with connect(replace(server.target, port=relay.port), Deadline(10)) as connection:
        assert connection.server_version.startswith(f"{server.version}.")
        assert connection.server_address == "127.0.0.1"
        assert connection.database == "postgres"
        assert connection.query("SHOW application_name") == [("setup-wizard",)]
    assert connection.closed
    assert relay.connections == 1


def test_another_database_of_the_same_server(database: Target) -> None:
    with connect(database, Deadline(10), database="template1") as connection:
        assert connection.query("SELECT current_database()") == [("template1",)]


def test_name_of_a_host_is_looked_up(server: Server) -> None:
    with connect(replace(server.target, host="localhost"), Deadline(10)) as connection:
        assert connection.query("SELECT 1") == [(1,)]


def test_options_reach_libpq(server: Server) -> None:
    target = replace(server.target, options={"options": "-c work_mem=7MB"})
    with connect(target, Deadline(10)) as connection:
        assert connection.query("SHOW work_mem") == [("7MB",)]


def test_text_of_a_database_without_an_encoding_is_text(server: Server) -> None:
    server.run("CREATE DATABASE ascii TEMPLATE template0 ENCODING 'SQL_ASCII'")
    try:
        with connect(server.database("ascii"), Deadline(10)) as connection:
            assert connection.query("SELECT '세션'::text") == [("세션",)]
    finally:
        server.run("DROP DATABASE ascii WITH (FORCE)")


def test_wrong_password_and_unknown_user_look_alike(server: Server) -> None:
    wrong = refusal(replace(server.target, password=Secret("wrong")))
    unknown = refusal(replace(server.target, user="nobody_here"))
    assert (wrong.code, wrong.sqlstate) == ("login_rejected", "28P01")
    assert (unknown.code, unknown.sqlstate) == ("login_rejected", "28P01")
    assert wrong.server_text == 'password authentication failed for user "postgres"'


def test_password_missing(server: Server) -> None:
    for password in (None, Secret("")):
        assert refusal(replace(server.target, password=password)).code == "password_missing"


def test_database_missing(server: Server) -> None:
    for name in ("no_such_db", "없는 데이터베이스", "  : 28P01: \" ' \\", "x:  28P01: y", "é" * 60):
        failed = refusal(server.database(name))
        assert (failed.code, failed.sqlstate) == ("database_missing", "3D000")
        assert name[:30] in failed.server_text


def test_database_closed_and_connect_not_allowed(server: Server, database: Target) -> None:
    name = database.database
    server.run(
        "CREATE ROLE visitor LOGIN PASSWORD 'visitor'",
        f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC",
    )
    try:
        visitor = replace(database, user="visitor", password=Secret("visitor"))
        assert refusal(visitor).code == "connect_not_allowed"
        server.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        assert refusal(database).code == "database_closed"
        server.run("ALTER ROLE visitor CONNECTION LIMIT 0")
        assert refusal(visitor).code == "too_many_connections"
        server.run("ALTER ROLE visitor NOLOGIN")
        assert refusal(visitor).code == "login_not_allowed"
    finally:
        server.run("DROP ROLE visitor")


def test_ssl_that_the_server_does_not_have(server: Server) -> None:
    failed = refusal(replace(server.target, options={"sslmode": "require"}))
    assert failed.code == "tls_missing"
    assert failed.server_text == "server does not support SSL, but SSL was required"


def test_connection_refused() -> None:
    failed = refusal(NOWHERE)
    assert failed.code == "connection_refused"
    assert failed.evidence["addresses"] == ["127.0.0.1: ECONNREFUSED"]
    assert "127.0.0.1:1" in str(failed)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 300, "with space"])
def test_host_unknown(host: str) -> None:
    assert refusal(replace(NOWHERE, host=host)).code == "host_unknown"


def test_every_address_is_tried(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    port = server.target.port
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
        for address in ("127.0.0.2", "127.0.0.1", "127.0.0.3")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: found)
    with connect(server.target, Deadline(10)) as connection:
        assert connection.server_address == "127.0.0.1"
    failed = refusal(replace(server.target, password=Secret("wrong")))
    assert failed.code == "login_rejected"
    addresses = failed.evidence["addresses"]
    assert isinstance(addresses, list)
    assert [address.split(": ")[0] for address in addresses] == ["127.0.0.2", "127.0.0.1"]
    assert addresses[1] == "127.0.0.1: 28P01"


@pytest.mark.parametrize(
    "greeting",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"220 mail ESMTP\r\n",
        b"-ERR unknown command\r\n",
        b"J\0\0\0\n8.0.36\0" + bytes(60),  # MySQL
        b"R\0\0\0\n8.0.36-log" + bytes(70),  # MySQL, as long as its first letter is an R
        b"\x15\x03\x03\0\x02\x02\x46",  # a TLS alert
        b"\0",
    ],
)
def test_not_postgresql(greeting: bytes) -> None:
    with fake_server(Answer(greeting=greeting.hex())) as port:
        failed = refusal(replace(NOWHERE, port=port), 3)
    assert failed.code == "not_postgresql"


def test_web_server_that_waits_for_a_line() -> None:
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        try:
            match = re.search(r"port (\d+)", process.stdout.readline())
            assert match
            failed = refusal(replace(NOWHERE, port=int(match[1])), 1)
        finally:
            process.terminate()
    assert failed.code == "not_postgresql"


def test_server_too_short_of_memory_to_say_it_properly() -> None:
    text = b"Ecould not fork new process for connection: Cannot allocate memory\n\0"
    with fake_server(Answer(text.hex())) as port:
        failed = refusal(replace(NOWHERE, port=port))
    assert failed.code == "connection_failed"
    assert "could not fork new process" in failed.server_text


def test_silence_and_hanging_up_are_no_answer() -> None:
    with fake_server(Answer(greeting="", stays=True)) as port:
        silent = refusal(replace(NOWHERE, port=port), 0.5)
    with fake_server(Answer(greeting="")) as port:
        hung_up = refusal(replace(NOWHERE, port=port))
    with black_hole() as port:
        swallowed = refusal(replace(NOWHERE, port=port), 0.5)
    assert (silent.code, hung_up.code, swallowed.code) == ("no_answer",) * 3
    assert "without an answer" in str(hung_up.title)


def test_refused_with_ssl_and_then_without_it() -> None:
    def attempt(code: str, text: str) -> bytes:
        where = 'connection to server at "db" (10.0.0.1), port 5432 failed: '
        location = "LOCATION:  auth_failed, d:\\\\pg\\\\auth.c:321\n"
        return f"{where}치명적오류:  {code}: {text}\n{location}".encode("cp949")

    rejected, not_allowed = attempt("28P01", "비밀번호"), attempt("28000", "pg_hba.conf")
    for message in (rejected + not_allowed, not_allowed + rejected):
        found = login._refusal(message)
        assert found
        assert found.sqlstate == "28P01"
        assert found.severity == "치명적오류".encode("cp949")
        assert found.sentence.startswith("비밀번호".encode("cp949"))
    first = login._refusal(not_allowed * 2)
    assert first
    assert (first.sqlstate, first.sentence) == ("28000", b"pg_hba.conf")
    assert login._refusal(b"could not connect") is None


def test_no_secret_leaves_with_a_failure(server: Server) -> None:
    canary = "canary-p@ss/w%rd"
    target = replace(server.target, password=Secret(canary))
    with relay_to(server.target.host, server.target.port) as relay:
        for failing in (target, replace(target, port=relay.port, options={"sslmode": "nonsense"})):
            failed = refusal(failing)
            shown = "".join(traceback.format_exception(failed))
            shown += repr(failed) + repr(failed.evidence) + failed.server_text + repr(vars(failed))
            assert canary not in shown
            assert failed.__context__ is None
            assert failed.__cause__ is None


# Cancel, time limits and other threads


@contextmanager
def silent_server() -> Iterator[int]:
    with fake_server(Answer(greeting="", stays=True)) as port:
        yield port


@pytest.mark.parametrize("somewhere", [black_hole, silent_server])
def test_cancel_while_connecting(somewhere: Callable[[], AbstractContextManager[int]]) -> None:
    with somewhere() as port:
        deadline = Deadline(20)
        assert_cancelled(deadline, lambda: connect(replace(NOWHERE, port=port), deadline))


def test_cancel_while_a_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def slow(host: str, port: int, type: int, flags: int) -> object:  # noqa: A002
        if not flags & socket.AI_NUMERICHOST:
            time.sleep(1)
        return look_up(host, port, type=type, flags=flags)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    deadline = Deadline(20)
    assert_cancelled(deadline, lambda: connect(replace(NOWHERE, host="slow.invalid"), deadline))
    assert refusal(replace(NOWHERE, host="slow.invalid"), 0.2).code == "host_unknown"


def test_cancel_while_a_statement_runs(server: Server, database: Target) -> None:
    deadline = Deadline(20)
    connection = connect(database, deadline)
    assert_cancelled(deadline, lambda: connection.query("SELECT pg_sleep(30)"))
    assert connection.closed
    assert_nothing_runs(server, database)


def test_cancel_inside_a_transaction_leaves_nothing(server: Server, database: Target) -> None:
    deadline = Deadline(20)
    connection = connect(database, deadline)

    def work() -> None:
        with connection.transaction():
            connection.execute("CREATE TABLE t ()")
            connection.execute("SELECT pg_sleep(30)")

    assert_cancelled(deadline, work)
    assert_nothing_runs(server, database)
    with connect(database, Deadline(10)) as after:
        assert after.query("SELECT to_regclass('t')") == [(None,)]


def test_cancel_between_two_statements_of_a_transaction(database: Target) -> None:
    with connect(database, Deadline(20)) as connection:

        def work() -> None:
            with connection.transaction():
                connection.execute("CREATE TABLE t ()")
                connection.deadline.cancel()

        with pytest.raises(Cancelled):
            work()
        assert connection.closed
    with connect(database, Deadline(10)) as after:
        assert after.query("SELECT to_regclass('t')") == [(None,)]


def test_cancel_where_the_network_has_died(database: Target, relay: Relay) -> None:
    deadline = Deadline(20)
    connection = connect(replace(database, port=relay.port), deadline)
    relay.go_deaf()
    assert_cancelled(deadline, lambda: connection.query("SELECT 1"))


def test_time_limit_of_a_statement(
    server: Server, connection: Connection, database: Target
) -> None:
    connection.deadline = Deadline(0.3)
    with pytest.raises(KnownError) as raised:
        connection.query("SELECT pg_sleep(30)")
    assert raised.value.code == "no_answer"
    assert connection.closed
    assert_nothing_runs(server, database)


def test_other_threads_go_on(connection: Connection) -> None:
    with black_hole() as hole, silent_server() as silent:
        for slow in (
            lambda: refusal(replace(NOWHERE, port=hole), 0.3),
            lambda: refusal(replace(NOWHERE, port=silent), 0.3),
            lambda: refusal(replace(NOWHERE, host="no-such-host.invalid"), 0.3),
            lambda: connection.query("SELECT pg_sleep(0.3)"),
            lambda: connection.query("SELECT pg_sleep(0.3), repeat('x', 1000000)"),
        ):
            # a busy computer may hold this thread up as well, but not three times
            assert any(longest_gap(slow) < 0.1 for _ in range(3))


def assert_cancelled(deadline: Deadline, action: Callable[[], object]) -> None:
    """Cancel after a while; the action must end at once, with Cancelled."""
    cancelled_at: list[float] = []

    def cancel() -> None:
        cancelled_at.append(time.monotonic())
        deadline.cancel()

    timer = Timer(0.3, cancel)
    timer.start()
    with pytest.raises(Cancelled):
        action()
    assert time.monotonic() - cancelled_at[0] < 0.2
    timer.join()


def assert_nothing_runs(server: Server, database: Target) -> None:
    """The server must soon have nothing to do in the database."""
    with connect(server.target, Deadline(10)) as connection:
        while connection.query(
            "SELECT FROM pg_stat_activity WHERE datname = %s AND state <> 'idle'",
            [database.database],
        ):
            connection.deadline.sleep(0.02)


# Statements


def test_execute_returns_the_last_command_tag(connection: Connection) -> None:
    assert (
        connection.execute("CREATE TABLE t (i int); INSERT INTO t VALUES (1), (2)") == "INSERT 0 2"
    )
    assert connection.execute("SELECT '100%'") == "SELECT 1"
    assert connection.execute("") == ""
    assert connection.query("SELECT i FROM t WHERE i = ANY (%s) ORDER BY i", ([1, 2, 3],)) == [
        (1,),
        (2,),
    ]


def test_refused_statement_has_code_place_and_the_server_s_words(connection: Connection) -> None:
    with pytest.raises(StatementFailed) as raised:
        connection.execute("SELECT '세션', nothing FROM nowhere")
    failed = raised.value
    assert (failed.code, failed.sqlstate, failed.position) == ("script_failed", "42P01", 27)
    assert failed.server_text == 'relation "nowhere" does not exist'
    assert failed.__context__ is None
    assert connection.query("SELECT 1") == [(1,)]


def test_refusals_with_a_code_of_their_own(
    server: Server, database: Target, connection: Connection
) -> None:
    server.run("CREATE ROLE visitor LOGIN PASSWORD 'visitor'")
    visitor = replace(database, user="visitor", password=Secret("visitor"))
    try:
        with connect(visitor, Deadline(10)) as stranger, pytest.raises(StatementFailed) as rights:
            stranger.execute("CREATE TABLE t ()")
    finally:
        server.run("DROP ROLE visitor")
    connection.execute("CREATE TABLE t ()")
    with connect(database, Deadline(10)) as other, connection.transaction():
        connection.execute("LOCK t")
        other.execute("SET lock_timeout = 20")
        with pytest.raises(StatementFailed) as locked:
            other.execute("DROP TABLE t")
    with pytest.raises(StatementFailed) as read_only, connection.transaction():
        connection.execute("SET TRANSACTION READ ONLY; CREATE TABLE u ()")
    codes = [failure.value.code for failure in (rights, locked, read_only)]
    assert codes == ["cannot_create", "lock_timeout", "read_only"]


def test_notices_are_kept(connection: Connection) -> None:
    connection.execute("CREATE TABLE t (); CREATE TABLE IF NOT EXISTS t ()")
    assert connection.notices == [
        Notice("NOTICE", "42P07", 'relation "t" already exists, skipping')
    ]


def test_transaction_commits_or_rolls_back(connection: Connection) -> None:
    with connection.transaction():
        connection.execute("CREATE TABLE kept ()")
    with pytest.raises(StatementFailed), connection.transaction():
        connection.execute("CREATE TABLE gone (); SELECT nonsense")
    with connection.rehearsal():
        connection.execute("CREATE TABLE rehearsed ()")
    tables = connection.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert tables == [("kept",)]


def test_server_that_ends_the_session(server: Server, connection: Connection) -> None:
    [(pid,)] = connection.query("SELECT pg_backend_pid()")
    server.run(f"SELECT pg_terminate_backend({pid})")
    with pytest.raises(KnownError) as raised, connection.transaction():
        connection.execute("SELECT 1")
    assert raised.value.code == "connection_lost"
    assert connection.closed


def test_line_that_is_cut(database: Target, relay: Relay) -> None:
    with connect(replace(database, port=relay.port), Deadline(10)) as connection:
        Timer(0.2, relay.cut).start()
        with pytest.raises(KnownError) as raised:
            connection.query("SELECT pg_sleep(30)")
    assert raised.value.code == "connection_lost"


@pytest.mark.parametrize("statement", ["COPY t FROM STDIN", "COPY t TO STDOUT"])
def test_copy_that_only_psql_can_do(statement: str, connection: Connection) -> None:
    connection.execute("CREATE TABLE t (i int)")
    with pytest.raises(KnownError) as raised:
        connection.execute(statement)
    assert raised.value.code == "script_needs_psql"
    assert connection.closed
