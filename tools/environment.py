"""The virtual environment that ``try.py`` and ``test.py`` make for themselves.

Runs before anything is installed, under whatever Python was at hand: standard library only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
OLDEST_PYTHON = (3, 11)

# What Qt's offscreen and X11 platforms load on Debian and Ubuntu; the wheel brings the rest.
QT_PACKAGES = (
    "libdbus-1-3",
    "libegl1",
    "libfontconfig1",
    "libgl1",
    "libglib2.0-0",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-image0",
    "libxcb-keysyms1",
    "libxcb-randr0",
    "libxcb-render-util0",
    "libxcb-shape0",
    "libxcb-xinerama0",
    "libxcb-xkb1",
    "libxkbcommon-x11-0",
    "libxkbcommon0",
)


def say(text: str) -> None:
    """Tell the person in front of it what is going on, apart from the output proper."""
    print(text, file=sys.stderr, flush=True)


def prepare(extra: str) -> Path:
    """Make the environment, install the project with an extra, and return its Python."""
    if sys.version_info < OLDEST_PYTHON:
        have = ".".join(map(str, sys.version_info[:3]))
        sys.exit(f"This needs Python 3.11 or newer, and this is {have}. Run it with a newer one.")
    python = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = ENVIRONMENT / f"installed-{extra}"
    wanted = _fingerprint()
    if python.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    if not python.exists():
        say(f"Making a virtual environment in {ENVIRONMENT} …")
        _make_environment()
    say(f"Installing the project into it (extra: {extra}) …")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "--editable", f"{ROOT}[{extra}]"], check=False)
    if done.returncode:
        sys.exit("The packages could not be installed; pip says above why. Then run this again.")
    # Compiled once here, as an installed program is; else every start compiles it where Python is
    # told not to write bytecode.
    subprocess.run([str(python), "-m", "compileall", "-q", str(ROOT / "setup_wizard")], check=False)
    stamp.write_text(wanted, encoding="utf-8")
    return python


def _fingerprint() -> str:
    content = (ROOT / "pyproject.toml").read_bytes() + sys.version.encode() + str(ROOT).encode()
    return hashlib.sha256(content).hexdigest()


def _make_environment() -> None:
    command = [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and may_install_packages():
        version = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        install_packages((version,))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        sys.exit(
            f"{done.stdout}{done.stderr}\n"
            "No virtual environment could be made. On Debian and Ubuntu this helps:\n"
            "    sudo apt-get install python3-venv"
        )


def may_install_packages() -> bool:
    """Whether this is Debian or one of its children, and we are root."""
    return shutil.which("apt-get") is not None and hasattr(os, "geteuid") and os.geteuid() == 0


def install_packages(packages: tuple[str, ...]) -> bool:
    """Install Debian packages; return whether that worked."""
    say(f"Installing system packages: {' '.join(packages)}")
    surroundings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (("update",), ("install", "--yes", "--no-install-recommends", *packages)):
        command = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120", *arguments]
        done = subprocess.run(command, env=surroundings, stdout=sys.stderr, check=False)
        if done.returncode:
            return False
    return True


def qt_works(python: Path) -> bool:
    """Whether Qt can show a window here, if only an offscreen one."""
    program = "from PySide6.QtWidgets import QApplication; QApplication([])"
    surroundings = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [str(python), "-c", program]
    return not subprocess.run(
        command, env=surroundings, capture_output=True, check=False
    ).returncode
