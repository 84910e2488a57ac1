"""What only PostgreSQL has: roles."""

import uuid

import pytest
from databases import postgres_url, raw, schema_of
from sqlalchemy.exc import SQLAlchemyError

from approvals.ledger.database import appender_grants, postgres_script, weaknesses
from approvals.ledger.events import Event
from approvals.ledger.ledger import Ledger
from approvals.ledger.verification import verify_chain

pytestmark = [pytest.mark.machine("postgresql"), pytest.mark.long]


def event(number=1, **more):
    return Event("settings_changed", "p-a", facts={"settings": f"{number:064x}"}, **more)


@pytest.fixture
def owner(postgres):
    """URL of a schema's owner."""
    return postgres_url(postgres)


@pytest.fixture
def appender(postgres, owner):
    """URL of a role that can log in and nothing more, and the SQL of an administrator."""
    role = "r" + uuid.uuid4().hex
    raw(owner, f"CREATE ROLE {role} LOGIN")
    return postgres_url(postgres, role, schema_of(owner)), role


def test_an_administrator_makes_the_table_and_the_role_appends(owner, appender):
    theirs, role = appender
    for statement in postgres_script(role, schema_of(owner)).split(";\n\n")[1:-1]:
        raw(owner, statement)
    ledger = Ledger.open(theirs, create=True)  # empty: it is adopted, nothing is made
    ledger.append(event())
    assert weaknesses(ledger.engine) == []
    assert weaknesses(Ledger.open(owner).engine) == ["this role may do more than append and read"]


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "DROP TRIGGER events_only_next ON events",
        "DROP TABLE events",
        "UPDATE events SET actor = 'x'",
        "DELETE FROM events",
        "TRUNCATE events",
        "INSERT INTO events SELECT seq + 1, at, kind, actor, project, release, 'k', 'h', body FROM events",
        "SET session_replication_role = replica",
        "INSERT INTO events SELECT * FROM events ON CONFLICT (seq) DO UPDATE SET actor = 'x'",
    ],
)
def test_the_role_that_appends_can_do_nothing_else(owner, appender, statement):
    theirs, role = appender
    ledger = Ledger.open(owner, create=True)
    for grant in appender_grants(role, schema_of(owner)):
        raw(owner, grant)
    Ledger.open(theirs).append(event())
    with pytest.raises(SQLAlchemyError):
        raw(theirs, statement)
    assert verify_chain(ledger).entries == 1


def test_a_table_of_ones_own_does_not_stand_in_for_the_ledger(owner, appender):
    theirs, role = appender
    ledger = Ledger.open(owner, create=True)
    for grant in appender_grants(role, schema_of(owner)):
        raw(owner, grant)
    Ledger.open(theirs).append(event(1))
    schema = schema_of(owner)
    with pytest.raises(SQLAlchemyError):
        raw(
            theirs,
            "CREATE TEMP TABLE events (LIKE events)",
            f"INSERT INTO {schema}.events SELECT 1, at, kind, actor, project, release, 'k',"
            f" repeat('0', 64), body FROM {schema}.events",
        )
    assert verify_chain(ledger).entries == 1


def test_a_server_that_isolates_more_does_not_fork_the_chain(owner):
    ledger = Ledger.open(owner, create=True)
    raw(owner, "ALTER ROLE owner SET default_transaction_isolation = 'repeatable read'")
    try:
        ledger.append(event(1))
        ledger.append(event(2))
        with ledger.engine.connect() as connection:
            assert connection.get_isolation_level() == "READ COMMITTED"
    finally:
        raw(owner, "ALTER ROLE owner RESET default_transaction_isolation")
    verify_chain(ledger).check()
