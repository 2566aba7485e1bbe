"""The case that the checks look at: what was given, and what was learnt so far, asked for once."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from setup_wizard.deadline import Deadline
from setup_wizard.errors import KnownError
from setup_wizard.machine import Listener, Machine, Psql, Service, ServiceState
from setup_wizard.project import Project
from setup_wizard.target import Settings, Target

if TYPE_CHECKING:
    from concurrent.futures import Future

    # psycopg costs 130 ms: the window shows itself before it is needed
    from setup_wizard.database.connection import Connection


LOGIN_CODES: Final = frozenset({"password_missing", "login_rejected", "login_not_allowed"})
"""Refusals by a server that does not let this user in."""

DATABASE_CODES: Final = frozenset({"database_missing", "database_closed", "connect_not_allowed"})
"""Refusals by a server that has let the user in."""


class Case:
    """A project on a machine, while it is being looked at. Use it in a ``with`` statement.

    Args:
        project: None where the environment alone says what to connect to.
        settings: what to connect with, the user's typed values included.
        saved: what the project's files say without them.
        scripts: the SQL files to run, in order.
        machine: the computer.
        deadline: for everything that is asked.
        psql: the one that the user chose.
    """

    def __init__(
        self,
        *,
        project: Project | None,
        settings: Settings,
        scripts: tuple[Path, ...],
        machine: Machine,
        deadline: Deadline,
        saved: Settings,
        psql: Psql | None = None,
    ) -> None:
        self.project = project
        self.settings = settings
        self.saved = saved
        self.scripts = scripts
        self.machine = machine
        self.deadline = deadline
        self.chosen_psql = psql
        self._search: Future[Psql | None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if connection := self.__dict__.get("_connection"):
            connection.close()

    @property
    def target(self) -> Target:
        """Where to connect to; only for checks that come after the URL's."""
        if self.settings.target is None:
            raise self.settings.problems[0]
        return self.settings.target

    @cached_property
    def services(self) -> tuple[Service, ...]:
        """This computer's PostgreSQL services."""
        return self.machine.services()

    @property
    def service(self) -> Service | None:
        """The service that should serve the target: on its port, else on an unknown one."""
        target = self.settings.target
        wanted = {target.port, None} if target else {service.port for service in self.services}
        fitting = [service for service in self.services if service.port in wanted]
        return min(fitting, key=lambda service: service.port is None, default=None)

    def look_ahead(self) -> None:
        """Search for psql while other things are waited for: it starts programs and waits too."""
        from concurrent.futures import ThreadPoolExecutor

        self._search = ThreadPoolExecutor(1).submit(self._find_psql)

    @cached_property
    def psql(self) -> Psql | None:
        """The psql to name: the user's choice, else the best that was found."""
        return self._search.result() if self._search else self._find_psql()

    def _find_psql(self) -> Psql | None:
        return self.chosen_psql or next(self.machine.find_psql(), None)

    @cached_property
    def listeners(self) -> tuple[Listener, ...]:
        """Which programs of this computer listen on the target's port."""
        return self.machine.listeners(self.target.port)

    @property
    def somebody_listens(self) -> bool:
        """Whether any program of this computer listens on the target's port."""
        return bool(self.listeners)

    @cached_property
    def _attempt(self) -> KnownError | None:
        from setup_wizard.database.connection import connect

        try:
            self._connection = connect(self.target, self.deadline)
        except KnownError as error:
            if error.code == "cancelled":
                raise
            return error
        return None

    @property
    def refusal(self) -> KnownError | None:
        """Why the one attempt to connect did not succeed; None when it did."""
        return self._attempt

    @property
    def somebody_answers(self) -> bool:
        """Whether the port is open: a system may hide who listens on it (macOS, Docker, WSL)."""
        return self.refusal is None or self.refusal.code != "connection_refused"

    @property
    def server_answers(self) -> bool:
        """Whether a server was reached, whatever it said to the login."""
        return self.refusal is None or self.refusal.code in LOGIN_CODES | DATABASE_CODES

    @property
    def connection(self) -> Connection:
        """The connection of the one attempt; raises its KnownError when there is none."""
        if self._attempt is not None:
            raise self._attempt
        return self._connection

    @property
    def service_is_running(self) -> bool:
        """Whether the service manager calls the target's service running."""
        return self.service is not None and self.service.state is ServiceState.RUNNING
