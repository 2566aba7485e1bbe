"""The checks, live: a quiet line for what is right, the first broken link open, the rest grey."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
)

from setup_wizard.diagnosis.finding import Finding, FixOffer, Status
from setup_wizard.flow import first_broken
from setup_wizard.gui.theme import em
from setup_wizard.gui.widgets.finding_card import FindingCard, finding_as_text
from setup_wizard.gui.widgets.labels import (
    ElidedLabel,
    IconLabel,
    describe,
    discard,
    label,
    set_property,
)
from setup_wizard.i18n import Text, _

_SIGNS: Final = {
    Status.OK: ("check", "good"),
    Status.WARN: ("warn", "waiting"),
    Status.FAIL: ("cross", "bad"),
    Status.SKIP: ("dash", "muted"),
}
_WORDS: Final[dict[Status, Text]] = {
    Status.OK: _("fine"),
    Status.WARN: _("worth knowing"),
    Status.FAIL: _("in the way"),
    Status.SKIP: _("not checked yet"),
}


class FindingsView(QFrame):
    """The list of checks. Up and Down move in it, Ctrl+C copies the finding one is at.

    Args:
        on_fix: called with the offer whose button was pressed.
        on_copy: called when the user wants the whole diagnosis.
        elsewhere: ids of fixes that have their button elsewhere, so that a warning stays one line.
    """

    def __init__(
        self,
        on_fix: Callable[[FixOffer], None],
        on_copy: Callable[[], None],
        elsewhere: frozenset[str],
    ) -> None:
        super().__init__()
        self.setObjectName("findingsView")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._on_fix, self._on_copy, self._elsewhere = on_fix, on_copy, elsewhere
        self._shown: tuple[tuple[Finding, ...], bool, bool] | None = None
        self._findings: tuple[Finding, ...] = ()
        self._rows: list[QFrame] = []
        self._current = -1
        self.open_card: FindingCard | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(1, 1, 1, 1)
        self._layout.setSpacing(0)

    @property
    def primary_button(self) -> QPushButton | None:
        """The button that solves the first broken link."""
        if self.open_card and self.open_card.finding.status is Status.FAIL:
            return next(iter(self.open_card.fix_buttons), None)
        return None

    def retranslate(self) -> None:
        """Say everything in the language in use."""
        describe(self, _("Checks"), "")
        if self._shown:
            findings, checking, enabled = self._shown
            self._shown = None
            self.show_findings(findings, checking=checking, enabled=enabled)

    def show_findings(
        self, findings: tuple[Finding, ...], *, checking: bool, enabled: bool
    ) -> None:
        """Show findings; ``checking``: more are to come; ``enabled``: fixes may be pressed."""
        shown = (findings, checking, enabled)
        if shown == self._shown:
            return
        if self._shown and self._shown[:2] == shown[:2]:
            self._shown = shown
            for row in self._rows:
                for fix in row.findChildren(QPushButton):
                    if fix.objectName().startswith("fix_"):
                        fix.setEnabled(enabled)
            return
        self._shown = shown
        self._findings = findings
        self._clear()
        broken = first_broken(findings)
        for finding in findings:
            self._add(self._row(finding, is_open=finding is broken or self._worth_opening(finding)))
        if checking:
            self._add(_line("dots", "muted", _("Checking …"), "", quiet=True))
        self.updateGeometry()

    def _worth_opening(self, finding: Finding) -> bool:
        return finding.status is Status.WARN and not (
            {offer.id for offer in finding.fixes} & self._elsewhere
        )

    def _clear(self) -> None:
        self._current = -1
        self.open_card = None
        for row in self._rows:
            discard(row)
        self._rows.clear()

    def _add(self, row: QFrame) -> None:
        row.setProperty("row", "true" if self._rows else "first")
        self._rows.append(row)
        self._layout.addWidget(row)
        row.show()  # now: what is not shown cannot take the focus

    def _row(self, finding: Finding, *, is_open: bool) -> QFrame:
        if is_open:
            card = FindingCard(finding, on_fix=self._on_fix, on_copy=self._on_copy)
            if finding.status is Status.FAIL or self.open_card is None:
                self.open_card = card
            return card
        icon, tone = _SIGNS[finding.status]
        row = _line(icon, tone, finding.title, finding.summary, quiet=finding.status is Status.SKIP)
        spoken = f"{finding.title}: {_WORDS[finding.status]}"
        describe(row, spoken)
        row.setAccessibleDescription(str(finding.detail) or str(finding.summary))
        row.setToolTip(str(finding.detail))
        return row

    # -- keyboard ---------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self._findings:
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            self._move_to(max(0, min(self._current + step, len(self._findings) - 1)))
        elif event.matches(QKeySequence.StandardKey.Copy) and self._current >= 0:
            QGuiApplication.clipboard().setText(finding_as_text(self._findings[self._current]))
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if self._current < 0 and self._findings:
            broken = first_broken(self._findings)
            self._move_to(self._findings.index(broken) if broken else 0)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._move_to(-1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        at = event.position().toPoint()
        for number, row in enumerate(self._rows[: len(self._findings)]):
            if row.geometry().contains(at):
                self._move_to(number)

    def _move_to(self, number: int) -> None:
        self._current = number
        for other, row in enumerate(self._rows):
            set_property(row, "current", "true" if other == number else "false")


def _line(icon: str, tone: str, title: Text, summary: Text, *, quiet: bool) -> QFrame:
    row = QFrame()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(em(1.1), em(0.4), em(1.1), em(0.4))
    layout.setSpacing(em(0.9))
    layout.addWidget(IconLabel(icon, tone))
    text = label("muted" if quiet else "")
    text.setText(str(title))
    layout.addWidget(text)
    about = ElidedLabel(right=True)
    about.set_text(summary)
    layout.addWidget(about, 1)
    return row
