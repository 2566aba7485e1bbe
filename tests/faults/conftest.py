from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.case import Scene
from tests.servers import Victim, victim


@pytest.fixture(scope="session")
def server_to_hurt() -> Iterator[Victim]:
    """A server of these tests' own."""
    with victim(18) as server:
        yield server


@pytest.fixture
def scene(server_to_hurt: Victim, tmp_path: Path) -> Scene:
    """A wizard in front of a fresh database."""
    return Scene(server_to_hurt, tmp_path)
