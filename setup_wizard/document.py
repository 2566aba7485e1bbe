"""The JSON document that machines rely on, schema 1; README.md describes it."""

from __future__ import annotations

from typing import Final

from setup_wizard.diagnosis.finding import Finding
from setup_wizard.engine import Job, Listing
from setup_wizard.scripts import PlanItem, Result

SCHEMA: Final = 1


def target_of(job: Job | None) -> dict[str, object]:
    """Return host, port, database and user as far as they are known."""
    if job is None:
        return {}
    settings = job.settings
    known = vars(settings.target) if settings.target else dict(settings.values)
    return {name: known[name] for name in ("host", "port", "database", "user") if name in known}


def finding_of(finding: Finding) -> dict[str, object]:
    """Return one of the ``findings``."""
    return {
        "check": finding.check,
        "status": finding.status.value,
        "code": finding.code,
        "title": str(finding.title),
        "detail": str(finding.detail),
        "evidence": dict(finding.evidence),
        "fixes": [
            {"id": offer.id, "label": str(offer.label), "needs_admin": offer.needs_admin}
            for offer in finding.fixes
        ],
    }


def item_of(item: PlanItem) -> dict[str, object]:
    """Return one of the ``plan``."""
    return {
        "object": item.object,
        "kind": item.kind,
        "action": item.action.value,
        "differences": [str(difference) for difference in item.differences],
    }


def tables_of(listing: Listing) -> list[dict[str, str]]:
    """Return the ``tables``."""
    return [
        {"schema": schema, "name": name, "type": kind, "owner": owner}
        for schema, name, kind, owner in listing.rows
    ]


def result_of(result: Result) -> dict[str, object]:
    """Return one of the ``results``."""
    return {
        "file": result.file,
        "line": result.line,
        "tag": result.tag,
        "ms": round(result.ms, 1),
    }
