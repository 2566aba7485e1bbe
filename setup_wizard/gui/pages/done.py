r"""The last page: the tables, as ``\dt`` shows them and as rows, and what comes next."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QTableView, QTabWidget, QVBoxLayout

from setup_wizard.engine import Listing, SystemTable
from setup_wizard.flow import Outcome, Step, WizardState, new_tables, outcome
from setup_wizard.gui.pages.page import Page
from setup_wizard.gui.session import Session
from setup_wizard.gui.theme import em
from setup_wizard.gui.widgets.cards import Card, InfoCard
from setup_wizard.gui.widgets.code_view import CodeView
from setup_wizard.gui.widgets.labels import IconLabel, describe, label
from setup_wizard.gui.widgets.table_model import TableModel
from setup_wizard.i18n import Text, _, ngettext
from setup_wizard.scripts import Action


class DonePage(Page):
    """What is there now. Refresh asks again: the server makes its own tables when it starts."""

    step = Step.DONE

    def __init__(self, session: Session) -> None:
        super().__init__(session, "donePage")
        self.setFinalPage(True)
        self._sign = IconLabel("check", "good", 3.4)
        self._heading, self._proof = label("heading", wrap=True), label("muted", wrap=True)
        self._text = CodeView("tablesText")
        self._rows = TableModel()
        self._table = QTableView()
        self._table.setObjectName("tablesView")
        self._table.setModel(self._rows)
        self._table.setShowGrid(False)
        self._table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self._table.setTabKeyNavigation(False)
        self._table.verticalHeader().hide()
        self._table.horizontalHeader().setStretchLastSection(True)
        self._table.horizontalHeader().setDefaultSectionSize(em(12))
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        self._tabs.tabBar().setDrawBase(False)
        self._tabs.addTab(self._text, "")
        self._tabs.addTab(self._table, "")
        self._tabs.setMinimumHeight(em(11))
        self._cards: list[InfoCard] = []
        self._grid = QGridLayout()
        self._next_label, self._next = label("strong"), label(wrap=True)
        self._listing: Listing | None = None
        self._build()

    def _build(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(em(0.1))
        texts.addStretch()
        texts.addWidget(self._heading)
        texts.addWidget(self._proof)
        texts.addStretch()
        head = QHBoxLayout()
        head.setSpacing(em(1.1))
        head.addWidget(self._sign)
        head.addLayout(texts, 1)
        self._grid.setSpacing(em(0.6))
        for column in (0, 1):
            self._grid.setColumnStretch(column, 1)
        self._note = QFrame()
        self._note.setProperty("card", "note")
        inside = QHBoxLayout(self._note)
        inside.setContentsMargins(em(1.1), em(0.8), em(1.1), em(0.8))
        inside.setSpacing(em(0.6))
        inside.addWidget(self._next_label)
        inside.addWidget(self._next, 1)
        self.body.addLayout(head)
        self.body.addWidget(self._tabs, 1)
        self.body.addLayout(self._grid)
        self.body.addWidget(self._note)

    def enter(self) -> None:
        self.session.list_tables()

    def again(self) -> None:
        self.session.list_tables()

    def refresh(self) -> None:
        super().refresh()
        if self.state.listing is not self._listing:
            self._listing = self.state.listing
            self._show_listing()
        self._show_outcome()

    def retranslate(self) -> None:
        super().retranslate()
        self._tabs.setTabText(0, str(_("As psql shows it")))
        self._tabs.setTabText(1, str(_("As a table")))
        describe(self._text, _("The tables, as psql shows them"))
        describe(self._table, _("The tables"))
        self._rows.retranslate()
        self._next_label.setText(str(_("What is next")))
        self._show_listing()

    def _show_outcome(self) -> None:
        fine = outcome(self.state) is not Outcome.DIFFERS
        self._sign.set_icon("check" if fine else "warn", "good" if fine else "waiting", disc=True)
        heading, proof = _verdict(self.state)
        self._heading.setText(str(heading))
        self._proof.setText(str(proof))
        self._note.setVisible(self._listing is not None and fine)

    def _show_listing(self) -> None:
        listing = self._listing
        self._text.show_text(listing.text if listing else "")
        self._rows.show_rows(listing.rows if listing else ())
        tables = listing.system_tables if listing else ()
        while len(self._cards) < len(tables):
            card = InfoCard()
            self._grid.addWidget(card, len(self._cards) // 2, len(self._cards) % 2)
            self._cards.append(card)
        made = _made_now(self.state)
        for card, table in zip(self._cards, tables, strict=False):
            card.show_card(_card(table, made))
        waiting = any(table.by_server and not table.exists for table in tables)
        self._next.setText(
            str(
                _("Start the backend server. It makes the remaining tables by itself.")
                if waiting
                else _("Start the backend server. All its tables are there.")
            )
        )


def _made_now(state: WizardState) -> frozenset[str]:
    """Return the objects that this run has made."""
    if state.applied is None or state.plan is None:
        return frozenset()
    return frozenset(item.object for item in state.plan.items if item.action is Action.CREATE)


def _card(table: SystemTable, made: frozenset[str]) -> Card:
    if table.exists:
        line = _("Created just now") if table.name in made else _("It is there")
        return Card(table.name, line, _("Ready"), "good", "check")
    if table.by_server:
        line = _("At the server's first start")
        return Card(table.name, line, _("By the server"), "waiting", "dots")
    return Card(table.name, _("It is not there yet"), _("Missing"), "bad", "cross")


def _verdict(state: WizardState) -> tuple[Text, Text]:
    if outcome(state) is Outcome.DIFFERS:
        return (
            _("What is there is not what the script makes"),
            _("The wizard left it as it is. Ask your team which of the two is right."),
        )
    if state.applied is None:
        return _("It was already there"), _("Nothing was changed.")
    tables = new_tables(state.plan) if state.plan else ()
    proof = _(
        "Compared with the script once more · {seconds} s", seconds=f"{state.applied.seconds:.1f}"
    )
    if len(tables) == 1:
        return _("The table {table} is ready", table=tables[0]), proof
    if tables:
        return ngettext(
            "{count} table is ready", "{count} tables are ready", count=len(tables)
        ), proof
    return _("The script has run, whole"), proof
