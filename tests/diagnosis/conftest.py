from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from setup_wizard.deadline import Deadline
from setup_wizard.diagnosis.finding import Finding
from setup_wizard.engine import Engine
from setup_wizard.project import project_at
from setup_wizard.target import Target
from tests.fakes import FakeMachine
from tests.projects import make_project

Check = Callable[[Target], list[Finding]]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Check a fresh project whose .env names the target; return all findings."""

    def run(target: Target) -> list[Finding]:
        folder = tmp_path / "my-project"
        root = folder if folder.exists() else make_project(tmp_path, target)
        engine = Engine(FakeMachine(refuses_at_once=True), environ={})
        return list(engine.check(engine.open(project_at(root)), Deadline(20)))

    return run
