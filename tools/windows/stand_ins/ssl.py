"""Stands for Python's ssl in SetupWizard.exe, which speaks TLS through libpq alone.

psycopg imports ssl only so that Python sets up an OpenSSL that libpq would share; the one in its
wheel is libpq's own. asyncio, which psycopg imports too, names these two exceptions. The real
module would bring 6 MB that nothing uses.
"""


class SSLWantReadError(OSError):
    """Never raised here."""


class SSLSyscallError(OSError):
    """Never raised here."""
