"""A finding: what a check says, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from setup_wizard.errors import Evidence, KnownError
from setup_wizard.i18n import Text


class Status(StrEnum):
    """How a check ended; ``skip`` means 'not asked yet, because …', said in the detail."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True)
class FixOffer:
    """A fix that a finding offers: a button. ``effect`` says what it will do before it does it."""

    id: str
    label: Text
    effect: Text
    needs_admin: bool = False


@dataclass(frozen=True)
class Finding:
    """One check's answer.

    ``summary`` is the few words beside a quiet line (a path, a version, why it waits);
    ``server_text`` is the server's own sentence, shown under Details and never decided from.
    """

    check: str
    status: Status
    code: str
    title: Text
    detail: Text = ""
    summary: Text = ""
    evidence: Evidence = field(default_factory=dict)
    fixes: tuple[FixOffer, ...] = ()
    server_text: str = ""

    @classmethod
    def from_error(
        cls,
        check: str,
        error: KnownError,
        *fixes: FixOffer,
        status: Status = Status.FAIL,
    ) -> Finding:
        """Make the finding that says what a KnownError says."""
        return cls(
            check=check,
            status=status,
            code=error.code,
            title=error.title,
            detail=error.detail,
            evidence=error.evidence,
            fixes=fixes,
            server_text=error.server_text,
        )
