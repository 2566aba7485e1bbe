"""The screen and the keyboard: an X display of our own, what is on it, and keys pressed on it."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

DISPLAY = ":9"
SIZE = "1280x960x24"
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
        subprocess.run(["xdotool", "key", "--clearmodifiers", "--delay", "60", *keys], check=True)

    def type(self, text: str) -> None:
        """Type text."""
        subprocess.run(["xdotool", "type", "--delay", "40", text], check=True)

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

    def quiet(self, seconds: float = 1.0, limit: float = 30.0) -> None:
        """Wait until nothing has moved on the screen for some seconds."""
        before, since, end = b"", time.monotonic(), time.monotonic() + limit
        while time.monotonic() < end:
            now = subprocess.run(
                ["import", "-window", "root", "rgb:-"], capture_output=True, check=True
            ).stdout
            if now != before:
                before, since = now, time.monotonic()
            elif time.monotonic() - since >= seconds:
                return
            time.sleep(0.1)
        raise AssertionError(f"the screen did not come to rest within {limit:.0f} s")

    def read(self, name: str) -> str:
        """Keep a screenshot and return its words, as far as OCR can read them, without spaces."""
        path = self.screenshot(name)
        larger = subprocess.run(
            ["convert", str(path), "-resize", READING_SCALE, "-colorspace", "Gray", "png:-"],
            capture_output=True,
            check=True,
        ).stdout
        words = subprocess.run(
            ["tesseract", "-", "-", "-l", "kor+eng", "--psm", "11"],
            input=larger,
            capture_output=True,
            check=True,
        ).stdout
        return re.sub(r"\s+", "", words.decode())


def wait_for(what: str, condition: object, limit: float = 30.0) -> None:
    """Ask every tenth of a second until ``condition()`` holds."""
    assert callable(condition)
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {limit:.0f} s"
        time.sleep(0.1)
