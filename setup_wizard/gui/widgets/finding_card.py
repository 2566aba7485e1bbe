"""A finding, open: what is the matter, why, the buttons that help, and the details on request."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout

from setup_wizard.diagnosis.finding import Finding, FixOffer, Status
from setup_wizard.gui.theme import em
from setup_wizard.gui.widgets.labels import IconLabel, button, describe, label, literal
from setup_wizard.i18n import _

_LOOKS = {Status.FAIL: ("bad", "cross"), Status.WARN: ("waiting", "warn")}


class FindingCard(QFrame):
    """One finding.

    Args:
        on_fix: called with the offer whose button was pressed.
        on_copy: called when the user wants the whole diagnosis.
        extra: a button of the page, such as 'Try again'.
    """

    def __init__(
        self,
        finding: Finding,
        *,
        on_fix: Callable[[FixOffer], None] | None = None,
        on_copy: Callable[[], None] | None = None,
        extra: QPushButton | None = None,
    ) -> None:
        super().__init__()
        self.finding = finding
        self.fix_buttons: list[QPushButton] = []
        tone, icon = _LOOKS.get(finding.status, ("waiting", "warn"))
        self.setProperty("tint", tone)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        title = label("strong", wrap=True)
        title.setText(str(finding.title))
        self._body = QVBoxLayout()
        self._body.setSpacing(em(0.3))
        self._body.addWidget(title)
        if detail := str(finding.detail):
            text = label(wrap=True)
            text.setText(detail)
            self._body.addWidget(text)
        self._add_buttons(on_fix, extra)
        self._add_details(on_copy)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(em(1.1), em(0.7), em(1.1), em(0.8))
        layout.setSpacing(em(0.9))
        sign = QVBoxLayout()
        sign.addSpacing(em(0.15))
        sign.addWidget(IconLabel(icon, tone))
        sign.addStretch()
        layout.addLayout(sign)
        layout.addLayout(self._body, 1)
        describe(self, finding.title)
        self.setAccessibleDescription(str(finding.detail))

    def _add_buttons(
        self, on_fix: Callable[[FixOffer], None] | None, extra: QPushButton | None
    ) -> None:
        row = QHBoxLayout()
        row.setSpacing(em(0.6))
        row.setContentsMargins(0, em(0.4), 0, 0)
        serious = self.finding.status is Status.FAIL
        for offer in self.finding.fixes if on_fix else ():
            fix = button(f"fix_{offer.id}", primary=serious and not self.fix_buttons, compact=True)
            fix.setText(literal(offer.label))
            describe(fix, offer.label, offer.effect)
            fix.clicked.connect(lambda _checked=False, offer=offer: on_fix and on_fix(offer))
            self.fix_buttons.append(fix)
            row.addWidget(fix)
        if extra:
            row.addWidget(extra)
        self._details_button = button(compact=True)
        self._details_button.setText(str(_("D&etails")))
        self._details_button.setCheckable(True)
        describe(self._details_button, _("Details"), _("Shows the code and what it rests on"))
        row.addWidget(self._details_button)
        row.addStretch()
        self._body.addLayout(row)
        if on_fix and self.finding.fixes:
            effect = label("small", wrap=True)
            effect.setText(str(self.finding.fixes[0].effect))
            self._body.addWidget(effect)

    def _add_details(self, on_copy: Callable[[], None] | None) -> None:
        details = QFrame()
        layout = QVBoxLayout(details)
        layout.setContentsMargins(0, em(0.3), 0, 0)
        layout.setSpacing(em(0.3))
        facts = label("small", wrap=True)
        facts.setText(facts_of(self.finding))
        facts.setTextInteractionFlags(
            facts.textInteractionFlags() | facts.textInteractionFlags().TextSelectableByMouse
        )
        layout.addWidget(facts)
        if on_copy:
            copy = button("copyFindingButton", compact=True)
            copy.setText(str(_("&Copy diagnosis")))
            describe(copy, _("Copy diagnosis"), _("Copies a text without secrets, to send it on"))
            copy.clicked.connect(lambda _checked=False: on_copy())
            row = QHBoxLayout()
            row.addWidget(copy)
            row.addStretch()
            layout.addLayout(row)
        details.hide()
        self._details_button.toggled.connect(details.setVisible)
        self._body.addWidget(details)


def facts_of(finding: Finding) -> str:
    """Return what a verdict rests on: the code, the evidence, the server's own words."""
    lines = [str(_("Code: {code}", code=finding.code))]
    for name, value in finding.evidence.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        lines.append(f"{name}: {shown}")
    if finding.server_text:
        lines.append(str(_("The server said: {text}", text=finding.server_text)))
    return "\n".join(lines)


def finding_as_text(finding: Finding) -> str:
    """Return a finding for the clipboard."""
    parts = (str(finding.title), str(finding.summary), str(finding.detail), facts_of(finding))
    return "\n".join(part for part in parts if part)
