"""Why no connection came about, in words."""

from __future__ import annotations

from setup_wizard.errors import Evidence, KnownError, Text
from setup_wizard.i18n import _
from setup_wizard.target import Target


class ConnectionFailed(KnownError):
    """No connection came about.

    ``code`` is the cause, ``sqlstate`` the server's code where it gave one, ``server_text`` its own
    sentence, to show and never to decide from.
    """

    def __init__(
        self,
        code: str,
        title: Text,
        detail: Text,
        *,
        evidence: Evidence,
        sqlstate: str | None = None,
        server_text: str = "",
    ) -> None:
        super().__init__(code, title, detail, evidence=evidence, server_text=server_text)
        self.sqlstate = sqlstate


def cause_of(sqlstate: str) -> str:
    """Return the finding code for the SQLSTATE with which a server refuses a login.

    Starting up, recovering and shutting down are all 57P03 before the login, told apart only in
    the server's language.
    """
    known = {
        "28P01": "login_rejected",
        "3D000": "database_missing",
        "55000": "database_closed",
        "42501": "connect_not_allowed",
        "53300": "too_many_connections",
        "57P01": "server_stopping",
        "57P02": "server_stopping",
        "57P03": "server_starting",
    }
    if sqlstate.startswith("28"):
        return known.get(sqlstate, "login_not_allowed")
    return known.get(sqlstate, "connection_failed")


def words(cause: str, target: Target, seconds: float) -> tuple[Text, Text]:
    """Return the title and detail for a cause: what is the matter, why, what to do next."""
    where = f"{target.host}:{target.port}"
    user, database = target.user, target.database
    match cause:
        case "host_unknown":
            return (
                _("The computer name {host} is not known", host=target.host),
                _(
                    "Looking the name up gave no address. Check how it is spelled, and whether "
                    "it needs a VPN. A server on this computer is called localhost."
                ),
            )
        case "connection_refused":
            return (
                _("Nobody answers at {where}", where=where),
                _(
                    "The computer is there, but no program accepts connections on this port. "
                    "Start the PostgreSQL server, or correct the port."
                ),
            )
        case "no_answer":
            return (
                _("No answer from {where}", where=where),
                _(
                    "Nothing came back within {seconds} seconds. Check the host and the port, and "
                    "whether a firewall or a missing VPN stands in between.",
                    seconds=f"{seconds:g}",
                ),
            )
        case "hung_up":
            return (
                _("{where} closes the connection without an answer", where=where),
                _(
                    "Something accepts the connection and closes it at once: often a container "
                    "or a tunnel whose server is not up yet. Wait a moment, then test again."
                ),
            )
        case "broken_off":
            return (
                _("The connection to {where} broke off during the login", where=where),
                _(
                    "PostgreSQL answered, then the line was cut: the server was just restarted, "
                    "or a proxy, a VPN or a tunnel in between ended it. Test again; when it "
                    "happens every time, look at what stands in between."
                ),
            )
        case "stuck":
            return (
                _("{where} fell silent during the login", where=where),
                _(
                    "PostgreSQL answers there, but did not finish the login within {seconds} "
                    "seconds. A very busy server or a bad line does that: wait a moment, then "
                    "test again.",
                    seconds=f"{seconds:g}",
                ),
            )
        case "tls_missing":
            return (
                _("The server at {where} has no encryption", where=where),
                _(
                    "The database address demands it with sslmode, but this server is not set "
                    "up for it. Take sslmode out of DATABASE_URL where the server is on this "
                    "computer; else ask whoever runs it to switch encryption on."
                ),
            )
        case "certificate_not_trusted":
            return (
                _("The certificate of the server at {where} is not trusted", where=where),
                _(
                    "The database address demands a certificate that this computer can verify "
                    "(sslmode), and the server shows another one, so no password was sent. Ask "
                    "whoever runs the server for its root certificate and name that file with "
                    "sslrootcert, or correct the host's name."
                ),
            )
        case "unreachable":
            return (
                _("There is no way to {where}", where=where),
                _(
                    "This computer's network cannot reach that address. Check the network, the "
                    "VPN and the host."
                ),
            )
        case "not_postgresql":
            return (
                _("What answers at {where} is not PostgreSQL", where=where),
                _(
                    "Another program uses this port. Correct the port, or stop that program and "
                    "start the PostgreSQL server."
                ),
            )
        case "server_starting":
            return (
                _("The server at {where} is not ready yet", where=where),
                _(
                    "It is starting up, recovering or shutting down. That usually takes seconds: "
                    "wait a moment, then test again."
                ),
            )
        case "server_stopping":
            return (
                _("The server at {where} is shutting down", where=where),
                _("Wait until it has stopped, start it again, then test again."),
            )
        case "too_many_connections":
            return (
                _("The server has no free connection"),
                _(
                    "The server, this database or this user is at its limit. Close other programs "
                    "that use the database, such as pgAdmin or an older run of the app, then test "
                    "again."
                ),
            )
        case "password_missing":
            return (
                _("A password is needed for {user}", user=user),
                _("The server asks for a password and none was given. Type it, or put it in .env."),
            )
        case "login_rejected":
            return (
                _("The server does not accept this name and password"),
                _(
                    "Either the user {user} does not exist or the password is another one; the "
                    "server does not tell which. Type the password again, and watch Caps Lock and "
                    "the Korean/English key.",
                    user=user,
                ),
            )
        case "login_not_allowed":
            return (
                _("The server does not let {user} in from here", user=user),
                _(
                    "Its rules (pg_hba.conf) or the user's own settings do not allow this login. "
                    "Check the user name, or ask whoever runs the server to allow it."
                ),
            )
        case "database_missing":
            return (
                _("The database {database} does not exist yet", database=database),
                _(
                    "The login is right, but the server has no database of this name. Create it, "
                    "or correct the name."
                ),
            )
        case "database_closed":
            return (
                _("The database {database} takes no connections", database=database),
                _(
                    "It exists, but was closed to everybody. Whoever runs the server can open it, "
                    "or you can use another database."
                ),
            )
        case "connect_not_allowed":
            return (
                _("{user} may not open the database {database}", user=user, database=database),
                _(
                    "The login is right, but the right to connect is missing. Ask the database's "
                    "owner to grant it, or use another user."
                ),
            )
        case _:
            return (
                _("The server at {where} answers, but no connection came about", where=where),
                _("What the server or the driver says about it stands under Details."),
            )
