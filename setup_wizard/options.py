"""What was asked for on the command line, for the window and the terminal alike."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from setup_wizard import __version__
from setup_wizard.i18n import LANGUAGES, _, set_language, system_language

COMMANDS: Final = ("check", "plan", "apply", "tables", "report")
USAGE_ERROR: Final = 2


@dataclass(frozen=True)
class Options:
    """The command line, read. ``command`` None is the wizard itself.

    ``timeout`` is in seconds, None where each step has its own.
    """

    command: str | None = None
    project: Path | None = None
    env: Path | None = None
    sql: tuple[Path, ...] = ()
    json: bool = False
    yes: bool = False
    timeout: float | None = None
    practice: bool = False
    pattern: str | None = None
    output: Path | None = None


class _Parser(argparse.ArgumentParser):
    """argparse, speaking our language where it stops."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        text = _("This command line cannot be used: {reason}", reason=message)
        self.exit(USAGE_ERROR, f"{text}\n")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(str(_("{text} is not a number of seconds", text=text)))
    return seconds


def _common() -> _Parser:
    common = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--project", type=Path, metavar="DIR", help=str(_("the project's folder")))
    common.add_argument("--env", type=Path, metavar="FILE", help=str(_("its .env file")))
    common.add_argument(
        "--sql",
        type=Path,
        action="append",
        metavar="FILE",
        help=str(_("an SQL file to run instead of the project's own; may be repeated")),
    )
    common.add_argument("--lang", choices=LANGUAGES, help=str(_("the language to speak")))
    common.add_argument(
        "--json", action="store_true", help=str(_("one JSON document on standard output"))
    )
    common.add_argument(
        "--timeout",
        type=_seconds,
        metavar="SECONDS",
        help=str(_("how long one step may take")),
    )
    common.add_argument(
        "--practice",
        action="store_true",
        help=str(_("use a throw-away project and server of its own")),
    )
    return common


def _parser() -> argparse.ArgumentParser:
    common = _common()
    parser = _Parser(
        prog="setup-wizard",
        description=str(_("Creates a project's PostgreSQL tables from what its .env says.")),
        parents=[common],
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"setup-wizard {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title=str(_("commands")))

    def add(name: str, text: object) -> argparse.ArgumentParser:
        return commands.add_parser(
            name, help=str(text), description=str(text), parents=[common], allow_abbrev=False
        )

    add("check", _("run all checks; changes nothing"))
    add("plan", _("say what apply would do; changes nothing"))
    apply = add("apply", _("create what is missing"))
    apply.add_argument("--yes", action="store_true", help=str(_("do not ask")))
    tables = add("tables", _(r"print the tables as psql's \dt does"))
    tables.add_argument("pattern", nargs="?", help=str(_("which tables, as psql understands it")))
    report = add("report", _("write a diagnosis without secrets"))
    report.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help=str(_("where to write it"))
    )
    return parser


def _language_of(argv: Sequence[str]) -> str:
    """Find ``--lang`` ahead of everything else, so that the help and complaints obey it."""
    early = argparse.ArgumentParser(add_help=False, exit_on_error=False, allow_abbrev=False)
    early.add_argument("--lang", choices=LANGUAGES, default=system_language())
    try:
        return str(early.parse_known_args(argv)[0].lang)
    except argparse.ArgumentError:
        return system_language()


def parse(argv: Sequence[str]) -> Options:
    """Read the arguments after the program's name and set the language.

    Raises SystemExit 2 with one sentence on stderr for a line that cannot be used. What was given
    to an unknown option is not repeated: it may be somebody's password.
    """
    set_language(_language_of(argv))
    parser = _parser()
    known, unknown = parser.parse_known_args(argv)
    if unknown:
        names = [word.partition("=")[0] for word in unknown if word.startswith("-")]
        parser.error(str(_("there is no {option}", option=", ".join(names) or "…")))
    values = vars(known)
    values.pop("lang", None)
    options = Options(**{**values, "sql": tuple(values.get("sql", ()))})
    if options.project and options.env and not _belongs(options.env, options.project):
        parser.error(
            str(
                _(
                    "{env} does not lie in the project {project}; give only one of them.",
                    env=options.env,
                    project=options.project,
                )
            )
        )
    return options


def _belongs(env: Path, project: Path) -> bool:
    return env.resolve().is_relative_to(project.resolve())
