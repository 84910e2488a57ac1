"""The ledger's table: made once, appended to by one writer at a time, closed to edits.

SQLite is the default; any other database goes by its SQLAlchemy URL (PostgreSQL is the one that is
tried). The triggers refuse every UPDATE and DELETE, and every INSERT that is not the next number, so
that SQLite's ``INSERT OR REPLACE`` can't delete behind the trigger's back. Triggers stop mistakes
and the role that appends; the hash chain is what shows what a database administrator did.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    inspect,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from approvals.errors import LedgerExists, LedgerMissing, LedgerUnavailable

BUSY_SECONDS = 60  # a writer waits this long for the others before it gives up
_LOCK = 0x646F6A  # PostgreSQL's advisory lock of this ledger; any fixed number ("doj")

METADATA = MetaData()
EVENTS = Table(
    "events",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("kind", String(40), nullable=False, index=True),
    Column("actor", String(64), nullable=False),
    Column("project", String(64), index=True),
    Column("release", String(64), index=True),
    Column("key", String(200), unique=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("body", Text, nullable=False),
)

_SQLITE_TRIGGERS = (
    """CREATE TRIGGER events_no_update BEFORE UPDATE ON events
       BEGIN SELECT RAISE(ABORT, 'events are never changed'); END""",
    """CREATE TRIGGER events_no_delete BEFORE DELETE ON events
       BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END""",
    """CREATE TRIGGER events_only_next BEFORE INSERT ON events
       WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM events)
         OR EXISTS (SELECT 1 FROM events WHERE hash = NEW.hash OR key = NEW.key)
       BEGIN SELECT RAISE(ABORT, 'events are only appended'); END""",
)
_POSTGRES_TRIGGERS = (
    """CREATE FUNCTION events_refuse() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'events are only appended'; END $$""",
    """CREATE TRIGGER events_no_change BEFORE UPDATE OR DELETE ON events
       FOR EACH ROW EXECUTE FUNCTION events_refuse()""",
    """CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events
       FOR EACH STATEMENT EXECUTE FUNCTION events_refuse()""",
)


def appender_grants(role: str) -> tuple[str, ...]:
    """The PostgreSQL grants of the role that appends and reads, and can do nothing else.

    Raises:
        ValueError: ``role`` is no plain identifier.
    """
    if not role.isidentifier() or not role.isascii():
        raise ValueError("a role is a plain identifier")
    return (f'REVOKE ALL ON events FROM "{role}"', f'GRANT SELECT, INSERT ON events TO "{role}"')


def open_engine(url: str, *, create: bool) -> Engine:
    """Open the database of ``url``, and make the table when asked to.

    Raises:
        LedgerMissing: there is none, and ``create`` is false: a lost ledger is never re-made.
        LedgerExists: there is one, and ``create`` is true.
        LedgerUnavailable: the database does not answer.
    """
    path = _sqlite_path(url)
    if path is not None:
        _prepare_file(path, create=create)
    with unavailable():
        if path is not None:
            engine = create_engine(
                url,
                poolclass=NullPool,  # one connection for each use: safe over fork and threads
                isolation_level="AUTOCOMMIT",  # transactions are begun by hand, see writing()
                connect_args={"timeout": BUSY_SECONDS},
            )
            event.listen(engine, "connect", _set_pragmas)
        else:
            engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
        _check_table(engine, create=create)
    return engine


@contextmanager
def writing(engine: Engine) -> Generator[Connection]:
    """A transaction that is alone from its first statement on.

    SQLite: ``BEGIN IMMEDIATE`` takes the write lock at once, so that two writers never read the same
    last event. PostgreSQL: an advisory lock held until commit; the next statement sees what the
    writer before committed.
    """
    with unavailable(), engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")
        else:
            with connection.begin():
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                yield connection


@contextmanager
def unavailable() -> Generator[None]:
    """Turn a database's exception, which may quote what was written, into the coded error."""
    try:
        yield
    except SQLAlchemyError:
        raise LedgerUnavailable from None


def _sqlite_path(url: str) -> Path | None:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    return Path(parsed.database or "")


def _prepare_file(path: Path, *, create: bool) -> None:
    if not create and not path.is_file():
        raise LedgerMissing
    if create:
        if path.exists():
            raise LedgerExists
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _set_pragmas(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]  # the driver's own connection
    # FULL: an event that was appended survives a power cut. WAL: readers never block the writer.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "recursive_triggers=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _check_table(engine: Engine, *, create: bool) -> None:
    there = inspect(engine).has_table(EVENTS.name)
    if there and create:
        raise LedgerExists
    if not there and not create:
        raise LedgerMissing
    if create:
        triggers = _SQLITE_TRIGGERS if engine.dialect.name == "sqlite" else _POSTGRES_TRIGGERS
        with engine.begin() as connection:
            METADATA.create_all(connection)
            for trigger in triggers:
                connection.exec_driver_sql(trigger)
