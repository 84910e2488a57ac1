"""The ledger's database: opened, made once, appended to by one writer at a time.

SQLite is the default; PostgreSQL goes by its SQLAlchemy URL. What the table refuses stands in
``ledger_schema``.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from approvals.ledger.errors import LedgerExists, LedgerMissing, LedgerUnavailable
from approvals.ledger.schema import (
    EVENTS,
    LOCK,
    METADATA,
    SQLITE_TRIGGERS,
    TRIGGER_NAMES,
    postgres_triggers,
)

BUSY_SECONDS = 60  # a writer waits this long for the others before it gives up


def open_engine(url: str, *, create: bool) -> Engine:
    """Open the database of ``url``, and make the table when asked to.

    Raises:
        LedgerMissing: there is none, and ``create`` is false: a lost ledger is never re-made.
        LedgerExists: there is one, and ``create`` is true.
        LedgerUnavailable: the database does not answer, or the URL names no known one.
    """
    with unavailable():
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
            engine = create_engine(
                url,
                poolclass=NullPool,
                hide_parameters=True,
                # Whatever the server's default is: the statement after the lock must see what
                # the writer before committed, which a snapshot taken at the lock would not.
                isolation_level="READ COMMITTED",
            )
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
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
                yield connection


@contextmanager
def unavailable() -> Generator[None]:
    """Turn a database's exception, which may quote what was written, into the coded error."""
    try:
        yield
    except (SQLAlchemyError, ImportError):
        raise LedgerUnavailable from None


def weaknesses(engine: Engine) -> list[str]:
    """What the database would not refuse though it should, in words; nothing is best.

    Raises:
        LedgerUnavailable: it does not answer.
    """
    found: list[str] = []
    with unavailable(), engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            asked = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'"
        else:
            asked = (
                "SELECT tgname FROM pg_trigger WHERE tgrelid = 'events'::regclass"
                " AND NOT tgisinternal AND tgenabled <> 'D'"
            )
        there = {str(row[0]) for row in connection.execute(text(asked))}
        if gone := sorted(set(TRIGGER_NAMES[engine.dialect.name]) - there):
            found.append(f"triggers missing: {', '.join(gone)}")
        if engine.dialect.name == "postgresql":
            rights = connection.execute(
                text(
                    "SELECT has_table_privilege('events', 'UPDATE, DELETE, TRUNCATE, TRIGGER')"
                    " OR pg_has_role((SELECT relowner FROM pg_class WHERE oid = 'events'::regclass),"
                    " 'USAGE')"
                )
            ).scalar_one()
            if rights:
                found.append("this role may do more than append and read")
    return found


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
    if not create:
        if not there:
            raise LedgerMissing
        return
    with engine.begin() as connection:
        if there:
            # An administrator made it with `ledger schema`; ours as long as nothing is in it.
            if connection.execute(select(EVENTS.c.seq).limit(1)).first() is not None:
                raise LedgerExists
            return
        METADATA.create_all(connection)
        if engine.dialect.name == "sqlite":
            triggers = SQLITE_TRIGGERS
        else:
            schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
            triggers = postgres_triggers(str(schema))
        for trigger in triggers:
            connection.exec_driver_sql(trigger)
