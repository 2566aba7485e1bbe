"""PostgreSQL's own translations of its refusals, in every encoding that a server may use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from setup_wizard.database.decoding import decode

LANGUAGES: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "translated_refusals.json").read_text(encoding="utf-8")
)
"""From the message catalogues of PostgreSQL 15."""

SPEECHES: Final = [
    (language, encoding)
    for language, spoken in LANGUAGES.items()
    for encoding in spoken["encodings"]
]


@pytest.mark.parametrize("name", ["no_such_db", "없는DB", "база", "café"])
@pytest.mark.parametrize(("language", "encoding"), SPEECHES)
def test_sentences_of_a_server(language: str, encoding: str, name: str) -> None:
    """The name of the database comes back as it was sent, in UTF-8."""
    spoken = LANGUAGES[language]
    for message in spoken["messages"].values():
        raw = name.encode().join(
            part.encode(encoding) for part in message["text"].split("{database}")
        )
        shown = decode(raw, name, "app", severity=spoken["severity"].encode(encoding))
        assert shown == message["text"].replace("{database}", name)


def test_bytes_that_are_nothing_are_shown_as_numbers() -> None:
    assert decode(b"\x81 \xff caf\x90", severity=b"FATAL") == r"\x81 \xff caf\x90"
