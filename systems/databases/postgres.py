"""PostgreSQL: one repeatable read that only reads, rows by COPY as CSV, which Arrow parses by the column types."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.conninfo import make_conninfo
from pyarrow import csv

from errors import CodedError
from systems.databases import errors
from systems.databases.address import Address, Login
from systems.databases.source import Column, Place

OLDEST = 12_00_00  # the oldest that its makers still mended when this was written is 14
_BLOCK = 8 << 20  # bytes of CSV that Arrow parses at a time
_NOWHERE = "/nonexistent"

# What goes wrong reaches the caller as an exception.
_log = logging.getLogger("psycopg")
_log.addHandler(logging.NullHandler())
_log.propagate = False

# Nothing that the library would look up in the environment, in ~/.pgpass, ~/.pg_service.conf or ~/.postgresql.
_FIXED = {
    "hostaddr": "", "passfile": _NOWHERE, "sslcrl": _NOWHERE, "sslcert": _NOWHERE, "sslkey": _NOWHERE, "options": "", "application_name": "doj-release",
    "client_encoding": "UTF8", "gssencmode": "disable", "target_session_attrs": "any",
    # A server that is gone without a word is noticed within a minute.
    "keepalives": "1", "keepalives_idle": "20", "keepalives_interval": "10", "keepalives_count": "4", "tcp_user_timeout": "60000",
}  # fmt: skip

# How values are written, whatever role and database say; that nobody ends a read for its length; and that a
# table which is just being changed is not waited for all night.
_SESSION = (
    "SET DateStyle = 'ISO'", "SET TimeZone = 'UTC'", "SET IntervalStyle = 'iso_8601'", "SET extra_float_digits = 1",
    "SET synchronize_seqscans = off", "SET statement_timeout = 0", "SET idle_in_transaction_session_timeout = 0", "SET lock_timeout = '60s'",
    "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
)  # fmt: skip

_TABLES = """
SELECT n.nspname, c.relname, n.nspname = coalesce(%(schema)s, pg_catalog.current_schema())
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname = coalesce(%(schema)s, n.nspname)
  AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
"""
_KEY = """
SELECT a.attname FROM pg_catalog.pg_index AS i, unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)
JOIN pg_catalog.pg_attribute AS a ON a.attnum = k.attnum
WHERE i.indisprimary AND i.indrelid = %s::regclass AND a.attrelid = i.indrelid ORDER BY k.place
"""
_INTEGERS, _BYTES = ("int2", "int4", "int8", "oid"), "bytea"
# Categories of types that hold no plain value: arrays, rows, pseudo-types.
_NO_VALUE = "ACP"


class PostgresReader:
    """See `systems.databases.source.Reader`."""

    snapshot = True

    def __init__(self, address: Address, login: Login) -> None:
        self._default = address.schema
        try:
            self._con: psycopg.Connection[Any] = psycopg.connect(
                conninfo(address, login), autocommit=True
            )
        except psycopg.Error as error:
            refused = _refused(str(error))
        else:
            if self._con.info.server_version < OLDEST:
                version = self._con.info.server_version
                self._con.close()
                raise errors.ServerTooOld(version=version // 10000, oldest=OLDEST // 10000)
            for statement in _SESSION:
                self._con.execute(statement)
            return
        raise refused

    def tables(self) -> dict[str, Place]:
        """See `Reader`."""
        found = self._con.execute(_TABLES, {"schema": self._default}).fetchall()
        return {
            table if default else f"{schema}.{table}": Place(schema, table)
            for schema, table, default in found
        }

    def columns(self, place: Place) -> Sequence[Column]:
        """See `Reader`; the table can't be changed from here on."""
        described = self._con.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(_name(place)))
        columns = [(column.name, column.type_code) for column in described.description or ()]
        kinds = {
            oid: (name, category)
            for oid, name, category in self._con.execute(
                "SELECT oid, typname, typcategory::text FROM pg_catalog.pg_type WHERE oid = ANY(%s)",
                [[oid for _, oid in columns]],
            ).fetchall()
        }
        return [Column(name, _arrow(*kinds[oid]), kinds[oid][0]) for name, oid in columns]

    def rows(self, place: Place, columns: Sequence[Column], most: int) -> Iterator[pa.Table]:
        """See `Reader`."""
        quoted = _name(place).as_string(self._con)
        key = [sql.Identifier(name) for (name,) in self._con.execute(_KEY, [quoted]).fetchall()]
        query = sql.SQL("COPY (SELECT {} FROM {} {}) TO STDOUT (FORMAT csv)").format(
            sql.SQL(", ").join(map(_value, columns)),
            _name(place),
            sql.SQL("ORDER BY {}").format(sql.SQL(", ").join(key)) if key else sql.SQL(""),
        )
        with self._con.cursor().copy(query) as copy:
            block: list[bytes] = []
            size = 0
            for row in copy:  # the server sends whole rows
                block.append(bytes(row))
                size += len(row)
                if size >= _BLOCK or len(block) >= most:
                    yield from _parsed(b"".join(block), columns, most)
                    block, size = [], 0
            if block:
                yield from _parsed(b"".join(block), columns, most)

    def coded(self, error: Exception) -> tuple[type[CodedError], dict[str, str]] | None:
        """See `Reader`."""
        if isinstance(error, pa.ArrowInvalid | UnicodeDecodeError):
            return errors.ValueUnreadable, {}
        if not isinstance(error, psycopg.Error):
            return None
        state = error.sqlstate or ""
        if self._con.closed or self._con.broken or state[:3] in ("57P", "08") or state[:2] == "08":
            return errors.ConnectionLost, {}
        if state in ("42P01", "42501", "42703", "3F000"):
            return errors.TableGone, {}
        if state == "25006":
            return errors.WouldWrite, {}
        if state in ("22021", "22P05"):
            return errors.ValueUnreadable, {}
        return errors.ReadFailed, {"state": state or "none"}

    def close(self) -> None:
        """See `Reader`."""
        self._con.close()


