"""The terminal in this process: one command, what it printed, and how it ended."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any

from setup_wizard.console import Console
from setup_wizard.engine import open_engine
from setup_wizard.options import parse


class Terminal(io.StringIO):
    """A terminal; to read from, one at which somebody has typed these lines already."""

    def isatty(self) -> bool:
        return True


@dataclass
class Outcome:
    """What one run printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def codes(self) -> dict[str, str]:
        return {f["check"]: f["code"] for f in self.document["findings"]}

    @property
    def broken(self) -> dict[str, Any]:
        return next(f for f in self.document["findings"] if f["status"] == "fail")


def run(*argv: object, typed: str | None = None) -> Outcome:
    """Run ``setup-wizard`` with these arguments, at a terminal where ``typed`` was typed."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    err = io.StringIO() if typed is None else Terminal()
    keyboard = io.StringIO() if typed is None else Terminal(typed)
    options = parse([str(word) for word in argv])
    code = Console(options, open_engine, out=out, err=err, keyboard=keyboard).run()
    out.flush()
    assert isinstance(out.buffer, io.BytesIO)
    return Outcome(code, out.buffer.getvalue().decode(), err.getvalue())
