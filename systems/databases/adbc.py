"""Any driver of ADBC (`adbc+flightsql://…`): Arrow from the server on, for what has no path of its own here."""

import importlib
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from errors import CodedError
from systems.database import quoted
from systems.databases import errors
from systems.databases.address import Address, Login
from systems.databases.source import Column, Place

_BLOCK = 8 << 20  # bytes that PostgreSQL's driver puts into a batch
_REFUSED = {"UNAUTHENTICATED", "UNAUTHORIZED"}
_GONE = {"42P01", "42501", "42703", "3F000"}


class AdbcReader:
    """See `systems.databases.source.Reader`; rows come in whatever order the server has them."""

    def __init__(self, address: Address, login: Login) -> None:
        driver, self._schema = address.url.drivername, address.schema
        dbapi: Any = importlib.import_module(f"adbc_driver_{driver}.dbapi")
        self.snapshot = driver == "postgresql"
        self._error: type[Exception] = dbapi.Error
        uri, more = _place(address, login)
        refused: CodedError | None = None
        try:
            self._con = dbapi.connect(uri, more)
            if self.snapshot:
                with self._con.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        except dbapi.Error as error:
            known = getattr(error.status_code, "name", "") in _REFUSED
            out = known or "fatal:" in str(error).lower()
            refused = errors.LoginRefused() if out else errors.ServerUnreachable()
        if refused is not None:
            raise refused

    def tables(self) -> dict[str, Place]:
        """See `Reader`."""
        default = self._schema or self._default()
        found = self._con.adbc_get_objects(depth="tables", db_schema_filter=default).read_all()
        return {
            table["table_name"]: Place(schema["db_schema_name"] or "", table["table_name"])
            for catalog in found.to_pylist()
            for schema in catalog["catalog_db_schemas"] or ()
            for table in schema["db_schema_tables"] or ()
            if "index" not in table["table_type"].lower()
        }

    def _default(self) -> str | None:
        try:
            return self._con.adbc_current_db_schema
        except self._error:  # not every driver knows
            return None

    def columns(self, place: Place) -> Sequence[Column]:
        """See `Reader`."""
        schema = self._con.adbc_get_table_schema(place.table, db_schema_filter=place.schema or None)
        return [Column(field.name, _arrow(field.type), str(field.type)) for field in schema]

    def rows(self, place: Place, columns: Sequence[Column], most: int) -> Iterator[pa.Table]:
        """See `Reader`."""
        wanted = ", ".join(quoted(column.name) for column in columns)
        table = ".".join(quoted(part) for part in place if part)
        schema = pa.schema([(column.name, column.type) for column in columns])
        with self._con.cursor() as cursor:
            if self.snapshot:
                hint = {"adbc.postgresql.batch_size_hint_bytes": str(_BLOCK)}
                cursor.adbc_statement.set_options(**hint)
            cursor.execute(f"SELECT {wanted} FROM {table}")
            for batch in cursor.fetch_record_batch():
                arrays = [_cast(a, f.type) for a, f in zip(batch.columns, schema, strict=True)]
                made = pa.Table.from_arrays(arrays, schema=schema)
                yield from (made.slice(at, most) for at in range(0, made.num_rows, most))

    def coded(self, error: Exception) -> tuple[type[CodedError], dict[str, str]] | None:
        """See `Reader`."""
        if isinstance(error, OSError):  # as Arrow tells of a driver's error in mid-read
            return errors.ConnectionLost, {}
        if isinstance(error, pa.ArrowException):
            writes = "read-only transaction" in str(error)
            return (errors.WouldWrite if writes else errors.ValueUnreadable), {}
        if not isinstance(error, self._error):
            return None
        state = str(getattr(error, "sqlstate", None) or "")
        status = getattr(getattr(error, "status_code", None), "name", "")
        if state in _GONE or status == "NOT_FOUND":
            return errors.TableGone, {}
        if state == "25006":
            return errors.WouldWrite, {}
        if state[:3] == "57P" or state[:2] == "08" or status == "IO":
            return errors.ConnectionLost, {}
        return errors.ReadFailed, {"state": state or status or "none"}

    def close(self) -> None:
        """See `Reader`."""
        try:
            self._con.close()
        except (self._error, RuntimeError):  # rows are still on their way: it ends with the process
            return


def _place(address: Address, login: Login) -> tuple[str, dict[str, str] | None]:
    """What the driver is told: where, and who asks."""
    url, driver = address.url, address.url.drivername
    if driver == "postgresql":
        from systems.databases.postgres import conninfo

        return conninfo(address, login), None
    if driver == "flightsql":
        scheme = "grpc+tls" if address.checked(login) else "grpc+tcp"
        who = {"username": url.username, "password": login.password}
        known = {name: value for name, value in who.items() if value is not None}
        return f"{scheme}://{url.host}:{url.port or 31337}", known
    if driver == "sqlite":
        return f"file:{url.database}?mode=ro", None
    full = url if login.password is None else url.set(password=login.password)
    return full.render_as_string(hide_password=False), None


def _arrow(kind: pa.DataType) -> pa.DataType | None:
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    types = pa.types
    if types.is_boolean(kind):
        return pa.bool_()
    if types.is_integer(kind) and not types.is_uint64(kind):
        return pa.int64()
    unfit = types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind)
    return None if unfit or types.is_fixed_size_binary(kind) else pa.string()


def _cast(array: Any, kind: pa.DataType) -> Any:
    """Whole numbers, truth values, or text; an extension's storage is what it is."""
    return (array.storage if isinstance(array, pa.ExtensionArray) else array).cast(kind)
