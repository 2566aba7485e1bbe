"""Every refusal that real servers were recorded giving, replayed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from setup_wizard.database.connection import connect
from setup_wizard.database.refusals import ConnectionFailed
from setup_wizard.deadline import Deadline
from setup_wizard.secret import Secret
from setup_wizard.target import Target
from tests.fake_server import fake_server
from tests.recordings import KOREAN_NAME, RECORDINGS, Recording, content_of, recordings

ATTEMPTS: Final = {"42704": 2}
"""libpq takes this one for a server older than application_name, and tries again without it."""


def refused(port: int, database: str) -> ConnectionFailed:
    target = Target("127.0.0.1", port, database, "app", Secret("canary"))
    with pytest.raises(ConnectionFailed) as refusal:
        connect(target, Deadline(10))
    return refusal.value


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_recorded_refusals(path: Path) -> None:
    cases = recordings(path)
    answers = [c.answer for c in cases for _attempt in range(ATTEMPTS.get(c.sqlstate, 1))]
    with fake_server(*answers) as port:
        refusals = [refused(port, case.database) for case in cases]
    for case, refusal in zip(cases, refusals, strict=True):
        assert (case.name, refusal.sqlstate, refusal.code) == (case.name, case.sqlstate, case.cause)
        assert refusal.evidence["sqlstate"] == case.sqlstate
        assert_shown_right(path, case, refusal.server_text)


def assert_shown_right(path: Path, case: Recording, shown: str) -> None:
    content = content_of(path)
    assert "\ufffd" not in shown
    first_line, *rest = shown.split("\n")
    if "\\x" in case.text:  # the recorder decoded the raw name as the sentence around it
        assert f'"{KOREAN_NAME}"' in first_line
        assert (
            first_line.replace(KOREAN_NAME, "no_such_db")
            == (content["cases"]["database_missing"]["text"])
        )
    elif case.name == "options_lc_messages_c" and content["encoding"] == "cp932":
        assert first_line == 'パラメータ"lc_messages"を設定する権限がありません'
    else:
        assert first_line == case.text
    if detail := case.fields.get("D"):
        assert rest[0].endswith(detail)
