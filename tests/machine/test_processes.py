from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from setup_wizard.deadline import Cancelled, Deadline, TimedOut
from setup_wizard.machine.processes import decode, run, run_in_window
from setup_wizard.secret import Secret


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def test_exit_code_and_both_outputs() -> None:
    outcome = run(
        python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"), Deadline(30)
    )
    assert (outcome.code, outcome.output.strip(), outcome.errors.strip()) == (3, "out", "err")


def test_more_output_than_a_pipe_holds() -> None:
    outcome = run(python("print('x' * 1_000_000)"), Deadline(30))
    assert len(outcome.output.strip()) == 1_000_000


def test_arguments_arrive_as_they_are() -> None:
    odd = ["a b", 'qu"ote', "$HOME", "%PATH%", "; rm", "한글", "*", ""]
    outcome = run(
        python("import sys; print(ascii(sys.argv[1:]))", *odd),
        Deadline(30),
        env={"PYTHONUTF8": "1"},
    )
    assert outcome.output.strip() == ascii(odd)


def test_input_is_closed() -> None:
    assert run(python("import sys; print(repr(sys.stdin.read()))"), Deadline(30)).output == (
        "''" + os.linesep
    )


def test_secret_reaches_only_the_childs_environment() -> None:
    code = "import os; print(os.environ['PGPASSWORD'][::-1])"
    assert (
        run(python(code), Deadline(30), env={"PGPASSWORD": Secret("abc")}).output.strip() == "cba"
    )
    assert "PGPASSWORD" not in os.environ


def test_working_folder(tmp_path: Path) -> None:
    outcome = run(python("import os; print(os.getcwd())"), Deadline(30), cwd=tmp_path)
    assert Path(outcome.output.strip()).samefile(tmp_path)


def test_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run([tmp_path / "nothing"], Deadline(30))


def family_of_sleepers(pids: Path) -> list[str]:
    return python(
        "import subprocess, sys, time, os, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "file = pathlib.Path(sys.argv[1])\n"
        "file.with_suffix('.new').write_text(f'{os.getpid()} {child.pid}')\n"
        "file.with_suffix('.new').rename(file)\n"
        "time.sleep(60)\n",
        str(pids),
    )


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def assert_gone(pids: Path) -> None:
    family = [int(pid) for pid in pids.read_text().split()]
    until = time.monotonic() + 5  # a signal takes its moment
    while time.monotonic() < until and not all(map(is_gone, family)):
        time.sleep(0.01)
    assert all(map(is_gone, family))


def test_time_limit_ends_the_whole_family(tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(TimedOut):
        run(family_of_sleepers(tmp_path / "pids"), Deadline(1.5))
    assert time.monotonic() - start < 5
    assert_gone(tmp_path / "pids")


def test_cancel_ends_the_whole_family_at_once(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    deadline = Deadline(60)
    cancelled_at = 0.0

    def cancel_when_started() -> None:
        nonlocal cancelled_at
        while not pids.exists():
            time.sleep(0.01)
        cancelled_at = time.monotonic()
        deadline.cancel()

    thread = threading.Thread(target=cancel_when_started)
    thread.start()
    with pytest.raises(Cancelled):
        run(family_of_sleepers(pids), deadline)
    thread.join()
    assert time.monotonic() - cancelled_at < 1
    assert_gone(pids)


def test_decoding_never_raises() -> None:
    assert decode("연습".encode()) == "연습"
    assert decode(b"ok \xb7\xce") != ""


def test_window_of_its_own_gives_its_exit_code() -> None:
    assert run_in_window(python("import sys; sys.exit(7)"), Deadline(0.01)) == 7


def test_program_in_a_window_is_not_ended_when_nobody_waits_any_more(tmp_path: Path) -> None:
    deadline = Deadline(30)
    threading.Timer(0.2, deadline.cancel).start()
    code = "import sys, time; time.sleep(1); open(sys.argv[1], 'w').close()"
    began = time.monotonic()
    with pytest.raises(Cancelled):
        run_in_window(python(code, str(tmp_path / "done")), deadline)
    assert time.monotonic() - began < 0.9
    while not (tmp_path / "done").exists() and time.monotonic() - began < 20:
        time.sleep(0.05)
    assert (tmp_path / "done").exists()
