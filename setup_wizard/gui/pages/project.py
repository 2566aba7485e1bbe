"""The first page: which project, and what the wizard will do for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from setup_wizard.flow import Step, Task
from setup_wizard.gui.pages.page import Page
from setup_wizard.gui.session import Session
from setup_wizard.gui.theme import em
from setup_wizard.gui.widgets.labels import button, describe, label, set_property
from setup_wizard.i18n import Text, _

if TYPE_CHECKING:
    from setup_wizard.gui.widgets.cards import Card, CardList
    from setup_wizard.project import Project

_PAUSE_MS: Final = 600  # a person who types pauses less between two keys


class ProjectPage(Page):
    """The candidates as cards, and a card to choose another folder."""

    step = Step.PROJECT

    def __init__(self, session: Session) -> None:
        super().__init__(session, "projectPage")
        self._list: CardList | None = None
        self._edit = QLineEdit()
        self._edit.setObjectName("projectEdit")
        self._edit.textChanged.connect(self._edited)
        self._edit.returnPressed.connect(self._look)
        self._browse_button = button("browseButton")
        self._browse_button.clicked.connect(self._browse)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._look)
        self._folder_label = label("strong")
        self._folder_label.setBuddy(self._edit)
        self._drop_hint = label("small", wrap=True)
        self._does = [label("strong"), *(label("muted", wrap=True) for _line in range(3))]
        self._shown: tuple[Project, ...] | None = None
        self._build()

    def _build(self) -> None:
        self._card = QFrame()
        self._card.setProperty("card", "plain")
        row = QHBoxLayout()
        row.setSpacing(em(0.6))
        row.addWidget(self._edit, 1)
        row.addWidget(self._browse_button)
        inside = QVBoxLayout(self._card)
        inside.setContentsMargins(em(1.1), em(0.9), em(1.1), em(0.9))
        inside.setSpacing(em(0.5))
        inside.addWidget(self._folder_label)
        inside.addLayout(row)
        inside.addWidget(self._drop_hint)
        self.body.setSpacing(0)
        self.body.addWidget(self._card)
        self.body.addSpacing(em(1.8))
        for line in self._does:
            self.body.addWidget(line)
            self.body.addSpacing(em(0.45))
        self.body.addStretch()

    def enter(self) -> None:
        if self.state.projects is None and not self.state.busy:
            self.session.start()

    def again(self) -> None:
        if self._is_edited():
            self._look()
        else:
            self.session.start()

    def refresh(self) -> None:
        super().refresh()
        projects = self.state.projects or ()
        if projects != self._shown:
            self._shown = projects
            self._show_projects(projects)
        if self._list and self.state.project in projects:
            index = self._list.cards.index(projects.index(self.state.project))
            if self._list.currentIndex() != index:
                self._list.setCurrentIndex(index)
        looking = self._pause.isActive() or Task.PROJECTS in self.state.busy
        if not looking and self.state.trouble is None:
            self._show_folder()

    def retranslate(self) -> None:
        super().retranslate()
        self._show_projects(self._shown or ())
        self._folder_label.setText(str(_("Another &folder")))
        self._browse_button.setText(str(_("B&rowse …")))
        self._drop_hint.setText(
            str(_("You can also drop the folder, or its .env, onto this window."))
        )
        describe(self._edit, _("Folder of the project"), _("Type or paste a path"))
        describe(self._browse_button, _("Browse"), _("Choose the folder of the project"))
        lines: tuple[Text, ...] = (
            _("What this wizard does"),
            _("1. It connects to PostgreSQL with the values of your .env."),
            _("2. It shows you what it will create before it does anything."),
            _("3. It creates the tables and checks the result."),
        )
        for place, line in zip(self._does, lines, strict=True):
            place.setText(str(line))

    def isComplete(self) -> bool:
        return super().isComplete() and not self._is_edited()

    def show_drag(self, *, over: bool) -> None:
        """Show that a folder may be dropped now."""
        set_property(self._card, "card", "drop" if over else "plain")

    def drop(self, path: Path) -> None:
        """Take a folder, or a .env in it, that was dropped on the window."""
        self.session.look_at(path.parent if path.name.startswith(".env") else path)

    def _show_projects(self, projects: tuple[Project, ...]) -> None:
        if self._list is None:
            if not projects:
                return
            self._list = self._make_list()
        self._list.show_items(projects, _card)
        self._list.setVisible(bool(projects))
        describe(self._list, _("Projects that were found"))
        if self.state.project in projects:
            self._list.setCurrentIndex(self._list.cards.index(projects.index(self.state.project)))

    def _make_list(self) -> CardList:
        from setup_wizard.gui.widgets.cards import CardList  # 12 ms, and nothing is found yet

        made = CardList("projectList", choose=True)
        made.selectionModel().currentChanged.connect(self._choose)
        self.body.insertWidget(self.body.indexOf(self._card), made)
        QWidget.setTabOrder(made, self._edit)
        return made

    def _choose(self, index: QModelIndex) -> None:
        if index.isValid() and self._shown:
            project = self._shown[index.row()]
            if project != self.state.project:
                self._pause.stop()
                self.session.choose_project(project)

    # -- the path ---------------------------------------------------------------------------

    def _folder(self) -> str:
        return str(self.state.project.root) if self.state.project else ""

    def _is_edited(self) -> bool:
        return self._edit.text() != self._folder()

    def _show_folder(self) -> None:
        if self._is_edited():
            self._edit.blockSignals(True)
            self._edit.setText(self._folder())
            self._edit.blockSignals(False)

    def _edited(self) -> None:
        self._pause.start()
        self.session.changed.emit()

    def _look(self) -> None:
        self._pause.stop()
        text = self._edit.text().strip().strip('"')
        if text and self._is_edited() and Task.START not in self.state.busy:
            self.session.look_at(Path(text).expanduser())

    def _browse(self) -> None:
        from PySide6.QtWidgets import QFileDialog

        dialog = QFileDialog(self, str(_("Choose the folder of the project")), self._folder())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda path: self.session.look_at(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def _card(project: Project) -> Card:
    from setup_wizard.gui.widgets.cards import Card
    from setup_wizard.gui.words import project_line

    found = project.env is not None
    return Card(
        title=project.name,
        line=project_line(project),
        badge=_("Found") if found else _("No .env yet"),
        tone="good" if found else "waiting",
        icon="check" if found else "warn",
        tooltip=str(project.root),
    )
