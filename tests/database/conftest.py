from __future__ import annotations

from collections.abc import Iterator

import pytest

from setup_wizard.database.connection import Connection, connect
from setup_wizard.deadline import Deadline
from setup_wizard.target import Target


@pytest.fixture
def connection(database: Target) -> Iterator[Connection]:
    """Our own connection to ``database``."""
    with connect(database, Deadline(20)) as connection:
        yield connection
