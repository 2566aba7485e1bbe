"""libpq itself, for the one function that psycopg does not pass on."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ctypes import CDLL

    from psycopg.pq.abc import PGconn

DEFAULT: Final = 1
VERBOSE: Final = 2
"""Values of libpq's ``PGVerbosity``."""


def set_verbosity(pgconn: PGconn, verbosity: int) -> None:
    """Choose what libpq writes into the connection's error messages.

    Between ``connect_start`` and the first ``connect_poll``, VERBOSE is the only way to the
    SQLSTATE of a login that the server refuses: psycopg does not have it
    (https://github.com/psycopg/psycopg/issues/1188).
    """
    from ctypes import c_int, c_void_p

    pointer: int = pgconn.pgconn_ptr  # type: ignore[attr-defined]  # documented, not in the protocol
    _library().PQsetErrorVerbosity(c_void_p(pointer), c_int(verbosity))


@cache
def _library() -> CDLL:
    """Open the very libpq that psycopg uses; its connections mean nothing to another copy."""
    import sys
    from ctypes import CDLL

    from psycopg import pq

    if pq.__impl__ == "python":
        # A second handle: declaring a function on psycopg's own one would break psycopg.
        from psycopg.pq.misc import find_libpq_full_path

        return CDLL(find_libpq_full_path())

    extension = Path(str(sys.modules[pq.PGconn.__module__].__file__))
    # The Windows wheel has its libraries in a folder of their own. Elsewhere the extension module
    # is linked with libpq, and a symbol is also looked for in what a library is linked with.
    libraries = extension.parent.with_name(f"{extension.parent.name}.libs")
    return CDLL(str(next(libraries.glob("libpq-*.dll"), extension)))
