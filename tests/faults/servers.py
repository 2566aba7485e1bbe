"""The server itself: killed, stopping, starting, full, locked, read-only."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from threading import Timer
from typing import Final

import psutil
import psycopg

from setup_wizard.target import Target
from tests.faults.case import SCRIPT, Case, Inject, Scene, adding_to
from tests.servers import conninfo

CASES: Final[list[Case]] = []
case = adding_to(CASES)


def backends(scene: Scene) -> list[psutil.Process]:
    """The server's processes that work for the wizard."""
    with psycopg.connect(**conninfo(scene.victim.target)) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s", [scene.database.database]
        ).fetchall()
    return [psutil.Process(pid) for (pid,) in rows]


def kill_backend(scene: Scene) -> None:
    for process in backends(scene):
        process.kill()


def kill_postmaster(scene: Scene) -> None:
    postmaster = scene.victim.postmaster()
    children = postmaster.children()
    postmaster.kill()
    psutil.wait_procs([postmaster, *children], timeout=10)


def end_session(scene: Scene) -> None:
    scene.victim.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        f"WHERE datname = '{scene.database.database}'"
    )


def meanwhile(action: Callable[[Scene], None]) -> Inject:
    """Do it when the script's first statement has run."""

    @contextmanager
    def inject(scene: Scene) -> Iterator[Target]:
        scene.meanwhile = lambda: action(scene)
        yield scene.database
        scene.victim.restart()

    return inject


def while_running(action: Callable[[Scene], None]) -> Inject:
    """Do it while the script's second statement runs."""

    @contextmanager
    def inject(scene: Scene) -> Iterator[Target]:
        scene.script = SCRIPT.replace("'note'", "'note' || pg_sleep(1)")
        timer = Timer(0.5, action, [scene])
        scene.meanwhile = timer.start
        yield scene.database
        timer.join()
        scene.victim.restart()

    return inject


case("SIGKILL of the backend between two statements", "connection_lost", "apply")(
    meanwhile(kill_backend)
)
case("SIGKILL of the backend while a statement runs", "connection_lost", "apply")(
    while_running(kill_backend)
)
case("SIGKILL of the postmaster between two statements", "connection_lost", "apply")(
    meanwhile(kill_postmaster)
)
case("SIGKILL of the postmaster while a statement runs", "connection_lost", "apply")(
    while_running(kill_postmaster)
)
case("an administrator ends the session while a statement runs", "connection_lost", "apply")(
    while_running(end_session)
)


def configured(settings: str = "", *, standby: bool = False) -> Inject:
    """Restart the server with these settings."""

    @contextmanager
    def inject(scene: Scene) -> Iterator[Target]:
        scene.victim.restart(settings, standby=standby)
        yield scene.database
        scene.victim.restart()

    return inject


@case("the server is gone", "connection_refused")
@contextmanager
def gone(scene: Scene) -> Iterator[Target]:
    kill_postmaster(scene)
    yield scene.database
    scene.victim.restart()


case("the server is in recovery", "server_starting")(configured("hot_standby = off", standby=True))
case("the server is a standby", "read_only")(configured(standby=True))
case("transactions are read-only", "read_only")(configured("default_transaction_read_only = on"))


@contextmanager
def session(target: Target) -> Iterator[psycopg.Connection]:
    connection = psycopg.connect(**conninfo(target), application_name="pgAdmin 4")
    with suppress(psycopg.OperationalError), connection:  # the server may end before it
        yield connection


@case("the server is shutting down, another session holds it", "server_starting")
@contextmanager
def shutting_down(scene: Scene) -> Iterator[Target]:
    with session(scene.victim.target):
        scene.victim.postmaster().terminate()
        yield scene.database
    scene.victim.restart()


@case("the server is out of connections", "too_many_connections")
@contextmanager
def out_of_connections(scene: Scene) -> Iterator[Target]:
    scene.victim.restart(
        "max_connections = 4\nsuperuser_reserved_connections = 0\nmax_wal_senders = 0"
    )
    with ExitStack() as stack:
        for _number in range(4):
            stack.enter_context(session(scene.victim.target))
        yield scene.database
    scene.victim.restart()


@case("another session has locked the table", "lock_timeout", "apply", seconds=20, told="pgAdmin 4")
@contextmanager
def locked(scene: Scene) -> Iterator[Target]:
    scene.script = "CREATE TABLE one ();\nALTER TABLE held ADD COLUMN more text;"
    with session(scene.database) as other:
        other.execute("LOCK TABLE held")
        yield scene.database


@case("the server's disk is full", "disk_full", "apply")
@contextmanager
def disk_full(scene: Scene) -> Iterator[Target]:
    """A file system of 1 MB where we may make one; else a table whose file is ``/dev/full``."""
    scene.script = "CREATE TABLE one ();\nINSERT INTO held SELECT generate_series(1, 100000);"
    with ExitStack() as stack:
        if not stack.enter_context(_small_disk(scene)):
            stack.enter_context(_full_file(scene))
        yield scene.database


@contextmanager
def _small_disk(scene: Scene) -> Iterator[bool]:
    place = scene.victim.data.parent / "small"
    place.mkdir(exist_ok=True)
    owner = scene.victim.data.stat()
    size = f"size=1m,mode=700,uid={owner.st_uid},gid={owner.st_gid}"
    command = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(place)]
    if os.name != "posix" or os.geteuid() or subprocess.run(command).returncode:
        yield False
        return
    database = scene.database.database
    try:
        scene.victim.run(f"CREATE TABLESPACE small LOCATION '{place}'")
        scene.victim.run("ALTER TABLE held SET TABLESPACE small", database=database)
        yield True
        scene.victim.run("ALTER TABLE held SET TABLESPACE pg_default", database=database)
        scene.victim.run("DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def _full_file(scene: Scene) -> Iterator[None]:
    with psycopg.connect(**conninfo(scene.database)) as connection:
        row = connection.execute("SELECT pg_relation_filepath('held')").fetchone()
    assert row
    file = scene.victim.data / str(row[0])
    kept = file.with_name(f"{file.name}.kept")
    file.rename(kept)
    file.symlink_to("/dev/full")
    try:
        yield
    finally:
        file.unlink()
        kept.rename(file)
