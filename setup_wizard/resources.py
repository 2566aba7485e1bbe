"""The files that come with the program: assets and the bundled script."""

from __future__ import annotations

from pathlib import Path


def bundled(relative: str) -> Path:
    """Return the path of ``assets/…`` or ``migrations/…``.

    In a checkout and in the packaged program they lie beside the package, in an installed wheel
    inside it (see pyproject.toml).
    """
    package = Path(__file__).resolve().parent
    beside = package.parent / relative
    return beside if beside.exists() else package / "_bundled" / relative
