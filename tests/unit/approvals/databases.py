"""The databases that a ledger may be in, for tests that must hold on each of them."""

import uuid
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

_SERVER = [pytest.mark.machine("postgresql"), pytest.mark.long]  # not in a plain run of the folder
DATABASES = ["sqlite", pytest.param("postgresql", marks=_SERVER)]

TRIGGERS = {
    "sqlite": ["events_no_update", "events_no_delete", "events_only_next"],
    "postgresql": ["events_no_change", "events_no_truncate", "events_only_next"],
}


def postgres_url(place: str, user: str = "owner", schema: str | None = None) -> str:
    """A schema of its own in the running server: as good as a database, and made at once."""
    if schema is None:
        schema = "l" + uuid.uuid4().hex
        engine = create_engine(f"postgresql+psycopg://owner@/postgres?{place}")
        with engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {schema}"))
        engine.dispose()
    return f"postgresql+psycopg://{user}@/postgres?{place}&options=-csearch_path%3D{schema}"


def schema_of(url: str) -> str:
    return url.rpartition("%3D")[2]


def fresh_url(kind: str, folder: Path, place: str | None) -> str:
    return f"sqlite:///{folder / 'ledger.sqlite3'}" if kind == "sqlite" else postgres_url(place)


def raw(url: str, *statements: str, **values) -> list[tuple]:
    """Statements round the ledger; the rows of the last one, if it has any."""
    engine = create_engine(url)
    rows: list[tuple] = []
    try:
        with engine.begin() as connection:
            for statement in statements:
                result = connection.execute(text(statement), values)
                rows = [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()
    return rows


def drop_triggers(url: str) -> None:
    kind = url.partition(":")[0].partition("+")[0]
    on = "" if kind == "sqlite" else " ON events"
    raw(url, *(f"DROP TRIGGER {name}{on}" for name in TRIGGERS[kind]))
