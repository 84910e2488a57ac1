"""The ledger on PostgreSQL does what it does on SQLite. Collected where the server is installed."""

import multiprocessing
import os
import uuid

import pytest
from postgres import programs, server
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from approvals import Event, Ledger, verify
from approvals.errors import KeyReused, LedgerExists, LedgerMissing, LedgerUnavailable, StateMoved
from approvals.ledger_store import appender_grants

if programs() is not None or "CI" in os.environ:  # CI has it, or fails

    def event(number=1, **more):
        facts = {"size": number, "root": f"{number:064x}"}
        return Event("checkpoint_made", "p-a", facts=facts, **more)

    @pytest.fixture(scope="module")
    def place():
        with server() as running:
            yield running

    @pytest.fixture
    def url(place):
        """A new database, owned by its maker, with a role that appends."""
        name = "l" + uuid.uuid4().hex
        admin = create_engine(
            f"postgresql+psycopg://owner@/postgres?{place}", isolation_level="AUTOCOMMIT"
        )
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        admin.dispose()
        return f"postgresql+psycopg://owner@/{name}?{place}"

    @pytest.fixture
    def ledger(url):
        return Ledger.open(url, create=True)

    def raw(url, statement):
        engine = create_engine(url)
        try:
            with engine.begin() as connection:
                connection.execute(text(statement))
        finally:
            engine.dispose()

    def test_events_keys_and_states(ledger, url):
        first = ledger.append(event(1, key="once"))
        assert ledger.append(event(1, key="once")) == first
        with pytest.raises(KeyReused):
            ledger.append(event(2, key="once"))
        note = Event("review_started", "p-a", "2026-001", facts={"on": "2026-01-01"})
        entry = ledger.append(note, last_of_project=0)
        with pytest.raises(StateMoved):
            ledger.append(note, last_of_project=0)
        assert Ledger.open(url).events() == [first, entry]
        assert verify(ledger).holds
        with pytest.raises(LedgerExists):
            Ledger.open(url, create=True)

    def test_no_ledger_is_made_by_opening(url):
        with pytest.raises(LedgerMissing):
            Ledger.open(url)
        with pytest.raises(LedgerUnavailable):
            Ledger.open(url.replace("host=", "host=/nowhere"))

    @pytest.mark.parametrize(
        "statement",
        ["UPDATE events SET actor = 'x'", "DELETE FROM events", "TRUNCATE events"],
    )
    def test_the_table_refuses_changes(ledger, url, statement):
        ledger.append(event())
        with pytest.raises(SQLAlchemyError):
            raw(url, statement)
        assert verify(ledger).entries == 1

    def test_the_role_that_appends_can_do_nothing_else(ledger, url):
        role = "r" + uuid.uuid4().hex
        raw(url, f"CREATE ROLE {role} LOGIN")
        for grant in appender_grants(role):
            raw(url, grant)
        theirs = url.replace("owner@", f"{role}@")
        Ledger.open(theirs).append(event())
        for statement in (
            "ALTER TABLE events DISABLE TRIGGER ALL",
            "DROP TABLE events",
            "UPDATE events SET actor = 'x'",
            "DELETE FROM events",
            "TRUNCATE events",
        ):
            with pytest.raises(SQLAlchemyError):
                raw(theirs, statement)
        assert verify(ledger).entries == 1

    def test_a_change_behind_the_triggers_is_found(ledger, url):
        ledger.append_all(event(n) for n in range(5))
        raw(url, "ALTER TABLE events DISABLE TRIGGER ALL")
        raw(url, "DELETE FROM events WHERE seq = 3")
        assert verify(ledger).problems[0].seq == 3

    def _write(url, writer, count):
        ledger = Ledger.open(url)
        for n in range(count):
            ledger.append(event(n, key=f"w{writer}-{n}"))
            ledger.append(event(n, key=f"shared-{n}"))

    def test_several_writers(ledger, url):
        context = multiprocessing.get_context("fork")
        writers = [context.Process(target=_write, args=(url, w, 10)) for w in range(3)]
        for process in writers:
            process.start()
        for process in writers:
            process.join(120)
        assert [p.exitcode for p in writers] == [0, 0, 0]
        assert verify(ledger).entries == 3 * 10 + 10
        verify(ledger).check()
