"""The second page: does the project's .env lead to a working database? If not, what helps?"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from setup_wizard import flow
from setup_wizard.diagnosis.finding import FixOffer
from setup_wizard.diagnosis.installation import offer_locate_psql, offer_start_service
from setup_wizard.flow import Step, Task
from setup_wizard.gui.pages.page import Page
from setup_wizard.gui.painting import icon
from setup_wizard.gui.session import Session
from setup_wizard.gui.theme import em, system_colors
from setup_wizard.gui.widgets.cards import Card, InfoCard
from setup_wizard.gui.widgets.findings_view import FindingsView
from setup_wizard.gui.widgets.labels import ElidedLabel, button, describe, label, literal
from setup_wizard.gui.words import origins, service_line, undo_line
from setup_wizard.i18n import Text, _
from setup_wizard.machine import DEFAULT_SERVICE, Service, ServiceState
from setup_wizard.secret import Secret
from setup_wizard.target import FIELDS, USUAL, Field

_PAUSE_MS: Final = 600  # a person who types pauses less between two keys
_LABELS: Final[dict[Field, Text]] = {
    "host": _("&Host"),
    "port": _("&Port"),
    "database": _("&Database"),
    "user": _("&User"),
    "password": _("Pass&word"),
}
_WIDTHS: Final[dict[Field, int]] = {"host": 3, "port": 2, "database": 3, "user": 3}
_STARTABLE: Final = (ServiceState.STOPPED, ServiceState.PAUSED)


class ConnectionPage(Page):
    """The five values, the checks with their fixes, and this computer's service and psql."""

    step = Step.CONNECTION

    def __init__(self, session: Session) -> None:
        super().__init__(session, "connectionPage")
        self._edits: dict[Field, QLineEdit] = {}
        self._labels: dict[Field, QLabel] = {}
        self._hints: dict[Field, QLabel] = {}
        for name in FIELDS:
            self._add_field(name)
        self._eye = self._add_eye(self._edits["password"])
        self._test = button("testButton")
        self._test.clicked.connect(lambda _checked=False: self.again())
        self._hint = label("small", wrap=True)
        self._done = ElidedLabel()
        self._done.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._undo = button("undoButton")
        self._undo.clicked.connect(lambda _checked=False: session.undo())
        self._start = button("fix_start_service", compact=True)
        self._start.clicked.connect(lambda _checked=False: session.fix(self._start_offer()))
        self._locate = button("fix_locate_psql", compact=True)
        self._locate.clicked.connect(lambda _checked=False: session.fix(offer_locate_psql()))
        self._service_card, self._psql_card = InfoCard(self._start), InfoCard(self._locate)
        self._findings = FindingsView(
            session.fix, self.copy_report, frozenset({"start_service", "locate_psql"})
        )
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self.again)
        # Not at once: how much there is to scroll is known when the new rows are laid out.
        self.area.verticalScrollBar().rangeChanged.connect(lambda *_range: self._show_open_card())
        session.psql_wanted.connect(self._ask_for_psql)
        self._build()

    def _add_field(self, name: Field) -> None:
        edit = QLineEdit()
        edit.setObjectName(f"{name}Edit")
        edit.setPlaceholderText(USUAL.get(name, ""))
        edit.textChanged.connect(lambda text: self._typed(name, text))
        edit.returnPressed.connect(self._test_now)
        self._edits[name] = edit
        self._labels[name] = label("small")
        self._labels[name].setBuddy(edit)
        self._hints[name] = label("small", wrap=True)
        self._hints[name].setAlignment(Qt.AlignmentFlag.AlignTop)
        self._hints[name].hide()

    def _add_eye(self, edit: QLineEdit) -> QToolButton:
        edit.setEchoMode(QLineEdit.EchoMode.Password)
        eye = QToolButton()
        eye.setObjectName("showPasswordButton")
        eye.setCheckable(True)
        eye.toggled.connect(self._show_password)
        inside = QHBoxLayout(edit)
        inside.setContentsMargins(0, 0, em(0.5), 0)
        inside.addStretch()
        inside.addWidget(eye)
        edit.setTextMargins(0, 0, em(2), 0)
        return eye

    def _build(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(em(0.9))
        grid.setVerticalSpacing(em(0.25))
        for column, (name, width) in enumerate(_WIDTHS.items()):
            grid.setColumnStretch(column, width)
            self._place(grid, name, 0, column)
        password = QHBoxLayout()
        password.setSpacing(em(0.9))
        password.addWidget(self._edits["password"], 1)
        password.addWidget(self._test)
        grid.setRowMinimumHeight(3, em(0.3))
        grid.addWidget(self._labels["password"], 4, 0)
        grid.addLayout(password, 5, 0, 1, 4)
        grid.addWidget(self._hints["password"], 6, 0, 1, 4)
        grid.addWidget(self._hint, 7, 0, 1, 4)
        done = QHBoxLayout()
        done.setSpacing(em(0.9))
        done.addWidget(self._done)
        done.addWidget(self._undo)
        done.addStretch(1)
        grid.addLayout(done, 8, 0, 1, 4)
        cards = QHBoxLayout()
        cards.setSpacing(em(0.9))
        cards.addWidget(self._service_card, 6)
        cards.addWidget(self._psql_card, 5)
        self.body.addLayout(grid)
        self.body.addWidget(self._findings)
        self.body.addStretch()
        self.foot.addSpacing(em(0.3))
        self.foot.addLayout(cards)  # below what scrolls: they are always there
        self.foot.addStretch()
        self.area.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self._set_tab_order()

    def _place(self, grid: QGridLayout, name: Field, row: int, column: int) -> None:
        for offset, widget in enumerate((self._labels[name], self._edits[name], self._hints[name])):
            grid.addWidget(widget, row + offset, column)

    def _set_tab_order(self) -> None:
        order: tuple[QWidget, ...] = (
            *self._edits.values(),
            self._eye,
            self._test,
            self._undo,
            self._findings,
            self._start,
            self._locate,
        )
        for first, second in pairwise(order):
            QWidget.setTabOrder(first, second)

    # -- the contract -----------------------------------------------------------------------

    def enter(self) -> None:
        if self.state.job is not None:
            self.session.check()

    def again(self) -> None:
        self._pause.stop()
        if self.state.job is not None and Task.FIX not in self.state.busy:
            self.session.check()

    def refresh(self) -> None:
        super().refresh()
        self._show_fields()
        self._show_undo()
        checking = not self.state.checked and Task.CHECK in self.state.busy
        self._findings.show_findings(
            self.state.findings, checking=checking, enabled=self._fixes_allowed()
        )
        self._show_cards()
        QTimer.singleShot(0, self.area.updateGeometry)

    def _show_open_card(self) -> None:
        self.area.verticalScrollBar().setValue(0)
        if card := self._findings.open_card:
            self.area.ensureWidgetVisible(card, 0, em(1))

    def retranslate(self) -> None:
        super().retranslate()
        for name, text in _LABELS.items():
            self._labels[name].setText(str(text))
        self._test.setText(str(_("&Test connection")))
        describe(self._test, _("Test connection"), _("Checks everything again (F5)"))
        self._undo.setText(str(_("Und&o")))
        self._show_password(shown=self._eye.isChecked())
        self._findings.retranslate()
        self._show_fields()
        self._show_undo()
        self._show_cards()

    def primary_button(self) -> QPushButton | None:
        return self._findings.primary_button if self.state.checked else None

    def first_field(self) -> QWidget | None:
        broken = flow.first_broken(self.state.findings) if self.state.checked else None
        name = flow.broken_field(broken) if broken and not broken.fixes else None
        return self._edits[name] if name else None

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_eye"):
            self._show_password(shown=self._eye.isChecked())

    # -- fields -----------------------------------------------------------------------------

    def _show_fields(self) -> None:
        job = self.state.job
        for name, edit in self._edits.items():
            value = flow.value_of(job, name) if job else ""
            text = value.reveal() if isinstance(value, Secret) else str(value)
            edit.setEnabled(job is not None and Task.FIX not in self.state.busy)
            if edit.text() != text:
                edit.blockSignals(True)
                edit.setText(text)
                edit.blockSignals(False)
        each, common = origins(job) if job else ({}, "")
        self._hint.setText(str(common or ""))
        self._hint.setVisible(common is not None)
        for name, edit in self._edits.items():
            origin = each.get(name, "")
            describe(edit, _LABELS[name], origin)
            self._hints[name].setText(str(origin))
            self._hints[name].setVisible(common is None and bool(str(origin)))

    def _show_undo(self) -> None:
        entry = self.state.job.undoable if self.state.job else None
        if entry:
            self._done.set_text(undo_line(entry))
            describe(self._undo, _("Undo"), undo_line(entry))
        for part in (self._done, self._undo):
            part.setVisible(entry is not None)
        self._undo.setEnabled(self._fixes_allowed())

    def _typed(self, name: Field, text: str) -> None:
        if self.state.job is not None:
            self._pause.start()
            self.session.type(name, text)

    def _test_now(self) -> None:
        if self._pause.isActive():
            self.again()

    def _show_password(self, shown: bool) -> None:  # noqa: FBT001 - Qt's toggled gives it so
        mode = QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password
        self._edits["password"].setEchoMode(mode)
        sign = "eye_off" if shown else "eye"
        color = QColor(system_colors().muted)
        self._eye.setIcon(icon(sign, color, em(1.3), self.devicePixelRatioF()))
        self._eye.setIconSize(QSize(em(1.3), em(1.3)))
        describe(self._eye, _("Hide the password") if shown else _("Show the password"))
        self._eye.setToolTip(self._eye.accessibleName())

    # -- service and psql -------------------------------------------------------------------

    def _service(self) -> Service | None:
        return self.state.surroundings.service if self.state.surroundings else None

    def _start_offer(self) -> FixOffer:
        service = self._service()
        if service:
            return offer_start_service(service)
        return FixOffer("start_service", _("Start {service}", service=DEFAULT_SERVICE), "")

    def _fixes_allowed(self) -> bool:
        return self.state.checked and Task.FIX not in self.state.busy

    def _show_cards(self) -> None:
        known, service = self.state.surroundings is not None, self._service()
        psql = self.state.surroundings.psql if self.state.surroundings else None
        idle = self.state.job is not None and Task.FIX not in self.state.busy
        offer = self._start_offer()
        self._start.setText(literal(offer.label))
        self._start.setEnabled(idle and (service is None or service.state in _STARTABLE))
        describe(self._start, offer.label, offer.effect)
        self._locate.setText(literal(offer_locate_psql().label))
        self._locate.setEnabled(idle)
        describe(self._locate, offer_locate_psql().label, offer_locate_psql().effect)
        unknown = _("Not found on this computer") if known else _("Looking …")
        self._service_card.show_card(
            Card(
                f"PostgreSQL {service.version}".rstrip() if service else "PostgreSQL",
                service_line(service) if service else unknown,
            )
        )
        self._psql_card.show_card(
            Card(f"psql {psql.version}" if psql else "psql", str(psql.path) if psql else unknown)
        )

    def _ask_for_psql(self) -> None:
        dialog = QFileDialog(self, str(_("Where is psql?")))
        dialog.setObjectName("psqlDialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(["psql (psql psql.exe)", "* (*)"])
        dialog.fileSelected.connect(lambda path: self.session.choose_psql(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.show()
