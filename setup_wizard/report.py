"""The diagnosis for somebody who helps: versions, target, findings, evidence; no secret."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from setup_wizard import __version__, logfile
from setup_wizard.diagnosis.finding import Finding
from setup_wizard.i18n import _
from setup_wizard.project import Project
from setup_wizard.target import FIELDS, Settings

_LOG_LINES: Final = 40


def render(
    project: Project | None,
    settings: Settings,
    scripts: Sequence[Path],
    findings: Sequence[Finding],
) -> str:
    """Return the report as text, in the language in use."""
    return "\n".join(_lines(project, settings, scripts, findings)) + "\n"


def _lines(
    project: Project | None,
    settings: Settings,
    scripts: Sequence[Path],
    findings: Sequence[Finding],
) -> Iterator[str]:
    yield f"Setup Wizard {__version__} · Python {sys.version.split()[0]} · {_system()}"
    yield ""
    yield str(_("Project: {path}", path=project.root if project else "–"))
    yield str(_("Scripts: {paths}", paths=", ".join(map(str, scripts))))
    for field in FIELDS:
        if field in settings.values:
            origin = settings.origins[field]
            place = f"{origin.path}:{origin.line}" if origin.path else origin.key
            yield f"  {field} = {settings.values[field]}  ({origin.kind} {place})".rstrip()
    yield ""
    for finding in findings:
        yield f"[{finding.status}] {finding.check}: {finding.code}"
        yield f"    {finding.title} {finding.summary}".rstrip()
        if str(finding.detail):
            yield f"    {finding.detail}"
        for name, value in finding.evidence.items():
            yield f"    {name} = {value}"
        if finding.server_text:
            said = _("The server said: {text}", text=finding.server_text)
            yield f"    {said}"
    if log := logfile.tail(_LOG_LINES):
        yield ""
        yield str(_("The end of the log:"))
        yield from (f"    {line}" for line in log)


def _system() -> str:
    """Name the system without ``platform``, whose Windows part asks WMI and can hang."""
    if sys.platform == "win32":
        version = sys.getwindowsversion()
        system = f"Windows {version.major}.{version.minor}.{version.build}"
    else:
        name = os.uname()
        system = f"{name.sysname} {name.release} {name.machine}"
    return system
