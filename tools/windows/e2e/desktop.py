"""The screen and the keyboard: an X display of our own, what is on it, and keys pressed on it."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

DISPLAY = ":9"
SIZE = "1280x960x24"
CARET = 60  # pixels that may blink
KEYSTROKE = 0.2  # seconds between two keys, as a person would
READING_SCALE = "300%"  # the OCR is trained on print, 300 dots to the inch


class Desktop:
    """One X display; ``artifacts`` is the folder for its screenshots."""

    def __init__(self, artifacts: Path) -> None:
        self._artifacts = artifacts
        self._count = 0
        self._server = subprocess.Popen(
            ["Xvfb", DISPLAY, "-screen", "0", SIZE, "-nolisten", "tcp"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.environ["DISPLAY"] = DISPLAY
        wait_for("the X server", lambda: Path(f"/tmp/.X11-unix/X{DISPLAY[1:]}").exists())

    def close(self) -> None:
        """End the display."""
        self._server.terminate()
        self._server.wait()

    def press(self, *keys: str) -> None:
        """Press keys by their X names, such as ``Return``, ``shift+Tab`` or ``alt+t``."""
        for key in keys:
            subprocess.run(["xdotool", "key", "--clearmodifiers", key], check=True)
            time.sleep(KEYSTROKE)

    def type(self, text: str) -> None:
        """Type text."""
        subprocess.run(["xdotool", "type", "--delay", str(KEYSTROKE * 1000), text], check=True)

    def has_window(self) -> bool:
        """Whether a window is shown."""
        search = ["xdotool", "search", "--onlyvisible", "--name", "."]
        return subprocess.run(search, capture_output=True, check=False).returncode == 0

    def screenshot(self, name: str) -> Path:
        """Keep a picture of the screen, numbered in the order of the run."""
        self._count += 1
        path = self._artifacts / f"{self._count:02}-{name}.png"
        subprocess.run(["import", "-window", "root", str(path)], check=True)
        return path

    def settle(self, name: str, seconds: float = 1.0, limit: float = 60.0) -> Path:
        """Wait until nothing has moved on the screen for some seconds; keep a picture of it."""
        before, since, end = _pixels(), time.monotonic(), time.monotonic() + limit
        while time.monotonic() - since < seconds:
            assert time.monotonic() < end, f"{name}: the screen did not come to rest"
            time.sleep(0.1)
            now = _pixels()
            if _differences(before, now) > CARET:
                before, since = now, time.monotonic()
        return self.screenshot(name)

    def shows(self, name: str, *words: str, limit: float = 60.0) -> None:
        """Wait until the screen has these words, written without their spaces."""
        end = time.monotonic() + limit
        while missing := [word for word in words if word not in (text := _read(self.settle(name)))]:
            assert time.monotonic() < end, f"{name}: no {missing} on the screen, but {text}"


def _read(picture: Path) -> str:
    enlarged = _output(
        "convert", str(picture), "-resize", READING_SCALE, "-colorspace", "Gray", "png:-"
    )
    read = _output("tesseract", "-", "-", "-l", "kor+eng", "--psm", "11", given=enlarged)
    return re.sub(r"\s+", "", read.decode())


def _pixels() -> bytes:
    return _output("import", "-window", "root", "-colorspace", "Gray", "-depth", "8", "gray:-")


def _differences(before: bytes, now: bytes) -> int:
    changed = int.from_bytes(before) ^ int.from_bytes(now)
    return len(before) - changed.to_bytes(len(before)).count(0)


def _output(*command: str, given: bytes | None = None) -> bytes:
    return subprocess.run(command, input=given, capture_output=True, check=True).stdout


def wait_for(what: str, condition: Callable[[], bool], limit: float = 30.0) -> None:
    """Ask every tenth of a second until ``condition()`` holds."""
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {limit:.0f} s"
        time.sleep(0.1)
