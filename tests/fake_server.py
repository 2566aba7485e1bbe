"""A server that answers as told, in a process of its own.

Of its own, because a client that holds the interpreter lock would stop a thread from answering.
Run as a program it reads the answers from standard input, prints its port, and serves until
standard input ends.
"""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Thread
from typing import Final

_ROOT: Final = Path(__file__).parents[1]
_SSL_REQUEST: Final = 80877103
_GSS_REQUEST: Final = 80877104
_ASK_PASSWORD: Final = b"R" + struct.pack("!ii", 8, 3)
_LOGGED_IN: Final = b"R" + struct.pack("!ii", 8, 0)


@dataclass(frozen=True)
class Answer:
    """What a client gets.

    Either ``greeting`` (hexadecimal bytes) as soon as it connects, or, after its request to log in,
    a question for the password and an AuthenticationOk as told, and ``response``. Then the server
    hangs up, unless it ``stays``.
    """

    response: str = ""
    needs_auth: bool = False
    auth_ok_before: bool = False
    greeting: str | None = None
    stays: bool = False


@contextmanager
def fake_server(*answers: Answer) -> Iterator[int]:
    """Serve on 127.0.0.1 and yield the port; client n gets answer n, then the last one again."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fake_server"],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(json.dumps([asdict(answer) for answer in answers]).encode() + b"\n")
            process.stdin.flush()
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


def _main() -> None:
    answers = [Answer(**answer) for answer in json.loads(sys.stdin.readline())]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        Thread(target=_serve, args=(listener, answers), daemon=True).start()
        sys.stdin.read()


def _serve(listener: socket.socket, answers: Sequence[Answer]) -> None:
    waiting = list(answers)
    while True:
        client, _address = listener.accept()
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        Thread(target=_answer, args=(client, answer), daemon=True).start()


def _answer(client: socket.socket, answer: Answer) -> None:
    with client:
        try:
            if answer.greeting is not None:
                client.sendall(bytes.fromhex(answer.greeting))
            else:
                _talk(client, answer)
            if not answer.stays:
                client.shutdown(socket.SHUT_WR)
            while client.recv(1024):
                pass
        except OSError:
            pass  # the client has gone


def _talk(client: socket.socket, answer: Answer) -> None:
    while _request(client) in (_SSL_REQUEST, _GSS_REQUEST):
        client.sendall(b"N")
    if answer.needs_auth:
        client.sendall(_ASK_PASSWORD)
        client.recv(1024)
    if answer.auth_ok_before:
        client.sendall(_LOGGED_IN)
    client.sendall(bytes.fromhex(answer.response))


def _request(client: socket.socket) -> int:
    """Read one start-up packet and return its code."""
    with client.makefile("rb", buffering=0) as stream:
        length, code = struct.unpack("!ii", stream.read(8) or bytes(8))
        stream.read(max(0, length - 8))
    return int(code)


if __name__ == "__main__":
    _main()
