"""Any server that SQLAlchemy knows: MySQL and MariaDB, Oracle, SQL Server, SQLite, and others as far as they go.

Rows come from the driver as Python values, by a cursor that the server keeps, and become Arrow in pieces. What holds of one kind
of server alone (how a transaction reads one moment, and only reads; how it proves itself) is one entry of `_KINDS`.
"""

import datetime as dt
import json
import logging
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import types
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, NoSuchTableError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from errors import CodedError
from systems.databases import errors
from systems.databases.address import Address, Login
from systems.databases.source import Column, Place

_PIECE = 10_000  # rows held as Python values at a time
_NO_VALUE = (types.LargeBinary, types.BINARY, types.VARBINARY, types.ARRAY, types.NullType)
_LONGEST = 900  # seconds that a server may take for the next rows

_log = logging.getLogger("sqlalchemy")  # tracebacks with statements in them
_log.addHandler(logging.NullHandler())
_log.propagate = False


@dataclass(frozen=True)
class Kind:
    """What holds of one kind of server.

    Attributes:
        settings: what its driver is handed.
        begin: the statements that begin a transaction which only reads.
        snapshot: whether that transaction sees one moment; asked where it depends on the server.
        oldest: versions before this are refused, by the dialect's name.
    """

    settings: Callable[[Address, Login], dict[str, Any]]
    begin: Callable[[sa.Connection], Sequence[str]]
    snapshot: Callable[[sa.Connection], bool]
    oldest: dict[str, tuple[int, ...]]


class RelationalReader:
    """See `systems.databases.source.Reader`."""

    def __init__(self, address: Address, login: Login) -> None:
        self._kind = _KINDS.get(address.kind, _OTHER)
        self._meanings = _MEANINGS.get(address.kind, {})
        self._schema = address.schema
        self._con: sa.Connection | None = None
        self._cursor: Any = None  # of the rows that are being read
        refused: CodedError | None = None
        try:
            engine = sa.create_engine(
                _address(address, login),
                poolclass=NullPool,
                hide_parameters=True,
                isolation_level=None if address.kind in ("other", "oracle") else "AUTOCOMMIT",
                connect_args=self._kind.settings(address, login),
            )
            self._con = con = engine.connect()
            dialect: Any = engine.dialect
            name = "mariadb" if getattr(dialect, "is_mariadb", False) else dialect.name
            version = dialect.server_version_info or ()
            oldest = self._kind.oldest.get(name, ())
            if version[: len(oldest)] < oldest:
                raise errors.ServerTooOld(version=list(version[:3]), oldest=list(oldest))
            if address.kind == "mysql":
                setattr(con.connection.driver_connection, "_read_timeout", _LONGEST)  # noqa: B010
            for statement in self._kind.begin(con):
                con.exec_driver_sql(statement)
            self.snapshot = self._kind.snapshot(con)
        except CodedError:
            self.close()
            raise
        except NoSuchModuleError:
            refused = errors.DriverMissing(driver="of its own")
        except (SQLAlchemyError, OSError, ValueError) as error:
            meaning = self._meaning(error)
            if meaning is None or meaning is errors.ConnectionLost:
                meaning = errors.ServerUnreachable
            refused = meaning()
        if refused is not None:
            self.close()
            raise refused

    @property
    def _open(self) -> sa.Connection:
        assert self._con is not None
        return self._con

    def tables(self) -> dict[str, Place]:
        """See `Reader`; one schema alone, the default one or that of the address."""
        inspect = sa.inspect(self._open)
        names = [*inspect.get_table_names(self._schema), *inspect.get_view_names(self._schema)]
        return {name: Place(self._schema or "", name) for name in names}

    def columns(self, place: Place) -> Sequence[Column]:
        """See `Reader`."""
        found = sa.inspect(self._open).get_columns(place.table, place.schema or None)
        return [_column(one["name"], one["type"]) for one in found]

    def rows(self, place: Place, columns: Sequence[Column], most: int) -> Iterator[pa.Table]:
        """See `Reader`."""
        key = sa.inspect(self._open).get_pk_constraint(place.table, place.schema or None)
        table = sa.table(
            place.table, *(sa.column(c.name) for c in columns), schema=place.schema or None
        )
        chosen = sa.select(*table.c).order_by(*(sa.column(n) for n in key["constrained_columns"]))
        schema = pa.schema([(column.name, column.type) for column in columns])
        makers = [_maker(column) for column in columns]
        result = self._open.execution_options(stream_results=True, max_row_buffer=_PIECE).execute(
            chosen
        )
        self._cursor = result.cursor
        pieces: list[pa.Table] = []
        for part in result.partitions(min(_PIECE, most)):
            values = zip(*part, strict=True)
            arrays = [make(column) for make, column in zip(makers, values, strict=True)]
            pieces.append(pa.Table.from_arrays(arrays, schema=schema))
            if sum(piece.num_rows for piece in pieces) + _PIECE > most:
                yield pa.concat_tables(pieces).combine_chunks()
                pieces = []
        if pieces:
            yield pa.concat_tables(pieces).combine_chunks()

    def coded(self, error: Exception) -> tuple[type[CodedError], dict[str, str]] | None:
        """See `Reader`."""
        if isinstance(error, pa.ArrowInvalid | UnicodeDecodeError | _NotPlain):
            return errors.ValueUnreadable, {}
        if isinstance(error, NoSuchTableError):
            return errors.TableGone, {}
        meaning = self._meaning(error)
        if meaning is not None:
            return meaning, {}
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            return errors.ConnectionLost, {}
        if isinstance(error, SQLAlchemyError):
            return errors.ReadFailed, {"state": _number(error) or "none"}
        return (errors.ConnectionLost, {}) if isinstance(error, OSError) else None

    def _meaning(self, error: Exception) -> type[CodedError] | None:
        if _has_certificate_error(error):
            return errors.ServerNotTrusted
        return self._meanings.get(_number(error))

    def close(self) -> None:
        """See `Reader`: what the server still sends is not waited for."""
        con, self._con = self._con, None
        # PyMySQL would read all that still comes, even when its cursor is forgotten.
        unread = getattr(getattr(self._cursor, "_result", None), "unbuffered_active", None)
        if unread:
            self._cursor._result.unbuffered_active = False  # noqa: SLF001
        if con is not None:
            con.invalidate()
            con.close()


