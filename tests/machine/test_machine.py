from __future__ import annotations

import os
import socket
import sys

import psutil
import pytest

from setup_wizard.machine import Listener, Machine, is_local, this_machine


def test_this_machine_answers() -> None:
    machine: Machine = this_machine()
    for service in machine.services():
        assert service.name
        assert service.start_command
    for psql in machine.find_psql():
        assert psql.path.is_file()
        assert psql.version[0].isdigit()


def test_listener_is_found_with_its_program() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            found = this_machine().listeners(port)
    expected = Listener("127.0.0.1", port, os.getpid(), psutil.Process().name())
    # macOS tells only root.
    assert found == ((expected,) if sys.platform != "darwin" or os.geteuid() == 0 else ())


def test_bound_port_without_a_listener_is_none() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert this_machine().listeners(bound.getsockname()[1]) == ()


@pytest.mark.parametrize(
    "host",
    [
        *("", "/var/run/postgresql", "@abstract", "localhost", "LocalHost", "localhost."),
        *("db.localhost", "127.0.0.1", "127.8.9.10", "::1"),
        *(socket.gethostname(), socket.gethostname().upper()),
    ],
)
def test_this_computer(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize(
    "host",
    ["db.example.com", "192.0.2.7", "2001:db8::7", "127.0.0.1.example.com", "a b", "localhos"],
)
def test_another_computer(host: str) -> None:
    assert not is_local(host)
