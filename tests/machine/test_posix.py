from __future__ import annotations

import getpass
import os
from dataclasses import replace
from pathlib import Path

import pytest

from setup_wizard.deadline import Cancelled, Deadline
from setup_wizard.errors import KnownError
from setup_wizard.machine import Service, ServiceState, StartType, posix
from setup_wizard.machine.posix import PosixMachine

CLUSTERS = """\
14 old  5433 down,manual {me} /srv/old /var/log/postgresql/postgresql-14-old.log
17 main 5432 {state},auto postgres /srv/main /var/log/postgresql/postgresql-17-main.log
9.6 off 5434 down,binaries_missing,disabled <unknown> /srv/off <unknown>
"""


class Tools:
    """A folder of shell scripts that is the whole PATH; ``state`` is a file that they share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"

    def add(self, name: str, body: str) -> Path:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    def debian(self, start: str) -> None:
        down = CLUSTERS.format(me=getpass.getuser(), state="down")
        online = CLUSTERS.format(me=getpass.getuser(), state="online")
        self.add(
            "pg_lsclusters",
            '[ "$*" = "--no-header --start-conf" ] || exit 1\n'
            f'if [ -e "{self.state}" ]; then echo "{online}"; else echo "{down}"; fi',
        )
        self.add("pg_ctlcluster", f'[ "$*" = "17 main start" ] || exit 1\n{start}')


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(posix, "_SYSTEMD", tmp_path / "no systemd")
    return Tools(tmp_path / "bin")


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)


@pytest.fixture
def user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


def first(machine: PosixMachine) -> Service:
    return machine.services()[0]


def test_nothing_installed(tools: Tools) -> None:
    assert PosixMachine().services() == ()


@pytest.mark.usefixtures("user")
def test_debian_clusters_the_likeliest_first(tools: Tools) -> None:
    tools.debian(start="exit 1")
    main, old, off = PosixMachine().services()
    assert main == Service(
        name="postgresql@17-main",
        state=ServiceState.STOPPED,
        start_type=StartType.AUTOMATIC,
        start_command="pg_ctlcluster 17 main start",
        needs_admin=True,
        data_dir=Path("/srv/main"),
        port=5432,
        version="17",
        log=Path("/var/log/postgresql/postgresql-17-main.log"),
        bin_dir=main.bin_dir,  # only where that version is installed here
    )
    assert (old.name, old.start_type, old.port) == ("postgresql@14-old", StartType.MANUAL, 5433)
    assert not old.needs_admin  # it is the user's own
    assert (off.name, off.start_type, off.port) == ("postgresql@9.6-off", StartType.DISABLED, 5434)


@pytest.mark.usefixtures("root")
def test_debian_cluster_starts(tools: Tools) -> None:
    tools.debian(start=f': > "{tools.state}"')
    machine = PosixMachine()
    service = first(machine)
    assert not service.needs_admin
    machine.start_service(service, Deadline(30))
    assert first(machine).state is ServiceState.RUNNING


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("code", [0, 1])
def test_start_is_believed_only_when_it_runs(tools: Tools, code: int) -> None:
    tools.debian(start=f"exit {code}")
    machine = PosixMachine()
    with pytest.raises(KnownError) as caught:
        machine.start_service(first(machine), Deadline(30))
    assert caught.value.code == "service_failed"
    assert caught.value.evidence == {"service": "postgresql@17-main", "exit_code": code}


@pytest.mark.usefixtures("root")
def test_already_running_is_fine(tools: Tools) -> None:
    tools.debian(start="exit 2")
    tools.state.touch()
    machine = PosixMachine()
    machine.start_service(first(machine), Deadline(30))


@pytest.mark.usefixtures("root")
def test_start_that_takes_too_long(tools: Tools) -> None:
    tools.debian(start="exec /bin/sleep 60")
    machine = PosixMachine()
    with pytest.raises(KnownError) as caught:
        machine.start_service(first(machine), Deadline(0.5))
    assert caught.value.evidence == {"service": "postgresql@17-main", "seconds": 0.5}


@pytest.mark.usefixtures("root")
def test_cancelled_start(tools: Tools) -> None:
    tools.debian(start="exec /bin/sleep 60")
    deadline = Deadline(60)
    deadline.cancel()
    machine = PosixMachine()
    with pytest.raises(Cancelled):
        machine.start_service(first(machine), deadline)


@pytest.mark.usefixtures("user")
def test_without_rights_the_command_is_named(tools: Tools) -> None:
    tools.debian(start=f': > "{tools.state}"')
    machine = PosixMachine()
    with pytest.raises(KnownError) as caught:
        machine.start_service(first(machine), Deadline(30))
    assert caught.value.code == "service_failed"
    assert caught.value.evidence == {"service": "postgresql@17-main", "needs_admin": True}
    assert "sudo pg_ctlcluster 17 main start" in str(caught.value)
    assert not tools.state.exists()


# 'systemctl show' of two units, as systemd 252 prints it (Fedora's own and the project's package).
UNITS = """\
Id=postgresql.service
Environment=PGDATA=/var/lib/pgsql/data PG_OOM_ADJUST_FILE=/proc/self/oom_score_adj
ExecStart={ path=/usr/bin/postmaster ; argv[]=/usr/bin/postmaster -D ${PGDATA} ; pid=0 }
ActiveState=inactive
UnitFileState=disabled

