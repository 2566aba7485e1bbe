"""The unit tests of the Windows side, under the Windows Python."""

from __future__ import annotations

from pathlib import Path

import pytest
from windows.e2e import windows

CHECKOUT = Path("/rig/test/checkout")
PROGRAM = r"""
import sys
sys.path[:0] = [r"Z:\rig\test\checkout", r"Z:\rig\testing"]
import pytest
sys.exit(pytest.main(sys.argv[1:]))
"""


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("tests", ["machine/test_windows.py"])
def test_they_pass_under_the_windows_python(tests: str) -> None:
    program, settings = CHECKOUT / "run_pytest.py", CHECKOUT / "empty.ini"
    program.write_text(PROGRAM, encoding="ascii")
    settings.write_text("[pytest]\n", encoding="ascii")
    outcome = windows.run(
        r"Z:\rig\python\python.exe", "-X", "utf8", f"Z:{program}", "-c", f"Z:{settings}",
        "-p", "no:cacheprovider", "--import-mode=importlib", "-W", "error",
        f"Z:{CHECKOUT}/tests/{tests}", limit=300,
    )  # fmt: skip
    assert outcome.code == 0, outcome.output.decode(errors="replace")
