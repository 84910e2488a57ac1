"""The ledger's database: its table, and one writer at a time that appends to it.

SQLite is the default; PostgreSQL goes by its SQLAlchemy URL. The triggers refuse every UPDATE, DELETE
and TRUNCATE, and every INSERT that does not follow: another number than the next, another ``previous``
than the last hash, and on PostgreSQL (which can hash) a hash that is not the body's. Triggers stop
mistakes and the role that appends; the chain, checkpoints and the head are what show what a database
administrator did.
"""

import logging
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateIndex, CreateTable

from approvals.errors import LedgerExists, LedgerMissing, LedgerUnavailable

# What goes wrong reaches the caller as an exception; the library's own log has tracebacks and statements in it.
_log = logging.getLogger("sqlalchemy")
_log.addHandler(logging.NullHandler())
_log.propagate = False

LOCK = 0x646F6A  # PostgreSQL's advisory lock of this ledger; any fixed number ("doj")
BEGINNING = "0" * 64  # what the first event names as the one before it

METADATA = sa.MetaData()
EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False, index=True),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("project", sa.String(64), index=True),
    sa.Column("release", sa.String(64), index=True),
    sa.Column("key", sa.String(200), unique=True),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    sa.Column("body", sa.Text, nullable=False),
)


# Statements in files beside, a blank line between them. SQLite: INSERT OR REPLACE deletes without firing the
# delete trigger, hence the last condition. PostgreSQL: every name is qualified, and pg_temp stands last: a table
# that the appending role makes up for itself can't stand in for the ledger.
def _statements(file: str, **names: object) -> tuple[str, ...]:
    text = Path(__file__).with_name(file).read_text("utf-8").rstrip()
    return tuple(one.format(beginning=BEGINNING, **names) for one in text.split("\n\n"))


TRIGGER_NAMES = {
    "sqlite": ("events_no_delete", "events_no_update", "events_only_next"),
    "postgresql": ("events_no_change", "events_no_truncate", "events_only_next"),
}


def postgres_triggers(schema: str) -> tuple[str, ...]:
    """The functions and triggers for the table in ``schema``.

    Raises:
        ValueError: ``schema`` is no plain identifier.
    """
    return _statements("postgres.sql", schema=_plain(schema), lock=LOCK)


def appender_grants(role: str, schema: str = "public") -> tuple[str, ...]:
    """The PostgreSQL grants of the role that appends and reads, and can do nothing else.

    Raises:
        ValueError: ``role`` or ``schema`` is no plain identifier.
    """
    table = f'"{_plain(schema)}".events'
    return (
        f'REVOKE ALL ON {table} FROM PUBLIC, "{_plain(role)}"',
        f'GRANT USAGE ON SCHEMA "{schema}" TO "{role}"',
        f'GRANT SELECT, INSERT ON {table} TO "{role}"',
    )


def postgres_script(role: str, schema: str = "public") -> str:
    """All that a database administrator runs once, as the owner, before ``init``.

    Raises:
        ValueError: ``role`` or ``schema`` is no plain identifier.
    """
    grants = appender_grants(role, schema)
    from sqlalchemy.dialects import postgresql

    dialect = postgresql.dialect()
    statements = [
        f'SET search_path = "{schema}"',
        str(CreateTable(EVENTS).compile(dialect=dialect)).strip(),
        *(
            str(CreateIndex(i).compile(dialect=dialect))
            for i in sorted(EVENTS.indexes, key=lambda i: str(i.name))
        ),
        *postgres_triggers(schema),
        *grants,
    ]
    return "BEGIN;\n\n" + ";\n\n".join(statements) + ";\n\nCOMMIT;\n"


def _plain(name: str) -> str:
    if not name.isidentifier() or not name.isascii():
        raise ValueError("a role or schema is a plain identifier")
    return name


BUSY_SECONDS = 60  # a writer waits this long for the others before it gives up


def open_engine(url: str, *, create: bool) -> sa.Engine:
    """Open the database of ``url``, and make the table when asked to.

    Raises:
        LedgerMissing: there is none, and ``create`` is false: a lost ledger is never re-made.
        LedgerExists: there is one, and ``create`` is true.
        LedgerUnavailable: the database does not answer, or the URL names no known one.
    """
    with unavailable():
        path = _sqlite_path(url)
        if path is None and make_url(url).get_backend_name() != "postgresql":
            raise ArgumentError
    if path is not None:
        _prepare_file(path, create=create)
    with unavailable():
        if path is not None:
            engine = sa.create_engine(
                url,
                poolclass=NullPool,  # one connection for each use: safe over fork and threads
                isolation_level="AUTOCOMMIT",  # transactions are begun by hand, see writing()
                connect_args={"timeout": BUSY_SECONDS},
            )
            event.listen(engine, "connect", _set_pragmas)
        else:
            engine = sa.create_engine(
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
def writing(engine: sa.Engine) -> Generator[sa.Connection]:
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
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
                yield connection


@contextmanager
def unavailable() -> Generator[None]:
    """Turn a database's exception, which may quote what was written, into the coded error."""
    try:
        yield
    except (SQLAlchemyError, ImportError) as error:
        raise LedgerUnavailable(problem=_problem(error)) from None


def _problem(error: Exception) -> str:
    """What went wrong by the libraries' own names, never by their texts."""
    if isinstance(error, ImportError):
        return f"{error.name or 'its driver'} is not installed"
    if isinstance(error, ArgumentError):
        return "not the URL of a database"
    origin: object = getattr(error, "orig", None) or error
    names = (getattr(origin, name, None) for name in ("sqlite_errorname", "sqlstate"))
    unnamed = "no connection" if isinstance(error, OperationalError) else type(origin).__name__
    return str(next(filter(None, names), unnamed))


def weaknesses(engine: sa.Engine) -> list[str]:
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
        there = {str(row[0]) for row in connection.execute(sa.text(asked))}
        if gone := sorted(set(TRIGGER_NAMES[engine.dialect.name]) - there):
            found.append(f"triggers missing: {', '.join(gone)}")
        if engine.dialect.name == "postgresql":
            rights = connection.execute(
                sa.text(
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


def _check_table(engine: sa.Engine, *, create: bool) -> None:
    there = sa.inspect(engine).has_table(EVENTS.name)
    if not create:
        if not there:
            raise LedgerMissing
        return
    with engine.begin() as connection:
        if there:
            # An administrator made it with `ledger schema`; ours as long as nothing is in it.
            if connection.execute(sa.select(EVENTS.c.seq).limit(1)).first() is not None:
                raise LedgerExists
            return
        METADATA.create_all(connection)
        if engine.dialect.name == "sqlite":
            triggers = _statements("sqlite.sql")
        else:
            schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
            triggers = postgres_triggers(str(schema))
        for trigger in triggers:
            connection.exec_driver_sql(trigger)
