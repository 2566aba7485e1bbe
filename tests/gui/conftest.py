"""Fixtures for the window: built offscreen, driven as a user drives it."""

from __future__ import annotations

import gettext
import os
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from setup_wizard import i18n
from tests.gui.driver import Driver
from tests.gui.fake_engine import FakeEngine

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

MARK = "가"


class Marked(gettext.NullTranslations):
    """A catalogue in which every translated sentence shows that it is one."""

    def gettext(self, message: str) -> str:
        return MARK + message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return MARK + (msgid1 if n == 1 else msgid2)


@pytest.fixture(autouse=True)
def _languages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let Korean be a language that no untranslated word can hide in; end in English."""
    monkeypatch.setitem(i18n._translations, "ko", Marked())
    yield
    i18n.set_language("en")


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def ready() -> FakeEngine:
    """The engine of a computer where nothing is in the way."""
    return FakeEngine(service_runs=True, database_exists=True)


@pytest.fixture
def drive(qtbot: QtBot) -> Iterator[Driver]:
    """Open windows, and close them afterwards."""
    driver = Driver(qtbot)
    yield driver
    driver.close()
