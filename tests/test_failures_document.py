"""docs/CATALOGUE.md promises codes and fixes: each is one that the program has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import setup_wizard
from setup_wizard.fixes import FIXES

PACKAGE = Path(setup_wizard.__file__).parent
DOCUMENT = PACKAGE.parent / "docs" / "CATALOGUE.md"


def cells(column: int) -> Iterator[str]:
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and not line.startswith("| What"):
            yield from re.findall(r"`(\w+)`", line.split("|")[column])


def words_of_the_program() -> set[str]:
    return {
        node.value
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_code_is_one_of_the_programs() -> None:
    assert set(cells(3)) - words_of_the_program() == set()


def test_every_fix_is_one_of_the_programs() -> None:
    assert set(cells(4)) - set(FIXES) == set()


def test_every_fix_is_in_the_document() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    assert {fix for fix in FIXES if f"`{fix}`" not in document} == set()


def test_every_proof_is_a_test() -> None:
    tests = Path(__file__).parent
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and not line.startswith("| What"):
            for name in line.split("|")[5].split(","):
                path = tests / name.strip()
                assert path.is_dir() or path.with_suffix(".py").is_file(), name
