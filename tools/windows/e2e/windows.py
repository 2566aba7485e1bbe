"""Windows programs: started, waited for, and always with a pipe and a time limit.

A program of Wine that writes straight to a file ends with WinError 6, and one that crashes waits
for ever.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

DRIVE_C = Path("/rig/prefix/drive_c")


@dataclass(frozen=True)
class Outcome:
    """How a program ended."""

    code: int
    output: bytes
    errors: bytes


def path_of(windows: str) -> Path:
    """Return where a path of drive C lies here."""
    path = PureWindowsPath(windows)
    assert path.drive == "C:"
    return DRIVE_C.joinpath(*path.parts[1:])


def run(*command: str, cwd: str = "C:\\", limit: float = 60.0) -> Outcome:
    """Run a Windows program to its end."""
    process = subprocess.Popen(
        ["wine", *command],
        cwd=path_of(cwd),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        output, errors = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired as late:
        ended = process.poll() is not None
        process.kill()
        msg = f"{command}: after {limit:.0f} s {'its output is open' if ended else 'it runs'}"
        raise AssertionError(f"{msg}; so far {late.output!r} {late.stderr!r}") from None
    return Outcome(process.returncode, output, errors)


def must_run(*command: str, cwd: str = "C:\\", limit: float = 60.0) -> Outcome:
    """Run a Windows program that has to succeed."""
    outcome = run(*command, cwd=cwd, limit=limit)
    assert outcome.code == 0, f"{command}: {outcome}"
    return outcome


@contextmanager
def booted() -> Iterator[None]:
    """Start Windows and keep it up: its service manager goes with the last program.

    What starts at boot keeps the output of the program that was first, so that one is not waited
    for to close it.
    """
    with running("cmd.exe") as first:
        assert first.stdout
        while first.stdout.read(1) != b">":  # until it asks for a command
            assert first.poll() is None
        yield


@contextmanager
def running(*command: str, cwd: str = "C:\\") -> Iterator[subprocess.Popen[bytes]]:
    """Start a Windows program, and end it and its children at the end if they have not ended."""
    process = subprocess.Popen(
        ["wine", *command],
        cwd=path_of(cwd),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            run("taskkill", "/f", "/t", "/im", PureWindowsPath(command[0]).name)
        process.wait(timeout=10)
        for pipe in (process.stdin, process.stdout):
            assert pipe
            pipe.close()


@contextmanager
def port_taken() -> Iterator[None]:
    """Another program listens where PostgreSQL would."""
    program = (
        "import socket; server = socket.create_server(('127.0.0.1', 5432));"
        "print('>', flush=True); input()"
    )
    with running(r"Z:\rig\python\python.exe", "-c", program) as other:
        assert other.stdout
        assert other.stdout.read(1) == b">"
        yield
