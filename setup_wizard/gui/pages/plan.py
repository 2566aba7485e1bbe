"""The third page: what would be created, what is there already, and the SQL itself."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout

from setup_wizard.flow import Step
from setup_wizard.gui.pages.page import Page
from setup_wizard.gui.session import Session
from setup_wizard.gui.theme import em, system_colors
from setup_wizard.gui.widgets.cards import Card, CardList
from setup_wizard.gui.widgets.code_view import CodeView
from setup_wizard.gui.widgets.labels import ElidedLabel, describe, label
from setup_wizard.gui.widgets.sql_highlighter import SqlHighlighter
from setup_wizard.gui.words import ACTIONS, item_line
from setup_wizard.i18n import Text, _
from setup_wizard.resources import bundled
from setup_wizard.scripts import Plan, PlanItem, Script

_SHOWN: Final = 30_000
"""Characters of a script that are shown: laying out and colouring more would stop the window."""


class PlanPage(Page):
    """The objects as cards at the left, the SQL at the right."""

    step = Step.PLAN

    def __init__(self, session: Session) -> None:
        super().__init__(session, "planPage")
        self._items = CardList("planView")
        self._note = label("small", wrap=True)
        self._file = ElidedLabel()
        self._files = QComboBox()
        self._files.setObjectName("scriptCombo")
        self._files.currentIndexChanged.connect(lambda _index: self._show_sql())
        self._sql = CodeView("sqlView")
        self._highlighter: SqlHighlighter | None = None
        self._plan: Plan | None = None
        left, right = QVBoxLayout(), QVBoxLayout()
        left.setSpacing(em(0.3))
        left.addWidget(self._items)
        left.addWidget(self._note)
        left.addStretch(1)
        right.setSpacing(em(0.4))
        right.addWidget(self._file)
        right.addWidget(self._files)
        right.addWidget(self._sql, 1)
        columns = QHBoxLayout()
        columns.setSpacing(em(1))
        columns.addLayout(left, 4)
        columns.addLayout(right, 5)
        self.body.addLayout(columns, 1)

    def enter(self) -> None:
        self.session.make_plan()

    def again(self) -> None:
        self.session.make_plan()

    def refresh(self) -> None:
        super().refresh()
        plan = self.state.plan
        if plan is not self._plan:
            self._plan = plan
            self._show_plan()

    def retranslate(self) -> None:
        super().retranslate()
        describe(self._items, _("What the script makes"))
        describe(self._sql, _("The SQL"))
        describe(self._files, _("Script"), _("Which file is shown"))
        self._show_plan()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and getattr(self, "_highlighter", None):
            assert self._highlighter
            self._highlighter.set_colors(system_colors())

    def _show_plan(self) -> None:
        plan = self._plan
        for widget in (self._items, self._note, self._file, self._sql):
            widget.setVisible(plan is not None)
        self._items.show_items(plan.items if plan else (), _card)
        self._note.setText(str(_note(plan)) if plan else "")
        self._files.blockSignals(True)
        self._files.clear()
        self._files.addItems([script.path.name for script in plan.scripts] if plan else [])
        self._files.blockSignals(False)
        self._files.setVisible(self._files.count() > 1)
        self._show_sql()

    def _show_sql(self) -> None:
        if not self._plan or not self._plan.scripts:
            return
        script = self._plan.scripts[max(0, self._files.currentIndex())]
        self._file.set_text(_file_line(script))
        self._file.setAccessibleDescription(str(script.path))
        if self._highlighter is None:
            self._highlighter = SqlHighlighter(self._sql.document(), system_colors())
        text = script.text[:_SHOWN]
        self._sql.show_text(text if text == script.text else f"{text}\n…")


def _card(item: PlanItem) -> Card:
    word, tone, sign = ACTIONS[item.action]
    return Card(
        title=item.object,
        line=item_line(item),
        badge=word,
        tone=tone,
        icon=sign,
        notes=item.differences,
    )


def _file_line(script: Script) -> str:
    if script.path.is_relative_to(bundled("migrations")):
        ours = _("SQL comes with the wizard")
        return f"{script.path.name} · {ours}"
    return str(script.path)


def _note(plan: Plan) -> Text:
    if plan.differs:
        return _(
            "The wizard never changes what is there already. Talk to your team about which of the "
            "two is right: the script, or the database."
        )
    if plan.nothing_to_do:
        return _("Columns, types, defaults, keys and indexes are as the script makes them.")
    return _("It was rehearsed without trouble. Either all of it happens, or nothing changes.")
