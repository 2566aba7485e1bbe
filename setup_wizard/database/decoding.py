"""The server's text before the login: in an encoding that it does not tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_NAME_BYTES: Final = 63  # the server cuts longer names (NAMEDATALEN)

_HANGUL: Final = "가-힣"
_JAPANESE: Final = "ぁ-ヿ一-鿿々、。「」"
_CHINESE: Final = "一-鿿、。，：；“”（）《》"
_CYRILLIC: Final = "А-яЁёІіЇїЄєҐґ«»—"
_LIKELY: Final = {
    "euc_kr": _HANGUL,
    "gb18030": _CHINESE,
    "euc_jp": _JAPANESE,
    "cp932": _JAPANESE,
    "cp949": _HANGUL,
    "cp1251": _CYRILLIC,
    "koi8_u": _CYRILLIC,
    "iso8859_5": _CYRILLIC,
    "cp866": _CYRILLIC,
    "cp950": _CHINESE,
    "cp1252": "À-öø-ÿ«»œŒ’“”\xa0",
    "cp1250": "À-ž",
    "cp1254": "À-öø-ÿĞğİıŞş",
    "cp1253": "Ά-ώ",
}
"""Codecs of servers that do not use UTF-8, and the characters that text in their languages has.

The narrower come first: nearly any bytes are some characters of the wider ones."""

_PLAIN_SEVERITY: Final = frozenset({"euc_jp", "cp932", "cp1252", "cp1250", "cp1254"})
"""The codecs whose languages leave the word FATAL in ASCII letters."""

_EASTERN: Final = "぀-鿿가-힣"
_OUT_OF_PLACE: Final = (
    "(?<=[A-Za-z])[Ͱ-ӿ]|[Ͱ-ӿ](?=[A-Za-z])"  # Greek or Cyrillic within a Latin word
    "|(?<=[Ͱ-ӿ])[Α-ΫЀ-Я]|(?<=[a-zß-ÿ])[À-Þ]"  # a capital inside a word
    "|(?<=[À-ž])[À-ž](?=[À-ž])"  # three accents in a row
    f"|(?<=[A-Za-z])[{_EASTERN}](?![{_EASTERN}])|(?<![{_EASTERN}])[{_EASTERN}](?=[a-z])"
)
"""What the bytes of one language look like when they are read as another.

A pattern that is compiled (6 ms) when such a text comes, not with every start."""


def decode(raw: bytes, *names: str, severity: bytes = b"") -> str:
    r"""Decode a refusal's text, for showing only.

    ``names`` are the database and user that were sent in UTF-8; the server puts them back as they
    were into a sentence in its own code page. UTF-8 is tried first, then the code page that gives
    the fewest characters its language does not have; bytes that are nothing become ``\xnn``.
    ``severity``, the server's word before the sentence, helps to tell the language.
    """
    try:
        return raw.decode()
    except UnicodeDecodeError:
        pass
    parts = [severity, b"", *_around(raw, names)]
    plain = severity != b"" and severity.isascii()
    codecs = (codec for codec in _codecs() if not plain or codec in _PLAIN_SEVERITY)
    readings = {codec: text for codec in codecs if (text := _read(parts, codec))}
    if not readings:
        return raw.decode(errors="backslashreplace")
    codec = max(readings, key=lambda codec: _likelihood(codec, readings[codec]))
    return "".join(readings[codec][1:])


def _around(raw: bytes, names: tuple[str, ...]) -> list[bytes]:
    """Split into text (even places) and names (odd places)."""
    spelled = {name.encode()[:_NAME_BYTES] for name in names if not name.isascii()}
    if not spelled:
        return [raw]
    return re.split(b"(" + b"|".join(map(re.escape, spelled)) + b")", raw)


def _codecs() -> Iterator[str]:
    import locale  # only for a server without UTF-8

    own = locale.getencoding().lower()  # on Windows the code page, such as cp949
    if own in _LIKELY:
        yield own
    yield from (codec for codec in _LIKELY if codec != own)


def _read(parts: list[bytes], codec: str) -> list[str] | None:
    try:
        return [
            part.decode(errors="ignore") if place % 2 else part.decode(codec)
            for place, part in enumerate(parts)
        ]
    except UnicodeDecodeError:
        return None


def _likelihood(codec: str, parts: list[str]) -> float:
    text = "\0".join(parts[::2])
    sentence = text.partition("\0")[2]
    foreign = sum(character > "\x7f" for character in text)
    expected = len(re.findall(f"[{_LIKELY[codec]}]", text))
    return (expected - len(re.findall(_OUT_OF_PLACE, sentence))) / max(1, foreign)
