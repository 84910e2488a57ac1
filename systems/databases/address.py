"""The address of a database: which kind, where, and how it is reached; a password never stands in it."""

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from systems.databases.errors import AddressUnusable, NotEncrypted, SecretInAddress

if TYPE_CHECKING:
    import sqlalchemy as sa

# How people begin an address, and the kind that it is; another scheme is one of SQLAlchemy's.
_KINDS = {
    "postgresql": "postgresql", "postgres": "postgresql", "mysql": "mysql", "mariadb": "mysql",
    "oracle": "oracle", "mssql": "mssql", "sqlite": "sqlite",
}  # fmt: skip
DRIVERS = {
    "postgresql": "psycopg", "mysql": "pymysql", "oracle": "oracledb", "mssql": "pyodbc",
    "sqlite": "pysqlite",
}  # fmt: skip
_OPTIONS = {
    "postgresql": ("host", "schema", "ca_file", "certificate_file", "key_file"),
    "mysql": ("unix_socket", "schema", "ca_file", "certificate_file", "key_file"),
    "oracle": ("service_name", "schema"),
    "mssql": ("driver", "schema"),
}
_CHECKED = ("postgresql", "mysql", "oracle", "mssql", "flightsql")  # here, by their drivers
_FILES = ("ca_file", "certificate_file", "key_file")
_SCHEME = re.compile(r"([a-z][a-z0-9]*)(\+[a-z][a-z0-9_]*)?://.*", re.DOTALL)


@dataclass(frozen=True)
class Login:
    """How a server is reached.

    Attributes:
        password: of the role; None where the server asks for none (a socket, a certificate).
        encrypted: whether the server on another machine must prove who it is (TLS).
        ca_file: PEM of who signed its certificate; empty: whom this system trusts.
        seconds: that connecting may take.
    """

    password: str | None = field(default=None, repr=False)
    encrypted: bool = True
    ca_file: str = ""
    seconds: int = 10


@dataclass(frozen=True)
class Address:
    """A parsed address.

    Attributes:
        kind: of `DRIVERS`, ``adbc``, or ``other``.
        url: as SQLAlchemy has it, with neither password nor options.
        options: of the address's own, by their names here.
    """

    kind: str
    url: "sa.URL" = field(repr=False)
    options: dict[str, str] = field(repr=False)

    @property
    def schema(self) -> str | None:
        """The schema whose tables go by their bare names, where the address names one."""
        return self.options.get("schema")

    @property
    def host(self) -> str:
        """A name, a number, the folder of a socket; empty for a file, and for the default socket."""
        return self.options.get("unix_socket") or self.options.get("host") or self.url.host or ""

    @property
    def here(self) -> bool:
        """Whether it is on this machine: what is said goes over no network."""
        if not self.host or self.host.startswith("/") or self.host == "localhost":
            return True
        try:
            return ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    def checked(self, login: Login) -> bool:
        """Whether the server must prove who it is.

        Raises:
            NotEncrypted: it must, and for this kind of database nobody here can see to it.
        """
        must = login.encrypted and not self.here
        kind = self.url.drivername if self.kind == "adbc" else self.kind
        if must and kind not in _CHECKED:
            raise NotEncrypted
        return must or bool(self.options.get("ca_file"))


def parse_address(text: str) -> Address:
    """Read an address as people write it.

    Raises:
        AddressUnusable: it is none, or has options that are not known.
        SecretInAddress: it holds a password.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    scheme = _SCHEME.fullmatch(text)
    if scheme is None:
        raise AddressUnusable
    name, driver = scheme[1], (scheme[2] or "")[1:]
    try:
        url = make_url(text)
        query = {key: value for key, value in url.query.items() if isinstance(value, str)}
    except (ArgumentError, ValueError):  # their texts quote it
        raise AddressUnusable from None
    if url.password is not None or any(re.search("pass|pwd|secret|token", key) for key in query):
        raise SecretInAddress
    kind = "adbc" if name == "adbc" else _KINDS.get(name, "other")
    known = _OPTIONS.get("postgresql" if driver == "postgresql" else kind, ("schema",))
    if (
        set(url.query) - set(known)
        or len(query) < len(url.query)
        or (url.host and query.get("host"))
        or any(
            "," in place for place in (url.host or "", *query.values())
        )  # several hosts: whose is checked?
    ):
        raise AddressUnusable(options=known)
    if any(not Path(query[one]).is_absolute() for one in _FILES if one in query):
        raise AddressUnusable(absolute=_FILES)
    if kind in DRIVERS:
        url = url.set(drivername=f"{kind}+{DRIVERS[kind]}")
    elif kind == "adbc":
        url = url.set(drivername=driver)
    return Address(kind, url.set(query={}), query)
