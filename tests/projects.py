"""Throw-away projects for the tests."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from setup_wizard.target import Target


def url_of(target: Target, *, driver: str = "+psycopg") -> str:
    """Write a target as a project's .env does."""
    password = quote(target.password.reveal(), safe="") if target.password else ""
    return (
        f"postgresql{driver}://{quote(target.user, safe='')}:{password}"
        f"@{target.host}:{target.port}/{quote(target.database, safe='')}"
    )


def make_project(folder: Path, target: Target) -> Path:
    """Make a cloned project: ``backend/.env`` names the target; return the project's folder."""
    env = folder / "my-project" / "backend" / ".env"
    env.parent.mkdir(parents=True)
    env.write_text(f"# 데이터베이스\nDATABASE_URL={url_of(target)}\n", encoding="utf-8")
    return env.parent.parent
