"""Every refusal that real servers were recorded giving, replayed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from setup_wizard.database.connection import connect
from setup_wizard.database.refusals import ConnectionFailed
from setup_wizard.deadline import Deadline
from setup_wizard.secret import Secret
from setup_wizard.target import Target
from tests.fake_server import Answer, fake_server

RECORDINGS: Final = sorted(Path(__file__).parents[1].glob("data/server_errors/*.json"))

CAUSES: Final = {
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

ATTEMPTS: Final = {"42704": 2}
"""libpq takes this one for a server older than application_name, and tries again without it."""

KOREAN_NAME: Final = "없는DB"


def refused(port: int, case: str) -> ConnectionFailed:
    database = KOREAN_NAME if "nonascii" in case else "no_such_db"
    target = Target("127.0.0.1", port, database, "app", Secret("canary"))
    with pytest.raises(ConnectionFailed) as refusal:
        connect(target, Deadline(10))
    return refusal.value


def cause_of(name: str) -> str:
    return next(cause for case, cause in CAUSES.items() if name.startswith(case))


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_recorded_refusals(recording: Path) -> None:
    content = json.loads(recording.read_text(encoding="utf-8"))
    cases = {**content["cases"], **content["extra_cases"]}
    answers = [
        Answer(case["response_hex"], case["needs_auth"], case["auth_ok_before"])
        for case in cases.values()
        for _attempt in range(ATTEMPTS.get(case["sqlstate"], 1))
    ]
    with fake_server(*answers) as port:
        refusals = [refused(port, name) for name in cases]
    for (name, case), refusal in zip(cases.items(), refusals, strict=True):
        assert (name, refusal.sqlstate, refusal.code) == (name, case["sqlstate"], cause_of(name))
        assert refusal.evidence["sqlstate"] == case["sqlstate"]
        assert "\ufffd" not in refusal.server_text
        first_line, *rest = refusal.server_text.split("\n")
        if "\\x" in case["text"]:  # the recorder decoded the raw name as the sentence around it
            assert f'"{KOREAN_NAME}"' in first_line
            assert (
                first_line.replace(KOREAN_NAME, "no_such_db")
                == (content["cases"]["database_missing"]["text"])
            )
        elif name == "options_lc_messages_c" and content["encoding"] == "cp932":
            assert first_line == 'パラメータ"lc_messages"を設定する権限がありません'
        else:
            assert first_line == case["text"]
        if detail := case["fields"].get("D"):
            assert rest[0].endswith(detail)