class _NotPlain(Exception):
    """A value is of another type than its column promised."""


def _address(address: Address, login: Login) -> sa.URL:
    """With the password, which goes to the driver alone."""
    url = address.url
    if address.kind == "sqlite":  # a file that is not there is not made
        return url.set(database=f"file:{url.database}", query={"mode": "ro", "uri": "true"})
    return url if login.password is None else url.set(password=login.password)


def _number(error: Exception) -> str:
    """The driver's own number or state of an error; empty where it has none."""
    origin = getattr(error, "orig", None) or error
    first: object = origin.args[0] if origin.args else ""
    first = getattr(first, "full_code", first)  # Oracle's: ORA-01017
    text = str(first)
    return text if len(text) <= 9 and text.replace("-", "").isalnum() else ""


def _has_certificate_error(error: BaseException | None) -> bool:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, ssl.SSLError):
            return True
        error = (
            getattr(error, "orig", None)
            or getattr(error, "original_exception", None)
            or error.__cause__
            or error.__context__
        )
    return False


# -- values: whole numbers and truth values as such, all else as text


def _column(name: str, kind: Any) -> Column:
    native = type(kind).__name__.lower()
    if isinstance(kind, _NO_VALUE):
        return Column(name, None, native)
    if getattr(kind, "unsigned", False):  # BIGINT UNSIGNED does not fit into 64 bits
        return Column(name, pa.string(), native)
    if isinstance(kind, types.Integer) or native == "bit":
        return Column(name, pa.int64(), native)
    return Column(name, pa.bool_() if isinstance(kind, types.Boolean) else pa.string(), native)


def _maker(column: Column) -> Callable[[Sequence[Any]], pa.Array]:
    """What makes an Arrow array of a column's values."""
    if column.type == pa.string():
        padded = column.native in ("char", "nchar")
        days = column.native == "date"

        def texts(values: Sequence[Any]) -> pa.Array:
            made = [v if v is None else v if type(v) is str else _text(v, days) for v in values]
            return pa.array([v and v.rstrip(" ") for v in made] if padded else made, pa.string())

        return texts
    wanted = bool if column.type == pa.bool_() else int

    def exact(values: Sequence[Any]) -> pa.Array:
        if any(type(v) is not wanted and v is not None for v in values):
            values = [v if v is None else _exact(v, wanted) for v in values]
        return pa.array(values, column.type)

    return exact


def _exact(value: Any, wanted: type) -> Any:
    if isinstance(value, int | bytes | Decimal):
        number = int.from_bytes(value) if isinstance(value, bytes) else value  # BIT(1)
        if number == int(number) and (wanted is int or number in (0, 1)):
            return wanted(number)
    raise _NotPlain


def _text(value: Any, days: bool) -> str:
    """A value as people write it: dates as 2024-12-31, moments with a blank between, numbers without an exponent.

    Oracle's DATE has a time, which is midnight wherever a day is meant: ``days`` leaves that out.
    """
    if isinstance(value, dt.datetime):
        if days and value.time() == dt.time():
            return value.date().isoformat()
        return value.isoformat(" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):  # MySQL's TIME, which may be any span
        hours, rest = divmod(abs(value), dt.timedelta(hours=1))
        sign = "-" if value < dt.timedelta() else ""
        return f"{sign}{hours:02d}{str(rest)[1:]}"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes | bytearray | memoryview):
        raise _NotPlain
    return str(value)


