"""What the URL readings say, compared with SQLAlchemy's and libpq's own parsers."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo
from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from setup_wizard import url
from setup_wizard.errors import KnownError
from setup_wizard.secret import Secret
from setup_wizard.target import encoded_url, url_with

QUICK = settings(max_examples=150, deadline=None)
KEYWORDS = {
    "host": "host",
    "port": "port",
    "dbname": "database",
    "user": "user",
    "password": "password",
}
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
awkward = st.text(st.sampled_from("@/?#%: aZ1+=&비[]{}$,'\""), min_size=1, max_size=10)
names = st.from_regex(r"[a-z][a-z0-9-]{0,10}(\.[a-z]{2,5})?", fullmatch=True)
hosts = names | st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(lambda ip: f"[{ip}]")
ports = st.integers(1, 65535)


def alchemy(text: str) -> dict[str, str]:
    """What SQLAlchemy hands to psycopg."""
    dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]
    _args, options = dialect.create_connect_args(make_url(text))  # type: ignore[no-untyped-call]
    return {
        KEYWORDS[key]: str(value) for key, value in options.items() if key in KEYWORDS and value
    }


def libpq(text: str) -> dict[str, str]:
    found = conninfo_to_dict(text.replace("+psycopg", ""))
    return {KEYWORDS[key]: str(value) for key, value in found.items() if key in KEYWORDS and value}


@QUICK
@given(
    text=st.text(
        st.sampled_from("u:p@h/d?=&[]%41,5 a비") | st.characters(codec="utf-8"), max_size=25
    )
)
def test_any_text_is_read_as_sqlalchemy_reads_it(text: str) -> None:
    address = f"postgresql+psycopg://{text}"
    try:
        wanted: dict[str, str] | None = alchemy(address)
    except Exception:  # noqa: BLE001 - whatever it raises, it did not read it
        wanted = None
    # "host=a:1" in a query is split by SQLAlchemy only: no such host is accepted here anyway.
    assume("host" not in text and "port" not in text)
    got = url.sqlalchemy_reads(address)
    if wanted and "port" in wanted:
        assert got
        assert int(got["port"]) == int(wanted["port"])
        assert {**got, "port": ""} == {**wanted, "port": ""}
    else:
        assert got == wanted


@QUICK
@given(user=texts, password=texts, host=hosts, port=ports, database=texts)
def test_an_encoded_url_is_clean_and_both_read_what_was_meant(
    user: str, password: str, host: str, port: int, database: str
) -> None:
    pieces = [quote(piece, safe="") for piece in (user, password, database)]
    text = "postgresql+psycopg://{}:{}@{}:{}/{}".format(*pieces[:2], host, port, pieces[2])
    wanted = {
        "user": user,
        "password": password,
        "host": host.strip("[]"),
        "port": str(port),
        "database": database,
    }
    parts = url.split(text)
    assert parts
    assert parts.text() == text
    assert url.broken_parts(parts) == ()
    assert libpq(text) == alchemy(text) == wanted
    read = url.libpq_reads(text)
    assert read
    assert read[0] == url.sqlalchemy_reads(text) == wanted


@QUICK
@given(
    password=awkward,
    server=st.sampled_from(
        ["localhost:5432/real_estate", "localhost", "h/d?sslmode=disable", "[::1]:5432/d", "/d"]
    ),
)
def test_a_raw_password_is_encoded_so_that_both_read_it(password: str, server: str) -> None:
    assume(url.decoded(password) == password)
    # A / and a query in the password can look like a server of their own; nobody could know.
    assume(not ({"=", "&"} & set(password) and "?" in password))
    text = f"postgresql+psycopg://postgres:{password}@{server}"
    new = encoded_url(Secret(text)).reveal()
    assert new.endswith(f"@{server}")
    assert libpq(new)["password"] == alchemy(new)["password"] == password
    assert libpq(new)["user"] == alchemy(new)["user"] == "postgres"
    parts = url.split(text)
    assert parts
    if new != text:
        assert url.broken_parts(parts) == ("password",)
    else:
        assert libpq(text)["password"] == alchemy(text)["password"] == password


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("postgresql://u:p@ss@h/d", "postgresql://u:p%40ss@h/d"),
        ("postgresql://u:p/w@h/d", "postgresql://u:p%2Fw@h/d"),
        ("postgresql://u:50%@h/d", "postgresql://u:50%25@h/d"),
        ("postgresql://u:a b@h/d", "postgresql://u:a%20b@h/d"),
        ("postgresql://u:p@h2/x@h/d", "postgresql://u:p%40h2%2Fx@h/d"),
        ("postgresql://u:@@h/d", "postgresql://u:%40@h/d"),
        ("postgresql://me@corp:p@h/d", "postgresql://me%40corp:p@h/d"),
        ("postgresql://u:p@h/d b", "postgresql://u:p@h/d%20b"),
        ("postgresql://u:a@b?c=d@h/d", "postgresql://u:a%40b%3Fc%3Dd@h/d"),
        # read alike by both as they are: nothing to do
        ("postgresql://u:p#w?x:y@h/d", "postgresql://u:p#w?x:y@h/d"),
        ("postgresql://u:p%40ss@h/d", "postgresql://u:p%40ss@h/d"),
        ("postgresql://u:p+w@h/d?options=-c%20a%3D@", "postgresql://u:p+w@h/d?options=-c%20a%3D@"),
        (
            "postgresql://u:p@h/d?application_name=a@b/c",
            "postgresql://u:p@h/d?application_name=a@b/c",
        ),
    ],
)
def test_just_what_breaks_the_url_is_encoded(text: str, wanted: str) -> None:
    assert encoded_url(Secret(text)).reveal() == wanted


@pytest.mark.parametrize(
    ("text", "changes", "wanted"),
    [
        ("postgresql+psycopg://u:p@h:5432/d?sslmode=disable", {"password": "ne/w"},
         "postgresql+psycopg://u:ne%2Fw@h:5432/d?sslmode=disable"),
        ("postgres://u:p@h/d", {"port": "5433"}, "postgres://u:p@h:5433/d"),
        ("postgresql://h/d", {"user": "한"}, "postgresql://%ED%95%9C@h/d"),
        ("postgresql://h/d", {"password": "p"}, "postgresql://:p@h/d"),
        ("postgresql://u:p@h/d", {"password": ""}, "postgresql://u@h/d"),
        ("postgresql://u:p@h/d", {"host": "::1"}, "postgresql://u:p@[::1]/d"),
        ("postgresql://u:p@h/d", {"host": "/tmp"}, "postgresql://u:p@/d?host=/tmp"),
        ("postgresql://u:p@/d?host=/tmp", {"host": "h"}, "postgresql://u:p@/d?host=h"),
        ("postgresql://u@h/d?password=old&connect_timeout=3", {"password": "n&w"},
         "postgresql://u@h/d?connect_timeout=3&password=n%26w"),
        ("postgresql://u:p@h", {"database": "a b"}, "postgresql://u:p@h/a%20b"),
        ("postgresql://u:p@x@h/d", {"port": "1"}, "postgresql://u:p%40x@h:1/d"),
    ],
)  # fmt: skip
def test_a_change_leaves_the_rest_as_it_is_written(
    text: str, changes: dict[url.Field, str], wanted: str
) -> None:
    assert url_with(Secret(text), changes).reveal() == wanted


@QUICK
@given(user=texts, password=texts, database=texts, host=hosts, port=ports)
def test_every_typed_value_can_be_written_into_a_url(
    user: str, password: str, database: str, host: str, port: int
) -> None:
    changes: dict[url.Field, str] = {
        "user": user,
        "password": password,
        "database": database,
        "host": host.strip("[]"),
        "port": str(port),
    }
    new = url_with(Secret("postgresql+psycopg://postgres:root1234@localhost/db"), changes).reveal()
    assert libpq(new) == alchemy(new) == changes


@pytest.mark.parametrize(
    "text", ["nonsense", "postgresql://u:p@h1:1,h2:2/d", "postgresql://u:%00@h/d"]
)
def test_a_url_that_cannot_be_repaired_is_not_quoted(text: str) -> None:
    with pytest.raises(KnownError) as caught:
        encoded_url(Secret(text))
    assert caught.value.code == "url_invalid"
    assert text not in str(caught.value)
    assert caught.value.__context__ is None


def test_libpq_tells_which_options_it_knows() -> None:
    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    for name in known:
        assert url.libpq_knows(f"{name}=1")
    assert url.libpq_knows("ssl=true")
    for other in ("ssl=require", "schema=public", "pgbouncer=true", "sslmode"):
        assert not url.libpq_knows(other)


def test_parts_show_nothing() -> None:
    assert "secret" not in repr(url.split("postgresql://u:secret@h/d"))
