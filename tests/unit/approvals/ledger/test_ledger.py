"""The ledger: what is appended stays, in order, once, on either database."""

import json

import pytest
from databases import raw
from sqlalchemy.exc import SQLAlchemyError

from approvals.errors import (
    CheckpointWrong,
    KeyReused,
    LedgerBroken,
    LedgerExists,
    LedgerMissing,
    LedgerUnavailable,
    StateMoved,
)
from approvals.ledger.database import appender_grants, postgres_script, weaknesses
from approvals.ledger.events import Event
from approvals.ledger.ledger import Ledger, Tree, leaf_hash
from approvals.ledger.verification import Checkpoint, make_checkpoint, verify_chain


def event(number: int = 1, **more) -> Event:
    return Event("settings_changed", "p-a", facts={"settings": f"{number:064x}"}, **more)


@pytest.fixture
def ledger(url):
    return Ledger.open(url, create=True)


def test_what_was_appended_survives_a_power_cut(tmp_path):
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'l.sqlite3'}", create=True)
    with ledger.engine.connect() as connection:
        asked = [
            connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one()
            for pragma in ("journal_mode", "synchronous")
        ]
    assert asked == ["wal", 2]  # FULL: the log is brought to the disk at each commit


def test_events_come_back_as_they_were_written(ledger, url):
    first = ledger.append(event(7))
    second = ledger.append(
        Event("project_submitted", "p-b", "2026-001", key="k", facts={
            "form": "standard", "system": "CARPOS", "kinds": ["identified", "aggregated"],
            "application": "a" * 64, "on": "2026-01-31"}))  # fmt: skip
    assert (first.seq, second.seq) == (1, 2)
    assert Ledger.open(url).events() == [first, second]
    assert ledger.events(project="2026-001") == [second]
    assert ledger.events(kind="settings_changed") == [first]
    assert second.facts["kinds"] == ("identified", "aggregated")
    assert verify_chain(ledger).holds


def test_a_ledger_is_never_made_twice(ledger, url):
    ledger.append(event())
    with pytest.raises(LedgerExists):
        Ledger.open(url, create=True)
    assert ledger.size() == 1


def test_no_ledger_is_made_by_opening(url, tmp_path):
    with pytest.raises(LedgerMissing):
        Ledger.open(url)
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_closed_to_others(tmp_path):
    Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite3'}", create=True)
    assert (tmp_path / "ledger.sqlite3").stat().st_mode & 0o077 == 0


def test_a_key_stands_for_one_event(ledger):
    first = ledger.append(event(1, key="once"))
    assert ledger.append(event(1, key="once")) == first
    assert ledger.size() == 1
    with pytest.raises(KeyReused):
        ledger.append(event(2, key="once"))
    assert ledger.size() == 1


def test_a_decision_on_an_older_state_is_refused(ledger):
    note = Event("review_started", "p-a", "2026-001", facts={"on": "2026-01-01"})
    entry = ledger.append(note, last_of_project=0)
    ledger.append(event())  # about the home: the project did not move
    ledger.append(Event("staging_destroyed", "p-a", "2026-001", "2026-001-R001"))  # nor by this
    assert ledger.project_events("2026-001") == [entry]
    ledger.append(note, last_of_project=entry.seq)
    with pytest.raises(StateMoved):
        ledger.append(note, last_of_project=entry.seq)


@pytest.mark.parametrize("wrong", ["postgresql+psycopg://x@/y?host=/nowhere", "no url", "x://y"])
def test_a_database_that_does_not_answer_is_a_coded_error_without_its_name(wrong):
    with pytest.raises(LedgerUnavailable) as caught:
        Ledger.open(wrong)
    assert "nowhere" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_broken_file_is_a_coded_error_without_its_path(tmp_path):
    path = tmp_path / "ledger.sqlite3"
    path.write_bytes(b"this is no database, it is a Canary" * 100)
    with pytest.raises(LedgerUnavailable) as caught:
        Ledger.open(f"sqlite:///{path}")
    assert "Canary" not in str(caught.value)
    assert caught.value.__cause__ is None


INSERT = (
    "INSERT INTO events SELECT {seq}, at, kind, actor, project, release, {key}, {hash}, {body}"
    " FROM events WHERE seq = 2"
)
BEHIND = {
    "update": "UPDATE events SET actor = 'p-b' WHERE seq = 1",
    "delete": "DELETE FROM events WHERE seq = 2",
    "a gap": INSERT.format(seq=9, key="NULL", hash="'9'", body="body"),
    "the same number": INSERT.format(seq=3, key="NULL", hash="'9'", body="body"),
    "a body that follows another": INSERT.format(seq=4, key="NULL", hash="'9'", body="body"),
}
REPLACE = {
    "by number": INSERT.format(seq=1, key="key", hash="'9'", body="body"),
    "by hash": INSERT.format(seq=4, key="'9'", hash="hash", body="body"),
    "by key": INSERT.format(seq=4, key="key", hash="'9'", body="body"),
}


