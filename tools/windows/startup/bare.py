"""The least wizard: what ours is compared with."""

from __future__ import annotations

import sys

from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWizard, QWizardPage

application = QApplication(sys.argv)
wizard = QWizard()
page = QWizardPage()
QVBoxLayout(page).addWidget(QLabel("Hello"))
wizard.addPage(page)
wizard.show()
sys.exit(application.exec())
