"""The environment's faults. Every other exception is a bug of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Text(Protocol):
    """What a person reads: a translated message, or a plain text. Shown with ``str()``."""

    def __str__(self) -> str: ...


Evidence = Mapping[str, str | int | float | bool | list[str] | None]
"""Codes, numbers, states and paths that led to a verdict; JSON-ready, no secret, no prose."""


class KnownError(Exception):
    """Something outside the program stands in the way; it is shown with its next step.

    Args:
        code: a finding code, such as ``url_invalid`` (DESIGN.md lists them; they never change).
        title: what is the matter, one line; a lazy message stays lazy until it is shown.
        detail: why, and what to do next.
        evidence: what the verdict rests on.
        server_text: the server's own sentence, for Details; never decided from.
    """

    def __init__(
        self,
        code: str,
        title: Text,
        detail: Text = "",
        *,
        evidence: Evidence | None = None,
        server_text: str = "",
    ) -> None:
        super().__init__(code)
        self.code = code
        self.title = title
        self.detail = detail
        self.evidence: Evidence = evidence or {}
        self.server_text = server_text

    def __str__(self) -> str:
        return " ".join(filter(None, (str(self.title), str(self.detail))))
