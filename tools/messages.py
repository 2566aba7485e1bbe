"""Keep the catalogue in step with the sources: ``python tools/messages.py``.

Collects every message of the package, merges them into ``locale/ko``, and compiles it. What has no
Korean yet is printed, and the exit code is 1; the tests fail on it too.
"""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "setup_wizard"
PO = PACKAGE / "locale" / "ko" / "LC_MESSAGES" / "setup_wizard.po"
MO = PO.with_suffix(".mo")

_NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)  # the same messages make the same files on any day
_DATED_HEADERS = (
    b'"Report-Msgid-Bugs-To',
    b'"POT-Creation-Date',
    b'"PO-Revision-Date',
    b'"Last-Translator',
    b'"Generated-By',
)


def collect() -> Catalog:
    """Return every message of the sources, with the places where it is said."""
    template = Catalog(project="setup-wizard", charset="utf-8")
    for name, line, message, comments, context in extract_from_dir(
        PACKAGE, keywords={"_": None, "ngettext": (1, 2)}, comment_tags=("Translators:",)
    ):
        template.add(message, locations=[(name, line)], auto_comments=comments, context=context)
    return template


def korean() -> Catalog:
    """Read the Korean catalogue as it is on disk."""
    with PO.open("rb") as file:
        catalogue = read_po(file, locale="ko", abort_invalid=True)
    catalogue.creation_date = catalogue.revision_date = _NO_DATE
    return catalogue


def merged() -> Catalog:
    """Return the Korean catalogue with exactly the sources' messages."""
    catalogue = korean()
    catalogue.update(collect(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return catalogue


def as_po(catalogue: Catalog) -> bytes:
    """Write a catalogue as text; places are left out, since they change with every edit."""
    file = io.BytesIO()
    write_po(file, catalogue, width=100, no_location=True, sort_output=True)
    lines = file.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(_DATED_HEADERS))


def as_mo(catalogue: Catalog) -> bytes:
    """Compile a catalogue."""
    file = io.BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def untranslated(catalogue: Catalog) -> list[str]:
    """Return the messages that have no Korean."""
    return [str(message.id) for message in catalogue if message.id and not translated(message)]


def translated(message: Message) -> bool:
    """Whether a message has Korean in every form."""
    forms = [message.string] if isinstance(message.string, str) else message.string or [""]
    return all(forms)


def main() -> int:
    """Bring the two files up to date."""
    PO.write_bytes(as_po(merged()))
    catalogue = korean()
    MO.write_bytes(as_mo(catalogue))
    missing = untranslated(catalogue)
    for text in missing:
        print(text)
    print(f"{len(catalogue)} messages, {len(missing)} without Korean", file=sys.stderr)
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
