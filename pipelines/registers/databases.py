"""A database as where a load's tables come from: who logs in, by what the home's settings and a file of the caller's say."""

from contextlib import closing
from pathlib import Path

from pipelines.mail import read_secret
from pipelines.session import Session
from systems.databases import (
    DatabaseSource,
    Login,
    PasswordUnreadable,
    open_database,
    parse_address,
)
from systems.register import Source


def from_database(
    session: Session, address: str, password_file: Path | None, *, look: bool = False
) -> closing[DatabaseSource]:
    """Log in to the database of an address; leave it with the block.

    Args:
        session: the opened home, whose settings say how a server proves who it is.
        address: of the database; a password never stands in it.
        password_file: one line, closed to others; None where the server asks for none.
        look: columns without plain values are left out, not refused.

    Raises:
        PasswordUnreadable: others can read the file, or nobody, or nothing is in it.
        CodedError: of `systems.databases`: nobody is there, the login fails, …
    """
    place, settings = parse_address(address), session.settings.databases
    password = None if password_file is None else read_secret(password_file)
    if password_file is not None and not password:
        raise PasswordUnreadable
    encrypted = settings.encryption == "required"
    login = Login(password, encrypted, settings.ca_file, settings.timeout_seconds)
    return closing(open_database(place, login, look=look))


def left_out(source: Source) -> list[str]:
    """Columns of a database that a look left out, with their tables."""
    return source.left_out if isinstance(source, DatabaseSource) else []


def as_moment(source: Source) -> str:
    """Whether all tables that were read of a database are of one moment, in words."""
    if isinstance(source, DatabaseSource) and source.snapshot:
        return "all tables of one moment"
    return "tables of different moments: this database gives no snapshot"
