"""The one place that starts child processes: hidden, without a shell, with a time limit."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from setup_wizard.deadline import Cancelled, Deadline
from setup_wizard.secret import Secret

if TYPE_CHECKING:
    from subprocess import Popen

Environment = Mapping[str, str | Secret]
"""Variables that a child gets beside the program's own; the right place for a password."""


@dataclass(frozen=True)
class Account:
    """The account of the operating system that a child runs as; POSIX only, for root only."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Outcome:
    """How a child ended: its exit code and what it wrote, decoded."""

    code: int
    output: str
    errors: str


def run(
    command: Sequence[str | Path],
    deadline: Deadline,
    *,
    env: Environment | None = None,
    cwd: Path | None = None,
    account: Account | None = None,
) -> Outcome:
    """Run a program to its end.

    Raises OSError where it cannot be started; Cancelled and TimedOut after it was ended, and every
    process that it started with it.
    """
    import subprocess  # costs 10 ms, and a ready project needs no child
    import tempfile

    # Files rather than pipes: a server that pg_ctl leaves running inherits them on Windows, and
    # the end of a pipe would never come.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env=_environment(env),
            cwd=cwd,
            **_hidden(),
            **_as_account(account),
        )
        try:
            while True:
                deadline.check()
                try:
                    child.wait(min(Deadline.STEP, deadline.remaining))
                    break
                except subprocess.TimeoutExpired:
                    continue
        except BaseException:
            kill_tree(child.pid)
            child.wait()
            raise
        output.seek(0)
        errors.seek(0)
        return Outcome(child.returncode, decode(output.read()), decode(errors.read()))


def run_in_window(command: Sequence[str], deadline: Deadline) -> int:
    """Run a program that talks with the user, in a console of its own; return its exit code.

    The time limit rests meanwhile. Cancel ends the wait, and not the program: the user can see it,
    and an installer should not be ended halfway. Raises OSError where it cannot be started.
    """
    import shutil
    import subprocess
    import time

    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_CONSOLE
    program = shutil.which(command[0]) or command[0]  # winget is a link that has to be found so
    child = subprocess.Popen([program, *command[1:]], creationflags=flags)
    while (code := child.poll()) is None:
        if deadline.cancelled:
            child.returncode = 0  # nobody waits for it any more; else Python would warn
            raise Cancelled
        with deadline.paused():
            time.sleep(Deadline.STEP)
    return code


def converse(command: Sequence[str | Path], *, env: Environment | None = None) -> Popen[bytes]:
    """Start a child to talk with through its standard input and output.

    It has a session of its own: Ctrl+C on the terminal does not reach it.
    """
    import subprocess

    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(env),
        start_new_session=True,
        **_hidden(),
    )


def kill_tree(pid: int) -> None:
    """End a process and all its descendants at once."""
    import psutil  # costs 20 ms

    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for member in family:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue


def decode(data: bytes) -> str:
    """Decode a program's output: UTF-8, or else the system's own encoding; never raises."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        import locale

        return data.decode(locale.getencoding(), "replace")


def _environment(extra: Environment | None) -> dict[str, str] | None:
    if not extra:
        return None
    revealed = {
        name: value.reveal() if isinstance(value, Secret) else value
        for name, value in extra.items()
    }
    return {**os.environ, **revealed}


def _hidden() -> dict[str, Any]:
    flags = 0
    if sys.platform == "win32":
        import subprocess

        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    return {"creationflags": flags}


def _as_account(account: Account | None) -> dict[str, Any]:
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}
