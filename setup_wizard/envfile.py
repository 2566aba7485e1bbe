"""A project's .env: read as python-dotenv reads it, and changed by one value at a time.

python-dotenv's own ``set_key`` drops a BOM, CRLF, ``export`` and comments, so a new value is put
into the file's bytes here, and then read back before anything is saved.
"""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import sys
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from setup_wizard.errors import KnownError
from setup_wizard.i18n import Text, _
from setup_wizard.secret import Secret

MAX_BYTES: Final = 1 << 20
"""Larger files are no .env; a real one has a few hundred bytes."""

_BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_NEWLINE: Final = re.compile(r"\r\n|\r|\n")
# What stands before a value, as dotenv.parser.parse_binding reads it.
_BEFORE_VALUE: Final = re.compile(
    r"\s*(?:export[^\S\r\n]+)?(?:'[^']+'|[^=#\s]+)[^\S\r\n]*(?P<equals>=)[^\S\r\n]*"
)
_QUOTED: Final = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""", re.DOTALL)
_NEEDS_NO_QUOTES: Final = re.compile(r"""[^\s#'"`\\$]*""")
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Entry:
    """One ``KEY=value`` line; ``value`` None where the line has no ``=``.

    ``line`` counts from 1. ``span`` is where the value is written, quotes included, in characters
    of :attr:`EnvFile.text`. ``interpolated``: the value has a ``${NAME}``; ``unset``: one of them
    stands for nothing, so the value has lost that part. ``comment`` is what follows an
    unquoted value on its line: possibly the cut-off rest of a password, hence secret.
    """

    key: str = field(repr=False)
    value: Secret | None
    line: int
    span: tuple[int, int] = (0, 0)
    interpolated: bool = False
    unset: bool = False
    comment: Secret = field(default_factory=lambda: Secret(""))


@dataclass(frozen=True)
class EnvFile:
    """A .env as it was read; its repr shows no content.

    ``encoding`` is a Python codec without BOM, ``bom`` the mark before the text. ``problems`` are
    what the project's own python-dotenv will stumble over; of several entries with one key the last
    counts.
    """

    path: Path
    data: bytes = field(repr=False)
    encoding: str
    bom: bytes = field(repr=False)
    entries: tuple[Entry, ...] = field(repr=False)
    problems: tuple[KnownError, ...] = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)

    @cached_property
    def text(self) -> str:
        """The file's text with its newlines as they are, without BOM."""
        return self.data[len(self.bom) :].decode(self.encoding)

    def get(self, key: str) -> Entry | None:
        """Return the entry that counts for ``key``: the last one."""
        return next((entry for entry in reversed(self.entries) if entry.key == key), None)

    def line(self, number: int) -> str:
        """Return the text of a line, counted from 1."""
        return _NEWLINE.split(self.text)[number - 1]

    def values(self) -> dict[str, Secret | None]:
        """Return what ``dotenv_values`` gives for this file."""
        return {entry.key: entry.value for entry in self.entries}

    def with_value(self, key: str, value: Secret) -> EnvFile:
        """Return the file with this value, every other byte as it was; a new key goes to the end.

        Raises KnownError: env_encoding when the file's encoding lacks a character of the value,
        env_syntax when there is no way to write the value so that python-dotenv reads it back.
        """
        entry = self.get(key)
        others = [(e.key, e.value) for e in self.entries if e is not entry or e.value is None]
        for start, end, written in self._ways(key, entry, value.reveal()):
            data = self._spliced(start, end, written)
            changed = _parse(self.path, data, self.encoding, self.bom, self.environ)
            new = changed.get(key)
            rest = [(e.key, e.value) for e in changed.entries if e is not new]
            # A changed value may rightly change later values that name it as ${KEY}.
            same = [k for k, _value in rest] == [k for k, _value in others]
            if new and new.value == value and same:
                return changed
        raise KnownError(
            "env_syntax",
            _("This value cannot be written to {file}", file=self.path.name),
            _(
                "python-dotenv would read something else back. Nothing was changed. "
                "Write the value to the file yourself, or choose another password."
            ),
            evidence={"path": str(self.path), "key": key},
        )

    def _ways(self, key: str, entry: Entry | None, value: str) -> Iterator[tuple[int, int, str]]:
        """Yield places and spellings to try, the least change first."""
        text = self.text
        if entry and entry.value is not None:
            start, end = entry.span
            for written in _spellings(
                value, text[start:end][:1] if _QUOTED.match(text, start) else ""
            ):
                yield start, end, written
        else:
            newline = _NEWLINE.search(text)
            eol = newline.group() if newline else "\n"
            before = "" if not text or text.endswith(("\n", "\r")) else eol
            for written in _spellings(value, ""):
                yield len(text), len(text), f"{before}{key}={written}{eol}"

    def _spliced(self, start: int, end: int, written: str) -> bytes:
        new = _encode(written, self.encoding)
        if new is None:
            raise KnownError(
                "env_encoding",
                _("{file} cannot hold this character", file=self.path.name),
                _(
                    "The file is saved as {encoding}, which lacks a character of the new value. "
                    "Save the file as UTF-8 in your editor, then try again. Nothing was changed.",
                    encoding=_encoding_name(self.encoding),
                ),
                evidence={"path": str(self.path), "encoding": self.encoding},
            )
        head = self.bom + self.text[:start].encode(self.encoding)
        tail = self.text[end:].encode(self.encoding)
        return head + new + tail


