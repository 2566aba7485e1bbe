"""The catalogue: every message has Korean, with the same places for values."""

from __future__ import annotations

import ast
import string
from pathlib import Path
from typing import TYPE_CHECKING

import messages
import pytest

if TYPE_CHECKING:
    from babel.messages.catalog import Message

CATALOGUE = messages.korean()
TRANSLATED = [message for message in CATALOGUE if message.id]


def forms(text: object) -> list[str]:
    return [text] if isinstance(text, str) else list(text)  # type: ignore[call-overload]


def places(text: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name}


def test_catalogue_has_exactly_the_messages_of_the_sources() -> None:
    assert {str(m.id) for m in CATALOGUE} == {str(m.id) for m in messages.merged()}


def test_every_message_has_korean() -> None:
    assert messages.untranslated(CATALOGUE) == []


@pytest.mark.parametrize("message", TRANSLATED, ids=lambda message: str(message.id)[:40])
def test_korean_fills_the_same_places(message: Message) -> None:
    wanted = set().union(*(places(form) for form in forms(message.id)))
    for form in forms(message.string):
        # a plural's singular may leave its count out; Korean has one form, and it says it
        assert places(form) == wanted


def test_compiled_catalogue_is_up_to_date() -> None:
    assert messages.MO.read_bytes() == messages.as_mo(CATALOGUE)
    assert messages.PO.read_bytes() == messages.as_po(CATALOGUE)


@pytest.mark.parametrize("path", sorted(messages.PACKAGE.rglob("*.py")), ids=lambda p: p.name)
def test_no_message_hides_in_an_f_string(path: Path) -> None:
    """Babel does not look into them, so such a message would stay English."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = [
        call.lineno
        for text in ast.walk(tree)
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("_", "ngettext")
    ]
    assert hidden == []
