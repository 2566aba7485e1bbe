"""The installer: silent, for this user alone, and gone without a trace."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from windows.e2e import windows
from windows.e2e.conftest import HOME, PROGRAMS, Project
from windows.e2e.desktop import Desktop, wait_for

INSTALLER = f"Z:{PROGRAMS}/SetupWizard-Setup.exe"
INSTALLED = HOME + r"\AppData\Local\Programs\SetupWizard"
START_MENU = HOME + r"\AppData\Roaming\Microsoft\Windows\Start Menu\Programs\Setup Wizard.lnk"
UNINSTALL = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\SetupWizard"
CONTEXT_MENUS = (
    r"HKCU\Software\Classes\Directory\shell\SetupWizard",
    r"HKCU\Software\Classes\Directory\Background\shell\SetupWizard",
)


pytestmark = pytest.mark.usefixtures("installed")


@pytest.fixture
def program() -> Iterator[str]:
    """The installed program."""
    windows.must_run(INSTALLER, "/S", limit=120)
    yield INSTALLED
    windows.must_run(INSTALLED + r"\uninstall.exe", "/S")
    wait_for("the end of the uninstaller", lambda: not windows.path_of(INSTALLED).exists())


def command_of(key: str) -> str:
    """Return the command that the registry has at a key."""
    answer = windows.must_run("reg", "query", key + r"\command", "/ve").output.decode("cp949")
    return answer.split("REG_SZ")[1].strip()


def test_the_context_menu_opens_the_folders_project(
    desktop: Desktop, program: str, project: Project
) -> None:
    for key, place in zip(CONTEXT_MENUS, ("%1", "%V"), strict=True):
        assert command_of(key) == rf'"{program}\SetupWizard.exe" --project "{place}\."'
    argument = project.folder + r"\."
    with windows.running(program + r"\SetupWizard.exe", "--project", argument) as wizard:
        desktop.shows("installed-program", "Documents")
        desktop.press("Escape")
        wait_for("the end", lambda: wizard.poll() is not None)


def test_it_is_in_the_start_menu_and_among_the_programs(program: str) -> None:
    assert windows.path_of(START_MENU).is_file()
    entry = windows.must_run("reg", "query", UNINSTALL).output.decode("cp949")
    assert rf"{program}\uninstall.exe" in entry
    version = windows.must_run(program + r"\setup-wizard.exe", "--version").output.decode()
    assert version.split()[-1] in entry


def test_it_leaves_nothing_and_touches_no_project(project: Project) -> None:
    env = project.env.read_bytes()
    windows.must_run(INSTALLER, "/S", limit=120)
    windows.must_run(INSTALLER, "/S", limit=120)  # once more, over itself
    own = windows.path_of(INSTALLED) / "of the user.txt"
    own.write_text("mine", encoding="utf-8")
    windows.must_run(INSTALLED + r"\uninstall.exe", "/S")
    wait_for("the uninstaller", lambda: list(windows.path_of(INSTALLED).iterdir()) == [own])
    own.unlink()
    own.parent.rmdir()
    assert not windows.path_of(START_MENU).exists()
    for key in (UNINSTALL, *CONTEXT_MENUS):
        assert windows.run("reg", "query", key).code != 0, key
    assert project.env.read_bytes() == env


def test_another_folder_with_hangul() -> None:
    folder = r"C:\도구\설정"  # Wine would quote a space, which NSIS does not want
    windows.must_run(INSTALLER, "/S", f"/D={folder}", limit=120)
    assert windows.must_run(folder + r"\setup-wizard.exe", "--version").output
    windows.must_run(folder + r"\uninstall.exe", "/S")
    wait_for("the uninstaller", lambda: not windows.path_of(folder).exists())
