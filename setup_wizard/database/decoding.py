"""The server's text before the login: in an encoding that it does not tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_NAME_BYTES: Final = 63  # the server cuts longer names (NAMEDATALEN)

_HANGUL: Final = "가-힣"
_JAPANESE: Final = "ぁ-ヿ一-鿿々、。「」"
_CHINESE: Final = "一-鿿、。，：“”"
_LIKELY: Final = {
    "euc_kr": _HANGUL,
    "cp932": _JAPANESE,
    "cp949": _HANGUL,
    "cp936": _CHINESE,
    "cp950": _CHINESE,
    "euc_jp": _JAPANESE,
    "cp1251": "А-я",
    "cp1250": "À-ž",
    "cp1252": "À-ÿ«»",
}
"""Codecs of servers that do not use UTF-8, and the characters that text in their languages has.

The narrower come first: nearly any bytes are some characters of the wider ones."""


def decode(raw: bytes, *names: str) -> str:
    r"""Decode a refusal's text, for showing only.

    ``names`` are the database and user that were sent in UTF-8; the server puts them back as they
    were into a sentence in its own code page. UTF-8 is tried first, then the code page that gives
    the fewest characters its language does not have; bytes that are nothing become ``\xnn``.
    """
    try:
        return raw.decode()
    except UnicodeDecodeError:
        pass
    parts = _around(raw, names)
    readings = {codec: text for codec in _codecs() if (text := _read(parts, codec))}
    if not readings:
        return raw.decode(errors="backslashreplace")
    return "".join(max(readings.items(), key=lambda reading: _likelihood(*reading))[1])


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
    foreign = [character for text in parts[::2] for character in text if character > "\x7f"]
    expected = re.findall(f"[{_LIKELY[codec]}]", "".join(foreign))
    return len(expected) / max(1, len(foreign))