def read_env(path: Path, environ: Mapping[str, str] = os.environ) -> EnvFile:
    """Read a .env in UTF-8, UTF-16 or CP949, with or without BOM.

    ``${NAME}`` is resolved as ``dotenv_values`` does: from the lines above, then from ``environ``,
    then its own default, then as nothing. (``load_dotenv`` looks into the environment first; where
    that differs, :func:`setup_wizard.target.read_settings` says env_overridden.)

    Raises KnownError: env_missing, env_encoding, or env_unreadable (no rights, not a file, too
    large).
    """
    data = _bytes(path)
    bom, encoding = _encoding(data)
    if _decode(data[len(bom) :], encoding) is None:
        raise KnownError(
            "env_encoding",
            _("{file} is not a text file that can be read", file=path.name),
            _(
                "It is neither UTF-8 nor UTF-16 nor the Korean Windows encoding (CP949). "
                "Open it in your editor, save it as UTF-8, then check again. ({path})",
                path=path,
            ),
            evidence={"path": str(path), "encoding": "unknown"},
        )
    return _parse(path, data, encoding, bom, environ)


def new_env(path: Path, environ: Mapping[str, str] = os.environ) -> EnvFile:
    """Return an empty UTF-8 file that does not exist yet, to put values into and :func:`save`."""
    return _parse(path, b"", "utf-8", b"", environ)


def env_missing(path: Path) -> KnownError:
    """Say that there is no .env at ``path``, and what lies there instead."""
    beside = [name for name in (".env.txt", ".env.example") if is_file(path.with_name(name))]
    title = _("The settings file {file} is not there yet", file=path.name)
    detail: Text
    if ".env.txt" in beside:
        detail = _(
            "There is a {other} instead: Windows added .txt to the name and may hide it. "
            "Rename it to {file}. ({folder})",
            other=".env.txt",
            file=path.name,
            folder=path.parent,
        )
    elif beside:
        detail = _(
            "There is a {other} as a pattern. Copy it as {file}, fill in your password, "
            "then check again. ({folder})",
            other=".env.example",
            file=path.name,
            folder=path.parent,
        )
    else:
        detail = _(
            "The database address is read from it. Ask your team for the file and put it into "
            "{folder}, or type the values here.",
            folder=path.parent,
        )
    return KnownError(
        "env_missing", title, detail, evidence={"path": str(path), "beside": list(beside)}
    )


def save(read: EnvFile, changed: EnvFile) -> Path | None:
    """Write ``changed`` over ``read`` in one step; return the dated copy of the old file.

    The copy ``.env.bak-YYYYMMDD-HHMMSS`` has the same mode and owner and lies beside the file (for
    a symbolic link: beside what it points to). None where the file is new.

    Raises KnownError env_changed when the file on the disk is not the one that was read any more,
    env_not_saved when the system refuses.
    """
    try:
        real = Path(os.path.realpath(read.path))
        # A file that did not exist has no bytes, exactly like the one that new_env gives.
        now = real.read_bytes() if real.exists() else b""
        if now != read.data:
            raise KnownError(
                "env_changed",
                _("{file} was changed meanwhile", file=read.path.name),
                _(
                    "Another program has written to it since it was read here. Nothing was "
                    "changed. Check again, then save again. ({path})",
                    path=read.path,
                ),
                evidence={"path": str(read.path)},
            )
        backup = _back_up(real, now) if real.exists() else None
        _replace(real, changed.data)
    except OSError as error:
        raise KnownError(
            "env_not_saved",
            _("{file} could not be saved", file=read.path.name),
            _(
                "The system does not allow writing to {path}. Close other programs that have it "
                "open and check that you may write to its folder. The file is as it was.",
                path=read.path,
            ),
            evidence={"path": str(read.path), "errno": error.errno},
        ) from error
    return backup


