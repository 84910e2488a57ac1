"""The ledger's table, and what the database itself refuses.

The triggers refuse every UPDATE, DELETE and TRUNCATE, and every INSERT that does not follow: another
number than the next, another ``previous`` than the last hash, and on PostgreSQL (which can hash) a
hash that is not the body's. Triggers stop mistakes and the role that appends; the chain, checkpoints
and the head are what show what a database administrator did.
"""

from sqlalchemy import Column, Integer, MetaData, String, Table, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

LOCK = 0x646F6A  # PostgreSQL's advisory lock of this ledger; any fixed number ("doj")
BEGINNING = "0" * 64  # what the first event names as the one before it

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

# INSERT OR REPLACE deletes without firing SQLite's delete trigger: hence the last condition.
SQLITE_TRIGGERS = (
    """CREATE TRIGGER events_no_update BEFORE UPDATE ON events
       BEGIN SELECT RAISE(ABORT, 'events are never changed'); END""",
    """CREATE TRIGGER events_no_delete BEFORE DELETE ON events
       BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END""",
    f"""CREATE TRIGGER events_only_next BEFORE INSERT ON events
       WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM events)
         OR json_extract(NEW.body, '$.previous') IS NOT
            coalesce((SELECT hash FROM events ORDER BY seq DESC LIMIT 1), '{BEGINNING}')
         OR EXISTS (SELECT 1 FROM events WHERE hash = NEW.hash OR key = NEW.key)
       BEGIN SELECT RAISE(ABORT, 'events are only appended'); END""",
)

# Every name is qualified, and pg_temp stands last: a table that the appending role makes up for
# itself can't stand in for the ledger.
_POSTGRES_TRIGGERS = (
    """CREATE FUNCTION "{schema}".events_refuse() RETURNS trigger LANGUAGE plpgsql
       SET search_path = pg_catalog, "{schema}", pg_temp AS
       $$ BEGIN RAISE EXCEPTION 'events are only appended'; END $$""",
    """CREATE FUNCTION "{schema}".events_follow() RETURNS trigger LANGUAGE plpgsql
       SET search_path = pg_catalog, "{schema}", pg_temp AS $$
       DECLARE newest record;
       BEGIN
         PERFORM pg_advisory_xact_lock({lock});
         SELECT seq, hash INTO newest FROM "{schema}".events ORDER BY seq DESC LIMIT 1;
         IF NEW.seq <> coalesce(newest.seq, 0) + 1
            OR NEW.body::json ->> 'previous' IS DISTINCT FROM coalesce(newest.hash, '{beginning}')
            OR NEW.hash <> encode(sha256('\\x00'::bytea || convert_to(NEW.body, 'UTF8')), 'hex')
         THEN RAISE EXCEPTION 'events are only appended'; END IF;
         RETURN NEW;
       END $$""",
    """CREATE TRIGGER events_only_next BEFORE INSERT ON "{schema}".events
       FOR EACH ROW EXECUTE FUNCTION "{schema}".events_follow()""",
    """CREATE TRIGGER events_no_change BEFORE UPDATE OR DELETE ON "{schema}".events
       FOR EACH ROW EXECUTE FUNCTION "{schema}".events_refuse()""",
    """CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON "{schema}".events
       FOR EACH STATEMENT EXECUTE FUNCTION "{schema}".events_refuse()""",
)
TRIGGER_NAMES = {
    "sqlite": ("events_no_delete", "events_no_update", "events_only_next"),
    "postgresql": ("events_no_change", "events_no_truncate", "events_only_next"),
}


def postgres_triggers(schema: str) -> tuple[str, ...]:
    """The functions and triggers for the table in ``schema``.

    Raises:
        ValueError: ``schema`` is no plain identifier.
    """
    name = _plain(schema)
    return tuple(
        statement.format(schema=name, lock=LOCK, beginning=BEGINNING)
        for statement in _POSTGRES_TRIGGERS
    )


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
