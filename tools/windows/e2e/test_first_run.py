"""The newcomer's first minute, by Enter alone."""

from __future__ import annotations

from windows.e2e import windows
from windows.e2e.conftest import Project
from windows.e2e.desktop import Desktop, wait_for
from windows.e2e.postgres import RUNNING, STOPPED, Postgres


def test_enter_alone_leads_from_a_stopped_service_to_the_tables(
    desktop: Desktop, postgres: Postgres, project: Project
) -> None:
    assert postgres.state == STOPPED
    with windows.running(project.folder + r"\SetupWizard.exe", cwd=project.folder) as wizard:
        wait_for("the window", desktop.has_window)
        desktop.quiet()
        for n in range(12):
            print(n, postgres.state, desktop.read(f"trial-{n}"), flush=True)
            desktop.press("Return")
            desktop.quiet()
            if wizard.poll() is not None: break
