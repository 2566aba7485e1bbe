from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from setup_wizard.i18n import _, language, ngettext, set_language, system_language


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    set_language("en")


def test_a_message_has_its_values() -> None:
    assert str(_("The port is {port}", port=5432)) == "The port is 5432"


def test_a_message_within_a_message_is_translated_with_it() -> None:
    assert str(_("See {place}.", place=_("line {line}", line=3))) == "See line 3."


def test_the_plural_follows_the_count() -> None:
    texts = [str(ngettext("{count} table", "{count} tables", count=n)) for n in (0, 1, 2)]
    assert texts == ["0 tables", "1 table", "2 tables"]


def test_equal_messages_are_equal_and_can_be_keys() -> None:
    assert _("a {b}", b=1) == _("a {b}", b=1) != _("a {b}", b=2)
    assert len({_("a {b}", b=[1]), _("a {b}", b=[1])}) == 1


def test_only_known_languages_can_be_set() -> None:
    assert language() == "en"
    with pytest.raises(ValueError, match="no such language: fr"):
        set_language("fr")
    assert language() == "en"


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "korean"}, "ko"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "ko_KR.eucKR"}, "ko"),
        ({}, "en"),
    ],
)
def test_the_systems_language(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], wanted: str
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert system_language() == wanted