def _back_up(real: Path, data: bytes) -> Path:
    if not os.access(real, os.W_OK):
        # os.replace would go past the read-only mark on POSIX.
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(real))
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for number in range(100):
        again = f"-{number}" if number else ""
        backup = real.with_name(f"{real.name}.bak-{stamp}{again}")
        with suppress(FileExistsError):
            _write_new(backup, data, real)
            return backup
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(real))


def _replace(real: Path, data: bytes) -> None:
    temporary = real.with_name(f"{real.name}.{os.getpid()}.tmp")
    try:
        _write_new(temporary, data, real)
        temporary.replace(real)
    finally:
        temporary.unlink(missing_ok=True)


def _write_new(path: Path, data: bytes, like: Path) -> None:
    """Write a file that does not exist yet, with the mode and the owner of ``like``."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if like.exists():
            _take_after(path, like.stat())
    except BaseException:
        path.unlink()
        raise


def _take_after(path: Path, status: os.stat_result) -> None:
    if sys.platform != "win32" and status.st_uid != os.geteuid():
        # An administrator's save must not take the file away from its owner.
        with suppress(PermissionError):
            os.chown(path, status.st_uid, status.st_gid)
    path.chmod(stat.S_IMODE(status.st_mode))


def is_file(path: Path) -> bool:
    """Whether a file is there; what may not be looked at is not there."""
    try:
        return path.is_file()
    except OSError:
        return False


def _bytes(path: Path) -> bytes:
    size = -1
    try:
        status = path.stat()
        size = status.st_size
        if stat.S_ISREG(status.st_mode) and size <= MAX_BYTES:
            return path.read_bytes()
    except FileNotFoundError:
        raise env_missing(path) from None
    except OSError as error:
        raise KnownError(
            "env_unreadable",
            _("{file} cannot be opened", file=path.name),
            _(
                "The system does not let you read {path}. Check the rights of the file and of its "
                "folder, then check again.",
                path=path,
            ),
            evidence={"path": str(path), "errno": error.errno},
        ) from error
    if stat.S_ISREG(status.st_mode):
        raise KnownError(
            "env_unreadable",
            _("{file} is too large for a settings file", file=path.name),
            _(
                "It has {size} bytes; a settings file has at most {limit}. Check that {path} is "
                "the right file.",
                size=size,
                limit=MAX_BYTES,
                path=path,
            ),
            evidence={"path": str(path), "bytes": size},
        )
    raise KnownError(
        "env_unreadable",
        _("{file} is not a file", file=path.name),
        _(
            "A folder (perhaps a virtual environment) or something else has this name: {path}. "
            "Choose the settings file itself.",
            path=path,
        ),
        evidence={"path": str(path), "directory": stat.S_ISDIR(status.st_mode)},
    )


def _encoding(data: bytes) -> tuple[bytes, str]:
    """Return the BOM and the codec of a file's bytes."""
    for bom, codec in _BOMS:
        if marks := re.match(b"(?:" + re.escape(bom) + b")+", data):
            return marks.group(), codec
    # Without BOM: every Latin letter in UTF-16 has one zero byte.
    if data[1::2].count(0) > len(data) // 4:
        return b"", "utf-16-le"
    if data[0::2].count(0) > len(data) // 4:
        return b"", "utf-16-be"
    return b"", "utf-8" if _decode(data, "utf-8") is not None else "cp949"


def _decode(data: bytes, encoding: str) -> str | None:
    # Unicode errors carry the whole content: none may become the context of a later exception.
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _encode(text: str, encoding: str) -> bytes | None:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return None


def _encoding_name(encoding: str) -> str:
    return "UTF-16" if encoding.startswith("utf-16") else encoding.upper()


def _parse(
    path: Path, data: bytes, encoding: str, bom: bytes, environ: Mapping[str, str]
) -> EnvFile:
    from dotenv.parser import parse_stream  # 20 ms; not where only names of this module are needed

    raw = data[len(bom) :].decode(encoding)
    # python-dotenv opens files in text mode: every newline reaches its parser as one \n.
    text = _NEWLINE.sub("\n", raw)
    crlf = [match.start() - n for n, match in enumerate(re.finditer("\r\n", raw))]
    names: dict[str, str | None] = dict(environ)
    entries: list[Entry] = []
    problems = _encoding_problems(path, encoding, bom)
    position = 0
    for binding in parse_stream(io.StringIO(text)):
        written = binding.original.string
        line = binding.original.line + _leading_newlines(written)
        if binding.error or (binding.key and binding.value is None and ":" in binding.key):
            problems.append(_unreadable_line(path, line))
        if binding.key is not None:
            entry = _entry(binding.key, binding.value, line, written, names)
            start, end = (
                at + bisect_left(crlf, at)
                for at in (position + entry.span[0], position + entry.span[1])
            )
            entries.append(replace(entry, span=(start, end)))
            names[binding.key] = entry.value.reveal() if entry.value is not None else None
        position += len(written)
    problems += _duplicates(path, entries)
    return EnvFile(path, data, encoding, bom, tuple(entries), tuple(problems), environ)