Id=postgresql-17.service
Environment=PGDATA=@data@
ExecStart={ path=/usr/pgsql-17/bin/postgres ; argv[]=/usr/pgsql-17/bin/postgres -D ${PGDATA} }
ActiveState=@state@
UnitFileState=enabled

Id=postgresql-16.service
ActiveState=failed
UnitFileState=masked
"""


@pytest.fixture
def systemd(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    data = tmp_path / "data"
    data.mkdir()
    (data / "postgresql.conf").write_text("#port = 5433\n")
    (data / "PG_VERSION").write_text("17\n")
    monkeypatch.setattr(posix, "_SYSTEMD", tmp_path)
    units = UNITS.replace("@data@", str(data))
    for state in ("inactive", "activating", "active"):
        (tools.folder / f"units-{state}").write_text(units.replace("@state@", state))
    tools.add(
        "systemctl",
        f"""\
case "$1" in
list-unit-files)
    echo "postgresql-16.service masked enabled"
    echo "postgresql-17.service enabled enabled"
    echo "postgresql.service disabled enabled"
    echo "postgresql@.service disabled enabled" ;;
show)
    state=inactive
    if [ -e "{tools.state}" ]; then read state < "{tools.state}"; fi
    if [ $state = activating ]; then echo active > "{tools.state}"; fi
    /bin/cat "{tools.folder}/units-$state" ;;
start)
    [ "$2" = postgresql-17 ] || exit 5
    if [ -e "{tools.folder}/denied" ]; then exit 4; fi
    echo activating > "{tools.state}" ;;
