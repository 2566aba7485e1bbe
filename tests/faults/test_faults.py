"""Each case ends in its finding, in time, with nothing changed, and the wizard goes on."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

import pytest

from tests.faults import lines, servers
from tests.faults.case import Case, Scene, table

CASES: Final = (*lines.CASES, *servers.CASES)
README: Final = Path(__file__).parents[1] / "README.md"
MARK: Final = "<!-- made by tests/faults -->\n"
SLACK: Final = 5.0
"""Seconds that a busy computer may add to the wizard's own time limit."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.verb}: {case.name}")
def test_fault(case: Case, scene: Scene) -> None:
    before = scene.snapshot()
    with case.inject(scene) as target:
        start = time.monotonic()
        finding = scene.run(case.verb, target, case.seconds)
        seconds = time.monotonic() - start
    assert finding.code == case.code, finding
    assert seconds < case.seconds + SLACK
    assert case.told in str(finding.detail)
    assert scene.password not in repr(finding)
    if case.saved:
        assert finding.evidence["commit"] == "unknown"
    else:
        assert scene.snapshot() == before
    scene.goes_on()


def test_table_in_the_readme_is_of_these_cases() -> None:
    before, _table, after = README.read_text(encoding="utf-8").split(MARK)
    fresh = MARK.join((before, table(CASES), after))
    if "REWRITE" in os.environ:
        README.write_text(fresh, encoding="utf-8")
    assert README.read_text(encoding="utf-8") == fresh, "run it once with REWRITE=1"