@pytest.mark.parametrize("statement", BEHIND.values(), ids=BEHIND.keys())
def test_the_table_refuses_everything_but_the_next_event(ledger, url, statement):
    for n in (1, 2, 3):
        ledger.append(event(n, key=f"k{n}"))
    with pytest.raises(SQLAlchemyError):
        raw(url, statement)
    assert [e.seq for e in ledger.events()] == [1, 2, 3]
    verify_chain(ledger).check()


@pytest.mark.parametrize("statement", REPLACE.values(), ids=REPLACE.keys())
def test_sqlite_does_not_replace(tmp_path, statement):
    url = f"sqlite:///{tmp_path / 'l'}"
    ledger = Ledger.open(url, create=True)
    for n in (1, 2, 3):
        ledger.append(event(n, key=f"k{n}"))
    with pytest.raises(SQLAlchemyError):
        raw(url, statement.replace("INSERT", "INSERT OR REPLACE"))
    verify_chain(ledger).check()


def test_a_table_without_its_triggers_is_told(ledger, url):
    assert not [w for w in weaknesses(ledger.engine) if "trigger" in w]
    raw(url, "DROP TRIGGER events_only_next" + (" ON events" if "postgres" in url else ""))
    assert "triggers missing: events_only_next" in weaknesses(ledger.engine)


# ------------------------------------------------------------------ checkpoints


class Stamp:
    """Stands for a signer: the tests of crypto are elsewhere."""

    def sign_detached(self, content: bytes) -> bytes:
        return b"signed " + content


def test_a_checkpoint_travels_as_json(ledger):
    for n in range(5):
        ledger.append(event(n))
    checkpoint = make_checkpoint(ledger, Stamp())
    tree = Tree(leaf_hash(row[-1].encode()) for row in ledger.rows())
    assert (checkpoint.size, checkpoint.root) == (5, tree.root().hex())
    assert Checkpoint.from_json(json.dumps(checkpoint.as_dict())) == checkpoint
    ledger.append(event(9))
    assert verify_chain(ledger, [checkpoint]).holds


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"size": 1}', "\xff"])
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(CheckpointWrong):
        Checkpoint.from_json(text)


def test_a_broken_ledger_gets_no_checkpoint(ledger, url):
    for n in range(3):
        ledger.append(event(n))
    postgres = "postgres" in url
    name = "events_no_change ON events" if postgres else "events_no_update"
    raw(url, f"DROP TRIGGER {name}", "UPDATE events SET actor = 'p-b' WHERE seq IN (2, 3)")
    with pytest.raises(LedgerBroken) as caught:
        make_checkpoint(ledger, Stamp())
    assert caught.value.exit == 5
    assert [p["event"] for p in caught.value.as_dict()["problems"]] == [2, 3]
    assert "event 3" in str(caught.value)


def test_the_departments_signature_holds_and_another_does_not(tmp_path):
    from crypto.cms.signing import FileSigner, make_signing_identity

    ledger = Ledger.open(f"sqlite:///{tmp_path / 'l'}", create=True)
    mine, theirs = (make_signing_identity(n, b"pw") for n in ("Department", "Department"))
    ledger.append(event())
    checkpoint = make_checkpoint(ledger, FileSigner.load(*mine, b"pw"))
    checkpoint.check_signature(mine[1])
    for wrong in (
        (checkpoint, theirs[1]),
        (Checkpoint(checkpoint.root, checkpoint.at, checkpoint.signature, size=9), mine[1]),
        (Checkpoint(checkpoint.root, checkpoint.at, "!", size=checkpoint.size), mine[1]),
    ):
        with pytest.raises(CheckpointWrong):
            wrong[0].check_signature(wrong[1])


def test_export_writes_every_body_once(ledger, tmp_path):
    for n in range(3):
        ledger.append(event(n))
    target = tmp_path / "export.jsonl"
    assert ledger.export(target) == 3
    assert [line.count('"seq"') for line in target.read_text().splitlines()] == [1, 1, 1]
    assert target.stat().st_mode & 0o077 == 0


def test_names_of_roles_are_identifiers():
    for wrong in ("a b", 'x"; DROP TABLE events; --', "", "ß"):
        with pytest.raises(ValueError, match="plain identifier"):
            appender_grants(wrong)
        with pytest.raises(ValueError, match="plain identifier"):
            postgres_script("role", wrong)
