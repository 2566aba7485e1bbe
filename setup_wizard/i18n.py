"""The language of every sentence: messages that are translated when they are shown.

``_("…")`` gives a :class:`Message`, not a text, so that findings and plans made in one language
appear in the other as soon as the user switches. The catalogue is ``locale/``;
``tools/messages.py`` collects it from the sources.
"""

from __future__ import annotations

import gettext
import locale
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from setup_wizard import errors

LANGUAGES: Final = ("ko", "en")
DOMAIN: Final = "setup_wizard"
Text = errors.Text
_LOCALE_DIR: Final = Path(__file__).with_name("locale")
_KOREAN_LANGUAGE_ID: Final = 0x12  # the primary language part of a Windows LANGID

_current: str = "en"
_translations: dict[str, gettext.NullTranslations] = {"en": gettext.NullTranslations()}


@dataclass(frozen=True)
class Message:
    """A sentence in the program's language, with its values; ``str()`` translates it now."""

    msgid: str
    plural: str | None = None
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        catalogue = _translations[_current]
        if self.plural is None:
            template = catalogue.gettext(self.msgid)
        else:
            count = self.values["count"]
            assert isinstance(count, int)
            template = catalogue.ngettext(self.msgid, self.plural, count)
        return template.format_map(self.values)

    def __hash__(self) -> int:
        return hash((self.msgid, self.plural))


def _(msgid: str, /, **values: object) -> Message:
    """Name a sentence of the catalogue; ``{name}`` places in it are filled from ``values``."""
    return Message(msgid, None, values)


def ngettext(singular: str, plural: str, /, *, count: int, **values: object) -> Message:
    """Name a sentence whose form depends on ``count``, which is also the value of ``{count}``."""
    return Message(singular, plural, {"count": count, **values})


def language() -> str:
    """Return the language in use: ``ko`` or ``en``."""
    return _current


def set_language(code: str) -> None:
    """Use ``ko`` or ``en`` from now on; raise ValueError for any other code."""
    global _current  # noqa: PLW0603 - one program, one language
    if code not in LANGUAGES:
        msg = f"no such language: {code}"
        raise ValueError(msg)
    if code not in _translations:
        _translations[code] = gettext.translation(DOMAIN, _LOCALE_DIR, [code])
    _current = code


def system_language() -> str:
    """Return ``ko`` on a Korean system, else ``en``.

    Windows: the language of the user interface, which the country format says nothing about.
    """
    if sys.platform == "win32":
        import ctypes  # costs 10 ms elsewhere

        langid = int(ctypes.windll.kernel32.GetUserDefaultUILanguage())
        korean = langid & 0x3FF == _KOREAN_LANGUAGE_ID
    else:
        names = ("LC_ALL", "LC_MESSAGES", "LANG")
        said = next(filter(None, map(os.environ.get, names)), "")
        korean = locale.normalize(said).startswith("ko")
    return "ko" if korean else "en"
