"""The window: the frame around the pages, which alone has the panel, buttons and questions."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QEvent, QSize, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QApplication,
    QComboBox,
    QFrame,
    QLineEdit,
    QPushButton,
    QWidget,
    QWizard,
    QWizardPage,
)

from setup_wizard import flow
from setup_wizard.flow import Step, Task
from setup_wizard.gui.crash import Guard
from setup_wizard.gui.pages.page import Page
from setup_wizard.gui.pages.project import ProjectPage
from setup_wizard.gui.session import Session
from setup_wizard.gui.side_panel import SidePanel, panel_width
from setup_wizard.gui.theme import Colors, em, palette, sheet, system_colors
from setup_wizard.gui.widgets.labels import ElidedLabel, announce, describe
from setup_wizard.i18n import _, language, set_language
from setup_wizard.resources import bundled

if TYPE_CHECKING:
    from PySide6.QtCore import QTranslator
    from PySide6.QtGui import (
        QCloseEvent,
        QDragEnterEvent,
        QDragLeaveEvent,
        QDropEvent,
        QResizeEvent,
        QShowEvent,
    )
    from PySide6.QtWidgets import QMessageBox

_Button = QWizard.WizardButton
_PRIMARY: Final = (_Button.NextButton, _Button.CommitButton, _Button.FinishButton)
_COPY, _REFRESH = _Button.CustomButton1, _Button.CustomButton2
_WIDTH, _HEIGHT = 69, 54  # in the font's height: 900 by 700 pixels at 13


class Wizard(QWizard):
    """The wizard's window on a session."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("wizard")
        session.setParent(self)
        self.session = session
        self._guard = Guard(session)
        self._translator: QTranslator | None = None
        self._question: QMessageBox | None = None
        self._leaving = False
        self._painted = False
        self._colors: Colors | None = None
        self._moment: tuple[object, ...] = ()
        self._build_frame()
        self._apply_theme()  # before there are more parts, each of which would be told
        self._panel = SidePanel()
        self._panel.setParent(self)  # QWizard takes it in only when it is first shown
        self._status = ElidedLabel()
        self._status.setParent(self)
        self._rule = QFrame(self)
        self._rule.setObjectName("barRule")
        self._status.setObjectName("statusLine")
        self._pages: dict[Step, Page] = {}
        self.setSideWidget(self._panel)
        first = ProjectPage(session)
        self._add(first)
        self._connect()
        self._use_language()
        self.resize(QSize(em(_WIDTH), em(_HEIGHT)).boundedTo(self.screen().availableSize()))
        self.setAcceptDrops(True)

    # -- the frame --------------------------------------------------------------------------

    def _build_frame(self) -> None:
        option = QWizard.WizardOption
        self.setWizardStyle(QWizard.WizardStyle.MacStyle)
        self.setOptions(
            option.ExtendedWatermarkPixmap
            | option.NoBackButtonOnStartPage
            | option.NoBackButtonOnLastPage
            | option.NoCancelButtonOnLastPage
            | option.NoDefaultButton
            | option.HaveCustomButton1
            | option.HaveCustomButton2
        )
        self.setButtonLayout(
            [
                _COPY,
                _Button.Stretch,
                _Button.BackButton,
                _REFRESH,
                *_PRIMARY,
                _Button.CancelButton,
            ]
        )
        for which in _PRIMARY:
            self.button(which).setProperty("primary", True)
        self.button(_COPY).setObjectName("copyReportButton")
        self.button(_REFRESH).setObjectName("refreshButton")

    # -- pages ------------------------------------------------------------------------------

    def _add(self, page: Page) -> None:
        self._pages[page.step] = page
        page.retranslate()
        self.setPage(int(page.step), page)

    def _begin(self) -> None:
        """Add what the first picture of the window did not need."""
        from PySide6.QtGui import QIcon, QKeySequence, QShortcut

        self.setWindowIcon(QIcon(str(bundled("assets/icon.png"))))
        QShortcut(QKeySequence.StandardKey.Refresh, self).activated.connect(self._ask_again)
        self.setFocus()  # Qt gave it to the first part of the chain, the language
        self._add_next()

    def _add_next(self) -> None:
        """Add the pages behind the first one, each in a turn of its own, and then begin."""
        if missing := _missing(self._pages):
            self._add(missing(self.session))
            self._refresh()
            QTimer.singleShot(0, self._add_next)
        elif self.step is Step.PROJECT:
            self.page_now.enter()

    def _complete(self) -> None:
        while missing := _missing(self._pages):
            self._add(missing(self.session))

    def findChild(self, *arguments: Any, **named: Any) -> Any:
        """Find a part by its name, parts of pages included that would only come a moment later."""
        self._complete()
        return super().findChild(*arguments, **named)

    def findChildren(self, *arguments: Any, **named: Any) -> Any:
        """Find parts, as :meth:`findChild` does."""
        self._complete()
        return super().findChildren(*arguments, **named)

    def page(self, number: int) -> QWizardPage:
        """Return a page by its number, as :meth:`findChild` does."""
        self._complete()
        return super().page(number)

    def pageIds(self) -> list[int]:
        """Return the numbers of all five pages, as :meth:`findChild` does."""
        self._complete()
        return super().pageIds()

    def _connect(self) -> None:
        self.session.changed.connect(self._refresh)
        self._panel.language_chosen.connect(self._choose_language)
        self.currentIdChanged.connect(self._page_changed)
        self.button(_COPY).clicked.connect(lambda _checked=False: self.page_now.copy_report())
        self.button(_REFRESH).clicked.connect(self._ask_again)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._apply_theme)

    def _ask_again(self) -> None:
        self.page_now.again()

    def _place_status(self) -> None:
        """Put the words into the free part of the button bar, whose layout is QWizard's own."""
        shown = [
            button
            for which in (_COPY, _Button.BackButton, _REFRESH, *_PRIMARY, _Button.CancelButton)
            if (button := self.button(which)).isVisible()
        ]
        if not shown:
            return
        left, bar = self.page_now.content_left(self), shown[0].geometry()
        self._rule.setGeometry(panel_width(), bar.y() - em(1), self.width(), 1)
        if shown[0] is self.button(_COPY):
            left, shown = bar.right() + em(1), shown[1:]
        width = shown[0].x() - em(0.75) - left
        self._status.setGeometry(left, bar.y(), max(width, 0), bar.height())
        self._rule.raise_()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_status()

    def _apply_theme(self) -> None:
        if self._colors == system_colors():
            return
        self._colors = colors = system_colors()
        self.setPalette(palette(colors))
        self.setStyleSheet(sheet(colors))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ApplicationPaletteChange:
            self._apply_theme()
        elif event.type() == QEvent.Type.Paint and not self._painted:
            self._painted = True
            QTimer.singleShot(0, self._begin)
        return super().event(event)

    @property
    def step(self) -> Step:
        """Where one is."""
        return Step(max(0, self.currentId()))

    @property
    def page_now(self) -> Page:
        """The page in view."""
        return self._pages[self.step]

    # -- what it shows ----------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh()

    def _page_changed(self, number: int) -> None:
        if number < 0:
            return
        self.session.leave()
        self._moment = ()
        self.setFocus()
        self._refresh()
        if self._painted:
            QTimer.singleShot(0, self.page_now.enter)

    def _refresh(self) -> None:
        page, state = self.page_now, self.session.state
        page.refresh()
        self._panel.show_state(self.step, state)
        self._show_buttons()
        self._say(str(page.status()))
        self._settle_question()
        self._lead_on()
        QTimer.singleShot(0, self._place_status)  # when the layout knows the new buttons

    def _show_buttons(self) -> None:
        state, last = self.session.state, self.step is Step.DONE
        label_now = str(flow.primary_label(self.step, state))
        texts = dict.fromkeys(_PRIMARY, label_now) | {
            _Button.BackButton: str(_("&Back")),
            _Button.CancelButton: str(_("Cancel")),
            _COPY: str(_("&Copy diagnosis")),
            _REFRESH: str(_("&Refresh")),
        }
        for which, text in texts.items():
            if self.buttonText(which) != text:
                self.setButtonText(which, text)
            describe(self.button(which), text)
        # Not by completeChanged: QWizard hides and shows all it has then, and the focus is lost.
        for which in _PRIMARY:
            self.button(which).setEnabled(self.page_now.isComplete())
        self.button(_COPY).setVisible(last)
        self.button(_REFRESH).setVisible(last)
        self.button(_REFRESH).setEnabled(Task.TABLES not in state.busy)
        self.button(_Button.BackButton).setEnabled(flow.may_go_back(self.step, state))

    def _say(self, text: str) -> None:
        if text == self._status.text():
            return
        self._status.set_text(text)
        if text and self._painted:
            announce(self._status, text)

    # -- Enter and the focus ----------------------------------------------------------------

    def _lead_on(self) -> None:
        """Let Enter press what helps next, and put the focus there unless the user is busy."""
        target = self.page_now.primary_button() or self._primary()
        target.setDefault(True)
        field = self.page_now.first_field()
        moment = (self.step, target, target.isEnabled(), field)
        if moment == self._moment:
            return
        self._moment = moment
        if _is_in_use(self.focusWidget()):
            return
        if field:
            field.setFocus()
        elif target.isEnabled():
            target.setFocus()

    def _primary(self) -> QPushButton:
        which = {Step.RUN: _Button.CommitButton, Step.DONE: _Button.FinishButton}
        made = self.button(which.get(self.step, _Button.NextButton))
        assert isinstance(made, QPushButton)
        return made

    # -- language ---------------------------------------------------------------------------

    def _choose_language(self, code: str) -> None:
        if code != language():
            set_language(code)
            self._use_language()

    def _use_language(self) -> None:
        self._translate_qt()
        self.setWindowTitle("Setup Wizard")
        self._panel.retranslate()
        for page in self._pages.values():
            page.retranslate()
        describe(self._status, _("State"))
        self._refresh()

    def _translate_qt(self) -> None:
        """Let Qt's own texts (a file dialog's, a context menu's) follow, where they are there."""
        if self._translator:
            QApplication.removeTranslator(self._translator)
            self._translator = None
        if language() == "en":
            return
        from PySide6.QtCore import QLibraryInfo, QTranslator

        translator = QTranslator(self)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if translator.load(f"qtbase_{language()}", folder):
            QApplication.installTranslator(translator)
            self._translator = translator

    # -- dropping a folder ------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        page = self.page_now
        if isinstance(page, ProjectPage) and any(u.isLocalFile() for u in event.mimeData().urls()):
            page.show_drag(over=True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        super().dragLeaveEvent(event)
        if isinstance(page := self.page_now, ProjectPage):
            page.show_drag(over=False)

    def dropEvent(self, event: QDropEvent) -> None:
        page = self.page_now
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if isinstance(page, ProjectPage) and paths:
            page.show_drag(over=False)
            page.drop(Path(paths[0]))
            event.acceptProposedAction()

    # -- leaving ----------------------------------------------------------------------------

    def reject(self) -> None:
        """Leave, or ask first while something is being changed."""
        if flow.changes(self.session.state):
            self._ask()
        else:
            super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._leaving = flow.changes(self.session.state)
        super().closeEvent(event)

    def done(self, result: int) -> None:
        """Close the window, then whatever is still under way."""
        super().done(result)  # hiding it first would keep Qt from seeing the last window close
        self._guard.off()
        self.session.close()

    def _ask(self) -> None:
        if self._question:
            return
        from PySide6.QtWidgets import QMessageBox

        box = QMessageBox(self)
        box.setObjectName("stopQuestion")
        box.setWindowTitle("Setup Wizard")
        box.setText(str(_("Stop what is under way?")))
        box.setInformativeText(str(flow.stop_note(self.session.state)))
        stop = box.addButton(str(_("&Stop")), QMessageBox.ButtonRole.AcceptRole)
        keep = box.addButton(str(_("&Keep going")), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)
        box.finished.connect(lambda _result: self._answered(stop=box.clickedButton() is stop))
        self._question = box
        box.open()

    def _answered(self, *, stop: bool) -> None:
        if self._question:
            self._question.deleteLater()
            self._question = None
        if stop:
            self.session.cancel()
        else:
            self._leaving = False

    def _settle_question(self) -> None:
        """Withdraw the question when there is nothing left to stop, or leave as the user wished."""
        if flow.changes(self.session.state):
            return
        if self._question:
            self._question.reject()
        elif self._leaving:
            self._leaving = False
            super().reject()


def _missing(pages: Collection[Step]) -> Callable[[Session], Page] | None:
    """Return the class of the first page that is not there yet.

    Building all pages, and importing what they need, takes longer than showing the window.
    """
    if Step.CONNECTION not in pages:
        from setup_wizard.gui.pages.connection import ConnectionPage

        return ConnectionPage
    if Step.PLAN not in pages:
        from setup_wizard.gui.pages.plan import PlanPage

        return PlanPage
    if Step.RUN not in pages:
        from setup_wizard.gui.pages.run import RunPage

        return RunPage
    if Step.DONE not in pages:
        from setup_wizard.gui.pages.done import DonePage

        return DonePage
    return None


def _is_in_use(widget: QWidget | None) -> bool:
    """Whether the user is typing, choosing or reading there, so that the focus must stay."""
    if isinstance(widget, QLineEdit):
        return widget.isModified()
    return isinstance(widget, QAbstractScrollArea | QComboBox)
