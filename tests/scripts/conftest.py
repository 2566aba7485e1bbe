from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from setup_wizard.database.connection import Connection, connect
from setup_wizard.deadline import Deadline
from setup_wizard.scripts import Script
from setup_wizard.scripts.reading import read_script
from setup_wizard.target import Target


class MakeScript(Protocol):
    """The ``script`` fixture."""

    def __call__(self, sql: str, *, encoding: str = "utf-8") -> Script: ...


@pytest.fixture
def script(tmp_path: Path) -> MakeScript:
    """Write SQL into a file and read it."""

    def make(sql: str, *, encoding: str = "utf-8") -> Script:
        path = tmp_path / "스크립트 1.sql"
        path.write_bytes(sql.encode(encoding))
        return read_script(path)

    return make


@pytest.fixture
def connection(database: Target) -> Iterator[Connection]:
    """Our own connection to ``database``."""
    with connect(database, Deadline(60)) as connection:
        yield connection