# -- kinds of servers


def _context(address: Address, login: Login) -> ssl.SSLContext:
    """TLS that proves the server's name by an authority of the system's, or by the file named."""
    options = address.options
    ca_file = options.get("ca_file") or login.ca_file or None
    context = ssl.create_default_context(cafile=ca_file)
    if "certificate_file" in options:
        context.load_cert_chain(options["certificate_file"], options.get("key_file"))
    return context


def _mysql(address: Address, login: Login) -> dict[str, Any]:
    # No file of settings (read_default_file) and no local files for the server (local_infile).
    given: dict[str, Any] = {
        "charset": "utf8mb4",
        "connect_timeout": login.seconds,
        "read_timeout": login.seconds,  # until it is let in
        "program_name": "doj-release",
        "local_infile": False,
    }
    if login.password is not None:
        given["password"] = login.password.encode()  # a text would go out as Latin-1
    if "unix_socket" in address.options:
        given["unix_socket"] = address.options["unix_socket"]
    if address.checked(login):
        given["ssl"] = _context(address, login)
    return given


def _mysql_begin(_con: sa.Connection) -> Sequence[str]:
    return (
        # Moments in UTC; days that are none come as they are; a slow reader is waited for.
        "SET SESSION time_zone = '+00:00', sql_mode = '', net_write_timeout = 3600, wait_timeout = 28800, lock_wait_timeout = 60",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",  # no CREATE, either
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    )


def _mysql_snapshot(con: sa.Connection) -> bool:
    """Whether all tables of the database are of the engine that keeps old rows for a reader."""
    others = con.exec_driver_sql(
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = database()"
        " AND table_type = 'BASE TABLE' AND engine <> 'InnoDB'"
    )
    return others.scalar_one() == 0


def _oracle(address: Address, login: Login) -> dict[str, Any]:
    given: dict[str, Any] = {
        "tcp_connect_timeout": float(login.seconds),
        "config_dir": "/nonexistent",  # tnsnames.ora of nobody
        "expire_time": 1,  # minutes between probes of a silent connection
    }
    if address.checked(login):
        given |= {"protocol": "tcps", "ssl_server_dn_match": True, "ssl_context": _context(address, login)}  # fmt: skip
    if "service_name" in address.options:
        given["service_name"] = address.options["service_name"]
    return given


def _sql_server(address: Address, login: Login) -> dict[str, Any]:
    return {
        "timeout": login.seconds,
        "Encrypt": "yes" if address.checked(login) else "optional",
        "TrustServerCertificate": "no",
        "ApplicationIntent": "ReadOnly",
        "driver": address.options.get("driver", "ODBC Driver 18 for SQL Server"),
    }


def _sql_server_begin(con: sa.Connection) -> Sequence[str]:
    level = "SNAPSHOT" if _sql_server_snapshot(con) else "REPEATABLE READ"
    return (f"SET TRANSACTION ISOLATION LEVEL {level}", "BEGIN TRANSACTION")


def _sql_server_snapshot(con: sa.Connection) -> bool:
    allowed = con.exec_driver_sql(
        "SELECT snapshot_isolation_state FROM sys.databases WHERE database_id = DB_ID()"
    )
    return allowed.scalar_one() == 1


def _nothing(_address: Address, _login: Login) -> dict[str, Any]:
    return {}


# What a driver's numbers mean.
_MEANINGS: dict[str, dict[str, type[CodedError]]] = {
    kind: {number: getattr(errors, name) for name, numbers in meant.items() for number in numbers}
    for kind, meant in json.loads(
        Path(__file__).with_name("meanings.json").read_text("utf-8")
    ).items()
}
_KINDS = {
    "mysql": Kind(_mysql, _mysql_begin, _mysql_snapshot, {"mysql": (8, 0), "mariadb": (10, 5)}),
    "oracle": Kind(
        _oracle, lambda _con: ("SET TRANSACTION READ ONLY",), lambda _con: True, {"oracle": (19,)}
    ),
    "mssql": Kind(_sql_server, _sql_server_begin, _sql_server_snapshot, {"mssql": (13,)}),
    "sqlite": Kind(
        _nothing,
        lambda _con: ("PRAGMA query_only = ON", "PRAGMA trusted_schema = OFF", "BEGIN"),
        lambda _con: True,
        {},
    ),
}
_OTHER = Kind(_nothing, lambda _con: (), lambda _con: False, {})
