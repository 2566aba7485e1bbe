"""What every page is: a title, a line under it, what stands in the way, and its content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QPushButton,
    QVBoxLayout,
    QWidget,
    QWizardPage,
)

from setup_wizard import flow
from setup_wizard.flow import Step, WizardState
from setup_wizard.gui.session import Session
from setup_wizard.gui.theme import em
from setup_wizard.gui.widgets.fitting_area import FittingArea
from setup_wizard.gui.widgets.labels import button, describe, discard, label
from setup_wizard.i18n import Text, _

if TYPE_CHECKING:
    from setup_wizard.diagnosis.finding import Finding

_LEFT, _RIGHT = 8, 12  # what QWizard leaves free at a page's left, and cuts from its buttons' right
_SAID_MS: Final = 4000  # long enough to read one sentence


class Page(QWizardPage):
    """The contract of a page. The frame calls it; a page never calls another one.

    ``enter`` when it comes into view, ``refresh`` when the state has changed, ``retranslate`` when
    the language has, ``again`` when the user wants it asked once more.
    """

    step: Step

    def __init__(self, session: Session, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.session = session
        self._title = label("title", wrap=True)
        self._title.setObjectName("pageTitle")
        self._lead = label("lead", wrap=True)
        self._lead.setObjectName("pageLead")
        self._said: Text = ""
        self._trouble: Finding | None = None
        self._trouble_card: QFrame | None = None
        self._trouble_place = QVBoxLayout()
        self.area = FittingArea(_RIGHT)
        self.body = self.area.content
        self.body.setContentsMargins(em(2.4) - _LEFT, em(1.2), _RIGHT, em(0.6))
        self.body.setSpacing(em(0.9))
        self.body.addLayout(self._trouble_place)
        head = QFrame()
        head.setObjectName("pageHead")
        heading = QVBoxLayout(head)
        heading.setContentsMargins(em(2.4) - _LEFT, em(0.7), _RIGHT, 0)
        heading.setSpacing(em(0.35))
        heading.addWidget(self._title)
        heading.addWidget(self._lead)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(head)
        layout.addWidget(self.area, 1)
        self.foot = QVBoxLayout()
        self.foot.setContentsMargins(em(2.4) - _LEFT, 0, _RIGHT, em(0.6))
        layout.addLayout(self.foot)

    @property
    def state(self) -> WizardState:
        """The state as it is now."""
        return self.session.state

    # -- the contract -----------------------------------------------------------------------

    def enter(self) -> None:
        """Begin what this page settles."""

    def again(self) -> None:
        """Ask once more."""

    def refresh(self) -> None:
        """Show the state."""
        title, lead = (str(say(self.step, self.state)) for say in (flow.title, flow.lead))
        self._title.setText(title)
        self._lead.setText(lead)
        self.setAccessibleName(title)
        self.setAccessibleDescription(lead)
        self._show_trouble()

    def retranslate(self) -> None:
        """Say everything in the language in use."""
        self._trouble = None
        self.refresh()

    def status(self) -> Text:
        """Return the few words at the left of the button bar."""
        return self._said if str(self._said) else flow.status_line(self.step, self.state)

    def primary_button(self) -> QPushButton | None:
        """Return the page's own button for Enter; None: the frame's."""
        return None

    def first_field(self) -> QWidget | None:
        """Return the field that the user can correct something in, where there is one."""
        return None

    def content_left(self, window: QWidget) -> int:
        """Return where the content begins, in the window's pixels."""
        return self.mapTo(window, QPoint(0, 0)).x() + em(2.4) - _LEFT

    # -- QWizardPage ------------------------------------------------------------------------

    def isComplete(self) -> bool:
        return flow.may_go_on(self.step, self.state)

    def nextId(self) -> int:
        following = flow.next_step(self.step, self.state)
        return -1 if following is None else int(following)

    # -- parts ------------------------------------------------------------------------------

    def copy_report(self) -> None:
        """Put the diagnosis on the clipboard."""
        if self.state.job is not None:
            self.session.report(self._copied)

    def _copied(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self._said = _("Copied. You can paste it into a message now.")
        QTimer.singleShot(_SAID_MS, self._say_no_more)
        self.session.changed.emit()

    def _say_no_more(self) -> None:
        self._said = ""
        self.session.changed.emit()

    def _show_trouble(self) -> None:
        trouble = self.state.trouble
        if trouble is self._trouble:
            return
        self._trouble = trouble
        if self._trouble_card:
            discard(self._trouble_card)
            self._trouble_card = None
        space = em(0.9) - self.body.spacing() if trouble else 0
        self._trouble_place.setContentsMargins(0, 0, 0, space)
        if trouble:
            from setup_wizard.gui.widgets.finding_card import FindingCard

            retry = button("tryAgainButton", compact=True)
            retry.setText(str(_("Try &again")))
            describe(retry, _("Try again"))
            retry.clicked.connect(lambda _checked=False: self.again())
            self._trouble_card = FindingCard(trouble, on_copy=self.copy_report, extra=retry)
            self._trouble_card.setObjectName("troubleCard")
            self._trouble_card.setProperty("card", self._trouble_card.property("tint"))
            self._trouble_place.addWidget(self._trouble_card)
            self._trouble_card.show()
            self.area.ensureWidgetVisible(self._trouble_card)
