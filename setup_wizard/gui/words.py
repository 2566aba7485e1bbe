"""Words for the values that the window shows: origins, states, kinds and actions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from setup_wizard.engine import Job
from setup_wizard.i18n import Text, _, ngettext
from setup_wizard.machine import Service, ServiceState, StartType
from setup_wizard.project import Project
from setup_wizard.scripts import Action, PlanItem
from setup_wizard.target import Field, Origin

if TYPE_CHECKING:
    from setup_wizard.fixes import Entry

STATES: Final[Mapping[ServiceState, Text]] = {
    ServiceState.RUNNING: _("Running"),
    ServiceState.STOPPED: _("Stopped"),
    ServiceState.STARTING: _("Starting"),
    ServiceState.STOPPING: _("Stopping"),
    ServiceState.PAUSED: _("Paused"),
}
START_TYPES: Final[Mapping[StartType, Text]] = {
    StartType.AUTOMATIC: _("automatic"),
    StartType.MANUAL: _("manual"),
    StartType.DISABLED: _("disabled"),
}
KINDS: Final[Mapping[str, Text]] = {
    "table": _("Table"),
    "index": _("Index"),
    "sequence": _("Sequence"),
    "view": _("View"),
    "type": _("Type"),
    "function": _("Function"),
    "trigger": _("Trigger"),
    "schema": _("Schema"),
    "extension": _("Extension"),
    "database": _("Database"),
    "statement": _("Statement"),
}
ACTIONS: Final[Mapping[Action, tuple[Text, str, str]]] = {
    Action.CREATE: (_("Create"), "accent", "plus"),
    Action.SAME: (_("Already there"), "good", "check"),
    Action.DIFFERS: (_("Differs"), "bad", "differs"),
    Action.RUN: (_("Run"), "accent", "play"),
}
"""The word, the tone and the sign of each action."""


def project_line(project: Project) -> str:
    """Return where a project lies and what it brings."""
    env = _(".env found") if project.env else _("no .env yet")
    script = _("own SQL file") if project.script else _("SQL comes with the wizard")
    return f"{project.root} · {env} · {script}"


def service_line(service: Service) -> str:
    """Return a service's present state in words."""
    return f"{STATES[service.state]} · {START_TYPES[service.start_type]}"


def item_line(item: PlanItem) -> str:
    """Return what an object of a plan is."""
    parts = (str(KINDS.get(item.kind, item.kind)), str(item.about))
    return " · ".join(part for part in parts if part)


def origins(job: Job) -> tuple[Mapping[Field, Text], Text | None]:
    """Return where each value came from, and one sentence for all where that is the same place."""
    found = dict(job.settings.origins)
    for name in job.typed:
        found[name] = Origin("typed")
    each = {name: _origin(origin, job.project) for name, origin in found.items()}
    places = {(origin.kind, origin.path, origin.line) for origin in found.values()}
    if len(places) != 1:
        return each, None
    first = next(iter(found.values()))
    if first.kind == "file":
        return each, _("The values come from {place}.", place=_origin(first, job.project))
    return each, next(iter(each.values()))


def _origin(origin: Origin, project: Project | None) -> Text:
    if origin.kind == "file":
        path = str(origin.path)
        if project and origin.path and origin.path.is_relative_to(project.root.parent):
            path = str(origin.path.relative_to(project.root.parent))
        return _("{path}, line {line}", path=path, line=origin.line)
    if origin.kind == "environment":
        return _("environment variable {name}", name=origin.key)
    if origin.kind == "typed":
        return _("typed by you")
    return _("usual value")


def undo_line(entry: Entry) -> Text:
    """Return what a fix did, beside the button that undoes it."""
    how = entry.undo or {}
    if how["kind"] == "file":
        return _("Saved to {file}.", file=Path(str(how["path"])).name)
    if how["kind"] == "start_type":
        return _("{service} starts with Windows now.", service=how["service"])
    return _("Your PATH has psql's folder now.")


def steps_left(count: int, done: int) -> Text:
    """Return how far a run is."""
    return ngettext("{done} of {count} done", "{done} of {count} done", count=count, done=done)