def _leading_newlines(written: str) -> int:
    return written[: len(written) - len(written.lstrip())].count("\n")


def _entry(
    key: str, value: str | None, line: int, written: str, names: Mapping[str, str | None]
) -> Entry:
    """Make an entry of what python-dotenv read; the span is relative to ``written``."""
    from dotenv.variables import Variable, parse_variables

    before = _BEFORE_VALUE.match(written)
    if value is None or before is None:
        return Entry(key, None, line)
    start = before.end()
    comment = ""
    if quoted := _QUOTED.match(written, start):
        end = quoted.end()
    else:
        start = start if value else before.end("equals")
        end = start + len(value)
        comment = written[end:].rstrip("\n")
    atoms = list(parse_variables(value))
    variables = [atom for atom in atoms if isinstance(atom, Variable)]
    return Entry(
        key=key,
        value=Secret("".join(atom.resolve(names) for atom in atoms)),
        line=line,
        span=(start, end),
        interpolated=bool(variables),
        unset=any(v.default is None and names.get(v.name) is None for v in variables),
        comment=Secret(comment),
    )


def _spellings(value: str, quote: str) -> Iterator[str]:
    """Yield ways to write a value, those with the present quotes first."""
    from dotenv.variables import Variable, parse_variables

    if any(isinstance(atom, Variable) for atom in parse_variables(value)):
        # No quotes keep python-dotenv from resolving ${NAME}. A name cannot be empty, so the
        # default of this one always stands: a plain dollar sign.
        value = value.replace("${", "${:-$}{")
    single = "'" + re.sub(r"(['\\])", r"\\\1", value) + "'"
    double = re.sub(r'(["\\])', r"\\\1", value).replace("\n", "\\n").replace("\r", "\\r")
    if not quote and _NEEDS_NO_QUOTES.fullmatch(value):
        yield value
    if quote != '"' and not _NEWLINE.search(value):
        yield single
    yield f'"{double}"'
    yield single


def _encoding_problems(path: Path, encoding: str, bom: bytes) -> list[KnownError]:
    if encoding != "utf-8":
        return [
            KnownError(
                "env_encoding",
                _("{file} is not saved as UTF-8", file=path.name),
                _(
                    "It is saved as {encoding}: the wizard can read it, but your project's "
                    "python-dotenv stops at it. Save the file as UTF-8 in your editor. ({path})",
                    encoding=_encoding_name(encoding),
                    path=path,
                ),
                evidence={"path": str(path), "encoding": encoding, "readable": False},
            )
        ]
    if bom:
        return [
            KnownError(
                "env_encoding",
                _("{file} begins with an invisible mark (BOM)", file=path.name),
                _(
                    "python-dotenv before 1.2.3 takes it for a part of the first name and so loses "
                    "that line. Save the file as UTF-8 without BOM in your editor. ({path})",
                    path=path,
                ),
                evidence={"path": str(path), "encoding": "utf-8-sig", "readable": True},
            )
        ]
    return []


def _unreadable_line(path: Path, line: int) -> KnownError:
    return KnownError(
        "env_syntax",
        _("Line {line} of {file} is not NAME=value", line=line, file=path.name),
        _(
            "python-dotenv skips such a line. Write it as NAME=value, with an equals sign, and "
            "close every quotation mark. ({path})",
            path=path,
        ),
        evidence={"path": str(path), "line": line},
    )


def _duplicates(path: Path, entries: list[Entry]) -> Iterator[KnownError]:
    lines: dict[str, list[int]] = {}
    for entry in entries:
        # Other 'names' may be a piece of a broken password line, so they are not shown.
        if entry.value is not None and _PLAIN_KEY.fullmatch(entry.key):
            lines.setdefault(entry.key, []).append(entry.line)
    for key, places in lines.items():
        if len(places) > 1:
            yield KnownError(
                "env_syntax",
                _("{key} stands in {file} more than once", key=key, file=path.name),
                _(
                    "Only the last one counts, in line {line}. Remove the others (lines: {others}) "
                    "so that nobody changes the wrong one. ({path})",
                    line=places[-1],
                    others=", ".join(map(str, places[:-1])),
                    path=path,
                ),
                evidence={
                    "path": str(path),
                    "key": key,
                    "line": places[-1],
                    "lines": [str(place) for place in places],
                },
            )
