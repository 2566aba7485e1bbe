"""The log: rotating files in the platform's log folder, opened when there is something to say."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from types import TracebackType
from typing import Final

NAME: Final = "setup-wizard.log"
_BYTES: Final = 500_000
_BACKUPS: Final = 3

ExceptionInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


def install() -> None:
    """Send the package's records to the log file, and to nowhere else."""
    logger = logging.getLogger("setup_wizard")
    if not logger.handlers:
        logger.addHandler(_LazyFile())
        logger.setLevel(logging.INFO)
        logger.propagate = False


def folder() -> Path:
    """Return the platform's folder for our logs."""
    import platformdirs  # costs 15 ms, and most runs log nothing

    return platformdirs.user_log_path("SetupWizard", appauthor=False)


def tail(lines: int) -> list[str]:
    """Return the last lines of the log, none where there is no log."""
    try:
        return (folder() / NAME).read_text("utf-8", errors="replace").splitlines()[-lines:]
    except OSError:
        return []


class _LazyFile(logging.Handler):
    """Opens the file with the first record; a log that cannot be written is done without."""

    def __init__(self) -> None:
        super().__init__()
        self._file: logging.Handler | None = None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._file = self._file or _open()
        except OSError:
            return
        self._file.emit(record)

    def close(self) -> None:
        if self._file:
            self._file.close()
        super().close()


def _open() -> logging.Handler:
    from logging.handlers import RotatingFileHandler

    path = folder() / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(
        path, maxBytes=_BYTES, backupCount=_BACKUPS, encoding="utf-8", delay=True
    )
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return handler


class _Formatter(logging.Formatter):
    """Writes where an exception came from and its kind, not its text: it may quote a secret."""

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802 - logging's name
        kind, _error, trace = ei
        frames = [
            f"  {frame.filename}:{frame.lineno} in {frame.name}"
            for frame in traceback.extract_tb(trace)
        ]
        return "\n".join((*frames, kind.__name__ if kind else ""))
