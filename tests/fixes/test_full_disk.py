"""A server on a disk that is full, really: a small one in memory, which only root can mount."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from setup_wizard.deadline import Deadline
from setup_wizard.engine import Engine, Job
from setup_wizard.errors import KnownError
from setup_wizard.fixes import entries
from setup_wizard.practice import PostgresServer, postgres_binaries, throwaway_folder
from tests.one_server import OneServer


def test_full_disk_is_the_reason() -> None:
    with throwaway_folder() as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", folder], check=True)
        try:
            folder.chmod(0o711)
            start_on_full_disk(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def start_on_full_disk(folder: Path) -> None:
    server = PostgresServer(postgres_binaries(), folder / "server")
    server.initialize(Deadline(60))
    (server.folder / "log").mkdir()
    with suppress(OSError), (folder / "filler").open("wb", buffering=0) as filler:
        while filler.write(bytes(1_000_000)) == 1_000_000:
            pass
    machine = OneServer(server=server)
    job = Job(None, machine.settings(), ())
    try:
        with pytest.raises(KnownError) as caught:
            Engine(machine, environ={}).fix("start_service", job, Deadline(30))
    finally:
        machine.stop()
    assert caught.value.code == "disk_full"
    free = caught.value.evidence["free_bytes"]
    assert isinstance(free, int)
    assert free < 16_000_000
    assert entries()[0].result == "disk_full"