def conninfo(address: Address, login: Login) -> str:
    """All settings of a connection in one text, the password among them."""
    return make_conninfo("", **_settings(address, login))


def _settings(address: Address, login: Login) -> dict[str, str]:
    """Every setting of a connection that matters, so that none comes from elsewhere."""
    url, options = address.url, address.options
    checked = address.checked(login)
    ca_file = options.get("ca_file") or login.ca_file
    given = {
        "host": address.host or "/var/run/postgresql",
        "port": str(url.port or 5432),
        "user": url.username or "",
        "dbname": url.database or url.username or "",
        "password": login.password or "",
        "connect_timeout": str(login.seconds),
        "sslmode": "verify-full" if checked else "prefer",
        "sslrootcert": (ca_file or "system") if checked else _NOWHERE,
        "sslcert": options.get("certificate_file", _NOWHERE),
        "sslkey": options.get("key_file", _NOWHERE),
    }
    return _FIXED | given


def _refused(text: str) -> CodedError:
    """What the library's words at a failed connection mean; it gives no state, and its own words are English."""
    low = text.lower()
    if "fatal:" in low or "password" in low or "authentication" in low:  # the server's own no
        return errors.LoginRefused()
    if any(words in low for words in ("certificate", "ssl error", "support ssl", "sslrootcert")):
        return errors.ServerNotTrusted()
    return errors.ServerUnreachable()


def _name(place: Place) -> sql.Identifier:
    return sql.Identifier(place.schema, place.table)


def _arrow(name: str, category: str) -> pa.DataType | None:
    if name in _INTEGERS:
        return pa.int64()
    if name == "bool":
        return pa.bool_()
    return None if category in _NO_VALUE or name == _BYTES else pa.string()


def _value(column: Column) -> sql.Composable:
    """A column as it goes into the CSV: what is padded is not (CHAR(n)), money has no currency's sign."""
    name = sql.Identifier(column.name)
    if column.native == "bpchar":
        return sql.SQL("{}::text").format(name)
    return sql.SQL("{}::numeric").format(name) if column.native == "money" else name


def _parsed(block: bytes, columns: Sequence[Column], most: int) -> Iterator[pa.Table]:
    """A piece of CSV with whole rows; what stands there unquoted and empty is no value, in quotes an empty text."""
    table = csv.read_csv(
        pa.BufferReader(block),
        read_options=csv.ReadOptions(column_names=[str(n) for n in range(len(columns))]),
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types={str(n): column.type for n, column in enumerate(columns)},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    ).rename_columns([column.name for column in columns])
    yield from (table.slice(at, most) for at in range(0, table.num_rows, most))
