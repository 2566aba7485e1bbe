"""Refusals that real servers were recorded giving, byte for byte."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.fake_server import Answer

RECORDINGS: Final = sorted((Path(__file__).parent / "data" / "server_errors").glob("*.json"))

KOREAN_NAME: Final = "없는DB"

_CAUSES: Final = {
    "wrong_password": "login_rejected",
    "role_without_password": "login_rejected",
    "role_missing_scram": "login_rejected",
    "password_expired": "login_rejected",
    "role_missing_trust": "login_not_allowed",
    "role_nologin": "login_not_allowed",
    "no_hba_entry": "login_not_allowed",
    "hba_reject": "login_not_allowed",
    "no_user_in_startup": "login_not_allowed",
    "database_missing": "database_missing",
    "database_not_accepting": "database_closed",
    "connect_denied": "connect_not_allowed",
    "options_lc_messages_c": "connect_not_allowed",
    "too_many_clients": "too_many_connections",
    "reserved_slots": "too_many_connections",
    "role_connection_limit": "too_many_connections",
    "database_connection_limit": "too_many_connections",
    "starting_up": "server_starting",
    "recovery_mode": "server_starting",
    "not_accepting_hot_standby_off": "server_starting",
    "not_yet_accepting": "server_starting",
    "shutting_down": "server_starting",
    "unrecognized_parameter": "connection_failed",
    "unsupported_protocol": "connection_failed",
}
"""By the case's name, or by what its name begins with."""


@dataclass(frozen=True)
class Recording:
    """One refusal; ``fields`` as in PostgreSQL's manual ("Error and Notice Message Fields")."""

    name: str
    sqlstate: str
    text: str
    fields: dict[str, str]
    answer: Answer

    @property
    def cause(self) -> str:
        return next(cause for case, cause in _CAUSES.items() if self.name.startswith(case))

    @property
    def database(self) -> str:
        return KOREAN_NAME if "nonascii" in self.name else "no_such_db"


def content_of(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def recordings(path: Path) -> list[Recording]:
    content = content_of(path)
    return [
        Recording(
            name,
            case["sqlstate"],
            case["text"],
            case["fields"],
            Answer(case["response_hex"], case["needs_auth"], case["auth_ok_before"]),
        )
        for name, case in {**content["cases"], **content["extra_cases"]}.items()
    ]


def response(locale: str, name: str) -> bytes:
    """Return the bytes of one recorded refusal."""
    path = next(path for path in RECORDINGS if path.stem == locale)
    found = next(recording for recording in recordings(path) if recording.name == name)
    return bytes.fromhex(found.answer.response)
