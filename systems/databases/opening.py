"""Opening the database of an address by the driver that is its own."""

from collections.abc import Callable

from systems.databases.address import DRIVERS, Address, Login, parse_address
from systems.databases.errors import DriverMissing
from systems.databases.source import DatabaseSource, Reader

_EXTRAS = {
    "postgresql": "postgres", "mysql": "mysql", "oracle": "oracle", "mssql": "sqlserver", "adbc": "adbc",
}  # fmt: skip


def open_database(address: str | Address, login: Login, *, look: bool = False) -> DatabaseSource:
    """Log in, and begin to read at one moment where the database has that.

    Args:
        address: as people write it, or parsed.
        login: how the server is reached.
        look: columns without plain values are left out (``left_out``), not refused.

    Raises:
        AddressUnusable, SecretInAddress, NotEncrypted: it is not asked at all.
        DriverMissing: the extra is not installed.
        CodedError: of `systems.databases.errors`: the server does not answer, prove itself, or let this role in.
    """
    found = parse_address(address) if isinstance(address, str) else address
    found.checked(login)

    def connect() -> Reader:
        try:
            return _reader(found)(found, login)
        except ImportError:
            pass
        raise DriverMissing(
            extra=_EXTRAS.get(found.kind, "none"), driver=DRIVERS.get(found.kind, "of its own")
        )

    return DatabaseSource(connect, look=look)


def _reader(address: Address) -> Callable[[Address, Login], Reader]:
    if address.kind == "postgresql":
        from systems.databases.postgres import PostgresReader

        return PostgresReader
    if address.kind == "adbc":
        from systems.databases.adbc import AdbcReader

        return AdbcReader
    from systems.databases.relational import RelationalReader

    return RelationalReader