esac""",
    )
    return tools


@pytest.mark.usefixtures("root")
def test_systemd_units(systemd: Tools, tmp_path: Path) -> None:
    newest, own, masked = PosixMachine().services()
    assert newest == Service(
        name="postgresql-17",
        state=ServiceState.STOPPED,
        start_type=StartType.AUTOMATIC,
        start_command="systemctl start postgresql-17",
        needs_admin=False,
        bin_dir=Path("/usr/pgsql-17/bin"),
        data_dir=tmp_path / "data",
        port=5432,
        version="17",
        log=tmp_path / "data" / "log",
    )
    assert (own.name, own.start_type) == ("postgresql", StartType.MANUAL)
    assert own.data_dir == Path("/var/lib/pgsql/data")
    assert (masked.start_type, masked.state) == (StartType.DISABLED, ServiceState.STOPPED)


@pytest.mark.usefixtures("user")
def test_systemd_unit_is_waited_for_until_it_runs(systemd: Tools) -> None:
    machine = PosixMachine()
    service = first(machine)
    assert service.needs_admin
    machine.start_service(service, Deadline(30))
    assert first(machine).state is ServiceState.RUNNING


@pytest.mark.usefixtures("user")
def test_systemd_that_wants_an_administrator(systemd: Tools) -> None:
    (systemd.folder / "denied").touch()
    machine = PosixMachine()
    with pytest.raises(KnownError) as caught:
        machine.start_service(first(machine), Deadline(30))
    assert caught.value.evidence == {"service": "postgresql-17", "needs_admin": True}
    assert "sudo systemctl start postgresql-17" in str(caught.value)


@pytest.mark.usefixtures("root")
def test_debian_with_systemd_starts_the_unit(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posix, "_SYSTEMD", tmp_path)
    tools.debian(start="exit 1")
    tools.add("systemctl", f'[ "$*" = "start postgresql@17-main" ] && : > "{tools.state}"')
    machine = PosixMachine()
    machine.start_service(first(machine), Deadline(30))
    assert first(machine).state is ServiceState.RUNNING


def test_homebrew_services(tools: Tools, tmp_path: Path) -> None:
    data = tmp_path / "var" / "postgresql@17"
    data.mkdir(parents=True)
    (data / "postgresql.conf").write_text("port = 5433\n")
    (data / "PG_VERSION").write_text("17\n")
    brew = tools.add(
        "brew",
        '[ "$*" = "services list --json" ] || exit 1\n'
        """echo '[{"name":"redis","status":"started","user":"kim","file":"x","exit_code":0},
{"name":"postgresql@17","status":"none","user":null,"file":"/x.plist","exit_code":null}]'""",
    )
    assert PosixMachine().services() == (
        Service(
            name="postgresql@17",
            state=ServiceState.STOPPED,
            start_type=StartType.AUTOMATIC,
            start_command=f"{brew} services start postgresql@17",
            needs_admin=False,
            bin_dir=tmp_path / "opt" / "postgresql@17" / "bin",
            data_dir=data,
            port=5433,
            version="17",
            log=tmp_path / "var" / "log" / "postgresql@17.log",
        ),
    )


@pytest.mark.parametrize(
    ("tool", "command"),
    [
        ("apt-get", "sudo apt install postgresql"),
        ("brew", "brew install postgresql@17"),
        ("nothing", "https://www.postgresql.org/download/"),
    ],
)
def test_what_installs_postgresql_here(tools: Tools, tool: str, command: str) -> None:
    tools.add(tool, "exit 1")
    assert PosixMachine().install_command() == command


def test_rights_of_a_data_folder(tmp_path: Path) -> None:
    machine = PosixMachine()
    service = Service("x", ServiceState.STOPPED, StartType.MANUAL, "x", False, data_dir=tmp_path)
    tmp_path.chmod(0o777)
    assert machine.may_use_data_folder(service) is False
    tmp_path.chmod(0o700)
    assert machine.may_use_data_folder(service) is (os.geteuid() != 0)  # root's is not postgres'
    assert machine.may_use_data_folder(replace(service, data_dir=tmp_path / "no")) is None
    assert machine.may_use_data_folder(replace(service, data_dir=None)) is None


def test_psql_of_path_comes_before_the_usual_folders(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posix, "_FOLDERS", (f"{tmp_path}/postgresql/*/bin",))
    for version in ("9.6", "17", "16"):
        folder = tmp_path / "postgresql" / version / "bin"
        folder.mkdir(parents=True)
        tools.add("psql", f"echo 'psql (PostgreSQL) {version}.1'").rename(folder / "psql")
    tools.add("psql", "echo 'psql (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)'")
    tools.add("pg_config", f'[ "$*" = --bindir ] && echo "{tmp_path}/postgresql/16/bin"')
    found = tuple(PosixMachine().find_psql())
    assert [(item.version, item.source) for item in found] == [
        ("15.18", "PATH"),
        ("16.1", "folder"),
        ("17.1", "folder"),
        ("9.6.1", "folder"),
    ]
