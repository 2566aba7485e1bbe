"""psql's name patterns, such as ``sess*`` or ``public."My Table"``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

_SPECIAL: Final = frozenset(r"|*+?()[]{}.^$\\")
_MOST_PARTS: Final = 3
_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


@dataclass(frozen=True)
class NamePattern:
    """A pattern's parts: regular expressions, but the database's name is literal.

    A part that the pattern does not have is None; ``surplus`` is whether it has more than three.
    See "Patterns" in psql's manual for the rules.
    """

    name: str
    schema: str | None
    database: str | None
    surplus: bool

    @classmethod
    def parse(cls, pattern: str) -> Self:
        """Read a pattern; every text is one."""
        literals, expressions = [""], [""]
        quoted = False
        characters = iter(range(len(pattern)))
        for place in characters:
            character, following = pattern[place], pattern[place + 1 : place + 2]
            literal = expression = character
            if character == '"':
                if not (quoted and following == '"'):
                    quoted = not quoted
                    continue
                next(characters)
            elif character == "." and not quoted:
                literals.append("")
                expressions.append("")
                continue
            elif character == "$" or (quoted and character in _SPECIAL):
                expression = f"\\{character}"
            elif not quoted:
                literal = character.translate(_LOWER)
                expression = {"*": ".*", "?": "."}.get(character, literal)
                if character + following == "[]":
                    expression = r"\["
            literals[-1] += literal
            expressions[-1] += expression
        parts = [f"^({expression})$" for expression in expressions]
        return cls(
            name=parts[-1],
            schema=parts[-2] if len(parts) > 1 else None,
            database=literals[-_MOST_PARTS] if len(parts) >= _MOST_PARTS else None,
            surplus=len(parts) > _MOST_PARTS,
        )
